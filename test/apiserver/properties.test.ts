import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ApiRequest } from '../../engine/apiserver/types.ts';
import { configMap, CONFIGMAPS, pod, PODS, serve } from './support.ts';

const NAMES = ['a', 'b', 'c'];
const name = fc.constantFrom(...NAMES);
const value = fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom('x', 'y'), fc.integer(), fc.constant(null));
const data = fc.dictionary(fc.oneof(fc.constantFrom('k', 'l', 'bad key'), fc.string({ maxLength: 4 })), value, {
  maxKeys: 3,
});
const labels = fc.dictionary(fc.constantFrom('app', 'tier', 'a b'), fc.constantFrom('x', 'y', 'bad value!'), {
  maxKeys: 2,
});
const version = fc.constantFrom(undefined, '', '0', '1', '999999', 'abc');
const body = fc
  .record({ name, labels, data, version })
  .map(({ name: own, labels: marks, data: content, version: rv }) => ({
    ...configMap(own, marks),
    data: content,
    metadata: { name: own, labels: marks, resourceVersion: rv },
  }));
const junk = fc.oneof(
  fc.json({ maxDepth: 3 }),
  fc.string(),
  fc.constantFrom('', '{', '[]', 'null', '{"a":1,"a":2}', '[{"op":"add"}]', '[null]', '"x"', `${'['.repeat(5000)}`),
);

interface Step extends Pick<ApiRequest, 'method' | 'query'> {
  path: string;
  type: string;
  body?: string;
}

const json = 'application/json';
const asText = (one: unknown) => JSON.stringify(one);
const steps: fc.Arbitrary<Step> = fc.oneof(
  body.map((one) => ({ method: 'POST' as const, path: CONFIGMAPS, type: json, body: asText(one) })),
  body.map((one) => ({
    method: 'PUT' as const,
    path: `${CONFIGMAPS}/${one.metadata.name}`,
    type: json,
    body: asText(one),
  })),
  fc
    .tuple(name, fc.constantFrom('merge-patch+json', 'strategic-merge-patch+json'), data, labels)
    .map(([own, type, content, marks]) => ({
      method: 'PATCH' as const,
      path: `${CONFIGMAPS}/${own}`,
      type: `application/${type}`,
      body: asText({ data: content, metadata: { labels: marks } }),
    })),
  fc.tuple(name, data, fc.constantFrom('one', 'two'), fc.boolean()).map(([own, content, manager, force]) => ({
    method: 'PATCH' as const,
    path: `${CONFIGMAPS}/${own}`,
    type: 'application/apply-patch+yaml',
    query: { fieldManager: manager, force: String(force) },
    body: asText({ ...configMap(own), data: content }),
  })),
  fc.tuple(name, fc.constantFrom('add', 'remove', 'replace', 'test', 'odd'), value).map(([own, op, content]) => ({
    method: 'PATCH' as const,
    path: `${CONFIGMAPS}/${own}`,
    type: 'application/json-patch+json',
    body: asText([{ op, path: '/data/k', value: content }]),
  })),
  name.map((own) => ({ method: 'DELETE' as const, path: `${CONFIGMAPS}/${own}`, type: json })),
  fc
    .tuple(
      fc.constantFrom('POST' as const, 'PUT' as const, 'PATCH' as const, 'DELETE' as const),
      name,
      junk,
      fc.constantFrom(
        json,
        'application/yaml',
        'application/json-patch+json',
        'application/merge-patch+json',
        'text/x',
      ),
    )
    .map(([method, own, text, type]) => ({
      method,
      path: method === 'POST' ? CONFIGMAPS : `${CONFIGMAPS}/${own}`,
      type,
      body: text,
    })),
);

const OPTIONAL_MAPS = new Set(['f:data', 'f:labels']);
const RUNS = { numRuns: 40 };

describe('whatever is sent', () => {
  test('versions only grow, refusals are Statuses, and a watch replays to what a list shows', () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 30 }), (all) => {
        const { send } = serve();
        const seen = new Map<string, object>();
        const { watch: stream } = send('GET', CONFIGMAPS, undefined, { query: { watch: 'true' } });
        let last = 0;
        stream!.pipe((type, object) => {
          const now = Number(object.metadata.resourceVersion);
          expect(now).toBeGreaterThan(type === 'ADDED' && now === last ? now - 1 : last);
          last = now;
          if (type === 'DELETED') seen.delete(object.metadata.name as string);
          else seen.set(object.metadata.name as string, object);
        });
        for (const { method, path, type, body: text, query } of all) {
          const { code, body: answer } = send(method, path, text, { headers: { 'content-type': type }, query });
          if (code >= 400) expect(answer).toMatchObject({ kind: 'Status', status: 'Failure', code });
          else expect([200, 201]).toContain(code);
        }
        const { body: listed } = send('GET', CONFIGMAPS);
        const items = listed.items.map(({ metadata, data: content }: { metadata: object; data: object }) => [
          metadata,
          content,
        ]);
        const replayed = [...seen.values()] as { metadata: { name: string }; data: object }[];
        replayed.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
        expect(replayed.map(({ metadata, data: content }) => [metadata, content])).toEqual(items);
        expect(Number(listed.metadata.resourceVersion)).toBeGreaterThanOrEqual(last);
      }),
      RUNS,
    );
  });

  test('every field that somebody owns is there', () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 25 }), (all) => {
        const { send } = serve();
        for (const { method, path, type, body: text, query } of all)
          send(method, path, text, { headers: { 'content-type': type }, query });
        for (const object of send('GET', CONFIGMAPS).body.items) {
          for (const entry of object.metadata.managedFields ?? []) expect(danglers(entry.fieldsV1, object)).toEqual([]);
        }
      }),
      RUNS,
    );
  });

  test('a quota is never exceeded and its count is right', () => {
    const change = fc.tuple(
      fc.constantFrom('POST' as const, 'DELETE' as const),
      fc.constantFrom(...'abcdefgh'),
      fc.integer({ min: 1, max: 4 }),
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (all) => {
        const { send } = serve();
        const quotas = '/api/v1/namespaces/default/resourcequotas';
        const hard = { pods: '3', 'requests.cpu': '6' };
        send('POST', quotas, { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q' }, spec: { hard } });
        const counted = {
          ...send('GET', `${quotas}/q`).body,
          status: { hard, used: { pods: '0', 'requests.cpu': '0' } },
        };
        send('PUT', `${quotas}/q/status`, counted);
        for (const [method, own, cpu] of all) {
          const path = method === 'POST' ? PODS : `${PODS}/${own}`;
          const resources = { requests: { cpu: String(cpu) } };
          const spec = { containers: [{ name: 'c', image: 'nginx', resources }] };
          const { code, body: answer } = send(
            method,
            path,
            method === 'POST' ? pod(own, spec) : { gracePeriodSeconds: 0 },
          );
          if (code === 403) expect(answer.message).toMatch(/exceeded quota: q/);
          const pods = send('GET', PODS).body.items;
          const { used } = send('GET', `${quotas}/q`).body.status;
          let total = 0;
          for (const one of pods) total += Number(one.spec.containers[0].resources.requests.cpu);
          expect(pods.length).toBeLessThanOrEqual(3);
          expect(total).toBeLessThanOrEqual(6);
          // The controller gives back what deletion frees; until then the charge is only too high.
          expect(Number(used.pods)).toBeGreaterThanOrEqual(pods.length);
        }
      }),
      { numRuns: 25 },
    );
  });
});

test('of a thousand conflicting writes none is lost and none is applied twice', () => {
  const { send } = serve();
  send('POST', CONFIGMAPS, configMap('counter', undefined, { n: '0' }));
  const path = `${CONFIGMAPS}/counter`;
  // Five writers read, then all write what they have read plus one; who comes too late reads again.
  const writers = Array.from({ length: 5 }, () => ({
    left: 200,
    read: undefined as undefined | { data: { n: string } },
  }));
  let conflicts = 0;
  while (writers.some(({ left }) => left > 0)) {
    for (const writer of writers) if (writer.left > 0) writer.read = send('GET', path).body;
    for (const writer of writers) {
      if (!writer.read || writer.left === 0) continue;
      const next = { ...writer.read, data: { n: String(Number(writer.read.data.n) + 1) } };
      const { code, body: answer } = send('PUT', path, next);
      if (code === 200) writer.left--;
      else {
        expect(answer.reason).toBe('Conflict');
        conflicts++;
      }
      writer.read = undefined;
    }
  }
  expect(send('GET', path).body.data.n).toBe('1000');
  expect(conflicts).toBeGreaterThan(0);
});

/** Paths of a field set that lead to nothing in the object. */
function danglers(fields: Record<string, object>, object: unknown, path = ''): string[] {
  const out: string[] = [];
  for (const key of Object.keys(fields)) {
    if (!key.startsWith('f:')) continue;
    const inner = (object as Record<string, unknown> | undefined)?.[key.slice(2)];
    // Who applies an empty map owns it, though it is not stored.
    if (inner === undefined && Object.keys(fields[key]).length === 0 && OPTIONAL_MAPS.has(key)) continue;
    if (inner === undefined) out.push(`${path}.${key.slice(2)}`);
    else out.push(...danglers(fields[key] as Record<string, object>, inner, `${path}.${key.slice(2)}`));
  }
  return out;
}
