// Environment variables and where their values come from; the downward API, which volumes share.

import { part } from '../../parts/index.ts';
import { compareQuantities } from '../quantity.ts';
import type { EnvVar, JsonObject } from '../types.ts';
import { Faults } from './field.ts';
import { isConfigMapKey, isDNS1123Subdomain, isEnvVarName, isQualifiedName } from './names.ts';

const ENV_FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
const CONTAINER_RESOURCES = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];
/** Labels that the conversion of old versions knows; of those not all may be asked for everywhere. */
const FIELD_LABELS = [
  ...ENV_FIELDS,
  'metadata.annotations',
  'metadata.labels',
  'spec.restartPolicy',
  'spec.schedulerName',
  'status.phase',
];

/** A downward API field: one of those supported, or a single label or annotation. */
export function fieldRef(faults: Faults, path: string, ref: JsonObject, supported: readonly string[]) {
  if (!ref.apiVersion) return faults.required(`${path}.apiVersion`);
  if (!ref.fieldPath) return faults.required(`${path}.fieldPath`);
  const given: string = ref.fieldPath;
  const cannot = (why: string) => faults.invalid(`${path}.fieldPath`, given, `error converting fieldPath: ${why}`);
  if (ref.apiVersion !== 'v1') return cannot(`unsupported pod version: ${ref.apiVersion}`);
  const match = /^([^[]+)\['(.*)'\]$/.exec(given);
  if (match) {
    // Annotation keys are compared in lower case: old ones have upper case prefixes.
    if (match[1] === 'metadata.annotations') return faults.check(path, match[2].toLowerCase(), isQualifiedName);
    if (match[1] === 'metadata.labels') return faults.check(path, match[2], isQualifiedName);
    return cannot(`field label does not support subscript: ${given}`);
  }
  if (given === 'spec.host') return undefined;
  if (!FIELD_LABELS.includes(given)) return cannot(`field label not supported: ${given}`);
  return faults.ifNot(`${path}.fieldPath`, given, supported);
}

const MEMORY_DIVISORS = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];
/** What a container's resource may be divided by, by the name after 'limits.' or 'requests.'. */
const DIVISORS: Record<string, { values: string[]; shown: string; what: string }> = {
  cpu: { values: ['1m', '1'], shown: '1m and 1', what: 'cpu' },
  memory: { values: MEMORY_DIVISORS, shown: MEMORY_DIVISORS.join(', '), what: 'memory' },
  'ephemeral-storage': {
    values: MEMORY_DIVISORS,
    shown: MEMORY_DIVISORS.join(', '),
    what: 'local ephemeral storage',
  },
  hugepages: { values: MEMORY_DIVISORS, shown: MEMORY_DIVISORS.join(', '), what: 'hugepages' },
};

export function resourceFieldRef(faults: Faults, path: string, ref: JsonObject, inVolume: boolean) {
  const resource: string = ref.resource ?? '';
  const huge = /^(limits|requests)\.hugepages-/.test(resource);
  if (inVolume && !ref.containerName) faults.required(`${path}.containerName`);
  else if (!resource) faults.required(`${path}.resource`);
  else if (!huge) faults.ifNot(`${path}.resource`, resource, CONTAINER_RESOURCES);
  const divisor: string = ref.divisor ?? '0';
  if (compareQuantities(divisor, '0') === 0) return;
  const rule = DIVISORS[huge ? 'hugepages' : resource.slice(resource.indexOf('.') + 1)];
  if (rule && !rule.values.includes(divisor)) {
    const words = `only divisor's values ${rule.shown} are supported with the ${rule.what} resource`;
    faults.invalid(`${path}.divisor`, resource, words);
  }
}

function keySelector(faults: Faults, path: string, ref: JsonObject) {
  faults.check(`${path}.name`, ref.name ?? '', isDNS1123Subdomain);
  if (!ref.key) faults.required(`${path}.key`);
  else faults.check(`${path}.key`, ref.key, isConfigMapKey);
}

function envValueFrom(faults: Faults, path: string, variable: EnvVar) {
  const from = variable.valueFrom;
  if (!from) return;
  let sources = 0;
  if (from.fieldRef) {
    sources++;
    fieldRef(faults, `${path}.fieldRef`, from.fieldRef, ENV_FIELDS);
  }
  if (from.resourceFieldRef) {
    sources++;
    resourceFieldRef(faults, `${path}.resourceFieldRef`, from.resourceFieldRef, false);
  }
  if (from.configMapKeyRef) {
    sources++;
    keySelector(faults, `${path}.configMapKeyRef`, from.configMapKeyRef);
  }
  if (from.secretKeyRef) {
    sources++;
    keySelector(faults, `${path}.secretKeyRef`, from.secretKeyRef);
  }
  if (from.fileKeyRef) {
    sources++;
    part('rules').fileKey(faults, `${path}.fileKeyRef`, from.fileKeyRef);
  }
  if (sources === 0) {
    faults.invalid(
      path,
      '',
      'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`',
    );
  }
  if (variable.value && sources) faults.invalid(path, '', 'may not be specified when `value` is not empty');
  else if (sources > 1) faults.invalid(path, '', 'may not have more than one field specified at a time');
}

export function environment(faults: Faults, path: string, list: EnvVar[] | undefined) {
  (list ?? []).forEach((variable, i) => {
    const at = `${path}[${i}]`;
    if (!variable.name) faults.required(`${at}.name`);
    else faults.check(`${at}.name`, variable.name, isEnvVarName);
    envValueFrom(faults, `${at}.valueFrom`, variable);
  });
}

export function environmentFrom(faults: Faults, path: string, list: JsonObject[] | undefined) {
  (list ?? []).forEach((source, i) => {
    const at = `${path}[${i}]`;
    if (source.prefix) faults.check(`${at}.prefix`, source.prefix, isEnvVarName);
    let sources = 0;
    for (const kind of ['configMapRef', 'secretRef']) {
      if (!source[kind]) continue;
      sources++;
      if (!source[kind].name) faults.required(`${at}.${kind}.name`);
      else faults.check(`${at}.${kind}.name`, source[kind].name, isDNS1123Subdomain);
    }
    // Upstream's path has no index here.
    if (sources === 0) faults.invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`');
    else if (sources > 1) faults.invalid(path, '', 'may not have more than one field specified at a time');
  });
}
