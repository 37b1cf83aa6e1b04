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

it('programs of the probes page end, listen and serve as they do in the documentation', async () => {
  const pod = (name: string, image: string, probe: object, command?: string[]) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { containers: [{ name, image, command, livenessProbe: { periodSeconds: 3, ...probe } }] },
  });
  const etcd = ['etcd', '--listen-client-urls=http://0.0.0.0:2379', '--log-level', 'debug'];
  const agnhost = 'registry.k8s.io/e2e-test-images/agnhost:2.40';
  const items = [
    pod('live', agnhost, { httpGet: { path: '/healthz', port: 8080 } }, ['/agnhost', 'liveness']),
    pod('proxy', 'registry.k8s.io/goproxy:0.1', { tcpSocket: { port: 8080 } }),
    pod('etcd', 'registry.k8s.io/etcd:3.5.1-0', { grpc: { port: 2379 } }, etcd),
  ];
  const text = await onCluster(
    { 'pods.json': JSON.stringify({ apiVersion: 'v1', kind: 'List', items }) },
    'kubectl apply -f pods.json; sleep 30',
    'kubectl get pods -o jsonpath=\'{range .items[*]}{.metadata.name} {.status.containerStatuses[0].restartCount} {.status.containerStatuses[0].lastState.terminated.exitCode}{"\\n"}{end}\'',
  );
  expect(text).toBe('etcd 0 \nlive 1 2\nproxy 0 \n');
});

it('nginx has other workers after it has read its configuration again', async () => {
  const text = await onCluster(
    {},
    'kubectl run web --image=nginx; kubectl wait --for=condition=Ready pod/web; kubectl exec web -- nginx -s reload; sleep 1',
    'kubectl logs web --tail=4; kubectl delete pod web',
  );
  expect(text).toMatch(/start worker process 3[3-9]\n/);
});

it('nginx serves HTTPS with the certificate of a Secret', async () => {
  const volumes = [
    { name: 'cert', secret: { secretName: 'cert' } },
    { name: 'conf', configMap: { name: 'conf' } },
  ];
  const mount = { name: 'cert', mountPath: '/etc/nginx/ssl' };
  const containers = [
    { name: 'web', image: 'nginx', volumeMounts: [mount, { name: 'conf', mountPath: '/etc/nginx/conf.d' }] },
    { name: 'client', image: 'curlimages/curl', command: ['sleep', '1d'], volumeMounts: [mount] },
  ];
  const metadata = { name: 'web', labels: { app: 'web' } };
  const curl = 'kubectl exec web -c client -- curl -s';
  const text = await onCluster(
    {
      'web.yaml': JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata, spec: { volumes, containers } }),
      'site.conf':
        'server { listen 443 ssl; ssl_certificate ssl/tls.crt; ssl_certificate_key ssl/tls.key; location / { return 200 "$scheme\\n"; } }\n',
    },
    'openssl req -x509 -nodes -newkey rsa:2048 -keyout key -out crt -subj /CN=web',
    'kubectl create secret tls cert --key key --cert crt; kubectl create configmap conf --from-file=site.conf',
    'kubectl apply -f web.yaml; kubectl expose pod web --port 443; kubectl wait --for=condition=Ready pod/web; sleep 2',
    `${curl} --cacert /etc/nginx/ssl/tls.crt https://web; ${curl} -S https://web; ${curl} http://web:443`,
  );
  expect(text).toMatch(/^https\n/);
  expect(text).toContain('SSL certificate problem: self-signed certificate');
  expect(text).toContain('The plain HTTP request was sent to HTTPS port');
});

it('a database of documents says whether it is there, in its own words to who comes by HTTP', async () => {
  const text = await onCluster(
    {},
    'kubectl run db --image=mongo:7; kubectl wait --for=condition=Ready pod/db; sleep 5',
    `kubectl exec db -- mongosh --quiet --eval 'db.adminCommand("ping").ok'; kubectl run c --rm -i -q --restart=Never --image=curlimages/curl -- curl -s $(kubectl get pod db -o jsonpath={.status.podIP}):27017`,
  );
  expect(text).toMatch(/^1\nIt looks like you are trying to access MongoDB over HTTP/);
});

const SCHEDULER = `apiVersion: v1
kind: ConfigMap
metadata: {name: config, namespace: kube-system}
data:
  config.yaml: |
    apiVersion: kubescheduler.config.k8s.io/v1
    kind: KubeSchedulerConfiguration
    profiles: [{schedulerName: my-scheduler}]
    leaderElection: {leaderElect: false}
---
apiVersion: v1
kind: Pod
metadata: {name: my-scheduler, namespace: kube-system}
spec:
  containers:
  - name: second
    image: registry.k8s.io/kube-scheduler:v1.35.0
    command: [/usr/local/bin/kube-scheduler, --config=/etc/my/config.yaml]
    readinessProbe: {httpGet: {path: /healthz, port: 10259, scheme: HTTPS}}
    volumeMounts: [{name: config, mountPath: /etc/my}]
  volumes: [{name: config, configMap: {name: config}}]
`;

it('a second scheduler is ready when its health is asked at its Pod, and binds the Pods that name it', async () => {
  const text = await onCluster(
    { 'scheduler.yaml': SCHEDULER },
    'kubectl create clusterrolebinding s --clusterrole=system:kube-scheduler --serviceaccount=kube-system:default',
    'kubectl apply -f scheduler.yaml; sleep 10; kubectl logs -n kube-system my-scheduler > refused.log',
    'kubectl create clusterrolebinding v --clusterrole=system:volume-scheduler --serviceaccount=kube-system:default',
    'kubectl wait -n kube-system --for=condition=Ready pod/my-scheduler --timeout=30s; sleep 30',
    `kubectl run p --image=nginx --overrides='{"spec":{"schedulerName":"my-scheduler"}}'`,
    'sleep 5; cat refused.log; kubectl get pod p; kubectl get events -o jsonpath=\'{.items[?(@.reason=="Scheduled")].source.component}{.items[?(@.reason=="Scheduled")].reportingComponent}\'',
  );
  expect(text).toContain(
    '"Failed to watch" err="failed to list *v1.StorageClass: storageclasses.storage.k8s.io is forbidden',
  );
  expect(text).toMatch(/^p +1\/1 +Running/m);
  expect(text).toContain('my-scheduler');
});

it('what may not read the API says so and goes on trying, or ends; nothing else suffers', async () => {
  const text = await onCluster(
    {},
    'kubectl delete clusterrolebinding system:coredns system:metrics-server',
    'kubectl delete pods -n kube-system -l k8s-app --wait=false; kubectl run c --image=busybox --command -- sleep 1000; sleep 40',
    'kubectl get pods -n kube-system > before; kubectl logs -n kube-system deploy/coredns > log; kubectl exec c -- nslookup kubernetes.default.svc.cluster.local > lookup 2>&1',
    'kubectl create clusterrolebinding system:coredns --clusterrole=system:coredns --serviceaccount=kube-system:coredns; sleep 40',
    'cat before log lookup; kubectl exec c -- nslookup kubernetes.default.svc.cluster.local; kubectl get pods -n kube-system -l k8s-app=kube-dns',
  );
  expect(text).toMatch(/^coredns\S+ +0\/1 +Running/m);
  expect(text).toMatch(/^metrics-server\S+ +0\/1 +(Error|CrashLoopBackOff)/m);
  expect(text).toContain('failed to list *v1.Service: services is forbidden');
  expect(text).toContain('Plugins not ready: "kubernetes"');
  expect(text).toMatch(/Address: 10\.96\.0\.1\n[\s\S]*coredns\S+ +1\/1 +Running/);
});

const SCRIPTS = `apiVersion: v1
kind: ConfigMap
metadata: {name: scripts}
data:
  run.sh: |
    #!/bin/sh
    ADDRESS="10.0.0.1"
    echo "$ADDRESS $@"
---
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  restartPolicy: Never
  nodeName: worker-1
  initContainers:
  - {name: sysctl, image: 'alpine:3.20', command: [/sbin/sysctl, -w, vm.max_map_count=262144], securityContext: {privileged: true}}
  - {name: script, image: busybox, command: [/conf/run.sh, a, b c], volumeMounts: [{name: s, mountPath: /conf}]}
  containers:
  - {name: c, image: busybox, command: [sh, -c, cat /proc/sys/vm/max_map_count; sysctl -w vm.max_map_count=1]}
  volumes:
  - {name: s, configMap: {name: scripts, defaultMode: 0755}}
`;

it('a script is run by the interpreter of its first line alone; a setting of the kernel holds for the machine', async () => {
  const text = await onCluster(
    { 'p.yaml': SCRIPTS },
    'kubectl apply -f p.yaml',
    'kubectl wait --for=jsonpath={.status.phase}=Failed pod/p --timeout=60s',
    'kubectl logs p --all-containers',
  );
  expect(text).toBe(
    "vm.max_map_count = 262144\n10.0.0.1 a b c\n262144\nsysctl: error setting key 'vm.max_map_count': Read-only file system\n",
  );
});

it('the services of Bookinfo ask each other', async () => {
  const service = (name: string) => `kubectl expose deployment ${name} --port=9080`;
  const image = (name: string, version: string) => `--image=istio/examples-bookinfo-${name}-${version}:1.20.1`;
  const text = await onCluster(
    {},
    `kubectl create deployment ratings ${image('ratings', 'v1')} && ${service('ratings')}`,
    `kubectl create deployment reviews ${image('reviews', 'v3')} && ${service('reviews')}`,
    `kubectl create deployment productpage ${image('productpage', 'v1')} && ${service('productpage')}`,
    'kubectl wait --for=condition=Available deploy --all; sleep 10',
    'kubectl exec deploy/ratings -- wget -qO- http://productpage:9080/productpage',
  );
  expect(text).toContain('<title>Simple Bookstore App</title>');
  expect(text).toContain('<font color="red">★★★★☆</font>');
  expect(text).toContain('Sorry, product details are currently unavailable for this book.');
});
