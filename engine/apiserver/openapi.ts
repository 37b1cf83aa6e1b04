// /openapi/v3: what kubectl asks before it validates, explains or patches. The documents are made from the catalogue
// when somebody asks: each group version has its paths and the types that they lead to.

import { EXPLANATIONS } from '../api/explanations.ts';
import { structNameOf, structType, type Field, type TypeRef } from '../api/schema.ts';
import type { Catalog, ResourceInfo } from '../api/index.ts';

type Json = Record<string, unknown>;

const PREFIX = '/openapi/v3';
const PATCH_TYPES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];
const WRITING = ['dryRun', 'fieldManager', 'fieldValidation'];
const METHODS: Record<string, string> = { create: 'post', get: 'get', update: 'put', patch: 'patch', delete: 'delete' };
const ACTIONS: Record<string, string> = { deletecollection: 'delete', list: 'get', create: 'post' };

/** The document at a path below /openapi/v3; undefined when there is none. */
export function openApi(scheme: Catalog, version: string, path: string): Json | undefined {
  const served = new Map<string, ResourceInfo[]>();
  for (const info of scheme.resources()) {
    const at = `${info.group ? 'apis' : 'api'}/${info.groupVersion}`;
    const infos = served.get(at);
    if (infos) infos.push(info);
    else served.set(at, [info]);
  }
  if (path === PREFIX) {
    const paths: Json = {};
    served.forEach((_infos, at) => (paths[at] = { serverRelativeURL: `${PREFIX}/${at}` }));
    return { paths };
  }
  const at = path.slice(PREFIX.length + 1);
  const infos = served.get(at);
  return infos && documentOf(`/${at}`, infos, version);
}

function documentOf(root: string, infos: readonly ResourceInfo[], version: string): Json {
  const paths: Json = {};
  const schemas: Json = {};
  for (const info of infos) {
    const { group, version, kind } = info;
    const struct = structNameOf(group, version, kind);
    const identity = { group, version, kind };
    addSchemas(schemas, struct);
    schemas[struct] = {
      ...((schemas[struct] as Json) ?? { type: 'object' }),
      'x-kubernetes-group-version-kind': [identity],
    };
    const collection = `${root}${info.namespaced ? '/namespaces/{namespace}' : ''}/${info.resource}`;
    paths[collection] = operations(info, ACTIONS, struct, identity);
    paths[`${collection}/{name}`] = operations(info, { ...METHODS, create: '' }, struct, identity);
  }
  return { openapi: '3.0.0', info: { title: 'Kubernetes', version }, paths, components: { schemas } };
}

function operations(info: ResourceInfo, methods: Record<string, string>, struct: string, identity: Json): Json {
  const found: Json = {};
  const schema = { $ref: `#/components/schemas/${struct}` };
  for (const verb of info.verbs) {
    const method = methods[verb];
    if (!method) continue;
    const operation: Json = {
      'x-kubernetes-action': verb === 'create' ? 'post' : verb === 'update' ? 'put' : verb,
      'x-kubernetes-group-version-kind': identity,
      responses: { 200: { description: 'OK', content: { 'application/json': { schema } } } },
    };
    if (method === 'post' || method === 'put' || method === 'patch') {
      operation.parameters = WRITING.map((name) => ({
        name,
        in: 'query',
        schema: { type: 'string', uniqueItems: true },
      }));
      const types = method === 'patch' ? PATCH_TYPES : ['application/json', 'application/yaml'];
      const content: Json = {};
      for (const type of types) content[type] = { schema };
      operation.requestBody = { content, required: true };
    }
    found[method] = operation;
  }
  return found;
}

/** The struct and all that it leads to. */
function addSchemas(schemas: Json, first: string) {
  const waiting = [first];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const type = structType(name);
    if (!type || schemas[name]) continue;
    const properties: Json = {};
    for (const field of type.fieldList) {
      properties[field.name] = fieldSchema(name, field);
      const struct = structIn(field);
      if (struct !== undefined) waiting.push(struct);
    }
    const schema: Json = { type: 'object', properties };
    const description = EXPLANATIONS[name];
    if (description) schema.description = description;
    const required = type.fieldList.filter((field) => field.required).map((field) => field.name);
    if (required.length) schema.required = required;
    if (type.atomic) schema['x-kubernetes-map-type'] = 'atomic';
    schemas[name] = schema;
  }
}

function structIn(type: TypeRef): string | undefined {
  let inner = type;
  while (inner.element) inner = inner.element;
  return inner.struct;
}

function fieldSchema(struct: string, field: Field): Json {
  const schema: Json = { ...typeSchema(field) };
  const description = EXPLANATIONS[`${struct}.${field.name}`] ?? EXPLANATIONS[`*.${field.name}`];
  if (description) schema.description = description;
  const { rule } = field;
  if (rule?.listType) schema['x-kubernetes-list-type'] = rule.listType;
  if (rule?.listMapKeys) schema['x-kubernetes-list-map-keys'] = rule.listMapKeys;
  if (rule?.mapType) schema['x-kubernetes-map-type'] = rule.mapType;
  if (rule?.patchStrategy) schema['x-kubernetes-patch-strategy'] = rule.patchStrategy;
  if (rule?.patchMergeKey) schema['x-kubernetes-patch-merge-key'] = rule.patchMergeKey;
  return schema;
}

const SCALARS: Record<string, Json> = {
  s: { type: 'string' },
  b: { type: 'boolean' },
  i: { type: 'integer', format: 'int32' },
  l: { type: 'integer', format: 'int64' },
  d: { type: 'number', format: 'double' },
  y: { type: 'string', format: 'byte' },
  q: { oneOf: [{ type: 'string' }, { type: 'number' }] },
  t: { type: 'string', format: 'date-time' },
  m: { type: 'string', format: 'date-time' },
  x: { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
  o: { type: 'object' },
  j: {},
};

function typeSchema(type: TypeRef): Json {
  if (type.code === '@') return { allOf: [{ $ref: `#/components/schemas/${type.struct}` }] };
  if (type.code === '[') return { type: 'array', items: typeSchema(type.element as TypeRef) };
  if (type.code === '{') return { type: 'object', additionalProperties: typeSchema(type.element as TypeRef) };
  return SCALARS[type.code];
}
