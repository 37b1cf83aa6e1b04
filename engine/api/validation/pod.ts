// Pod specs and Pods: what must hold on creation, and what may change afterwards.

import { deepEqual, set } from '../change.ts';
import type { JsonObject, KubeObject, PodSpec } from '../types.ts';
import { containers, ephemeralContainers, initContainers, type PodContext } from './container.ts';
import { Faults } from './field.ts';
import { labels, objectMetaUpdate } from './metadata.ts';
import { isDNS1123Label, isDNS1123Subdomain, isQualifiedName, isValidIP } from './names.ts';
import { operatingSystem, podSecurityContext } from './security.ts';
import { affinity, labelSelector, tolerations } from './selectors.ts';
import { volumes } from './volumes.ts';
import type { Rules } from './rules.ts';

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const UNSATISFIABLE = ['DoNotSchedule', 'ScheduleAnyway'];

function spread(faults: Faults, path: string, list: JsonObject[] | undefined) {
  const pairOf = (constraint: JsonObject) => `{${constraint.topologyKey}, ${constraint.whenUnsatisfiable}}`;
  (list ?? []).forEach((constraint, i) => {
    const at = `${path}[${i}]`;
    if (!(constraint.maxSkew > 0)) faults.invalid(`${at}.maxSkew`, constraint.maxSkew, 'must be greater than zero');
    if (!constraint.topologyKey) faults.required(`${at}.topologyKey`, 'can not be empty');
    else faults.check(`${at}.topologyKey`, constraint.topologyKey, isQualifiedName);
    faults.ifNot(`${at}.whenUnsatisfiable`, constraint.whenUnsatisfiable, UNSATISFIABLE);
    const pair = pairOf(constraint);
    if ((list ?? []).slice(i + 1).some((later) => pairOf(later) === pair)) {
      faults.duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, pair);
    }
    if (constraint.minDomains !== undefined) {
      faults.positive(`${at}.minDomains`, constraint.minDomains);
      if (constraint.whenUnsatisfiable !== 'DoNotSchedule') {
        faults.invalid(
          `${at}.minDomains`,
          constraint.minDomains,
          `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${constraint.whenUnsatisfiable}`,
        );
      }
    }
    for (const field of ['nodeAffinityPolicy', 'nodeTaintsPolicy']) {
      if (constraint[field] !== undefined) faults.ifNot(`${at}.${field}`, constraint[field], ['Honor', 'Ignore']);
    }
    (constraint.matchLabelKeys ?? []).forEach((key: string, k: number) => {
      if (!constraint.labelSelector)
        faults.forbidden(`${at}.matchLabelKeys`, 'must not be specified when labelSelector is not set');
      faults.check(`${at}.matchLabelKeys[${k}]`, key, isQualifiedName);
    });
    labelSelector(faults, `${at}.labelSelector`, constraint.labelSelector);
  });
}

function dns(faults: Faults, path: string, spec: JsonObject) {
  if (!spec.dnsPolicy) faults.required(`${path}.dnsPolicy`);
  else faults.ifNot(`${path}.dnsPolicy`, spec.dnsPolicy, DNS_POLICIES);
  const config: JsonObject | undefined = spec.dnsConfig;
  if (spec.dnsPolicy === 'None') {
    if (!config) {
      faults.required(`${path}.dnsConfig`, 'must provide `dnsConfig` when `dnsPolicy` is None');
      return;
    }
    if (!config.nameservers?.length)
      faults.required(
        `${path}.dnsConfig.nameservers`,
        'must provide at least one DNS nameserver when `dnsPolicy` is None',
      );
  }
  if (!config) return;
  const at = `${path}.dnsConfig`;
  if (config.nameservers?.length > 3)
    faults.invalid(`${at}.nameservers`, config.nameservers, 'must not have more than 3 nameservers');
  (config.nameservers ?? []).forEach((ip: string, i: number) => faults.check(`${at}.nameservers[${i}]`, ip, isValidIP));
  if (config.searches?.length > 32)
    faults.invalid(`${at}.searches`, config.searches, 'must not have more than 32 search paths');
  (config.searches ?? []).forEach((search: string, i: number) => {
    const name = search.replace(/\.$/, '');
    if (name) faults.check(`${at}.searches[${i}]`, name.toLowerCase().replace(/_/g, '-'), isDNS1123Subdomain);
  });
  (config.options ?? []).forEach((option: JsonObject, i: number) => {
    if (!option.name) faults.required(`${at}.options[${i}]`, 'must not be empty');
  });
}

const goodSpecs = new WeakSet<object>();

/** A Pod's spec at `path`, of a Pod or of a template. Specs that came out well are not looked at twice. */
export function podSpec(faults: Faults, path: string, spec: JsonObject) {
  if (goodSpecs.has(spec)) return;
  const before = faults.list.length;
  checkPodSpec(faults, path, spec);
  if (faults.list.length === before) goodSpecs.add(spec);
}

function checkPodSpec(faults: Faults, path: string, spec: JsonObject) {
  const context: PodContext = {
    hostNetwork: Boolean(spec.hostNetwork),
    volumes: volumes(faults, `${path}.volumes`, spec.volumes),
    windows: spec.os?.name === 'windows',
  };
  containers(faults, `${path}.containers`, spec.containers, context, new Set());
  if (spec.initContainers)
    initContainers(faults, `${path}.initContainers`, spec.initContainers, context, spec.containers ?? [], new Set());
  if (spec.ephemeralContainers)
    ephemeralContainers(faults, `${path}.ephemeralContainers`, spec.ephemeralContainers, context, spec);
  if (!spec.restartPolicy) faults.required(`${path}.restartPolicy`);
  else faults.ifNot(`${path}.restartPolicy`, spec.restartPolicy, RESTART_POLICIES);
  dns(faults, path, spec);
  for (const key in spec.nodeSelector) {
    labels(faults, `${path}.nodeSelector`, { [key]: spec.nodeSelector[key] });
  }
  podSecurityContext(faults, `${path}.securityContext`, spec);
  if (spec.affinity) affinity(faults, `${path}.affinity`, spec.affinity);
  (spec.readinessGates ?? []).forEach((gate: JsonObject, i: number) =>
    faults.check(`${path}.readinessGates[${i}].conditionType`, gate.conditionType, isQualifiedName),
  );
  const gates = new Set<string>();
  (spec.schedulingGates ?? []).forEach((gate: JsonObject, i: number) => {
    const at = `${path}.schedulingGates[${i}]`;
    faults.check(at, gate.name, isQualifiedName);
    if (gates.has(gate.name)) faults.duplicate(at, gate.name);
    gates.add(gate.name);
  });
  if (spec.topologySpreadConstraints)
    spread(faults, `${path}.topologySpreadConstraints`, spec.topologySpreadConstraints);
  if (spec.serviceAccountName) faults.check(`${path}.serviceAccountName`, spec.serviceAccountName, isDNS1123Subdomain);
  if (spec.nodeName) faults.check(`${path}.nodeName`, spec.nodeName, isDNS1123Subdomain);
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && (deadline < 1 || deadline > 2147483647)) {
    faults.invalid(`${path}.activeDeadlineSeconds`, deadline, 'must be between 1 and 2147483647, inclusive');
  }
  if (spec.hostname) faults.check(`${path}.hostname`, spec.hostname, isDNS1123Label);
  if (spec.subdomain) faults.check(`${path}.subdomain`, spec.subdomain, isDNS1123Label);
  if (spec.tolerations) tolerations(faults, `${path}.tolerations`, spec.tolerations);
  (spec.hostAliases ?? []).forEach((alias: JsonObject, i: number) => {
    for (const fault of isValidIP(alias.ip ?? ''))
      faults.invalid(`${path}.hostAliases[${i}].ip`, alias.ip ?? '', fault);
    (alias.hostnames ?? []).forEach((name: string, h: number) =>
      faults.check(`${path}.hostAliases[${i}].hostnames[${h}]`, name, isDNS1123Subdomain),
    );
  });
  if (spec.priorityClassName) faults.check(`${path}.priorityClassName`, spec.priorityClassName, isDNS1123Subdomain);
  if (spec.runtimeClassName) faults.check(`${path}.runtimeClassName`, spec.runtimeClassName, isDNS1123Subdomain);
  if (spec.preemptionPolicy !== undefined)
    faults.ifNot(`${path}.preemptionPolicy`, spec.preemptionPolicy, ['Never', 'PreemptLowerPriority']);
  operatingSystem(faults, path, spec);
  if (spec.hostUsers !== false) {
    for (const list of ['initContainers', 'containers']) {
      (spec[list] ?? []).forEach((container: JsonObject, i: number) => {
        if (container.securityContext?.procMount !== 'Unmasked') return;
        faults.invalid(
          `${path}.${list}[${i}].securityContext.procMount`,
          'Unmasked',
          '`hostUsers` must be false to use `Unmasked`',
        );
      });
    }
  }
  if (spec.hostNetwork && spec.hostUsers === false) {
    faults.forbidden(`${path}.hostNetwork`, 'when `hostUsers` is false');
  }
}

function hostnameRules(faults: Faults, spec: JsonObject) {
  if (spec.schedulingGates?.length && spec.nodeName) {
    faults.forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared');
  }
}

const UPDATE_WORDS =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,' +
  '`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),' +
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

function withImages(list: JsonObject[] | undefined, from: JsonObject[] | undefined) {
  if (!list) return list;
  return list.map((container, i) =>
    from?.[i] && from[i].image !== container.image ? { ...container, image: from[i].image } : container,
  );
}

/** A deadline may be set and shortened, never lifted or extended. */
function deadlineUpdate(faults: Faults, spec: JsonObject, old: JsonObject) {
  const path = 'spec.activeDeadlineSeconds';
  const now = spec.activeDeadlineSeconds;
  const before = old.activeDeadlineSeconds;
  if (now !== undefined) {
    if (now < 0 || now > 2147483647) faults.invalid(path, now, 'must be between 0 and 2147483647, inclusive');
    else if (before !== undefined && before < now)
      faults.invalid(path, now, 'must be less than or equal to previous value');
  } else if (before !== undefined) {
    faults.invalid(path, now, 'must not update from a positive integer to nil value');
  }
}

/** Tolerations may be added; existing ones stay (their tolerationSeconds may change). */
function tolerationsUpdate(faults: Faults, spec: JsonObject, old: JsonObject): boolean {
  const kept = (old.tolerations ?? []).every((before: JsonObject) =>
    (spec.tolerations ?? []).some((now: JsonObject) => {
      return deepEqual({ ...now, tolerationSeconds: 0 }, { ...before, tolerationSeconds: 0 });
    }),
  );
  if (!kept)
    faults.forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds');
  return kept;
}

/** While gates hold a Pod back, where it may go can still be narrowed. */
function gatedMutable(spec: JsonObject, old: JsonObject): JsonObject {
  let out = spec;
  const selector = spec.nodeSelector ?? {};
  const keeps = Object.keys(old.nodeSelector ?? {}).every((key) => selector[key] === old.nodeSelector[key]);
  if (keeps) out = set(out, 'nodeSelector', old.nodeSelector);
  const required = (s: JsonObject) => s.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (!required(old) || deepEqual(required(old), required(spec))) out = set(out, 'affinity', old.affinity);
  return out;
}

function specUpdate(faults: Faults, object: KubeObject, old: KubeObject) {
  const spec = object.spec as JsonObject;
  const before = old.spec as JsonObject;
  if (spec === before) return;
  if ((spec.containers?.length ?? 0) !== (before.containers?.length ?? 0)) {
    faults.forbidden('spec.containers', 'pod updates may not add or remove containers');
    return;
  }
  if ((spec.initContainers?.length ?? 0) !== (before.initContainers?.length ?? 0)) {
    faults.forbidden('spec.initContainers', 'pod updates may not add or remove containers');
    return;
  }
  deadlineUpdate(faults, spec, before);
  const oldGates = (before.schedulingGates ?? []).map((gate: JsonObject) => gate.name);
  const added = (spec.schedulingGates ?? []).filter((gate: JsonObject) => !oldGates.includes(gate.name));
  if (added.length) {
    faults.forbidden(
      'spec.schedulingGates',
      `only deletion is allowed, but found new scheduling gates '${added.map((g: JsonObject) => g.name).join("', '")}'`,
    );
  }
  tolerationsUpdate(faults, spec, before);
  // Everything that may change is put back; what then still differs may not.
  let munged = set(spec, 'containers', withImages(spec.containers, before.containers));
  munged = set(munged, 'initContainers', withImages(spec.initContainers, before.initContainers));
  for (const field of ['activeDeadlineSeconds', 'schedulingGates', 'tolerations'])
    munged = set(munged, field, before[field]);
  if (before.terminationGracePeriodSeconds < 0 && spec.terminationGracePeriodSeconds === 1) {
    munged = set(munged, 'terminationGracePeriodSeconds', before.terminationGracePeriodSeconds);
  }
  if (oldGates.length) munged = gatedMutable(munged, before);
  if (!deepEqual(munged, before)) faults.forbidden('spec', UPDATE_WORDS);
}

function ephemeralUpdate(faults: Faults, object: KubeObject, old: KubeObject) {
  const list: JsonObject[] = object.spec.ephemeralContainers ?? [];
  for (const before of old.spec.ephemeralContainers ?? []) {
    const now = list.find((c) => c.name === before.name);
    const path = 'spec.ephemeralContainers';
    if (!now) faults.forbidden(path, `existing ephemeral containers ${JSON.stringify(before.name)} may not be removed`);
    else if (!deepEqual(now, before))
      faults.forbidden(path, `existing ephemeral containers ${JSON.stringify(before.name)} may not be changed`);
  }
}

export const pod: Rules = {
  validate(faults, object) {
    podSpec(faults, 'spec', object.spec ?? {});
    hostnameRules(faults, object.spec ?? {});
  },
  ownUpdate(faults, object, old, subresource) {
    podSpec(faults, 'spec', object.spec ?? {});
    if (subresource === 'ephemeralcontainers') {
      ephemeralUpdate(faults, object, old);
    } else if (subresource === undefined) {
      // Upstream validates the Pod once as such and once as an update, and says everything twice.
      labels(faults, 'metadata.labels', object.metadata.labels);
      objectMetaUpdate(faults, object, old);
      labels(faults, 'metadata.labels', object.metadata.labels);
      podSpec(faults, 'spec', object.spec ?? {});
      specUpdate(faults, object, old);
    }
  },
  validateStatus(faults, object, old) {
    if (object.spec?.nodeName !== old.spec?.nodeName)
      faults.forbidden('status.nodeName', 'may not be changed directly');
    const nominated = object.status?.nominatedNodeName;
    if (nominated) faults.check('status.nominatedNodeName', nominated, isDNS1123Subdomain);
    restarts(faults, object, old);
  },
};

/** With restartPolicy Never or OnFailure what has ended stays so. */
function restarts(faults: Faults, object: KubeObject, old: KubeObject) {
  const policy = (object.spec as PodSpec)?.restartPolicy;
  if (!old.status || object.status === old.status || policy === 'Always') return;
  const before: JsonObject[] = old.status.containerStatuses ?? [];
  const now: JsonObject[] = object.status?.containerStatuses ?? [];
  for (const status of before) {
    const ended = status.state?.terminated;
    if (!ended || (policy === 'OnFailure' && ended.exitCode !== 0)) continue;
    const index = now.findIndex((s) => s.name === status.name);
    if (index >= 0 && !now[index].state?.terminated && !hasOwnRestartPolicy(object, status.name)) {
      faults.forbidden(`status.containerStatuses[${index}].state`, 'may not be transitioned to non-terminated state');
    }
  }
}

function hasOwnRestartPolicy(object: KubeObject, name: string): boolean {
  return object.spec.containers.some((c: JsonObject) => c.name === name && c.restartPolicy !== undefined);
}

/** A Pod template: labels, annotations and a spec. */
export function podTemplateSpec(faults: Faults, path: string, template: JsonObject | undefined) {
  labels(faults, `${path}.metadata.labels`, template?.metadata?.labels);
  podSpec(faults, `${path}.spec`, template?.spec ?? {});
}

export const podTemplate: Rules = {
  validate: (faults, object) => podTemplateSpec(faults, 'template', object.template),
};
