// What admission makes of Pods beyond the first needs: labels of the node's zone, mirror Pods, secrets, sidecars.

import { expect, test } from 'vitest';
import type { PodSpec } from '../../engine/api/types.ts';
import { account, pod, serve } from './support.ts';

const PODS = '/api/v1/namespaces/default/pods';
const ZONE = 'topology.kubernetes.io/zone';
const REGION = 'topology.kubernetes.io/region';

function withNode() {
  const served = serve();
  const labels = { [ZONE]: 'eu-1a', [REGION]: 'eu-1', disk: 'ssd' };
  served.send('POST', '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n', labels } });
  return served;
}

test('a Pod gets the zone and the region of its node as labels, and keeps its own', () => {
  const { send } = withNode();
  expect(send('POST', PODS, pod('placed', { nodeName: 'n' })).body.metadata.labels).toEqual({
    [ZONE]: 'eu-1a',
    [REGION]: 'eu-1',
  });
  const labelled = pod('labelled');
  send('POST', PODS, { ...labelled, metadata: { ...labelled.metadata, labels: { [ZONE]: 'mine', app: 'web' } } });
  const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'labelled' }, target: { name: 'n' } };
  expect(send('POST', `${PODS}/labelled/binding`, binding).code).toBe(201);
  expect(send('GET', `${PODS}/labelled`).body.metadata.labels).toEqual({
    [ZONE]: 'mine',
    [REGION]: 'eu-1',
    app: 'web',
  });
});

test('a mirror Pod may use neither service accounts nor secrets', () => {
  const { send } = withNode();
  const mirror = (name: string, spec: object) => {
    const made = pod(name, { nodeName: 'n', ...spec });
    return { ...made, metadata: { ...made.metadata, annotations: { 'kubernetes.io/config.mirror': 'hash' } } };
  };
  const refused = (spec: object) => send('POST', PODS, mirror('m', spec)).body.message;
  expect(refused({ serviceAccountName: 'default' })).toBe(
    'pods "m" is forbidden: a mirror pod may not reference service accounts',
  );
  expect(refused({ volumes: [{ name: 'v', secret: { secretName: 's' } }] })).toContain(
    'a mirror pod may not reference secrets',
  );
  expect(
    refused({ volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }] }),
  ).toContain('a mirror pod may not use ServiceAccountToken volume projections');
  expect(send('POST', PODS, mirror('m', {})).code).toBe(201);
});

test('an account that enforces its secrets lets Pods use those alone', () => {
  const { send } = serve();
  send('POST', '/api/v1/namespaces/default/serviceaccounts', {
    ...account('strict'),
    metadata: { name: 'strict', annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } },
    secrets: [{ name: 'own' }],
  });
  const ask = (name: string, spec: object) => send('POST', PODS, pod(name, { serviceAccountName: 'strict', ...spec }));
  const volume = (secretName: string) => ({ volumes: [{ name: 'v', secret: { secretName } }] });
  expect(ask('a', volume('own')).code).toBe(201);
  expect(ask('b', volume('other')).body.message).toBe(
    'pods "b" is forbidden: volume with secret.secretName="other" is not allowed because service account strict does not reference that secret',
  );
  const env = [{ name: 'KEY', valueFrom: { secretKeyRef: { name: 'other', key: 'k' } } }];
  expect(ask('c', { containers: [{ name: 'c', image: 'i', env }] }).body.message).toContain(
    'container c with envVar KEY referencing secret.secretName="other" is not allowed because service account strict does not reference that secret',
  );
  expect(ask('d', { imagePullSecrets: [{ name: 'pull' }] }).body.message).toContain(
    'imagePullSecrets[0].name="pull" is not allowed because service account strict does not reference that imagePullSecret',
  );
});

test('a LimitRange for Pods counts sidecars with the containers', () => {
  const { send } = serve();
  send('POST', '/api/v1/namespaces/default/limitranges', {
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: { name: 'l' },
    spec: { limits: [{ type: 'Pod', max: { cpu: '1' } }] },
  });
  const container = (name: string, cpu: string, rest: object = {}) => ({
    name,
    image: 'i',
    resources: { requests: { cpu }, limits: { cpu } },
    ...rest,
  });
  const ask = (name: string, rest: object) =>
    send(
      'POST',
      PODS,
      pod(name, { containers: [container('c', '600m')], initContainers: [container('i', '600m', rest)] }),
    );
  expect(ask('init', {}).code).toBe(201);
  expect(ask('sidecar', { restartPolicy: 'Always' }).body.message).toContain(
    'maximum cpu usage per Pod is 1, but limit is 1200m',
  );
});

test('an eviction leaves the reason on the Pod that goes', () => {
  const { send } = withNode();
  send('POST', PODS, pod('p', { nodeName: 'n' }));
  const evict = (dryRun?: string) =>
    send(
      'POST',
      `${PODS}/p/eviction`,
      { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p' } },
      {
        query: dryRun ? { dryRun } : {},
      },
    ).code;
  expect(evict('All')).toBe(201);
  expect(send('GET', `${PODS}/p`).body.status.conditions).toBeUndefined();
  expect(evict()).toBe(201);
  expect(send('GET', `${PODS}/p`).body.status.conditions).toMatchObject([
    { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting' },
  ]);
});

test('a Service that prefers close endpoints is told the newer word', () => {
  const { send } = serve();
  const answer = send('POST', '/api/v1/namespaces/default/services', {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 's' },
    spec: { ports: [{ port: 80 }], trafficDistribution: 'PreferClose' },
  });
  expect(JSON.stringify(answer.headers)).toContain(
    'spec.trafficDistribution: \\\\\\"PreferClose\\\\\\" is deprecated; use \\\\\\"PreferSameZone\\\\\\"',
  );
});

test('what lacks all it needs is refused, not stumbled over', () => {
  const { send } = serve();
  const limits = [{ type: 'Container', default: { cpu: '1' } }];
  send('POST', '/api/v1/namespaces/default/limitranges', { metadata: { name: 'l' }, spec: { limits } });
  expect(send('POST', PODS, { metadata: { name: 'p' } }).body.message).toBe(
    'Pod "p" is invalid: spec.containers: Required value',
  );
  expect(send('POST', '/api/v1/namespaces', { metadata: {} }).body.message).toBe(
    'Namespace "" is invalid: metadata.name: Required value: name or generateName is required',
  );
  const secret = { metadata: { name: 's' }, data: { a: null } };
  expect(send('POST', '/api/v1/namespaces/default/secrets', secret).body.data).toEqual({ a: '' });
});

/** What a server has after a controller has sent a Pod several times while the cluster changed around it. */
function sentOften(send: 'one object' | 'copies', spec: object, changes: readonly ((served: Served) => unknown)[]) {
  const served = serve();
  const user = { name: 'system:serviceaccount:kube-system:replicaset-controller', groups: ['system:authenticated'] };
  const template = {
    ...pod('', spec),
    metadata: {
      generateName: 'web-',
      labels: { app: 'web' },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'u', controller: true }],
    },
  };
  const answers: unknown[] = [];
  const create = () => {
    const body = send === 'copies' ? structuredClone(template) : template;
    const answer = served.server.handle({
      method: 'POST',
      path: PODS,
      headers: { 'user-agent': 'kube-controller-manager' },
      user,
      body,
    });
    answers.push(structuredClone([answer.headers, answer.body]));
  };
  for (const change of [() => undefined, ...changes]) {
    change(served);
    create();
    create();
    served.sim.runUntil(served.sim.now + 1500);
  }
  const listed = served.send('GET', PODS).body.items as { metadata: { name: string }; spec: PodSpec }[];
  return { answers, listed, names: listed.map(({ spec: { volumes } }) => volumes?.at(-1)?.name) };
}

type Served = ReturnType<typeof serve>;

const CHANGES: readonly ((served: Served) => unknown)[] = [
  ({ patch }) =>
    patch('/api/v1/namespaces/default/serviceaccounts/default', 'merge', { imagePullSecrets: [{ name: 'pull' }] }),
  ({ send }) =>
    send('POST', '/apis/scheduling.k8s.io/v1/priorityclasses', {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'usual' },
      value: 7,
      globalDefault: true,
    }),
  ({ patch }) =>
    patch('/api/v1/namespaces/default', 'merge', {
      metadata: { labels: { 'pod-security.kubernetes.io/warn': 'restricted' } },
    }),
  ({ send }) =>
    send('POST', '/api/v1/namespaces/default/limitranges', {
      apiVersion: 'v1',
      kind: 'LimitRange',
      metadata: { name: 'limits' },
      spec: { limits: [{ type: 'Container', default: { cpu: '1' } }] },
    }),
  ({ patch }) =>
    patch('/api/v1/namespaces/default/serviceaccounts/default', 'merge', { automountServiceAccountToken: false }),
  ({ patch }) =>
    patch('/api/v1/namespaces/default', 'merge', {
      metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    }),
  ({ send }) => send('DELETE', '/api/v1/namespaces/default'),
];

test.each([
  {},
  {
    initContainers: [{ name: 'i', image: 'i', volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
    volumes: [{ name: 'v' }],
  },
  { volumes: [{ name: 'kube-api-access-own', projected: { sources: [] } }] },
  {
    containers: [
      {
        name: 'c',
        image: 'i',
        volumeMounts: [{ name: 'v', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }],
      },
    ],
    volumes: [{ name: 'v', emptyDir: {} }],
  },
  { nodeName: 'n', hostNetwork: true },
  { schedulingGates: [{ name: 'wait' }] },
])('Pods that a controller sends as one object come out as those that it sends one by one', (spec) => {
  const often = sentOften('one object', spec, CHANGES);
  expect(often).toEqual(sentOften('copies', spec, CHANGES));
});

test('each Pod of a template has a token volume with a name of its own, which its containers mount', () => {
  const { names, listed } = sentOften('one object', {}, []);
  expect(new Set(names).size).toBe(2);
  for (const { spec } of listed) expect(spec.containers[0].volumeMounts?.[0].name).toBe(spec.volumes?.[0].name);
});
