// has(): whether a field is there. The library's macro takes chains of names only (has(self.a.b)); CEL takes a field of any
// expression (has(self.items[0].a)).

import type { ASTNode } from './library.ts';

/* eslint-disable @typescript-eslint/no-explicit-any */
type Checker = any;
type Evaluator = any;
type Context = any;

interface Macro {
  args: ASTNode[];
  typeCheck(checker: Checker, macro: Macro, context: Context): unknown;
  evaluate(evaluator: Evaluator, macro: Macro, context: Context): boolean;
}

function typeCheck(checker: Checker, { args }: Macro, context: Context): unknown {
  const [field] = args;
  if (field.op !== '.' && field.op !== '.?')
    throw checker.createError('invalid_macro_argument', 'invalid argument to has() macro', field);
  // Checking the selection itself refuses fields that the type does not have.
  checker.check(field, context);
  return checker.getType('bool');
}

function evaluate(evaluator: Evaluator, { args }: Macro, context: Context): boolean {
  const field = args[0] as any;
  const object = evaluator.run(field.args[0], context);
  return evaluator.debugType(object).fieldLazy(object, field.args[1], field, evaluator) !== undefined;
}

/** Widens every has() below a node, where macros hide as well. */
export function widenHas(value: any, depth: number) {
  if (typeof value !== 'object' || value === null || depth > 200 || value instanceof Uint8Array) return;
  if (Array.isArray(value)) {
    for (const one of value) widenHas(one, depth + 1);
    return;
  }
  if (value.op === undefined) return;
  widenHas(value.args, depth + 1);
  const { macro } = value.meta ?? {};
  if (macro && value.op === 'call' && value.args[0] === 'has') {
    macro.typeCheck = typeCheck;
    macro.evaluate = evaluate;
  }
}
