// Pod specs and Pods: what must hold on creation. What few of them have is in pod-further.ts and security-further.ts.

import { part } from '../../parts/index.ts';
import type { JsonObject, KubeObject } from '../types.ts';
import { annotations as annotationSizes, labels } from './metadata.ts';
import { containers, initContainers, trimmedImage, type PodContext } from './container.ts';
import type { Faults } from './field.ts';
import { isDNS1123Label, isDNS1123Subdomain, isQualifiedName, isValidIP } from './names.ts';
import { resourceRequirements } from './resources.ts';
import { eachContainer, hasWindowsOptions, podSecurityContext, userNamespace } from './security.ts';
import { affinity, tolerations } from './selectors.ts';
import { descendingPath } from './volume-paths.ts';
import { volumes } from './volumes.ts';
import type { Rules } from './rules.ts';

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
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
    claims: spec.resourceClaims
      ? part('rules').resourceClaims(faults, `${path}.resourceClaims`, spec.resourceClaims)
      : [],
    gracePeriod: spec.terminationGracePeriodSeconds,
    restartPolicy: spec.restartPolicy,
    hostUsers: spec.hostUsers !== false,
  };
  containers(faults, `${path}.containers`, spec.containers, context);
  if (spec.initContainers)
    initContainers(faults, `${path}.initContainers`, spec.initContainers, context, spec.containers ?? []);
  if (spec.ephemeralContainers?.length)
    part('rules').ephemeralContainers(faults, `${path}.ephemeralContainers`, spec.ephemeralContainers, context, spec);
  if (spec.resources) part('rules').podResources(faults, `${path}.resources`, spec);
  hostNetworkPorts(faults, path, spec);
  faults.oneOf(`${path}.restartPolicy`, spec.restartPolicy, RESTART_POLICIES);
  faults.oneOf(`${path}.dnsPolicy`, spec.dnsPolicy, DNS_POLICIES);
  labels(faults, `${path}.nodeSelector`, spec.nodeSelector);
  podSecurityContext(faults, `${path}.securityContext`, spec);
  if (spec.affinity) affinity(faults, `${path}.affinity`, spec.affinity);
  if (spec.dnsConfig || spec.dnsPolicy === 'None') part('rules').dnsConfig(faults, `${path}.dnsConfig`, spec);
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
    part('rules').spread(faults, `${path}.topologySpreadConstraints`, spec.topologySpreadConstraints);
  if (hasWindowsOptions(spec)) part('rules').hostProcess(faults, path, spec);
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
  if (spec.os) part('rules').operatingSystem(faults, path, spec);
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

/** A Pod's spec, with what holds for Pods and not yet for templates of them. */
export function podItself(faults: Faults, object: KubeObject) {
  const spec: JsonObject = object.spec ?? {};
  podAnnotations(faults, 'metadata.annotations', object.metadata.annotations, spec);
  podSpec(faults, 'spec', spec);
  if (spec.volumes?.some((volume: JsonObject) => volume.ephemeral))
    part('rules').ownClaims(faults, object.metadata, spec);
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
