// Names that end with a hash, as clusters of many releases really had them.

import { describe, expect, it } from 'vitest';
import { templateHash } from '../../engine/controllers/template-hash.ts';
import { TestCluster } from './cluster.ts';
import type { ControllerRevision, KubeObject, PodTemplateSpec, ReplicaSet } from '../../engine/api/types.ts';

const workload = (kind: string, name: string, labels: object, podSpec: object, spec: object = {}) => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name, namespace: 'default' },
  spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: podSpec }, ...spec },
});
const one = (name: string, image: string, further: object = {}) => ({
  containers: [{ name, image, resources: {}, ...further }],
});

function run(version: string, ...objects: object[]) {
  const cluster = new TestCluster({
    version,
    controllers: ['deployment-controller', 'daemonset-controller', 'statefulset-controller'],
    scheduler: false,
  });
  cluster.pass(1000);
  for (const object of objects) cluster.create(object as KubeObject);
  cluster.pass(2000);
  return cluster;
}
const namesOf = (cluster: TestCluster, plural: string) =>
  cluster.list<ReplicaSet>('apps/v1', plural).map(({ metadata }) => metadata.name);
/** Its ReplicaSet's name on a cluster of that version. */
const replicaSetOf = (version: string, ...args: [labels: object, podSpec: object]) =>
  namesOf(run(version, workload('Deployment', 'w', ...args)), 'replicasets')[0];

/** What `kubectl create deployment nginx --image=nginx` was called in each release. */
const NGINX: [string, string][] = [
  ['v1.18.20', 'f89759699'],
  ['v1.20.2', '6799fc88d8'],
  ['v1.22.17', '6799fc88d8'],
  ['v1.23.17', '85b98978db'],
  ['v1.24.17', '8f458dc5b'],
  ['v1.25.16', '76d6c9b8c'],
  ['v1.26.15', '748c667d99'],
  ['v1.27.16', '77b4fdf86c'],
  ['v1.28.4', '7854ff8877'],
  ['v1.30.14', 'bf5d5cf98'],
  ['v1.31.9', '676b6c5bbc'],
  ['v1.32.5', '5869d7778c'],
  ['v1.34.1', '66686b6766'],
  ['v1.35.0', '56c45fd5ff'],
];

describe('pod-template-hash', () => {
  it.each(NGINX)('of a plain nginx is in %s %s', (version, hash) => {
    expect(replicaSetOf(version, { app: 'nginx' }, one('nginx', 'nginx'))).toBe(`w-${hash}`);
  });

  it('tells quantities, ports and node selectors apart as v1.28.4 did', () => {
    const resources = { requests: { cpu: '50m', memory: '32Mi' }, limits: { cpu: '0.1', memory: '64Mi' } };
    const ports = [{ name: 'http', containerPort: 80 }];
    const web = (image: string) => one('nginx', image, { ports, resources });
    expect(replicaSetOf('v1.28.4', { app: 'web' }, web('nginx:1.27'))).toBe('w-54f8cbc86f');
    expect(replicaSetOf('v1.28.4', { app: 'web' }, web('nginx:1.28'))).toBe('w-76b9c46754');
    expect(replicaSetOf('v1.28.4', { app: 'a' }, { ...one('c', 'nginx'), nodeSelector: { no: 'node' } })).toBe(
      'w-56f869668c',
    );
  });

  it('is of a Deployment that knows of a collision another one', () => {
    const cluster = run('v1.35.0', workload('Deployment', 'w', { app: 'nginx' }, one('nginx', 'nginx')));
    const [first] = cluster.list<ReplicaSet>('apps/v1', 'replicasets');
    cluster.admin.of('apps/v1', 'deployments').delete('default', 'w');
    cluster.admin.of('apps/v1', 'replicasets').delete('default', first.metadata.name as string);
    // Somebody else's, under the name that the next one would get.
    const name = first.metadata.name as string;
    cluster.create(workload('ReplicaSet', name, { app: 'other' }, one('c', 'busybox'), { replicas: 0 }) as KubeObject);
    cluster.create(workload('Deployment', 'w', { app: 'nginx' }, one('nginx', 'nginx')) as KubeObject);
    cluster.pass(5000);
    expect(namesOf(cluster, 'replicasets')).toHaveLength(2);
    expect(cluster.get('apps/v1', 'deployments', 'w')?.status.collisionCount).toBe(1);
  });

  it('depends on every field of a template', () => {
    const seen = new Set<string>();
    const variants: object[] = [
      {},
      { metadata: { annotations: { a: 'é' } } },
      { metadata: { creationTimestamp: '2026-01-05T09:00:00Z' } },
      { spec: { volumes: [{ name: 'v', emptyDir: {} }] } },
      { spec: { volumes: [{ name: 'v', emptyDir: { sizeLimit: '100Ti' } }] } },
      { spec: { volumes: [{ name: 'v', emptyDir: { sizeLimit: '200Ti' } }] } },
      { spec: { volumes: [{ name: 'v', configMap: { name: 'c', items: [{ key: 'k', path: 'p' }] } }] } },
      { spec: { tolerations: [{ operator: 'Exists' }] } },
      { spec: { containers: [{ livenessProbe: { httpGet: { port: 80 } } }] } },
      { spec: { containers: [{ livenessProbe: { httpGet: { port: '80' } } }] } },
    ];
    for (const template of variants) seen.add(templateHash(template as PodTemplateSpec, 35, undefined));
    seen.add(templateHash({}, 35, 0)).add(templateHash({}, 35, 1));
    expect(seen.size).toBe(variants.length + 2);
  });
});

describe('ControllerRevisions', () => {
  const agent = workload('DaemonSet', 'agent', { app: 'agent' }, one('agent', 'fluentd:v1.17'));
  const db = workload(
    'StatefulSet',
    'db',
    { app: 'db' },
    one('pg', 'postgres:16', {
      ports: [{ name: 'sql', containerPort: 5432 }],
      volumeMounts: [{ name: 'data', mountPath: '/var/lib/postgresql/data' }],
    }),
    {
      serviceName: 'db',
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        },
      ],
    },
  );

  it('have the names that v1.28.4 gave them, with the annotations of their owner', () => {
    const cluster = run('v1.28.4', agent, { ...db, metadata: { ...db.metadata, annotations: { who: 'db' } } });
    expect(namesOf(cluster, 'controllerrevisions').sort()).toEqual(['agent-7b7cc74f76', 'db-84b888464f']);
    const revision = cluster.get('apps/v1', 'controllerrevisions', 'db-84b888464f') as ControllerRevision;
    expect(revision.metadata.annotations).toEqual({ who: 'db' });
    expect(revision.metadata.labels).toMatchObject({ app: 'db', 'controller.kubernetes.io/hash': '84b888464f' });
    expect(revision.data?.spec.template).toMatchObject({ $patch: 'replace', metadata: { creationTimestamp: null } });
  });

  it('are found again by what they keep, whatever their names', () => {
    const cluster = run('v1.35.0', db);
    const set = (image: string) =>
      cluster.patch('apps/v1', 'statefulsets', 'db', {
        spec: { template: { spec: { containers: [{ name: 'pg', image }] } } },
      });
    set('postgres:17');
    cluster.pass(2000);
    set('postgres:16');
    cluster.pass(2000);
    const revisions = cluster.list<ControllerRevision>('apps/v1', 'controllerrevisions');
    expect(revisions.map(({ revision }) => revision).sort()).toEqual([2, 3]);
  });
});
