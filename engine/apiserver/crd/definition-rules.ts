// Rules in the schema of a definition: what they say beside their expressions, whether these compile, and what they cost.

import { Typed, type Faults } from '../../api/validation/field.ts';
import { RULE_LIMIT, type Program } from '../../cel/index.ts';
import { rulesOf, scopeOf, type Rule } from './rules.ts';
import { isObject, type Schema } from './structural.ts';

const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];

/** Where a schema with rules stands. */
export interface RulesPlace {
  root: boolean;
  /** The list whose items cannot be told apart, if the schema is in one. */
  uncorrelated: string;
  /** How many values an object can have here. */
  times: number;
  costs: Cost[];
  /** Where faults of rules go; absent where rules are not compiled. */
  cel: Faults | undefined;
}

export interface Cost {
  at: string;
  cost: number;
}

export function overBudget(what: string, cost: number, limit: number): string {
  const factor = cost / limit;
  const shown = factor > 100 ? 'more than 100x' : factor < 1.5 ? `${factor.toFixed(6)}x` : `${factor.toFixed(1)}x`;
  return `${what} exceeds budget by factor of ${shown} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}

/** `before`: how many faults there were before this schema; rules of a faulty one are not compiled. */
export function rules(faults: Faults, path: string, schema: Schema, place: RulesPlace, before: number) {
  const list = rulesOf(schema);
  list.forEach((rule, i) => {
    const at = `${path}.x-kubernetes-validations[${i}]`;
    const text = (rule.rule ?? '').trim();
    const message = (rule.message ?? '').trim();
    const leads = rule.fieldPath;
    if (text === '') faults.required(`${at}.rule`, 'rule is not specified');
    else if (rule.message && message === '')
      faults.invalid(`${at}.message`, rule.message, 'message must be non-empty if specified');
    else if (/[\n\r]/.test(message))
      faults.invalid(`${at}.message`, rule.message, 'message must not contain line breaks');
    else if (/[\n\r]/.test(text) && message === '')
      faults.required(`${at}.message`, 'message must be specified if rule contains line breaks');
    if (rule.messageExpression && rule.messageExpression.trim() === '')
      faults.required(`${at}.messageExpression`, 'messageExpression must be non-empty if specified');
    if (rule.reason !== undefined) faults.ifNot(`${at}.reason`, rule.reason, REASONS);
    if (!leads) return;
    if (leads.trim() === '') faults.invalid(`${at}.fieldPath`, leads, 'fieldPath must be non-empty if specified');
    if (/[\n\r]/.test(leads)) faults.invalid(`${at}.fieldPath`, leads, 'fieldPath must not contain line breaks');
    if (typeof fieldAt(schema, leads, true) === 'string')
      faults.invalid(`${at}.fieldPath`, leads, 'fieldPath must be a valid path');
  });
  const { cel } = place;
  if (!cel || faults.list.length > before) return;
  list.forEach((rule, i) => compile(cel, `${path}.x-kubernetes-validations[${i}]`, schema, rule, place));
}

function compile(
  faults: Faults,
  at: string,
  schema: Schema,
  rule: Rule,
  { root, times, costs, uncorrelated }: RulesPlace,
) {
  const scope = scopeOf(schema, root, rule.optionalOldSelf === true);
  const shown = new Typed('apiextensions.ValidationRule', rule);
  const compiled = (expression: string, field: string, type: string, words: [string, string]): Program | undefined => {
    const program = scope.compile(expression);
    if (typeof program === 'string') faults.invalid(`${at}.${field}`, shown, `${words[0]} failed: ${program}`);
    else if (program.type !== type && program.type !== 'dyn')
      faults.invalid(`${at}.${field}`, shown, `${words[1]} must evaluate to a ${type}`);
    else return program;
    return undefined;
  };
  const program = compiled(rule.rule, 'rule', 'bool', ['compilation', 'cel expression']);
  const cost = program ? program.cost({ self: schema, oldSelf: schema }) * times : 0;
  if (program) costs.push({ at: `${at}.rule`, cost });
  if (cost > RULE_LIMIT) faults.forbidden(`${at}.rule`, overBudget('estimated rule cost', cost, RULE_LIMIT));
  if (rule.messageExpression)
    compiled(rule.messageExpression, 'messageExpression', 'string', [
      'messageExpression compilation',
      'messageExpression',
    ]);
  const reads = program?.reads.has('oldSelf') ?? false;
  if (reads && uncorrelated)
    faults.invalid(
      `${at}.rule`,
      rule.rule,
      `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelated}`,
    );
  if (!reads && rule.optionalOldSelf !== undefined)
    faults.invalid(`${at}.optionalOldSelf`, rule.optionalOldSelf, 'may not be set if oldSelf is not used in rule');
}

/** The field that '.a.b' or ".a['b']" (where brackets are allowed) names, with its steps; or why there is none. */
export function fieldAt(root: Schema, path: string, brackets: boolean): { schema: Schema; steps: string[] } | string {
  const tokens = path.match(/[.[\]]|'(?:[^'\\]|\\.)*'|[^.[\]]+/g) ?? [];
  const steps: string[] = [];
  let at: Schema = root;
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i];
    if (token !== '.' && token !== '[') return `expected [ or . but got: ${token}`;
    if (token === '[' && !brackets) return 'array notation is not allowed';
    const name = tokens[++i];
    if (name === undefined) return 'unexpected end of JSON path';
    let key = name;
    if (token === '[') {
      if (!/^'.*'$/.test(name)) return `expected single quoted string but got ${name}`;
      key = name.slice(1, -1).replace(/\\(.)/g, '$1');
      const close = tokens[++i];
      if (close === undefined) return 'unexpected end of JSON path';
      if (close !== ']') return `expected ] but got ${close}`;
    }
    const own = at.properties?.[key];
    const other = token === '[' && !at.properties && isObject(at.additionalProperties) && at.additionalProperties;
    if (!own && !other) return 'does not refer to a valid field';
    at = own ?? other;
    steps.push(key);
  }
  return steps.length ? { schema: at, steps } : 'does not refer to a valid field';
}
