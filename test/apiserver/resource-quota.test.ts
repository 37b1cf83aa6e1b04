import { describe, expect, test } from 'vitest';
import { configMap, CONFIGMAPS, pod, PODS, serve } from './support.ts';

const QUOTAS = '/api/v1/namespaces/default/resourcequotas';
const SERVICES = '/api/v1/namespaces/default/services';
const CLAIMS = '/api/v1/namespaces/default/persistentvolumeclaims';

/** A quota as the controller leaves it: what is hard, and nothing used yet. */
function limited(hard: Record<string, string>, spec: object = {}, name = 'q') {
  const server = serve();
  const add = (name: string, hard: Record<string, string>, spec: object = {}) => {
    const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name }, spec: { hard, ...spec } };
    const { body } = server.send('POST', QUOTAS, quota);
    const used = Object.fromEntries(Object.keys(hard).map((one) => [one, '0']));
    server.send('PUT', `${QUOTAS}/${name}/status`, { ...body, status: { hard, used } });
  };
  add(name, hard, spec);
  return { ...server, add, used: (name = 'q') => server.send('GET', `${QUOTAS}/${name}`).body.status.used };
}

const asking = (requests: object, limits: object = requests, spec: object = {}) => ({
  containers: [{ name: 'c', image: 'nginx', resources: { requests, limits } }],
  ...spec,
});

test('a Pod that fits is charged at once, one that does not is refused', () => {
  const { send, used } = limited({ 'requests.cpu': '500m', 'limits.memory': '1Gi', pods: '5' });
  expect(send('POST', PODS, pod('a', asking({ cpu: '300m', memory: '256Mi' }))).code).toBe(201);
  expect(used()).toEqual({ 'requests.cpu': '300m', 'limits.memory': '256Mi', pods: '1' });
  const { code, body } = send('POST', PODS, pod('b', asking({ cpu: '300m', memory: '1Gi' })));
  expect(code).toBe(403);
  expect(body.message).toBe(
    'pods "b" is forbidden: exceeded quota: q, requested: limits.memory=1Gi,requests.cpu=300m, used: limits.memory=256Mi,requests.cpu=300m, limited: limits.memory=1Gi,requests.cpu=500m',
  );
  expect(used().pods).toBe('1');
});

test('containers must say what CPU and memory quotas count', () => {
  const { send } = limited({ 'requests.cpu': '1', 'limits.memory': '1Gi', 'requests.ephemeral-storage': '1Gi' });
  const init = { initContainers: [{ name: 'a', image: 'busybox' }] };
  expect(send('POST', PODS, pod('p', init)).body.message).toBe(
    'pods "p" is forbidden: failed quota: q: must specify limits.memory for: a,c; requests.cpu for: a,c',
  );
});

test('init containers count when they need more than the containers, sidecars beside them', () => {
  const { send, used } = limited({ 'requests.cpu': '10' });
  const container = (name: string, cpu: string, rest: object = {}) => ({
    name,
    image: 'nginx',
    resources: { requests: { cpu } },
    ...rest,
  });
  const initContainers = [container('side', '1', { restartPolicy: 'Always' }), container('setup', '3')];
  send('POST', PODS, pod('p', { containers: [container('main', '2')], initContainers }));
  expect(used()).toEqual({ 'requests.cpu': '4' });
});

test('a dry run is checked and charges nothing', () => {
  const { send, used } = limited({ 'count/configmaps': '1' });
  expect(send('POST', CONFIGMAPS, configMap('a'), { query: { dryRun: 'All' } }).code).toBe(201);
  expect(used()).toEqual({ 'count/configmaps': '0' });
  send('POST', CONFIGMAPS, configMap('a'));
  expect(send('POST', CONFIGMAPS, configMap('b'), { query: { dryRun: 'All' } }).body.message).toBe(
    'configmaps "b" is forbidden: exceeded quota: q, requested: count/configmaps=1, used: count/configmaps=1, limited: count/configmaps=1',
  );
});

test('nothing is charged to any quota when one of them is full', () => {
  const { send, add, used } = limited({ configmaps: '5' }, {}, 'a');
  add('b', { 'count/configmaps': '0' });
  expect(send('POST', CONFIGMAPS, configMap('m')).code).toBe(403);
  expect(used('a')).toEqual({ configmaps: '0' });
});

test('a quota whose usage is not counted yet admits nothing that it concerns', () => {
  const { send } = limited({ configmaps: '5' });
  const quota = send('GET', `${QUOTAS}/q`).body;
  send('PUT', `${QUOTAS}/q/status`, { ...quota, status: { hard: { configmaps: '5' } } });
  expect(send('POST', CONFIGMAPS, configMap('m')).body.message).toBe(
    'configmaps "m" is forbidden: status unknown for quota: q, resources: configmaps',
  );
});

test('a Service that becomes a node port is charged for the difference', () => {
  const { send, patch, used } = limited({ services: '1', 'services.nodeports': '1' });
  const service = (ports: number[]) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 's' },
    spec: { selector: { a: 'b' }, ports: ports.map((port) => ({ name: `p${port}`, port })) },
  });
  expect(send('POST', SERVICES, service([80])).code).toBe(201);
  expect(patch(`${SERVICES}/s`, 'merge', { spec: { type: 'NodePort' } }).code).toBe(200);
  expect(used()).toEqual({ services: '1', 'services.nodeports': '1' });
  const two = [80, 81].map((port) => ({ name: `p${port}`, port }));
  expect(patch(`${SERVICES}/s`, 'merge', { spec: { ports: two } }).body.message).toBe(
    'services "s" is forbidden: exceeded quota: q, requested: services.nodeports=1, used: services.nodeports=1, limited: services.nodeports=1',
  );
});

test('claims count in sum and by storage class', () => {
  const gold = 'gold.storageclass.storage.k8s.io/requests.storage';
  const { send, used } = limited({ 'requests.storage': '10Gi', [gold]: '2Gi', persistentvolumeclaims: '5' });
  const claim = (name: string, storageClassName: string, storage: string) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name },
    spec: { storageClassName, accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
  });
  send('POST', CLAIMS, claim('a', 'silver', '5Gi'));
  send('POST', CLAIMS, claim('b', 'gold', '1Gi'));
  expect(used()).toEqual({ 'requests.storage': '6Gi', [gold]: '1Gi', persistentvolumeclaims: '2' });
  expect(send('POST', CLAIMS, claim('c', 'gold', '3Gi')).body.message).toBe(
    `persistentvolumeclaims "c" is forbidden: exceeded quota: q, requested: ${gold}=3Gi, used: ${gold}=1Gi, limited: ${gold}=2Gi`,
  );
});

describe('scopes', () => {
  const priority = (operator: string, values?: string[]) => ({
    scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator, values }] },
  });
  const critical = { priorityClassName: 'system-node-critical' };
  const affinity = {
    affinity: {
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { topologyKey: 'kubernetes.io/hostname', namespaces: ['other'], labelSelector: {} },
        ],
      },
    },
  };
  test.each([
    ['BestEffort', { scopes: ['BestEffort'] }, {}, asking({ cpu: '1m' })],
    ['NotBestEffort', { scopes: ['NotBestEffort'] }, asking({ cpu: '1m' }), {}],
    ['Terminating', { scopes: ['Terminating'] }, { activeDeadlineSeconds: 5 }, {}],
    ['NotTerminating', { scopes: ['NotTerminating'] }, {}, { activeDeadlineSeconds: 5 }],
    ['PriorityClass In', priority('In', ['system-node-critical']), critical, {}],
    ['PriorityClass NotIn', priority('NotIn', ['system-node-critical']), {}, critical],
    ['PriorityClass Exists', priority('Exists'), critical, {}],
    ['PriorityClass DoesNotExist', priority('DoesNotExist'), {}, critical],
    ['CrossNamespacePodAffinity', { scopes: ['CrossNamespacePodAffinity'] }, affinity, {}],
  ])('%s', (_name, spec, inside, outside) => {
    const { send } = limited({ pods: '0' }, spec);
    expect(send('POST', PODS, pod('in', inside)).body.message).toContain('exceeded quota: q, requested: pods=1');
    expect(send('POST', PODS, pod('out', outside)).code).toBe(201);
  });
});
