// Pods, and the Pod template inside a workload.

import { podQOSClass } from '../../api/qos.ts';
import { formatLabelSelector } from '../../api/selectors.ts';
import type { Event, KubeObject, Pod, PodTemplateSpec, Toleration, TopologySpreadConstraint } from '../../api/types.ts';
import type { Co } from '../../sim/index.ts';
import type { Kubectl } from '../kubectl.ts';
import { annotations, controller, events, eventsOf, labels, longTime, since } from './common.ts';
import { containers, resources } from './containers.ts';
import { volumes } from './volumes.ts';
import { DescribeWriter } from './writer.ts';

export function* describePod(kubectl: Kubectl, object: KubeObject, showEvents: boolean): Co<string> {
  const pod = object as unknown as Pod;
  const { metadata, spec, status } = pod as Required<Pod>;
  const w = new DescribeWriter();
  w.field(0, 'Name', metadata.name);
  w.field(0, 'Namespace', metadata.namespace);
  if (spec.priority !== undefined) w.field(0, 'Priority', spec.priority);
  if (spec.priorityClassName) w.field(0, 'Priority Class Name', spec.priorityClassName);
  if (spec.runtimeClassName) w.field(0, 'Runtime Class Name', spec.runtimeClassName);
  if (spec.serviceAccountName) w.field(0, 'Service Account', spec.serviceAccountName);
  w.field(0, 'Node', spec.nodeName ? `${spec.nodeName}/${status.hostIP ?? ''}` : '<none>');
  if (status.startTime) w.field(0, 'Start Time', longTime(status.startTime));
  labels(w, 0, 'Labels', metadata.labels);
  annotations(w, 0, metadata.annotations);
  if (metadata.deletionTimestamp && status.phase !== 'Failed' && status.phase !== 'Succeeded') {
    w.field(0, 'Status', `Terminating (lasts ${since(metadata.deletionTimestamp, kubectl.now)})`);
    w.field(0, 'Termination Grace Period', `${metadata.deletionGracePeriodSeconds}s`);
  } else {
    w.field(0, 'Status', status.phase);
  }
  if (status.reason) w.field(0, 'Reason', status.reason);
  if (status.message) w.field(0, 'Message', status.message);
  const seccomp = spec.securityContext?.seccompProfile;
  if (seccomp) {
    w.field(0, 'SeccompProfile', seccomp.type);
    if (seccomp.type === 'Localhost') w.field(0, 'LocalhostProfile', seccomp.localhostProfile);
  }
  w.field(0, 'IP', status.podIP);
  if (status.podIPs?.length) {
    w.line(0, 'IPs:');
    for (const { ip } of status.podIPs) w.field(1, 'IP', ip);
  } else {
    w.field(0, 'IPs', '<none>');
  }
  const owner = controller(pod);
  if (owner) w.field(0, 'Controlled By', owner);
  if (status.nominatedNodeName) w.field(0, 'NominatedNodeName', status.nominatedNodeName);
  if (spec.resources) {
    w.line(0, 'Resources:');
    resources(w, 1, spec.resources);
  }
  if (spec.initContainers?.length)
    containers(w, 'Init Containers', spec.initContainers, status.initContainerStatuses, pod);
  containers(w, 'Containers', spec.containers, status.containerStatuses, pod);
  if (spec.ephemeralContainers?.length) {
    containers(w, 'Ephemeral Containers', spec.ephemeralContainers, status.ephemeralContainerStatuses, pod);
  }
  if (spec.readinessGates?.length) {
    w.line(0, 'Readiness Gates:\n  Type\tStatus');
    for (const { conditionType } of spec.readinessGates) {
      const condition = status.conditions?.find((c) => c.type === conditionType);
      w.line(1, `${conditionType} \t${condition?.status ?? '<none>'} `);
    }
  }
  if (status.conditions?.length) {
    w.line(0, 'Conditions:\n  Type\tStatus');
    for (const condition of status.conditions) w.line(1, `${condition.type} \t${condition.status} `);
  }
  volumes(w, spec.volumes);
  w.field(0, 'QoS Class', status.qosClass ?? podQOSClass(spec));
  labels(w, 0, 'Node-Selectors', spec.nodeSelector);
  tolerations(w, spec.tolerations);
  spreadConstraints(w, spec.topologySpreadConstraints);
  if (showEvents) {
    // Not by kind: events about a mirror Pod or a container carry the same uid.
    const list: Event[] = yield* eventsOf(kubectl, object, false);
    events(w, list, kubectl.now);
  }
  return w.toString();
}

export function podTemplate(w: DescribeWriter, template: PodTemplateSpec) {
  w.line(0, 'Pod Template:');
  labels(w, 0, '  Labels', template.metadata?.labels);
  if (Object.keys(template.metadata?.annotations ?? {}).length)
    annotations(w, 0, template.metadata?.annotations, '  Annotations');
  const spec = template.spec;
  if (!spec) return;
  if (spec.serviceAccountName) w.field(0, '  Service Account', spec.serviceAccountName);
  if (spec.initContainers?.length) containers(w, 'Init Containers', spec.initContainers, undefined, undefined, '  ');
  containers(w, 'Containers', spec.containers, undefined, undefined, '  ');
  volumes(w, spec.volumes, '  ');
  spreadConstraints(w, spec.topologySpreadConstraints, '  ');
  if (spec.priorityClassName) w.field(0, '  Priority Class Name', spec.priorityClassName);
  labels(w, 0, '  Node-Selectors', spec.nodeSelector);
  tolerations(w, spec.tolerations, '  ');
}

function tolerations(w: DescribeWriter, list: readonly Toleration[] | undefined, indent = '') {
  if (!list?.length) {
    w.line(0, `${indent}Tolerations:\t<none>`);
    return;
  }
  // Sorted by key, as kubectl does; equal keys keep their order.
  const sorted = list
    .slice()
    .sort((a, b) => ((a.key ?? '') < (b.key ?? '') ? -1 : (a.key ?? '') > (b.key ?? '') ? 1 : 0));
  sorted.forEach((toleration, i) => {
    let text = `${i ? indent : `${indent}Tolerations:`}\t${toleration.key ?? ''}`;
    if (toleration.value) text += `=${toleration.value}`;
    if (toleration.effect) text += `:${toleration.effect}`;
    if (toleration.operator === 'Exists' && !toleration.value)
      text += toleration.key || toleration.effect ? ' op=Exists' : 'op=Exists';
    if (toleration.tolerationSeconds !== undefined) text += ` for ${toleration.tolerationSeconds}s`;
    w.line(0, text);
  });
}

function spreadConstraints(w: DescribeWriter, list: readonly TopologySpreadConstraint[] | undefined, indent = '') {
  const sorted = (list ?? []).slice().sort((a, b) => (a.topologyKey < b.topologyKey ? -1 : 1));
  sorted.forEach((constraint, i) => {
    const selector = constraint.labelSelector ? ` for selector ${formatLabelSelector(constraint.labelSelector)}` : '';
    const text = `${constraint.topologyKey}:${constraint.whenUnsatisfiable} when max skew ${constraint.maxSkew} is exceeded${selector}`;
    w.line(0, `${indent}${i ? '' : 'Topology Spread Constraints:'}\t${text}`);
  });
}
