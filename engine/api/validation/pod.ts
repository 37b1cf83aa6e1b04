// Pod specs and Pods: what must hold on creation. What few of them have is in pod-further.ts and security-further.ts.

import { part } from '../../parts/index.ts';
import { firstOf } from '../twins.ts';
import type { JsonObject, KubeObject } from '../types.ts';
import { annotations as annotationSizes, labels } from './metadata.ts';
import { containers, initContainers, trimmedImage, type PodContext } from './container.ts';
import type { Faults } from './field.ts';
import { isDNS1123Label, isDNS1123Subdomain, isQualifiedName, isValidIP } from './names.ts';
import { resourceRequirements } from './resources.ts';
import { hasWindowsOptions, podSecurityContext, userNamespace } from './security.ts';
import { affinity, tolerations } from './selectors.ts';
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

/** A Pod's spec at `path`, of the Pod `name` or of a template. Specs that came out well are not looked at twice. */
export function podSpec(faults: Faults, path: string, spec: JsonObject, name?: string) {
  const claims = name !== undefined && spec.volumes?.some((volume: JsonObject) => volume.ephemeral);
  const key = firstOf(spec);
  if (goodSpecs.has(key) && !claims) return;
  const before = faults.list.length;
  checkPodSpec(faults, path, spec, claims ? name : undefined);
  if (faults.list.length === before) goodSpecs.add(key);
}

/** `claimant`: the name of the Pod when its own volumes make claims. */
function checkPodSpec(faults: Faults, path: string, spec: JsonObject, claimant: string | undefined) {
  const context: PodContext = {
    volumes: volumes(faults, `${path}.volumes`, spec.volumes, claimant),
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
  if (spec.hostnameOverride !== undefined) part('rules').hostnameOverride(faults, path, spec);
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

export const MIRROR = 'kubernetes.io/config.mirror';
/** How the annotations begin that pod-annotations.ts knows. */
const MEANINGFUL = /^(seccomp|container\.|scheduler\.alpha|controller)/;

function isMeaningful(annotations: Record<string, string> | undefined): annotations is Record<string, string> {
  for (const key in annotations) if (MEANINGFUL.test(key)) return true;
  return false;
}

/** Annotations that mean something for a Pod. */
export function podAnnotations(
  faults: Faults,
  path: string,
  annotations: Record<string, string> | undefined,
  spec: JsonObject,
) {
  if (annotations?.[MIRROR] !== undefined && !spec.nodeName) {
    const words = 'must set spec.nodeName if mirror pod annotation is set';
    faults.invalid(`${path}[${MIRROR}]`, annotations[MIRROR], words);
  }
  if (isMeaningful(annotations)) part('rules').annotationValues(faults, path, annotations, spec);
}

/** A Pod's spec, with what holds for Pods and not yet for templates of them. */
export function podItself(faults: Faults, object: KubeObject) {
  const spec: JsonObject = object.spec ?? {};
  podAnnotations(faults, 'metadata.annotations', object.metadata.annotations, spec);
  podSpec(faults, 'spec', spec, object.metadata.name);
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
  const { annotations } = object.metadata;
  if (isMeaningful(annotations)) part('rules').annotationsMatch(faults, 'spec', annotations, spec);
}

/** A Pod template: labels, annotations and a spec. Upstream's paths leave the metadata between out. */
export function podTemplateSpec(faults: Faults, path: string, template: JsonObject | undefined) {
  const spec: JsonObject = template?.spec ?? {};
  const annotations: Record<string, string> | undefined = template?.metadata?.annotations;
  labels(faults, `${path}.labels`, template?.metadata?.labels);
  annotationSizes(faults, `${path}.annotations`, annotations);
  podAnnotations(faults, `${path}.annotations`, annotations, spec);
  podSpec(faults, `${path}.spec`, spec);
  if (isMeaningful(annotations)) part('rules').annotationsMatch(faults, `${path}.spec`, annotations, spec);
  if (spec.ephemeralContainers?.length)
    faults.forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template');
}

export const podTemplate: Rules = {
  validate: (faults, object) => podTemplateSpec(faults, 'template', object.template),
};
