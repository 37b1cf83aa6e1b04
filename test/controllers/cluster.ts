// A cluster without kubelets for the controllers' and the scheduler's tests: a real API server, nodes that only exist
// as objects, and a stand-in that starts bound Pods and lets deleted ones go.

import { createScheme } from '../../engine/api/index.ts';
import { ApiServer } from '../../engine/apiserver/index.ts';
import { minorOf } from '../../engine/apiserver/release.ts';
import { Client, InformerFactory, microTimestamp } from '../../engine/client/index.ts';
import { startControllers, type ControllerManager } from '../../engine/controllers/index.ts';
import { startScheduler, type Scheduler, type SchedulerOptions } from '../../engine/scheduler/index.ts';
import { Sim } from '../../engine/sim/index.ts';
import type { Event, KubeObject, Lease, Node, Pod } from '../../engine/api/types.ts';

export interface NodeSpec {
  name: string;
  cpu?: string;
  memory?: string;
  pods?: string;
  labels?: Record<string, string>;
  taints?: { key: string; value?: string; effect: string }[];
}

export interface TestOptions {
  /** Of the API server and the controllers; default v1.35.0. */
  version?: string;
  nodes?: NodeSpec[];
  controllers?: readonly string[] | false;
  scheduler?: Partial<SchedulerOptions> | false;
  /** Whether bound Pods start and become ready by themselves. */
  kubelet?: boolean;
  /** Delay from binding to readiness, ms. */
  startup?: number;
}

export const WORKERS: NodeSpec[] = [
  { name: 'cp-1', taints: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }] },
  { name: 'worker-1' },
  { name: 'worker-2' },
];

export class TestCluster {
  readonly sim: Sim;
  readonly api: ApiServer;
  readonly admin: Client;
  readonly manager: ControllerManager | undefined;
  readonly scheduler: Scheduler | undefined;
  /** Pods that are started, but never become ready. */
  unready: (pod: Pod) => boolean = () => false;
  /** Nodes whose kubelet does not speak any more. */
  readonly silent = new Set<string>();
  private ip = 1;

  constructor(options: TestOptions = {}) {
    this.sim = new Sim({ seed: 7, start: Date.UTC(2026, 0, 5, 9) });
    this.api = new ApiServer({
      sim: this.sim,
      scheme: createScheme(),
      version: options.version,
      freeze: true,
      authorizationMode: 'Node,RBAC',
    });
    this.api.bootstrap();
    this.admin = this.client('kubernetes-admin');
    for (const node of options.nodes ?? WORKERS) this.addNode(node);
    if (options.controllers !== false) {
      this.manager = startControllers({
        sim: this.sim,
        client: (name) => this.client(name),
        informers: new InformerFactory(this.client('system:kube-controller-manager')),
        only: options.controllers || undefined,
        rootCA: 'CERTIFICATE',
        release: options.version === undefined ? undefined : minorOf(options.version),
      });
    }
    if (options.scheduler !== false) {
      const client = this.client('system:kube-scheduler');
      this.scheduler = startScheduler({
        sim: this.sim,
        client,
        informers: new InformerFactory(client),
        ...options.scheduler,
      });
    }
    if (options.kubelet !== false) this.startKubelet(options.startup ?? 500);
    this.sim.every(10_000, () => this.heartbeats());
  }

  /** Renews the Lease of every node that is not silent. */
  private heartbeats() {
    const leases = this.admin.of<Lease>('coordination.k8s.io/v1', 'leases');
    for (const { metadata } of this.admin.of<Node>('v1', 'nodes', false).list('')) {
      const name = metadata.name as string;
      if (this.silent.has(name)) continue;
      const spec = { holderIdentity: name, leaseDurationSeconds: 40, renewTime: microTimestamp(this.sim.now) };
      const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name }, spec };
      if (leases.find('kube-node-lease', name)) leases.patch('kube-node-lease', name, 'merge', { spec });
      else leases.create('kube-node-lease', lease);
    }
  }

  /** The components may do what their roles let them; everybody else may do everything. */
  client(name: string): Client {
    const groups = name.startsWith('system:serviceaccount:')
      ? ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated']
      : [name.startsWith('system:kube-') ? 'system:authenticated' : 'system:masters'];
    return new Client((request) => this.api.handle(request), name, { name, groups });
  }

  addNode({ name, cpu = '4', memory = '8Gi', pods = '110', labels, taints }: NodeSpec) {
    const quantities = { cpu, memory, pods, 'ephemeral-storage': '100Gi' };
    this.admin.of<Node>('v1', 'nodes', false).create('', {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', ...labels } },
      spec: { taints },
      status: {
        capacity: quantities,
        allocatable: quantities,
        conditions: [
          { type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: '2026-01-05T09:00:00Z' },
        ],
      },
    } as Node);
  }

  private startKubelet(startup: number) {
    const pods = this.client('system:nodes').of<Pod>('v1', 'pods');
    const seen = new Set<string>();
    const informer = new InformerFactory(this.client('system:nodes')).of<Pod>('v1', 'pods');
    const start = (pod: Pod) => {
      const { namespace, name, uid } = pod.metadata;
      if (pod.metadata.deletionTimestamp) {
        if (!pod.spec?.nodeName || seen.has(`${uid}/gone`) || this.silent.has(pod.spec.nodeName)) return;
        seen.add(`${uid}/gone`);
        this.sim.after(300, () => {
          try {
            pods.delete(namespace as string, name as string, { gracePeriodSeconds: 0, preconditions: { uid } });
          } catch {
            // It was deleted otherwise.
          }
        });
        return;
      }
      if (!pod.spec?.nodeName || seen.has(uid as string)) return;
      seen.add(uid as string);
      this.sim.after(startup, () => {
        if (informer.get(namespace as string, name as string)?.metadata.uid !== uid) return;
        this.setReady(informer.get(namespace as string, name as string) as Pod, !this.unready(pod));
      });
    };
    informer.on({ add: start, update: start });
  }

  setReady(pod: Pod, ready: boolean) {
    const { namespace, name } = pod.metadata;
    const time = new Date(this.sim.now).toISOString().slice(0, 19) + 'Z';
    const status = ready ? 'True' : 'False';
    const ip = pod.status?.podIP ?? `10.244.0.${this.ip++}`;
    this.client('system:nodes')
      .of<Pod>('v1', 'pods')
      .patch(
        namespace as string,
        name as string,
        'strategic',
        {
          status: {
            phase: 'Running',
            podIP: ip,
            podIPs: [{ ip }],
            startTime: time,
            conditions: [
              { type: 'Ready', status, lastTransitionTime: time },
              { type: 'ContainersReady', status, lastTransitionTime: time },
            ],
          },
        },
        'status',
      );
  }

  /** Lets `ms` of virtual time pass. */
  pass(ms: number) {
    this.sim.runUntil(this.sim.now + ms);
  }

  create<T extends object = KubeObject>(object: object): T {
    const one = object as KubeObject;
    const info = createdBy(this.api, one);
    return this.admin
      .of<T>(one.apiVersion, info.resource, info.namespaced)
      .create(one.metadata.namespace ?? 'default', one as never);
  }

  get<T extends object = KubeObject>(
    groupVersion: string,
    plural: string,
    name: string,
    namespace = 'default',
  ): T | undefined {
    return this.admin.of<T>(groupVersion, plural).find(namespace, name);
  }

  patch(groupVersion: string, plural: string, name: string, patch: object, subresource?: string) {
    this.admin.of(groupVersion, plural).patch('default', name, 'strategic', patch, subresource);
  }

  list<T extends object = KubeObject>(groupVersion: string, plural: string, namespace = 'default'): T[] {
    return this.admin.of<T>(groupVersion, plural).list(namespace);
  }

  pods(namespace = 'default'): Pod[] {
    return this.list<Pod>('v1', 'pods', namespace);
  }

  /** Messages of events of that reason, in order. */
  events(reason: string): string[] {
    return this.list<Event>('v1', 'events')
      .filter((event) => event.reason === reason)
      .map((event) => event.message as string);
  }
}

function createdBy(api: ApiServer, object: KubeObject) {
  const [group, version] = object.apiVersion.includes('/') ? object.apiVersion.split('/') : ['', object.apiVersion];
  const info = api.scheme.kind(group, version, object.kind);
  if (!info) throw new Error(`no kind ${object.apiVersion} ${object.kind}`);
  return info;
}

export function deployment(name: string, replicas: number, spec: object = {}, podSpec: object = {}): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'default', labels: { app: name } },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'nginx', image: 'nginx:1.27', ports: [{ containerPort: 80 }] }], ...podSpec },
      },
      ...spec,
    },
  };
}

export function pod(name: string, spec: object = {}, metadata: object = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', ...metadata },
    spec: { containers: [{ name: 'main', image: 'nginx:1.27' }], ...spec },
  };
}

export const requesting = (cpu: string, memory?: string): object => ({
  containers: [{ name: 'main', image: 'nginx:1.27', resources: { requests: memory ? { cpu, memory } : { cpu } } }],
});
