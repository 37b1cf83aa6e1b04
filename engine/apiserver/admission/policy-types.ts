// Type checking of admission policies: each expression against the kinds that its policy names, as kube-controller-manager
// does. What does not fit is a warning in the policy's status, not an error.

import { structNameOf, structType, type TypeRef } from '../../api/schema.ts';
import type { Catalog, JsonObject, KubeObject, ResourceInfo } from '../../api/index.ts';
import { policyScope } from './policy-definition.ts';

const MAX_KINDS = 10;
const MAX_DEPTH = 12;

interface Warning {
  fieldRef: string;
  warning: string;
}

/** spec.typeChecking of a policy's status. */
export function typeCheck(scheme: Catalog, { spec }: KubeObject): { expressionWarnings?: Warning[] } {
  const kinds = kindsOf(scheme, spec);
  if (!kinds.length) return {};
  const declared = ((spec.variables ?? []) as JsonObject[]).map(({ name }) => name as string);
  const expressionWarnings: Warning[] = [];
  const check = (fieldRef: string, expression: string | undefined) => {
    if (!expression) return;
    const warnings = kinds.flatMap((info) => {
      const schema = schemaOf(scheme, info, new Set(expression.match(/\w+/g)));
      const fault = policyScope(spec, declared, schema).compile(expression);
      return typeof fault === 'string' ? [`${info.groupVersion}, Kind=${info.kind}: ${fault}`] : [];
    });
    if (warnings.length) expressionWarnings.push({ fieldRef, warning: warnings.join('\n') });
  };
  ((spec.validations ?? []) as JsonObject[]).forEach(({ expression, messageExpression }, i) => {
    check(`spec.validations[${i}].expression`, expression);
    check(`spec.validations[${i}].messageExpression`, messageExpression);
  });
  return expressionWarnings.length ? { expressionWarnings } : {};
}

/** Of rules with wildcards nothing is known. */
function kindsOf(scheme: Catalog, spec: JsonObject): ResourceInfo[] {
  const found: ResourceInfo[] = [];
  for (const rule of (spec.matchConstraints?.resourceRules ?? []) as JsonObject[]) {
    for (const group of (rule.apiGroups ?? []) as string[])
      for (const version of (rule.apiVersions ?? []) as string[])
        for (const resource of (rule.resources ?? []) as string[]) {
          const info = scheme.resource(group, version, resource);
          if (info && !found.includes(info) && found.length < MAX_KINDS) found.push(info);
        }
  }
  return found;
}

/** The kind's schema, as far as an expression with these words can see into it. */
function schemaOf(scheme: Catalog, info: ResourceInfo, words: ReadonlySet<string>): JsonObject {
  const own = scheme.customKind(info)?.openApi?.();
  if (own) return own;
  return structSchema(structNameOf(info.group, info.version, info.kind), words, 0);
}

const SCALARS: Record<string, JsonObject> = {
  s: { type: 'string' },
  b: { type: 'boolean' },
  i: { type: 'integer' },
  l: { type: 'integer' },
  d: { type: 'number' },
  t: { type: 'string', format: 'date-time' },
  m: { type: 'string', format: 'date-time' },
};

function structSchema(name: string, words: ReadonlySet<string>, depth: number): JsonObject {
  const properties: JsonObject = {};
  for (const field of structType(name)?.fieldList ?? [])
    properties[field.name] = words.has(field.name) ? fieldSchema(field, words, depth + 1) : {};
  return { type: 'object', properties };
}

function fieldSchema(ref: TypeRef, words: ReadonlySet<string>, depth: number): JsonObject {
  if (depth > MAX_DEPTH) return {};
  if (ref.code === '@') return structSchema(ref.struct as string, words, depth);
  if (ref.code === '[') return { type: 'array', items: fieldSchema(ref.element as TypeRef, words, depth) };
  if (ref.code === '{')
    return { type: 'object', additionalProperties: fieldSchema(ref.element as TypeRef, words, depth) };
  return SCALARS[ref.code] ?? {};
}
