// API Priority and Fairness as objects: the flow schemas and priority levels that every API server keeps up (part
// `requests`). They are written when the group is first asked for, as of the cluster's birth; requests are not queued by them.

import { deepEqual } from '../../api/change.ts';
import type { JsonObject, KubeObject, ResourceInfo } from '../../api/types.ts';
import type { Core } from '../handlers/types.ts';

const GROUP = 'flowcontrol.apiserver.k8s.io';
const AUTO_UPDATE = 'apf.kubernetes.io/autoupdate-spec';
/** From a change to what the server says of it, ms. */
const LATENCY = 50;
/** How often the server looks whether its objects are as they should be, ms. */
const PERIOD = 60_000;
/** Objects without which requests could not be told apart: whatever is done to them does not last. */
const MANDATORY = new Set(['exempt', 'catch-all']);

/** name: shares, percent that may be lent, and queues, hand size and length of a queue where requests wait. */
const LEVELS: Readonly<Record<string, readonly number[]>> = {
  exempt: [0, 0],
  'catch-all': [5, 0],
  system: [30, 33, 64, 6, 50],
  'node-high': [40, 25, 64, 6, 50],
  'leader-election': [10, 0, 16, 4, 50],
  'workload-high': [40, 50, 128, 6, 50],
  'workload-low': [100, 90, 128, 6, 50],
  'global-default': [20, 50, 128, 6, 50],
};

const ANYTHING = {
  resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
};
const EVERYBODY = ['group system:unauthenticated', 'group system:authenticated'];
const WRITES = ['get', 'create', 'update'];
const namespaced = (apiGroup: string, ...resources: string[]) => ({
  verbs: WRITES,
  apiGroups: [apiGroup],
  resources,
  namespaces: ['*'],
});
const LEASES = namespaced('coordination.k8s.io', 'leases');

interface SchemaRow {
  level: string;
  precedence: number;
  flows?: 'ByUser' | 'ByNamespace';
  /** 'group name', 'user name' or 'account name' (of kube-system). */
  who: readonly string[];
  rules?: JsonObject;
}

const SCHEMAS: Readonly<Record<string, SchemaRow>> = {
  exempt: { level: 'exempt', precedence: 1, who: ['group system:masters'] },
  'catch-all': { level: 'catch-all', precedence: 10000, flows: 'ByUser', who: EVERYBODY },
  'system-nodes': { level: 'system', precedence: 500, flows: 'ByUser', who: ['group system:nodes'] },
  'system-node-high': {
    level: 'node-high',
    precedence: 400,
    flows: 'ByUser',
    who: ['group system:nodes'],
    rules: {
      resourceRules: [
        { verbs: ['*'], apiGroups: [''], resources: ['nodes', 'nodes/status'], clusterScope: true, namespaces: ['*'] },
        { ...LEASES, verbs: ['*'] },
      ],
    },
  },
  probes: {
    level: 'exempt',
    precedence: 2,
    who: EVERYBODY,
    rules: { nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }] },
  },
  'system-leader-election': {
    level: 'leader-election',
    precedence: 100,
    flows: 'ByUser',
    who: ['user system:kube-controller-manager', 'user system:kube-scheduler', 'account *'],
    rules: { resourceRules: [LEASES] },
  },
  'workload-leader-election': {
    level: 'leader-election',
    precedence: 200,
    flows: 'ByUser',
    who: ['account *'],
    rules: { resourceRules: [LEASES] },
  },
  'endpoint-controller': {
    level: 'workload-high',
    precedence: 150,
    flows: 'ByUser',
    who: [
      'user system:kube-controller-manager',
      'account endpoint-controller',
      'account endpointslicemirroring-controller',
    ],
    rules: { resourceRules: [namespaced('', 'endpoints')] },
  },
  'kube-controller-manager': {
    level: 'workload-high',
    precedence: 800,
    flows: 'ByNamespace',
    who: ['user system:kube-controller-manager'],
  },
  'kube-scheduler': {
    level: 'workload-high',
    precedence: 800,
    flows: 'ByNamespace',
    who: ['user system:kube-scheduler'],
  },
  'kube-system-service-accounts': {
    level: 'workload-high',
    precedence: 900,
    flows: 'ByNamespace',
    who: ['account *'],
  },
  'service-accounts': {
    level: 'workload-low',
    precedence: 9000,
    flows: 'ByUser',
    who: ['group system:serviceaccounts'],
  },
  'global-default': { level: 'global-default', precedence: 9900, flows: 'ByUser', who: EVERYBODY },
};

function levelSpec(name: string): JsonObject {
  const [nominalConcurrencyShares, lendablePercent, queues, handSize, queueLengthLimit] = LEVELS[name];
  const shares = { nominalConcurrencyShares, lendablePercent };
  if (name === 'exempt') return { type: 'Exempt', exempt: shares };
  const limitResponse = queues
    ? { type: 'Queue', queuing: { queues, handSize, queueLengthLimit } }
    : { type: 'Reject' };
  return { type: 'Limited', limited: { ...shares, limitResponse } };
}

function subject(text: string): JsonObject {
  const [kind, name] = text.split(' ');
  if (kind === 'group') return { kind: 'Group', group: { name } };
  if (kind === 'user') return { kind: 'User', user: { name } };
  return { kind: 'ServiceAccount', serviceAccount: { namespace: 'kube-system', name } };
}

function schemaSpec({ level, precedence, flows, who, rules = ANYTHING }: SchemaRow): JsonObject {
  return {
    priorityLevelConfiguration: { name: level },
    matchingPrecedence: precedence,
    ...(flows && { distinguisherMethod: { type: flows } }),
    rules: [{ subjects: who.map(subject), ...rules }],
  };
}

export class FlowControl {
  private readonly core: Core;
  private readonly schemas: ResourceInfo;
  private readonly levels: ResourceInfo;
  private noticed = false;
  private awaited = false;
  /** When the cluster was born. */
  private readonly birth: string;

  constructor(core: Core) {
    const { scheme, storage } = core;
    this.core = core;
    this.schemas = scheme.resource(GROUP, 'v1', 'flowschemas') as ResourceInfo;
    this.levels = scheme.resource(GROUP, 'v1', 'prioritylevelconfigurations') as ResourceInfo;
    const first = storage.get(scheme.resource('', 'v1', 'namespaces') as ResourceInfo, '', 'kube-system');
    this.birth = (first?.metadata.creationTimestamp as string | undefined) ?? this.now();
    const fresh = this.all(this.schemas).length + this.all(this.levels).length === 0;
    this.ensure(fresh ? this.birth : this.now());
    this.judge(fresh ? this.birth : this.now());
    for (const info of [this.schemas, this.levels]) storage.etcd.watch(info.storagePrefix, () => this.notice());
  }

  private now(): string {
    return `${new Date(this.core.sim.now).toISOString().slice(0, 19)}Z`;
  }

  private all(info: ResourceInfo): KubeObject[] {
    return this.core.storage.etcd.range(info.storagePrefix).kvs.map(({ value }) => value as KubeObject);
  }

  private notice() {
    const { sim } = this.core;
    if (!this.noticed) {
      this.noticed = true;
      sim.after(LATENCY, () => {
        this.noticed = false;
        this.judge(this.now());
      });
    }
    if (this.awaited) return;
    this.awaited = true;
    sim.after(PERIOD - ((sim.now - Date.parse(this.birth)) % PERIOD), () => {
      this.awaited = false;
      this.ensure(this.now());
    });
  }

  /** Puts back what is gone, and specifications that are not their owners' own. */
  private ensure(time: string) {
    for (const name in LEVELS) this.keep(this.levels, name, levelSpec(name), time);
    for (const name in SCHEMAS) this.keep(this.schemas, name, schemaSpec(SCHEMAS[name]), time);
  }

  private keep(info: ResourceInfo, name: string, spec: JsonObject, time: string) {
    const { storage, sim } = this.core;
    const old = storage.get(info, '', name);
    const annotations = { ...old?.metadata.annotations, [AUTO_UPDATE]: 'true' };
    if (!old) {
      const uid = sim.random('uid/flowcontrol').uuid();
      const metadata = { name, uid, generation: 1, creationTimestamp: time, annotations };
      const { groupVersion: apiVersion, kind } = info;
      this.write(info, { apiVersion, kind, metadata, spec, status: {} } as KubeObject, undefined, time);
      return;
    }
    const given = old.metadata.annotations?.[AUTO_UPDATE];
    const own = MANDATORY.has(name) || given === 'true' || (given === undefined && old.metadata.generation === 1);
    if (!own || (deepEqual(old.spec, spec) && given === 'true')) return;
    const generation = (old.metadata.generation ?? 1) + (deepEqual(old.spec, spec) ? 0 : 1);
    this.write(info, { ...old, metadata: { ...old.metadata, generation, annotations }, spec }, old, time);
  }

  /** Says of each schema whether the level that it names is there. */
  private judge(time: string) {
    const names = new Set(this.all(this.levels).map(({ metadata }) => metadata.name));
    for (const schema of this.all(this.schemas)) {
      const { name } = schema.spec.priorityLevelConfiguration;
      const exists = names.has(name);
      const about = `This FlowSchema references the PriorityLevelConfiguration object named "${name}"`;
      const wanted = {
        type: 'Dangling',
        status: exists ? 'False' : 'True',
        reason: exists ? 'Found' : 'NotFound',
        message: exists ? `${about} and it exists` : `${about} but there is no such object`,
      };
      const conditions: JsonObject[] = schema.status?.conditions ?? [];
      const before = conditions.find(({ type }) => type === 'Dangling');
      if (before?.status === wanted.status && before.message === wanted.message) continue;
      const lastTransitionTime = before?.status === wanted.status ? before.lastTransitionTime : time;
      const others = conditions.filter(({ type }) => type !== 'Dangling');
      const { type, status, reason, message } = wanted;
      const condition = { type, status, lastTransitionTime, reason, message };
      const next = { ...schema, status: { ...schema.status, conditions: [...others, condition] } };
      this.write(this.schemas, next as KubeObject, schema, time, 'status');
    }
  }

  private write(info: ResourceInfo, object: KubeObject, old: KubeObject | undefined, time: string, subresource = '') {
    const { storage, ledger } = this.core;
    const manager = `api-priority-and-fairness-config-${subresource ? 'consumer' : 'producer'}-v1`;
    const stored = storage.put(info, object);
    ledger.note(info, stored, old, { manager, subresource, time });
  }
}

/** Of the server that is asked. */
const known = new WeakMap<Core, FlowControl>();

/** The group's objects are there from now on. */
export function flowControl(core: Core) {
  if (!known.has(core)) known.set(core, new FlowControl(core));
}
