// awk's words: numbers, strings, expressions between slashes, names, operators.

/** Thrown with what is wrong; `line` counts from 1. */
export class AwkSyntaxError {
  readonly message: string;
  readonly line: number;
  constructor(message: string, line: number) {
    this.message = message;
    this.line = line;
  }
}

export type Kind = 'number' | 'string' | 'regex' | 'name' | 'call' | 'builtin' | 'keyword' | 'op' | 'newline' | 'end';
export interface Token {
  kind: Kind;
  text: string;
  line: number;
  /** A blank or nothing stood before it. */
  spaced: boolean;
}

const KEYWORDS = new Set(
  'BEGIN END function func if else while for do break continue next nextfile exit return delete in getline print printf'.split(
    ' ',
  ),
);
export const BUILTINS = new Set(
  'length substr index split sub gsub match sprintf sin cos atan2 exp log sqrt int rand srand tolower toupper system close fflush systime strftime gensub and or xor lshift rshift compl'.split(
    ' ',
  ),
);
const OPERATORS = /^(?:\*\*=|&&|\|\||\+\+|--|\+=|-=|\*=|\/=|%=|\^=|\*\*|==|<=|>=|!=|!~|>>|[-+*/%^!<>|?:~$=,;(){}[\]])/;

export function tokenize(src: string): Token[] {
  const out: Token[] = [];
  let line = 1;
  let i = 0;
  let spaced = false;
  const push = (kind: Kind, text: string) => {
    out.push({ kind, text, line, spaced });
    spaced = false;
  };
  while (i < src.length) {
    const c = src[i];
    if (c === ' ' || c === '\t' || c === '\r') {
      i++;
      spaced = true;
    } else if (c === '\\' && src[i + 1] === '\n') {
      i += 2;
      line++;
    } else if (c === '#') {
      while (i < src.length && src[i] !== '\n') i++;
    } else if (c === '\n') {
      push('newline', 'newline');
      line++;
      i++;
    } else if (/[0-9.]/.test(c) && /^(?:\d+\.?\d*|\.\d+)/.test(src.slice(i, i + 40))) {
      const text = /^(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)/.exec(
        src.slice(i, i + 60),
      )?.[0] as string;
      push('number', text);
      i += text.length;
    } else if (/[A-Za-z_]/.test(c)) {
      const text = /^\w+/.exec(src.slice(i))?.[0] as string;
      i += text.length;
      push(KEYWORDS.has(text) ? 'keyword' : BUILTINS.has(text) ? 'builtin' : src[i] === '(' ? 'call' : 'name', text);
    } else if (c === '"') {
      const [text, end] = stringLiteral(src, i, line);
      push('string', text);
      i = end;
    } else if (c === '/' && regexAllowed(out[out.length - 1])) {
      const [text, end] = regexLiteral(src, i, line);
      push('regex', text);
      i = end;
    } else {
      const text = OPERATORS.exec(src.slice(i, i + 3))?.[0];
      if (!text) throw new AwkSyntaxError(`syntax error at or near ${c}`, line);
      push('op', text);
      i += text.length;
    }
  }
  push('newline', 'newline');
  push('end', 'end of file');
  return out;
}

function regexAllowed(last: Token | undefined): boolean {
  if (!last || last.kind === 'newline' || last.kind === 'keyword') return true;
  return last.kind === 'op' && !/^(?:\)|\]|\$|\+\+|--)$/.test(last.text);
}

const ESCAPES: Record<string, string> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '\\': '\\',
  '"': '"',
  '/': '/',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
};

function stringLiteral(src: string, start: number, line: number): [string, number] {
  let end = start + 1;
  for (; src[end] !== '"'; end++) {
    if (end >= src.length || src[end] === '\n') throw new AwkSyntaxError('unterminated string', line);
    if (src[end] === '\\') end++;
  }
  return [unescapeString(src.slice(start + 1, end)), end + 1];
}

/** Escapes as in string literals; also for values given by -v. */
export function unescapeString(text: string): string {
  return text.replace(/\\(?:([0-7]{1,3})|(\n)|([\s\S]))/g, (whole, octal, newline, c) => {
    if (octal) return String.fromCharCode(parseInt(octal, 8));
    if (newline) return '';
    return ESCAPES[c] ?? whole;
  });
}

function regexLiteral(src: string, start: number, line: number): [string, number] {
  let bracket = false;
  for (let i = start + 1; ; i++) {
    const c = src[i];
    if (c === undefined || c === '\n') throw new AwkSyntaxError('unterminated regexp', line);
    if (c === '\\') i++;
    else if (c === '[' && !bracket) {
      bracket = true;
      if (src[i + 1] === '^') i++;
      if (src[i + 1] === ']') i++;
    } else if (c === ']') bracket = false;
    else if (c === '/' && !bracket) return [src.slice(start + 1, i).replaceAll('\\/', '/'), i + 1];
  }
}
