// The words of a Python program: names, numbers, strings and operators by line, with the indents and dedents between.

export interface Token {
  kind: 'name' | 'number' | 'string' | 'op' | 'newline' | 'indent' | 'dedent' | 'end';
  text: string;
  line: number;
  /** Of a string: it has `{expressions}` in it. */
  format?: boolean;
}

/** What stops a program before it runs. */
export class SyntaxProblem extends Error {
  readonly line: number;
  readonly kind: string;
  constructor(message: string, line: number, kind = 'SyntaxError') {
    super(message);
    this.line = line;
    this.kind = kind;
  }
}

const WORD =
  /([A-Za-z_]\w*)|(0[xX][\da-fA-F]+|0[oO][0-7]+|0[bB][01]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)|(\*\*=|\/\/=|>>=|<<=|\*\*|\/\/|<<|>>|<=|>=|==|!=|->|:=|\+=|-=|\*=|\/=|%=|&=|\|=|\^=|[-+*/%@&|^~<>()[\]{},:.;=])/y;
const STRING = /([rRbBuUfF]{0,2})("""|'''|"|')/y;
const ESCAPES: Record<string, string> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '0': '\0',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  '\n': '',
};

export function tokens(source: string): Token[] {
  const out: Token[] = [];
  const indents = [0];
  let at = 0;
  let line = 1;
  let depth = 0;
  let fresh = true;
  const push = (kind: Token['kind'], text: string) => void out.push({ kind, text, line });
  while (at < source.length) {
    if (fresh && depth === 0) {
      const blank = /[ \t]*/y;
      blank.lastIndex = at;
      const width = (blank.exec(source)?.[0] ?? '').replaceAll('\t', '        ').length;
      at = blank.lastIndex;
      if (at >= source.length) break;
      if (source[at] !== '\n' && source[at] !== '#') {
        fresh = false;
        if (width > indents[indents.length - 1]) {
          indents.push(width);
          push('indent', '');
        }
        while (width < indents[indents.length - 1]) {
          indents.pop();
          push('dedent', '');
        }
        if (width !== indents[indents.length - 1])
          throw new SyntaxProblem('unindent does not match any outer indentation level', line, 'IndentationError');
      }
    }
    const c = source[at];
    if (c === '\n') {
      if (!fresh && depth === 0) push('newline', '');
      if (depth === 0) fresh = true;
      line++;
      at++;
    } else if (c === '#') at = (source.indexOf('\n', at) + source.length + 1) % (source.length + 1);
    else if (c === ' ' || c === '\t' || c === '\r') at++;
    else if (c === '\\' && source[at + 1] === '\n') {
      at += 2;
      line++;
    } else {
      STRING.lastIndex = WORD.lastIndex = at;
      const opening = STRING.exec(source);
      if (opening) {
        const read = readString(source, STRING.lastIndex, opening[1].toLowerCase(), opening[2], line);
        out.push({ kind: 'string', text: read.text, line, format: opening[1].toLowerCase().includes('f') });
        for (let i = at; i < read.end; i++) if (source[i] === '\n') line++;
        at = read.end;
        continue;
      }
      const word = WORD.exec(source);
      if (!word) throw new SyntaxProblem('invalid syntax', line);
      at = WORD.lastIndex;
      const [text, name, number] = word;
      push(name !== undefined ? 'name' : number !== undefined ? 'number' : 'op', text);
      if ('([{'.includes(text)) depth++;
      else if (')]}'.includes(text)) depth--;
    }
  }
  if (depth > 0) throw new SyntaxProblem("'(' was never closed", line);
  if (!fresh) push('newline', '');
  for (; indents.length > 1; indents.pop()) push('dedent', '');
  push('end', '');
  return out;
}

function readString(source: string, from: number, prefix: string, quote: string, line: number) {
  let text = '';
  for (let at = from; at < source.length; at++) {
    if (source.startsWith(quote, at)) return { text, end: at + quote.length };
    const c = source[at];
    if (c === '\n' && quote.length === 1) break;
    if (c !== '\\' || prefix.includes('r')) text += c;
    else {
      const code = /^x([\da-fA-F]{2})|^u([\da-fA-F]{4})/.exec(source.slice(at + 1, at + 6));
      const next = source[at + 1];
      text += code
        ? String.fromCharCode(parseInt(code[1] ?? code[2], 16))
        : (ESCAPES[next] ?? (/["'\\]/.test(next) ? next : `\\${next}`));
      at += code ? code[0].length : 1;
    }
  }
  throw new SyntaxProblem(
    quote.length === 1 ? 'unterminated string literal' : 'unterminated triple-quoted string literal',
    line,
  );
}
