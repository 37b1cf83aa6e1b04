// The upper half of the parser: lists, pipelines, compound commands, redirections. One complete command line
// at a time, as shells read their input.

import type { Assignment, Command, Compound, Condition, List, Redirect, Simple, Word } from './ast.ts';
import { type Flavour, FLAVOURS, SyntaxProblem } from './flavour.ts';
import { WordParser } from './words.ts';

const RESERVED = new Set(
  'if then elif else fi for while until do done case esac in { } ! [[ ]] function time select'.split(' '),
);
/** Reserved words that can only end or go on with something. */
const CLOSERS = new Set(['then', 'elif', 'else', 'fi', 'do', 'done', 'esac', '}', ']]']);
const DECLARATIONS = new Set(['declare', 'typeset', 'local', 'export', 'readonly']);
const UNARY = /^-[abcdefghknoprstuvwxzGLNORS]$/;
const BINARY = /^(?:=|==|!=|=~|<|>|-eq|-ne|-lt|-le|-gt|-ge|-nt|-ot|-ef)$/;

export class Parser extends WordParser {
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

  private unexpected(expecting?: string): never {
    const token = this.token();
    throw new SyntaxProblem(this.line, token, undefined, expecting);
  }

  private newline(): boolean {
    if (this.src[this.pos] !== '\n') {
      if (this.pos >= this.src.length) this.hereBodies();
      return false;
    }
    this.pos++;
    this.line++;
    this.hereBodies();
    return true;
  }

  private skipLines() {
    do this.blanks();
    while (this.newline());
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

  private compound(): Command | undefined {
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

  // ---- [[ ]] ---------------------------------------------------------------------------------------------

  private conditionOr(): Condition {
    let left = this.conditionAnd();
    for (;;) {
      this.skipLines();
      if (!this.src.startsWith('||', this.pos)) return left;
      this.pos += 2;
      left = { kind: 'or', left, right: this.conditionAnd() };
    }
  }

  private conditionAnd(): Condition {
    let left = this.conditionTerm();
    for (;;) {
      this.skipLines();
      if (!this.src.startsWith('&&', this.pos)) return left;
      this.pos += 2;
      left = { kind: 'and', left, right: this.conditionTerm() };
    }
  }

  private conditionTerm(): Condition {
    this.enter();
    const out = this.conditionPrimary();
    this.depth--;
    return out;
  }

  private conditionPrimary(): Condition {
    this.skipLines();
    if (this.src[this.pos] === '(') {
      this.pos++;
      const inner = this.conditionOr();
      this.skipLines();
      if (this.src[this.pos] !== ')') this.unexpected(')');
      this.pos++;
      return inner;
    }
    const first = this.word();
    if (!first) this.unexpected();
    if (first.raw === '!') return { kind: 'not', operand: this.conditionTerm() };
    if (first.raw === ']]') throw new SyntaxProblem(this.line, ']]');
    this.blanks();
    const ending = /^(?:\]\](?=[\s;&|)]|$)|&&|\|\||\)|$)/.test(this.src.slice(this.pos, this.pos + 3));
    if (UNARY.test(first.raw) && !ending) {
      const operand = this.word();
      if (!operand) this.unexpected();
      return { kind: 'unary', op: first.raw, operand };
    }
    if (ending) return { kind: 'unary', op: '-n', operand: first };
    let op: string;
    if (this.src[this.pos] === '<' || this.src[this.pos] === '>') op = this.src[this.pos++];
    else op = this.word()?.raw ?? this.unexpected();
    if (!BINARY.test(op)) throw new SyntaxProblem(this.line, op);
    this.blanks();
    let right: Word | undefined;
    if (op === '=~') right = this.regexWord();
    else {
      this.extended = true;
      right = this.word();
      this.extended = false;
    }
    if (!right) this.unexpected();
    return { kind: 'binary', op, left: first, right };
  }

  /** The right side of `=~`: parentheses and bars belong to it. */
  private regexWord(): Word | undefined {
    const start = this.pos;
    const parts: Word['parts'] = [];
    let depth = 0;
    for (;;) {
      parts.push(...this.parts(' \t\n;&|<>()', false));
      const c = this.src[this.pos];
      if (c === '(') depth++;
      else if (c === ')' && depth > 0) depth--;
      else if (!(c === '|' || c === '<' || c === '>') && !(depth > 0 && c !== undefined && c !== '\n')) break;
      parts.push({ kind: 'text', text: c });
      this.pos++;
    }
    return this.pos === start ? undefined : { parts, raw: this.src.slice(start, this.pos) };
  }

  // ---- functions, simple commands, redirections ----------------------------------------------------------

  private definition(): Command | undefined {
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

  private simple(): Simple {
    const out: Simple = { kind: 'simple', assignments: [], words: [], redirects: [], line: this.line };
    const expanded = new Set<string>();
    let declares = false;
    for (;;) {
      this.blanks();
      if (this.redirection(out.redirects)) continue;
      if (!out.words.length || declares) {
        const assignment = this.assignment();
        if (assignment) {
          if (declares) out.words.push({ parts: [], raw: assignment.name, assign: assignment });
          else out.assignments.push(assignment);
          continue;
        }
      }
      const start = this.pos;
      const word = this.word();
      if (!word) break;
      if (!out.words.length && this.options.alias && !expanded.has(word.raw)) {
        const text = this.options.alias(word.raw);
        if (text !== undefined) {
          expanded.add(word.raw);
          this.src = this.src.slice(0, start) + text + this.src.slice(this.pos);
          this.pos = start;
          const compound = out.assignments.length || out.redirects.length ? undefined : this.compound();
          if (compound) return compound as unknown as Simple;
          continue;
        }
      }
      if (!out.words.length && DECLARATIONS.has(word.raw)) declares = true;
      out.words.push(word);
    }
    if (!out.words.length && !out.assignments.length && !out.redirects.length) this.unexpected();
    if (this.src[this.pos] === '(') this.unexpected();
    return out;
  }

  private assignment(): Assignment | undefined {
    const match = /^([A-Za-z_]\w*)(?:\+?=|\[)/.exec(this.src.slice(this.pos, this.pos + 200));
    if (!match) return undefined;
    const start = this.pos;
    const out: Assignment = { name: match[1], append: false };
    this.pos += out.name.length;
    if (this.src[this.pos] === '[') {
      if (!this.flavour.arrays) {
        this.pos = start;
        return undefined;
      }
      this.pos++;
      const from = this.pos;
      const parts = this.parts(']', false);
      out.index = { parts, raw: this.src.slice(from, this.pos) };
      const after = this.src.slice(this.pos, this.pos + 3);
      if (!after.startsWith(']=') && after !== ']+=') {
        this.pos = start;
        return undefined;
      }
      this.pos++;
    }
    if (this.src[this.pos] === '+') {
      out.append = true;
      this.pos++;
    }
    this.pos++;
    if (this.src[this.pos] === '(' && this.flavour.arrays) {
      this.pos++;
      out.array = this.elements();
    } else if (!/[\s;&|<>()]/.test(this.src[this.pos] ?? ' ')) out.value = this.word();
    return out;
  }

  private elements(): { index?: Word; value: Word }[] {
    const out: { index?: Word; value: Word }[] = [];
    for (;;) {
      this.skipLines();
      if (this.src[this.pos] === ')') break;
      let index: Word | undefined;
      if (this.src[this.pos] === '[') {
        const start = this.pos++;
        const parts = this.parts(']', false);
        if (this.src.startsWith(']=', this.pos)) {
          index = { parts, raw: this.src.slice(start + 1, this.pos) };
          this.pos += 2;
        } else this.pos = start;
      }
      const value = this.word() ?? (index ? literal('') : undefined);
      if (!value) {
        if (this.pos >= this.src.length) throw new SyntaxProblem(this.line, undefined, ')');
        this.unexpected(')');
      }
      out.push({ index, value });
    }
    this.pos++;
    return out;
  }

  private redirection(into: Redirect[]): boolean {
    this.blanks();
    const { flavour } = this;
    const match = /^(\d*)(&>>|&>|<<<|<<-|<<|<&|<>|>>|>&|>\||<|>)/.exec(this.src.slice(this.pos, this.pos + 8));
    if (!match) return false;
    const both = match[2].startsWith('&');
    if (both && (match[1] || !flavour.bothRedirect)) return false;
    if (flavour.processSubstitution && /^[<>]$/.test(match[2]) && this.src[this.pos + match[0].length] === '(') return false;
    if (match[2] === '<<<' && !flavour.hereStrings) {
      this.pos += match[0].length;
      throw new SyntaxProblem(this.line, 'redirection');
    }
    this.pos += match[0].length;
    let op = (both ? match[2].slice(1) : match[2]) as Redirect['op'] | '<<-';
    const strip = op === '<<-';
    if (op === '<<-') op = '<<';
    const fd = both ? '&' : match[1] ? Number(match[1]) : op.startsWith('<') ? 0 : 1;
    const target = this.word();
    if (!target) this.unexpected();
    into.push({ fd, op, target: op === '<<' ? this.hereDocument(target, strip) : target });
    return true;
  }
}

function redirect(command: Command, extra: Redirect) {
  if ('redirects' in command) command.redirects.push(extra);
}

function literal(text: string): Word {
  return { parts: [{ kind: 'quoted', text }], raw: text };
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
