// Pod specs and Pods: what must hold on creation.

import type { JsonObject, KubeObject, ObjectMeta } from '../types.ts';
import { annotations as annotationSizes, labels } from './metadata.ts';
import { containers, ephemeralContainers, initContainers, trimmedImage, type PodContext } from './container.ts';
import { Faults } from './field.ts';
import { isDNS1123Label, isDNS1123Subdomain, isQualifiedName, isValidIP, maxLengthError } from './names.ts';
import { podResources, resourceRequirements } from './resources.ts';
import { eachContainer, hostProcess, operatingSystem, podSecurityContext, userNamespace } from './security.ts';
import { affinity, labelSelector, tolerations } from './selectors.ts';
import { descendingPath } from './volume-sources.ts';
import { volumes } from './volumes.ts';
import type { Rules } from './rules.ts';

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const UNSATISFIABLE = ['DoNotSchedule', 'ScheduleAnyway'];

function spread(faults: Faults, path: string, list: JsonObject[] | undefined) {
  const pairOf = (constraint: JsonObject) => `{${constraint.topologyKey}, ${constraint.whenUnsatisfiable}}`;
  (list ?? []).forEach((constraint, i) => {
    const at = `${path}[${i}]`;
    if (!(constraint.maxSkew > 0))
      faults.invalid(`${at}.maxSkew`, constraint.maxSkew ?? 0, 'must be greater than zero');
    if (!constraint.topologyKey) faults.required(`${at}.topologyKey`, 'can not be empty');
    faults.ifNot(`${at}.whenUnsatisfiable`, constraint.whenUnsatisfiable ?? '', UNSATISFIABLE);
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
    const keys: string[] = constraint.matchLabelKeys ?? [];
    const selector = constraint.labelSelector;
    if (keys.length && !selector)
      faults.forbidden(`${at}.matchLabelKeys`, 'must not be specified when labelSelector is not set');
    const selected = [
      ...Object.keys(selector?.matchLabels ?? {}),
      ...(selector?.matchExpressions ?? []).map((expression: JsonObject) => expression.key),
    ];
    keys.forEach((key, k) => {
      faults.check(`${at}.matchLabelKeys[${k}]`, key, isQualifiedName);
      if (selected.includes(key))
        faults.invalid(`${at}.matchLabelKeys[${k}]`, key, 'exists in both matchLabelKeys and labelSelector');
    });
    labelSelector(faults, `${at}.labelSelector`, constraint.labelSelector);
  });
}

/** A search domain: a DNS subdomain in which underscores are tolerated, or the root. */
const SEARCH_LABEL = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const SEARCH = new RegExp(`^${SEARCH_LABEL}(\\.${SEARCH_LABEL})*$`);

function searchDomain(faults: Faults, path: string, search: string) {
  if (search === '.') return;
  const name = search.endsWith('.') ? search.slice(0, -1) : search;
  if (name.length > 253) faults.invalid(path, name, maxLengthError(253));
  // The words are those for names without underscores.
  if (!SEARCH.test(name)) faults.check(path, name, (value) => isDNS1123Subdomain(value.slice(0, 253)));
}

function dnsConfig(faults: Faults, at: string, spec: JsonObject) {
  const config: JsonObject | undefined = spec.dnsConfig;
  if (spec.dnsPolicy === 'None') {
    if (!config) {
      faults.required(at, 'must provide `dnsConfig` when `dnsPolicy` is None');
      return;
    }
    if (!config.nameservers?.length) {
      faults.required(`${at}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None');
      return;
    }
  }
  if (!config) return;
  const searches: string[] = config.searches ?? [];
  if (config.nameservers?.length > 3)
    faults.invalid(`${at}.nameservers`, config.nameservers, 'must not have more than 3 nameservers');
  (config.nameservers ?? []).forEach((ip: string, i: number) => faults.check(`${at}.nameservers[${i}]`, ip, isValidIP));
  if (searches.length > 32) faults.invalid(`${at}.searches`, searches, 'must not have more than 32 search paths');
  if (searches.join(' ').length > 2048)
    faults.invalid(
      `${at}.searches`,
      searches,
      'must not have more than 2048 characters (including spaces) in the search list',
    );
  searches.forEach((search, i) => searchDomain(faults, `${at}.searches[${i}]`, search));
  (config.options ?? []).forEach((option: JsonObject, i: number) => {
    if (!option.name) faults.required(`${at}.options[${i}]`, 'must not be empty');
  });
}

function resourceClaims(faults: Faults, path: string, list: JsonObject[] | undefined): string[] {
  const names: string[] = [];
  (list ?? []).forEach((claim, i) => {
    const at = `${path}[${i}]`;
    if (!claim.name) faults.required(`${at}.name`);
    else if (names.includes(claim.name)) faults.duplicate(`${at}.name`, claim.name);
    else {
      faults.check(`${at}.name`, claim.name, isDNS1123Label);
      names.push(claim.name);
    }
    const { resourceClaimName: name, resourceClaimTemplateName: template } = claim;
    if (name !== undefined && template !== undefined)
      faults.invalid(at, claim, 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified');
    if (name === undefined && template === undefined)
      faults.invalid(at, claim, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`');
    if (name !== undefined) faults.check(`${at}.resourceClaimName`, name, isDNS1123Subdomain);
    if (template !== undefined) faults.check(`${at}.resourceClaimTemplateName`, template, isDNS1123Subdomain);
  });
  return names;
}

/** On the host's network a port is the host's. */
function hostNetworkPorts(faults: Faults, path: string, spec: JsonObject) {
  if (!spec.hostNetwork) return;
  (spec.containers ?? []).forEach((container: JsonObject, c: number) =>
    (container.ports ?? []).forEach((port: JsonObject, p: number) => {
      if (port.hostPort && port.hostPort !== port.containerPort)
        faults.invalid(
          `${path}.containers[${c}].ports[${p}].hostPort`,
          port.hostPort,
          'must match `containerPort` when `hostNetwork` is true',
        );
    }),
  );
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
    volumes: volumes(faults, `${path}.volumes`, spec.volumes),
    claims: spec.resourceClaims ? resourceClaims(faults, `${path}.resourceClaims`, spec.resourceClaims) : [],
    gracePeriod: spec.terminationGracePeriodSeconds,
    restartPolicy: spec.restartPolicy,
    hostUsers: spec.hostUsers !== false,
  };
  containers(faults, `${path}.containers`, spec.containers, context);
  if (spec.initContainers)
    initContainers(faults, `${path}.initContainers`, spec.initContainers, context, spec.containers ?? []);
  if (spec.ephemeralContainers)
    ephemeralContainers(faults, `${path}.ephemeralContainers`, spec.ephemeralContainers, context, spec);
  if (spec.resources) podResources(faults, `${path}.resources`, spec);
  hostNetworkPorts(faults, path, spec);
  faults.oneOf(`${path}.restartPolicy`, spec.restartPolicy, RESTART_POLICIES);
  faults.oneOf(`${path}.dnsPolicy`, spec.dnsPolicy, DNS_POLICIES);
  labels(faults, `${path}.nodeSelector`, spec.nodeSelector);
  podSecurityContext(faults, `${path}.securityContext`, spec);
  if (spec.affinity) affinity(faults, `${path}.affinity`, spec.affinity);
  dnsConfig(faults, `${path}.dnsConfig`, spec);
  (spec.readinessGates ?? []).forEach((gate: JsonObject, i: number) =>
    faults.check(`${path}.readinessGates[${i}].conditionType`, gate.conditionType ?? '', isQualifiedName),
  );
  const gates = new Set<string>();
  (spec.schedulingGates ?? []).forEach((gate: JsonObject, i: number) => {
    const at = `${path}.schedulingGates[${i}]`;
    faults.check(at, gate.name ?? '', isQualifiedName);
    if (gates.has(gate.name)) faults.duplicate(at, gate.name);
    gates.add(gate.name);
  });
  if (spec.topologySpreadConstraints)
    spread(faults, `${path}.topologySpreadConstraints`, spec.topologySpreadConstraints);
  hostProcess(faults, path, spec);
  userNamespace(faults, path, spec);
  if (spec.serviceAccountName) faults.check(`${path}.serviceAccountName`, spec.serviceAccountName, isDNS1123Subdomain);
  if (spec.nodeName) faults.check(`${path}.nodeName`, spec.nodeName, isDNS1123Subdomain);
  faults.between(`${path}.activeDeadlineSeconds`, spec.activeDeadlineSeconds, 1, 2147483647);
  if (spec.hostname) faults.check(`${path}.hostname`, spec.hostname, isDNS1123Label);
  if (spec.subdomain) faults.check(`${path}.subdomain`, spec.subdomain, isDNS1123Label);
  if (spec.tolerations) tolerations(faults, `${path}.tolerations`, spec.tolerations);
  (spec.hostAliases ?? []).forEach((alias: JsonObject, i: number) => {
    faults.check(`${path}.hostAliases[${i}].ip`, alias.ip ?? '', isValidIP);
    (alias.hostnames ?? []).forEach((name: string, h: number) =>
      faults.check(`${path}.hostAliases[${i}].hostnames[${h}]`, name, isDNS1123Subdomain),
    );
  });
  if (spec.priorityClassName) faults.check(`${path}.priorityClassName`, spec.priorityClassName, isDNS1123Subdomain);
  if (spec.runtimeClassName !== undefined)
    faults.check(`${path}.runtimeClassName`, spec.runtimeClassName, isDNS1123Subdomain);
  if (spec.preemptionPolicy !== undefined)
    faults.oneOf(`${path}.preemptionPolicy`, spec.preemptionPolicy, ['PreemptLowerPriority', 'Never']);
  if (spec.overhead) resourceRequirements(faults, `${path}.overhead`, { limits: spec.overhead });
  operatingSystem(faults, path, spec);
}

const SECCOMP_OF_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';
const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/';
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
export const MIRROR = 'kubernetes.io/config.mirror';

function seccompProfile(faults: Faults, path: string, value: string) {
  if (value === 'runtime/default' || value === 'docker/default' || value === 'unconfined') return;
  if (value.startsWith('localhost/')) descendingPath(faults, path, value.slice('localhost/'.length));
  else faults.invalid(path, value, 'must be a valid seccomp profile');
}

/** Annotations that mean something for a Pod. */
export function podAnnotations(
  faults: Faults,
  path: string,
  annotations: Record<string, string> | undefined,
  spec: JsonObject,
) {
  for (const key in annotations) {
    const value = annotations[key];
    if (key === MIRROR && !spec.nodeName) {
      faults.invalid(`${path}[${key}]`, value, 'must set spec.nodeName if mirror pod annotation is set');
    } else if (key === DELETION_COST) {
      const fits = /^(0|[-+]?[1-9]\d*)$/.test(value) && !value.startsWith('+') && Math.abs(Number(value)) < 2147483648;
      if (!fits) faults.invalid(`${path}[${key}]`, value, 'must be a 32bit integer');
    } else if (key === 'seccomp.security.alpha.kubernetes.io/pod' || key.startsWith(SECCOMP_OF_CONTAINER)) {
      seccompProfile(faults, `${path}.${key}`, value);
    } else if (key.startsWith(APP_ARMOR)) {
      const name = key.slice(APP_ARMOR.length);
      let found = false;
      eachContainer('', spec, (container) => (found ||= container.name === name));
      if (!found) faults.invalid(`${path}[${key}]`, name, 'container not found');
      if (value !== '' && value !== 'runtime/default' && value !== 'unconfined' && !value.startsWith('localhost/'))
        faults.invalid(`${path}[${key}]`, value, `invalid AppArmor profile name: ${JSON.stringify(value)}`);
    }
  }
}

/** Claims that a Pod's own volumes make: their names, and that nothing else in it means them. */
function ownClaims(faults: Faults, { name }: ObjectMeta, spec: JsonObject) {
  const list: JsonObject[] = spec.volumes ?? [];
  if (!name || !list.some((volume) => volume.ephemeral)) return;
  const own = new Set(list.filter((volume) => volume.ephemeral).map((volume) => `${name}-${volume.name}`));
  list.forEach((volume, i) => {
    if (volume.ephemeral && volume.name) {
      const claim = `${name}-${volume.name}`;
      for (const fault of isDNS1123Subdomain(claim))
        faults.invalid(`spec.volumes[${i}].name`, volume.name, `PVC name ${JSON.stringify(claim)}: ${fault}`);
    }
    const wanted = volume.persistentVolumeClaim?.claimName;
    if (own.has(wanted)) {
      const words = 'must not reference a PVC that gets created for an ephemeral volume';
      faults.invalid(`spec.volumes[${i}].persistentVolumeClaim.claimName`, wanted, words);
    }
  });
}

/** A Pod's spec, with what holds for Pods and not yet for templates of them. */
export function podItself(faults: Faults, object: KubeObject) {
  const spec: JsonObject = object.spec ?? {};
  podAnnotations(faults, 'metadata.annotations', object.metadata.annotations, spec);
  podSpec(faults, 'spec', spec);
  ownClaims(faults, object.metadata, spec);
  if (!spec.serviceAccountName) {
    (spec.volumes ?? []).forEach((volume: JsonObject, v: number) =>
      (volume.projected?.sources ?? []).forEach((source: JsonObject, i: number) => {
        if (!source.serviceAccountToken) return;
        const at = `spec.volumes[${v}].projected.sources[${i}].serviceAccountToken`;
        faults.forbidden(at, 'must not be specified when serviceAccountName is not set');
      }),
    );
  }
  for (const list of ['containers', 'initContainers'])
    (spec[list] ?? []).forEach((container: JsonObject, i: number) =>
      trimmedImage(faults, `spec.${list}[${i}]`, container.image),
    );
}

/** What a new Pod may not have yet. */
export function newPod(faults: Faults, object: KubeObject) {
  podItself(faults, object);
  const spec: JsonObject = object.spec ?? {};
  if (spec.ephemeralContainers?.length) faults.forbidden('spec.ephemeralContainers', 'cannot be set on create');
  if (spec.schedulingGates?.length && spec.nodeName) {
    faults.forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared');
  }
}

/** A Pod template: labels, annotations and a spec. Upstream's paths leave the metadata between out. */
export function podTemplateSpec(faults: Faults, path: string, template: JsonObject | undefined) {
  const spec: JsonObject = template?.spec ?? {};
  labels(faults, `${path}.labels`, template?.metadata?.labels);
  annotationSizes(faults, `${path}.annotations`, template?.metadata?.annotations);
  podAnnotations(faults, `${path}.annotations`, template?.metadata?.annotations, spec);
  podSpec(faults, `${path}.spec`, spec);
  if (spec.ephemeralContainers?.length)
    faults.forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template');
}

export const podTemplate: Rules = {
  validate: (faults, object) => podTemplateSpec(faults, 'template', object.template),
};
