// /openapi/v3: what kubectl asks before it validates, explains or patches. The documents are made from the catalogue
// when somebody asks: each group version has its paths and the types that they lead to. /openapi/v2 is all of them in one.

import { explainField, explainType } from '../api/explanations/index.ts';
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

/** What is served, by 'api/v1', 'apis/apps/v1', …. */
function servedBy(scheme: Catalog): Map<string, ResourceInfo[]> {
  const served = new Map<string, ResourceInfo[]>();
  for (const info of scheme.resources()) {
    const at = `${info.group ? 'apis' : 'api'}/${info.groupVersion}`;
    const infos = served.get(at);
    if (infos) infos.push(info);
    else served.set(at, [info]);
  }
  return served;
}

/** The document at a path below /openapi/v3; undefined when there is none. */
export function openApi(scheme: Catalog, version: string, path: string): Json | undefined {
  const served = servedBy(scheme);
  if (path === PREFIX) {
    const paths: Json = {};
    served.forEach((infos, at) => {
      paths[at] = { serverRelativeURL: `${PREFIX}/${at}?hash=${openApiHash(scheme, infos, version)}` };
    });
    return { paths };
  }
  const at = path.slice(PREFIX.length + 1);
  const infos = served.get(at);
  return infos && documentOf(scheme, `/${at}`, infos, version);
}

/** Changes when a document does: clients keep documents by it. */
function openApiHash(scheme: Catalog, infos: readonly ResourceInfo[], version: string): string {
  let text = version;
  for (const info of infos) {
    const struct = structType(structNameOf(info.group, info.version, info.kind));
    text += ` ${info.resource}:${struct ? struct.fieldList.length : 0}:${Object.keys(info.subresources).join()}`;
    const own = scheme.customKind(info)?.openApi?.();
    if (own) text += JSON.stringify(own);
  }
  // FNV-1a, twice from different starts: 64 bits are enough to tell versions of one document apart.
  let a = 0x811c9dc5;
  let b = 0x01000193;
  for (let i = 0; i < text.length; i++) {
    a = Math.imul(a ^ text.charCodeAt(i), 0x01000193);
    b = Math.imul(b ^ text.charCodeAt(i), 0x85ebca6b);
  }
  const hex = (n: number) => (n >>> 0).toString(16).toUpperCase().padStart(8, '0');
  return hex(a) + hex(b);
}

/** The hash that a document's address carries. */
export function openApiETag(scheme: Catalog, version: string, path: string): string | undefined {
  const infos = servedBy(scheme).get(path.slice(PREFIX.length + 1));
  return infos && openApiHash(scheme, infos, version);
}

/** Swagger 2.0, for clients from before v3. */
export function swagger(scheme: Catalog, version: string): Json {
  const paths: Json = {};
  const definitions: Json = {};
  servedBy(scheme).forEach((infos, at) => {
    const { paths: found, components } = documentOf(scheme, `/${at}`, infos, version) as {
      paths: Record<string, Record<string, Json>>;
      components: { schemas: Json };
    };
    Object.assign(definitions, components.schemas);
    for (const info of infos)
      if (info.custom) definitions[customName(info)] = plain(definitions[customName(info)] as Json);
    for (const path of Object.keys(found)) {
      const methods: Json = {};
      for (const method of Object.keys(found[path])) methods[method] = swaggerOperation(found[path][method]);
      paths[path] = methods;
    }
  });
  // References differ in where they point to, and one of three is no longer wrapped.
  const text = JSON.stringify({ swagger: '2.0', info: { title: 'Kubernetes', version }, paths, definitions });
  return JSON.parse(
    text
      .replaceAll('#/components/schemas/', '#/definitions/')
      .replace(/"allOf":\[(\{"\$ref":"[^"]*"\})\]/g, (_, ref: string) => ref.slice(1, -1))
      .replace(/"oneOf":\[[^\]]*\]/g, '"type":"string"'),
  ) as Json;
}

/** A schema with what Swagger 2.0 can say of it: no choices between schemas, nothing of what may be null or anything. */
function plain(schema: Json, depth = 0): Json {
  if (depth > 60) return {};
  const { allOf, anyOf: _any, oneOf: _one, not: _not, nullable, ...out } = schema;
  if (Array.isArray(allOf) && allOf[0]?.$ref) out.allOf = allOf;
  const open = nullable || out['x-kubernetes-preserve-unknown-fields'];
  if (nullable || out['x-kubernetes-int-or-string']) delete out.type;
  for (const inner of ['items', 'additionalProperties'])
    if (isSchema(out[inner])) {
      if (open) delete out[inner];
      else out[inner] = plain(out[inner], depth + 1);
    }
  if (isSchema(out.properties)) {
    const properties: Json = {};
    // What every object has is said of open ones too.
    for (const name of Object.keys(out.properties))
      if (!open || depth === 0) properties[name] = plain(out.properties[name] as Json, depth + 1);
    out.properties = properties;
  }
  return out;
}

const isSchema = (value: unknown): value is Json =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

interface Content {
  content?: Record<string, { schema: unknown }>;
}

function swaggerOperation({ requestBody, responses, parameters = [], ...rest }: Json): Json {
  const schemaOf = ({ content = {} }: Content) => Object.values(content)[0]?.schema;
  const all = [...(parameters as { name: string }[])].map(
    ({ name }) => ({ in: 'query', name, type: 'string' }) as Json,
  );
  if (requestBody) all.unshift({ in: 'body', name: 'body', required: true, schema: schemaOf(requestBody as Content) });
  const ok = (responses as Record<string, Content>)['200'];
  return { ...rest, parameters: all, responses: { 200: { description: 'OK', schema: schemaOf(ok) } } };
}

/** 'com.example.stable.v1.CronTab'. */
const customName = ({ group, version, kind }: ResourceInfo): string =>
  `${group.split('.').reverse().join('.')}.${version}.${kind}`;

function documentOf(scheme: Catalog, root: string, infos: readonly ResourceInfo[], version: string): Json {
  const paths: Json = {};
  const schemas: Json = {};
  for (const info of infos) {
    const { group, version, kind } = info;
    const struct = info.custom ? customName(info) : structNameOf(group, version, kind);
    const identity = { group, version, kind };
    const own = scheme.customKind(info)?.openApi?.();
    if (own) addSchemas(schemas, 'ObjectMeta');
    else addSchemas(schemas, struct);
    schemas[struct] = {
      ...(own ?? (schemas[struct] as Json) ?? { type: 'object' }),
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
      const named = namedType(innermost(field).code, field.name);
      if (named) schemas[named.name] ??= namedSchema(named);
    }
    const schema: Json = { type: 'object', properties };
    const description = explainType(name);
    if (description) schema.description = description;
    const required = type.fieldList.filter((field) => field.required).map((field) => field.name);
    if (required.length) schema.required = required;
    if (type.atomic) schema['x-kubernetes-map-type'] = 'atomic';
    schemas[name] = schema;
  }
}

function innermost(type: TypeRef): TypeRef {
  let inner = type;
  while (inner.element) inner = inner.element;
  return inner;
}

const structIn = (type: TypeRef): string | undefined => innermost(type).struct;

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const EXTENSIONS = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';
/** Types with a name of their own, though they are no structs. */
interface NamedType {
  name: string;
  schema: Json;
}
const NAMED: Record<string, NamedType> = {
  q: {
    name: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
    schema: { oneOf: [{ type: 'string' }, { type: 'number' }] },
  },
  x: {
    name: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
    schema: { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
  },
  t: { name: `${META}.Time`, schema: { type: 'string', format: 'date-time' } },
  m: { name: `${META}.MicroTime`, schema: { type: 'string', format: 'date-time' } },
  o: { name: 'io.k8s.apimachinery.pkg.runtime.RawExtension', schema: { type: 'object' } },
  j: { name: `${EXTENSIONS}.JSON`, schema: {} },
};
/** Beside these: an object or any JSON that has a type of its own. */
const NAMED_FIELDS: Record<string, NamedType> = {
  fieldsV1: { name: `${META}.FieldsV1`, schema: { type: 'object' } },
  additionalItems: { name: `${EXTENSIONS}.JSONSchemaPropsOrBool`, schema: {} },
  additionalProperties: { name: `${EXTENSIONS}.JSONSchemaPropsOrBool`, schema: {} },
  items: { name: `${EXTENSIONS}.JSONSchemaPropsOrArray`, schema: {} },
  dependencies: { name: `${EXTENSIONS}.JSONSchemaPropsOrStringArray`, schema: {} },
};

const namedType = (code: string, field: string): NamedType | undefined =>
  ((code === 'o' || code === 'j') && NAMED_FIELDS[field]) || NAMED[code];

function namedSchema({ name, schema }: NamedType): Json {
  const description = explainType(name);
  return description ? { ...schema, description } : schema;
}

function fieldSchema(struct: string, field: Field): Json {
  const schema: Json = { ...typeSchema(field, field.name) };
  const explained = explainField(struct, field.name);
  if (explained) schema.description = explained.text;
  if (explained?.values) schema.enum = explained.values;
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
};

function typeSchema(type: TypeRef, field: string): Json {
  const name = type.struct ?? namedType(type.code, field)?.name;
  if (name) return { allOf: [{ $ref: `#/components/schemas/${name}` }] };
  if (type.code === '[') return { type: 'array', items: typeSchema(type.element as TypeRef, field) };
  if (type.code === '{') return { type: 'object', additionalProperties: typeSchema(type.element as TypeRef, field) };
  return SCALARS[type.code];
}
