// The server itself, with requests that no well-behaved client sends: bad bodies, many writers, slow and vanishing readers,
// a clock that stands still.

import { request, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { eventually, serve, type Served } from './served.ts';

let cluster: Served;

interface Reply {
  status: number;
  body: { message?: string; reason?: string; [key: string]: unknown };
}

async function ask(
  method: string,
  path: string,
  body?: string | Uint8Array,
  type = 'application/json',
): Promise<Reply> {
  const options = { method, body: body as BodyInit, headers: { 'content-type': type } };
  const response = await fetch(cluster.address.url + path, options);
  return { status: response.status, body: (await response.json()) as Reply['body'] };
}

const MAPS = '/api/v1/namespaces/default/configmaps';
const map = (name: string, data: Record<string, string> = {}, metadata: object = {}) =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata }, data });

beforeAll(async () => void (cluster = await serve({ plain: true, speed: 0, birth: '2026-06-01T12:00:00Z' })));
afterAll(() => cluster.close());

test('people get indented JSON, programs get lines, and `pretty` decides over both', async () => {
  const text = async (agent: string, query = '') => {
    const headers = { 'user-agent': agent };
    return (await fetch(`${cluster.address.url}/api/v1/namespaces/default${query}`, { headers })).text();
  };
  const indented = /^\{\n {2}"kind": "Namespace",|^\{\n {2}"apiVersion": "v1",/;
  expect(await text('curl/8.5.0')).toMatch(indented);
  expect(await text('Mozilla/5.0 (X11)')).toMatch(indented);
  expect(await text('kubectl/v1.35.2', '?pretty=true')).toMatch(indented);
  expect((await text('curl/8.5.0', '?pretty=false')).trimEnd()).not.toContain('\n');
  expect((await text('kubectl/v1.35.2')).trimEnd()).not.toContain('\n');
});

test('a frozen clock stands still until it is moved', async () => {
  await ask('POST', MAPS, map('first'));
  const { body } = await ask('GET', `${MAPS}/first`);
  expect(body.metadata).toMatchObject({ creationTimestamp: '2026-06-01T12:00:00Z' });
  expect(await ask('POST', '/kubebook/advance?seconds=300')).toEqual({
    status: 200,
    body: { now: '2026-06-01T12:05:00.000Z' },
  });
  await ask('POST', MAPS, map('second'));
  const later = await ask('GET', `${MAPS}/second`);
  expect(later.body.metadata).toMatchObject({ creationTimestamp: '2026-06-01T12:05:00Z' });
  expect((await ask('POST', '/kubebook/advance?seconds=-1')).status).toBe(400);
});

test('bodies that cannot be read are refused in the words of the API', async () => {
  const magic = Buffer.from('k8s\0');
  const protobuf = 'application/vnd.kubernetes.protobuf';
  expect(await ask('POST', MAPS, '{"kind":')).toMatchObject({ status: 400, body: { reason: 'BadRequest' } });
  expect(await ask('POST', MAPS, Buffer.from('nothing of the kind'), protobuf)).toMatchObject({
    status: 400,
    body: { message: expect.stringContaining('does not appear to be a protobuf message') as string },
  });
  expect(
    (await ask('POST', MAPS, Buffer.concat([magic, Buffer.from([0x12, 0xff, 0xff, 0xff])]), protobuf)).status,
  ).toBe(400);
  expect((await ask('POST', MAPS, 'a: b', 'application/cbor')).status).toBe(415);
  // JSON takes bytes that are no UTF-8 for the replacement character, as Go's reader does.
  const [before, after] = map('bytes', { text: 'a?b' }).split('?');
  const bytes = Buffer.concat([Buffer.from(before), Buffer.from([0xff]), Buffer.from(after)]);
  expect((await ask('POST', MAPS, bytes)).body.data).toEqual({ text: 'a\ufffdb' });
  const large = await ask('POST', MAPS, map('large', { text: 'x'.repeat(4_000_000) }));
  expect(large).toMatchObject({ status: 413, body: { reason: 'RequestEntityTooLarge' } });
});

test('of a thousand writes to one version one succeeds, and of a thousand patches none is lost', async () => {
  await ask('POST', MAPS, map('contested'));
  const { body } = await ask('GET', `${MAPS}/contested`);
  const { resourceVersion } = body.metadata as { resourceVersion: string };
  const thousand = Array.from({ length: 1000 }, (_, i) => String(i));
  const puts = await Promise.all(
    thousand.map((n) => ask('PUT', `${MAPS}/contested`, map('contested', { winner: n }, { resourceVersion }))),
  );
  expect(puts.filter(({ status }) => status === 200).length).toBe(1);
  expect(puts.filter(({ status }) => status === 409).length).toBe(999);
  await Promise.all(
    thousand.map((n) => ask('PATCH', `${MAPS}/contested`, `{"data":{"n${n}":"1"}}`, 'application/merge-patch+json')),
  );
  const after = await ask('GET', `${MAPS}/contested`);
  expect(Object.keys(after.body.data as object).length).toBe(1001);
});

function open(path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(cluster.address.url + path, resolve)
      .on('error', reject)
      .end();
  });
}

test('watchers that vanish leave nothing behind', async () => {
  const watchers = await Promise.all(Array.from({ length: 50 }, () => open(`${MAPS}?watch=true`)));
  await eventually('all are connected', () => cluster.address.live.open === 50);
  for (const watcher of watchers) {
    watcher.on('error', () => {});
    watcher.destroy();
  }
  await eventually('all are forgotten', () => cluster.address.live.open === 0);
});

test('a watcher that does not read is cut off, and the others are not', async () => {
  const slow = await open(`${MAPS}?watch=true`);
  slow.pause();
  let cut = false;
  slow.on('error', () => {}).on('close', () => (cut = true));
  const quick = await open(`${MAPS}?watch=true&labelSelector=big=yes`);
  let seen = 0;
  quick.on('data', (part: Buffer) => (seen += part.toString().split('\n').length - 1));
  await ask('POST', MAPS, map('big', {}, { labels: { big: 'yes' } }));
  for (let i = 0; i < 40 && cluster.address.live.open === 2; i++) {
    await ask(
      'PUT',
      `${MAPS}/big`,
      map('big', { text: String(i).repeat(500_000).slice(0, 900_000) }, { labels: { big: 'yes' } }),
    );
  }
  await eventually('the slow one is gone', () => cluster.address.live.open === 1);
  slow.resume();
  await eventually('it has noticed', () => cut);
  expect(seen).toBeGreaterThan(5);
  quick.destroy();
});

test('a client that vanishes during exec takes its process along', async () => {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'c', image: 'busybox', command: ['sleep', '1000000'] }] },
  };
  await ask('POST', '/api/v1/namespaces/default/pods', JSON.stringify(pod));
  await ask('POST', '/kubebook/advance?seconds=30');
  const url = `${cluster.address.url.replace('http', 'ws')}/api/v1/namespaces/default/pods/p/exec?stdout=1&command=`;
  const sleeping = new WebSocket(`${url}sleep&command=7777`, 'v5.channel.k8s.io');
  await new Promise((resolve) => sleeping.on('message', resolve));
  const processes = async (): Promise<string> => {
    const socket = new WebSocket(`${url}ps`, 'v5.channel.k8s.io');
    let text = '';
    socket.on('message', (data: Buffer) => (text += data.subarray(1).toString()));
    await new Promise((resolve) => socket.on('close', resolve));
    return text;
  };
  expect(await processes()).toContain('7777');
  sleeping.terminate();
  await eventually('the process has ended', async () => !(await processes()).includes('7777'));
});

test('an upgrade to an unknown protocol, or of a missing Pod, is refused in HTTP', async () => {
  const refused = (path: string, protocol: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(cluster.address.url.replace('http', 'ws') + path, protocol);
      socket.on('unexpected-response', (_request, response: IncomingMessage) => resolve(response.statusCode ?? 0));
      socket.on('open', () => reject(new Error('accepted')));
      socket.on('error', () => {});
    });
  const exec = '/api/v1/namespaces/default/pods/p/exec?command=ls&stdout=1';
  expect(await refused(exec, 'v9.channel.k8s.io')).toBe(403);
  expect(await refused(exec.replace('/p/', '/missing/'), 'v5.channel.k8s.io')).toBe(404);
});

test('whoever shows a wrong token is not let in', async () => {
  const response = await fetch(`${cluster.address.url}/api/v1/nodes`, { headers: { authorization: 'Bearer wrong' } });
  expect(response.status).toBe(401);
});
