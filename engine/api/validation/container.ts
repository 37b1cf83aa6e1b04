// Containers of all three kinds: names, images, ports, mounts and what each kind may not have.

import type { Container, ContainerPort, JsonObject, VolumeMount } from '../types.ts';
import { environment, environmentFrom } from './env.ts';
import { Faults } from './field.ts';
import { isDNS1123Label, isValidPortName } from './names.ts';
import { portNumber } from './ports.ts';
import { lifecycle, probes } from './probes.ts';
import { resourceRequirements } from './resources.ts';
import { securityContext } from './security.ts';

export const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const MESSAGE_POLICIES = ['FallbackToLogsOnError', 'File'];
const MOUNT_PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None'];

/** What containers are checked against: the Pod they are in. */
export interface PodContext {
  hostNetwork: boolean;
  /** Volume name to whether it is a claim (which may be a block device). */
  volumes: Map<string, boolean>;
  windows: boolean;
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
      if (mount.subPath)
        faults.invalid(`${at}.subPathExpr`, mount.subPathExpr, 'subPathExpr and subPath are mutually exclusive');
      relativePath(faults, `${path}.volumeMounts.subPathExpr`, mount.subPathExpr);
    }
    if (mount.mountPropagation !== undefined) {
      faults.ifNot(`${at}.mountPropagation`, mount.mountPropagation, MOUNT_PROPAGATIONS);
      if (mount.mountPropagation === 'Bidirectional' && !container.securityContext?.privileged) {
        faults.forbidden(
          `${at}.mountPropagation`,
          'Bidirectional mount propagation is available only to privileged containers',
        );
      }
    }
    if (mount.recursiveReadOnly !== undefined) {
      faults.ifNot(`${at}.recursiveReadOnly`, mount.recursiveReadOnly, ['Disabled', 'Enabled', 'IfPossible']);
      if (mount.recursiveReadOnly !== 'Disabled' && !mount.readOnly)
        faults.forbidden(`${at}.recursiveReadOnly`, 'may only be specified when readOnly is true');
    }
  });
  (container.volumeDevices ?? []).forEach((device, i) => {
    const at = `${path}.volumeDevices[${i}]`;
    if (!device.name) faults.required(`${at}.name`);
    if (!device.devicePath) faults.required(`${at}.devicePath`);
    if (!context.volumes.has(device.name)) faults.notFound(`${at}.name`, device.name);
    else if (!context.volumes.get(device.name))
      faults.invalid(
        `${at}.name`,
        device.name,
        'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode',
      );
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
  if (container.securityContext)
    securityContext(faults, `${path}.securityContext`, container.securityContext, context.windows);
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

export function containers(
  faults: Faults,
  path: string,
  list: Container[] | undefined,
  context: PodContext,
  names: Set<string>,
) {
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
    if (container.restartPolicy !== undefined)
      faults.ifNot(`${at}.restartPolicy`, container.restartPolicy, ['Always', 'Never', 'OnFailure']);
    restartRules(faults, at, container);
  });
  hostPortConflicts(faults, path, list);
}

const SIDECAR_ONLY = 'may not be set for init containers without restartPolicy=Always';

export function initContainers(
  faults: Faults,
  path: string,
  list: Container[] | undefined,
  context: PodContext,
  regular: Container[],
  names: Set<string>,
) {
  (list ?? []).forEach((container, i) => {
    const at = `${path}[${i}]`;
    containerCommon(faults, at, container, context);
    if (container.name) {
      if (names.has(container.name) || regular.some((c) => c.name === container.name))
        faults.duplicate(`${at}.name`, container.name);
      names.add(container.name);
    }
    restartRules(faults, at, container);
    if (container.restartPolicy !== undefined)
      faults.ifNot(`${at}.restartPolicy`, container.restartPolicy, ['Always', 'Never', 'OnFailure']);
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

const EPHEMERAL_FORBIDDEN = [
  'ports',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
  'resizePolicy',
  'restartPolicy',
];

export function ephemeralContainers(
  faults: Faults,
  path: string,
  list: JsonObject[] | undefined,
  context: PodContext,
  spec: JsonObject,
) {
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
      if (container[field] !== undefined)
        faults.forbidden(`${at}.${field}`, 'cannot be set for an Ephemeral Container');
    }
    if (container.resources && (container.resources.limits || container.resources.requests)) {
      faults.forbidden(`${at}.resources`, 'cannot be set for an Ephemeral Container');
    }
    (container.volumeMounts ?? []).forEach((mount: JsonObject, m: number) => {
      if (mount.subPath)
        faults.forbidden(`${at}.volumeMounts[${m}].subPath`, 'cannot be set for an Ephemeral Container');
      if (mount.subPathExpr)
        faults.forbidden(`${at}.volumeMounts[${m}].subPathExpr`, 'cannot be set for an Ephemeral Container');
    });
  });
}
