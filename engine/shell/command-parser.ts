// The middle of the parser: simple commands with their assignments and redirections, and `[[ … ]]`.

import type { Assignment, Command, Condition, Redirect, Simple, Word } from './ast.ts';
import { SyntaxProblem } from './flavour.ts';
import { WordParser } from './words.ts';

const DECLARATIONS = new Set(['declare', 'typeset', 'local', 'export', 'readonly']);
const UNARY = /^-[abcdefghknoprstuvwxzGLNORS]$/;
const BINARY = /^(?:=|==|!=|=~|<|>|-eq|-ne|-lt|-le|-gt|-ge|-nt|-ot|-ef)$/;

export abstract class CommandParser extends WordParser {
  /** A compound command, where one begins. */
  protected abstract compound(): Command | undefined;
  /** A function's definition, where one begins. */
  protected abstract definition(): Command | undefined;

  protected unexpected(expecting?: string): never {
    const token = this.token();
    throw new SyntaxProblem(this.line, token, undefined, expecting);
  }

  protected newline(): boolean {
    if (this.src[this.pos] !== '\n') {
      if (this.pos >= this.src.length) this.hereBodies();
      return false;
    }
    this.pos++;
    this.line++;
    this.hereBodies();
    return true;
  }

  protected skipLines() {
    do this.blanks();
    while (this.newline());
  }

  // ---- [[ ]] ---------------------------------------------------------------------------------------------

  protected conditionOr(): Condition {
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

  protected simple(): Simple {
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
          const first = !out.assignments.length && !out.redirects.length;
          const other = first ? (this.compound() ?? this.definition()) : undefined;
          if (other) return other as unknown as Simple;
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

  protected redirection(into: Redirect[]): boolean {
    this.blanks();
    const { flavour } = this;
    const match = /^(\d*)(&>>|&>|<<<|<<-|<<|<&|<>|>>|>&|>\||<|>)/.exec(this.src.slice(this.pos, this.pos + 8));
    if (!match) return false;
    const both = match[2].startsWith('&');
    if (both && (match[1] || !flavour.bothRedirect)) return false;
    if (flavour.processSubstitution && /^[<>]$/.test(match[2]) && this.src[this.pos + match[0].length] === '(')
      return false;
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

export function literal(text: string): Word {
  return { parts: [{ kind: 'quoted', text }], raw: text };
}
