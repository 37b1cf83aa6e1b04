// Manifests and files by URL, over the simulated network: kubectl -f URL, and curl with several URLs.

import { beforeAll, expect, test } from 'vitest';
import { startTerminal } from '../sim-command/terminal.ts';

let run: (script: string) => string;

beforeAll(() => {
  ({ run } = startTerminal());
  run(`kubectl create configmap page --from-literal=one.txt=one --from-literal=two.txt=two \
    --from-literal=a.yaml='{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"fetched"}}'
kubectl apply -f - <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  containers: [{name: web, image: nginx, volumeMounts: [{name: page, mountPath: /usr/share/nginx/html}]}]
  volumes: [{name: page, configMap: {name: page}}]
Y
kubectl wait --for=condition=Ready pod/web
kubectl create service nodeport web --tcp=80 --node-port=30080`);
});

test('kubectl reads a manifest from a web server', () => {
  expect(run('kubectl apply -f http://10.0.0.11:30080/a.yaml')).toBe('configmap/fetched created\n');
  expect(run('kubectl delete -f http://10.0.0.11:30080/a.yaml')).toContain('configmap "fetched" deleted');
});

test.each([
  [
    'http://10.0.0.11:30080/nope.yaml',
    'error: unable to read URL "http://10.0.0.11:30080/nope.yaml", server reported 404 Not Found, status code=404\n',
  ],
  [
    'http://10.0.0.11:81/a.yaml',
    'The connection to the server 10.0.0.11:81 was refused - did you specify the right host or port?\n',
  ],
  [
    'http://nope.invalid/a.yaml',
    'Unable to connect to the server: dial tcp: lookup nope.invalid on 10.0.0.2:53: no such host\n',
  ],
  [
    'https://10.0.0.11:30080/a.yaml',
    'Unable to connect to the server: http: server gave HTTP response to HTTPS client\n',
  ],
])('kubectl says why it cannot read %s', (url, message) => {
  expect(run(`kubectl apply -f ${url}`)).toBe(message);
});

test('the API answers in the order of its types', () => {
  const raw = run('kubectl get --raw /api/v1/namespaces/default/pods/web');
  expect(raw).toMatch(/^\{"kind":"Pod","apiVersion":"v1","metadata":\{"name":"web","namespace":"default","uid":/);
  expect(raw.indexOf('"spec":')).toBeLessThan(raw.indexOf('"status":'));
  expect(run('kubectl get --raw /api/v1/namespaces/default/pods')).toMatch(/"items":\[\{"metadata":\{"name":"web"/);
});

test('curl fetches several URLs over one connection', () => {
  const text = run('curl -sv http://10.0.0.11:30080/one.txt http://10.0.0.11:30080/two.txt 2>&1');
  expect(text.match(/Connected to/g)).toHaveLength(1);
  expect(text).toContain('* Re-using existing http: connection with host 10.0.0.11');
});

test('patterns in a URL stand for several', () => {
  expect(run('curl -s "http://10.0.0.11:30080/{one,two}.txt"')).toBe('onetwo');
  expect(run('curl -s "http://10.0.0.11:30080/{one,two}.txt" -o "/tmp/#1"; cat /tmp/two /tmp/one')).toBe('twoone');
  expect(run(`curl -s -o /dev/null -w '%{url}\\n' "http://10.0.0.11:30080/[08-10]"`)).toBe(
    'http://10.0.0.11:30080/08\nhttp://10.0.0.11:30080/09\nhttp://10.0.0.11:30080/10\n',
  );
  expect(run('curl "http://10.0.0.11:30080/[5-1]"; echo $?')).toContain('curl: (3) bad range in URL position 25:\n');
  expect(run('curl -sg "http://10.0.0.11:30080/{one,two}.txt"')).toContain('404 Not Found');
});

test('text that sed puts in has escapes', () => {
  expect(run(String.raw`printf 'x\n' | sed 'a text\nmore\tand\x41\q'`)).toBe('x\ntext\nmore\tandAq\n');
});
