// Our own kubectl port-forward and proxy, on the reader's simulated machine.

import { beforeAll, expect, test } from 'vitest';
import { start } from '../../src/cli/host.ts';
import type { Runner } from '../../src/sandbox/runner.ts';

let runner: Runner;

async function run(script: string): Promise<string> {
  let text = '';
  await runner.run(script, { onOutput: (_stream, part) => (text += part) });
  return text;
}

beforeAll(async () => {
  runner = await start({ unsandboxed: true });
  await run('kubectl create deployment web --image=nginx:1.27 --port=80 && kubectl rollout status deployment/web');
  await run('kubectl expose deployment web --port=8080 --target-port=80 && sleep 1');
});

test('port-forward carries connections into the Pod until it is stopped', async () => {
  const text = await run(`kubectl port-forward service/web 9000:8080 > forward.log &
sleep 1
curl -s http://127.0.0.1:9000/ | grep title
kill %1
sleep 1
curl -s http://127.0.0.1:9000/ || echo closed
cat forward.log`);
  expect(text).toContain('<title>Welcome to nginx!</title>');
  expect(text).toContain('closed\n');
  expect(text).toContain(
    'Forwarding from 127.0.0.1:9000 -> 80\nForwarding from [::1]:9000 -> 80\nHandling connection for 9000\n',
  );
});

test('port-forward ends when the Pod refuses a connection', async () => {
  const text = await run(`kubectl port-forward deployment/web 9001:81 &
sleep 1
curl -s http://127.0.0.1:9001/
wait`);
  expect(text).toContain('127.0.0.1:81: connect: connection refused');
  expect(text).toContain('error: lost connection to pod\n');
});

test.each([
  ['deployment/web 1:nope', /does not have a named port 'nope'/],
  ['service/web 1:81', /Service web does not have a service port 81/],
  ['deployment/web x:80', /error parsing local port 'x'/],
  ['deployment/web 1:2:3', /invalid port format '1:2:3'/],
  ['deployment/web', /TYPE\/NAME and list of ports are required for port-forward/],
])('port-forward refuses %s', async (words, message) => {
  expect(await run(`kubectl port-forward ${words}`)).toMatch(message);
});

test('proxy serves the API with the credentials of kubectl, but not exec', async () => {
  const text = await run(`kubectl proxy --port=8002 &
sleep 1
curl -s http://127.0.0.1:8002/api/v1/namespaces/default | jq -r .metadata.name
curl -s http://127.0.0.1:8002/api/v1/namespaces/default/services/web:8080/proxy/ | grep title
curl -s http://127.0.0.1:8002/api/v1/namespaces/default/pods/x/exec
curl -s http://127.0.0.1:8002/nothing
kill %1`);
  expect(text).toContain('Starting to serve on 127.0.0.1:8002\n');
  expect(text).toContain('default\n<title>Welcome to nginx!</title>\nForbidden\n404 page not found\n');
});

test('proxy serves files of a directory beside the API', async () => {
  const text = await run(`mkdir -p www/sub; echo hello > www/a.txt; echo '<b>home</b>' > www/sub/index.html
kubectl proxy --port=8003 --www=www --www-prefix=/files &
sleep 1
curl -s http://127.0.0.1:8003/files/a.txt
curl -s http://127.0.0.1:8003/files/sub/
curl -s http://127.0.0.1:8003/files/
curl -s http://127.0.0.1:8003/files/../nope
curl -s http://127.0.0.1:8003/api/v1/namespaces/default | jq -r .kind
kill %1`);
  expect(text).toContain('hello\n<b>home</b>\n');
  expect(text).toContain('<a href="a.txt">a.txt</a>\n<a href="sub/">sub/</a>\n');
  expect(text).toContain('404 page not found\n');
  expect(text).toContain('Namespace\n');
});

test('proxy refuses what machines here do not have', async () => {
  expect(await run('kubectl proxy --unix-socket=/tmp/k')).toContain('--unix-socket is not possible here');
  expect(await run('kubectl proxy --keepalive=5s')).toContain('--keepalive is not possible here');
});
