// Pods on an update: what may change of one that exists; of its spec pod-spec-update.ts says so.

import { part } from '../../parts/index.ts';
import type { JsonObject, KubeObject } from '../types.ts';
import { type Faults, IMMUTABLE } from './field.ts';
import { objectMeta, objectMetaUpdate, standardFinalizers } from './metadata.ts';
import { isDNS1123Subdomain, isQualifiedName, isValidIP } from './names.ts';
import { MIRROR, newPod, podAnnotations, podItself } from './pod.ts';
import type { Rules } from './rules.ts';

const PODS = { group: '', kind: 'Pod', namespaced: true };

export const pod: Rules = {
  validate: newPod,
  ownUpdate(faults, object, old, subresource) {
    objectMetaUpdate(faults, object, old);
    standardFinalizers(faults, object.metadata);
    objectMeta(faults, PODS, object);
    podItself(faults, object);
    annotationsUpdate(faults, object, old);
    if (object.spec !== old.spec || subresource === 'resize')
      part('rules').podSpecUpdate(faults, object, old, subresource);
  },
  validateStatus(faults, object, old) {
    annotationsUpdate(faults, object, old);
    (object.status?.conditions ?? []).forEach((condition: JsonObject, i: number) => {
      if (!SYSTEM_CONDITIONS.has(condition.type))
        faults.check(`metadata.conditions[${i}].Type`, condition.type ?? '', isQualifiedName);
    });
    if (object.spec?.nodeName !== old.spec?.nodeName)
      faults.forbidden('status.nodeName', 'may not be changed directly');
    const nominated = object.status?.nominatedNodeName;
    if (nominated && nominated !== old.status?.nominatedNodeName)
      faults.check('status.nominatedNodeName', nominated, isDNS1123Subdomain);
    if (object.status?.qosClass !== old.status?.qosClass)
      faults.invalid('status.qosClass', object.status?.qosClass ?? '', IMMUTABLE);
    const policy: string | undefined = object.spec?.restartPolicy;
    if (old.status && object.status !== old.status) {
      restarts(faults, object, old, 'containerStatuses', policy);
      restarts(faults, object, old, 'initContainerStatuses', policy);
      restarts(faults, object, old, 'ephemeralContainerStatuses', 'Never');
    }
    (object.status?.podIPs ?? []).forEach((ip: JsonObject, i: number) =>
      faults.check(`status.podIPs[${i}]`, ip.ip ?? '', isValidIP),
    );
    const hostIPs: JsonObject[] = object.status?.hostIPs ?? [];
    if (hostIPs.length && object.status?.hostIP !== hostIPs[0].ip)
      faults.invalid('status.hostIPs[0].ip', hostIPs[0].ip, 'must be equal to `hostIP`');
    hostIPs.forEach((ip, i) => faults.check(`status.hostIPs[${i}]`, ip.ip ?? '', isValidIP));
    if (object.status && isRareStatus(object)) part('rules').podStatus(faults, object);
  },
};

const STATUSES = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'];

/** Two addresses, resource claims, odd users or the health of devices: what few Pods report. */
function isRareStatus({ spec, status }: KubeObject): boolean {
  if (spec.os?.name === 'windows') return true;
  if (status.podIPs?.length > 1 || status.hostIPs?.length > 1 || status.resourceClaimStatuses) return true;
  return STATUSES.some((list) => status[list]?.some(isRareContainer));
}

/** The kubelet says of every container who it runs as: ids that are in range need no closer look. */
function isRareContainer({ user, allocatedResourcesStatus }: JsonObject): boolean {
  if (allocatedResourcesStatus) return true;
  const linux: JsonObject | undefined = user?.linux;
  return linux !== undefined && !(isId(linux.uid) && isId(linux.gid) && (linux.supplementalGroups ?? []).every(isId));
}

const isId = (id: unknown): boolean => typeof id === 'number' && id >= 0 && id <= 2147483647;

const SYSTEM_CONDITIONS = new Set(['PodScheduled', 'Ready', 'Initialized']);

/** With restartPolicy Never or OnFailure what has ended stays so. */
function restarts(faults: Faults, object: KubeObject, old: KubeObject, list: string, policy: string | undefined) {
  if (policy === 'Always') return;
  const now: JsonObject[] = object.status?.[list] ?? [];
  (old.status?.[list] ?? []).forEach((status: JsonObject, i: number) => {
    const ended = status.state?.terminated;
    if (!ended || (policy === 'OnFailure' && ended.exitCode !== 0)) return;
    const next = now.find((one) => one.name === status.name);
    if (next && !next.state?.terminated && !hasOwnRestartPolicy(object, status.name))
      faults.forbidden(`status.${list}[${i}].state`, 'may not be transitioned to non-terminated state');
  });
}

function hasOwnRestartPolicy({ spec }: KubeObject, name: string): boolean {
  const own = (container: JsonObject) => container.name === name && container.restartPolicy !== undefined;
  return spec.containers.some(own) || (spec.initContainers ?? []).some(own);
}

/** A mirror Pod stays the mirror of what it mirrors; AppArmor's annotations stay as they were born. */
function annotationsUpdate(faults: Faults, object: KubeObject, old: KubeObject) {
  const now = object.metadata.annotations ?? {};
  const before = old.metadata.annotations ?? {};
  if (now === before) return;
  const path = 'metadata.annotations';
  const fixed = (key: string) =>
    key.startsWith('container.apparmor.security.beta.kubernetes.io/')
      ? 'AppArmor annotations'
      : key === MIRROR
        ? 'mirror pod annotation'
        : undefined;
  for (const key in before) {
    const what = fixed(key);
    if (what && now[key] !== before[key]) faults.forbidden(`${path}[${key}]`, `may not remove or update ${what}`);
  }
  for (const key in now) {
    const what = fixed(key);
    if (what && before[key] === undefined) faults.forbidden(`${path}[${key}]`, `may not add ${what}`);
  }
  podAnnotations(faults, path, now, object.spec);
}
