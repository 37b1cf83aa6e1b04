// Containers: names, images, ports, environment, resources, probes, lifecycle hooks and mounts.

import { compareQuantities, quantityMilli } from '../quantity.ts';
import type { Container, ContainerPort, EnvVar, JsonObject, Lifecycle, Probe, ResourceRequirements, VolumeMount } from '../types.ts';
import { Faults } from './field.ts';
import {
  isConfigMapKey,
  isDNS1123Label,
  isDNS1123Subdomain,
  isEnvVarName,
  isHTTPHeaderName,
  isQualifiedName,
  isValidPortName,
  isValidPortNum,
} from './names.ts';
import { securityContext } from './security.ts';

export const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const MESSAGE_POLICIES = ['FallbackToLogsOnError', 'File'];
const STANDARD_RESOURCES = new Set(['cpu', 'memory', 'ephemeral-storage']);
const MOUNT_PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None'];

/** What containers are checked against: the Pod they are in. */
export interface PodContext {
  hostNetwork: boolean;
  /** Volume name to whether it is a claim (which may be a block device). */
  volumes: Map<string, boolean>;
  windows: boolean;
}

export function portNumber(faults: Faults, path: string, port: number) {
  for (const fault of isValidPortNum(port)) faults.invalid(path, port, fault);
}

/** A port by number or by name. */
export function portNumberOrName(faults: Faults, path: string, port: number | string | undefined) {
  if (typeof port === 'string') faults.check(path, port, isValidPortName);
  else portNumber(faults, path, port ?? 0);
}

function ports(faults: Faults, path: string, list: ContainerPort[] | undefined, context: PodContext) {
  const names = new Set<string>();
  (list ?? []).forEach((port, i) => {
    const at = `${path}[${i}]`;
    if (port.name) {
      const wrong = isValidPortName(port.name);
      if (wrong.length) for (const fault of wrong) faults.invalid(`${at}.name`, port.name, fault);
      else if (names.has(port.name)) faults.duplicate(`${at}.name`, port.name);
      else names.add(port.name);
    }
    if (!port.containerPort) faults.required(`${at}.containerPort`);
    else portNumber(faults, `${at}.containerPort`, port.containerPort);
    if (port.hostPort) portNumber(faults, `${at}.hostPort`, port.hostPort);
    if (context.hostNetwork && port.hostPort !== undefined && port.hostPort !== port.containerPort) {
      faults.invalid(`${at}.hostPort`, port.hostPort, 'must match `containerPort` when `hostNetwork` is true');
    }
    faults.oneOf(`${at}.protocol`, port.protocol, PROTOCOLS);
  });
}

/** Host ports may be taken once in a Pod, whichever container takes them. */
export function hostPortConflicts(faults: Faults, path: string, containers: Container[]) {
  const taken = new Set<string>();
  containers.forEach((container, c) =>
    (container.ports ?? []).forEach((port, p) => {
      if (!port.hostPort) return;
      const key = `${port.protocol}/${port.hostIP ?? ''}/${port.hostPort}`;
      if (taken.has(key)) faults.duplicate(`${path}[${c}].ports[${p}].hostPort`, key);
      taken.add(key);
    }),
  );
}

const ENV_FIELDS = ['metadata.name', 'metadata.namespace', 'metadata.uid', 'spec.nodeName', 'spec.serviceAccountName', 'status.hostIP', 'status.hostIPs', 'status.podIP', 'status.podIPs'];
const CONTAINER_RESOURCES = ['limits.cpu', 'limits.ephemeral-storage', 'limits.memory', 'requests.cpu', 'requests.ephemeral-storage', 'requests.memory'];
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
    faults.invalid(`${path}.divisor`, divisor, `only divisor's values ${cpu ? '1m and 1' : '1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei'} are supported with the ${what} resource`);
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
    faults.invalid(path, '', 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`');
  }
  if (variable.value && sources) faults.invalid(path, '', 'may not be specified when `value` is not empty');
  else if (sources > 1) faults.invalid(path, '', 'may not have more than one field specified at a time');
}

function environment(faults: Faults, path: string, list: EnvVar[] | undefined) {
  (list ?? []).forEach((variable, i) => {
    const at = `${path}[${i}]`;
    if (!variable.name) faults.required(`${at}.name`);
    else faults.check(`${at}.name`, variable.name, isEnvVarName);
    envValueFrom(faults, `${at}.valueFrom`, variable);
  });
}

function environmentFrom(faults: Faults, path: string, list: JsonObject[] | undefined) {
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

const isHugePages = (name: string) => name.startsWith('hugepages-');
const isNative = (name: string) => !name.includes('/') || name.startsWith('kubernetes.io/');
const isExtended = (name: string) => !isNative(name) && !name.startsWith('requests.');

export function containerResourceName(faults: Faults, path: string, name: string) {
  const before = faults.list.length;
  faults.check(path, name, isQualifiedName);
  if (faults.list.length > before) return;
  if (!name.includes('/')) {
    if (!STANDARD_RESOURCES.has(name) && !isHugePages(name)) faults.invalid(path, name, "must be a standard resource for containers");
  } else if (isNative(name)) {
    faults.invalid(path, name, 'must be a standard resource for containers');
  } else if (isExtended(name)) {
    faults.check(path, `requests.${name}`, isQualifiedName);
  }
}

export function resourceQuantity(faults: Faults, path: string, name: string, value: string) {
  if (compareQuantities(value, '0') < 0) faults.invalid(path, value, 'must be greater than or equal to 0');
  const integer = name === 'pods' || name === 'services' || isExtended(name);
  if (integer && quantityMilli(value) % 1000 !== 0) faults.invalid(path, value, 'must be an integer');
}

export function resourceRequirements(faults: Faults, path: string, value: ResourceRequirements | undefined) {
  if (!value) return;
  const { limits, requests } = value;
  let huge = false;
  let standard = false;
  for (const name in limits) {
    const at = `${path}.limits`;
    containerResourceName(faults, at, name);
    resourceQuantity(faults, `${at}[${name}]`, name, limits[name]);
    if (isHugePages(name)) huge = true;
    if (name === 'cpu' || name === 'memory') standard = true;
  }
  for (const name in requests) {
    const at = `${path}.requests`;
    containerResourceName(faults, at, name);
    resourceQuantity(faults, `${at}[${name}]`, name, requests[name]);
    const limit = limits?.[name];
    if (limit !== undefined) {
      if ((isExtended(name) || isHugePages(name)) && compareQuantities(requests[name], limit) !== 0) {
        faults.invalid(at, requests[name], `must be equal to ${name} limit of ${limit}`);
      } else if (compareQuantities(requests[name], limit) > 0) {
        faults.invalid(at, requests[name], `must be less than or equal to ${name} limit of ${limit}`);
      }
    } else if (isExtended(name) || isHugePages(name)) {
      faults.required(`${path}.limits`, 'Limit must be set for non overcommitable resources');
    }
    if (isHugePages(name)) huge = true;
    if (name === 'cpu' || name === 'memory') standard = true;
  }
  if (huge && !standard) faults.forbidden(path, 'HugePages require cpu or memory');
}

const HANDLERS: Record<string, (faults: Faults, path: string, action: JsonObject) => void> = {
  exec(faults, path, action) {
    if (!action.command?.length) faults.required(`${path}.command`);
  },
  httpGet(faults, path, action) {
    if (!action.path) faults.required(`${path}.path`);
    portNumberOrName(faults, `${path}.port`, action.port);
    faults.ifNot(`${path}.scheme`, action.scheme, ['HTTP', 'HTTPS']);
    (action.httpHeaders ?? []).forEach((header: JsonObject) => {
      faults.check(`${path}.httpHeaders`, header.name ?? '', isHTTPHeaderName);
    });
  },
  tcpSocket(faults, path, action) {
    portNumberOrName(faults, `${path}.port`, action.port);
  },
  grpc(faults, path, action) {
    portNumberOrName(faults, `${path}.port`, action.port);
  },
  sleep(faults, path, action) {
    if (action.seconds < 0) faults.invalid(path, action.seconds, 'must be non-negative');
  },
};

function handler(faults: Faults, path: string, value: JsonObject) {
  let count = 0;
  for (const kind in HANDLERS) {
    if (!value[kind]) continue;
    if (++count > 1) faults.forbidden(`${path}.${kind}`, 'may not specify more than 1 handler type');
    else HANDLERS[kind](faults, `${path}.${kind}`, value[kind]);
  }
  if (count === 0) faults.required(path, 'must specify a handler type');
}

function probe(faults: Faults, path: string, value: Probe | undefined) {
  if (!value) return;
  handler(faults, path, value);
  for (const field of ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'] as const) {
    faults.nonNegative(`${path}.${field}`, value[field]);
  }
  const grace = value.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0) {
    faults.invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0');
  }
}

function probes(faults: Faults, path: string, container: Container) {
  probe(faults, `${path}.livenessProbe`, container.livenessProbe);
  if (container.livenessProbe && (container.livenessProbe.successThreshold ?? 1) !== 1) {
    faults.invalid(`${path}.livenessProbe.successThreshold`, container.livenessProbe.successThreshold, 'must be 1');
  }
  probe(faults, `${path}.readinessProbe`, container.readinessProbe);
  if (container.readinessProbe?.terminationGracePeriodSeconds !== undefined) {
    faults.invalid(
      `${path}.readinessProbe.terminationGracePeriodSeconds`,
      container.readinessProbe.terminationGracePeriodSeconds,
      'must not be set for readinessProbes',
    );
  }
  probe(faults, `${path}.startupProbe`, container.startupProbe);
  if (container.startupProbe && (container.startupProbe.successThreshold ?? 1) !== 1) {
    faults.invalid(`${path}.startupProbe.successThreshold`, container.startupProbe.successThreshold, 'must be 1');
  }
}

function lifecycle(faults: Faults, path: string, value: Lifecycle | undefined) {
  if (value?.postStart) handler(faults, `${path}.postStart`, value.postStart);
  if (value?.preStop) handler(faults, `${path}.preStop`, value.preStop);
}

function relativePath(faults: Faults, path: string, value: string) {
  if (value.startsWith('/')) faults.invalid(path, value, 'must be a relative path');
  if (value.split('/').includes('..')) faults.invalid(path, value, "must not contain '..'");
}

function mounts(faults: Faults, path: string, container: Container, context: PodContext) {
  const seen = new Set<string>();
  (container.volumeMounts ?? []).forEach((mount: VolumeMount, i) => {
    const at = `${path}.volumeMounts[${i}]`;
    if (!mount.name) faults.required(`${at}.name`);
    if (!context.volumes.has(mount.name)) faults.notFound(`${at}.name`, mount.name);
    if (!mount.mountPath) faults.required(`${at}.mountPath`);
    if (seen.has(mount.mountPath)) faults.invalid(`${at}.mountPath`, mount.mountPath, 'must be unique');
    seen.add(mount.mountPath);
    if ((container.volumeDevices ?? []).some((device) => device.devicePath === mount.mountPath)) {
      faults.invalid(`${at}.mountPath`, mount.mountPath, 'must not already exist in volumeDevices');
    }
    if ((container.volumeDevices ?? []).some((device) => device.name === mount.name)) {
      faults.invalid(`${at}.name`, mount.name, 'must not already exist in volumeDevices');
    }
    // Upstream leaves the index out of these two paths.
    if (mount.subPath) relativePath(faults, `${path}.volumeMounts.subPath`, mount.subPath);
    if (mount.subPathExpr) {
      if (mount.subPath) faults.invalid(`${at}.subPathExpr`, mount.subPathExpr, 'subPathExpr and subPath are mutually exclusive');
      relativePath(faults, `${path}.volumeMounts.subPathExpr`, mount.subPathExpr);
    }
    if (mount.mountPropagation !== undefined) {
      faults.ifNot(`${at}.mountPropagation`, mount.mountPropagation, MOUNT_PROPAGATIONS);
      if (mount.mountPropagation === 'Bidirectional' && !container.securityContext?.privileged) {
        faults.forbidden(`${at}.mountPropagation`, 'Bidirectional mount propagation is available only to privileged containers');
      }
    }
    if (mount.recursiveReadOnly !== undefined) {
      faults.ifNot(`${at}.recursiveReadOnly`, mount.recursiveReadOnly, ['Disabled', 'Enabled', 'IfPossible']);
      if (mount.recursiveReadOnly !== 'Disabled' && !mount.readOnly) faults.forbidden(`${at}.recursiveReadOnly`, 'may only be specified when readOnly is true');
    }
  });
  (container.volumeDevices ?? []).forEach((device, i) => {
    const at = `${path}.volumeDevices[${i}]`;
    if (!device.name) faults.required(`${at}.name`);
    if (!device.devicePath) faults.required(`${at}.devicePath`);
    if (!context.volumes.has(device.name)) faults.notFound(`${at}.name`, device.name);
    else if (!context.volumes.get(device.name)) faults.invalid(`${at}.name`, device.name, 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode');
  });
}

/** What every kind of container is checked for. */
export function containerCommon(faults: Faults, path: string, container: Container, context: PodContext) {
  if (!container.name) faults.required(`${path}.name`);
  else faults.check(`${path}.name`, container.name, isDNS1123Label);
  if (container.image !== undefined && container.image !== container.image.trim()) {
    faults.invalid(`${path}.image`, container.image, 'must not have leading or trailing whitespace');
  } else if (!container.image) {
    faults.required(`${path}.image`);
  }
  const policy = container.terminationMessagePolicy;
  if (!policy) faults.required(`${path}.terminationMessagePolicy`);
  else faults.ifNot(`${path}.terminationMessagePolicy`, policy, MESSAGE_POLICIES);
  if (container.ports) ports(faults, `${path}.ports`, container.ports, context);
  if (container.env) environment(faults, `${path}.env`, container.env);
  if (container.envFrom) environmentFrom(faults, `${path}.envFrom`, container.envFrom as JsonObject[]);
  mounts(faults, path, container, context);
  if (!container.imagePullPolicy) faults.required(`${path}.imagePullPolicy`);
  else faults.ifNot(`${path}.imagePullPolicy`, container.imagePullPolicy, PULL_POLICIES);
  resourceRequirements(faults, `${path}.resources`, container.resources);
  (container.resizePolicy ?? []).forEach((rule, i) => {
    faults.oneOf(`${path}.resizePolicy[${i}].resourceName`, rule.resourceName, ['cpu', 'memory']);
    faults.oneOf(`${path}.resizePolicy[${i}].restartPolicy`, rule.restartPolicy, ['NotRequired', 'RestartContainer']);
  });
  if (container.securityContext) securityContext(faults, `${path}.securityContext`, container.securityContext, context.windows);
}

function restartRules(faults: Faults, path: string, container: Container) {
  const rules = container.restartPolicyRules ?? [];
  if (rules.length && container.restartPolicy === undefined) {
    faults.required(`${path}.restartPolicy`, 'must specify restartPolicy when restart rules are used');
  }
  if (rules.length > 20) faults.tooMany(`${path}.restartPolicyRules`, rules.length, 20);
  rules.forEach((rule, i) => {
    faults.oneOf(`${path}.restartPolicyRules[${i}].action`, rule.action, ['Restart', 'RestartAllContainers']);
    if (!rule.exitCodes) faults.required(`${path}.restartPolicyRules[${i}].exitCodes`, 'must be specified');
  });
}

export function containers(faults: Faults, path: string, list: Container[] | undefined, context: PodContext, names: Set<string>) {
  if (!list?.length) {
    faults.required(path);
    return;
  }
  list.forEach((container, i) => {
    const at = `${path}[${i}]`;
    containerCommon(faults, at, container, context);
    if (container.name) {
      if (names.has(container.name)) faults.duplicate(`${at}.name`, container.name);
      names.add(container.name);
    }
    lifecycle(faults, `${at}.lifecycle`, container.lifecycle);
    probes(faults, at, container);
    if (container.restartPolicy !== undefined) faults.ifNot(`${at}.restartPolicy`, container.restartPolicy, ['Always', 'Never', 'OnFailure']);
    restartRules(faults, at, container);
  });
  hostPortConflicts(faults, path, list);
}

const SIDECAR_ONLY = 'may not be set for init containers without restartPolicy=Always';

export function initContainers(faults: Faults, path: string, list: Container[] | undefined, context: PodContext, regular: Container[], names: Set<string>) {
  (list ?? []).forEach((container, i) => {
    const at = `${path}[${i}]`;
    containerCommon(faults, at, container, context);
    if (container.name) {
      if (names.has(container.name) || regular.some((c) => c.name === container.name)) faults.duplicate(`${at}.name`, container.name);
      names.add(container.name);
    }
    restartRules(faults, at, container);
    if (container.restartPolicy !== undefined) faults.ifNot(`${at}.restartPolicy`, container.restartPolicy, ['Always', 'Never', 'OnFailure']);
    if (container.restartPolicy === 'Always') {
      lifecycle(faults, `${at}.lifecycle`, container.lifecycle);
      probes(faults, at, container);
      return;
    }
    for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
      if (container[field]) faults.forbidden(`${at}.${field}`, SIDECAR_ONLY);
    }
  });
}

const EPHEMERAL_FORBIDDEN = ['ports', 'livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle', 'resizePolicy', 'restartPolicy'];

export function ephemeralContainers(faults: Faults, path: string, list: JsonObject[] | undefined, context: PodContext, spec: JsonObject) {
  const taken = new Set<string>();
  const all: JsonObject[] = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  for (const container of all) taken.add(container.name);
  (list ?? []).forEach((container, i) => {
    const at = `${path}[${i}]`;
    containerCommon(faults, at, container as Container, context);
    if (container.name) {
      if (taken.has(container.name)) faults.duplicate(`${at}.name`, container.name);
      taken.add(container.name);
    }
    if (container.targetContainerName && !all.some((c) => c.name === container.targetContainerName)) {
      faults.notFound(`${at}.targetContainerName`, container.targetContainerName);
    }
    for (const field of EPHEMERAL_FORBIDDEN) {
      if (container[field] !== undefined) faults.forbidden(`${at}.${field}`, 'cannot be set for an Ephemeral Container');
    }
    if (container.resources && (container.resources.limits || container.resources.requests)) {
      faults.forbidden(`${at}.resources`, 'cannot be set for an Ephemeral Container');
    }
    (container.volumeMounts ?? []).forEach((mount: JsonObject, m: number) => {
      if (mount.subPath) faults.forbidden(`${at}.volumeMounts[${m}].subPath`, 'cannot be set for an Ephemeral Container');
      if (mount.subPathExpr) faults.forbidden(`${at}.volumeMounts[${m}].subPathExpr`, 'cannot be set for an Ephemeral Container');
    });
  });
}

