// The lower half of the parser: blanks, comments, quoting, `$…` in all its forms, here-documents.

import type { List, Parameter, Part, Word } from './ast.ts';
import { type Flavour, SyntaxProblem } from './flavour.ts';

const META = ' \t\n;&|<>()';
const NAME_START = /[A-Za-z_]/;
const SPECIAL = '?$!#@*-0123456789';
/** Characters that end a run of plain text in each context. */
const STOPS_WORD = /[\s;&|<>()\\'"`$?*+@!]/g;
const STOPS_DOUBLE = /["\\`$]/g;
const STOPS_HERE = /[\\`$]/g;
const STOPS_INDEX = /[\\'"`$\]]/g;
const STOPS_BRACE = /[\\'"`$}/:]/g;
/** Nested quotes, substitutions and blocks that are still read. */
const MAX_DEPTH = 120;

export interface ParserOptions {
  flavour: Flavour;
  /** Text of an alias; only interactive shells expand them. */
  alias?: (name: string) => string | undefined;
  /** Number of the first line. */
  line?: number;
}

interface HereDocument {
  delimiter: string;
  quoted: boolean;
  strip: boolean;
  word: Word;
}

export abstract class WordParser {
  protected src: string;
  protected pos = 0;
  protected line: number;
  protected depth = 0;
  protected readonly flavour: Flavour;
  protected readonly options: ParserOptions;
  protected pending: HereDocument[] = [];
  /** `@(a|b)` belongs to a word (in `[[ ]]` and `case`). */
  protected extended = false;

  constructor(src: string, options: ParserOptions) {
    this.src = src;
    this.options = options;
    this.flavour = options.flavour;
    this.line = options.line ?? 1;
  }

  protected abstract list(): List;
  protected abstract sub(src: string): WordParser;
  abstract all(): List;

  protected enter() {
    if (++this.depth > MAX_DEPTH) throw new SyntaxProblem(this.line, 'nesting');
  }

  /** Blanks, escaped line ends and comments. */
  protected blanks() {
    for (;;) {
      const c = this.src[this.pos];
      if (c === ' ' || c === '\t' || c === '\r') this.pos++;
      else if (c === '\\' && this.src[this.pos + 1] === '\n') {
        this.pos += 2;
        this.line++;
      } else if (c === '#') {
        const end = this.src.indexOf('\n', this.pos);
        this.pos = end < 0 ? this.src.length : end;
        return;
      } else return;
    }
  }

  /** A word, or undefined where none begins. */
  protected word(): Word | undefined {
    this.blanks();
    const start = this.pos;
    const parts = this.parts(META, false);
    if (this.pos === start) return undefined;
    return { parts, raw: this.src.slice(start, this.pos) };
  }

  /** Parts up to an unquoted character of `stop`. In `double` quotes and here-documents less is special. */
  protected parts(stop: string, double: boolean, here = false): Part[] {
    this.enter();
    const parts: Part[] = [];
    const finder = here
      ? STOPS_HERE
      : double && stop === '"'
        ? STOPS_DOUBLE
        : stop === META
          ? STOPS_WORD
          : stop === ']'
            ? STOPS_INDEX
            : STOPS_BRACE;
    const src = this.src;
    for (;;) {
      if (this.pos >= src.length) break;
      const c = src[this.pos];
      if (stop === META && this.extended && src[this.pos + 1] === '(' && '?*+@!'.includes(c)) {
        this.extendedPattern(parts);
        continue;
      }
      if (stop.includes(c)) {
        if (stop !== META || (c !== '<' && c !== '>') || !this.processSubstitution(parts)) break;
        continue;
      }
      if (c === '\\')
        this.escape(parts, here ? '$`\\' : double ? (stop.includes('}') ? '$`"\\}' : '$`"\\') : undefined);
      else if (c === "'" && !double) {
        const end = src.indexOf("'", this.pos + 1);
        if (end < 0) throw new SyntaxProblem(this.line, undefined, "'");
        this.quoted(parts, src.slice(this.pos + 1, end));
        this.jump(end + 1);
      } else if (c === '"' && !here) {
        const line = this.line;
        this.pos++;
        const inner = this.parts('"', true);
        if (src[this.pos] !== '"') throw new SyntaxProblem(line, undefined, '"');
        this.pos++;
        if (double) parts.push(...inner);
        else parts.push({ kind: 'double', parts: inner });
      } else if (c === '`') this.backtick(parts, double);
      else if (c === '$') this.dollar(parts, double);
      else {
        finder.lastIndex = this.pos + 1;
        const next = finder.exec(src);
        const end = next ? next.index : src.length;
        const text = src.slice(this.pos, end);
        this.text(parts, text, double);
        this.jump(end);
      }
    }
    this.depth--;
    return parts;
  }

  /** Moves on, counting lines. */
  protected jump(to: number) {
    for (let i = this.src.indexOf('\n', this.pos); i >= 0 && i < to; i = this.src.indexOf('\n', i + 1)) this.line++;
    this.pos = to;
  }

  private text(parts: Part[], text: string, quoted: boolean) {
    const last = parts[parts.length - 1];
    const kind = quoted ? 'quoted' : 'text';
    if (last?.kind === kind) last.text += text;
    else parts.push({ kind, text });
  }

  private quoted(parts: Part[], text: string) {
    parts.push({ kind: 'quoted', text });
  }

  /** `special`: what a backslash escapes between double quotes, in braces between them, or in a here-document; undefined: all. */
  private escape(parts: Part[], special: string | undefined) {
    const next = this.src[this.pos + 1];
    if (next === '\n') {
      this.line++;
      this.pos += 2;
      return;
    }
    if (next === undefined) {
      this.quoted(parts, '\\');
      this.pos++;
      return;
    }
    const keeps = special !== undefined && !special.includes(next);
    this.quoted(parts, keeps ? '\\' + next : next);
    this.pos += 2;
  }

  private extendedPattern(parts: Part[]) {
    const start = this.pos;
    let depth = 0;
    for (let i = this.pos + 1; i < this.src.length; i++) {
      if (this.src[i] === '(') depth++;
      else if (this.src[i] === ')' && --depth === 0) {
        this.text(parts, this.src.slice(start, i + 1), false);
        this.pos = i + 1;
        return;
      }
    }
    throw new SyntaxProblem(this.line, undefined, ')');
  }

  private processSubstitution(parts: Part[]): boolean {
    if (!this.flavour.processSubstitution || this.src[this.pos + 1] !== '(') return false;
    const direction = this.src[this.pos] as '<' | '>';
    this.pos += 2;
    parts.push({ kind: 'process', direction, body: this.untilParenthesis() });
    return true;
  }

  private untilParenthesis(): List {
    const line = this.line;
    this.enter();
    const saved = this.extended;
    this.extended = false;
    const body = this.list();
    this.extended = saved;
    this.depth--;
    if (this.src[this.pos] !== ')') {
      if (this.pos >= this.src.length) throw new SyntaxProblem(line, undefined, ')');
      throw new SyntaxProblem(this.line, this.token());
    }
    this.pos++;
    return body;
  }

  /** What stands at the cursor, for an error. */
  protected token(): string | undefined {
    this.blanks();
    const c = this.src[this.pos];
    if (c === undefined) return undefined;
    if (c === '\n') return 'newline';
    const operator = /^(?:;;&|;;|;&|&&|\|\||&>>|&>|<<-|<<<|<<|>>|<&|>&|\|&|[;&|<>()])/.exec(
      this.src.slice(this.pos, this.pos + 3),
    );
    if (operator) return operator[0];
    return /^[^\s;&|<>()]+/.exec(this.src.slice(this.pos))?.[0] ?? c;
  }

  private backtick(parts: Part[], double: boolean) {
    let body = '';
    let i = this.pos + 1;
    for (; ; i++) {
      const c = this.src[i];
      if (c === undefined) throw new SyntaxProblem(this.line, undefined, '`');
      if (c === '`') break;
      if (c === '\\') {
        const next = this.src[i + 1];
        if (next === '`' || next === '\\' || next === '$' || (double && next === '"')) {
          body += next;
          i++;
          continue;
        }
      }
      body += c;
    }
    parts.push({ kind: 'command', body: this.nested(body).all() });
    this.jump(i + 1);
  }

  private nested(src: string): WordParser {
    const parser = this.sub(src);
    parser.depth = this.depth + 1;
    return parser;
  }

  private dollar(parts: Part[], double: boolean) {
    const { src } = this;
    const c = src[this.pos + 1] ?? '';
    if (c === '(') {
      if (src[this.pos + 2] === '(' && this.arithmetic(parts)) return;
      this.pos += 2;
      parts.push({ kind: 'command', body: this.untilParenthesis() });
    } else if (c === '{') this.braced(parts, double);
    else if (c === "'" && !double && this.flavour.dollarQuote) this.ansi(parts);
    else if (c === '"' && !double && this.flavour.bashisms) this.pos++;
    else if (NAME_START.test(c)) {
      let end = this.pos + 2;
      while (end < src.length && /\w/.test(src[end])) end++;
      parts.push({ kind: 'parameter', name: src.slice(this.pos + 1, end) });
      this.pos = end;
    } else if (c && SPECIAL.includes(c)) {
      parts.push({ kind: 'parameter', name: c });
      this.pos += 2;
    } else {
      this.text(parts, '$', double);
      this.pos++;
    }
  }

  private arithmetic(parts: Part[]): boolean {
    const end = this.arithmeticEnd(this.pos + 3);
    if (end === undefined) return false;
    parts.push({ kind: 'arithmetic', expression: this.expression(this.src.slice(this.pos + 3, end)) });
    this.jump(end + 2);
    return true;
  }

  /** Where the `))` is that closes an arithmetic expression begun before `from`; it may be two subshells instead. */
  protected arithmeticEnd(from: number): number | undefined {
    let depth = 0;
    for (let i = from; i < this.src.length; i++) {
      const c = this.src[i];
      if (c === '(') depth++;
      else if (c === ')') {
        if (depth === 0) return this.src[i + 1] === ')' ? i : undefined;
        depth--;
      }
    }
    throw new SyntaxProblem(this.line, undefined, ')');
  }

  /** Text that is expanded as between double quotes and then calculated. */
  protected expression(text: string): Word {
    const parser = this.nested(text);
    return { parts: parser.parts('', true, true), raw: text };
  }

  private ansi(parts: Part[]) {
    let i = this.pos + 2;
    for (; this.src[i] !== "'"; i++) {
      if (this.src[i] === undefined) throw new SyntaxProblem(this.line, undefined, "'");
      if (this.src[i] === '\\') i++;
    }
    this.quoted(parts, unescapeAnsi(this.src.slice(this.pos + 2, i)));
    this.jump(i + 1);
  }

  private braced(parts: Part[], double: boolean) {
    const start = this.pos;
    const line = this.line;
    this.pos += 2;
    const bad = () => {
      const end = this.src.indexOf('}', start);
      if (end < 0) return new SyntaxProblem(line, undefined, '}');
      return new SyntaxProblem(line, `bad substitution: ${this.src.slice(start, end + 1)}`);
    };
    const out: Parameter = { kind: 'parameter', name: '' };
    if (
      this.src[this.pos] === '#' &&
      this.src[this.pos + 1] !== '}' &&
      !/^#[-:%#/]/.test(this.src.slice(this.pos, this.pos + 2))
    ) {
      out.length = true;
      this.pos++;
    } else if (this.src[this.pos] === '!' && this.flavour.bashisms && /[\w@*]/.test(this.src[this.pos + 1] ?? '')) {
      out.indirect = true;
      this.pos++;
    }
    const name = /^(?:[A-Za-z_]\w*|\d+|[?$!#@*-])/.exec(this.src.slice(this.pos, this.pos + 200));
    if (!name) throw bad();
    out.name = name[0];
    this.pos += out.name.length;
    if (this.src[this.pos] === '[' && this.flavour.arrays) {
      this.pos++;
      const from = this.pos;
      const index = this.parts(']', false);
      if (this.src[this.pos] !== ']') throw bad();
      out.index = { parts: index, raw: this.src.slice(from, this.pos) };
      this.pos++;
    }
    if (this.src[this.pos] === '}') {
      this.pos++;
      parts.push(this.indirection(out));
      return;
    }
    if (out.length) throw bad();
    if (out.indirect && /^[*@]}/.test(this.src.slice(this.pos, this.pos + 2))) {
      out.op = 'names';
      out.indirect = false;
      this.pos += 2;
      parts.push(out);
      return;
    }
    const rest = this.src.slice(this.pos, this.pos + 2);
    const op = /^(?::[-=?+]|##|%%|\/\/|\/#|\/%|\^\^|,,|@[A-Za-z]|[-=?+#%/:^,])/.exec(rest)?.[0];
    if (!op) throw bad();
    const basic = /^:?[-=?+]$|^##?$|^%%?$/.test(op);
    if (!basic && !this.flavour.substrings) throw bad();
    if (/^[\^,@]/.test(op) && !this.flavour.bashisms) throw bad();
    out.op = op;
    this.pos += op.length;
    if (op.startsWith('/')) {
      out.argument = this.operand('/}', false);
      if (this.src[this.pos] === '/') {
        this.pos++;
        out.second = this.operand('}', false);
      }
    } else if (op === ':') {
      out.argument = this.operand(':}', double);
      if (this.src[this.pos] === ':') {
        this.pos++;
        out.second = this.operand('}', double);
      }
    } else if (!op.startsWith('@')) out.argument = this.operand('}', double && basic && !/^[#%]/.test(op));
    if (this.src[this.pos] !== '}')
      throw this.src[this.pos] === undefined ? new SyntaxProblem(line, undefined, '}') : bad();
    this.pos++;
    parts.push(out);
  }

  private indirection(out: Parameter): Parameter {
    if (out.indirect && out.index && (out.index.raw === '@' || out.index.raw === '*')) {
      return { ...out, op: 'keys', indirect: false };
    }
    return out;
  }

  private operand(stop: string, double: boolean): Word {
    const from = this.pos;
    // A slash at the start of the pattern belongs to it.
    const parts = this.parts(stop, double);
    return { parts, raw: this.src.slice(from, this.pos) };
  }

  // ---- here-documents ------------------------------------------------------------------------------------

  /** Remembers a here-document whose body begins after the next line end; the word is filled then. */
  protected hereDocument(delimiter: Word, strip: boolean): Word {
    const quoted = delimiter.parts.some((part) => part.kind !== 'text');
    const word: Word = { parts: [], raw: '' };
    this.pending.push({ delimiter: unquote(delimiter.raw), quoted, strip, word });
    return word;
  }

  /** After a line end: reads the bodies that are due. */
  protected hereBodies() {
    if (!this.pending.length) return;
    const due = this.pending;
    this.pending = [];
    for (const here of due) {
      const lines: string[] = [];
      for (;;) {
        if (this.pos >= this.src.length) break;
        const end = this.src.indexOf('\n', this.pos);
        let line = this.src.slice(this.pos, end < 0 ? undefined : end);
        this.jump(end < 0 ? this.src.length : end + 1);
        if (here.strip) line = line.replace(/^\t+/, '');
        if (line === here.delimiter) {
          this.fillHere(here, lines);
          lines.length = 0;
          here.delimiter = '\n';
          break;
        }
        lines.push(line);
      }
      if (here.delimiter !== '\n') throw new HereDocumentOpen(this.line, here.delimiter);
    }
  }

  private fillHere(here: HereDocument, lines: string[]) {
    const text = lines.length ? lines.join('\n') + '\n' : '';
    here.word.raw = text;
    here.word.parts = here.quoted ? [{ kind: 'quoted', text }] : this.nested(text).parts('', true, true);
  }
}

/** A here-document that the input ends in. */
export class HereDocumentOpen extends SyntaxProblem {
  readonly delimiter: string;
  constructor(line: number, delimiter: string) {
    super(line, undefined, undefined, delimiter);
    this.delimiter = delimiter;
  }
  override message(flavour: Flavour): string {
    if (flavour.kind !== 'bash') return super.message(flavour);
    return `here-document delimited by end-of-file (wanted \`${this.delimiter}')`;
  }
}

function unquote(raw: string): string {
  return raw.replace(/\\(.)|['"]/g, '$1');
}

const ESCAPES: Record<string, string> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  E: '\x1b',
  f: '\f',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '?': '?',
};

/** The text of `$'…'`. */
export function unescapeAnsi(text: string): string {
  return text.replace(
    /\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3})|([\s\S]))/g,
    (whole, hex, u4, u8, octal, c) => {
      if (c !== undefined) return ESCAPES[c] ?? whole;
      if (octal) return String.fromCharCode(parseInt(octal, 8) & 255);
      return String.fromCodePoint(parseInt(hex ?? u4 ?? u8, 16));
    },
  );
}
