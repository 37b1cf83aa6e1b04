// Random workloads, random faults, a day of virtual time: what must hold at every moment, and what once all is calm.

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { deployment, TestCluster, type NodeSpec } from './cluster.ts';
import { tolerated } from '../../engine/api/tolerations.ts';
import { isPodActive, isPodReady } from '../../engine/controllers/pods.ts';
import { ApiError, timestamp } from '../../engine/client/index.ts';
import type { DaemonSet, Deployment, Node, Pod, PodDisruptionBudget, StatefulSet } from '../../engine/api/types.ts';

const DAY = 86_400_000;
const NODES: NodeSpec[] = ['a', 'b', 'c', 'd'].map((zone, i) => ({
  name: `node-${i + 1}`,
  labels: { 'topology.kubernetes.io/zone': zone },
}));

type Step =
  | { do: 'scale'; kind: 'deployments' | 'statefulsets'; replicas: number }
  | { do: 'image'; kind: 'deployments' | 'statefulsets' | 'daemonsets'; tag: number }
  | { do: 'kill' | 'evict' | 'fail'; pick: number }
  | { do: 'silence' | 'wake'; node: number }
  | { do: 'taint' | 'untaint'; node: number; effect: 'NoSchedule' | 'NoExecute' }
  | { do: 'cordon' | 'uncordon'; node: number };

const node = fc.integer({ min: 0, max: NODES.length - 1 });
const pick = fc.nat(1000);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('scale' as const),
    kind: fc.constantFrom('deployments' as const, 'statefulsets' as const),
    replicas: fc.integer({ min: 0, max: 6 }),
  }),
  fc.record({
    do: fc.constant('image' as const),
    kind: fc.constantFrom('deployments' as const, 'statefulsets' as const, 'daemonsets' as const),
    tag: fc.integer({ min: 25, max: 29 }),
  }),
  fc.record({ do: fc.constantFrom('kill' as const, 'evict' as const, 'fail' as const), pick }),
  fc.record({ do: fc.constantFrom('silence' as const, 'wake' as const), node }),
  fc.record({
    do: fc.constantFrom('taint' as const, 'untaint' as const),
    node,
    effect: fc.constantFrom('NoSchedule' as const, 'NoExecute' as const),
  }),
  fc.record({ do: fc.constantFrom('cordon' as const, 'uncordon' as const), node }),
);
const plan = fc.array(fc.record({ step, wait: fc.integer({ min: 1, max: 3600 }) }), { minLength: 10, maxLength: 30 });

class World extends TestCluster {
  /** Evictions that were granted although the budget allowed none. */
  readonly wrong: string[] = [];

  constructor() {
    super({ nodes: NODES });
    this.pass(1000);
    this.create(deployment('web', 3));
    const labels = { app: 'db' };
    const template = (app: string, spec: object = {}) => ({
      metadata: { labels: { app } },
      spec: { containers: [{ name: 'nginx', image: 'nginx:1.27' }], ...spec },
    });
    const metadata = (name: string) => ({ name, namespace: 'default' });
    this.create({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: metadata('db'),
      spec: { replicas: 3, serviceName: 'db', selector: { matchLabels: labels }, template: template('db') },
    });
    this.create({
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: metadata('agent'),
      spec: { selector: { matchLabels: { app: 'agent' } }, template: template('agent') },
    });
    this.create({
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: metadata('web'),
      spec: { minAvailable: 2, selector: { matchLabels: { app: 'web' } } },
    });
    this.pass(60_000);
  }

  private nodes = this.admin.of<Node>('v1', 'nodes', false);

  act(one: Step) {
    const name = 'node' in one ? (NODES[one.node].name as string) : '';
    const pods = this.pods().filter(isPodActive);
    const chosen = 'pick' in one && pods.length > 0 ? pods[one.pick % pods.length] : undefined;
    switch (one.do) {
      case 'scale':
        return this.patch('apps/v1', one.kind, one.kind === 'deployments' ? 'web' : 'db', {
          spec: { replicas: one.replicas },
        });
      case 'image': {
        const owner = { deployments: 'web', statefulsets: 'db', daemonsets: 'agent' }[one.kind];
        const containers = [{ name: 'nginx', image: `nginx:1.${one.tag}` }];
        return this.patch('apps/v1', one.kind, owner, { spec: { template: { spec: { containers } } } });
      }
      case 'kill':
        if (chosen) this.admin.of<Pod>('v1', 'pods').delete('default', chosen.metadata.name as string);
        return undefined;
      case 'fail':
        if (chosen?.status?.phase === 'Running' && chosen.metadata.labels?.app !== 'agent')
          this.patch('v1', 'pods', chosen.metadata.name as string, { status: { phase: 'Failed' } }, 'status');
        return undefined;
      case 'evict':
        return chosen && this.evict(chosen);
      case 'silence':
        return void this.silent.add(name);
      case 'wake':
        return void this.silent.delete(name);
      case 'taint':
        return void this.nodes.patch('', name, 'strategic', {
          spec: { taints: [{ key: 'chaos', effect: one.effect }] },
        });
      case 'untaint':
        return void this.nodes.patch('', name, 'strategic', {
          spec: { taints: [{ key: 'chaos', effect: one.effect, $patch: 'delete' }] },
        });
      case 'cordon':
      case 'uncordon':
        return void this.nodes.patch('', name, 'merge', { spec: { unschedulable: one.do === 'cordon' } });
    }
  }

  private evict(pod: Pod) {
    const budget = this.get<PodDisruptionBudget>('policy/v1', 'poddisruptionbudgets', 'web');
    const guarded = pod.metadata.labels?.app === 'web' && isPodReady(pod);
    const { name, namespace } = pod.metadata;
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } };
    try {
      this.admin.of('v1', 'pods').create('default', eviction as never, 'eviction', name);
      if (guarded && (budget?.status?.disruptionsAllowed ?? 0) < 1) this.wrong.push(name as string);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 429) throw error;
    }
  }

  /** All is well again: nodes speak, take Pods, and are clean. */
  calm() {
    this.silent.clear();
    for (const { name } of NODES) {
      this.nodes.patch('', name, 'merge', { spec: { unschedulable: false } });
      const { spec } = this.nodes.get('', name);
      const taints = spec?.taints?.filter(({ key }) => key !== 'chaos');
      this.nodes.patch('', name, 'merge', { spec: { taints: taints?.length ? taints : null } });
    }
    // Kubelets that are back report themselves, let go what was deleted meanwhile and report the rest.
    const lastHeartbeatTime = timestamp(this.sim.now);
    const conditions = [{ type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime }];
    for (const { name } of NODES) this.nodes.patch('', name, 'strategic', { status: { conditions } }, 'status');
    for (const pod of this.pods()) {
      if (pod.metadata.deletionTimestamp)
        this.admin.of<Pod>('v1', 'pods').delete('default', pod.metadata.name as string, { gracePeriodSeconds: 0 });
      else if (pod.status?.phase === 'Running') this.setReady(pod, true);
    }
  }

  /** What is broken now. */
  faults(): string[] {
    const found: string[] = [...this.wrong.map((name) => `${name} was evicted against its budget`)];
    const pods = this.pods();
    const ordinals = new Map<string, string>();
    for (const pod of pods) {
      const { name = '', uid = '', labels, ownerReferences } = pod.metadata;
      if (!ownerReferences?.length) found.push(`${name} has no owner`);
      for (const ref of ownerReferences ?? []) {
        const plural = `${ref.kind.toLowerCase()}s`;
        const owner = this.get<Deployment>('apps/v1', plural, ref.name);
        if (!pod.metadata.deletionTimestamp && owner?.metadata.uid !== ref.uid)
          found.push(`${name}: its owner ${ref.name} is not there`);
      }
      if (labels?.app === 'db') {
        if (ordinals.has(name)) found.push(`${name} is there twice: ${uid} and ${ordinals.get(name)}`);
        ordinals.set(name, uid);
      }
    }
    return found;
  }

  /** What has not come to rest. */
  unsettled(): string[] {
    const found: string[] = [];
    const active = this.pods().filter(isPodActive);
    const of = (app: string) => active.filter(({ metadata }) => metadata.labels?.app === app);
    const web = this.get<Deployment>('apps/v1', 'deployments', 'web');
    const db = this.get<StatefulSet>('apps/v1', 'statefulsets', 'db');
    const agent = this.get<DaemonSet>('apps/v1', 'daemonsets', 'agent');
    if (of('web').length !== web?.spec?.replicas) found.push(`web: ${of('web').length} of ${web?.spec?.replicas}`);
    const wanted = Array.from({ length: db?.spec?.replicas ?? 0 }, (_, i) => `db-${i}`);
    const names = of('db').map(({ metadata }) => metadata.name as string);
    if (names.sort().join() !== wanted.join()) found.push(`db: ${names.join()} of ${wanted.join()}`);
    const hosts = of('agent').map(({ spec }) => spec?.nodeName);
    if (new Set(hosts).size !== NODES.length || hosts.length !== NODES.length) found.push(`agent: on ${hosts.join()}`);
    if (agent?.status?.numberReady !== NODES.length) found.push(`agent: ${agent?.status?.numberReady} ready`);
    for (const pod of active) {
      if (!isPodReady(pod)) found.push(`${pod.metadata.name} is not ready`);
      const host = this.nodes.find('', pod.spec?.nodeName ?? '');
      for (const taint of host?.spec?.taints ?? []) {
        if (taint.effect === 'NoExecute' && !tolerated(taint, pod.spec?.tolerations))
          found.push(`${pod.metadata.name} does not tolerate ${taint.key}`);
      }
    }
    return found;
  }
}

test('random workloads and faults leave every invariant whole, and all settles afterwards', () => {
  fc.assert(
    fc.property(plan, (steps) => {
      const world = new World();
      const end = world.sim.now + DAY;
      for (const { step: one, wait } of steps) {
        world.act(one);
        world.pass(wait * 1000);
        expect(world.faults()).toEqual([]);
      }
      world.calm();
      world.sim.runUntil(Math.max(end, world.sim.now + 3_600_000));
      expect([...world.faults(), ...world.unsettled()]).toEqual([]);
    }),
    { numRuns: 3, seed: 20260105, endOnFailure: true },
  );
});
