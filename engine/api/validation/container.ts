// Containers of all three kinds: names, images, ports, mounts and what each kind may not have.

import { part } from '../../parts/index.ts';
import type { Container, ContainerPort, JsonObject, VolumeMount } from '../types.ts';
import { environment, environmentFrom } from './env.ts';
import type { Faults } from './field.ts';
import { isDNS1123Label, isValidPortName } from './names.ts';
import { portNumber } from './ports.ts';
import { lifecycle, probes } from './probes.ts';
import { resourceRequirements } from './resources.ts';
import { securityContext } from './security.ts';
import { descendingPath } from './volume-paths.ts';

export const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const MESSAGE_POLICIES = ['File', 'FallbackToLogsOnError'];
const MOUNT_PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None'];

/** What containers are checked against: the Pod they are in. */
export interface PodContext {
  /** Those that are good, by name. */
  volumes: Map<string, JsonObject>;
  /** Names of the Pod's resource claims. */
  claims: readonly string[];
  gracePeriod: number | undefined;
  restartPolicy: string | undefined;
  hostUsers: boolean;
}

function ports(faults: Faults, path: string, list: ContainerPort[]) {
  const names = new Set<string>();
  list.forEach((port, i) => {
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
    faults.oneOf(`${at}.protocol`, port.protocol, PROTOCOLS);
  });
}

/** Host ports may be taken once in a Pod, whichever container takes them. */
function hostPortConflicts(faults: Faults, path: string, containers: Container[]) {
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

function propagation(faults: Faults, path: string, mount: VolumeMount, privileged: boolean) {
  const mode = mount.mountPropagation;
  if (mode !== undefined) {
    faults.ifNot(`${path}.mountPropagation`, mode, MOUNT_PROPAGATIONS);
    if (mode === 'Bidirectional' && !privileged) {
      faults.forbidden(
        `${path}.mountPropagation`,
        'Bidirectional mount propagation is available only to privileged containers',
      );
    }
  }
  const recursive = mount.recursiveReadOnly;
  if (recursive === 'Enabled' || recursive === 'IfPossible') {
    if (!mount.readOnly) faults.forbidden(`${path}.recursiveReadOnly`, 'may only be specified when readOnly is true');
    if (mode !== undefined && mode !== 'None')
      faults.forbidden(
        `${path}.recursiveReadOnly`,
        'may only be specified when mountPropagation is None or not specified',
      );
  } else faults.ifNot(`${path}.recursiveReadOnly`, recursive, ['Disabled', 'Enabled', 'IfPossible']);
}

function mounts(faults: Faults, path: string, container: Container, { volumes }: PodContext) {
  const seen = new Set<string>();
  const devices = container.volumeDevices ?? [];
  (container.volumeMounts ?? []).forEach((mount: VolumeMount, i) => {
    const at = `${path}[${i}]`;
    if (!mount.name) faults.required(`${at}.name`);
    if (!volumes.has(mount.name)) faults.notFound(`${at}.name`, mount.name ?? '');
    if (!mount.mountPath) faults.required(`${at}.mountPath`);
    if (seen.has(mount.mountPath)) faults.invalid(`${at}.mountPath`, mount.mountPath, 'must be unique');
    seen.add(mount.mountPath);
    if (devices.some((device) => device.name === mount.name))
      faults.invalid(`${at}.name`, mount.name, 'must not already exist in volumeDevices');
    if (devices.some((device) => device.devicePath === mount.mountPath))
      faults.invalid(`${at}.mountPath`, mount.mountPath, 'must not already exist as a path in volumeDevices');
    // From here on upstream leaves the index out of most paths.
    if (mount.subPath) descendingPath(faults, `${path}.subPath`, mount.subPath);
    if (mount.subPathExpr) {
      if (mount.subPath)
        faults.invalid(`${at}.subPathExpr`, mount.subPathExpr, 'subPathExpr and subPath are mutually exclusive');
      descendingPath(faults, `${path}.subPathExpr`, mount.subPathExpr);
    }
    propagation(faults, path, mount, Boolean(container.securityContext?.privileged));
  });
}

/** A container's image in a Pod; templates may still be filled in. */
export function trimmedImage(faults: Faults, path: string, image: string | undefined) {
  if (image !== undefined && image !== image.trim())
    faults.invalid(`${path}.image`, image, 'must not have leading or trailing whitespace');
}

/** What every kind of container is checked for. */
export function containerCommon(faults: Faults, path: string, container: Container, context: PodContext) {
  if (!container.name) faults.required(`${path}.name`);
  else faults.check(`${path}.name`, container.name, isDNS1123Label);
  if (!container.image) faults.required(`${path}.image`);
  faults.oneOf(`${path}.terminationMessagePolicy`, container.terminationMessagePolicy, MESSAGE_POLICIES);
  if (container.ports) ports(faults, `${path}.ports`, container.ports);
  if (container.env) environment(faults, `${path}.env`, container.env);
  if (container.envFrom) environmentFrom(faults, `${path}.envFrom`, container.envFrom as JsonObject[]);
  if (container.volumeMounts) mounts(faults, `${path}.volumeMounts`, container, context);
  if (container.volumeDevices) part('rules').volumeDevices(faults, `${path}.volumeDevices`, container, context);
  faults.oneOf(`${path}.imagePullPolicy`, container.imagePullPolicy, PULL_POLICIES);
  resourceRequirements(faults, `${path}.resources`, container.resources, context.claims);
  if (container.resizePolicy)
    part('rules').resizePolicy(
      faults,
      `${path}.resizePolicy`,
      container.resizePolicy as JsonObject[],
      context.restartPolicy,
    );
  if (container.securityContext)
    securityContext(faults, `${path}.securityContext`, container.securityContext, context.hostUsers);
}

const RESTART_POLICIES = ['Always', 'Never', 'OnFailure'];

function restartPolicy(faults: Faults, at: string, container: Container) {
  faults.ifNot(`${at}.restartPolicy`, container.restartPolicy, RESTART_POLICIES);
  if (container.restartPolicyRules) part('rules').restartRules(faults, at, container as JsonObject);
}

/** Hooks and probes, of what goes on running. */
function running(faults: Faults, at: string, container: Container, { gracePeriod }: PodContext) {
  lifecycle(faults, `${at}.lifecycle`, container.lifecycle, gracePeriod);
  probes(faults, at, container);
}

export function containers(faults: Faults, path: string, list: Container[] | undefined, context: PodContext) {
  if (!list?.length) {
    faults.required(path);
    return;
  }
  const names = new Set<string>();
  list.forEach((container, i) => {
    const at = `${path}[${i}]`;
    containerCommon(faults, at, container, context);
    if (names.has(container.name)) faults.duplicate(`${at}.name`, container.name);
    names.add(container.name);
    running(faults, at, container, context);
    restartPolicy(faults, at, container);
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
) {
  const names = new Set<string>();
  for (const container of regular) names.add(container.name);
  (list ?? []).forEach((container, i) => {
    const at = `${path}[${i}]`;
    containerCommon(faults, at, container, context);
    restartPolicy(faults, at, container);
    if (names.has(container.name)) faults.duplicate(`${at}.name`, container.name);
    else if (container.name) names.add(container.name);
    // They run one after the other, so each is looked at by itself.
    hostPortConflicts(faults, path, [container]);
    if (container.restartPolicy === 'Always') {
      running(faults, at, container, context);
      return;
    }
    for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
      if (container[field]) faults.forbidden(`${at}.${field}`, SIDECAR_ONLY);
    }
  });
}
