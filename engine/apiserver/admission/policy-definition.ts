// Validation of ValidatingAdmissionPolicies, and their expressions compiled.

import type { JsonObject, KubeObject } from '../../api/types.ts';
import type { Faults } from '../../api/validation/field.ts';
import { pathSegment } from '../../api/validation/metadata.ts';
import { isQualifiedName } from '../../api/validation/names.ts';
import { labelSelector } from '../../api/validation/selectors.ts';
import { ruleOperations } from '../../api/validation/webhooks.ts';
import { AUTHORIZER, Scope, type Program } from '../../cel/index.ts';

const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge', 'Unauthorized'];
const MAX_ANNOTATIONS = 20;
const IDENTIFIER = /^[_a-zA-Z][_a-zA-Z0-9]*$/;

/**
 * The variables of a policy's expressions; `variables` holds those of the policy that came before. `schema`: of the objects,
 * where they are known.
 */
export function policyScope(spec: JsonObject, declared: readonly string[], schema?: JsonObject): Scope {
  const scope = new Scope();
  const type = schema ? scope.object(schema, false) : 'dyn';
  for (const name of ['object', 'oldObject']) scope.variable(name, type);
  for (const name of ['request', 'namespaceObject']) scope.variable(name);
  scope.variable('authorizer', AUTHORIZER);
  if (spec.paramKind) scope.variable('params');
  const properties: JsonObject = {};
  for (const name of declared) properties[name] = { 'x-kubernetes-preserve-unknown-fields': true };
  return scope.variable('variables', scope.object({ type: 'object', properties }, false, 'Variables'));
}

const namesOf = (spec: JsonObject): string[] =>
  ((spec.variables ?? []) as JsonObject[]).map(({ name }) => name).filter((name) => IDENTIFIER.test(name ?? ''));

export function validatePolicy(faults: Faults, { spec = {} }: KubeObject) {
  if (!spec.failurePolicy) faults.required('spec.failurePolicy');
  else faults.ifNot('spec.failurePolicy', spec.failurePolicy, ['Fail', 'Ignore']);
  if (spec.paramKind) {
    if (!spec.paramKind.apiVersion) faults.required('spec.paramKind.apiVersion');
    else if (spec.paramKind.apiVersion.split('/').length > 2)
      faults.invalid(
        'spec.paramKind.apiVersion',
        spec.paramKind.apiVersion,
        `unexpected GroupVersion string: ${spec.paramKind.apiVersion}`,
      );
    if (!spec.paramKind.kind) faults.required('spec.paramKind.kind');
  }
  if (!spec.matchConstraints) faults.required('spec.matchConstraints');
  else {
    matchResources(faults, 'spec.matchConstraints', spec.matchConstraints);
    if (!spec.matchConstraints.resourceRules?.length) faults.required('spec.matchConstraints.resourceRules');
  }
  const names = namesOf(spec);
  const all = policyScope(spec, names);
  matchConditions(faults, 'spec.matchConditions', spec.matchConditions, all);
  variables(faults, spec);
  const validations: JsonObject[] = spec.validations ?? [];
  const annotations: JsonObject[] = spec.auditAnnotations ?? [];
  if (!validations.length && !annotations.length) {
    const words = 'validations or auditAnnotations must contain at least one item';
    faults.required('spec.validations', words);
    faults.required('spec.auditAnnotations', words);
    return;
  }
  validations.forEach((validation, i) => validated(faults, `spec.validations[${i}]`, validation, all));
  if (annotations.length > MAX_ANNOTATIONS)
    faults.tooMany('spec.auditAnnotations', annotations.length, MAX_ANNOTATIONS);
  annotations.forEach(({ key = '', valueExpression = '' }, i) => {
    const at = `spec.auditAnnotations[${i}]`;
    if (!key) faults.required(`${at}.key`);
    else if (!/^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/.test(key)) faults.check(`${at}.key`, key, isQualifiedName);
    if (annotations.findIndex((one) => one.key === key) < i) faults.duplicate(`${at}.key`, key);
    if (!valueExpression.trim()) faults.required(`${at}.valueExpression`, 'valueExpression is not specified');
    else
      compiles(faults, `${at}.valueExpression`, valueExpression, all, ['string', 'null'], 'one of [string, null_type]');
  });
}

function compiles(
  faults: Faults,
  path: string,
  expression: string,
  scope: Scope,
  types: readonly string[] = [],
  shown = types.join(''),
) {
  const program = scope.compile(expression);
  if (typeof program === 'string') faults.invalid(path, expression, `compilation failed: ${program}`);
  else if (types.length && program.type !== 'dyn' && !types.includes(program.type))
    faults.invalid(path, expression, `must evaluate to ${shown}`);
}

/** Of policies and of bindings. */
export function matchResources(faults: Faults, path: string, match: JsonObject) {
  faults.ifNot(`${path}.matchPolicy`, match.matchPolicy, ['Equivalent', 'Exact']);
  labelSelector(faults, `${path}.namespaceSelector`, match.namespaceSelector);
  labelSelector(faults, `${path}.objectSelector`, match.objectSelector);
  for (const list of ['resourceRules', 'excludeResourceRules'])
    ((match[list] ?? []) as JsonObject[]).forEach((rule, i) => {
      const names: string[] = rule.resourceNames ?? [];
      names.forEach((name, n) => {
        const at = `${path}.${list}[${i}].resourceNames[${n}]`;
        faults.check(at, name, pathSegment);
        if (names.indexOf(name) < n) faults.duplicate(at, name);
      });
      ruleOperations(faults, `${path}.${list}[${i}]`, rule);
    });
}

const MAX_CONDITIONS = 64;

/** Of a policy, and (without `scope`) of a webhook, whose conditions know no parameters. */
export function matchConditions(
  faults: Faults,
  path: string,
  conditions: JsonObject[] = [],
  scope: Scope = policyScope({}, []),
) {
  if (conditions.length > MAX_CONDITIONS) faults.tooMany(path, conditions.length, MAX_CONDITIONS);
  conditions.forEach(({ name = '', expression = '' }, i) => {
    const at = `${path}[${i}]`;
    if (!expression.trim()) faults.required(`${at}.expression`);
    else compiles(faults, `${at}.expression`, expression, scope, ['bool']);
    if (!name) faults.required(`${at}.name`);
    else {
      faults.check(`${at}.name`, name, isQualifiedName);
      if (conditions.findIndex((one) => one.name === name) < i) faults.duplicate(`${at}.name`, name);
    }
  });
}

function variables(faults: Faults, spec: JsonObject) {
  const list: JsonObject[] = spec.variables ?? [];
  const declared: string[] = [];
  list.forEach(({ name = '', expression = '' }, i) => {
    const at = `spec.variables[${i}]`;
    if (!name.trim()) faults.required(`${at}.name`, 'name is not specified');
    else if (!IDENTIFIER.test(name)) faults.invalid(`${at}.name`, name, 'name is not a valid CEL identifier');
    else if (declared.includes(name)) faults.duplicate(`${at}.name`, name);
    if (!expression.trim()) faults.required(`${at}.expression`, 'expression is not specified');
    else compiles(faults, `${at}.expression`, expression, policyScope(spec, declared));
    if (IDENTIFIER.test(name)) declared.push(name);
  });
}

function validated(faults: Faults, at: string, validation: JsonObject, scope: Scope) {
  const { expression = '', message, messageExpression, reason } = validation;
  if (!expression.trim()) faults.required(`${at}.expression`, 'expression is not specified');
  else {
    compiles(faults, `${at}.expression`, expression, scope, ['bool']);
    if (expression.trim().includes('\n') && !message && !messageExpression)
      faults.required(`${at}.message`, 'message must be specified if expression contains line breaks');
  }
  if (message) {
    if (!message.trim()) faults.invalid(`${at}.message`, message, 'message must be non-empty if specified');
    else if (message.trim().includes('\n'))
      faults.invalid(`${at}.message`, message, 'message must not contain line breaks');
  }
  if (messageExpression) {
    if (!messageExpression.trim())
      faults.invalid(`${at}.messageExpression`, messageExpression, 'must be non-empty if specified');
    else compiles(faults, `${at}.messageExpression`, messageExpression, scope, ['string']);
  }
  faults.ifNot(`${at}.reason`, reason, REASONS);
}

export function validateBinding(faults: Faults, { spec = {} }: KubeObject) {
  const ref: JsonObject | undefined = spec.paramRef;
  if (ref) {
    const at = 'spec.paramRef';
    if (ref.name && ref.selector) faults.forbidden(`${at}.name`, 'name and selector are mutually exclusive');
    if (!ref.name && !ref.selector) faults.required(at, 'one of name or selector must be specified');
    if (!ref.parameterNotFoundAction) faults.required(`${at}.parameterNotFoundAction`);
    else faults.ifNot(`${at}.parameterNotFoundAction`, ref.parameterNotFoundAction, ['Deny', 'Allow']);
    labelSelector(faults, `${at}.selector`, ref.selector);
  }
  if (spec.matchResources) matchResources(faults, 'spec.matchResources', spec.matchResources);
}

export interface CompiledPolicy {
  conditions: { name: string; expression: string; program: Program }[];
  variables: { name: string; program: Program }[];
  validations: { validation: JsonObject; program: Program; message: Program | undefined }[];
}

/** The programs of a policy that is valid. */
export function compilePolicy(spec: JsonObject): CompiledPolicy {
  const scope = policyScope(spec, namesOf(spec));
  const program = (expression: string): Program[] => {
    const compiled = scope.compile(expression);
    return typeof compiled === 'string' ? [] : [compiled];
  };
  return {
    conditions: ((spec.matchConditions ?? []) as JsonObject[]).flatMap(({ name, expression }) =>
      program(expression).map((compiled) => ({ name, expression, program: compiled })),
    ),
    variables: ((spec.variables ?? []) as JsonObject[]).flatMap(({ name, expression }) =>
      program(expression).map((compiled) => ({ name, program: compiled })),
    ),
    validations: ((spec.validations ?? []) as JsonObject[]).flatMap((validation) =>
      program(validation.expression).map((compiled) => ({
        validation,
        program: compiled,
        message: validation.messageExpression ? program(validation.messageExpression)[0] : undefined,
      })),
    ),
  };
}
