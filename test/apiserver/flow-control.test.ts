import { describe, expect, it } from 'vitest';
import '../../engine/parts/all.ts';
import { BIRTH, serve } from './support.ts';

const GROUP = '/apis/flowcontrol.apiserver.k8s.io/v1';
const SCHEMAS = `${GROUP}/flowschemas`;
const LEVELS = `${GROUP}/prioritylevelconfigurations`;
const names = (list: { items: { metadata: { name: string } }[] }) => list.items.map(({ metadata }) => metadata.name);

describe('objects of API priority and fairness', () => {
  it('are there from the start, but only in the store of a cluster of which somebody asks', () => {
    const { server, send, sim } = serve();
    sim.runUntil(BIRTH + 5000);
    const stored = () => server.etcd.range('/registry/flowschemas/').kvs.length;
    expect(stored()).toBe(0);
    expect(names(send('GET', LEVELS).body)).toEqual([
      'catch-all',
      'exempt',
      'global-default',
      'leader-election',
      'node-high',
      'system',
      'workload-high',
      'workload-low',
    ]);
    expect(stored()).toBe(13);
    const { metadata, spec, status } = send('GET', `${SCHEMAS}/probes`).body;
    expect(metadata).toMatchObject({
      creationTimestamp: '2026-01-05T09:00:00Z',
      generation: 1,
      annotations: { 'apf.kubernetes.io/autoupdate-spec': 'true' },
    });
    expect(spec.rules[0].nonResourceRules).toEqual([
      { verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] },
    ]);
    expect(status.conditions).toMatchObject([{ type: 'Dangling', status: 'False', reason: 'Found' }]);
  });

  it('come back when they are deleted or changed, unless who changed them said that they are not kept up', () => {
    const { send, patch, sim } = serve();
    send('DELETE', `${SCHEMAS}/exempt`);
    send('DELETE', `${SCHEMAS}/service-accounts`);
    expect(send('GET', `${SCHEMAS}/exempt`).code).toBe(404);
    patch(`${LEVELS}/system`, 'merge', { spec: { limited: { nominalConcurrencyShares: 1 } } });
    const own = { metadata: { annotations: { 'apf.kubernetes.io/autoupdate-spec': 'false' } } };
    const shares = { spec: { limited: { nominalConcurrencyShares: 1 } } };
    patch(`${LEVELS}/workload-low`, 'merge', { ...own, ...shares });
    patch(`${LEVELS}/catch-all`, 'merge', { ...own, ...shares });
    sim.runUntil(BIRTH + 61_000);
    expect(send('GET', `${SCHEMAS}/exempt`).body.spec.matchingPrecedence).toBe(1);
    expect(send('GET', `${SCHEMAS}/service-accounts`).body.status.conditions[0].reason).toBe('Found');
    const sharesOf = (name: string) => send('GET', `${LEVELS}/${name}`).body.spec.limited.nominalConcurrencyShares;
    expect(['system', 'workload-low', 'catch-all'].map(sharesOf)).toEqual([30, 1, 5]);
  });

  it('are shown in the order in which requests meet them', () => {
    const rows = serve().send('GET', SCHEMAS, undefined, {
      headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
    }).body.rows;
    expect(rows.slice(0, 3).map(({ cells }: { cells: unknown[] }) => cells.slice(0, 4))).toEqual([
      ['exempt', 'exempt', 1, '<none>'],
      ['probes', 'exempt', 2, '<none>'],
      ['system-leader-election', 'leader-election', 100, 'ByUser'],
    ]);
    expect(rows[1].object.metadata.name).toBe('probes');
  });

  it('say of a schema of one’s own whether its level exists', () => {
    const { send, sim } = serve();
    const schema = {
      metadata: { name: 'mine' },
      spec: { priorityLevelConfiguration: { name: 'none' }, rules: [] },
    };
    expect(send('POST', SCHEMAS, schema).code).toBe(201);
    sim.runUntil(BIRTH + 1000);
    expect(send('GET', `${SCHEMAS}/mine`).body.status.conditions).toMatchObject([
      {
        type: 'Dangling',
        status: 'True',
        reason: 'NotFound',
        message:
          'This FlowSchema references the PriorityLevelConfiguration object named "none" but there is no such object',
      },
    ]);
  });
});
