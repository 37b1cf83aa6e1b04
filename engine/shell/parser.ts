// The upper half of the parser: lists, pipelines, compound commands, redirections. One complete command line
// at a time, as shells read their input.

import type { Command, Compound, List, Redirect, Word } from './ast.ts';
import { CommandParser, literal } from './command-parser.ts';
import { type Flavour, FLAVOURS, SyntaxProblem } from './flavour.ts';

const RESERVED = new Set(
  'if then elif else fi for while until do done case esac in { } ! [[ ]] function time select'.split(' '),
);
/** Reserved words that can only end or go on with something. */
const CLOSERS = new Set(['then', 'elif', 'else', 'fi', 'do', 'done', 'esac', '}', ']]']);

export class Parser extends CommandParser {
  /** The next complete command line; undefined at the end of the input. */
  next(): List | undefined {
    this.skipLines();
    if (this.pos >= this.src.length) return undefined;
    const list = this.items(true);
    if (this.pos < this.src.length && this.src[this.pos] !== '\n') this.unexpected();
    this.newline();
    return list;
  }

  /** The whole input as one list. */
  all(): List {
    const list = this.list();
    if (this.pos < this.src.length) this.unexpected();
    if (this.pending.length) this.hereBodies();
    return list;
  }

  /** Passes blank lines and comments; where the next command begins. */
  skip(): number {
    this.skipLines();
    return this.pos;
  }

  get offset(): number {
    return this.pos;
  }

  /** Nothing but blank lines is left. */
  get finished(): boolean {
    return this.src.slice(this.pos).trim() === '';
  }

  /** Line number of what comes next. */
  get at(): number {
    return this.line;
  }

  /** The line on which the cursor stands, for bash's second line of an error. */
  lineText(): string {
    const start = this.src.lastIndexOf('\n', Math.max(0, this.pos - 1)) + 1;
    const end = this.src.indexOf('\n', this.pos);
    return this.src.slice(start, end < 0 ? undefined : end);
  }

  protected sub(src: string): Parser {
    return new Parser(src, { ...this.options, line: this.line });
  }

  protected list(): List {
    this.skipLines();
    const list = this.items(false);
    return list;
  }

  /** Commands with their separators, up to something that is none; with `oneLine` up to the line end. */
  private items(oneLine: boolean): List {
    this.enter();
    const items: List['items'] = [];
    for (;;) {
      this.blanks();
      if (this.atEnd()) break;
      const start = this.pos;
      const command = this.andOr();
      const text = this.src.slice(start, this.pos).trim();
      this.blanks();
      const c = this.src[this.pos];
      const background = c === '&' && this.src[this.pos + 1] !== '&';
      items.push({ command, background, text });
      if (background || (c === ';' && this.src[this.pos + 1] !== ';' && this.src[this.pos + 1] !== '&')) {
        this.pos++;
        this.blanks();
        if (oneLine && this.src[this.pos] === '\n') break;
      } else if (c !== '\n' || oneLine) break;
      if (!oneLine) this.skipLines();
    }
    this.depth--;
    return { items };
  }

  private atEnd(): boolean {
    const c = this.src[this.pos];
    if (c === undefined || c === '\n' || c === ')') return true;
    if (c === ';' && (this.src[this.pos + 1] === ';' || this.src[this.pos + 1] === '&')) return true;
    const word = this.peekReserved();
    return word !== undefined && CLOSERS.has(word);
  }

  private andOr(): Command {
    const line = this.line;
    const first = this.pipeline();
    const rest: { op: '&&' | '||'; command: Command }[] = [];
    for (;;) {
      this.blanks();
      const op = this.src.slice(this.pos, this.pos + 2);
      if (op !== '&&' && op !== '||') break;
      this.pos += 2;
      this.skipLines();
      rest.push({ op, command: this.pipeline() });
    }
    return rest.length ? { kind: 'and-or', first, rest, line } : first;
  }

  private pipeline(): Command {
    const line = this.line;
    let negate = false;
    let timed = false;
    for (;;) {
      this.blanks();
      const word = this.peekReserved();
      if (word === '!') negate = !negate;
      else if (word === 'time' && this.flavour.bashisms) timed = true;
      else break;
      this.pos += word.length;
    }
    const commands: Command[] = [this.command()];
    for (;;) {
      this.blanks();
      if (this.src[this.pos] !== '|' || this.src[this.pos + 1] === '|') break;
      const both = this.src[this.pos + 1] === '&' && this.flavour.bothRedirect;
      this.pos += both ? 2 : 1;
      if (both) redirect(commands[commands.length - 1], { fd: 2, op: '>&', target: literal('1') });
      this.skipLines();
      commands.push(this.command());
    }
    if (commands.length === 1 && !negate && !timed) return commands[0];
    return { kind: 'pipeline', commands, negate, timed, line };
  }

  private command(): Command {
    this.enter();
    const command = this.compound() ?? this.definition() ?? this.simple();
    this.depth--;
    return command;
  }

  // ---- compound commands ---------------------------------------------------------------------------------

  private peekReserved(): string | undefined {
    const c = this.src[this.pos];
    if (c === undefined || !/[a-z{}!\[\]]/.test(c)) return undefined;
    const word = /^[^\s;&|<>()]*/.exec(this.src.slice(this.pos, this.pos + 10))?.[0] ?? '';
    if (!RESERVED.has(word)) return undefined;
    if (word === '[[' && !this.flavour.doubleBracket) return undefined;
    if ((word === 'function' || word === 'select' || word === 'time') && !this.flavour.bashisms) return undefined;
    return word;
  }

  private accept(word: string): boolean {
    this.blanks();
    if (this.peekReserved() !== word) return false;
    this.pos += word.length;
    return true;
  }

  private expect(word: string) {
    this.skipLines();
    if (!this.accept(word)) this.unexpected(word);
  }

  /** A list that must not be empty, as every part of a compound command is one. */
  private body(closing: string): List {
    const list = this.list();
    if (!list.items.length) this.unexpected(this.pos >= this.src.length ? closing : undefined);
    return list;
  }

  protected compound(): Command | undefined {
    const { line, src } = this;
    const c = src[this.pos];
    let out: Compound | undefined;
    const base = () => ({ redirects: [] as Redirect[], line });
    if (c === '(') {
      const end = src[this.pos + 1] === '(' && this.flavour.bashisms ? this.arithmeticEnd(this.pos + 2) : undefined;
      if (end !== undefined) {
        out = { kind: 'arithmetic', expression: this.expression(src.slice(this.pos + 2, end)), ...base() };
        this.jump(end + 2);
      } else {
        this.pos++;
        const body = this.body(')');
        this.skipLines();
        if (this.src[this.pos] !== ')') this.unexpected(')');
        this.pos++;
        out = { kind: 'subshell', body, ...base() };
      }
    } else {
      const word = this.peekReserved();
      if (word === undefined) return undefined;
      if (CLOSERS.has(word) || word === 'in') {
        if (word === 'in') return undefined;
        this.unexpected();
      }
      this.pos += word.length;
      switch (word) {
        case '{': {
          const body = this.body('}');
          this.expect('}');
          out = { kind: 'group', body, ...base() };
          break;
        }
        case 'if':
          out = { ...this.conditional(), ...base() };
          break;
        case 'while':
        case 'until': {
          const condition = this.body('do');
          this.expect('do');
          const body = this.body('done');
          this.expect('done');
          out = { kind: word, condition, body, ...base() };
          break;
        }
        case 'for':
        case 'select':
          out = { ...this.loop(word), ...base() };
          break;
        case 'case':
          out = { ...this.cases(), ...base() };
          break;
        case '[[': {
          const test = this.conditionOr();
          this.skipLines();
          if (!this.src.startsWith(']]', this.pos)) this.unexpected(']]');
          this.pos += 2;
          out = { kind: 'condition', test, ...base() };
          break;
        }
        case 'function': {
          const name = this.word();
          if (!name) this.unexpected();
          this.blanks();
          if (this.src[this.pos] === '(') {
            this.pos++;
            this.blanks();
            if (this.src[this.pos] !== ')') this.unexpected();
            this.pos++;
          }
          return this.functionBody(name.raw, line);
        }
        default:
          this.unexpected();
      }
    }
    if (!out) return undefined;
    while (this.redirection(out.redirects));
    return out;
  }

  private conditional(): { kind: 'if'; branches: { condition: List; body: List }[]; otherwise?: List } {
    const branches: { condition: List; body: List }[] = [];
    do {
      const condition = this.body('then');
      this.expect('then');
      branches.push({ condition, body: this.body('fi') });
      this.skipLines();
    } while (this.accept('elif'));
    const otherwise = this.accept('else') ? this.body('fi') : undefined;
    this.expect('fi');
    return { kind: 'if', branches, otherwise };
  }

  private loop(kind: 'for' | 'select') {
    this.blanks();
    if (kind === 'for' && this.src.startsWith('((', this.pos) && this.flavour.bashisms) {
      const end = this.arithmeticEnd(this.pos + 2);
      if (end === undefined) this.unexpected();
      const [init, condition, step] = this.src.slice(this.pos + 2, end).split(';');
      if (step === undefined) this.unexpected();
      this.jump(end + 2);
      const parts = [init, condition, step].map((text) => this.expression(text.trim()));
      const body = this.doBody();
      return { kind: 'c-for' as const, init: parts[0], condition: parts[1], step: parts[2], body };
    }
    const name = this.word();
    if (!name) this.unexpected();
    if (!/^[A-Za-z_]\w*$/.test(name.raw)) throw new SyntaxProblem(this.line, name.raw);
    this.skipLines();
    let words: Word[] | undefined;
    if (this.accept('in')) {
      words = [];
      for (let word = this.word(); word; word = this.word()) words.push(word);
    }
    return { kind, name: name.raw, words, body: this.doBody() };
  }

  private doBody(): List {
    this.blanks();
    if (this.src[this.pos] === ';') this.pos++;
    this.skipLines();
    if (this.flavour.bashisms && this.accept('{')) {
      const body = this.body('}');
      this.expect('}');
      return body;
    }
    this.expect('do');
    const body = this.body('done');
    this.expect('done');
    return body;
  }

  private cases() {
    const word = this.word();
    if (!word) this.unexpected();
    this.expect('in');
    const items: { patterns: Word[]; body: List; end: ';;' | ';&' | ';;&' }[] = [];
    for (;;) {
      this.skipLines();
      if (this.accept('esac')) break;
      if (this.src[this.pos] === '(') this.pos++;
      const patterns: Word[] = [];
      for (;;) {
        const saved = this.extended;
        this.extended = this.flavour.bashisms;
        const pattern = this.word();
        this.extended = saved;
        if (!pattern) this.unexpected('esac');
        patterns.push(pattern);
        this.blanks();
        if (this.src[this.pos] !== '|') break;
        this.pos++;
      }
      if (this.src[this.pos] !== ')') this.unexpected(')');
      this.pos++;
      const body = this.list();
      this.skipLines();
      const end = /^(?:;;&|;;|;&)/.exec(this.src.slice(this.pos, this.pos + 3))?.[0] as ';;' | undefined;
      items.push({ patterns, body, end: end ?? ';;' });
      if (end) this.pos += end.length;
      else {
        this.expect('esac');
        break;
      }
    }
    return { kind: 'case' as const, word, items };
  }

  // ---- functions -----------------------------------------------------------------------------------------

  protected definition(): Command | undefined {
    const match = /^([^\s;&|<>()$'"`\\=]+)[ \t]*\([ \t]*\)/.exec(this.src.slice(this.pos, this.pos + 200));
    if (!match) return undefined;
    const line = this.line;
    this.pos += match[0].length;
    return this.functionBody(match[1], line);
  }

  private functionBody(name: string, line: number): Command {
    this.skipLines();
    const start = this.pos;
    const body = this.compound();
    if (!body) this.unexpected();
    return { kind: 'function', name, body, source: this.src.slice(start, this.pos), line };
  }
}

function redirect(command: Command, extra: Redirect) {
  if ('redirects' in command) command.redirects.push(extra);
}

/** The complete command lines of a script, each as it is written; from a syntax error on, the rest is one. */
export function splitScript(script: string, flavour: Flavour = FLAVOURS.bash): string[] {
  const parser = new Parser(script, { flavour });
  const out: string[] = [];
  for (;;) {
    const start = parser.skip();
    try {
      if (!parser.next()) return out;
    } catch (error) {
      if (!(error instanceof SyntaxProblem)) throw error;
      out.push(script.slice(start));
      return out;
    }
    out.push(script.slice(start, parser.offset).trimEnd());
  }
}
