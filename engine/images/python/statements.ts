// Python's statements, and whole programs.

import { binary } from './operators.ts';
import { Expressions } from './expressions.ts';
import { closure, constant, lookUp, store, type Assign, type Eval, type Exec, type Flow, type Scope } from './scope.ts';
import { SyntaxProblem, tokens } from './tokens.ts';
import { Func, iterate, KINDS, Kind, List, Module, raise, Raised, truth, Tuple, Unmodelled } from './values.ts';
import type { Co } from '../../sim/index.ts';

export const compile = (source: string): Exec => new Program(tokens(source)).program();

class Program extends Expressions {
  program(): Exec {
    const body: Exec[] = [];
    while (this.word.kind !== 'end') body.push(...this.statement());
    return sequence(body);
  }

  private block(): Exec {
    this.want(':');
    if (!this.next('newline')) return sequence(this.simple());
    if (!this.next('indent')) throw new SyntaxProblem('expected an indented block', this.word.line, 'IndentationError');
    const body: Exec[] = [];
    while (this.word.kind !== 'dedent') body.push(...this.statement());
    this.at++;
    return sequence(body);
  }

  private statement(): Exec[] {
    const { line, text, kind } = this.word;
    if (kind === 'indent') throw new SyntaxProblem('unexpected indent', line, 'IndentationError');
    if (this.is('class', 'async', 'yield', 'await', '@')) throw new Unmodelled(`\`${text}\``);
    if (this.take('if')) return [noted(line, this.branch())];
    if (this.take('while')) return [noted(line, this.loop())];
    if (this.take('for')) return [noted(line, this.each())];
    if (this.take('def')) return [this.definition()];
    if (this.take('try')) return [this.attempt()];
    if (this.take('with')) return [noted(line, this.within())];
    return this.simple();
  }

  private simple(): Exec[] {
    const out: Exec[] = [];
    do {
      if (this.word.kind === 'newline') break;
      out.push(noted(this.word.line, this.small()));
    } while (this.take(';'));
    if (this.word.kind === 'end') return out;
    if (this.word.kind !== 'newline') throw this.wrong();
    this.at++;
    return out;
  }

  private branch(): Exec {
    const test = this.expression();
    const then = this.block();
    const otherwise = this.take('elif') ? this.branch() : this.take('else') ? this.block() : undefined;
    return function* (scope) {
      if (truth(yield* test(scope))) return yield* then(scope);
      return otherwise ? yield* otherwise(scope) : undefined;
    };
  }

  private loop(): Exec {
    const test = this.expression();
    const body = this.block();
    const after = this.take('else') ? this.block() : undefined;
    return function* (scope) {
      while (truth(yield* test(scope))) {
        yield* scope.runtime.step();
        const flow = yield* body(scope);
        if (flow === 'break') return undefined;
        if (typeof flow === 'object') return flow;
      }
      return after ? yield* after(scope) : undefined;
    };
  }

  private each(): Exec {
    const target = this.targets();
    this.want('in');
    const values = this.expressions();
    const body = this.block();
    const after = this.take('else') ? this.block() : undefined;
    return function* (scope) {
      const items = iterate(yield* values(scope));
      for (let i = 0; i < items.length; i++) {
        yield* scope.runtime.step();
        yield* target(scope, items[i]);
        const flow = yield* body(scope);
        if (flow === 'break') return undefined;
        if (typeof flow === 'object') return flow;
      }
      return after ? yield* after(scope) : undefined;
    };
  }

  private definition(): Exec {
    const name = this.name();
    this.want('(');
    const parameters = this.parameters(')');
    this.want(')');
    if (this.take('->')) this.expression();
    const body = this.block();
    return function* (scope) {
      store(scope, name, yield* closure(name, parameters, body, scope));
      return undefined;
    };
  }

  private attempt(): Exec {
    const body = this.block();
    const handlers: { kinds: Eval | undefined; name: string | undefined; body: Exec }[] = [];
    while (this.take('except')) {
      const kinds = this.is(':') ? undefined : this.expression();
      const name = this.take('as') ? this.name() : undefined;
      handlers.push({ kinds, name, body: this.block() });
    }
    const otherwise = this.take('else') ? this.block() : undefined;
    const last = this.take('finally') ? this.block() : undefined;
    return function* (scope) {
      let flow: Flow;
      try {
        try {
          flow = yield* body(scope);
          if (!flow && otherwise) flow = yield* otherwise(scope);
        } catch (error) {
          if (!(error instanceof Raised)) throw error;
          const handler = yield* chosen(handlers, error, scope);
          if (!handler) throw error;
          if (handler.name) store(scope, handler.name, error);
          scope.names.set(' handled', error);
          flow = yield* handler.body(scope);
        }
      } finally {
        if (last) flow = (yield* last(scope)) ?? flow;
      }
      return flow;
    };
  }

  private within(): Exec {
    const value = this.expression();
    const target = this.take('as') ? this.name() : undefined;
    const body = this.block();
    return function* (scope) {
      const opened = yield* value(scope);
      if (target) store(scope, target, opened);
      try {
        return yield* body(scope);
      } finally {
        const close = opened instanceof Module ? opened.members.close : undefined;
        if (close instanceof Func) yield* close.call([], new Map());
      }
    };
  }

  private small(): Exec {
    const { line } = this.word;
    if (this.take('pass')) return nothing;
    if (this.take('break')) return always('break');
    if (this.take('continue')) return always('continue');
    if (this.take('global', 'nonlocal')) {
      const names = [this.name()];
      while (this.take(',')) names.push(this.name());
      return function* (scope) {
        for (const name of names) scope.foreign.add(name);
        return undefined;
      };
    }
    if (this.take('return')) {
      const value = this.word.kind === 'newline' || this.is(';') ? constant(null) : this.expressions();
      return function* (scope) {
        return { value: yield* value(scope) };
      };
    }
    if (this.take('import')) return this.imports();
    if (this.take('from')) return this.importsFrom();
    if (this.take('raise')) return this.raising();
    if (this.take('assert')) {
      const test = this.expression();
      const message = this.take(',') ? this.expression() : undefined;
      return function* (scope) {
        if (!truth(yield* test(scope))) throw new Raised(KINDS.AssertionError, message ? [yield* message(scope)] : []);
        return undefined;
      };
    }
    if (this.is('del')) throw new Unmodelled('`del`');
    return this.assignment(line);
  }

  private assignment(line: number): Exec {
    const start = this.at;
    const first = this.expressions();
    const operator = this.take('+=', '-=', '*=', '/=', '//=', '%=', '**=', '&=', '|=', '^=', '<<=', '>>=');
    if (operator) {
      const end = this.at;
      const value = this.expressions();
      const target = this.targetAt(start, end - 1, line);
      const op = operator.slice(0, -1);
      return function* (scope) {
        const before = yield* first(scope);
        const by = yield* value(scope);
        if (op === '+' && before instanceof List) before.items.push(...iterate(by));
        else yield* target(scope, binary(op, before, by));
        return undefined;
      };
    }
    const targets: Assign[] = [];
    let value = first;
    let from = start;
    if (this.take(':')) {
      this.expression();
      if (!this.is('=')) return nothing;
      targets.push(this.targetAt(start, start + 1, line));
      this.want('=');
      value = this.expressions();
    }
    while (this.is('=')) {
      targets.push(this.targetAt(from, this.at, line));
      this.at++;
      from = this.at;
      value = this.expressions();
    }
    return function* (scope) {
      const result = yield* value(scope);
      for (const target of targets) yield* target(scope, result);
      return undefined;
    };
  }

  /** Reads the words from `start` to `end` again, as what is assigned to. */
  private targetAt(start: number, end: number, line: number): Assign {
    const back = this.at;
    this.at = start;
    const target = this.targets();
    if (this.at !== end) throw new SyntaxProblem('cannot assign to expression', line);
    this.at = back;
    return target;
  }

  private path(): string {
    let name = this.name();
    while (this.take('.')) name += `.${this.name()}`;
    return name;
  }

  private imports(): Exec {
    const list: { path: string; as: string | undefined }[] = [];
    do {
      const path = this.path();
      list.push({ path, as: this.take('as') ? this.name() : undefined });
    } while (this.take(','));
    return function* (scope) {
      yield 2;
      for (const { path, as } of list) {
        const module = scope.runtime.load(path);
        const top = path.split('.')[0];
        store(scope, as ?? top, as ? module : scope.runtime.load(top));
      }
      return undefined;
    };
  }

  private importsFrom(): Exec {
    const path = this.path();
    this.want('import');
    const closing = this.take('(');
    const list: { name: string; as: string }[] = [];
    do {
      const name = this.name();
      list.push({ name, as: this.take('as') ? this.name() : name });
    } while (this.take(','));
    if (closing) this.want(')');
    return function* (scope) {
      yield 2;
      const module = scope.runtime.load(path);
      for (const { name, as } of list) store(scope, as, scope.runtime.attribute(module, name));
      return undefined;
    };
  }

  private raising(): Exec {
    const value = this.word.kind === 'newline' ? undefined : this.expression();
    if (this.take('from')) this.expression();
    return function* (scope) {
      const given = value ? yield* value(scope) : lookUp(scope, ' handled');
      if (given instanceof Kind) throw new Raised(given, []);
      if (given instanceof Raised) throw given;
      return raise('TypeError', 'exceptions must derive from BaseException');
    };
  }
}

function* chosen<T extends { kinds: Eval | undefined }>(handlers: T[], error: Raised, scope: Scope): Co<T | undefined> {
  for (const handler of handlers) {
    const given = handler.kinds ? yield* handler.kinds(scope) : KINDS.BaseException;
    const kinds = given instanceof Tuple ? given.items : [given];
    if (kinds.some((kind) => kind instanceof Kind && error.kind.is(kind))) return handler;
  }
  return undefined;
}

// eslint-disable-next-line require-yield
const always = (flow: Flow): Exec =>
  function* () {
    return flow;
  };
const nothing = always(undefined);

function sequence(body: readonly Exec[]): Exec {
  if (body.length === 1) return body[0];
  return function* (scope) {
    for (const one of body) {
      const flow = yield* one(scope);
      if (flow) return flow;
    }
    return undefined;
  };
}

/** An exception that passes is told where it was. */
function noted(line: number, body: Exec): Exec {
  return function* (scope) {
    try {
      return yield* body(scope);
    } catch (error) {
      if (error instanceof Raised && error.within !== scope) {
        error.within = scope;
        error.frames.push({ line, name: scope.name });
      }
      throw error;
    }
  };
}
