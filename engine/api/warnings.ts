// Warnings that accompany an accepted request: deprecated kinds and fields, and what is legal but surely not meant.

import type { JsonObject, KubeObject, ResourceInfo } from './types.ts';

/** Kinds that warn whenever they are used. */
const DEPRECATED_KINDS: Record<string, string> = {
  '/v1/ComponentStatus': 'v1 ComponentStatus is deprecated in v1.19+',
  '/v1/Endpoints': 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
};

/** The warning that any use of the kind brings. */
export function kindWarning(info: ResourceInfo): string | undefined {
  return DEPRECATED_KINDS[`${info.group}/${info.version}/${info.kind}`];
}

const DEPRECATED_VOLUMES: Record<string, string> = {
  gitRepo: 'deprecated in v1.11, and disabled by default in v1.33+',
  rbd: 'deprecated in v1.28, non-functional in v1.31+',
  cephfs: 'deprecated in v1.28, non-functional in v1.31+',
  storageos: 'deprecated in v1.22, non-functional in v1.25+',
  glusterfs: 'deprecated in v1.25, non-functional in v1.26+',
  photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+',
  scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
  quobyte: 'deprecated in v1.22, non-functional in v1.25+',
  flocker: 'deprecated in v1.22, non-functional in v1.25+',
};

const DEPRECATED_NODE_LABELS: Record<string, string> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
};

const DEPRECATED_ANNOTATIONS: Record<string, string> = {
  'scheduler.alpha.kubernetes.io/critical-pod': 'non-functional in v1.16+; use the "priorityClassName" field instead',
};

function containerWarnings(out: string[], path: string, list: JsonObject[] | undefined) {
  (list ?? []).forEach((container, c) => {
    const seen: Record<string, number> = {};
    (container.env ?? []).forEach((variable: JsonObject, i: number) => {
      const earlier = seen[variable.name];
      if (earlier !== undefined) {
        const later = `${path}[${c}].env[${i}]`;
        out.push(`${later}: hides previous definition of ${JSON.stringify(variable.name)}, which may be unexpected`);
      }
      seen[variable.name] = i;
    });
    for (const kind of ['requests', 'limits']) {
      for (const resource of ['memory', 'ephemeral-storage']) {
        const value = container.resources?.[kind]?.[resource];
        if (typeof value === 'string' && value.endsWith('m')) {
          out.push(
            `${path}[${c}].resources.${kind}[${resource}]: fractional byte value ${JSON.stringify(value)} is invalid, must be an integer`,
          );
        }
      }
    }
  });
}

/** Pods of one template warn alike. */
const podWarnings = new WeakMap<object, string[]>();

function podSpecWarnings(spec: JsonObject, path: string): string[] {
  const known = path === 'spec' ? podWarnings.get(spec) : undefined;
  if (known) return known;
  const out: string[] = [];
  for (const key in spec.nodeSelector) {
    const why = DEPRECATED_NODE_LABELS[key];
    if (why) out.push(`${path}.nodeSelector[${key}]: ${why}`);
  }
  (spec.hostAliases ?? []).forEach((alias: JsonObject, i: number) => {
    const first = spec.hostAliases.findIndex((other: JsonObject) => other.ip === alias.ip);
    if (first !== i)
      out.push(
        `${path}.hostAliases[${i}].ip: duplicates the IP address ${path}.hostAliases[${first}].ip ${JSON.stringify(alias.ip)}`,
      );
  });
  (spec.imagePullSecrets ?? []).forEach((ref: JsonObject, i: number) => {
    if (!ref.name) out.push(`${path}.imagePullSecrets[${i}].name: invalid empty name ""`);
  });
  (spec.volumes ?? []).forEach((volume: JsonObject, i: number) => {
    for (const source in volume) {
      const why = DEPRECATED_VOLUMES[source];
      if (why) out.push(`${path}.volumes[${i}].${source}: ${why}`);
    }
  });
  containerWarnings(out, `${path}.initContainers`, spec.initContainers);
  containerWarnings(out, `${path}.containers`, spec.containers);
  if (spec.terminationGracePeriodSeconds < 0)
    out.push(
      `${path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`,
    );
  if (path === 'spec') podWarnings.set(spec, out);
  return out;
}

function templateWarnings(object: KubeObject): string[] {
  if (object.kind === 'Pod') return podSpecWarnings(object.spec ?? {}, 'spec');
  if (object.kind === 'PodTemplate') return podSpecWarnings(object.template?.spec ?? {}, 'template.spec');
  if (object.kind === 'CronJob')
    return podSpecWarnings(object.spec?.jobTemplate?.spec?.template?.spec ?? {}, 'spec.jobTemplate.spec.template.spec');
  const template = object.spec?.template?.spec;
  return template ? podSpecWarnings(template, 'spec.template.spec') : [];
}

export function warningsFor(info: ResourceInfo, object: KubeObject): string[] {
  const kind = kindWarning(info);
  const out = kind ? [kind] : [];
  switch (`${info.group}/${info.kind}`) {
    case '/Pod':
    case '/PodTemplate':
    case '/ReplicationController':
    case 'apps/DaemonSet':
    case 'apps/Deployment':
    case 'apps/ReplicaSet':
    case 'apps/StatefulSet':
    case 'batch/Job':
    case 'batch/CronJob': {
      const found = templateWarnings(object);
      if (found.length) out.push(...found);
      break;
    }
  }
  if (info.kind === 'Pod') {
    for (const key in object.metadata.annotations) {
      const why = DEPRECATED_ANNOTATIONS[key];
      if (why) out.push(`metadata.annotations[${key}]: ${why}`);
    }
  }
  return out;
}
