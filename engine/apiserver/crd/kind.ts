// What holds of a custom resource in one of its versions, made from its definition: how it is read, defaulted, validated,
// printed and kept.

import type { Catalog, CustomKind, KubeObject, ListRule, ResourceInfo } from '../../api/index.ts';
import { deepEqual } from '../../api/change.ts';
import { decodeStruct } from '../../api/decode.ts';
import { structType, type StructType } from '../../api/schema.ts';
import { DecodeError, type Decoded, type FieldError, type JsonObject } from '../../api/types.ts';
import type { Co } from '../../sim/index.ts';
import { Faults } from '../../api/validation/field.ts';
import { objectMeta, pathSegment } from '../../api/validation/metadata.ts';
import { isDNS1035Label } from '../../api/validation/names.ts';
import type { Core } from '../handlers/types.ts';
import { invalid, methodNotSupported } from '../status.ts';
import { printer, type JsonPaths } from './columns.ts';
import { holdBack, type ConversionWebhook } from './conversion-webhook.ts';
import { published } from './openapi.ts';
import { checkRules, ruleTree, type RuleTree } from './rules.ts';
import { scaleOf } from './scale.ts';
import { applyDefaults, fieldSchema, isObject, preserves, prune, type Schema } from './structural.ts';
import { duplicates, NEW, Validator } from './validate.ts';

export interface Version extends JsonObject {
  name: string;
  served: boolean;
  storage: boolean;
}

export interface KindOptions {
  core: Core;
  paths: JsonPaths;
  info: ResourceInfo;
  version: Version;
  /** 'group/version' that objects are stored in, and what holds in it. */
  storedAs: string;
  stored: () => CustomKind;
  /** Absent where versions differ in their schema only (strategy None). */
  webhook: ConversionWebhook | undefined;
  /** The definition is being deleted: nothing new is created. */
  terminating: boolean;
}

/** Fields that CEL must be able to trust before its rules run. */
const BLOCKING = new Set<FieldError['type']>([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]);

export function customKind(options: KindOptions): CustomKind {
  const { core, paths, info, version, storedAs, stored, webhook, terminating } = options;
  const { scheme, ledger } = core;
  const schema: Schema = version.schema?.openAPIV3Schema ?? {
    type: 'object',
    'x-kubernetes-preserve-unknown-fields': true,
  };
  const hasStatus = version.subresources?.status !== undefined;
  const scale = version.subresources?.scale && scaleOf(version.subresources.scale);
  const prints = printer(version.additionalPrinterColumns, paths);
  const selectable = new Map<string, (object: KubeObject) => string>();
  for (const { jsonPath } of (version.selectableFields ?? []) as { jsonPath: string }[]) {
    const find = paths(jsonPath);
    selectable.set(jsonPath.replace(/^\./, ''), (object) => {
      const [value] = find(object);
      return value === undefined || value === null ? '' : String(value);
    });
  }
  let rules: RuleTree | null | undefined;
  const views = new WeakMap<KubeObject, KubeObject>();

  const filled = (object: KubeObject): KubeObject => applyDefaults(object, schema) as KubeObject;

  function validated(object: KubeObject, old: KubeObject | typeof NEW): FieldError[] {
    const validator = new Validator(core.minor);
    const { faults } = validator;
    validator.validate(object, schema, '', old);
    scale?.validate(faults, object);
    embedded(faults, object, schema, '', 0);
    duplicates(faults, object, schema, '', old);
    if (rules === undefined) rules = ruleTree(schema, true) ?? null;
    if (!rules) return faults.list;
    if (faults.list.some(({ type }) => BLOCKING.has(type))) {
      faults.invalid(
        '<nil>',
        null,
        'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
      );
    } else checkRules(faults, rules, object, '', old);
    return faults.list;
  }

  /** What is shown of `object` as it is stored; `converted`: the same in this version. */
  function viewed(converted: KubeObject, object: KubeObject): KubeObject {
    const view = filled(prune(converted, schema, true, '', []) as KubeObject);
    ledger.alias(view, object);
    views.set(object, view);
    return view;
  }

  /** Undefined when the object can be shown at once; else ends with what went wrong. */
  function settle(hook: ConversionWebhook, object: KubeObject): Co<string | undefined> | undefined {
    if (object.apiVersion === groupVersion || views.has(object)) return undefined;
    return (function* () {
      const converted = yield* hook.call(object, groupVersion);
      if (typeof converted === 'string') return converted;
      viewed(converted, object);
      return undefined;
    })();
  }

  const { groupVersion } = info;
  const deprecation = `${info.groupVersion} ${info.kind} is deprecated`;
  const listRules = new Map<string, ListRule | undefined>();
  return {
    kindWarning: version.deprecated ? (version.deprecationWarning ?? deprecation) : undefined,
    decode: (value) => decode(value, info, schema),
    applyDefaults: filled,
    prepareForCreate(object) {
      if (terminating) {
        const error = methodNotSupported(info, 'create');
        error.status.message = 'create not allowed while custom resource definition is terminating';
        throw error;
      }
      const { status: _status, ...rest } = object;
      return { ...(hasStatus ? rest : object), metadata: { ...object.metadata, generation: 1 } } as KubeObject;
    },
    prepareForUpdate(object, old, subresource) {
      if (subresource === 'status') {
        // Only the status is taken over.
        const { status: _status, ...rest } = old;
        const next = (object.status === undefined ? rest : { ...rest, status: object.status }) as KubeObject;
        const { resourceVersion } = object.metadata;
        return resourceVersion === undefined ? next : { ...next, metadata: { ...old.metadata, resourceVersion } };
      }
      let next = object;
      if (hasStatus) {
        const { status: _status, ...rest } = object;
        next = (old.status === undefined ? rest : { ...rest, status: old.status }) as KubeObject;
      }
      const generation = old.metadata.generation ?? 1;
      const changed = !sameContent(next, old, hasStatus);
      return { ...next, metadata: { ...next.metadata, generation: changed ? generation + 1 : generation } };
    },
    validate: (object) => validated(object, NEW),
    validateUpdate: validated,
    warnings: () => [],
    table: prints,
    field: (label) => selectable.get(label),
    listRule(path) {
      const key = path.join('.');
      if (!listRules.has(key)) listRules.set(key, ruleAt(scheme, schema, path));
      return listRules.get(key);
    },
    conversion: {
      toStored(object) {
        if (object.apiVersion === storedAs) return object;
        if (webhook) return webhook.convert(object, storedAs);
        // What the stored version does not know is not kept.
        return stored().decode({ ...object, apiVersion: storedAs }).object;
      },
      fromStored(object, fresh) {
        const known = views.get(object);
        if (known && !(fresh && webhook)) return known;
        if (object.apiVersion === groupVersion) return viewed(object, object);
        return viewed(
          webhook ? webhook.convert(object, groupVersion) : { ...object, apiVersion: groupVersion },
          object,
        );
      },
      gate: webhook && ((fail) => holdBack(core, (object) => settle(webhook, object), fail)),
    },
    scale,
    openApi: () => published(schema, info),
  };
}

/** Reads an object: its metadata as every object's, the rest by the schema. */
function decode(value: unknown, info: ResourceInfo, schema: Schema): Decoded {
  if (!isObject(value))
    throw new DecodeError(`json: cannot unmarshal ${typeof value} into Go value of type map[string]interface {}`);
  if (value.kind && value.kind !== info.kind) {
    throw invalid({ group: info.group, kind: value.kind }, value.metadata?.name ?? '', [
      {
        type: 'FieldValueInvalid',
        field: 'kind',
        message: `Invalid value: ${JSON.stringify(value.kind)}: must be ${info.kind}`,
      },
    ]);
  }
  const unknown: string[] = [];
  const pruned = prune(value, schema, true, '', unknown) as JsonObject;
  const { value: metadata, strict } = decodeMetadata(value.metadata);
  unknown.push(...strict);
  const object = metadata === pruned.metadata ? pruned : { ...pruned, metadata };
  return {
    object: object as KubeObject,
    strict: unknown.sort().map((path) => `unknown field ${JSON.stringify(path)}`),
  };
}

function decodeMetadata(metadata: unknown): { value: JsonObject; strict: string[] } {
  const type = structType('ObjectMeta') as StructType;
  try {
    const { value, strict } = decodeStruct(type, metadata ?? {});
    return { value, strict: strict.map((text) => `metadata.${/^unknown field "(.*)"$/.exec(text)?.[1] ?? text}`) };
  } catch (error) {
    if (error instanceof DecodeError)
      throw new DecodeError(error.message.replace('ObjectMeta.', 'ObjectMeta.metadata.'));
    throw error;
  }
}

/** Whether nothing but metadata (and a status that is written elsewhere) differs. */
function sameContent(a: KubeObject, b: KubeObject, ignoreStatus: boolean): boolean {
  const skip = (key: string) => key === 'metadata' || key === 'apiVersion' || (ignoreStatus && key === 'status');
  for (const key in a) if (!skip(key) && !deepEqual(a[key], b[key])) return false;
  for (const key in b) if (!skip(key) && a[key] === undefined && b[key] !== undefined) return false;
  return true;
}

/** An object within an object, as far as every object is alike. */
function resource(faults: Faults, { apiVersion, kind, metadata }: JsonObject, path: string) {
  const text = (field: string, value: unknown): value is string => {
    const at = `${path}.${field}`;
    if (value === undefined) faults.required(at, 'must not be empty');
    else if (typeof value !== 'string') faults.invalid(at, value, 'must be a string');
    else if (value === '') faults.invalid(at, value, 'must not be empty');
    else return true;
    return false;
  };
  if (text('apiVersion', apiVersion) && apiVersion.split('/').length > 2)
    faults.invalid(`${path}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`);
  const wrong = text('kind', kind) ? isDNS1035Label(kind.toLowerCase()) : [];
  if (wrong.length)
    faults.invalid(`${path}.kind`, kind, `may have mixed case, but should otherwise match: ${wrong.join(',')}`);
  if (!isObject(metadata)) return;
  const namespaced = Boolean(metadata.namespace);
  const named = { metadata: { ...metadata, name: metadata.name || 'fakename' } } as KubeObject;
  objectMeta(faults, { namespaced } as ResourceInfo, named, pathSegment, `${path}.metadata`);
}

/** Objects within objects must say what they are. */
function embedded(faults: Faults, value: unknown, schema: Schema, path: string, depth: number) {
  if (depth > 60) return;
  if (Array.isArray(value)) {
    if (isObject(schema.items))
      for (let i = 0; i < value.length; i++) embedded(faults, value[i], schema.items, `${path}[${i}]`, depth + 1);
    return;
  }
  if (!isObject(value)) return;
  if (schema['x-kubernetes-embedded-resource']) {
    resource(faults, value, path);
  }
  for (const key in value) {
    const inner = schema.properties?.[key] ?? schema.additionalProperties;
    if (isObject(inner)) embedded(faults, value[key], inner, path ? `${path}.${key}` : key, depth + 1);
  }
}

/** How the list or map at `path` is merged; metadata is every object's. */
function ruleAt(scheme: Catalog, root: Schema, path: readonly string[]): ListRule | undefined {
  if (path[0] === 'metadata') {
    const any = scheme.resource('', 'v1', 'configmaps');
    return any && scheme.listRule(any, path);
  }
  let schema: Schema | undefined = root;
  for (const field of path) {
    while (schema && isObject(schema.items)) schema = schema.items;
    if (!schema || preserves(schema)) schema = schema?.properties?.[field];
    else schema = fieldSchema(schema, field);
  }
  if (!schema) return undefined;
  const rule: ListRule = {};
  if (schema.type === 'array') rule.listType = schema['x-kubernetes-list-type'] ?? 'atomic';
  if (schema['x-kubernetes-list-map-keys']) rule.listMapKeys = schema['x-kubernetes-list-map-keys'];
  if (schema['x-kubernetes-map-type']) rule.mapType = schema['x-kubernetes-map-type'];
  return rule;
}
