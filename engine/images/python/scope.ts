// What running Python code sees: names in scopes, and what a compiled expression, statement or function is.

import type { Co } from '../../sim/index.ts';
import { Dict, Func, raise, Tuple, Unmodelled, type Value } from './values.ts';

/** The names that code sees: its own, then those around it. */
export interface Scope {
  names: Map<string, Value>;
  outer: Scope | undefined;
  /** Names that belong to the module or to a function around. */
  foreign: Set<string>;
  runtime: Runtime;
  /** Of the function. */
  name: string;
}

/** What a running program asks of its interpreter. */
export interface Runtime {
  attribute(value: Value, name: string): Value;
  load(module: string): Value;
  /** How many functions are being run within one another. */
  depth: number;
  /** Passes time for code that goes round and round. */
  step(): Co;
}

export type Eval = (scope: Scope) => Co<Value>;
export type Flow = 'break' | 'continue' | { value: Value } | undefined;
export type Exec = (scope: Scope) => Co<Flow>;
export type Assign = (scope: Scope, value: Value) => Co;

/** Calls within calls: each takes some of the stack that the interpreter itself has. */
const DEEPEST = 40;
export function lookUp(scope: Scope, name: string): Value {
  for (let at: Scope | undefined = scope; at; at = at.outer) {
    const found = at.names.get(name);
    if (found !== undefined) return found;
  }
  return raise('NameError', `name '${name}' is not defined`);
}

export function store(scope: Scope, name: string, value: Value) {
  let at = scope;
  if (scope.foreign.has(name)) {
    while (at.outer?.outer && !at.outer.names.has(name)) at = at.outer;
    if (at.outer?.outer) at = at.outer;
  }
  at.names.set(name, value);
}

export interface Parameter {
  name: string;
  stars: string;
  fallback: Eval | undefined;
}

/** A function of Python, made where its definition stands. */
export function* closure(name: string, parameters: Parameter[], body: Exec, outer: Scope): Co<Value> {
  const fallbacks: (Value | undefined)[] = [];
  for (const { fallback } of parameters) fallbacks.push(fallback && (yield* fallback(outer)));
  return new Func(name, function* (args, named) {
    if (outer.runtime.depth >= DEEPEST) throw new Unmodelled('calling so many functions within one another');
    const names = new Map<string, Value>();
    let next = 0;
    const missing: string[] = [];
    for (let i = 0; i < parameters.length; i++) {
      const { name: parameter, stars } = parameters[i];
      if (stars === '*') {
        names.set(parameter, new Tuple(args.slice(next)));
        next = args.length;
      } else if (stars === '**') {
        const rest = [...named].filter(([key]) => !names.has(key));
        names.set(parameter, new Dict(rest));
      } else {
        const value = next < args.length ? args[next++] : (named.get(parameter) ?? fallbacks[i]);
        if (value === undefined) missing.push(`'${parameter}'`);
        else names.set(parameter, value);
      }
    }
    if (missing.length)
      raise(
        'TypeError',
        `${name}() missing ${missing.length} required positional argument${missing.length > 1 ? 's' : ''}: ${missing.join(' and ')}`,
      );
    if (next < args.length)
      raise(
        'TypeError',
        `${name}() takes ${parameters.length} positional argument${parameters.length === 1 ? '' : 's'} but ${args.length} were given`,
      );
    const scope: Scope = { names, outer, foreign: new Set(), runtime: outer.runtime, name };
    outer.runtime.depth++;
    let flow: Flow;
    try {
      flow = yield* body(scope);
    } finally {
      outer.runtime.depth--;
    }
    return typeof flow === 'object' ? flow.value : null;
  });
}

// eslint-disable-next-line require-yield
export const constant = (value: Value): Eval =>
  function* () {
    return value;
  };
export function* all(list: readonly Eval[], scope: Scope): Co<Value[]> {
  const out: Value[] = [];
  for (const one of list) out.push(yield* one(scope));
  return out;
}
