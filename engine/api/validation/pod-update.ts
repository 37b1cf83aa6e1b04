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
  // What is the stored object's own has been looked at when it came.
  validateStatus(faults, object, old) {
    annotationsUpdate(faults, object, old);
    if (object.spec?.nodeName !== old.spec?.nodeName)
      faults.forbidden('status.nodeName', 'may not be changed directly');
    const now: JsonObject = object.status ?? {};
    const before: JsonObject = old.status ?? {};
    if (now === before) return;
    if (now.conditions && now.conditions !== before.conditions && !goodLists.has(now.conditions)) {
      if (conditions(faults, now.conditions)) goodLists.add(now.conditions);
    }
    const nominated = now.nominatedNodeName;
    if (nominated && nominated !== before.nominatedNodeName)
      faults.check('status.nominatedNodeName', nominated, isDNS1123Subdomain);
    if (now.qosClass !== before.qosClass) faults.invalid('status.qosClass', now.qosClass ?? '', IMMUTABLE);
    const policy: string | undefined = object.spec?.restartPolicy;
    if (policy !== 'Always') {
      restarts(faults, object, old, 'containerStatuses', policy);
      restarts(faults, object, old, 'initContainerStatuses', policy);
    }
    if (before.ephemeralContainerStatuses) restarts(faults, object, old, 'ephemeralContainerStatuses', 'Never');
    if (now.podIPs && now.podIPs !== before.podIPs) addresses(faults, 'podIPs', now.podIPs);
    const { hostIPs } = now;
    if (hostIPs?.length && now.hostIP !== hostIPs[0].ip)
      faults.invalid('status.hostIPs[0].ip', hostIPs[0].ip, 'must be equal to `hostIP`');
    if (hostIPs && hostIPs !== before.hostIPs && !goodLists.has(hostIPs)) {
      if (addresses(faults, 'hostIPs', hostIPs)) goodLists.add(hostIPs);
    }
    if (isRareStatus(object.spec, now, before)) part('rules').podStatus(faults, object);
  },
};

/** Lists without a fault: Pods that begin together, or on one node, share them. */
const goodLists = new WeakSet<object>();

/** Whether they are good; so is `addresses`. */
function conditions(faults: Faults, list: JsonObject[]): boolean {
  const before = faults.list.length;
  list.forEach(({ type }, i) => {
    if (!SYSTEM_CONDITIONS.has(type)) faults.check(`metadata.conditions[${i}].Type`, type ?? '', isQualifiedName);
  });
  return faults.list.length === before;
}

function addresses(faults: Faults, field: string, list: JsonObject[]): boolean {
  const before = faults.list.length;
  for (let i = 0; i < list.length; i++) faults.check(`status.${field}[${i}]`, list[i].ip ?? '', isValidIP);
  return faults.list.length === before;
}

const STATUSES = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'];

/** Two addresses, resource claims, odd users or the health of devices: what few Pods report. */
function isRareStatus(spec: JsonObject, status: JsonObject, before: JsonObject): boolean {
  if (spec.os?.name === 'windows') return true;
  if (status.podIPs?.length > 1 || status.hostIPs?.length > 1 || status.resourceClaimStatuses) return true;
  for (let i = 0; i < STATUSES.length; i++) {
    const list: JsonObject[] | undefined = status[STATUSES[i]];
    if (!list || list === before[STATUSES[i]]) continue;
    for (let j = 0; j < list.length; j++) if (isRareContainer(list[j])) return true;
  }
  return false;
}

/** The kubelet says of every container who it runs as: ids that are in range need no closer look. */
function isRareContainer({ user, allocatedResourcesStatus }: JsonObject): boolean {
  if (allocatedResourcesStatus) return true;
  const linux: JsonObject | undefined = user?.linux;
  if (!linux) return false;
  const groups: unknown[] = linux.supplementalGroups ?? [];
  for (let i = 0; i < groups.length; i++) if (!isId(groups[i])) return true;
  return !(isId(linux.uid) && isId(linux.gid));
}

const isId = (id: unknown): boolean => typeof id === 'number' && id >= 0 && id <= 2147483647;

const SYSTEM_CONDITIONS = new Set(['PodScheduled', 'Ready', 'Initialized']);

/** With restartPolicy Never or OnFailure what has ended stays so. */
function restarts(faults: Faults, object: KubeObject, old: KubeObject, list: string, policy: string | undefined) {
  const before: JsonObject[] | undefined = old.status?.[list];
  if (!before) return;
  const now: JsonObject[] = object.status?.[list] ?? [];
  before.forEach((status, i) => {
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
  if (object.metadata.annotations === old.metadata.annotations) return;
  const now = object.metadata.annotations ?? {};
  const before = old.metadata.annotations ?? {};
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
