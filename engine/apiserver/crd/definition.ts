// Validation of CustomResourceDefinitions.

import { deepEqual } from '../../api/change.ts';
import type { JsonObject, KubeObject } from '../../api/types.ts';
import { type Faults, IMMUTABLE } from '../../api/validation/field.ts';
import { isDNS1035Label, isDNS1123Subdomain } from '../../api/validation/names.ts';
import { isTrue } from './conditions.ts';
import { definitionSchema } from './definition-schema.ts';

const APPROVED = 'api-approved.kubernetes.io';
const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];
const COLUMN_FORMATS = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];
const MAX_SELECTABLE = 8;

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
  if (spec.preserveUnknownFields && !old?.spec?.preserveUnknownFields)
    faults.invalid(
      'spec.preserveUnknownFields',
      true,
      'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
    );
  versions(faults, spec);
  crdNames(faults, names);
  shared(faults, spec);
  conversion(faults, spec.conversion ?? {});
  if (old) immutable(faults, spec, old);
  stored(faults, object, spec);
  if (/(^|\.)(k8s|kubernetes)\.io$/.test(group) && !object.metadata.annotations?.[APPROVED]) {
    faults.required(
      `metadata.annotations[${APPROVED}]`,
      `protected groups must have approval annotation "${APPROVED}", see https://github.com/kubernetes/enhancements/pull/1111`,
    );
  }
}

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
    if (version.deprecationWarning !== undefined) {
      if (!version.deprecated)
        faults.invalid(
          `${at}.deprecationWarning`,
          version.deprecationWarning,
          'can only be set for deprecated versions',
        );
      else if (version.deprecationWarning === '') faults.invalid(`${at}.deprecationWarning`, '', 'must not be empty');
      else if (/[\p{Cc}]/u.test(version.deprecationWarning))
        faults.invalid(`${at}.deprecationWarning`, version.deprecationWarning, 'must not contain control characters');
    }
    const schema = version.schema?.openAPIV3Schema;
    if (!schema) {
      if (version.served !== false) faults.required(`${at}.schema.openAPIV3Schema`, 'schemas are required');
    } else if (!isShared(spec, 'schema')) definitionSchema(faults, `${at}.schema.openAPIV3Schema`, schema);
    if (!isShared(spec, 'subresources')) subresources(faults, `${at}.subresources`, version);
    if (!isShared(spec, 'additionalPrinterColumns')) columns(faults, `${at}.additionalPrinterColumns`, version);
    if (!isShared(spec, 'selectableFields')) selectable(faults, `${at}.selectableFields`, version);
  });
  const names = list.map((version) => version.name);
  if (new Set(names).size !== names.length) faults.invalid('spec.versions', list, 'must contain unique version names');
  if (list.filter((version) => version.storage).length !== 1)
    faults.invalid('spec.versions', list, 'must have exactly one version marked as storage version');
}

function shared(faults: Faults, spec: JsonObject) {
  const first: JsonObject | undefined = spec.versions?.[0];
  if (!first) return;
  if (isShared(spec, 'schema') && first.schema.openAPIV3Schema)
    definitionSchema(faults, 'spec.validation.openAPIV3Schema', first.schema.openAPIV3Schema);
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
    faults.oneOf(`${at}.type`, column.type, COLUMN_TYPES);
    if (column.format) faults.ifNot(`${at}.format`, column.format, COLUMN_FORMATS);
    if (!column.jsonPath) faults.required(`${at}.JSONPath`);
    else if (column.jsonPath[0] !== '.')
      faults.invalid(`${at}.JSONPath`, column.jsonPath, 'must be a simple json path starting with .');
  });
}

function selectable(faults: Faults, path: string, version: JsonObject) {
  const fields: JsonObject[] = version.selectableFields ?? [];
  if (fields.length > MAX_SELECTABLE) faults.tooMany(path, fields.length, MAX_SELECTABLE);
  const seen = new Set<string>();
  fields.forEach(({ jsonPath = '' }, i) => {
    const at = `${path}[${i}].jsonPath`;
    if (!jsonPath) return faults.required(at);
    if (seen.has(jsonPath)) faults.duplicate(at, jsonPath);
    seen.add(jsonPath);
    if (/^\.metadata(\.|$)/.test(jsonPath)) return faults.invalid(at, jsonPath, 'must not point to fields in metadata');
    let schema: JsonObject | undefined = version.schema?.openAPIV3Schema;
    for (const field of jsonPath.replace(/^\./, '').split('.')) schema = schema?.properties?.[field];
    if (!schema) return faults.invalid(at, jsonPath, 'is an invalid path: does not refer to a valid field');
    if (!['boolean', 'integer', 'string'].includes(schema.type))
      faults.invalid(
        at,
        jsonPath,
        'must point to a field of type boolean, integer, or string. Enum string fields and strings with formats are allowed.',
      );
    return undefined;
  });
}

function crdNames(faults: Faults, names: JsonObject) {
  for (const field of ['plural', 'singular', 'kind', 'listKind'])
    if (!names[field]) faults.required(`spec.names.${field}`);
  const label = (at: string, value: string | undefined, prefix = '') => {
    const wrong = value ? isDNS1035Label(prefix ? value.toLowerCase() : value) : [];
    if (wrong.length) faults.invalid(`spec.names.${at}`, value, prefix + wrong.join(','));
  };
  const MIXED = 'may have mixed case, but should otherwise match: ';
  label('plural', names.plural);
  label('singular', names.singular);
  label('kind', names.kind, MIXED);
  label('listKind', names.listKind, MIXED);
  (names.shortNames ?? []).forEach((name: string, i: number) => label(`shortNames[${i}]`, name));
  if (names.kind && names.kind === names.listKind)
    faults.invalid('spec.names.listKind', names.listKind, 'kind and listKind may not be the same');
  (names.categories ?? []).forEach((name: string, i: number) => label(`categories[${i}]`, name));
}

function conversion(faults: Faults, { strategy, webhook }: JsonObject) {
  const at = 'spec.conversion';
  if (!strategy) return faults.required(`${at}.strategy`);
  if (strategy !== 'Webhook') {
    if (webhook?.clientConfig)
      faults.forbidden(`${at}.webhookClientConfig`, 'should not be set when strategy is not set to Webhook');
    if (webhook?.conversionReviewVersions?.length)
      faults.forbidden(`${at}.conversionReviewVersions`, 'should not be set when strategy is not set to Webhook');
    faults.ifNot(`${at}.strategy`, strategy, ['None', 'Webhook']);
    return undefined;
  }
  const client: JsonObject | undefined = webhook?.clientConfig;
  if (!client) faults.required(`${at}.webhookClientConfig`, 'required when strategy is set to Webhook');
  else if (!client.url === !client.service)
    faults.required(`${at}.webhookClientConfig`, 'exactly one of url or service is required');
  const reviews: string[] = webhook?.conversionReviewVersions ?? [];
  if (!reviews.length) faults.required(`${at}.conversionReviewVersions`);
  else if (!reviews.some((version) => version === 'v1' || version === 'v1beta1'))
    faults.invalid(`${at}.conversionReviewVersions`, reviews, 'must include at least one of v1, v1beta1');
  return undefined;
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
  if (!names.length) faults.invalid('status.storedVersions', names, 'must have at least one stored version');
  else if (storage && !names.includes(storage.name))
    faults.invalid('status.storedVersions', names, `must have the storage version ${storage.name}`);
  names.forEach((name, i) => {
    if (!list.some((version) => version.name === name))
      faults.invalid(`status.storedVersions[${i}]`, name, 'must appear in spec.versions');
  });
}
