// The real kubectl: what only the protocol shows (streams, protobuf, OpenAPI, identities, waiting).

import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serverCertificate } from '../../src/cli/http/tls.ts';
import { eventually, serve, type Served } from './served.ts';

let cluster: Served;
const kubectl = (line: string, input?: string) => cluster.kubectl(line, input);

beforeAll(async () => {
  cluster = await serve();
  await kubectl('create deployment web --image=nginx:1.27 --port=80');
  await kubectl('wait --for=condition=Available deployment/web --timeout=60s');
});
afterAll(() => cluster.close());

test('objects that arrive as protobuf are the ones that were meant', async () => {
  await kubectl('create namespace encoded');
  const own = (line: string) => kubectl(`${line} -n encoded`);
  await own('create configmap page --from-literal=title=Home --from-literal=empty=');
  await own('create job once --image=busybox');
  await own('create cronjob nightly --image=busybox --schedule=@daily --restart=OnFailure');
  await own('create ingress shop --class=nginx --rule=example.com/*=web:http,tls=secret');
  await own('create role reader --verb=get,list --resource=pods,deployments.apps');
  await own('create quota small --hard=pods=9,requests.cpu=1500m');
  await own('create poddisruptionbudget web --selector=app=web --min-available=50%');
  await own('create priorityclass high --value=1000 --preemption-policy=Never');
  expect(await own('get configmap page -o jsonpath={.data}')).toBe('{"empty":"","title":"Home"}');
  expect(await own('get job once -o jsonpath={.spec.template.spec.containers[0].image}')).toBe('busybox');
  expect(await own('get cronjob nightly -o jsonpath={.spec.schedule},{.spec.suspend}')).toBe('@daily,false');
  expect(await own('get ingress shop -o jsonpath={.spec.rules[0].http.paths[0]}')).toBe(
    '{"backend":{"service":{"name":"web","port":{"name":"http"}}},"path":"/","pathType":"Prefix"}',
  );
  expect(await own('get role reader -o jsonpath={.rules}')).toBe(
    '[{"apiGroups":[""],"resources":["pods"],"verbs":["get","list"]},{"apiGroups":["apps"],"resources":["deployments"],"verbs":["get","list"]}]',
  );
  expect(await own('get quota small -o jsonpath={.spec.hard}')).toBe('{"pods":"9","requests.cpu":"1500m"}');
  expect(await own('get pdb web -o jsonpath={.spec.minAvailable}')).toBe('50%');
  expect(await own('get priorityclass high -o jsonpath={.value},{.preemptionPolicy}')).toBe('1000,Never');
});

test.each([
  ['over WebSockets', {}],
  ['over SPDY', { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false' }],
])('exec %s carries stdin, stdout, stderr and the exit status', async (_how, env) => {
  const script = 'read line; echo "got $line"; echo wrong >&2; exit 3';
  const args = ['exec', '-i', 'deployment/web', '--', 'sh', '-c', script];
  const { stdout, stderr, exitCode } = await cluster.run('kubectl', args, { input: 'one\ntwo\n', env });
  expect(stdout).toBe('got one\n');
  expect(stderr).toBe('wrong\ncommand terminated with exit code 3\n');
  expect(exitCode).toBe(3);
});

test('exec carries large input and output whole', async () => {
  const input = 'a line of text, with ü and €\n'.repeat(8000);
  expect(await kubectl('exec -i deployment/web -- cat', input)).toBe(input);
});

test('exec says why a command cannot start', async () => {
  await expect(kubectl('exec deployment/web -- no-such-program')).rejects.toThrow(
    /OCI runtime exec failed: .* exec: "no-such-program": executable file not found in \$PATH/,
  );
  await expect(kubectl('exec deployment/web -c other -- ls')).rejects.toThrow(
    'container other is not valid for pod web-',
  );
});

test('run -i attaches to a container, and logs are the same text', async () => {
  const { stdout } = await cluster.run(
    'kubectl',
    ['run', 'echo', '-i', '--image=busybox', '--restart=Never', '--', 'cat'],
    {
      input: 'hello\n',
    },
  );
  expect(stdout).toContain('hello\n');
  expect(await kubectl('logs echo')).toBe('hello\n');
});

test.each([
  ['inside a WebSocket', {}],
  ['over SPDY', { KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' }],
])('port-forward %s leads into the Pod', async (_how, env) => {
  const child = await cluster.start('kubectl', ['port-forward', 'deployment/web', ':80'], env);
  let text = '';
  child.stdout?.on('data', (part: Buffer) => (text += part.toString()));
  await eventually('the port is open', () => /127.0.0.1:(\d+) ->/.test(text));
  const port = Number(/127.0.0.1:(\d+) ->/.exec(text)?.[1]);
  const pages = await Promise.all([1, 2, 3].map(() => fetch(`http://127.0.0.1:${port}/`).then((r) => r.text())));
  for (const page of pages) expect(page).toContain('Welcome to nginx!');
  child.kill();
  await new Promise((resolve) => child.on('close', resolve));
  await eventually('nothing is left of it', () => cluster.address.live.open === 0);
});

test('port-forward to a port where nobody listens says so', async () => {
  const child = await cluster.start('kubectl', ['port-forward', 'deployment/web', ':81']);
  let text = '';
  child.stdout?.on('data', (part: Buffer) => (text += part.toString()));
  child.stderr?.on('data', (part: Buffer) => (text += part.toString()));
  await eventually('the port is open', () => /127.0.0.1:(\d+) ->/.test(text));
  connect(Number(/127.0.0.1:(\d+) ->/.exec(text)?.[1]), '127.0.0.1').on('error', () => {});
  await eventually('kubectl has heard of it', () => text.includes('127.0.0.1:81: connect: connection refused'));
  child.kill();
});

test('logs follow, and a watch shows what happens', async () => {
  await cluster.run('kubectl', ['run', 'clock', '--image=busybox', '--', 'sh', '-c', 'date; sleep 3600']);
  await kubectl('wait --for=condition=Ready pod/clock --timeout=60s');
  expect(await kubectl('logs clock --tail=1 --timestamps')).toMatch(/^\d{4}-\d\d-\d\dT\S+Z /);
  const watching = await cluster.start('kubectl', ['get', 'pods', '-w', '-o', 'name']);
  let seen = '';
  watching.stdout?.on('data', (part: Buffer) => (seen += part.toString()));
  await eventually('the watch has begun', () => seen.includes('pod/clock'));
  await kubectl('delete pod clock --now');
  await eventually('the watch saw the deletion', () => seen.split('pod/clock').length > 2);
  watching.kill();
});

test('the API server leads to Pods and Services by proxy', async () => {
  await kubectl('expose deployment web --port=8080 --target-port=80');
  await eventually(
    'the endpoints are there',
    async () =>
      (await kubectl(
        'get endpointslices -l kubernetes.io/service-name=web -o jsonpath={.items[0].endpoints[0].addresses}',
      )) !== '',
  );
  expect(await kubectl('get --raw /api/v1/namespaces/default/services/web:8080/proxy/')).toContain('Welcome to nginx!');
  await expect(kubectl('get --raw /api/v1/namespaces/default/services/web:1/proxy/')).rejects.toThrow(
    'no service port 1 found for service "web"',
  );
  const pod = (await kubectl('get pods -l app=web -o name')).trim().slice('pod/'.length);
  await expect(kubectl(`get --raw /api/v1/namespaces/default/pods/${pod}:81/proxy/`)).rejects.toThrow(
    /error trying to reach service: dial tcp [\d.]+:81: connect: connection refused/,
  );
});

test('kubectl proxy serves the API', async () => {
  const child = await cluster.start('kubectl', ['proxy', '--port=0']);
  let text = '';
  child.stdout?.on('data', (part: Buffer) => (text += part.toString()));
  await eventually('it serves', () => /127.0.0.1:\d+/.test(text));
  const base = `http://${/127.0.0.1:\d+/.exec(text)?.[0]}`;
  const list = (await (await fetch(`${base}/api/v1/namespaces`)).json()) as { kind: string };
  expect(list.kind).toBe('NamespaceList');
  child.kill();
});

const MANIFEST = `apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  replicas: 2
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: api, image: "nginx:1.27"}]}
`;

test('apply, diff and explain work from the OpenAPI documents', async () => {
  const file = cluster.file('api.yaml', MANIFEST);
  expect(await kubectl(`apply -f ${file}`)).toBe('deployment.apps/api created\n');
  await kubectl('scale deployment api --replicas=5');
  const { stdout, exitCode } = await cluster.run('kubectl', ['diff', '-f', file]);
  expect(stdout).toContain('-  replicas: 5\n+  replicas: 2\n');
  expect(exitCode).toBe(1);
  expect(await kubectl(`apply -f ${file}`)).toBe('deployment.apps/api configured\n');
  const applied = await cluster.run('kubectl', ['apply', '-f', file, '--server-side', '--force-conflicts']);
  // What client-side apply owned is kubectl's by server-side apply from now on.
  expect(applied).toEqual({ stdout: 'deployment.apps/api serverside-applied\n', stderr: '', exitCode: 0 });
  expect(
    await kubectl('get deployment api --show-managed-fields -o jsonpath={.metadata.managedFields[0].operation}'),
  ).toBe('Apply');
  const misspelt = cluster.file('misspelt.yaml', MANIFEST.replace('replicas:', 'replica:'));
  await expect(kubectl(`apply -f ${misspelt}`)).rejects.toThrow('strict decoding error: unknown field "spec.replica"');
  expect(await kubectl('explain deployment.spec.strategy.rollingUpdate')).toContain('maxSurge\t<IntOrString>');
  expect(await kubectl('explain pod.spec.containers.resources')).toContain('limits\t<map[string]Quantity>');
});

test('the administrator is known by his token, and others by whom he acts for', async () => {
  expect(await kubectl('auth whoami -o jsonpath={.status.userInfo.username}')).toBe('kubernetes-admin');
  expect(await kubectl('auth whoami --as=jane --as-group=dev -o jsonpath={.status.userInfo.groups}')).toContain('dev');
  expect(await kubectl('auth can-i delete nodes')).toBe('yes\n');
});

test('a drained node keeps no Pods but those of DaemonSets', async () => {
  await kubectl('create deployment spread --image=nginx:1.27 --replicas=3');
  await kubectl('wait --for=condition=Available deployment/spread --timeout=60s');
  await kubectl('drain worker-1 --ignore-daemonsets --delete-emptydir-data --force --timeout=60s');
  expect(
    await kubectl(
      'get pods -A --field-selector spec.nodeName=worker-1 -o jsonpath={.items[*].metadata.ownerReferences[*].kind}',
    ),
  ).not.toMatch(/ReplicaSet|Job/);
  await kubectl('uncordon worker-1');
});

test('health and metrics tell what the server does', async () => {
  expect(await kubectl('get --raw /livez/ping')).toBe('ok');
  expect(await kubectl('get --raw /readyz?verbose&exclude=etcd')).toMatch(
    /\[\+\]etcd excluded: ok[^]*readyz check passed/,
  );
  const counted = async () =>
    Number(
      /^apiserver_request_total\{code="404",.*resource="secrets",.*verb="GET".* (\d+)$/m.exec(
        await kubectl('get --raw /metrics'),
      )?.[1] ?? 0,
    );
  const before = await counted();
  await expect(kubectl('get secret no-such-one')).rejects.toThrow('secrets "no-such-one" not found');
  expect(await counted()).toBe(before + 1);
});

test('a kubeconfig with a client certificate is somebody, until nobody has signed it', async () => {
  let text = '';
  const raw = 'kubectl config view --raw -o json';
  await cluster.runner.run(raw, { onOutput: (_stream, part) => (text += part) });
  const { user } = JSON.parse(text).users[0] as { user: Record<string, string> };
  const config = (certificate: string, key: string) => ({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: cluster.address.url, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: { 'client-certificate-data': certificate, 'client-key-data': key } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });
  const ours = cluster.file(
    'own.json',
    JSON.stringify(config(user['client-certificate-data'], user['client-key-data'])),
  );
  expect(await kubectl(`auth whoami -o jsonpath={.status.userInfo.groups} --kubeconfig ${ours}`)).toBe(
    '["kubeadm:cluster-admins","system:authenticated"]',
  );
  const foreign = serverCertificate();
  const base64 = (pem: string) => Buffer.from(pem).toString('base64');
  const other = cluster.file('other.json', JSON.stringify(config(base64(foreign.cert), base64(foreign.key))));
  await expect(kubectl(`get nodes --kubeconfig ${other}`)).rejects.toThrow('You must be logged in to the server');
});
