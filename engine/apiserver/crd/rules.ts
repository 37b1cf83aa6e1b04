// x-kubernetes-validations: CEL rules of a schema, run on custom resources. Rules that read oldSelf run on updates; a rule
// that fails on what an update leaves as it was is forgiven (ratcheting).

import type { Faults } from '../../api/validation/field.ts';
import { EvaluationFailure, optional, Scope, typed, type Program } from '../../cel/index.ts';
import { equal } from '../equal.ts';
import { isObject, type Schema } from './structural.ts';
import { correlated, NEW } from './validate.ts';

const MAX_DEPTH = 60;
const MAX_MESSAGE = 5120;

export interface Rule {
  rule: string;
  message?: string;
  messageExpression?: string;
  reason?: string;
  fieldPath?: string;
  optionalOldSelf?: boolean;
}

interface CompiledRule {
  rule: Rule;
  program: Program;
  message: Program | undefined;
  /** Reads oldSelf. */
  transition: boolean;
}

/** The rules of a schema and of what is below it. */
export interface RuleTree {
  schema: Schema;
  root: boolean;
  rules: CompiledRule[];
  properties: Record<string, RuleTree>;
  items?: RuleTree;
  values?: RuleTree;
}

export const rulesOf = (schema: Schema): Rule[] => schema['x-kubernetes-validations'] ?? [];

/** The variables of a schema's rules. */
export function scopeOf(schema: Schema, root: boolean, optionalOldSelf: boolean): Scope {
  const scope = new Scope();
  const type = scope.object(schema, root);
  return scope.variable('self', type).variable('oldSelf', optionalOldSelf ? `optional<${type}>` : type);
}

/** Undefined when there is no rule in the whole schema. */
export function ruleTree(schema: Schema, root: boolean, depth = 0): RuleTree | undefined {
  if (depth > MAX_DEPTH) return undefined;
  const tree: RuleTree = {
    schema,
    root,
    rules: rulesOf(schema).flatMap((rule) => compiled(rule, schema, root)),
    properties: {},
  };
  let some = tree.rules.length > 0;
  const inner = (value: unknown) =>
    isObject(value) ? ruleTree(value, value['x-kubernetes-embedded-resource'] === true, depth + 1) : undefined;
  for (const key of Object.keys(schema.properties ?? {}).sort()) {
    const below = inner(schema.properties[key]);
    if (!below) continue;
    tree.properties[key] = below;
    some = true;
  }
  tree.items = inner(schema.items);
  tree.values = inner(schema.additionalProperties);
  return some || tree.items || tree.values ? tree : undefined;
}

/** A definition whose rules do not compile was refused; one that slipped in has no effect. */
function compiled(rule: Rule, schema: Schema, root: boolean): CompiledRule[] {
  const scope = scopeOf(schema, root, rule.optionalOldSelf === true);
  const program = scope.compile(rule.rule);
  if (typeof program === 'string') return [];
  const message = rule.messageExpression ? scope.compile(rule.messageExpression) : '';
  return [
    {
      rule,
      program,
      message: typeof message === 'string' ? undefined : message,
      transition: program.reads.has('oldSelf'),
    },
  ];
}

export function checkRules(
  faults: Faults,
  tree: RuleTree,
  value: unknown,
  path: string,
  old: unknown = NEW,
  depth = 0,
) {
  if (value === null || value === undefined || depth > MAX_DEPTH) return;
  const unchanged = old !== NEW && equal(value, old);
  if (tree.rules.length) {
    const self = typed(value, tree.schema, tree.root);
    const before = old === NEW ? undefined : typed(old, tree.schema, tree.root);
    for (const rule of tree.rules) check(faults, rule, tree.schema, path, self, before, unchanged);
  }
  if (Array.isArray(value)) {
    if (!tree.items) return;
    const find = correlated(tree.schema, old);
    for (let i = 0; i < value.length; i++)
      checkRules(faults, tree.items, value[i], `${path}[${i}]`, find?.(value[i]) ?? NEW, depth + 1);
    return;
  }
  if (!isObject(value)) return;
  const was = isObject(old) ? old : undefined;
  for (const key of Object.keys(value).sort()) {
    const own = tree.properties[key];
    const inner = own ?? (tree.schema.properties?.[key] ? undefined : tree.values);
    if (!inner) continue;
    const at = own ? (path ? `${path}.${key}` : key) : `${path}[${key}]`;
    checkRules(faults, inner, value[key], at, was?.[key] ?? NEW, depth + 1);
  }
}

function check(
  faults: Faults,
  { rule, program, message, transition }: CompiledRule,
  schema: Schema,
  path: string,
  self: unknown,
  before: unknown,
  unchanged: boolean,
) {
  if (transition && before === undefined && !rule.optionalOldSelf) return;
  if (unchanged && !transition) return;
  const oldSelf = rule.optionalOldSelf ? optional(before) : before;
  const variables = transition || before !== undefined ? { self, oldSelf } : { self };
  const type: string = schema.type ?? '';
  let passed: unknown;
  try {
    passed = program.run(variables);
  } catch (error) {
    if (!(error instanceof EvaluationFailure)) throw error;
    const text = (rule.message ?? rule.rule).trim();
    faults.invalid(
      path || '<nil>',
      type,
      error.message.startsWith('no such overload')
        ? `'${error.message}': call arguments did not match a supported operator, function or macro signature for rule: ${text}`
        : `${error.message} evaluating rule: ${text}`,
    );
    return;
  }
  if (passed === true) return;
  const own = (rule.fieldPath ?? '').trim();
  const field = own ? (path ? `${path}${own}` : own.replace(/^\./, '')) : path || '<nil>';
  const detail =
    (message && messageOf(message, variables)) ?? rule.message?.trim() ?? `failed rule: ${rule.rule.trim()}`;
  switch (rule.reason) {
    case 'FieldValueRequired':
      faults.required(field, detail);
      break;
    case 'FieldValueForbidden':
      faults.forbidden(field, detail);
      break;
    case 'FieldValueDuplicate':
      faults.duplicate(field, type);
      break;
    default:
      faults.invalid(field, type, detail);
  }
}

/** What a message expression says; undefined when it fails or says nothing usable. */
export function messageOf(program: Program, variables: Record<string, unknown>): string | undefined {
  try {
    const text = program.run(variables);
    const trimmed = typeof text === 'string' ? text.trim() : '';
    return trimmed === '' || trimmed.length > MAX_MESSAGE || trimmed.includes('\n') ? undefined : trimmed;
  } catch (error) {
    if (error instanceof EvaluationFailure) return undefined;
    throw error;
  }
}
