// YAML text to tokens, as libyaml divides it (indentation becomes block starts and ends; a simple key is recognized
// when its ':' is met), so that broken text fails at the place and in the words of the parser that kubectl uses.

import { Cursor, SPACE, TAB, isBlank, isBlankz, isBreak, isBreakz, isWord } from './cursor.ts';
import { blockScalar, plainScalar, quotedScalar } from './scalars.ts';

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

/** Characters of a tag, as in a URI. */
const TAG = /[\w\-;/?:@&=+$.!~*'()%,[\]]/;
const TAG_IN_FLOW = /[\w\-;/?:@&=+$.!~*'()%]/;
const NOT_PLAIN = '-?:,[]{}#&*!|>\'"%@`';

export class Scanner {
  private readonly cursor: Cursor;
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
    this.cursor = new Cursor(text);
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

  private push(type: TokenType, line = this.cursor.line, column = this.cursor.column, text = '', plain = false) {
    this.tokens.push({ type, line, column, text, plain });
  }

  /** Reads one token more. */
  private fetch() {
    this.toNextToken();
    this.dropStaleKeys();
    this.unroll(this.cursor.column);
    const c = this.cursor.at();
    if (c !== c) return this.fetchEnd();
    if (this.cursor.column === 0) {
      if (c === 37) return this.fetchDirective();
      if (this.cursor.isDocumentMark('---')) return this.fetchDocumentMark('document start');
      if (this.cursor.isDocumentMark('...')) return this.fetchDocumentMark('document end');
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
        return this.cursor.skip();
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
        if (isBlankz(this.cursor.at(1))) return this.fetchBlockEntry();
        break;
      case 63:
        if (this.flow > 0 || isBlankz(this.cursor.at(1))) return this.fetchKey();
        break;
      case 58:
        if (this.flow > 0 || isBlankz(this.cursor.at(1))) return this.fetchValue();
        break;
      case 124:
      case 62:
        if (this.flow === 0) return this.fetchBlockScalar(c === 124);
        break;
    }
    if (
      !NOT_PLAIN.includes(this.cursor.text[this.cursor.pos]) ||
      (c === 45 && !isBlank(this.cursor.at(1))) ||
      (this.flow === 0 && (c === 63 || c === 58) && !isBlankz(this.cursor.at(1)))
    ) {
      if (!isBlankz(c)) return this.fetchPlain();
    }
    throw this.cursor.error(this.cursor.line, 'found character that cannot start any token');
  }

  private toNextToken() {
    for (;;) {
      let c = this.cursor.at();
      while (c === SPACE || ((this.flow > 0 || !this.keyAllowed) && c === TAB)) {
        this.cursor.skip();
        c = this.cursor.at();
      }
      if (c === 35) {
        while (!isBreakz(c)) {
          this.cursor.skip();
          c = this.cursor.at();
        }
      }
      if (!isBreak(c)) return;
      this.cursor.newline();
      if (this.flow === 0) this.keyAllowed = true;
    }
  }

  private dropStaleKeys() {
    for (let i = 0; i < this.keys.length; i++) {
      const key = this.keys[i];
      if (!key || (key.line === this.cursor.line && key.at + 1024 >= this.cursor.pos)) continue;
      if (key.required) throw this.cursor.error(key.line, "could not find expected ':'");
      this.keys[i] = undefined;
    }
  }

  private saveKey() {
    if (!this.keyAllowed) return;
    this.removeKey();
    this.keys[this.flow] = {
      required: this.flow === 0 && this.indent === this.cursor.column,
      tokenNumber: this.taken + (this.tokens.length - this.head),
      at: this.cursor.pos,
      line: this.cursor.line,
      column: this.cursor.column,
    };
  }

  private removeKey() {
    const key = this.keys[this.flow];
    if (key?.required) throw this.cursor.error(key.line, "could not find expected ':'");
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
    if (!this.ended && this.cursor.column !== 0) {
      this.cursor.column = 0;
      this.cursor.line++;
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
    let end = this.cursor.pos + 1;
    while (isWord(this.cursor.text.charCodeAt(end))) end++;
    const name = this.cursor.text.slice(this.cursor.pos + 1, end);
    if (!name) throw this.cursor.error(this.cursor.line, 'could not find expected directive name');
    if (!isBlankz(this.cursor.text.charCodeAt(end)))
      throw this.cursor.error(this.cursor.line, 'found unexpected non-alphabetical character');
    if (name !== 'YAML' && name !== 'TAG') throw this.cursor.error(this.cursor.line, 'found unknown directive name');
    this.push('directive');
    while (!isBreakz(this.cursor.at())) this.cursor.skip();
  }

  private fetchDocumentMark(type: TokenType) {
    this.unroll(-1);
    this.removeKey();
    this.keyAllowed = false;
    this.push(type);
    this.cursor.skip(3);
  }

  private fetchFlowStart(type: '[' | '{') {
    this.saveKey();
    this.keys.push(undefined);
    this.flow++;
    this.keyAllowed = true;
    this.push(type);
    this.cursor.skip();
  }

  private fetchFlowEnd(type: ']' | '}') {
    this.removeKey();
    if (this.flow > 0) {
      this.flow--;
      this.keys.pop();
    }
    this.keyAllowed = false;
    this.push(type);
    this.cursor.skip();
  }

  private fetchBlockEntry() {
    if (this.flow === 0) {
      if (!this.keyAllowed)
        throw this.cursor.error(this.cursor.line, 'block sequence entries are not allowed in this context');
      this.roll(this.cursor.column, -1, 'block sequence', this.cursor.line);
    }
    this.removeKey();
    this.keyAllowed = true;
    this.push('-');
    this.cursor.skip();
  }

  private fetchKey() {
    if (this.flow === 0) {
      if (!this.keyAllowed) throw this.cursor.error(this.cursor.line, 'mapping keys are not allowed in this context');
      this.roll(this.cursor.column, -1, 'block mapping', this.cursor.line);
    }
    this.removeKey();
    this.keyAllowed = this.flow === 0;
    this.push('key');
    this.cursor.skip();
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
        if (!this.keyAllowed)
          throw this.cursor.error(this.cursor.line, 'mapping values are not allowed in this context');
        this.roll(this.cursor.column, -1, 'block mapping', this.cursor.line);
      }
      this.keyAllowed = this.flow === 0;
    }
    this.push('value');
    this.cursor.skip();
  }

  private fetchAnchor(type: 'alias' | 'anchor') {
    this.saveKey();
    this.keyAllowed = false;
    const { line, column } = this.cursor;
    this.cursor.skip();
    const start = this.cursor.pos;
    while (isWord(this.cursor.at())) this.cursor.skip();
    const c = this.cursor.at();
    if (this.cursor.pos === start || !(isBlankz(c) || '?:,]}%@`'.includes(this.cursor.text[this.cursor.pos]))) {
      throw this.cursor.error(line, 'did not find expected alphabetic or numeric character');
    }
    this.push(type, line, column, this.cursor.text.slice(start, this.cursor.pos));
  }

  private fetchTag() {
    this.saveKey();
    this.keyAllowed = false;
    const { line, column } = this.cursor;
    const start = this.cursor.pos;
    if (this.cursor.at(1) === 60) {
      while (!isBreakz(this.cursor.at()) && this.cursor.at() !== 62) this.cursor.skip();
      if (this.cursor.at() !== 62) throw this.cursor.error(line, "did not find the expected '>'");
      this.cursor.skip();
    } else {
      const allowed = this.flow > 0 ? TAG_IN_FLOW : TAG;
      while (allowed.test(this.cursor.text[this.cursor.pos] ?? '')) this.cursor.skip();
      if (/^!\w*!$/.test(this.cursor.text.slice(start, this.cursor.pos)))
        throw this.cursor.error(line, 'did not find expected tag URI');
    }
    if (!isBlankz(this.cursor.at()) && !(this.flow > 0 && this.cursor.at() === 44))
      throw this.cursor.error(line, 'did not find expected whitespace or line break');
    this.push('tag', line, column, this.cursor.text.slice(start, this.cursor.pos));
  }

  private fetchBlockScalar(literal: boolean) {
    this.removeKey();
    this.keyAllowed = true;
    const { line, column } = this.cursor;
    this.push('scalar', line, column, blockScalar(this.cursor, literal, this.indent));
  }

  private fetchQuoted(quote: number) {
    this.saveKey();
    this.keyAllowed = false;
    const { line, column } = this.cursor;
    this.push('scalar', line, column, quotedScalar(this.cursor, quote));
  }

  private fetchPlain() {
    this.saveKey();
    this.keyAllowed = false;
    const { line, column } = this.cursor;
    const { text, multiline } = plainScalar(this.cursor, this.indent + 1, this.flow > 0);
    this.push('scalar', line, column, text, true);
    if (multiline) this.keyAllowed = true;
  }
}
