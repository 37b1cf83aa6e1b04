// Environment variables and where their values come from; the downward API, which volumes share.

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
const DIVISORS: Record<string, string[]> = {
  cpu: ['1m', '1'],
  memory: ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'],
};

/** A downward API field; `subscripts` are the maps of which single keys may be taken. */
export function fieldRef(faults: Faults, path: string, ref: JsonObject, supported: string[], subscripts: string[]) {
  if (!ref.apiVersion) return faults.required(`${path}.apiVersion`);
  if (!ref.fieldPath) return faults.required(`${path}.fieldPath`);
  const match = /^([\w.]+)\['(.*)'\]$/.exec(ref.fieldPath);
  if (match) {
    const field = match[1];
    // Annotation keys are compared in lower case: old ones have upper case prefixes.
    const key = field === 'metadata.annotations' ? match[2].toLowerCase() : match[2];
    if (!subscripts.includes(field)) faults.invalid(path, ref.fieldPath, 'does not support subscript');
    else faults.check(path, key, isQualifiedName);
    return;
  }
  if (subscripts.includes(ref.fieldPath) && !supported.includes(ref.fieldPath)) {
    faults.notSupported(`${path}.fieldPath`, ref.fieldPath, supported);
  } else {
    faults.ifNot(`${path}.fieldPath`, ref.fieldPath, supported);
  }
}

export function resourceFieldRef(faults: Faults, path: string, ref: JsonObject, inVolume: boolean) {
  if (inVolume && !ref.containerName) return faults.required(`${path}.containerName`);
  if (!ref.resource) return faults.required(`${path}.resource`);
  if (!CONTAINER_RESOURCES.includes(ref.resource) && !/^(limits|requests)\.hugepages-/.test(ref.resource)) {
    return faults.notSupported(`${path}.resource`, ref.resource, CONTAINER_RESOURCES);
  }
  const divisor = ref.divisor ?? '0';
  if (compareQuantities(divisor, '0') === 0) return undefined;
  const cpu = ref.resource.endsWith('.cpu');
  if (!DIVISORS[cpu ? 'cpu' : 'memory'].includes(divisor)) {
    const what = cpu ? 'cpu' : ref.resource.endsWith('.memory') ? 'memory' : 'local ephemeral storage';
    faults.invalid(
      `${path}.divisor`,
      divisor,
      `only divisor's values ${cpu ? '1m and 1' : '1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei'} are supported with the ${what} resource`,
    );
  }
  return undefined;
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
    fieldRef(faults, `${path}.fieldRef`, from.fieldRef, ENV_FIELDS, ['metadata.annotations', 'metadata.labels']);
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
    const at = `${path}.fileKeyRef`;
    if (!from.fileKeyRef.volumeName) faults.required(`${at}.volumeName`);
    if (!from.fileKeyRef.path) faults.required(`${at}.path`);
    if (!from.fileKeyRef.key) faults.required(`${at}.key`);
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
      faults.check(`${at}.${kind}.name`, source[kind].name ?? '', isDNS1123Subdomain);
    }
    if (sources === 0) faults.invalid(`${at}.configMapRef`, '', 'must specify one of: `configMapRef` or `secretRef`');
    else if (sources > 1) faults.invalid(at, '', 'may not have more than one field specified at a time');
  });
}
