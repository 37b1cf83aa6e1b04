// awk's statements as coroutines over compiled expressions.

import type { Co } from '../../sim/index.ts';
import { type Action, type Code, ExpressionCompiler, lift, run } from './awk-expressions.ts';
import type { Statement } from './awk-parser.ts';
import { Jump } from './awk-runtime.ts';
import { fromInput, sprintf, toText, truth } from './awk-values.ts';

export class Compiler extends ExpressionCompiler {
  statement(statement: Statement): Action {
    const { runtime } = this;
    switch (statement.kind) {
      case 'expression': {
        const code = this.expression(statement.value);
        if (code.now) {
          const { now } = code;
          // eslint-disable-next-line require-yield
          return function* () {
            now();
          };
        }
        return function* () {
          yield* run(code);
        };
      }
      case 'block': {
        const actions = statement.body.map((inner) => this.statement(inner));
        if (actions.length === 1) return actions[0];
        return function* () {
          for (let i = 0; i < actions.length; i++) yield* actions[i]();
        };
      }
      case 'print':
        return this.print(statement);
      case 'if': {
        const test = this.expression(statement.test);
        const yes = this.statement(statement.yes);
        const no = statement.no && this.statement(statement.no);
        return function* () {
          if (truth(test.now ? test.now() : yield* run(test))) yield* yes();
          else if (no) yield* no();
        };
      }
      case 'while':
        return this.loop(undefined, this.expression(statement.test), undefined, this.statement(statement.body), false);
      case 'do':
        return this.loop(undefined, this.expression(statement.test), undefined, this.statement(statement.body), true);
      case 'for': {
        const test = statement.test && this.expression(statement.test);
        const init = statement.init && this.statement(statement.init);
        const step = statement.step && this.statement(statement.step);
        return this.loop(init, test, step, this.statement(statement.body), false);
      }
      case 'for-in': {
        const { name, array } = statement;
        const body = this.statement(statement.body);
        return function* () {
          for (const key of [...runtime.array(array).keys()]) {
            runtime.set(name, fromInput(key));
            if (yield* broken(body)) break;
          }
        };
      }
      case 'delete': {
        const { name } = statement;
        const key = statement.subscripts && this.subscript(statement.subscripts);
        return function* () {
          if (!key) runtime.array(name).clear();
          else runtime.array(name).delete((yield* run(key)) as string);
        };
      }
      case 'exit':
      case 'return': {
        const { kind } = statement;
        const value = statement.value && this.expression(statement.value);
        return function* () {
          throw new Jump(kind, value ? yield* run(value) : undefined);
        };
      }
      default: {
        const { kind } = statement;
        // eslint-disable-next-line require-yield
        return function* () {
          throw new Jump(kind, undefined);
        };
      }
    }
  }

  private loop(
    init: Action | undefined,
    test: Code | undefined,
    step: Action | undefined,
    body: Action,
    bodyFirst: boolean,
  ): Action {
    const { runtime } = this;
    return function* () {
      if (init) yield* init();
      for (let first = bodyFirst; ; first = false) {
        if (!first && test && !truth(test.now ? test.now() : yield* run(test))) break;
        if (yield* broken(body)) break;
        if (step) yield* step();
        yield* runtime.breathe();
      }
    };
  }

  private print(statement: Extract<Statement, { kind: 'print' }>): Action {
    const { runtime } = this;
    const { format, to } = statement;
    const codes = statement.args.map((arg) => this.expression(arg));
    const text = lift(codes, (values) => {
      if (format) return sprintf(this.text(values[0]), values.slice(1));
      if (!values.length) return this.text(runtime.field(0)) + runtime.text('ORS');
      const output = runtime.text('OFMT');
      let out = '';
      for (let i = 0; i < values.length; i++) out += (i ? runtime.text('OFS') : '') + toText(values[i], output);
      return out + runtime.text('ORS');
    });
    const target = to && this.expression(to.target);
    return function* () {
      const out = (text.now ? text.now() : yield* run(text)) as string;
      if (to && target) yield* runtime.printTo(to.op, toText(yield* run(target)), out);
      else yield* runtime.print(out);
    };
  }
}

/** Runs a loop's body; true when it broke out. */
function* broken(body: Action): Co<boolean> {
  try {
    yield* body();
  } catch (error) {
    if (error instanceof Jump && error.kind === 'break') return true;
    if (!(error instanceof Jump && error.kind === 'continue')) throw error;
  }
  return false;
}
