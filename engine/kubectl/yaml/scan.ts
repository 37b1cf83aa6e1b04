// YAML text to tokens, as libyaml divides it (indentation becomes block starts and ends; a simple key is recognized
// when its ':' is met), so that broken text fails at the place and in the words of the parser that kubectl uses.

export class YamlError extends Error {}

export type TokenType =
  | 'stream end'
  | 'directive'
  | 'document start'
  | 'document end'
  | 'block sequence'
  | 'block mapping'
  | 'block end'
  | '['
  | ']'
  | '{'
  | '}'
  | '-'
  | ','
  | 'key'
  | 'value'
  | 'alias'
  | 'anchor'
  | 'tag'
  | 'scalar';

export interface Token {
  type: TokenType;
  /** Both from 0. */
  line: number;
  column: number;
  text: string;
  /** A scalar without quotes or block indicator: its text decides its type. */
  plain: boolean;
}

interface SimpleKey {
  required: boolean;
  tokenNumber: number;
  at: number;
  line: number;
  column: number;
}

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const EOF = NaN;

const isBreak = (c: number) => c === LF || c === CR || c === 0x85 || c === 0x2028 || c === 0x2029;
const isBlank = (c: number) => c === SPACE || c === TAB;
const isBlankz = (c: number) => isBlank(c) || isBreak(c) || c !== c;
const isBreakz = (c: number) => isBreak(c) || c !== c;
const isWord = (c: number) => (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 45 || c === 95;
const NOT_PLAIN = '-?:,[]{}#&*!|>\'"%@`';

/** Lines from 0: of the context and of the problem, which counts first. go-yaml leaves the line out when it is the first. */
export function yamlError(contextLine: number, line: number, problem: string, scanner: boolean): YamlError {
  const at = line || contextLine;
  return new YamlError(`yaml: ${at ? `line ${at + (scanner ? 1 : 0)}: ` : ''}${problem}`);
}

export class Scanner {
  private readonly text: string;
  private pos = 0;
  private line = 0;
  private column = 0;
  private tokens: Token[] = [];
  private head = 0;
  private taken = 0;
  private indent = -1;
  private indents: number[] = [];
  private flow = 0;
  private keyAllowed = true;
  private keys: (SimpleKey | undefined)[] = [undefined];
  private ended = false;

  constructor(text: string) {
    this.text = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
    // eslint-disable-next-line no-control-regex
    if (/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(text)) throw new YamlError('yaml: control characters are not allowed');
  }

  peek(): Token {
    for (;;) {
      if (this.head < this.tokens.length) {
        this.dropStaleKeys();
        if (!this.keys.some((k) => k && k.tokenNumber === this.taken)) return this.tokens[this.head];
      }
      this.fetch();
    }
  }

  next(): Token {
    const token = this.peek();
    this.head++;
    this.taken++;
    if (this.head > 64) {
      this.tokens = this.tokens.slice(this.head);
      this.head = 0;
    }
    return token;
  }

  private at(offset = 0): number {
    return this.text.charCodeAt(this.pos + offset);
  }

  private skip(count = 1) {
    this.pos += count;
    this.column += count;
  }

  private newline() {
    if (this.at() === CR && this.at(1) === LF) this.pos++;
    this.pos++;
    this.line++;
    this.column = 0;
  }

  private error(contextLine: number, problem: string): YamlError {
    return yamlError(contextLine, this.line, problem, true);
  }

  private push(type: TokenType, line = this.line, column = this.column, text = '', plain = false) {
    this.tokens.push({ type, line, column, text, plain });
  }

  /** Reads one token more. */
  private fetch() {
    this.toNextToken();
    this.dropStaleKeys();
    this.unroll(this.column);
    const c = this.at();
    if (c !== c) return this.fetchEnd();
    if (this.column === 0) {
      if (c === 37) return this.fetchDirective();
      if (this.isDocumentMark('---')) return this.fetchDocumentMark('document start');
      if (this.isDocumentMark('...')) return this.fetchDocumentMark('document end');
    }
    switch (c) {
      case 91:
        return this.fetchFlowStart('[');
      case 123:
        return this.fetchFlowStart('{');
      case 93:
        return this.fetchFlowEnd(']');
      case 125:
        return this.fetchFlowEnd('}');
      case 44:
        this.removeKey();
        this.keyAllowed = true;
        this.push(',');
        return this.skip();
      case 42:
        return this.fetchAnchor('alias');
      case 38:
        return this.fetchAnchor('anchor');
      case 33:
        return this.fetchTag();
      case 39:
      case 34:
        return this.fetchQuoted(c);
      case 45:
        if (isBlankz(this.at(1))) return this.fetchBlockEntry();
        break;
      case 63:
        if (this.flow > 0 || isBlankz(this.at(1))) return this.fetchKey();
        break;
      case 58:
        if (this.flow > 0 || isBlankz(this.at(1))) return this.fetchValue();
        break;
      case 124:
      case 62:
        if (this.flow === 0) return this.fetchBlockScalar(c === 124);
        break;
    }
    if (
      !NOT_PLAIN.includes(this.text[this.pos]) ||
      (c === 45 && !isBlank(this.at(1))) ||
      (this.flow === 0 && (c === 63 || c === 58) && !isBlankz(this.at(1)))
    ) {
      if (!isBlankz(c)) return this.fetchPlain();
    }
    throw this.error(this.line, 'found character that cannot start any token');
  }

  private isDocumentMark(mark: string): boolean {
    return this.text.startsWith(mark, this.pos) && isBlankz(this.at(3));
  }

  private toNextToken() {
    for (;;) {
      let c = this.at();
      while (c === SPACE || ((this.flow > 0 || !this.keyAllowed) && c === TAB)) {
        this.skip();
        c = this.at();
      }
      if (c === 35) {
        while (!isBreakz(c)) {
          this.skip();
          c = this.at();
        }
      }
      if (!isBreak(c)) return;
      this.newline();
      if (this.flow === 0) this.keyAllowed = true;
    }
  }

  private dropStaleKeys() {
    for (let i = 0; i < this.keys.length; i++) {
      const key = this.keys[i];
      if (!key || (key.line === this.line && key.at + 1024 >= this.pos)) continue;
      if (key.required) throw this.error(key.line, "could not find expected ':'");
      this.keys[i] = undefined;
    }
  }

  private saveKey() {
    if (!this.keyAllowed) return;
    this.removeKey();
    this.keys[this.flow] = {
      required: this.flow === 0 && this.indent === this.column,
      tokenNumber: this.taken + (this.tokens.length - this.head),
      at: this.pos,
      line: this.line,
      column: this.column,
    };
  }

  private removeKey() {
    const key = this.keys[this.flow];
    if (key?.required) throw this.error(key.line, "could not find expected ':'");
    this.keys[this.flow] = undefined;
  }

  private roll(column: number, tokenNumber: number, type: TokenType, line: number) {
    if (this.flow > 0 || this.indent >= column) return;
    this.indents.push(this.indent);
    this.indent = column;
    const token: Token = { type, line, column, text: '', plain: false };
    if (tokenNumber < 0) this.tokens.push(token);
    else this.tokens.splice(this.head + tokenNumber - this.taken, 0, token);
  }

  private unroll(column: number) {
    if (this.flow > 0) return;
    while (this.indent > column) {
      this.push('block end');
      this.indent = this.indents.pop() as number;
    }
  }

  private fetchEnd() {
    if (!this.ended && this.column !== 0) {
      this.column = 0;
      this.line++;
    }
    this.ended = true;
    this.unroll(-1);
    this.removeKey();
    this.keyAllowed = false;
    this.push('stream end');
  }

  private fetchDirective() {
    this.unroll(-1);
    this.removeKey();
    this.keyAllowed = false;
    let end = this.pos + 1;
    while (isWord(this.text.charCodeAt(end))) end++;
    const name = this.text.slice(this.pos + 1, end);
    if (!name) throw this.error(this.line, 'could not find expected directive name');
    if (!isBlankz(this.text.charCodeAt(end))) throw this.error(this.line, 'found unexpected non-alphabetical character');
    if (name !== 'YAML' && name !== 'TAG') throw this.error(this.line, 'found unknown directive name');
    this.push('directive');
    while (!isBreakz(this.at())) this.skip();
  }

  private fetchDocumentMark(type: TokenType) {
    this.unroll(-1);
    this.removeKey();
    this.keyAllowed = false;
    this.push(type);
    this.skip(3);
  }

  private fetchFlowStart(type: '[' | '{') {
    this.saveKey();
    this.keys.push(undefined);
    this.flow++;
    this.keyAllowed = true;
    this.push(type);
    this.skip();
  }

  private fetchFlowEnd(type: ']' | '}') {
    this.removeKey();
    if (this.flow > 0) {
      this.flow--;
      this.keys.pop();
    }
    this.keyAllowed = false;
    this.push(type);
    this.skip();
  }

  private fetchBlockEntry() {
    if (this.flow === 0) {
      if (!this.keyAllowed) throw this.error(this.line, 'block sequence entries are not allowed in this context');
      this.roll(this.column, -1, 'block sequence', this.line);
    }
    this.removeKey();
    this.keyAllowed = true;
    this.push('-');
    this.skip();
  }

  private fetchKey() {
    if (this.flow === 0) {
      if (!this.keyAllowed) throw this.error(this.line, 'mapping keys are not allowed in this context');
      this.roll(this.column, -1, 'block mapping', this.line);
    }
    this.removeKey();
    this.keyAllowed = this.flow === 0;
    this.push('key');
    this.skip();
  }

  private fetchValue() {
    const key = this.keys[this.flow];
    if (key) {
      const token: Token = { type: 'key', line: key.line, column: key.column, text: '', plain: false };
      this.tokens.splice(this.head + key.tokenNumber - this.taken, 0, token);
      this.roll(key.column, key.tokenNumber, 'block mapping', key.line);
      this.keys[this.flow] = undefined;
      this.keyAllowed = false;
    } else {
      if (this.flow === 0) {
        if (!this.keyAllowed) throw this.error(this.line, 'mapping values are not allowed in this context');
        this.roll(this.column, -1, 'block mapping', this.line);
      }
      this.keyAllowed = this.flow === 0;
    }
    this.push('value');
    this.skip();
  }

  private fetchAnchor(type: 'alias' | 'anchor') {
    this.saveKey();
    this.keyAllowed = false;
    const { line, column } = this;
    this.skip();
    const start = this.pos;
    while (isWord(this.at())) this.skip();
    const c = this.at();
    if (this.pos === start || !(isBlankz(c) || '?:,]}%@`'.includes(this.text[this.pos]))) {
      throw this.error(line, 'did not find expected alphabetic or numeric character');
    }
    this.push(type, line, column, this.text.slice(start, this.pos));
  }

  private fetchTag() {
    this.saveKey();
    this.keyAllowed = false;
    const { line, column } = this;
    const start = this.pos;
    if (this.at(1) === 60) {
      while (!isBreakz(this.at()) && this.at() !== 62) this.skip();
      if (this.at() !== 62) throw this.error(line, "did not find the expected '>'");
      this.skip();
    } else {
      while (!isBlankz(this.at()) && !(this.flow > 0 && ',[]{}'.includes(this.text[this.pos]))) this.skip();
    }
    if (!isBlankz(this.at()) && !(this.flow > 0 && this.at() === 44)) throw this.error(line, 'did not find expected whitespace or line break');
    this.push('tag', line, column, this.text.slice(start, this.pos));
  }

  private fetchBlockScalar(literal: boolean) {
    this.removeKey();
    this.keyAllowed = true;
    const { line, column } = this;
    this.skip();
    let chomp = '';
    let increment = 0;
    for (let i = 0; i < 2; i++) {
      const c = this.at();
      if (c === 43 || c === 45) {
        if (chomp) break;
        chomp = c === 43 ? '+' : '-';
      } else if (c >= 48 && c <= 57) {
        if (increment) break;
        if (c === 48) throw this.error(line, 'found an indentation indicator equal to 0');
        increment = c - 48;
      } else break;
      this.skip();
    }
    while (isBlank(this.at())) this.skip();
    if (this.at() === 35) while (!isBreakz(this.at())) this.skip();
    if (!isBreakz(this.at())) throw this.error(line, 'did not find expected comment or line break');
    if (isBreak(this.at())) this.newline();
    let indent = increment ? (this.indent >= 0 ? this.indent + increment : increment) : 0;
    let breaks = '';
    [indent, breaks] = this.blockBreaks(indent, line);
    let text = '';
    let lead = '';
    let wasBlank = false;
    while (this.column === indent && this.at() === this.at()) {
      const blank = isBlank(this.at());
      if (!literal && lead === '\n' && !wasBlank && !blank) {
        if (breaks === '') text += ' ';
      } else text += lead;
      text += breaks;
      wasBlank = blank;
      const start = this.pos;
      while (!isBreakz(this.at())) this.pos++;
      text += this.text.slice(start, this.pos);
      this.column += this.pos - start;
      lead = '';
      if (isBreak(this.at())) {
        this.newline();
        lead = '\n';
      }
      breaks = this.blockBreaks(indent, line)[1];
    }
    if (chomp !== '-') text += lead;
    if (chomp === '+') text += breaks;
    this.push('scalar', line, column, text);
  }

  /** Eats indentation and empty lines; finds the indentation where it is not known (0). */
  private blockBreaks(indent: number, startLine: number): [number, string] {
    let breaks = '';
    let widest = 0;
    for (;;) {
      while ((!indent || this.column < indent) && this.at() === SPACE) this.skip();
      if (this.column > widest) widest = this.column;
      if ((!indent || this.column < indent) && this.at() === TAB) {
        throw this.error(startLine, 'found a tab character where an indentation space is expected');
      }
      if (!isBreak(this.at())) break;
      this.newline();
      breaks += '\n';
    }
    if (!indent) indent = Math.max(widest, this.indent + 1, 1);
    return [indent, breaks];
  }

  private fetchQuoted(quote: number) {
    this.saveKey();
    this.keyAllowed = false;
    const { line, column } = this;
    const double = quote === 34;
    this.skip();
    let text = '';
    for (;;) {
      if (this.column === 0 && (this.isDocumentMark('---') || this.isDocumentMark('...'))) {
        throw this.error(line, 'found unexpected document indicator');
      }
      let c = this.at();
      if (c !== c) {
        // libyaml counts the end of the text as a line of its own.
        throw this.error(line, 'found unexpected end of stream');
      }
      let folded = false;
      while (!isBlankz(c)) {
        if (!double && c === 39 && this.at(1) === 39) {
          text += "'";
          this.skip(2);
        } else if (c === quote) break;
        else if (double && c === 92 && isBreak(this.at(1))) {
          this.skip();
          this.newline();
          folded = true;
          break;
        } else if (double && c === 92) text += this.escape(line);
        else {
          text += this.text[this.pos];
          this.skip();
        }
        c = this.at();
      }
      if (this.at() === quote) break;
      let blanks = '';
      let first = '';
      let breaks = '';
      for (c = this.at(); isBlank(c) || isBreak(c); c = this.at()) {
        if (isBlank(c)) {
          if (!folded) blanks += this.text[this.pos];
          this.skip();
        } else {
          if (!folded) {
            blanks = '';
            first = '\n';
            folded = true;
          } else breaks += '\n';
          this.newline();
        }
      }
      if (!folded) text += blanks;
      else if (first === '') text += breaks;
      else text += breaks || ' ';
    }
    this.skip();
    this.push('scalar', line, column, text);
  }

  private escape(startLine: number): string {
    const c = this.text[this.pos + 1];
    const simple = ESCAPES[c];
    if (simple !== undefined) {
      this.skip(2);
      return simple;
    }
    const length = c === 'x' ? 2 : c === 'u' ? 4 : c === 'U' ? 8 : 0;
    if (!length) throw this.error(startLine, 'found unknown escape character');
    this.skip(2);
    const digits = this.text.slice(this.pos, this.pos + length);
    if (!/^[0-9a-fA-F]+$/.test(digits) || digits.length < length) throw this.error(startLine, 'did not find expected hexdecimal number');
    const code = parseInt(digits, 16);
    if ((code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) throw this.error(startLine, 'found invalid Unicode character escape code');
    this.skip(length);
    return String.fromCodePoint(code);
  }

  private fetchPlain() {
    this.saveKey();
    this.keyAllowed = false;
    const { line, column } = this;
    const indent = this.indent + 1;
    let text = '';
    let blanks = '';
    let first = '';
    let breaks = '';
    let leading = false;
    for (;;) {
      if (this.column === 0 && (this.isDocumentMark('---') || this.isDocumentMark('...'))) break;
      let c = this.at();
      if (c === 35) break;
      const start = this.pos;
      while (!isBlankz(c)) {
        if (c === 58 && isBlankz(this.at(1))) break;
        if (this.flow > 0 && (c === 44 || c === 91 || c === 93 || c === 123 || c === 125 || (c === 63 && isBlankz(this.at(1))))) break;
        this.pos++;
        c = this.at();
      }
      if (this.pos > start) {
        if (leading) text += first === '\n' ? breaks || ' ' : first + breaks;
        else text += blanks;
        blanks = first = breaks = '';
        leading = false;
        text += this.text.slice(start, this.pos);
        this.column += this.pos - start;
      }
      if (!isBlank(c) && !isBreak(c)) break;
      for (; isBlank(c) || isBreak(c); c = this.at()) {
        if (isBlank(c)) {
          if (leading && this.column < indent && c === TAB) throw this.error(line, 'found a tab character that violates indentation');
          if (!leading) blanks += this.text[this.pos];
          this.skip();
        } else {
          if (!leading) {
            blanks = '';
            first = '\n';
            leading = true;
          } else breaks += '\n';
          this.newline();
        }
      }
      if (this.flow === 0 && this.column < indent) break;
    }
    this.push('scalar', line, column, text, true);
    if (leading) this.keyAllowed = true;
  }
}

const ESCAPES: Record<string, string> = {
  ...{ '0': '\0', a: '\x07', b: '\b', t: '\t', '\t': '\t', n: '\n', v: '\v', f: '\f', r: '\r', e: '\x1b', ' ': ' ' },
  ...{ '"': '"', "'": "'", '\\': '\\', '/': '/', N: '\x85', _: '\xa0', L: '\u2028', P: '\u2029' },
};
