// Validation of CustomResourceDefinitions.

import { deepEqual } from '../../api/change.ts';
import type { JsonObject, KubeObject } from '../../api/types.ts';
import { type Faults, IMMUTABLE, Typed, utf8Length } from '../../api/validation/field.ts';
import { isDNS1035Label, isDNS1123Subdomain } from '../../api/validation/names.ts';
import { clientConfig, reviewVersions } from '../../api/validation/webhooks.ts';
import { isTrue } from './conditions.ts';
import { fieldAt } from './definition-rules.ts';
import { definitionSchema, hasDefaults } from './definition-schema.ts';

const APPROVED = 'api-approved.kubernetes.io';
const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];
const COLUMN_FORMATS = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];
const MAX_SELECTABLE = 8;
/** The first release that says why a stored version may not go. */
const EXPLAINED_SINCE = 31;

/** `old`: on an update. */
export function validateDefinition(faults: Faults, object: KubeObject, old?: KubeObject) {
  const spec: JsonObject = object.spec ?? {};
  const { group = '' } = spec;
  const names: JsonObject = spec.names ?? {};
  const name = object.metadata.name ?? '';
  if (!old && name !== `${names.plural ?? ''}.${group}`)
    faults.invalid('metadata.name', name, 'must be spec.names.plural+"."+spec.group');
  if (!group) faults.required('spec.group');
  else {
    const wrong = isDNS1123Subdomain(group);
    if (wrong.length) faults.invalid('spec.group', group, wrong.join(','));
    else if (!group.includes('.')) faults.invalid('spec.group', group, 'should be a domain with at least one dot');
  }
  if (!spec.scope) faults.required('spec.scope');
  else faults.ifNot('spec.scope', spec.scope, ['Cluster', 'Namespaced']);
  schemas(faults, spec, old);
  versions(faults, spec);
  for (const field of ['plural', 'singular', 'kind', 'listKind'])
    if (!names[field]) faults.required(`spec.names.${field}`);
  crdNames(faults, 'spec.names', names);
  shared(faults, spec);
  conversion(faults, spec.conversion ?? {});
  if (old) immutable(faults, spec, old);
  crdNames(faults, 'status.acceptedNames', object.status?.acceptedNames ?? {});
  stored(faults, object, spec);
  if (/(^|\.)(k8s|kubernetes)\.io$/.test(group) && !object.metadata.annotations?.[APPROVED]) {
    faults.required(
      `metadata.annotations[${APPROVED}]`,
      `protected groups must have approval annotation "${APPROVED}", see https://github.com/kubernetes/enhancements/pull/1111`,
    );
  }
  if (spec.preserveUnknownFields && !old?.spec?.preserveUnknownFields)
    faults.invalid(
      'spec.preserveUnknownFields',
      true,
      'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
    );
}

const schemaOf = (version: JsonObject): JsonObject | undefined => version.schema?.openAPIV3Schema;

/** Every version has a schema; of a definition that was stored without, only those that are served. */
function schemas(faults: Faults, spec: JsonObject, old: KubeObject | undefined) {
  const list: JsonObject[] = spec.versions ?? [];
  const all = !old || ((old.spec?.versions ?? []) as JsonObject[]).every(schemaOf);
  list.forEach((version, i) => {
    if (!schemaOf(version) && (all || (version.served && !spec.preserveUnknownFields)))
      faults.required(
        `spec.versions[${i}].schema.openAPIV3Schema`,
        all ? 'schemas are required' : 'because otherwise all fields are pruned',
      );
  });
  if (spec.preserveUnknownFields && list.some((version) => hasDefaults(schemaOf(version))))
    faults.invalid('spec.preserveUnknownFields', true, 'must be false in order to use defaults in the schema');
}

/** Fields of versions that the definition has itself where all versions have them alike. */
const SHARED = ['schema', 'subresources', 'additionalPrinterColumns', 'selectableFields'];

/** What all versions have alike counts as the definition's own, as v1beta1 had it. */
function isShared(spec: JsonObject, field: string): boolean {
  const [first, ...others]: JsonObject[] = spec.versions ?? [];
  return first?.[field] !== undefined && others.every((version) => deepEqual(version[field], first[field]));
}

function versions(faults: Faults, spec: JsonObject) {
  const list: JsonObject[] = spec.versions ?? [];
  list.forEach((version, i) => {
    const at = `spec.versions[${i}]`;
    const wrong = isDNS1035Label(version.name ?? '');
    if (wrong.length) faults.invalid(`${at}.name`, version.name ?? '', wrong.join(','));
    deprecation(faults, `${at}.deprecationWarning`, version);
    const schema = schemaOf(version);
    if (schema && !isShared(spec, 'schema'))
      definitionSchema(faults, `${at}.schema.openAPIV3Schema`, schema, hasStatus(version));
    if (!isShared(spec, 'subresources')) subresources(faults, `${at}.subresources`, version);
    if (!isShared(spec, 'additionalPrinterColumns')) columns(faults, `${at}.additionalPrinterColumns`, version);
    if (!isShared(spec, 'selectableFields')) selectable(faults, `${at}.selectableFields`, version);
  });
  const names = list.map((version) => version.name);
  // What all versions share is not theirs any more.
  const shown = () => {
    const own = list.map((version) => {
      const left = { ...version };
      for (const field in left) if (isShared(spec, field) && SHARED.includes(field)) delete left[field];
      return left;
    });
    return new Typed('[]apiextensions.CustomResourceDefinitionVersion', own);
  };
  if (new Set(names).size !== names.length)
    faults.invalid('spec.versions', shown(), 'must contain unique version names');
  if (list.filter((version) => version.storage).length !== 1)
    faults.invalid('spec.versions', shown(), 'must have exactly one version marked as storage version');
  // The first version counts as the definition's own, as in v1beta1.
  const first = list.length ? isDNS1035Label(list[0].name ?? '') : [];
  if (list[0]?.name && first.length) faults.invalid('spec.version', list[0].name, first.join(','));
}

function deprecation(faults: Faults, at: string, { deprecated, deprecationWarning: text }: JsonObject) {
  if (text === undefined) return;
  if (!deprecated) return faults.invalid(at, text, 'can only be set for deprecated versions');
  if (text.length > 256) faults.invalid(at, text, 'must be <= 256 characters long');
  if (text === '') faults.invalid(at, text, 'must not be an empty string');
  const odd = text.search(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u);
  if (odd < 0) return undefined;
  const where = utf8Length(text.slice(0, odd));
  const why = `must only contain printable UTF-8 characters; non-printable character found at index ${where}`;
  return faults.invalid(at, text, why);
}

const hasStatus = (version: JsonObject): boolean => version.subresources?.status !== undefined;

function shared(faults: Faults, spec: JsonObject) {
  const first: JsonObject | undefined = spec.versions?.[0];
  if (!first) return;
  const schema = schemaOf(first);
  if (isShared(spec, 'schema') && schema)
    definitionSchema(faults, 'spec.validation.openAPIV3Schema', schema, spec.versions.some(hasStatus));
  if (isShared(spec, 'subresources')) subresources(faults, 'spec.subresources', first);
  if (isShared(spec, 'additionalPrinterColumns')) columns(faults, 'spec.additionalPrinterColumns', first);
  if (isShared(spec, 'selectableFields')) selectable(faults, 'spec.selectableFields', first);
}

function subresources(faults: Faults, path: string, version: JsonObject) {
  const scale = version.subresources?.scale;
  if (!scale) return;
  for (const [field, root] of [
    ['specReplicasPath', '.spec.'],
    ['statusReplicasPath', '.status.'],
    ['labelSelectorPath', ''],
  ]) {
    const at = `${path}.scale.${field}`;
    const value: string | undefined = scale[field];
    if (!value) {
      if (root) faults.required(at);
    } else if (value[0] !== '.') faults.invalid(at, value, 'must be a simple json path starting with .');
    else if (root ? !value.startsWith(root) : !/^\.(?:spec|status)\./.test(value))
      faults.invalid(at, value, `should be a json path under ${root ? root.slice(0, -1) : 'either .spec or .status'}`);
  }
}

function columns(faults: Faults, path: string, version: JsonObject) {
  (version.additionalPrinterColumns ?? []).forEach((column: JsonObject, i: number) => {
    const at = `${path}[${i}]`;
    if (!column.name) faults.required(`${at}.name`);
    if (!column.type) faults.required(`${at}.type`, `must be one of ${COLUMN_TYPES.join(',')}`);
    else among(faults, `${at}.type`, column.type, COLUMN_TYPES);
    if (column.format) among(faults, `${at}.format`, column.format, COLUMN_FORMATS);
    if (!column.jsonPath) faults.required(`${at}.JSONPath`);
    else if (column.jsonPath[0] !== '.')
      faults.invalid(`${at}.JSONPath`, column.jsonPath, 'must be a simple json path starting with .');
  });
}

function among(faults: Faults, at: string, value: string, known: readonly string[]) {
  if (!known.includes(value)) faults.invalid(at, value, `must be one of ${known.join(',')}`);
}

function selectable(faults: Faults, path: string, version: JsonObject) {
  const fields: JsonObject[] = version.selectableFields ?? [];
  const schema = schemaOf(version);
  if (!fields.length || !schema) return;
  const seen = new Set<string>();
  fields.forEach(({ jsonPath = '' }, i) => {
    const at = `${path}[${i}].jsonPath`;
    if (!jsonPath) return faults.required(at);
    const found = fieldAt(schema, jsonPath, false);
    if (typeof found === 'string') return faults.invalid(at, jsonPath, `is an invalid path: ${found}`);
    if (found.steps[0] === 'metadata') faults.invalid(at, jsonPath, 'must not point to fields in metadata');
    if (!['boolean', 'integer', 'string'].includes(found.schema.type))
      faults.invalid(
        at,
        jsonPath,
        'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
      );
    const same = found.steps.join('.');
    if (seen.has(same)) faults.duplicate(at, jsonPath);
    seen.add(same);
    return undefined;
  });
  if (seen.size > MAX_SELECTABLE) faults.tooMany(path, seen.size, MAX_SELECTABLE);
}

function crdNames(faults: Faults, path: string, names: JsonObject) {
  const label = (at: string, value: string | undefined, prefix = '') => {
    const wrong = value === undefined ? [] : isDNS1035Label(prefix ? value.toLowerCase() : value);
    if (wrong.length) faults.invalid(`${path}.${at}`, value, prefix + wrong.join(','));
  };
  const MIXED = 'may have mixed case, but should otherwise match: ';
  label('plural', names.plural || undefined);
  label('singular', names.singular || undefined);
  label('kind', names.kind || undefined, MIXED);
  label('listKind', names.listKind || undefined, MIXED);
  (names.shortNames ?? []).forEach((name: string, i: number) => label(`shortNames[${i}]`, name));
  if (names.kind && names.kind === names.listKind)
    faults.invalid(`${path}.listKind`, names.listKind, 'kind and listKind may not be the same');
  (names.categories ?? []).forEach((name: string, i: number) => label(`categories[${i}]`, name));
}

function conversion(faults: Faults, { strategy, webhook }: JsonObject) {
  const at = 'spec.conversion';
  faults.oneOf(`${at}.strategy`, strategy, ['None', 'Webhook']);
  const client: JsonObject | undefined = webhook?.clientConfig;
  const reviews: string[] = webhook?.conversionReviewVersions ?? [];
  if (strategy !== 'Webhook') {
    const why = 'should not be set when strategy is not set to Webhook';
    if (client) faults.forbidden(`${at}.webhookClientConfig`, why);
    if (reviews.length) faults.forbidden(`${at}.conversionReviewVersions`, why);
    return;
  }
  if (!client) faults.required(`${at}.webhookClientConfig`, 'required when strategy is set to Webhook');
  else clientConfig(faults, `${at}.webhookClientConfig`, client);
  if (reviews.length) reviewVersions(faults, `${at}.conversionReviewVersions`, reviews);
  else faults.required(`${at}.conversionReviewVersions`);
}

function immutable(faults: Faults, spec: JsonObject, old: KubeObject) {
  const same = (path: string, now: unknown, before: unknown) => {
    if (!deepEqual(now, before)) faults.invalid(path, now, IMMUTABLE);
  };
  if (isTrue(old, 'Established')) {
    same('spec.scope', spec.scope, old.spec.scope);
    same('spec.names.kind', spec.names?.kind, old.spec.names?.kind);
  }
  same('spec.group', spec.group, old.spec.group);
  same('spec.names.plural', spec.names?.plural, old.spec.names?.plural);
}

function stored(faults: Faults, object: KubeObject, spec: JsonObject) {
  const names: string[] = object.status?.storedVersions ?? [];
  const list: JsonObject[] = spec.versions ?? [];
  const storage = list.filter((version) => version.storage).at(-1);
  if (!names.length)
    faults.invalid('status.storedVersions', new Typed('[]string', undefined), 'must have at least one stored version');
  else if (storage && !names.includes(storage.name))
    faults.invalid('status.storedVersions', names, `must have the storage version ${storage.name}`);
  names.forEach((name, i) => {
    if (!list.some((version) => version.name === name))
      faults.invalid(
        `status.storedVersions[${i}]`,
        name,
        faults.minor < EXPLAINED_SINCE
          ? 'must appear in spec.versions'
          : `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`,
      );
  });
}
