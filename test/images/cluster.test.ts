// Images on a cluster: programs that read the API from their Pods, commands relative to a working directory.

import { expect, it } from 'vitest';
import { start } from '../../src/cli/host.ts';

/** Runs lines on a fresh cluster; what the last one printed. */
async function onCluster(files: Record<string, string>, ...lines: string[]): Promise<string> {
  const runner = await start({ unsandboxed: true });
  for (const name in files) runner.writeFile(name, files[name]);
  let text = '';
  for (const line of lines) {
    text = '';
    await runner.run(line, { onOutput: (_, part) => (text += part) });
  }
  return text;
}

const POD = `apiVersion: v1
kind: Pod
metadata: {name: ksm}
spec:
  containers:
  - {name: ksm, image: registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.17.0}
`;

it('kube-state-metrics shows what its service account may read, and says in its log what it may not', async () => {
  const text = await onCluster(
    { 'ksm.yaml': POD },
    'kubectl create clusterrolebinding view --clusterrole=view --serviceaccount=default:default',
    'kubectl create deployment web --image=nginx --replicas=2',
    'kubectl apply -f ksm.yaml',
    'kubectl run client --image=curlimages/curl --command -- sleep 1000',
    'kubectl wait --for=condition=Ready pod --all',
    "kubectl exec client -- curl -s $(kubectl get pod ksm -o jsonpath='{.status.podIP}'):8080/metrics; kubectl logs ksm",
  );
  expect(text).toContain('kube_deployment_status_replicas_available{namespace="default",deployment="web"} 2\n');
  expect(text).toContain(
    'nodes is forbidden: User "system:serviceaccount:default:default" cannot list resource "nodes"',
  );
});

it('the cluster-proportional-autoscaler scales with the nodes', async () => {
  const text = await onCluster(
    {},
    'kubectl create deployment web --image=nginx',
    'kubectl create clusterrolebinding admin --clusterrole=cluster-admin --serviceaccount=default:default',
    `kubectl run cpa --image=registry.k8s.io/cpa/cluster-proportional-autoscaler:1.8.4 --command -- /cluster-proportional-autoscaler --namespace=default --configmap=web --target=Deployment/web '--default-params={"linear":{"nodesPerReplica":1,"includeUnschedulableNodes":true}}'`,
    'sleep 30',
    'kubectl get deployment web -o jsonpath={.spec.replicas}; kubectl get nodes --no-headers | wc -l',
  );
  const [replicas, nodes] = [text[0], text.slice(1).trim()];
  expect(replicas).toBe(nodes);
});

it('the image’s relative command runs in its working directory', async () => {
  const text = await onCluster(
    {},
    'kubectl run podinfo --image=ghcr.io/stefanprodan/podinfo:6.9.4 --command -- ./podinfo --port=8080',
    'kubectl wait --for=condition=Ready pod/podinfo',
    'kubectl exec podinfo -- curl -s localhost:8080/version',
  );
  expect(JSON.parse(text)).toMatchObject({ version: '6.9.4' });
});
