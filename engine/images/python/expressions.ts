// Python's expressions, from words to coroutines over the names that they see.

import type { Co } from '../../sim/index.ts';
import { binary, compares, format, item, setItem, slice } from './operators.ts';
import {
  all,
  closure,
  constant,
  lookUp,
  store,
  type Assign,
  type Eval,
  type Exec,
  type Parameter,
  type Scope,
} from './scope.ts';
import { SyntaxProblem, tokens, type Token } from './tokens.ts';
import {
  Dict,
  Func,
  iterate,
  Kind,
  List,
  raise,
  Raised,
  repr,
  str,
  truth,
  Tuple,
  typeName,
  Unmodelled,
  type Value,
} from './values.ts';

const LEVELS = [['|'], ['^'], ['&'], ['<<', '>>'], ['+', '-'], ['*', '/', '//', '%', '@']];
const COMPARISONS = ['<', '>', '==', '>=', '<=', '!='];
const KEYWORDS = new Set(
  'False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield'.split(
    ' ',
  ),
);

/** Reads words, and expressions and what is assigned to among them. */
export class Expressions {
  protected readonly words: Token[];
  protected at = 0;
  constructor(words: Token[]) {
    this.words = words;
  }

  protected get word(): Token {
    return this.words[this.at];
  }
  protected is(...texts: string[]): boolean {
    const { kind, text } = this.word;
    return (kind === 'op' || kind === 'name') && texts.includes(text);
  }
  protected take(...texts: string[]): string | undefined {
    return this.is(...texts) ? this.words[this.at++].text : undefined;
  }
  protected next(kind: Token['kind']): boolean {
    if (this.word.kind !== kind) return false;
    this.at++;
    return true;
  }
  protected want(text: string) {
    if (this.take(text) === undefined) throw this.wrong(text === ':' ? "expected ':'" : 'invalid syntax');
  }
  protected wrong(message = 'invalid syntax') {
    return new SyntaxProblem(message, this.word.line);
  }
  protected name(): string {
    const { kind, text } = this.word;
    if (kind !== 'name' || KEYWORDS.has(text)) throw this.wrong();
    this.at++;
    return text;
  }

  protected parameters(end: string): Parameter[] {
    const out: Parameter[] = [];
    while (!this.is(end)) {
      const stars = this.take('*', '**') ?? '';
      const name = this.name();
      if (end === ')' && this.take(':')) this.expression();
      out.push({ name, stars, fallback: this.take('=') ? this.expression() : undefined });
      if (!this.take(',')) break;
    }
    return out;
  }

  /** What is assigned to: one target, or a tuple of several. */
  protected targets(): Assign {
    const list = [this.target()];
    let many = false;
    while (this.take(',')) {
      many = true;
      if (this.is('=', 'in', ')', ']')) break;
      list.push(this.target());
    }
    if (!many) return list[0];
    return function* (scope, value) {
      const items = iterate(value);
      if (items.length > list.length) raise('ValueError', `too many values to unpack (expected ${list.length})`);
      if (items.length < list.length)
        raise('ValueError', `not enough values to unpack (expected ${list.length}, got ${items.length})`);
      for (let i = 0; i < list.length; i++) yield* list[i](scope, items[i]);
    };
  }

  protected target(): Assign {
    const closing = this.take('(', '[');
    if (closing) {
      const inner = this.targets();
      this.want(closing === '(' ? ')' : ']');
      return inner;
    }
    const start = this.at;
    const name = this.name();
    let end = this.at;
    while (this.is('.', '[', '(')) {
      end = this.at;
      this.trailer(constant(null));
    }
    if (this.at === start + 1)
      // eslint-disable-next-line require-yield
      return function* (scope, value) {
        store(scope, name, value);
      };
    const stop = this.at;
    this.at = start + 1;
    // eslint-disable-next-line require-yield
    let holder: Eval = function* (scope) {
      return lookUp(scope, name);
    };
    while (this.at < end) holder = this.trailer(holder);
    if (!this.take('[')) throw new Unmodelled('assigning to an attribute');
    const index = this.expression();
    if (!this.take(']') || this.at !== stop) throw new Unmodelled('assigning to a slice');
    return function* (scope, value) {
      const object = yield* holder(scope);
      const key = yield* index(scope);
      setItem(object, key, value);
    };
  }

  /** One expression, or a tuple of several. */
  protected expressions(): Eval {
    const first = this.expression();
    if (!this.is(',')) return first;
    const list = [first];
    while (this.take(',')) {
      if (this.word.kind === 'newline' || this.is('=', ')', ']', '}', ':', ';')) break;
      list.push(this.expression());
    }
    return function* (scope) {
      const items = yield* all(list, scope);
      return new Tuple(items);
    };
  }

  protected expression(): Eval {
    if (this.take('lambda')) {
      const parameters = this.parameters(':');
      this.want(':');
      const value = this.expression();
      const body: Exec = function* (scope) {
        return { value: yield* value(scope) };
      };
      return (scope) => closure('<lambda>', parameters, body, scope);
    }
    const value = this.either();
    if (!this.is('if')) return value;
    this.at++;
    const test = this.either();
    this.want('else');
    const otherwise = this.expression();
    return function* (scope) {
      return truth(yield* test(scope)) ? yield* value(scope) : yield* otherwise(scope);
    };
  }

  protected either(): Eval {
    return this.logical('or', () => this.logical('and', () => this.negation()));
  }

  protected logical(word: 'and' | 'or', next: () => Eval): Eval {
    const list = [next()];
    while (this.take(word)) list.push(next());
    if (list.length === 1) return list[0];
    return function* (scope) {
      let value: Value = null;
      for (const one of list) {
        value = yield* one(scope);
        if (truth(value) === (word === 'or')) return value;
      }
      return value;
    };
  }

  protected negation(): Eval {
    if (!this.take('not')) return this.comparison();
    const value = this.negation();
    return function* (scope) {
      return !truth(yield* value(scope));
    };
  }

  protected comparison(): Eval {
    const first = this.operation(0);
    const rest: { op: string; value: Eval }[] = [];
    for (;;) {
      let op = this.take(...COMPARISONS, 'in', 'is');
      if (op === 'is' && this.take('not')) op = 'is not';
      if (op === undefined && this.is('not') && this.words[this.at + 1].text === 'in') {
        this.at += 2;
        op = 'not in';
      }
      if (op === undefined) break;
      rest.push({ op, value: this.operation(0) });
    }
    if (rest.length === 0) return first;
    return function* (scope) {
      let left = yield* first(scope);
      for (const { op, value } of rest) {
        const right = yield* value(scope);
        if (!compares(op, left, right)) return false;
        left = right;
      }
      return true;
    };
  }

  protected operation(level: number): Eval {
    if (level === LEVELS.length) return this.unary();
    let left = this.operation(level + 1);
    for (let op = this.take(...LEVELS[level]); op !== undefined; op = this.take(...LEVELS[level])) {
      left = infix(op, left, this.operation(level + 1));
    }
    return left;
  }

  protected unary(): Eval {
    const op = this.take('-', '+', '~');
    if (op === undefined) return this.power();
    const value = this.unary();
    return function* (scope) {
      const number = yield* value(scope);
      if (op === '~') return binary('-', -1n, number);
      return binary(op, typeof number === 'number' ? 0 : 0n, number);
    };
  }

  protected power(): Eval {
    let base = this.atom();
    while (this.is('.', '(', '[')) base = this.trailer(base);
    return this.take('**') ? infix('**', base, this.unary()) : base;
  }

  protected trailer(object: Eval): Eval {
    if (this.take('.')) {
      const name = this.name();
      return function* (scope) {
        return scope.runtime.attribute(yield* object(scope), name);
      };
    }
    if (this.take('[')) return this.subscript(object);
    this.want('(');
    return this.call(object);
  }

  protected subscript(object: Eval): Eval {
    const parts: Eval[] = [];
    let sliced = false;
    while (!this.is(']')) {
      if (this.take(':')) {
        if (!sliced && parts.length === 0) parts.push(constant(null));
        sliced = true;
        if (this.is(':', ']')) parts.push(constant(null));
      } else parts.push(this.expressions());
    }
    this.want(']');
    if (!sliced && parts.length !== 1) throw this.wrong();
    return function* (scope) {
      const value = yield* object(scope);
      const [from, to = null, by = null] = yield* all(parts, scope);
      return sliced ? slice(value, from, to, by) : item(value, from);
    };
  }

  protected call(callee: Eval): Eval {
    const args: { value: Eval; spread: boolean }[] = [];
    const named: { name: string | undefined; value: Eval }[] = [];
    while (!this.is(')')) {
      const stars = this.take('*', '**');
      const next = this.words[this.at + 1];
      if (stars === '**') named.push({ name: undefined, value: this.expression() });
      else if (!stars && this.word.kind === 'name' && next.kind === 'op' && next.text === '=') {
        const name = this.name();
        this.at++;
        named.push({ name, value: this.expression() });
      } else {
        const value = this.comprehended(this.expression(), (items) => new List(items));
        args.push({ value, spread: stars === '*' });
      }
      if (!this.take(',')) break;
    }
    this.want(')');
    return function* (scope) {
      const target = yield* callee(scope);
      const values: Value[] = [];
      for (const { value, spread } of args) {
        const given = yield* value(scope);
        if (spread) values.push(...iterate(given));
        else values.push(given);
      }
      const by = new Map<string, Value>();
      for (const { name, value } of named) {
        const given = yield* value(scope);
        if (name !== undefined) by.set(name, given);
        else if (given instanceof Dict) for (const [key, one] of given.entries.values()) by.set(str(key), one);
      }
      if (target instanceof Kind) return new Raised(target, values);
      if (!(target instanceof Func)) return raise('TypeError', `'${typeName(target)}' object is not callable`);
      return yield* target.call(values, by);
    };
  }

  /** `element for x in xs if …`, when that follows. */
  protected comprehended(element: Eval, make: (items: Value[]) => Value): Eval {
    if (!this.is('for')) return element;
    const clauses: { target: Assign; values: Eval; tests: Eval[] }[] = [];
    while (this.take('for')) {
      const target = this.targets();
      this.want('in');
      const clause = { target, values: this.either(), tests: [] as Eval[] };
      while (this.take('if')) clause.tests.push(this.either());
      clauses.push(clause);
    }
    function* go(scope: Scope, at: number, out: Value[]): Co {
      if (at === clauses.length) return void out.push(yield* element(scope));
      const { target, values, tests } = clauses[at];
      const items = iterate(yield* values(scope));
      next: for (const one of items) {
        yield* scope.runtime.step();
        yield* target(scope, one);
        for (const test of tests) if (!truth(yield* test(scope))) continue next;
        yield* go(scope, at + 1, out);
      }
    }
    return function* (scope) {
      const out: Value[] = [];
      yield* go({ ...scope, names: new Map(), outer: scope, foreign: new Set() }, 0, out);
      return make(out);
    };
  }

  protected atom(): Eval {
    const { kind, text } = this.word;
    if (kind === 'string') return this.strings();
    if (kind === 'number') {
      this.at++;
      const digits = text.replaceAll('_', '');
      return constant(/^0[xob]|^\d+$/i.test(digits) ? BigInt(digits.toLowerCase()) : Number(digits));
    }
    if (this.take('(')) {
      if (this.take(')')) return constant(new Tuple([]));
      const value = this.expressions();
      const all = this.comprehended(value, (items) => new List(items));
      this.want(')');
      return all;
    }
    if (this.take('[')) return this.listed(']', (items) => new List(items));
    if (this.take('{')) return this.braces();
    if (kind !== 'name') throw this.wrong();
    if (text === 'None' || text === 'True' || text === 'False') {
      this.at++;
      return constant({ None: null, True: true, False: false }[text]);
    }
    if (text === 'yield' || text === 'await') throw new Unmodelled(`\`${text}\``);
    this.name();
    // eslint-disable-next-line require-yield
    return function* (scope) {
      return lookUp(scope, text);
    };
  }

  protected listed(end: string, make: (items: Value[]) => Value): Eval {
    const list: Eval[] = [];
    while (!this.is(end)) {
      const value = this.expression();
      if (this.is('for')) {
        const made = this.comprehended(value, make);
        this.want(end);
        return made;
      }
      list.push(value);
      if (!this.take(',')) break;
    }
    this.want(end);
    return function* (scope) {
      const items = yield* all(list, scope);
      return make(items);
    };
  }

  protected braces(): Eval {
    const start = this.at;
    if (!this.is('}')) this.expression();
    const isDict = this.is(':', '}') && (this.is(':') || this.at === start);
    this.at = start;
    if (!isDict)
      return this.listed(
        '}',
        (items) =>
          new Dict(
            items.map((one) => [one, true] as const),
            true,
          ),
      );
    const pairs: Eval[] = [];
    const dict = (items: Value[]) => new Dict(items.map((pair) => (pair as Tuple).items as [Value, Value]));
    while (!this.is('}')) {
      const key = this.expression();
      this.want(':');
      const value = this.expression();
      const pair: Eval = function* (scope) {
        const one = yield* key(scope);
        return new Tuple([one, yield* value(scope)]);
      };
      if (this.is('for')) {
        const made = this.comprehended(pair, dict);
        this.want('}');
        return made;
      }
      pairs.push(pair);
      if (!this.take(',')) break;
    }
    this.want('}');
    return function* (scope) {
      const items = yield* all(pairs, scope);
      return dict(items);
    };
  }

  /** Strings that stand side by side are one. */
  protected strings(): Eval {
    const parts: Eval[] = [];
    while (this.word.kind === 'string') {
      const { text, format: formatted, line } = this.word;
      parts.push(formatted ? interpolated(text, line) : constant(text));
      this.at++;
    }
    if (parts.length === 1) return parts[0];
    return function* (scope) {
      const texts = yield* all(parts, scope);
      return texts.join('');
    };
  }

  /** An expression within a string, to its end. */
  inner(): Eval {
    const value = this.expressions();
    if (this.word.kind !== 'newline') throw this.wrong();
    return value;
  }
}

/** The parts of an f-string: `{expression!r:specification}`. */
function interpolated(text: string, line: number): Eval {
  const parts: Eval[] = [];
  let plain = '';
  for (let at = 0; at < text.length; at++) {
    const c = text[at];
    if ((c === '{' || c === '}') && text[at + 1] === c) {
      plain += c;
      at++;
    } else if (c === '}') throw new SyntaxProblem("f-string: single '}' is not allowed", line);
    else if (c !== '{') plain += c;
    else {
      let depth = 0;
      let end = at + 1;
      for (; end < text.length && (depth > 0 || text[end] !== '}'); end++)
        depth += '([{'.includes(text[end]) ? 1 : ')]}'.includes(text[end]) ? -1 : 0;
      if (end >= text.length) throw new SyntaxProblem("f-string: expecting '}'", line);
      const found = /^(.*?)(=)?(?:!([rsa]))?(?::([^:'"\])}]*))?$/s.exec(text.slice(at + 1, end)) as RegExpExecArray;
      const [, code, shown, conversion, spec = ''] = found;
      parts.push(constant(plain + (shown ? `${code}=` : '')));
      plain = '';
      const value = new Expressions(tokens(code.trim())).inner();
      parts.push(function* (scope) {
        const given = yield* value(scope);
        return format(conversion === 'r' || (shown && !spec) ? repr(given) : conversion ? str(given) : given, spec);
      });
      at = end;
    }
  }
  parts.push(constant(plain));
  return function* (scope) {
    const texts = yield* all(parts, scope);
    return texts.join('');
  };
}

function infix(op: string, left: Eval, right: Eval): Eval {
  return function* (scope) {
    const a = yield* left(scope);
    return binary(op, a, yield* right(scope));
  };
}
