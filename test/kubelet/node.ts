// One node with its API server: what the kubelet's tests need of a cluster.

import { createScheme } from '../../engine/api/index.ts';
import type { Event, Node, Pod, PodSpec } from '../../engine/api/types.ts';
import { ApiServer } from '../../engine/apiserver/index.ts';
import { Client } from '../../engine/client/index.ts';
import { createRegistry, type Repository } from '../../engine/images/index.ts';
import { Kubelet, type NodeSpec } from '../../engine/kubelet/index.ts';
import { Network } from '../../engine/linux/index.ts';
import { Sim } from '../../engine/sim/index.ts';

export interface TestNode {
  sim: Sim;
  client: Client;
  kubelet: Kubelet;
  network: Network;
  /** Runs for so many virtual seconds. */
  wait(seconds: number): void;
  /** Creates a Pod that is bound to the node already. */
  create(name: string, spec: Partial<PodSpec>, metadata?: Pod['metadata']): Pod;
  pod(name: string): Pod;
  exists(name: string): boolean;
  remove(name: string, gracePeriodSeconds?: number): void;
  /** `Reason: message` of a Pod's events, oldest first; repeated ones with their count. */
  events(name: string): string[];
  logs(pod: string, container: string, options?: { previous?: boolean; tailLines?: number }): string;
  exec(
    pod: string,
    container: string,
    command: string[],
  ): { stdout: string; exitCode: number | undefined; error?: string };
  configMap(name: string, data: Record<string, string>): void;
}

export function startNode(
  options: { repositories?: Repository[]; node?: Partial<NodeSpec>; podCIDR?: boolean } = {},
): TestNode {
  const sim = new Sim({ seed: 7, start: Date.UTC(2026, 0, 5, 9) });
  const apiServer = new ApiServer({ sim, scheme: createScheme(), freeze: true });
  apiServer.bootstrap();
  const client = (name: string) =>
    new Client((request) => apiServer.handle(request), name, { name, groups: ['system:masters'] });
  const admin = client('admin');
  const network = new Network(sim);
  const kubelet = new Kubelet({
    sim,
    client: client('kubelet'),
    node: { name: 'worker-1', ip: '10.0.0.11', ...options.node },
    network,
    images: createRegistry({ repositories: options.repositories }),
  });
  apiServer.kubelets.set('worker-1', kubelet);
  const metadata = { namespace: 'default' };
  admin
    .of('v1', 'serviceaccounts')
    .create('default', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { ...metadata, name: 'default' } });
  const configMap = (name: string, data: Record<string, string>) => {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...metadata, name }, data };
    const maps = admin.of('v1', 'configmaps');
    if (maps.find('default', name)) maps.patch('default', name, 'merge', { data });
    else maps.create('default', object);
  };
  configMap('kube-root-ca.crt', { 'ca.crt': 'CERTIFICATE' });
  kubelet.start();
  if (options.podCIDR !== false) {
    admin
      .of<Node>('v1', 'nodes', false)
      .patch('', 'worker-1', 'merge', { spec: { podCIDR: '10.244.1.0/24', podCIDRs: ['10.244.1.0/24'] } });
  }
  sim.runUntil(sim.now + 500);
  const pods = admin.of<Pod>('v1', 'pods');
  const take = (pipe: { take(): string }) => pipe.take();
  return {
    sim,
    client: admin,
    kubelet,
    network,
    wait: (seconds) => sim.runUntil(sim.now + seconds * 1000),
    create: (name, spec, meta) =>
      pods.create('default', {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, ...meta },
        spec: { nodeName: 'worker-1', ...spec },
      } as Pod),
    pod: (name) => pods.get('default', name),
    exists: (name) => pods.find('default', name) !== undefined,
    remove: (name, gracePeriodSeconds) =>
      pods.delete('default', name, gracePeriodSeconds === undefined ? undefined : { gracePeriodSeconds }),
    events: (name) =>
      admin
        .of<Event>('v1', 'events')
        .list('default')
        .filter((event) => event.involvedObject.name === name)
        .sort((a, b) => ((a.firstTimestamp as string) < (b.firstTimestamp as string) ? -1 : 1))
        .map((event) => `${event.reason}${(event.count ?? 1) > 1 ? ` x${event.count}` : ''}: ${event.message}`),
    logs: (pod, container, wanted) =>
      take(kubelet.logs('default', pod, container, { follow: false, previous: false, timestamps: false, ...wanted })),
    exec: (pod, container, command) => {
      const session = kubelet.exec('default', pod, container, command, { stdin: false, tty: false });
      for (let i = 0; i < 10_000 && session.exitCode === undefined && sim.step(); i++);
      return {
        stdout: session.stdout.take() + session.stderr.take(),
        exitCode: session.exitCode,
        error: session.error,
      };
    },
    configMap,
  };
}

/** An image whose main program is given by the test. */
export function imageOf(
  name: string,
  program: NonNullable<Repository['programs']>[string],
  more: Partial<Repository> = {},
): Repository {
  return {
    names: [`docker.io/test/${name}`],
    tags: { '1': '1' },
    size: 1_000_000,
    cmd: ['/main'],
    programs: { '/main': program },
    ...more,
  };
}

export const conditionsOf = (pod: Pod): Record<string, string> =>
  Object.fromEntries((pod.status?.conditions ?? []).map(({ type, status }) => [type, status]));
