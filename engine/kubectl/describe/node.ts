// Nodes: conditions, capacity and what runs there.

import { addQuantities, canonicalQuantity, quantityMilli, quantityValue } from '../../api/quantity.ts';
import type { KubeObject, Node, Pod } from '../../api/types.ts';
import { nodeRoles } from '../../api/table/core.ts';
import type { Co } from '../../sim/index.ts';
import { isNotFound } from '../errors.ts';
import type { Kubectl } from '../kubectl.ts';
import { annotations, events, eventsOf, labels, longTime, since, sortedKeys } from './common.ts';
import { DescribeWriter } from './writer.ts';

export function* describeNode(kubectl: Kubectl, object: KubeObject, showEvents: boolean): Co<string> {
  const { metadata, spec, status } = object as unknown as Required<Node>;
  const w = new DescribeWriter();
  w.field(0, 'Name', metadata.name);
  w.field(0, 'Roles', nodeRoles(object).join(',') || '<none>');
  labels(w, 0, 'Labels', metadata.labels);
  annotations(w, 0, metadata.annotations);
  w.field(0, 'CreationTimestamp', longTime(metadata.creationTimestamp));
  const taints = (spec.taints ?? [])
    .map(({ key, value, effect }) => `${key}${value ? `=${value}` : ''}:${effect}`)
    .sort();
  if (taints.length === 0) w.field(0, 'Taints', '<none>');
  taints.forEach((taint, i) => w.line(0, `${i ? '' : 'Taints:'}\t${taint}`));
  w.field(0, 'Unschedulable', spec.unschedulable ?? false);
  yield* lease(kubectl, w, metadata.name as string);
  if (status.conditions?.length) {
    w.line(0, 'Conditions:\n  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage');
    w.line(1, '----\t------\t-----------------\t------------------\t------\t-------');
    for (const c of status.conditions) {
      w.line(
        1,
        `${c.type} \t${c.status} \t${longTime(c.lastHeartbeatTime)} \t${longTime(c.lastTransitionTime)} \t${c.reason ?? ''} \t${c.message ?? ''}`,
      );
    }
  }
  w.line(0, 'Addresses:');
  for (const { type, address } of status.addresses ?? []) w.field(1, type, address);
  for (const [title, map] of [
    ['Capacity', status.capacity],
    ['Allocatable', status.allocatable],
  ] as const) {
    const names = sortedKeys(map);
    if (names.length) w.line(0, `${title}:`);
    for (const name of names) w.field(1, name, map?.[name]);
  }
  const info = status.nodeInfo;
  w.line(0, 'System Info:');
  w.field(1, 'Machine ID', info?.machineID);
  w.field(1, 'System UUID', info?.systemUUID);
  w.field(1, 'Boot ID', info?.bootID);
  w.field(1, 'Kernel Version', info?.kernelVersion);
  w.field(1, 'OS Image', info?.osImage);
  w.field(1, 'Operating System', info?.operatingSystem);
  w.field(1, 'Architecture', info?.architecture);
  w.field(1, 'Container Runtime Version', info?.containerRuntimeVersion);
  w.field(1, 'Kubelet Version', info?.kubeletVersion);
  w.field(1, 'Kube-Proxy Version', info?.kubeProxyVersion);
  if (spec.podCIDR) w.field(0, 'PodCIDR', spec.podCIDR);
  if (spec.podCIDRs?.length) w.field(0, 'PodCIDRs', spec.podCIDRs.join(','));
  if (spec.providerID) w.field(0, 'ProviderID', spec.providerID);
  const query = {
    fieldSelector: `spec.nodeName=${metadata.name},status.phase!=Failed,status.phase!=Succeeded`,
    limit: '500',
  };
  const { body } = yield* kubectl.send({ method: 'GET', path: '/api/v1/pods', query });
  const allocatable = (sortedKeys(status.allocatable).length ? status.allocatable : status.capacity) ?? {};
  podsAndTotals(w, (body as unknown as { items: Pod[] }).items, allocatable, kubectl.now);
  if (showEvents)
    events(
      w,
      [
        // Controllers know a node by its uid, the kubelet by its name.
        ...(yield* eventsOf(kubectl, object)),
        ...(yield* eventsOf(kubectl, { ...object, metadata: { ...object.metadata, uid: metadata.name } })),
      ],
      kubectl.now,
    );
  return w.toString();
}

function* lease(kubectl: Kubectl, w: DescribeWriter, name: string): Co {
  w.line(0, 'Lease:');
  try {
    const { body } = yield* kubectl.send({
      method: 'GET',
      path: `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${name}`,
    });
    const { spec } = body as KubeObject;
    w.field(1, 'HolderIdentity', spec?.holderIdentity ?? '<unset>');
    w.field(1, 'AcquireTime', spec?.acquireTime ? longTime(spec.acquireTime) : '<unset>');
    w.field(1, 'RenewTime', spec?.renewTime ? longTime(spec.renewTime) : '<unset>');
  } catch (error) {
    if (!isNotFound(error)) throw error;
    w.line(1, `Failed to get lease: ${(error as Error).message}`);
  }
}

type Amounts = Record<string, string>;

/** What a Pod asks for or may use: the sum of its containers (sidecars among them), or its largest init container. */
export function podAmounts(pod: Pod, kind: 'requests' | 'limits'): Amounts {
  const total: Amounts = {};
  const add = (to: Amounts, more: Amounts | undefined) => {
    for (const name of sortedKeys(more))
      to[name] = to[name] === undefined ? (more as Amounts)[name] : addQuantities(to[name], (more as Amounts)[name]);
  };
  const raise = (to: Amounts, more: Amounts) => {
    for (const name in more)
      if (to[name] === undefined || quantityMilli(more[name]) > quantityMilli(to[name])) to[name] = more[name];
  };
  for (const container of pod.spec?.containers ?? []) add(total, container.resources?.[kind] as Amounts);
  const sidecars: Amounts = {};
  const largest: Amounts = {};
  for (const container of pod.spec?.initContainers ?? []) {
    const own = (container.resources?.[kind] ?? {}) as Amounts;
    if (container.restartPolicy === 'Always') {
      add(total, own);
      add(sidecars, own);
      raise(largest, sidecars);
    } else {
      const sum = { ...sidecars };
      add(sum, own);
      raise(largest, sum);
    }
  }
  raise(total, largest);
  if (kind === 'requests' || Object.keys(total).length) add(total, pod.spec?.overhead as Amounts);
  return total;
}

const percent = (amount: string, of: string | undefined) => {
  const whole = of === undefined ? 0 : quantityMilli(of);
  return whole ? Math.trunc((quantityMilli(amount) / whole) * 100) : 0;
};

function podsAndTotals(w: DescribeWriter, pods: readonly Pod[], allocatable: Amounts, now: number) {
  w.line(0, `Non-terminated Pods:\t(${pods.length} in total)`);
  w.line(1, 'Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge');
  w.line(1, '---------\t----\t\t------------\t----------\t---------------\t-------------\t---');
  const requests: Amounts = {};
  const limits: Amounts = {};
  for (const pod of pods) {
    const wants = podAmounts(pod, 'requests');
    const may = podAmounts(pod, 'limits');
    for (const name in wants)
      requests[name] = requests[name] ? addQuantities(requests[name], wants[name]) : wants[name];
    for (const name in may) limits[name] = limits[name] ? addQuantities(limits[name], may[name]) : may[name];
    const cell = (amounts: Amounts, name: string) =>
      `${canonicalQuantity(amounts[name] ?? '0')} (${percent(amounts[name] ?? '0', allocatable[name])}%)`;
    w.line(
      1,
      `${pod.metadata.namespace}\t${pod.metadata.name}\t\t${cell(wants, 'cpu')}\t${cell(may, 'cpu')}\t${cell(wants, 'memory')}\t${cell(may, 'memory')}\t${since(pod.metadata.creationTimestamp, now)}`,
    );
  }
  w.line(0, 'Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)');
  w.line(1, 'Resource\tRequests\tLimits');
  w.line(1, '--------\t--------\t------');
  const row = (name: string) => {
    const r = requests[name] ?? '0';
    const l = limits[name] ?? '0';
    w.line(
      1,
      `${name}\t${canonicalQuantity(r)} (${percent(r, allocatable[name])}%)\t${canonicalQuantity(l)} (${percent(l, allocatable[name])}%)`,
    );
  };
  for (const name of ['cpu', 'memory', 'ephemeral-storage']) row(name);
  const extended = sortedKeys(allocatable).filter((name) => name.startsWith('hugepages-') || name.includes('/'));
  for (const name of extended) {
    if (name.startsWith('hugepages-')) row(name);
    else w.line(1, `${name}\t${quantityValue(requests[name] ?? '0')}\t${quantityValue(limits[name] ?? '0')}`);
  }
}
