import { expect, test } from 'vitest';
import { ErrCompacted, ErrFutureRev, Etcd, type StoreEvent } from '../../engine/etcd/index.ts';
import { Sim } from '../../engine/sim/index.ts';

const BIRTH = Date.UTC(2026, 0, 5, 9);
const make = () => {
  const sim = new Sim({ seed: 1, start: BIRTH });
  return { sim, etcd: new Etcd({ sim, freeze: true }) };
};

test('a write advances the one revision counter and the version of its key', () => {
  const { etcd } = make();
  const first = etcd.put('/a', { n: 1 });
  etcd.put('/b', { n: 1 });
  const second = etcd.put('/a', { n: 2 });
  expect(first).toMatchObject({ createRevision: 2, modRevision: 2, version: 1 });
  expect(second).toMatchObject({ createRevision: 2, modRevision: 4, version: 2, value: { n: 2 } });
  expect(etcd.revision).toBe(4);
});

test('a key that is deleted and put again starts anew', () => {
  const { etcd } = make();
  etcd.put('/a', {});
  etcd.delete('/a');
  expect(etcd.delete('/a')).toBeUndefined();
  expect(etcd.put('/a', {})).toMatchObject({ createRevision: 4, version: 1 });
});

test('a range gives the keys of a prefix in order, whatever the order of the writes', () => {
  const { etcd } = make();
  const names = Array.from({ length: 1000 }, (_, i) => `/registry/pods/${String((i * 7919) % 1000).padStart(4, '0')}`);
  for (const name of names) etcd.put(name, {});
  etcd.put('/registry/podtemplates/x', {});
  for (const name of names.slice(0, 300)) etcd.delete(name);
  const { kvs, more, count } = etcd.range('/registry/pods/');
  expect(kvs.map((kv) => kv.key)).toEqual(names.slice(300).sort());
  expect({ more, count }).toEqual({ more: false, count: 700 });
});

test('a limited range says how many there are and goes on where it ended', () => {
  const { etcd } = make();
  for (const key of ['/a', '/b', '/c']) etcd.put(key, {});
  const page = etcd.range('/', { limit: 2 });
  expect(page).toMatchObject({ more: true, count: 3 });
  expect(etcd.range('/', { from: '/c' }).kvs.map((kv) => kv.key)).toEqual(['/c']);
});

test('a range in the past shows what was there then', () => {
  const { etcd } = make();
  etcd.put('/a', { n: 1 });
  etcd.put('/b', { n: 1 });
  const then = etcd.revision;
  etcd.put('/a', { n: 2 });
  etcd.delete('/b');
  etcd.put('/c', { n: 1 });
  const { kvs } = etcd.range('/', { revision: then });
  expect(kvs.map((kv) => [kv.key, kv.value])).toEqual([
    ['/a', { n: 1 }],
    ['/b', { n: 1 }],
  ]);
  expect(() => etcd.range('/', { revision: 99 })).toThrow(ErrFutureRev);
});

test('a watch from a revision replays what it missed and then follows', () => {
  const { etcd } = make();
  etcd.put('/pods/a', { n: 1 });
  const from = etcd.revision;
  etcd.put('/pods/a', { n: 2 });
  etcd.put('/nodes/x', {});
  const seen: string[] = [];
  const note = (event: StoreEvent) => seen.push(`${event.type} ${event.key} ${event.revision}`);
  const watcher = etcd.watch('/pods/', note, from);
  etcd.delete('/pods/a');
  watcher.cancel();
  etcd.put('/pods/b', {});
  expect(seen).toEqual(['PUT /pods/a 3', 'DELETE /pods/a 5']);
});

test('history before a compaction is gone, what is current stays', () => {
  const { etcd } = make();
  etcd.put('/a', { n: 1 });
  etcd.put('/a', { n: 2 });
  etcd.compact(3);
  expect(() => etcd.watch('/', () => {}, 2)).toThrow(ErrCompacted);
  expect(() => etcd.compact(3)).toThrow('etcdserver: mvcc: required revision has been compacted');
  expect(etcd.get('/a')?.value).toEqual({ n: 2 });
});

test('a transaction whose comparison fails runs its other branch', () => {
  const { etcd } = make();
  etcd.put('/a', { n: 1 });
  const put = (n: number) => [{ put: '/a', value: { n } }];
  const stale = etcd.txn([{ key: '/a', target: 'modRevision', value: 1 }], put(2), [{ get: '/a' }]);
  expect(stale.succeeded).toBe(false);
  expect(stale.responses[0]?.value).toEqual({ n: 1 });
  const fresh = etcd.txn([{ key: '/a', target: 'modRevision', value: 2 }], [...put(3), { put: '/b', value: {} }]);
  expect(fresh).toMatchObject({ succeeded: true, revision: 3 });
  expect(etcd.get('/b')?.modRevision).toBe(etcd.get('/a')?.modRevision);
});

test('keys of a lease go when it runs out, unless it is kept alive', () => {
  const { sim, etcd } = make();
  const lease = etcd.grantLease(10);
  etcd.put('/a', {}, lease.id);
  etcd.put('/b', {}, lease.id);
  etcd.put('/b', {});
  sim.runUntil(BIRTH + 8000);
  etcd.keepAlive(lease.id);
  sim.runUntil(BIRTH + 17_000);
  expect(etcd.get('/a')).toBeDefined();
  sim.runUntil(BIRTH + 18_000);
  expect(etcd.get('/a')).toBeUndefined();
  expect(etcd.get('/b')).toBeDefined();
});

test('what is stored cannot be changed by who holds it', () => {
  const { etcd } = make();
  const value = { list: [1] };
  etcd.put('/a', value);
  expect(() => value.list.push(2)).toThrow(TypeError);
});

test('an unread value is made once, when somebody first reads it, and knows its revision', () => {
  const { etcd } = make();
  let made = 0;
  etcd.putUnread('/a', { make: (revision) => ({ revision, made: ++made }) }, 0);
  etcd.put('/b', {});
  const read = () => etcd.range('/a').kvs[0].value;
  expect(made).toBe(0);
  expect(read()).toEqual({ revision: 2, made: 1 });
  expect(read()).toBe(etcd.get('/a')?.value);
  expect(made).toBe(1);
});
