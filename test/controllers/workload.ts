// What the tests of workloads share: templates, a cluster with objects in it, Pods that end.

import type { Pod } from '../../engine/api/types.ts';
import { TestCluster } from './cluster.ts';

export const template = (labels: Record<string, string>, spec: object = {}) => ({
  metadata: { labels },
  spec: { containers: [{ name: 'main', image: 'nginx:1.27' }], ...spec },
});
export function start(...objects: object[]): TestCluster {
  const cluster = new TestCluster();
  cluster.pass(1000);
  for (const object of objects) cluster.create(object);
  cluster.pass(5000);
  return cluster;
}
export const names = (cluster: TestCluster) =>
  cluster
    .pods()
    .map(({ metadata }) => metadata.name)
    .sort();
export const setImage = (cluster: TestCluster, plural: string, name: string, image: string) =>
  cluster.patch('apps/v1', plural, name, { spec: { template: { spec: { containers: [{ name: 'main', image }] } } } });
/** Ends a Pod as its kubelet would. */
export function finish(cluster: TestCluster, one: Pod, exitCode: number) {
  const finishedAt = new Date(cluster.sim.now).toISOString().slice(0, 19) + 'Z';
  const state = { terminated: { exitCode, finishedAt } };
  const containerStatuses = [{ name: 'main', image: 'nginx', imageID: '', ready: false, restartCount: 0, state }];
  const status = {
    phase: exitCode === 0 ? 'Succeeded' : 'Failed',
    containerStatuses,
    conditions: [{ type: 'Ready', status: 'False' }],
  };
  cluster.patch('v1', 'pods', one.metadata.name as string, { status }, 'status');
}
