import { describe, expect, it } from 'vitest';
import { deployment, pod, TestCluster } from './cluster.ts';
import type { Endpoints, EndpointSlice, Pod } from '../../engine/api/types.ts';

const service = (spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default', labels: { app: 'web' } },
  spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 80 }], ...spec },
});
function start(...objects: object[]): TestCluster {
  const cluster = new TestCluster({
    nodes: [
      { name: 'worker-1', cpu: '64', memory: '256Gi', pods: '500', labels: { 'topology.kubernetes.io/zone': 'a' } },
    ],
  });
  cluster.pass(1000);
  for (const object of objects) cluster.create(object);
  cluster.pass(3000);
  return cluster;
}
const slices = (cluster: TestCluster) =>
  cluster
    .list<EndpointSlice>('discovery.k8s.io/v1', 'endpointslices')
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === 'web');
const endpoints = (cluster: TestCluster) => cluster.get<Endpoints>('v1', 'endpoints', 'web');

describe('the endpoints of a Service', () => {
  it('are its ready Pods, in both forms', () => {
    const cluster = start(deployment('web', 2), service());
    const [slice] = slices(cluster);
    const pods = cluster.pods();
    expect(slice.metadata.name).toMatch(/^web-\w{5}$/);
    expect(slice.metadata.labels).toMatchObject({
      app: 'web',
      'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
    });
    expect(slice.ports).toEqual([{ name: '', port: 80, protocol: 'TCP' }]);
    expect(slice.endpoints).toHaveLength(2);
    const [first] = slice.endpoints;
    const target = pods.find(({ metadata }) => metadata.name === first.targetRef?.name) as Pod;
    expect(first).toEqual({
      addresses: [target.status?.podIP],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: 'worker-1',
      zone: 'a',
      targetRef: { kind: 'Pod', namespace: 'default', name: target.metadata.name, uid: target.metadata.uid },
    });
    expect(
      endpoints(cluster)
        ?.subsets?.[0].addresses?.map(({ ip }) => ip)
        .sort(),
    ).toEqual(pods.map(({ status }) => status?.podIP).sort());
    expect(endpoints(cluster)?.subsets?.[0].ports).toEqual([{ port: 80, protocol: 'TCP' }]);
  });

  it('are an empty slice when no Pod matches, which is filled when one does', () => {
    const cluster = start(service());
    const [empty] = slices(cluster);
    expect(empty.endpoints ?? []).toEqual([]);
    expect(endpoints(cluster)?.subsets).toBeUndefined();
    cluster.create(deployment('web', 1));
    cluster.pass(3000);
    const [filled] = slices(cluster);
    expect(filled.metadata.name).toBe(empty.metadata.name);
    expect(filled.endpoints).toHaveLength(1);
  });

  it('tell unready Pods from ready ones', () => {
    const cluster = start(deployment('web', 2), service());
    cluster.setReady(cluster.pods()[0], false);
    cluster.pass(100);
    expect(
      slices(cluster)[0]
        .endpoints.map(({ conditions }) => conditions?.ready)
        .sort(),
    ).toEqual([false, true]);
    expect(endpoints(cluster)?.subsets?.[0].notReadyAddresses).toHaveLength(1);
  });

  it('show a Pod that is being deleted as terminating until it is gone', () => {
    const cluster = start(deployment('web', 1), service());
    cluster.patch('apps/v1', 'deployments', 'web', { spec: { replicas: 0 } });
    cluster.pass(100);
    expect(slices(cluster)[0].endpoints[0].conditions).toEqual({ ready: false, serving: true, terminating: true });
    expect(endpoints(cluster)?.subsets).toBeUndefined();
    cluster.pass(3000);
    expect(slices(cluster)[0].endpoints ?? []).toEqual([]);
  });

  it('resolve a named port on each Pod', () => {
    const named = (name: string, containerPort: number) =>
      pod(
        name,
        { containers: [{ name: 'main', image: 'nginx', ports: [{ name: 'http', containerPort }] }] },
        { labels: { app: 'web' } },
      );
    const cluster = start(
      named('a', 8080),
      named('b', 9090),
      service({ ports: [{ name: 'web', port: 80, targetPort: 'http' }] }),
    );
    expect(
      slices(cluster)
        .map(({ ports }) => ports?.[0].port)
        .sort(),
    ).toEqual([8080, 9090]);
    expect(endpoints(cluster)?.subsets).toHaveLength(2);
  });

  it('include unready Pods as ready when the Service publishes them', () => {
    const cluster = start(service({ publishNotReadyAddresses: true }));
    cluster.unready = () => true;
    cluster.create(deployment('web', 1));
    cluster.pass(3000);
    expect(slices(cluster)[0].endpoints[0].conditions).toEqual({ ready: true, serving: false, terminating: false });
    expect(endpoints(cluster)?.subsets?.[0].addresses).toHaveLength(1);
  });

  it('carry host names for a headless Service', () => {
    const labels = { app: 'web' };
    const cluster = start(
      service({ clusterIP: 'None' }),
      pod('a', { hostname: 'host-a', subdomain: 'web' }, { labels }),
    );
    expect(slices(cluster)[0].endpoints[0].hostname).toBe('host-a');
    expect(slices(cluster)[0].metadata.labels).toHaveProperty(['service.kubernetes.io/headless'], '');
    expect(endpoints(cluster)?.subsets?.[0].addresses?.[0].hostname).toBe('host-a');
  });

  it('fill slices of a hundred', () => {
    const cluster = start(deployment('web', 250), service());
    expect(
      slices(cluster)
        .map(({ endpoints: list }) => list.length)
        .every((n) => n <= 100),
    ).toBe(true);
    expect(slices(cluster).reduce((sum, { endpoints: list }) => sum + list.length, 0)).toBe(250);
  });

  it('go with the Service', () => {
    const cluster = start(deployment('web', 1), service());
    cluster.admin.of('v1', 'services').delete('default', 'web');
    cluster.pass(1000);
    expect(slices(cluster)).toHaveLength(0);
    expect(endpoints(cluster)).toBeUndefined();
  });

  it('written by hand for a Service without a selector appear as a slice', () => {
    const cluster = start({ ...service({ selector: undefined }) });
    const manual = (ip: string) => ({
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { name: 'web', namespace: 'default' },
      subsets: [{ addresses: [{ ip }], ports: [{ port: 9376 }] }],
    });
    cluster.create(manual('192.0.2.42'));
    cluster.pass(100);
    const [slice] = slices(cluster);
    expect(slice.metadata.labels?.['endpointslice.kubernetes.io/managed-by']).toBe(
      'endpointslicemirroring-controller.k8s.io',
    );
    expect(slice.endpoints).toEqual([{ addresses: ['192.0.2.42'], conditions: { ready: true } }]);
    expect(slice.ports).toEqual([{ name: '', port: 9376, protocol: 'TCP' }]);
    cluster.admin
      .of<Endpoints>('v1', 'endpoints')
      .patch('default', 'web', 'merge', { subsets: manual('192.0.2.43').subsets });
    cluster.pass(100);
    expect(slices(cluster).map(({ metadata, endpoints: list }) => [metadata.name, list[0].addresses[0]])).toEqual([
      [slice.metadata.name, '192.0.2.43'],
    ]);
    cluster.admin.of('v1', 'endpoints').delete('default', 'web');
    cluster.pass(100);
    expect(slices(cluster)).toEqual([]);
  });
});
