import { expect, test } from 'vitest';
import type { ResourceQuota } from '../../engine/api/types.ts';
import { deployment, pod, requesting, TestCluster } from './cluster.ts';

const quota = (hard: Record<string, string>, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name: 'q', namespace: 'default' },
  spec: { hard, ...spec },
});
const status = (cluster: TestCluster) => cluster.get<ResourceQuota>('v1', 'resourcequotas', 'q')?.status;

test('a new quota is told what is used already', () => {
  const cluster = new TestCluster();
  cluster.pass(1000);
  cluster.create(pod('a', requesting('250m', '1Gi')));
  cluster.create(pod('b', requesting('500m', '1Gi')));
  cluster.create(quota({ pods: '5', 'requests.cpu': '2', configmaps: '10', 'count/deployments.apps': '3' }));
  cluster.pass(1000);
  expect(status(cluster)).toEqual({
    hard: { pods: '5', 'requests.cpu': '2', configmaps: '10', 'count/deployments.apps': '3' },
    // kube-root-ca.crt is a ConfigMap as well.
    used: { pods: '2', 'requests.cpu': '750m', configmaps: '1', 'count/deployments.apps': '0' },
  });
});

test('what is deleted or has ended is given back', () => {
  const cluster = new TestCluster();
  cluster.pass(1000);
  cluster.create(quota({ pods: '5', 'count/pods': '5', 'requests.cpu': '2' }));
  cluster.pass(1000);
  cluster.create(pod('a', requesting('250m')));
  cluster.create(pod('b', requesting('500m')));
  cluster.pass(2000);
  expect(status(cluster)?.used).toEqual({ pods: '2', 'count/pods': '2', 'requests.cpu': '750m' });
  cluster.patch('v1', 'pods', 'a', { status: { phase: 'Succeeded' } }, 'status');
  cluster.pass(1000);
  expect(status(cluster)?.used).toEqual({ pods: '1', 'count/pods': '2', 'requests.cpu': '500m' });
  cluster.admin.of('v1', 'pods').delete('default', 'b');
  cluster.pass(40_000);
  expect(status(cluster)?.used).toEqual({ pods: '0', 'count/pods': '1', 'requests.cpu': '0' });
});

test('a changed quota is counted again, names that left it are forgotten', () => {
  const cluster = new TestCluster();
  cluster.create(quota({ pods: '5' }));
  cluster.pass(1000);
  cluster.patch('v1', 'resourcequotas', 'q', { spec: { hard: { pods: null, services: '3' } } });
  cluster.pass(1000);
  expect(status(cluster)).toEqual({ hard: { services: '3' }, used: { services: '1' } });
});

test('only objects within the scopes are counted', () => {
  const cluster = new TestCluster();
  cluster.pass(1000);
  cluster.create(pod('a', requesting('250m')));
  cluster.create(pod('b'));
  cluster.create(quota({ pods: '5' }, { scopes: ['BestEffort'] }));
  cluster.pass(1000);
  expect(status(cluster)?.used).toEqual({ pods: '1' });
});

test('a count that went wrong is put right within five minutes', () => {
  const cluster = new TestCluster();
  cluster.create(quota({ pods: '5' }));
  cluster.pass(1000);
  cluster.patch('v1', 'resourcequotas', 'q', { status: { used: { pods: '4' } } }, 'status');
  cluster.pass(300_000);
  expect(status(cluster)?.used).toEqual({ pods: '0' });
});

test('a Deployment reports that its Pods do not fit, and gets them when there is room', () => {
  const cluster = new TestCluster();
  cluster.create(quota({ pods: '0' }));
  cluster.pass(1000);
  cluster.create(deployment('web', 1));
  cluster.pass(2000);
  expect(cluster.events('FailedCreate')[0]).toMatch(
    /^Error creating: pods "web-\w+-\w+" is forbidden: exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0$/,
  );
  cluster.patch('v1', 'resourcequotas', 'q', { spec: { hard: { pods: '1' } } });
  cluster.pass(60_000);
  expect(cluster.pods()).toHaveLength(1);
});
