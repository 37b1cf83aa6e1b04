import { expect, test } from 'vitest';
import { BIRTH, CONFIGMAPS, configMap, pod, PODS, serve } from './support.ts';

type Item = { metadata: { name: string } };
const names = (body: { items: Item[] }) => body.items.map((item) => item.metadata.name);

test('lists are in the order of names and can be narrowed by labels and fields', () => {
  const { send } = serve();
  send('POST', CONFIGMAPS, configMap('c', { app: 'web', tier: 'back' }));
  send('POST', CONFIGMAPS, configMap('a', { app: 'web' }));
  send('POST', CONFIGMAPS, configMap('b', { app: 'db' }));
  const list = (query: Record<string, string>) => names(send('GET', CONFIGMAPS, undefined, { query }).body);
  expect(list({})).toEqual(['a', 'b', 'c']);
  expect(list({ labelSelector: 'app=web' })).toEqual(['a', 'c']);
  expect(list({ labelSelector: 'app in (db,web),!tier' })).toEqual(['a', 'b']);
  expect(list({ fieldSelector: 'metadata.name!=a', labelSelector: 'app' })).toEqual(['b', 'c']);
  // Indexes follow changes.
  send('DELETE', `${CONFIGMAPS}/a`);
  send('PUT', `${CONFIGMAPS}/b`, configMap('b', { app: 'web' }));
  expect(list({ labelSelector: 'app=web' })).toEqual(['b', 'c']);
});

test('a selector that cannot be read is a bad request', () => {
  const { send } = serve();
  const message = (query: Record<string, string>) => send('GET', CONFIGMAPS, undefined, { query }).body.message;
  expect(message({ labelSelector: 'a in (' })).toBe(
    "unable to parse requirement: found '', expected: ',', ')' or identifier",
  );
  expect(message({ fieldSelector: 'data.a=b' })).toBe(
    '"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"',
  );
});

test('items of a list read over HTTP leave out their kind, those handed to a component do not', () => {
  const { send, server } = serve();
  send('POST', CONFIGMAPS, configMap('a'));
  expect(send('GET', CONFIGMAPS).body.items[0].kind).toBeUndefined();
  const direct = server.handle({ method: 'GET', path: CONFIGMAPS, user: { name: 'c', groups: [] } }).body as never as {
    items: { kind: string }[];
  };
  expect(direct.items[0].kind).toBe('ConfigMap');
});

test('pages of a list show one state, whatever is written in between', () => {
  const { send } = serve();
  for (const name of ['a', 'b', 'c']) send('POST', CONFIGMAPS, configMap(name));
  const first = send('GET', CONFIGMAPS, undefined, { query: { limit: '2' } }).body;
  expect(names(first)).toEqual(['a', 'b']);
  expect(first.metadata.remainingItemCount).toBe(1);
  send('POST', CONFIGMAPS, configMap('d'));
  const rest = send('GET', CONFIGMAPS, undefined, { query: { limit: '2', continue: first.metadata.continue } }).body;
  expect(names(rest)).toEqual(['c']);
  expect(rest.metadata.continue).toBeUndefined();
});

test('a Table has the columns that kubectl prints', () => {
  const { send } = serve();
  send('POST', PODS, pod('p'));
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
  const { body } = send('GET', PODS, undefined, { headers: { accept } });
  expect(body.kind).toBe('Table');
  expect(body.columnDefinitions.slice(0, 3).map((column: { name: string }) => column.name)).toEqual([
    'Name',
    'Ready',
    'Status',
  ]);
  expect(body.rows[0].cells.slice(0, 3)).toEqual(['p', '0/1', 'Pending']);
  expect(body.rows[0].object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'p' } });
});

test('a watch without a revision begins with what is there', () => {
  const { send, watch } = serve();
  send('POST', CONFIGMAPS, configMap('a'));
  const { events, stream } = watch(CONFIGMAPS);
  send('PUT', `${CONFIGMAPS}/a`, configMap('a', { k: 'v' }));
  send('DELETE', `${CONFIGMAPS}/a`);
  stream.stop();
  send('POST', CONFIGMAPS, configMap('b'));
  expect(events).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a']);
});

test('objects enter and leave the selection of a watch', () => {
  const { send, watch } = serve();
  const { events } = watch(CONFIGMAPS, { labelSelector: 'k=v' });
  send('POST', CONFIGMAPS, configMap('a', { k: 'v' }));
  send('PUT', `${CONFIGMAPS}/a`, configMap('a', { k: 'other' }));
  send('PUT', `${CONFIGMAPS}/a`, configMap('a', { k: 'v' }));
  expect(events).toEqual(['ADDED a', 'DELETED a', 'ADDED a']);
});

test('a watch of the Pods of a node sees a Pod when it is bound', () => {
  const { send, watch } = serve();
  const mine = watch('/api/v1/pods', { fieldSelector: 'spec.nodeName=worker-1' });
  const other = watch('/api/v1/pods', { fieldSelector: 'spec.nodeName=worker-2' });
  const unbound = watch('/api/v1/pods', { fieldSelector: 'spec.nodeName=' });
  send('POST', PODS, pod('p'));
  const target = {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name: 'p' },
    target: { kind: 'Node', name: 'worker-1' },
  };
  expect(send('POST', `${PODS}/p/binding`, target).code).toBe(201);
  expect(mine.events).toEqual(['ADDED p']);
  expect(other.events).toEqual([]);
  expect(unbound.events).toEqual(['ADDED p', 'DELETED p']);
  expect(send('POST', `${PODS}/p/binding`, target).body.message).toBe(
    'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "worker-1"',
  );
});

test('a watch resumes where a list ended, and fails when that is too long ago', () => {
  const { send, sim, watch } = serve();
  const { resourceVersion } = send('GET', CONFIGMAPS).body.metadata;
  send('POST', CONFIGMAPS, configMap('a'));
  expect(watch(CONFIGMAPS, { resourceVersion }).events).toEqual(['ADDED a']);
  sim.runUntil(BIRTH + 300_000);
  send('PUT', `${CONFIGMAPS}/a`, configMap('a', { k: '1' }));
  sim.runUntil(BIRTH + 600_000);
  const stream = send('GET', CONFIGMAPS, undefined, { query: { watch: 'true', resourceVersion } }).watch!;
  expect(stream.next()).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
  expect(stream.ended).toBe(true);
});

test('initial events end with a bookmark', () => {
  const { send } = serve();
  send('POST', CONFIGMAPS, configMap('a'));
  const query = {
    watch: 'true',
    sendInitialEvents: 'true',
    resourceVersionMatch: 'NotOlderThan',
    allowWatchBookmarks: 'true',
  };
  const stream = send('GET', CONFIGMAPS, undefined, { query }).watch!;
  expect(stream.next()?.type).toBe('ADDED');
  expect(stream.next()).toMatchObject({
    type: 'BOOKMARK',
    object: { metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
  });
});

test.each([
  [
    { resourceVersionMatch: 'Exact', watch: 'true' },
    /unless sendInitialEvents is provided, .*supported values: "NotOlderThan"\]$/,
  ],
  [{ sendInitialEvents: 'true' }, /sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list$/],
  [{ continue: '!!!' }, /^invalid continue token: continue key is not valid: illegal base64 data at input byte 0$/],
  [{ continue: 'e30' }, /continue key is not valid: server does not recognize this encoded version ""$/],
])('options of a list that do not go together: %j', (query, message) => {
  expect(serve().send('GET', CONFIGMAPS, undefined, { query }).body.message).toMatch(message);
});

test('a page of a forgotten revision comes with a way to go on', () => {
  const { send, server } = serve();
  for (const name of ['a', 'b', 'c']) send('POST', CONFIGMAPS, configMap(name));
  const first = send('GET', CONFIGMAPS, undefined, { query: { limit: '1' } }).body.metadata.continue;
  expect(send('GET', CONFIGMAPS, undefined, { query: { continue: first, resourceVersion: '5' } }).body.message).toBe(
    'specifying resource version is not allowed when using continue',
  );
  send('DELETE', `${CONFIGMAPS}/c`);
  server.etcd.compact(server.etcd.revision);
  const expired = send('GET', CONFIGMAPS, undefined, { query: { continue: first } });
  expect(expired.code).toBe(410);
  const rest = send('GET', CONFIGMAPS, undefined, { query: { continue: expired.body.metadata.continue } });
  expect(rest.body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)).toEqual(['b']);
});

test('a list at any version comes whole', () => {
  const { send } = serve();
  for (const name of ['a', 'b']) send('POST', CONFIGMAPS, configMap(name));
  expect(send('GET', CONFIGMAPS, undefined, { query: { limit: '1', resourceVersion: '0' } }).body.items).toHaveLength(
    2,
  );
});

test('a watch from the beginning tells where that ends, or leaves it out', () => {
  const { send } = serve();
  send('POST', CONFIGMAPS, configMap('a'));
  const types = (query: Record<string, string>) => {
    const events: string[] = [];
    send('GET', CONFIGMAPS, undefined, { query: { ...query, watch: '1' } }).watch!.pipe((type) => events.push(type));
    return events;
  };
  expect(types({ allowWatchBookmarks: 'true' })).toEqual(['ADDED', 'BOOKMARK']);
  expect(types({ sendInitialEvents: 'false', resourceVersionMatch: 'NotOlderThan' })).toEqual([]);
});
