// The shells that machines come with: what each one is called, understands and says.

export interface Flavour {
  /** bash, busybox's ash, or dash. */
  kind: 'bash' | 'ash' | 'dash';
  arrays: boolean;
  /** `[[ … ]]` */
  doubleBracket: boolean;
  braces: boolean;
  /** `<<<`, `<( )` */
  hereStrings: boolean;
  processSubstitution: boolean;
  /** `&>` */
  bothRedirect: boolean;
  /** `${v:1:2}`, `${v/a/b}` */
  substrings: boolean;
  /** `$'…'`, `(( ))`, `for (( ))`, `function`, `${v^^}`, `${!v}` */
  dollarQuote: boolean;
  bashisms: boolean;
}

export const FLAVOURS: Record<Flavour['kind'], Flavour> = {
  bash: {
    kind: 'bash',
    arrays: true,
    doubleBracket: true,
    braces: true,
    hereStrings: true,
    processSubstitution: true,
    bothRedirect: true,
    substrings: true,
    dollarQuote: true,
    bashisms: true,
  },
  ash: {
    kind: 'ash',
    arrays: false,
    doubleBracket: true,
    braces: false,
    hereStrings: false,
    processSubstitution: false,
    bothRedirect: true,
    substrings: true,
    dollarQuote: true,
    bashisms: false,
  },
  dash: {
    kind: 'dash',
    arrays: false,
    doubleBracket: false,
    braces: false,
    hereStrings: false,
    processSubstitution: false,
    bothRedirect: false,
    substrings: false,
    dollarQuote: false,
    bashisms: false,
  },
};

/** A script that does not parse. `token`: what stood there; undefined at the end of the input. */
export class SyntaxProblem {
  readonly line: number;
  readonly token: string | undefined;
  /** The quote or bracket whose end is missing. */
  readonly opener: string | undefined;
  /** A reserved word that would have ended the construct. */
  readonly expecting: string | undefined;
  constructor(line: number, token: string | undefined, opener?: string, expecting?: string) {
    this.line = line;
    this.token = token;
    this.opener = opener;
    this.expecting = expecting;
  }

  /** In the shell's words, without its name and line. */
  message(flavour: Flavour): string {
    if (flavour.kind === 'bash') {
      if (this.token === 'nesting') return 'maximum nesting level exceeded';
      if (this.token?.startsWith('bad substitution')) return this.token.slice(18) + ': bad substitution';
      if (this.opener) return `unexpected EOF while looking for matching \`${this.opener}'`;
      if (this.token === undefined) return 'syntax error: unexpected end of file';
      return `syntax error near unexpected token \`${this.token}'`;
    }
    const prefix = flavour.kind === 'dash' ? 'Syntax error' : 'syntax error';
    if (this.token === 'nesting') return `${prefix}: nesting too deep`;
    if (this.token?.startsWith('bad substitution')) return `${prefix}: bad substitution`;
    if (this.opener === '"' || this.opener === "'") {
      return `${prefix}: ${flavour.kind === 'dash' ? 'Unterminated' : 'unterminated'} quoted string`;
    }
    const wanted = this.opener ? ')' : this.expecting;
    const suffix = wanted ? ` (expecting "${wanted}")` : '';
    if (this.token === undefined) {
      return flavour.kind === 'dash'
        ? `${prefix}: end of file unexpected${suffix}`
        : `${prefix}: unexpected end of file${suffix}`;
    }
    const token = this.token === 'newline' ? 'newline' : `"${this.token}"`;
    return flavour.kind === 'dash'
      ? `${prefix}: ${token} unexpected${suffix}`
      : `${prefix}: unexpected ${token}${suffix}`;
  }
}
