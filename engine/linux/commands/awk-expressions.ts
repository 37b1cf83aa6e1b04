// awk's tree as closures. What cannot wait is a plain function; only getline, system and pipes are coroutines.

import type { Co } from '../../sim/index.ts';
import { ereToRegExp, replaceMatches } from '../regex.ts';
import type { AwkProgram, Expr, Statement } from './awk-parser.ts';
import { type AwkRuntime, AwkError, Jump } from './awk-runtime.ts';
import { compare, fromInput, sprintf, toNumber, toText, truth, type Value } from './awk-values.ts';
import { formatDate } from './date.ts';

/** A compiled expression: `now` when it never waits, else `later`. */
export type Code = { now: () => Value; later?: undefined } | { now?: undefined; later: () => Co<Value> };
export type Action = () => Co<void>;

const MAX_CALLS = 60;

export function lift(children: Code[], fn: (values: Value[]) => Value): Code {
  const plain = children.map((child) => child.now);
  if (plain.every((now) => now !== undefined)) {
    const [a, b] = plain;
    // The usual counts without a loop.
    if (plain.length === 0) return { now: () => fn([]) };
    if (plain.length === 1) return { now: () => fn([a()]) };
    if (plain.length === 2) return { now: () => fn([a(), b()]) };
    return { now: () => fn(plain.map((now) => now())) };
  }
  return {
    later: function* () {
      const values: Value[] = [];
      for (const child of children) values.push(yield* run(child));
      return fn(values);
    },
  };
}

export function* run(code: Code): Co<Value> {
  return code.now ? code.now() : yield* code.later();
}

function choose(test: Code, yes: Code, no: Code, wrap: (value: Value) => Value = (value) => value): Code {
  if (test.now && yes.now && no.now) {
    const { now } = test;
    const then = yes.now;
    const otherwise = no.now;
    return { now: () => wrap(truth(now()) ? then() : otherwise()) };
  }
  return {
    later: function* () {
      return wrap(truth(yield* run(test)) ? yield* run(yes) : yield* run(no));
    },
  };
}

const ARITHMETIC: Record<string, (a: number, b: number) => number> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => {
    if (b === 0) throw new AwkError('division by zero');
    return a / b;
  },
  '%': (a, b) => {
    if (b === 0) throw new AwkError('division by zero in %');
    return a % b;
  },
  '^': (a, b) => a ** b,
  '**': (a, b) => a ** b,
};
const COMPARE: Record<string, (order: number) => boolean> = {
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '==': (order) => order === 0,
  '!=': (order) => order !== 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

export function regexp(source: string, flags = ''): RegExp {
  const found = ereToRegExp(source, flags);
  if (typeof found === 'string') throw new AwkError(`${found}: /${source}/`);
  return found;
}

export abstract class ExpressionCompiler {
  protected readonly runtime: AwkRuntime;
  protected readonly program: AwkProgram;
  private readonly functions = new Map<string, Action>();
  private calls = 0;

  constructor(runtime: AwkRuntime, program: AwkProgram) {
    this.runtime = runtime;
    this.program = program;
  }

  protected text(value: Value): string {
    return typeof value === 'string' ? value : toText(value, this.runtime.convert);
  }

  protected abstract statement(statement: Statement): Action;

  // ---- expressions ---------------------------------------------------------------------------------------

  expression(expr: Expr): Code {
    const { runtime } = this;
    switch (expr.kind) {
      case 'number':
      case 'string': {
        const { value } = expr;
        return { now: () => value };
      }
      case 'regex': {
        const test = regexp(expr.source);
        return { now: () => (test.test(this.text(runtime.field(0))) ? 1 : 0) };
      }
      case 'name': {
        const { name } = expr;
        return { now: () => runtime.get(name) };
      }
      case 'field':
        return lift([this.expression(expr.operand)], (values) => runtime.field(toNumber(values[0])));
      case 'index': {
        const { name } = expr;
        return lift([this.subscript(expr.subscripts)], (values) => runtime.element(name, values[0] as string));
      }
      case 'group': {
        if (expr.inner.length !== 1) throw new AwkError('a list in parentheses is only for print and in');
        return this.expression(expr.inner[0]);
      }
      case 'conditional':
        return choose(this.expression(expr.test), this.expression(expr.yes), this.expression(expr.no));
      case 'logic': {
        const bool = (value: Value) => (truth(value) ? 1 : 0);
        const left = this.expression(expr.left);
        const right = this.expression(expr.right);
        return expr.op === '&&'
          ? choose(left, right, { now: () => 0 }, bool)
          : choose(left, { now: () => 1 }, right, bool);
      }
      case 'binary':
        return this.binary(expr.op, this.expression(expr.left), this.expression(expr.right));
      case 'unary': {
        const { op } = expr;
        return lift([this.expression(expr.operand)], ([value]) =>
          op === '!' ? (truth(value) ? 0 : 1) : op === '-' ? -toNumber(value) : toNumber(value),
        );
      }
      case 'match': {
        const { negated } = expr;
        const pattern = this.pattern(expr.right);
        return lift([this.expression(expr.left), pattern.code], ([value, source]) =>
          pattern.of(source).test(this.text(value)) !== negated ? 1 : 0,
        );
      }
      case 'in': {
        const { name } = expr;
        return lift([this.subscript(expr.subscripts)], ([key]) => (runtime.array(name).has(key as string) ? 1 : 0));
      }
      case 'assign':
        return this.assignment(expr.op, expr.target, expr.value);
      case 'step': {
        const change = expr.op === '++' ? 1 : -1;
        const { prefix } = expr;
        return this.update(expr.target, undefined, (old) => {
          const before = toNumber(old);
          return { value: before + change, result: prefix ? before + change : before };
        });
      }
      case 'getline':
        return this.getline(expr);
      case 'call':
        return expr.builtin ? this.builtin(expr.name, expr.args) : this.call(expr.name, expr.args);
    }
  }

  private binary(op: string, left: Code, right: Code): Code {
    if (op === ' ') return lift([left, right], (values) => this.text(values[0]) + this.text(values[1]));
    const relation = COMPARE[op];
    if (relation) return lift([left, right], (values) => (relation(compare(values[0], values[1])) ? 1 : 0));
    const fn = ARITHMETIC[op];
    return lift([left, right], (values) => fn(toNumber(values[0]), toNumber(values[1])));
  }

  /** An expression used as a pattern: a literal is compiled once. */
  private pattern(expr: Expr): { code: Code; of: (source: Value, flags?: string) => RegExp } {
    if (expr.kind === 'regex') {
      const { source } = expr;
      return { code: { now: () => source }, of: (_value, flags) => regexp(source, flags) };
    }
    return { code: this.expression(expr), of: (value, flags) => regexp(this.text(value), flags) };
  }

  protected subscript(subscripts: Expr[]): Code {
    const codes = subscripts.map((expr) => this.expression(expr));
    if (codes.length === 1) return lift(codes, (values) => this.text(values[0]));
    return lift(codes, (values) => values.map((value) => this.text(value)).join(this.runtime.text('SUBSEP')));
  }

  /** Reads, changes and writes a variable, field or element; `operand` is calculated first. */
  private update(
    target: Expr,
    operand: Code | undefined,
    change: (old: Value, operand: Value) => { value: Value; result: Value },
  ): Code {
    const { runtime } = this;
    const right = operand ?? { now: () => undefined };
    switch (target.kind) {
      case 'name': {
        const { name } = target;
        return lift([right], ([value]) => {
          const changed = change(runtime.get(name), value);
          runtime.set(name, changed.value);
          return changed.result;
        });
      }
      case 'field':
        return lift([this.expression(target.operand), right], ([at, value]) => {
          const changed = change(runtime.field(toNumber(at)), value);
          runtime.setField(toNumber(at), changed.value);
          return changed.result;
        });
      case 'index': {
        const { name } = target;
        return lift([this.subscript(target.subscripts), right], ([key, value]) => {
          const changed = change(runtime.element(name, key as string), value);
          runtime.array(name).set(key as string, changed.value);
          return changed.result;
        });
      }
      case 'group':
        if (target.inner.length === 1) return this.update(target.inner[0], operand, change);
    }
    throw new AwkError('this is not something that can be assigned to');
  }

  private assignment(op: string, target: Expr, value: Expr): Code {
    const fn = op ? ARITHMETIC[op] : undefined;
    return this.update(target, this.expression(value), (old, operand) => {
      const result = fn ? fn(toNumber(old), toNumber(operand)) : operand;
      return { value: result, result };
    });
  }

  private getline(expr: Extract<Expr, { kind: 'getline' }>): Code {
    const { runtime } = this;
    const from = expr.from && this.expression(expr.from);
    const counts = !from || expr.pipe;
    let received: string = '';
    const store = expr.target
      ? this.update(expr.target, undefined, () => ({ value: fromInput(received), result: 1 }))
      : undefined;
    return {
      later: function* () {
        const source = from ? toText(yield* run(from)) : undefined;
        const line =
          source === undefined
            ? yield* runtime.nextRecord()
            : expr.pipe
              ? yield* runtime.readCommand(source)
              : yield* runtime.readFile(source);
        if (line === undefined) return 0;
        if (line === null) return -1;
        if (counts && source !== undefined) runtime.count();
        received = line;
        if (store) yield* run(store);
        else runtime.setField(0, fromInput(line));
        return 1;
      },
    };
  }

  private call(name: string, args: Expr[]): Code {
    const { runtime, program } = this;
    const definition = program.functions.get(name);
    if (!definition) throw new AwkError(`function \`${name}' not defined`);
    const { parameters } = definition;
    if (args.length > parameters.length)
      throw new AwkError(`function \`${name}' called with more arguments than declared`);
    const codes = args.map((arg) => (arg.kind === 'name' ? undefined : this.expression(arg)));
    const enter = () => {
      if (++this.calls > MAX_CALLS)
        throw new AwkError(`function \`${name}': more than ${MAX_CALLS} calls inside each other are not modelled`);
    };
    const leave = () => void this.calls--;
    const body = () => this.body(name, definition.body);
    return {
      later: function* () {
        const frame: Parameters<AwkRuntime['enter']>[0] = new Map();
        for (let i = 0; i < parameters.length; i++) {
          const arg = args[i];
          const code = codes[i];
          // Arrays go by reference, so does a variable that may become one.
          if (arg?.kind === 'name') frame.set(parameters[i], runtime.reference(arg.name));
          else frame.set(parameters[i], code ? yield* run(code) : undefined);
        }
        enter();
        runtime.enter(frame);
        try {
          yield* body()();
        } catch (error) {
          if (error instanceof Jump && error.kind === 'return') return error.value;
          throw error;
        } finally {
          leave();
          runtime.leave();
        }
        return undefined;
      },
    };
  }

  /** A function's body, compiled when it is first called: by then all functions are known. */
  private body(name: string, statement: Statement): Action {
    let action = this.functions.get(name);
    if (!action) this.functions.set(name, (action = this.statement(statement)));
    return action;
  }

  private builtin(name: string, args: Expr[]): Code {
    const { runtime } = this;
    const codes = () => args.map((arg) => this.expression(arg));
    const numeric = (fn: (...numbers: number[]) => number) => lift(codes(), (values) => fn(...values.map(toNumber)));
    const texts = (fn: (...texts: string[]) => Value) =>
      lift(codes(), (values) => fn(...values.map((value) => this.text(value))));
    switch (name) {
      case 'length': {
        const [arg] = args;
        if (!arg) return { now: () => [...this.text(runtime.field(0))].length };
        if (arg.kind === 'name') {
          const array = arg.name;
          return { now: () => runtime.arrayIfAny(array)?.size ?? [...this.text(runtime.get(array))].length };
        }
        return texts((text) => [...text].length);
      }
      case 'substr':
        return lift(codes(), ([text, from, length]) => {
          const start = Math.round(toNumber(from));
          const end = length === undefined && args.length < 3 ? Infinity : start + Math.round(toNumber(length));
          return this.text(text).slice(Math.max(0, start - 1), Math.max(0, end - 1));
        });
      case 'index':
        return texts((text, part) => text.indexOf(part) + 1);
      case 'tolower':
        return texts((text) => text.toLowerCase());
      case 'toupper':
        return texts((text) => text.toUpperCase());
      case 'sprintf':
        return lift(codes(), (values) => sprintf(this.text(values[0]), values.slice(1)));
      case 'int':
        return numeric(Math.trunc);
      case 'sqrt':
        return numeric(Math.sqrt);
      case 'exp':
        return numeric(Math.exp);
      case 'log':
        return numeric(Math.log);
      case 'sin':
        return numeric(Math.sin);
      case 'cos':
        return numeric(Math.cos);
      case 'atan2':
        return numeric(Math.atan2);
      case 'and':
        return numeric((a, b) => Number(BigInt(a) & BigInt(b)));
      case 'or':
        return numeric((a, b) => Number(BigInt(a) | BigInt(b)));
      case 'xor':
        return numeric((a, b) => Number(BigInt(a) ^ BigInt(b)));
      case 'lshift':
        return numeric((a, b) => a * 2 ** b);
      case 'rshift':
        return numeric((a, b) => Math.floor(a / 2 ** b));
      case 'rand':
        return { now: () => runtime.random() };
      case 'srand':
        return lift(codes(), ([seed]) => runtime.seed(seed === undefined ? undefined : toNumber(seed)));
      case 'systime':
        return { now: () => Math.floor(runtime.now / 1000) };
      case 'strftime':
        return lift(codes(), ([format, time]) =>
          formatDate(
            format === undefined ? '%a %b %e %H:%M:%S %Z %Y' : this.text(format),
            time === undefined ? runtime.now : toNumber(time) * 1000,
          ),
        );
      case 'split':
        return this.split(args);
      case 'match':
        return this.matchFunction(args);
      case 'sub':
      case 'gsub':
        return this.substitution(name === 'gsub', args);
      case 'gensub':
        return this.gensub(args);
      case 'close':
        return this.waiting(args, (name_) => runtime.close(name_));
      case 'fflush':
        return this.waiting(args, () => runtime.flush());
      case 'system':
        return this.waiting(args, (command) => runtime.system(command));
    }
    throw new AwkError(`function ${name} is not modelled`);
  }

  private waiting(args: Expr[], action: (text: string) => Co<number>): Code {
    const code = args[0] ? this.expression(args[0]) : { now: () => '' };
    return {
      later: function* () {
        return yield* action(toText(yield* run(code)));
      },
    };
  }

  private split(args: Expr[]): Code {
    const { runtime } = this;
    const array = args[1];
    if (array?.kind !== 'name') throw new AwkError('split: second argument is not an array');
    const separator = args[2] ? this.pattern(args[2]) : undefined;
    const literal = args[2]?.kind === 'regex';
    return lift([this.expression(args[0]), separator?.code ?? { now: () => undefined }], ([value, source]) => {
      const given = separator ? this.text(source) : runtime.text('FS');
      const parts =
        literal && separator
          ? splitBy(this.text(value), separator.of(source))
          : runtime.splitText(this.text(value), given);
      const map = runtime.array(array.name);
      map.clear();
      parts.forEach((part, i) => map.set(String(i + 1), fromInput(part)));
      return parts.length;
    });
  }

  private matchFunction(args: Expr[]): Code {
    const { runtime } = this;
    const pattern = this.pattern(args[1]);
    const groups = args[2]?.kind === 'name' ? args[2].name : undefined;
    return lift([this.expression(args[0]), pattern.code], ([value, source]) => {
      const found = pattern.of(source).exec(this.text(value));
      runtime.set('RSTART', found ? found.index + 1 : 0);
      runtime.set('RLENGTH', found ? found[0].length : -1);
      if (groups !== undefined) {
        const map = runtime.array(groups);
        map.clear();
        found?.forEach((group, i) => map.set(String(i), fromInput(group ?? '')));
      }
      return found ? found.index + 1 : 0;
    });
  }

  private substitution(global: boolean, args: Expr[]): Code {
    const pattern = this.pattern(args[0]);
    const target: Expr = args[2] ?? { kind: 'field', operand: { kind: 'number', value: 0 } };
    const inputs = lift([pattern.code, this.expression(args[1])], ([source, replacement]) => {
      this.pendingSource = source;
      return this.text(replacement);
    });
    return this.update(target, inputs, (old, replacement) => {
      let count = 0;
      const make = replacementOf(this.text(replacement));
      const text = replaceMatches(this.text(old), pattern.of(this.pendingSource, global ? 'g' : ''), (match) => {
        count++;
        return make(match[0]);
      });
      return { value: count ? text : old, result: count };
    });
  }

  /** The pattern of the substitution being carried out. */
  private pendingSource: Value;

  private gensub(args: Expr[]): Code {
    const pattern = this.pattern(args[0]);
    const target = args[3] ?? { kind: 'field', operand: { kind: 'number', value: 0 } };
    return lift(
      [pattern.code, this.expression(args[1]), this.expression(args[2]), this.expression(target)],
      ([source, replacement, how, value]) => {
        const word = this.text(how);
        const all = /^[gG]/.test(word);
        const wanted = all ? 0 : Math.max(1, toNumber(how));
        let count = 0;
        return this.text(value).replace(pattern.of(source, 'g'), (...match) => {
          count++;
          if (!all && count !== wanted) return match[0];
          return this.text(replacement).replace(/\\(\d|&|\\)|&/g, (mark, digit) =>
            mark === '&' ? match[0] : digit === '&' ? '&' : digit === '\\' ? '\\' : (match[Number(digit)] ?? ''),
          );
        });
      },
    );
  }
}

function splitBy(text: string, separator: RegExp): string[] {
  return text === '' ? [] : text.split(new RegExp(separator.source.replace(/\((?!\?)/g, '(?:')));
}

/** `&` is the match, `\&` an ampersand. */
function replacementOf(text: string): (match: string) => string {
  if (!/[\\&]/.test(text)) return () => text;
  return (match) => text.replace(/\\([\\&])|&/g, (_whole, escaped) => escaped ?? match);
}
