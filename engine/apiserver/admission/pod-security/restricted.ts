// The restricted level: current best practice for hardening Pods.

import type { PodSpec, SecurityContext, Volume } from '../../../api/types.ts';
import { procMount } from './baseline.ts';
import {
  quote,
  plural,
  named,
  bad,
  setters,
  distinct,
  windows,
  userNamespace,
  refusal,
  type Check,
  type PodView,
  type Violation,
} from './view.ts';

const VOLUME_TYPES = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
]);
/** The kind of a volume is the field beside its name. */
function volumeType(volume: Volume): string {
  for (const key in volume) if (key !== 'name') return key;
  return 'unknown';
}

function restrictedCapabilities(view: PodView): Violation | undefined {
  if (windows(view)) return undefined;
  const undropped = bad(view, (context) => !context.capabilities?.drop?.includes('ALL'));
  const added: string[] = [];
  const adding = bad(view, (context) => {
    const extra = (context.capabilities?.add ?? []).filter((one) => one !== 'NET_BIND_SERVICE');
    added.push(...extra);
    return extra.length > 0;
  });
  const details: string[] = [];
  if (undropped.length) details.push(`${named(undropped)} must set securityContext.capabilities.drop=["ALL"]`);
  if (adding.length) {
    details.push(`${named(adding)} must not include ${quote(distinct(added))} in securityContext.capabilities.add`);
  }
  return details.length ? { reason: 'unrestricted capabilities', detail: details.join('; ') } : undefined;
}

function volumes(view: PodView): Violation | undefined {
  const found = (view.spec.volumes ?? []).filter((volume) => !VOLUME_TYPES.has(volumeType(volume)));
  if (found.length === 0) return undefined;
  const types = distinct(found.map(volumeType));
  const names = found.map((volume) => volume.name);
  return {
    reason: 'restricted volume types',
    detail: `${plural('volume', 'volumes', names.length)} ${quote(names)} ${plural('uses', 'use', names.length)} restricted volume ${plural('type', 'types', types.length)} ${quote(types)}`,
  };
}

/** A setting that a container has of its own or from the Pod: who forbids it expressly, else who has it from nowhere. */
function inherited<T>(
  view: PodView,
  get: (context: SecurityContext | NonNullable<PodSpec['securityContext']>) => T | undefined,
  good: (value: T) => boolean,
): { refused: string | undefined; missing: string[] } {
  const own = view.spec.securityContext ? get(view.spec.securityContext) : undefined;
  const podGood = own !== undefined && good(own);
  const podBad = own !== undefined && !good(own);
  const value = (context: SecurityContext) => get(context);
  const refusing = bad(view, (context) => {
    const set = value(context);
    return set !== undefined && !good(set);
  });
  const missing = podGood || podBad ? [] : bad(view, (context) => value(context) === undefined);
  // A Pod that is wrong itself only matters to those that inherit from it; upstream names it in any case.
  return { refused: setters(podBad, refusing), missing };
}

function runAsNonRoot(view: PodView): Violation | undefined {
  if (userNamespace(view)) return undefined;
  const reason = 'runAsNonRoot != true';
  const { refused, missing } = inherited(
    view,
    (context) => context.runAsNonRoot,
    (value) => value,
  );
  if (refused) return { reason, detail: `${refused} must not set securityContext.runAsNonRoot=false` };
  if (missing.length === 0) return undefined;
  return { reason, detail: `pod or ${named(missing)} must set securityContext.runAsNonRoot=true` };
}

function restrictedSeccomp(view: PodView): Violation | undefined {
  if (windows(view)) return undefined;
  const reason = 'seccompProfile';
  const types: string[] = [];
  const good = (type: string): boolean => {
    if (type === 'RuntimeDefault' || type === 'Localhost') return true;
    types.push(type);
    return false;
  };
  const { refused, missing } = inherited(view, (context) => context.seccompProfile?.type, good);
  if (refused) {
    return {
      reason,
      detail: `${refused} must not set securityContext.seccompProfile.type to ${quote(distinct(types))}`,
    };
  }
  if (missing.length === 0) return undefined;
  return {
    reason,
    detail: `pod or ${named(missing)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
  };
}

/** In the order of their reports. */
export const RESTRICTED: readonly Check[] = [
  {
    id: 'allowPrivilegeEscalation',
    level: 'restricted',
    since: 8,
    run(view) {
      if (windows(view)) return undefined;
      const names = bad(view, (context) => context.allowPrivilegeEscalation !== false);
      return refusal(
        'allowPrivilegeEscalation != false',
        setters(false, names),
        'must set securityContext.allowPrivilegeEscalation=false',
      );
    },
  },
  {
    id: 'capabilities_restricted',
    level: 'restricted',
    since: 22,
    overrides: ['capabilities_baseline'],
    run: restrictedCapabilities,
  },
  {
    id: 'procMount_restricted',
    level: 'restricted',
    since: 35,
    overrides: ['procMount'],
    run: procMount,
  },
  { id: 'restrictedVolumes', level: 'restricted', since: 0, overrides: ['hostPathVolumes'], run: volumes },
  { id: 'runAsNonRoot', level: 'restricted', since: 0, run: runAsNonRoot },
  {
    id: 'runAsUser',
    level: 'restricted',
    since: 23,
    run(view) {
      if (userNamespace(view)) return undefined;
      const pod = view.spec.securityContext?.runAsUser === 0;
      return refusal(
        'runAsUser=0',
        setters(
          pod,
          bad(view, (context) => context.runAsUser === 0),
        ),
        'must not set runAsUser=0',
      );
    },
  },
  {
    id: 'seccompProfile_restricted',
    level: 'restricted',
    since: 19,
    overrides: ['seccompProfile_baseline'],
    run: restrictedSeccomp,
  },
];
