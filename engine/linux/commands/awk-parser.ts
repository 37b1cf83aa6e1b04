// awk's language: from text to a tree.

import { AwkSyntaxError, type Token, tokenize } from './awk-lexer.ts';

export type Expr =
  | { kind: 'number'; value: number }
  | { kind: 'string'; value: string }
  | { kind: 'regex'; source: string }
  | { kind: 'name'; name: string }
  | { kind: 'index'; name: string; subscripts: Expr[] }
  | { kind: 'field'; operand: Expr }
  | { kind: 'assign'; op: string; target: Expr; value: Expr }
  | { kind: 'conditional'; test: Expr; yes: Expr; no: Expr }
  | { kind: 'logic'; op: '&&' | '||'; left: Expr; right: Expr }
  | { kind: 'binary'; op: string; left: Expr; right: Expr }
  | { kind: 'match'; negated: boolean; left: Expr; right: Expr }
  | { kind: 'in'; subscripts: Expr[]; name: string }
  | { kind: 'unary'; op: '!' | '-' | '+'; operand: Expr }
  | { kind: 'step'; op: '++' | '--'; prefix: boolean; target: Expr }
  | { kind: 'call'; name: string; args: Expr[]; builtin: boolean }
  | { kind: 'getline'; target?: Expr; from?: Expr; pipe: boolean }
  | { kind: 'group'; inner: Expr[] };

export type Statement =
  | { kind: 'expression'; value: Expr }
  | { kind: 'print'; format: boolean; args: Expr[]; to?: { op: '>' | '>>' | '|'; target: Expr } }
  | { kind: 'if'; test: Expr; yes: Statement; no?: Statement }
  | { kind: 'while'; test: Expr; body: Statement }
  | { kind: 'do'; test: Expr; body: Statement }
  | { kind: 'for'; init?: Statement; test?: Expr; step?: Statement; body: Statement }
  | { kind: 'for-in'; name: string; array: string; body: Statement }
  | { kind: 'block'; body: Statement[] }
  | { kind: 'delete'; name: string; subscripts?: Expr[] }
  | { kind: 'exit' | 'return'; value?: Expr }
  | { kind: 'next' | 'nextfile' | 'break' | 'continue' };

export interface AwkProgram {
  begin: Statement[];
  end: Statement[];
  rules: { pattern?: Expr; until?: Expr; body?: Statement }[];
  functions: Map<string, { parameters: string[]; body: Statement }>;
}

const MAX_DEPTH = 60;

export function parseAwk(src: string): AwkProgram {
  return new AwkParser(tokenize(src)).program();
}

/** Binding strength of binary operators; concatenation is 7. */
const LEVELS: Record<string, number> = {
  '<': 5,
  '<=': 5,
  '==': 5,
  '!=': 5,
  '>': 5,
  '>=': 5,
  '+': 8,
  '-': 8,
  '*': 9,
  '/': 9,
  '%': 9,
};

class AwkParser {
  private i = 0;
  private depth = 0;
  /** Inside print's arguments `>` redirects. */
  private noGreater = false;
  /** Inside `for (x in …` the word belongs to the loop. */
  private noIn = false;
  private readonly tokens: Token[];

  constructor(tokens: Token[]) {
    this.tokens = tokens;
  }

  program(): AwkProgram {
    const out: AwkProgram = { begin: [], end: [], rules: [], functions: new Map() };
    this.skipEnds();
    while (!this.atEnd()) {
      if (this.take('BEGIN')) out.begin.push(this.block());
      else if (this.take('END')) out.end.push(this.block());
      else if (this.take('function') || this.take('func')) this.define(out);
      else if (this.is('{')) out.rules.push({ body: this.block() });
      else {
        const pattern = this.expression();
        let until: Expr | undefined;
        if (this.take(',')) {
          this.skipNewlines();
          until = this.expression();
        }
        out.rules.push({ pattern, until, body: this.is('{') ? this.block() : undefined });
      }
      if (!this.is('newline') && !this.is(';') && !this.atEnd() && this.tokens[this.i - 1].text !== '}')
        this.unexpected();
      this.skipEnds();
    }
    return out;
  }

  private define(out: AwkProgram) {
    const name = this.token.text;
    if (this.token.kind !== 'name' && this.token.kind !== 'call') this.unexpected();
    this.i++;
    this.expect('(');
    const parameters: string[] = [];
    while (!this.take(')')) {
      parameters.push(this.token.text);
      if (this.token.kind !== 'name') this.unexpected();
      this.i++;
      this.take(',');
      this.skipNewlines();
    }
    this.skipNewlines();
    out.functions.set(name, { parameters, body: this.block() });
  }

  // ---- tokens --------------------------------------------------------------------------------------------

  private get token(): Token {
    return this.tokens[this.i];
  }

  private atEnd(): boolean {
    return this.token.kind === 'end';
  }

  private is(text: string): boolean {
    const { token } = this;
    return token.text === text && (token.kind === 'op' || token.kind === 'keyword' || token.kind === 'newline');
  }

  private take(text: string): boolean {
    if (!this.is(text)) return false;
    this.i++;
    return true;
  }

  private expect(text: string) {
    if (!this.take(text)) this.unexpected();
  }

  private unexpected(): never {
    throw new AwkSyntaxError(
      `syntax error at or near ${this.token.kind === 'string' ? `"${this.token.text}"` : this.token.text}`,
      this.token.line,
    );
  }

  private skipNewlines() {
    while (this.token.kind === 'newline') this.i++;
  }

  private skipEnds() {
    while (this.token.kind === 'newline' || this.is(';')) this.i++;
  }

  // ---- statements ----------------------------------------------------------------------------------------

  private block(): Statement {
    this.expect('{');
    const body: Statement[] = [];
    this.skipEnds();
    while (!this.take('}')) {
      body.push(this.statement());
      this.skipEnds();
    }
    return { kind: 'block', body };
  }

  private statement(): Statement {
    if (++this.depth > MAX_DEPTH) throw new AwkSyntaxError('the program is nested too deeply', this.token.line);
    const out = this.statementInside();
    this.depth--;
    return out;
  }

  private statementInside(): Statement {
    if (this.is('{')) return this.block();
    if (this.take(';')) return { kind: 'block', body: [] };
    if (this.take('if')) {
      const test = this.parenthesized();
      this.skipNewlines();
      const yes = this.statement();
      const mark = this.i;
      this.skipEnds();
      if (!this.take('else')) {
        this.i = mark;
        return { kind: 'if', test, yes };
      }
      this.skipNewlines();
      return { kind: 'if', test, yes, no: this.statement() };
    }
    if (this.take('while')) {
      const test = this.parenthesized();
      if (this.take(';')) return { kind: 'while', test, body: { kind: 'block', body: [] } };
      this.skipNewlines();
      return { kind: 'while', test, body: this.statement() };
    }
    if (this.take('do')) {
      this.skipNewlines();
      const body = this.statement();
      this.skipEnds();
      this.expect('while');
      const test = this.parenthesized();
      this.endStatement();
      return { kind: 'do', test, body };
    }
    if (this.take('for')) return this.forLoop();
    const out = this.simple();
    this.endStatement();
    return out;
  }

  private endStatement() {
    if (this.token.kind === 'newline' || this.is(';')) this.i++;
    else if (!this.is('}') && this.token.kind !== 'end') this.unexpected();
  }

  private parenthesized(): Expr {
    this.expect('(');
    const value = this.expression();
    this.expect(')');
    return value;
  }

  private forLoop(): Statement {
    this.expect('(');
    const [first, second, third, fourth] = this.tokens.slice(this.i, this.i + 4);
    if (first.kind === 'name' && second.text === 'in' && third.kind === 'name' && fourth.text === ')') {
      this.i += 4;
      this.skipNewlines();
      return { kind: 'for-in', name: first.text, array: third.text, body: this.statement() };
    }
    const init = this.is(';') ? undefined : this.simple();
    this.expect(';');
    this.skipNewlines();
    const test = this.is(';') ? undefined : this.expression();
    this.expect(';');
    this.skipNewlines();
    const step = this.is(')') ? undefined : this.simple();
    this.expect(')');
    if (this.take(';')) return { kind: 'for', init, test, step, body: { kind: 'block', body: [] } };
    this.skipNewlines();
    return { kind: 'for', init, test, step, body: this.statement() };
  }

  private simple(): Statement {
    const { token } = this;
    const ends = () => this.token.kind === 'newline' || this.is(';') || this.is('}') || this.token.kind === 'end';
    if (token.kind === 'keyword') {
      switch (token.text) {
        case 'next':
        case 'nextfile':
        case 'break':
        case 'continue':
          this.i++;
          return { kind: token.text };
        case 'exit':
        case 'return':
          this.i++;
          return { kind: token.text, value: ends() ? undefined : this.expression() };
        case 'delete': {
          this.i++;
          const name = this.token.text;
          this.i++;
          return { kind: 'delete', name, subscripts: this.take('[') ? this.list(']') : undefined };
        }
        case 'print':
        case 'printf':
          this.i++;
          return this.print(token.text === 'printf', ends);
      }
    }
    return { kind: 'expression', value: this.expression() };
  }

  private print(format: boolean, ends: () => boolean): Statement {
    const saved = this.noGreater;
    this.noGreater = true;
    let args: Expr[] = [];
    const redirected = () => this.is('>') || this.is('>>') || this.is('|');
    if (!ends() && !redirected()) {
      const first = this.expression();
      args = [first];
      if (first.kind === 'group' && (ends() || redirected())) args = first.inner;
      else {
        while (this.take(',')) {
          this.skipNewlines();
          args.push(this.expression());
        }
      }
    }
    this.noGreater = saved;
    if (!redirected()) return { kind: 'print', format, args };
    const op = this.token.text as '>';
    this.i++;
    return { kind: 'print', format, args, to: { op, target: this.concatenation(true) } };
  }

  private list(close: string): Expr[] {
    const out: Expr[] = [];
    const saved = [this.noGreater, this.noIn];
    this.noGreater = this.noIn = false;
    this.skipNewlines();
    while (!this.take(close)) {
      out.push(this.expression());
      this.skipNewlines();
      if (!this.is(close)) this.expect(',');
      this.skipNewlines();
    }
    [this.noGreater, this.noIn] = saved;
    return out;
  }

  // ---- expressions ---------------------------------------------------------------------------------------

  private expression(): Expr {
    if (++this.depth > MAX_DEPTH) throw new AwkSyntaxError('the program is nested too deeply', this.token.line);
    const left = this.conditional();
    const op = /^(?:=|[-+*/%^]=|\*\*=)$/.exec(this.token.kind === 'op' ? this.token.text : '')?.[0];
    let out = left;
    if (op) {
      if (left.kind !== 'name' && left.kind !== 'index' && left.kind !== 'field') this.unexpected();
      this.i++;
      this.skipNewlines();
      out = { kind: 'assign', op: op.slice(0, -1), target: left, value: this.expression() };
    }
    this.depth--;
    return out;
  }

  private conditional(): Expr {
    const test = this.or();
    if (!this.take('?')) return test;
    this.skipNewlines();
    const yes = this.expression();
    this.skipNewlines();
    this.expect(':');
    this.skipNewlines();
    return { kind: 'conditional', test, yes, no: this.expression() };
  }

  private or(): Expr {
    let left = this.and();
    while (this.take('||')) {
      this.skipNewlines();
      left = { kind: 'logic', op: '||', left, right: this.and() };
    }
    return left;
  }

  private and(): Expr {
    let left = this.membership();
    while (this.take('&&')) {
      this.skipNewlines();
      left = { kind: 'logic', op: '&&', left, right: this.membership() };
    }
    return left;
  }

  private membership(): Expr {
    let left = this.matching();
    while (!this.noIn && this.is('in')) {
      this.i++;
      left = { kind: 'in', subscripts: left.kind === 'group' ? left.inner : [left], name: this.token.text };
      this.i++;
    }
    return left;
  }

  private matching(): Expr {
    let left = this.comparison();
    while (this.is('~') || this.is('!~')) {
      const negated = this.token.text === '!~';
      this.i++;
      left = { kind: 'match', negated, left, right: this.comparison() };
    }
    return left;
  }

  private comparison(): Expr {
    let left = this.concatenation(false);
    for (;;) {
      const op = this.token.kind === 'op' ? this.token.text : '';
      if (op === '|' && this.tokens[this.i + 1].text === 'getline') {
        this.i += 2;
        left = { kind: 'getline', from: left, pipe: true, target: this.optionalTarget() };
        continue;
      }
      if (LEVELS[op] !== 5 || (op === '>' && this.noGreater)) return left;
      this.i++;
      left = { kind: 'binary', op, left, right: this.concatenation(false) };
    }
  }

  /** Whether an operand begins here, so that two stand side by side. */
  private operandFollows(): boolean {
    const { kind, text } = this.token;
    if (
      kind === 'number' ||
      kind === 'string' ||
      kind === 'regex' ||
      kind === 'name' ||
      kind === 'call' ||
      kind === 'builtin'
    )
      return true;
    if (kind === 'op')
      return (
        text === '$' || text === '!' || text === '(' || text === '-' || text === '+' || text === '++' || text === '--'
      );
    return false;
  }

  private concatenation(target: boolean): Expr {
    let left = this.additive();
    while (this.operandFollows() && !this.is('!') && !(target && this.is('('))) {
      if (this.is('in')) break;
      left = { kind: 'binary', op: ' ', left, right: this.additive() };
    }
    return left;
  }

  private additive(): Expr {
    let left = this.multiplicative();
    while (this.is('+') || this.is('-')) {
      const op = this.token.text;
      this.i++;
      left = { kind: 'binary', op, left, right: this.multiplicative() };
    }
    return left;
  }

  private multiplicative(): Expr {
    let left = this.unary();
    while (this.is('*') || this.is('/') || this.is('%')) {
      const op = this.token.text;
      this.i++;
      left = { kind: 'binary', op, left, right: this.unary() };
    }
    return left;
  }

  private unary(): Expr {
    for (const op of ['!', '-', '+'] as const) {
      if (!this.take(op)) continue;
      return { kind: 'unary', op, operand: this.unary() };
    }
    return this.power();
  }

  private power(): Expr {
    const base = this.postfix();
    if (!this.is('^') && !this.is('**')) return base;
    this.i++;
    // The exponent binds to the right and may have a sign.
    const sign = this.take('-');
    const exponent = this.power();
    return {
      kind: 'binary',
      op: '^',
      left: base,
      right: sign ? { kind: 'unary', op: '-', operand: exponent } : exponent,
    };
  }

  private postfix(): Expr {
    const target = this.primary();
    const lvalue = target.kind === 'name' || target.kind === 'index' || target.kind === 'field';
    if (lvalue && (this.is('++') || this.is('--'))) {
      const op = this.token.text as '++';
      this.i++;
      return { kind: 'step', op, prefix: false, target };
    }
    return target;
  }

  private optionalTarget(): Expr | undefined {
    const { kind } = this.token;
    return kind === 'name' || this.is('$') ? this.primary() : undefined;
  }

  private primary(): Expr {
    const { token } = this;
    this.i++;
    switch (token.kind) {
      case 'number':
        return { kind: 'number', value: Number(token.text) };
      case 'string':
        return { kind: 'string', value: token.text };
      case 'regex':
        return { kind: 'regex', source: token.text };
      case 'name':
        if (this.take('[')) return { kind: 'index', name: token.text, subscripts: this.list(']') };
        return { kind: 'name', name: token.text };
      case 'call':
        this.expect('(');
        return { kind: 'call', name: token.text, args: this.list(')'), builtin: false };
      case 'builtin':
        return { kind: 'call', name: token.text, args: this.take('(') ? this.list(')') : [], builtin: true };
      case 'keyword':
        if (token.text === 'getline') {
          const target = this.optionalTarget();
          const from = this.take('<') ? this.postfix() : undefined;
          return { kind: 'getline', target, from, pipe: false };
        }
        break;
      case 'op':
        if (token.text === '$') {
          const step = this.is('++') || this.is('--') ? this.unaryStep() : undefined;
          return { kind: 'field', operand: step ?? (this.is('-') ? this.unary() : this.primary()) };
        }
        if (token.text === '++' || token.text === '--') {
          this.i--;
          return this.unaryStep();
        }
        if (token.text === '(') {
          const inner = this.list(')');
          return { kind: 'group', inner };
        }
        if (token.text === '-' || token.text === '+' || token.text === '!') {
          return { kind: 'unary', op: token.text, operand: this.unary() };
        }
    }
    this.i--;
    return this.unexpected();
  }

  private unaryStep(): Expr {
    const op = this.token.text as '++';
    this.i++;
    return { kind: 'step', op, prefix: true, target: this.primary() };
  }
}
