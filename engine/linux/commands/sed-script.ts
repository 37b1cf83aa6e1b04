// sed's script as a list of commands: addresses, blocks and labels resolved to positions, s/// compiled.

import { breToRegExp, ereToRegExp } from '../regex.ts';

/** Thrown with GNU's words; `at`: the character where it was noticed. */
export class SedError {
  readonly at: number;
  readonly message: string;
  constructor(at: number, message: string) {
    this.at = at;
    this.message = message;
  }
}

export type Address =
  | { kind: 'line'; line: number }
  | { kind: 'last' }
  | { kind: 'step'; first: number; step: number }
  /** Undefined: the last expression used. */
  | { kind: 'regexp'; regexp: RegExp | undefined };

export interface Substitution {
  regexp: RegExp | undefined;
  replace: (match: string[]) => string;
  nth: number;
  global: boolean;
  print: boolean;
  file?: string;
}

export interface Command {
  name: string;
  first?: Address;
  second?: Address | { kind: 'plus' | 'multiple'; count: number };
  negated: boolean;
  /** Text of a, i, c; file of r, w; label. */
  text?: string;
  number?: number;
  map?: Map<string, string>;
  substitution?: Substitution;
  /** Position to go on after: the end of a block, a label, the end of the script. */
  target?: number;
}

export function parseScript(script: string, extended: boolean): Command[] {
  return new ScriptParser(script, extended).parse();
}

class ScriptParser {
  private pos = 0;
  private readonly src: string;
  private readonly extended: boolean;
  constructor(src: string, extended: boolean) {
    this.src = src;
    this.extended = extended;
  }

  parse(): Command[] {
    const out: Command[] = [];
    const blocks: number[] = [];
    const labels = new Map<string, number>();
    for (;;) {
      this.skip(/[\s;]/);
      const c = this.src[this.pos];
      if (c === undefined) break;
      if (c === '#') {
        this.toLineEnd();
        continue;
      }
      const command = this.command();
      if (command.name === '{') blocks.push(out.length);
      else if (command.name === '}') {
        const open = blocks.pop();
        if (open === undefined) throw this.error("unexpected `}'");
        out[open].target = out.length;
      } else if (command.name === ':') labels.set(command.text as string, out.length);
      out.push(command);
    }
    if (blocks.length) throw new SedError(0, "unmatched `{'");
    for (const command of out) {
      if (command.name !== 'b' && command.name !== 't' && command.name !== 'T') continue;
      const target = command.text ? labels.get(command.text) : out.length;
      if (target === undefined) throw new SedError(this.src.length, `can't find label for jump to \`${command.text}'`);
      command.target = target;
    }
    return out;
  }

  private error(message: string): SedError {
    return new SedError(Math.min(this.pos, this.src.length), message);
  }

  private skip(what: RegExp) {
    while (this.pos < this.src.length && what.test(this.src[this.pos])) this.pos++;
  }

  private toLineEnd(): string {
    const end = this.src.indexOf('\n', this.pos);
    const text = this.src.slice(this.pos, end < 0 ? undefined : end);
    this.pos = end < 0 ? this.src.length : end;
    return text;
  }

  private number(): number {
    const digits = /^\d+/.exec(this.src.slice(this.pos))?.[0] ?? '';
    this.pos += digits.length;
    return Number(digits);
  }

  private address(): Address | undefined {
    const c = this.src[this.pos];
    if (c !== undefined && /\d/.test(c)) {
      const line = this.number();
      if (this.src[this.pos] !== '~') return { kind: 'line', line };
      this.pos++;
      return { kind: 'step', first: line, step: this.number() };
    }
    if (c === '$') {
      this.pos++;
      return { kind: 'last' };
    }
    if (c !== '/' && c !== '\\') return undefined;
    if (c === '\\') this.pos++;
    const delimiter = this.src[this.pos++];
    const source = this.until(delimiter, 'unterminated address regex', true);
    const flags = /^[IM]*/.exec(this.src.slice(this.pos))?.[0] ?? '';
    this.pos += flags.length;
    return {
      kind: 'regexp',
      regexp: this.compile(source, (flags.includes('I') ? 'i' : '') + (flags.includes('M') ? 'm' : '')),
    };
  }

  /** Text up to an unescaped delimiter; an escaped one becomes itself. Brackets hide it in expressions. */
  private until(delimiter: string, message: string, regexp: boolean): string {
    let out = '';
    let bracket = false;
    for (;;) {
      const c = this.src[this.pos];
      if (c === undefined || (c === '\n' && regexp)) throw this.error(message);
      this.pos++;
      if (c === '\\') {
        const next = this.src[this.pos++];
        if (next === undefined) throw this.error(message);
        if (next === delimiter) out += regexp && /[.*^$+?()[\]{}|]/.test(next) ? '\\' + next : next;
        else out += '\\' + next;
        continue;
      }
      if (regexp && c === '[' && !bracket) {
        bracket = true;
        out += c;
        const lead = /^\^?\]?/.exec(this.src.slice(this.pos))?.[0] ?? '';
        out += lead;
        this.pos += lead.length;
        continue;
      }
      if (bracket && c === '[' && /[:.=]/.test(this.src[this.pos] ?? '')) {
        const end = this.src.indexOf(this.src[this.pos] + ']', this.pos + 1);
        if (end > 0) {
          out += this.src.slice(this.pos - 1, end + 2);
          this.pos = end + 2;
          continue;
        }
      }
      if (c === ']') bracket = false;
      if (c === delimiter && !bracket) return out;
      out += c;
    }
  }

  private compile(source: string, flags: string): RegExp | undefined {
    if (source === '') return undefined;
    const regexp = this.extended ? ereToRegExp(source, flags) : breToRegExp(source, flags);
    if (typeof regexp === 'string') throw this.error(regexp);
    return regexp;
  }

  private command(): Command {
    const command: Command = { name: '', negated: false };
    command.first = this.address();
    if (command.first) {
      this.skip(/[ \t]/);
      if (this.src[this.pos] === ',') {
        this.pos++;
        this.skip(/[ \t]/);
        const c = this.src[this.pos];
        if (c === '+' || c === '~') {
          this.pos++;
          command.second = { kind: c === '+' ? 'plus' : 'multiple', count: this.number() };
        } else command.second = this.address();
        if (!command.second) throw this.error("unexpected `,'");
      }
    }
    this.skip(/[ \t]/);
    while (this.src[this.pos] === '!') {
      command.negated = true;
      this.pos++;
      this.skip(/[ \t]/);
    }
    const name = this.src[this.pos++];
    if (name === undefined) throw this.error('missing command');
    command.name = name;
    this.body(command);
    return command;
  }

  private body(command: Command) {
    switch (command.name) {
      case '{':
        return;
      case '}':
        if (command.first) throw this.error("} doesn't want any addresses");
        return this.end();
      case ':':
        if (command.first) throw this.error(": doesn't want any addresses");
        this.skip(/[ \t]/);
        command.text = /^[^\s;]*/.exec(this.src.slice(this.pos))?.[0] ?? '';
        this.pos += command.text.length;
        if (!command.text) throw this.error('":" lacks a label');
        return;
      case 'b':
      case 't':
      case 'T':
        this.skip(/[ \t]/);
        command.text = /^[^\s;}]*/.exec(this.src.slice(this.pos))?.[0] ?? '';
        this.pos += command.text.length;
        return this.end();
      case 'a':
      case 'i':
      case 'c':
        command.text = this.text();
        return;
      case 'r':
      case 'w':
        this.skip(/[ \t]/);
        command.text = this.toLineEnd();
        if (!command.text) throw this.error('missing filename in r/R/w/W commands');
        return;
      case 'q':
      case 'Q':
      case 'l':
        this.skip(/[ \t]/);
        if (/\d/.test(this.src[this.pos] ?? '')) command.number = this.number();
        return this.end();
      case 's':
        command.substitution = this.substitution();
        return this.end();
      case 'y':
        command.map = this.transliteration();
        return this.end();
    }
    if (!'=dDgGhHnNpPxz'.includes(command.name)) throw this.error(`unknown command: \`${command.name}'`);
    this.end();
  }

  private end() {
    this.skip(/[ \t]/);
    const c = this.src[this.pos];
    if (c !== undefined && c !== '\n' && c !== ';' && c !== '}' && c !== '#') {
      this.pos++;
      throw this.error('extra characters after command');
    }
  }

  private text(): string {
    this.skip(/[ \t]/);
    if (this.src[this.pos] === '\\') {
      this.pos++;
      // On the command's own line a backslash keeps the blanks that follow it.
      const kept = this.pos;
      this.skip(/[ \t]/);
      if (this.src[this.pos] === '\n') this.pos++;
      else this.pos = kept;
    }
    if (this.src[this.pos] === undefined) throw this.error("expected \\ after `a', `c' or `i'");
    let out = '';
    for (; this.pos < this.src.length; this.pos++) {
      const c = this.src[this.pos];
      if (c === '\\') {
        const next = this.src[++this.pos];
        const code = next === 'x' ? /^[0-9a-fA-F]{1,2}/.exec(this.src.slice(this.pos + 1))?.[0] : undefined;
        if (code) {
          out += String.fromCharCode(parseInt(code, 16));
          this.pos += code.length;
        } else if (next !== undefined) out += ESCAPED[next] ?? next;
        continue;
      }
      if (c === '\n') break;
      out += c;
    }
    return out;
  }

  private transliteration(): Map<string, string> {
    const delimiter = this.src[this.pos++];
    const plain = (text: string) => [...text.replace(/\\(.)/gs, (_w, c) => (c === 'n' ? '\n' : c === 't' ? '\t' : c))];
    const from = plain(this.until(delimiter, "unterminated `y' command", false));
    const to = plain(this.until(delimiter, "unterminated `y' command", false));
    if (from.length !== to.length) throw this.error("strings for `y' command are different lengths");
    return new Map(from.map((c, i) => [c, to[i]]));
  }

  private substitution(): Substitution {
    const delimiter = this.src[this.pos++];
    if (delimiter === undefined || delimiter === '\n') throw this.error("unterminated `s' command");
    const source = this.until(delimiter, "unterminated `s' command", true);
    const replacement = this.until(delimiter, "unterminated `s' command", false);
    const out: Substitution = { regexp: undefined, replace: () => '', nth: 1, global: false, print: false };
    let flags = 'g';
    for (;;) {
      const c = this.src[this.pos];
      if (c === 'g') out.global = true;
      else if (c === 'p') out.print = true;
      else if (c === 'i' || c === 'I') flags += 'i';
      else if (c === 'm' || c === 'M') flags += 'm';
      else if (c !== undefined && /[1-9]/.test(c)) {
        out.nth = this.number();
        continue;
      } else if (c === 'w') {
        this.pos++;
        this.skip(/[ \t]/);
        out.file = this.toLineEnd();
        break;
      } else if (c === undefined || /[\s;}#]/.test(c)) break;
      else {
        this.pos++;
        throw this.error("unknown option to `s'");
      }
      this.pos++;
    }
    out.regexp = this.compile(source, flags);
    if (out.regexp) {
      const groups = (new RegExp(`${out.regexp.source}|`).exec('') as RegExpExecArray).length - 1;
      for (const [, digit] of replacement.matchAll(/\\(\d)/g)) {
        if (Number(digit) > groups) throw this.error(`invalid reference \\${digit} on \`s' command's RHS`);
      }
    }
    out.replace = replacer(replacement);
    return out;
  }
}

/** The function for the right side of s///: `&`, `\1`, `\n`, and \U \L \u \l \E. */
/** What GNU sed reads as a character in the text of a, i and c. */
const ESCAPED: Record<string, string> = { n: '\n', t: '\t', f: '\f', v: '\v', r: '\r', a: '\x07' };

function replacer(text: string): (match: string[]) => string {
  if (!/[\\&]/.test(text)) return () => text;
  const pieces: (string | number | { letters: string })[] = [];
  const add = (literal: string) => {
    const last = pieces[pieces.length - 1];
    if (typeof last === 'string') pieces[pieces.length - 1] = last + literal;
    else pieces.push(literal);
  };
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '&') pieces.push(0);
    else if (c !== '\\') add(c);
    else {
      const next = text[++i] ?? '\\';
      if (/\d/.test(next)) pieces.push(Number(next));
      else if (next === 'n') add('\n');
      else if (next === 't') add('\t');
      else if (next === 'r') add('\r');
      else if ('ULulE'.includes(next)) pieces.push({ letters: next });
      else add(next);
    }
  }
  return (match) => {
    let out = '';
    let mode = '';
    let once = '';
    for (const piece of pieces) {
      if (typeof piece === 'object') {
        if (piece.letters === 'u' || piece.letters === 'l') once = piece.letters;
        else mode = piece.letters === 'E' ? '' : piece.letters;
        continue;
      }
      let part = typeof piece === 'number' ? (typeof match[piece] === 'string' ? match[piece] : '') : piece;
      if (mode) part = mode === 'U' ? part.toUpperCase() : part.toLowerCase();
      if (once && part) {
        part = (once === 'u' ? part[0].toUpperCase() : part[0].toLowerCase()) + part.slice(1);
        once = '';
      }
      out += part;
    }
    return out;
  };
}
