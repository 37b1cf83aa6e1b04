// A stream of JSON values, and what Go's decoder says of text that is none.

import { exactJson, InexactNumber } from '../../api/exact-numbers.ts';

export class JsonError extends Error {}

/** All values of `text`, which may follow one another. */
export function parseJsonStream(text: string): unknown[] {
  try {
    return [exactJson(text)];
  } catch (error) {
    if (error instanceof InexactNumber) throw new JsonError(error.message);
    const values: unknown[] = [];
    const scanner = new Scanner(text);
    for (let next = scanner.value(); next; next = scanner.value()) values.push(exactJson(text.slice(next[0], next[1])));
    return values;
  }
}

const NUMBER = /-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?/y;
const MAX_DEPTH = 1000;

/** Finds where values begin and end; throws at the first character that cannot be there. */
class Scanner {
  private readonly text: string;
  private pos = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** Start and end of the next value; undefined at the end of the text. */
  value(): [number, number] | undefined {
    this.blanks();
    if (this.pos >= this.text.length) return undefined;
    const start = this.pos;
    this.read(0);
    return [start, this.pos];
  }

  private blanks() {
    while (/[ \t\r\n]/.test(this.text[this.pos] ?? '')) this.pos++;
  }

  private fail(context: string): JsonError {
    const c = this.text[this.pos];
    if (c === undefined) return new JsonError('unexpected EOF');
    const shown = c === "'" ? "'\\''" : c === '"' ? "'\"'" : c === '\n' ? "'\\n'" : c === '\t' ? "'\\t'" : `'${c}'`;
    return new JsonError(`json: offset ${this.pos + 1}: invalid character ${shown} ${context}`);
  }

  private read(depth: number) {
    if (depth > MAX_DEPTH) throw new JsonError('exceeded max depth');
    this.blanks();
    const c = this.text[this.pos];
    if (c === '{') this.object(depth);
    else if (c === '[') this.array(depth);
    else if (c === '"') this.string();
    else if (c === 't') this.word('true');
    else if (c === 'f') this.word('false');
    else if (c === 'n') this.word('null');
    else this.number();
  }

  private number() {
    NUMBER.lastIndex = this.pos;
    if (NUMBER.test(this.text)) this.pos = NUMBER.lastIndex;
    else if (this.text[this.pos] === '-') {
      this.pos++;
      throw this.fail('in numeric literal');
    } else throw this.fail('looking for beginning of value');
  }

  private word(word: string) {
    for (let i = 0; i < word.length; i++) {
      if (this.text[this.pos] !== word[i]) throw this.fail(`in literal ${word} (expecting '${word[i]}')`);
      this.pos++;
    }
  }

  private string() {
    for (this.pos++; ; this.pos++) {
      const c = this.text[this.pos];
      if (c === undefined || c < ' ') throw this.fail('in string literal');
      if (c === '"') break;
      if (c !== '\\') continue;
      this.pos++;
      if (this.text[this.pos] === 'u') {
        for (let i = 0; i < 4; i++) {
          this.pos++;
          if (!/[0-9a-fA-F]/.test(this.text[this.pos] ?? '')) throw this.fail('in \\u hexadecimal character escape');
        }
      } else if (!'"\\/bfnrt'.includes(this.text[this.pos] ?? '\0')) throw this.fail('in string escape code');
    }
    this.pos++;
  }

  private object(depth: number) {
    this.pos++;
    for (let first = true; ; first = false) {
      this.blanks();
      if (first && this.text[this.pos] === '}') break;
      if (this.text[this.pos] !== '"') throw this.fail('looking for beginning of object key string');
      this.string();
      this.blanks();
      if (this.text[this.pos] !== ':') throw this.fail('after object key');
      this.pos++;
      this.read(depth + 1);
      this.blanks();
      if (this.text[this.pos] === '}') break;
      if (this.text[this.pos] !== ',') throw this.fail('after object key:value pair');
      this.pos++;
    }
    this.pos++;
  }

  private array(depth: number) {
    this.pos++;
    for (let first = true; ; first = false) {
      this.blanks();
      if (first && this.text[this.pos] === ']') break;
      this.read(depth + 1);
      this.blanks();
      if (this.text[this.pos] === ']') break;
      if (this.text[this.pos] !== ',') throw this.fail('after array element');
      this.pos++;
    }
    this.pos++;
  }
}
