// APIServices: which group versions there are and who serves them. Those that the server serves itself are always
// available; those of an extension API server are when its Service has endpoints and answers.

import type { KubeObject, ResourceInfo } from '../api/index.ts';
import type { JsonObject } from '../api/types.ts';
import type { Etcd, StoreEvent } from '../etcd/index.ts';
import type { Core } from './handlers/types.ts';
import { hostPort } from '../linux/net/index.ts';

/** Group's priority, and versions with theirs (15 when not said): the order in which clients prefer them. */
const PRIORITIES: Readonly<Record<string, [group: number, versions?: Record<string, number>]>> = {
  '': [18000, { v1: 1 }],
  apps: [17800],
  'events.k8s.io': [17750],
  'authentication.k8s.io': [17700],
  'authorization.k8s.io': [17600],
  autoscaling: [17500, { v2: 30 }],
  batch: [17400],
  'certificates.k8s.io': [17300],
  'networking.k8s.io': [17200],
  policy: [17100],
  'rbac.authorization.k8s.io': [17000],
  'storage.k8s.io': [16800],
  'apiextensions.k8s.io': [16700],
  'admissionregistration.k8s.io': [16700],
  'scheduling.k8s.io': [16600],
  'coordination.k8s.io': [16500],
  'node.k8s.io': [16300],
  'discovery.k8s.io': [16200],
  'flowcontrol.apiserver.k8s.io': [16100, { v1: 21 }],
  'resource.k8s.io': [15900],
};
const CUSTOM = { group: 1000, version: 100 };
const OWN_GROUP = 'apiregistration.k8s.io';
const MANAGED = 'kube-aggregator.kubernetes.io/automanaged';

/** From a change to what the controllers make of it, ms. */
const LATENCY = 20;
/** How often extension API servers are asked whether they are still there, ms. */
const RECHECK = 30_000;

interface Availability {
  status: 'True' | 'False';
  reason: string;
  message: string;
}

const LOCAL: Availability = { status: 'True', reason: 'Local', message: 'Local APIServices are always available' };

export class Aggregation {
  private readonly core: Core;
  private readonly info: ResourceInfo;
  /** Names of APIServices that point to a Service. */
  private readonly remote = new Set<string>();
  private due = false;
  private rechecking = false;

  constructor(core: Core, etcd: Etcd) {
    this.core = core;
    this.info = core.scheme.resource(OWN_GROUP, 'v1', 'apiservices') as ResourceInfo;
    etcd.watch(this.info.storagePrefix, (event) => this.observe(event));
    for (const [group, resource] of [
      ['', 'services'],
      ['discovery.k8s.io', 'endpointslices'],
    ]) {
      const { storagePrefix } = core.scheme.resource(group, 'v1', resource) as ResourceInfo;
      etcd.watch(storagePrefix, () => {
        if (this.remote.size) this.soon();
      });
    }
  }

  /** Lists what the server serves itself. */
  bootstrap() {
    const known = new Set<string>();
    for (const { group, version } of this.core.scheme.resources()) {
      const priority = PRIORITIES[group];
      const name = `${version}.${group}`;
      if (!priority || known.has(name)) continue;
      known.add(name);
      this.register(group, version, priority[0], priority[1]?.[version] ?? 15, 'onstart');
    }
  }

  /** Group versions of custom resources come and go. */
  custom(group: string, versions: readonly string[]) {
    for (const version of versions)
      if (!this.find(`${version}.${group}`)) this.register(group, version, CUSTOM.group, CUSTOM.version, 'true');
    for (const { value } of this.core.storage.page(this.info, '', {}).kvs) {
      const object = value as KubeObject;
      if (object.metadata.labels?.[MANAGED] !== 'true' || object.spec.group !== group) continue;
      if (!versions.includes(object.spec.version)) this.core.storage.remove(this.info, object);
    }
  }

  private find(name: string): KubeObject | undefined {
    return this.core.storage.get(this.info, '', name);
  }

  private time(): string {
    return `${new Date(this.core.sim.now).toISOString().slice(0, 19)}Z`;
  }

  private register(group: string, version: string, groupPriority: number, versionPriority: number, managed: string) {
    const time = this.time();
    const object: KubeObject = {
      apiVersion: `${OWN_GROUP}/v1`,
      kind: 'APIService',
      metadata: {
        name: `${version}.${group}`,
        labels: { [MANAGED]: managed },
        uid: this.core.sim.random('uid').uuid(),
        creationTimestamp: time,
      },
      spec: {
        ...(group ? { group } : undefined),
        groupPriorityMinimum: groupPriority,
        version,
        versionPriority,
      },
      status: { conditions: [condition(LOCAL, time)] },
    };
    const stored = this.core.storage.put(this.info, object);
    this.core.ledger.note(this.info, stored, undefined, { manager: 'kube-apiserver', subresource: '', time });
  }

  private observe({ kv, prev }: StoreEvent) {
    const object = (kv ?? prev)?.value as KubeObject;
    const name = object.metadata.name as string;
    if (!kv || !object.spec.service) this.remote.delete(name);
    else this.remote.add(name);
    if (kv && object.status?.conditions === undefined) this.soon();
    else if (kv && prev && (prev.value as KubeObject).spec !== object.spec) this.soon();
    if (this.remote.size && !this.rechecking) this.recheck();
  }

  private soon() {
    if (this.due) return;
    this.due = true;
    this.core.sim.after(LATENCY, () => {
      this.due = false;
      for (const { value } of this.core.storage.page(this.info, '', {}).kvs) this.check(value as KubeObject);
    });
  }

  private recheck() {
    this.rechecking = true;
    this.core.sim.after(RECHECK, () => {
      this.rechecking = false;
      if (!this.remote.size) return;
      this.soon();
      this.recheck();
    });
  }

  private check(object: KubeObject) {
    const wanted = object.spec.service ? this.availability(object.spec) : LOCAL;
    const [known] = (object.status?.conditions ?? []) as (Availability & { lastTransitionTime: string })[];
    if (known?.status === wanted.status && known.reason === wanted.reason && known.message === wanted.message) return;
    const time = this.time();
    const since = known?.status === wanted.status ? known.lastTransitionTime : time;
    const next = { ...object, status: { ...object.status, conditions: [condition(wanted, since)] } };
    const stored = this.core.storage.put(this.info, next);
    this.core.ledger.note(this.info, stored, object, { manager: 'kube-apiserver', subresource: 'status', time });
  }

  private availability({ service: ref, group, version }: JsonObject): Availability {
    const { scheme, storage, served } = this.core;
    const { namespace, name, port = 443 } = ref;
    const failed = (reason: string, message: string): Availability => ({ status: 'False', reason, message });
    const where = `service/${name} in ${JSON.stringify(namespace)}`;
    const service = storage.get(scheme.resource('', 'v1', 'services') as ResourceInfo, namespace, name);
    if (!service) return failed('ServiceNotFound', `${where} is not present`);
    const url = `https://${hostPort(service.spec.clusterIP, port)}/apis/${group}/${version}`;
    if (service.spec.type !== 'ExternalName') {
      const own = (service.spec.ports as JsonObject[] | undefined)?.find((one) => one.port === port);
      if (!own) return failed('ServicePortError', `${where} is not listening on port ${port}`);
      const slices = storage
        .page(scheme.resource('discovery.k8s.io', 'v1', 'endpointslices') as ResourceInfo, namespace, {})
        .kvs.map((kv) => kv.value as KubeObject)
        .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name);
      if (!slices.length) return failed('EndpointsNotFound', `cannot find endpointslices for ${where}`);
      const ready = slices.some(
        ({ endpoints, ports }) =>
          (ports ?? []).some((one: JsonObject) => (one.name ?? '') === (own.name ?? '')) &&
          (endpoints ?? []).some((one: JsonObject) => one.conditions?.ready !== false),
      );
      if (!ready)
        return failed(
          'MissingEndpoints',
          `endpoints for ${where} have no addresses with port name ${JSON.stringify(own.name ?? '')}`,
        );
    }
    let answers = false;
    served.forEach((_answer, info) => (answers ||= info.group === group && info.version === version));
    return answers
      ? { status: 'True', reason: 'Passed', message: 'all checks passed' }
      : failed('FailedDiscoveryCheck', `failing or missing response from ${url}: bad status from ${url}: 404`);
  }

  /** Whether an extension API server is registered for the group version, and cannot be reached. */
  unavailable(group: string, version: string): boolean {
    return this.remote.size > 0 && this.remote.has(`${version}.${group}`);
  }
}

const condition = ({ status, reason, message }: Availability, lastTransitionTime: string) => ({
  type: 'Available',
  status,
  lastTransitionTime,
  reason,
  message,
});
