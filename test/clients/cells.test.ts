// A page's examples run on a cluster with the real kubectl; the cluster is ours, served over HTTPS.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { shape } from '../../src/cells/shape.ts';
import { cellsOnKubectl } from '../../src/cli/cells-on-kubectl.ts';
import { program } from './programs.ts';
import { serve, type Served } from './served.ts';

let cluster: Served;
const on = async (source: string) =>
  cellsOnKubectl(source, 'test/page', { kubeconfig: cluster.kubeconfig, kubectl: await program('kubectl') });

beforeAll(async () => void (cluster = await serve({ speed: 20 })));
afterAll(() => cluster.close());

const PAGE = `
\`\`\`yaml file=page.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: page}
data: {title: Home}
\`\`\`

\`\`\`console name=made
$ kubectl apply -f page.yaml
configmap/page created
$ title=$(kubectl get configmap page -o jsonpath={.data.title})
$ kubectl run web --image=nginx:1.27
pod/web created
$ kubectl wait --for=condition=Ready pod/web
pod/web condition met
$ kubectl get pods
NAME   READY   STATUS    RESTARTS   AGE
web    1/1     Running   0          3s
$ kubectl create clusterrole kubebook-test --verb=get --resource=pods
clusterrole.rbac.authorization.k8s.io/kubebook-test created
\`\`\`

\`\`\`console name=kept
$ echo "$title"
Home
$ kubectl get configmap page -o jsonpath={.metadata.namespace}
default
\`\`\`

\`\`\`console name=machine
worker-1$ hostname
worker-1
\`\`\`

\`\`\`console name=simulator
$ sim advance 5m
\`\`\`

\`\`\`console name=missing fails
$ kubectl get configmap missing
Error from server (NotFound): configmaps "missing" not found
\`\`\`

\`\`\`console name=false
$ kubectl get configmap page -o jsonpath={.data.title}
Contents
\`\`\`
`;

test('cells run in a namespace of their own, are compared by shape and leave nothing behind', async () => {
  const results = await on(PAGE);
  const found = Object.fromEntries(results.map(({ cell, skipped, problems }) => [cell.id, skipped ?? problems]));
  expect(found).toEqual({
    'page-yaml': [],
    made: [],
    kept: [],
    machine: 'needs a shell on the node worker-1',
    simulator: 'needs the simulator (sim)',
    missing: [],
    false: ['the output differs: kubectl get configmap page -o jsonpath={.data.title}'],
  });
  expect(await cluster.kubectl('get configmap,pod -n default -o name')).toBe('configmap/kube-root-ca.crt\n');
  expect(await cluster.kubectl('get clusterrole kubebook-test --ignore-not-found')).toBe('');
  expect(
    await cluster.kubectl('get namespaces -o jsonpath={.items[?(@.status.phase=="Active")].metadata.name}'),
  ).not.toContain('kubebook');
});

test('a page for an older release is skipped as a whole', async () => {
  const results = await on(`---\ncluster: {version: v1.20.0}\n---\n${PAGE}`);
  expect(new Set(results.map(({ skipped }) => skipped))).toEqual(new Set(['needs a cluster of v1.20.0']));
});

test('shapes forget names that are made up, ages, addresses and widths, and nothing else', () => {
  const recorded =
    'NAME                   READY   AGE   IP           NODE\nweb-6d4c8f7b9c-2xk8p   1/1     12s   10.244.1.7   worker-1';
  const actual =
    'NAME                 READY  AGE  IP          NODE\nweb-7c5d9bb58-zzw4k  1/1    3m4s 192.168.0.9 kind-worker2';
  expect(shape(recorded, ['worker-1'])).toBe(shape(actual, ['kind-worker2']));
  expect(shape('deployment.apps/web scaled')).not.toBe(shape('deployment.apps/api scaled'));
  expect(shape('replicas: 3')).not.toBe(shape('replicas: 4'));
  expect(shape('web 1/1')).not.toBe(shape('web 0/1'));
});
