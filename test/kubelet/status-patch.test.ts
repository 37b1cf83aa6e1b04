import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createScheme } from '../../engine/api/index.ts';
import type { Pod, PodCondition, PodStatus } from '../../engine/api/types.ts';
import { ApiServer } from '../../engine/apiserver/index.ts';
import { Client, type ApiError } from '../../engine/client/index.ts';
import { isNews, patchedStatus, statusPatch } from '../../engine/kubelet/status-patch.ts';
import { Sim } from '../../engine/sim/index.ts';

const time = fc.constantFrom('2026-01-05T09:00:00Z', '2026-01-05T09:00:01Z', '2026-01-05T09:00:02Z');
const word = fc.constantFrom('', 'a', 'b');
const condition = (type: string) =>
  fc
    .record({ status: fc.constantFrom('True', 'False'), at: time, reason: word, message: word })
    .map(({ status, at, reason, message }): PodCondition => ({
      lastTransitionTime: at,
      ...(message && { message }),
      observedGeneration: 1,
      ...(reason && { reason }),
      status,
      type,
    }));
const conditions = fc.tuple(
  fc.option(condition('PodResizePending'), { nil: undefined }),
  fc.option(condition('PodReadyToStartContainers'), { nil: undefined }),
  ...['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map(condition),
  fc.option(condition('DisruptionTarget'), { nil: undefined }),
);
const container = fc
  .record({ ready: fc.boolean(), restartCount: fc.nat(2), id: word })
  .map(({ ready, restartCount, id }) => ({
    ...(id && { containerID: `containerd://${id}` }),
    image: 'nginx',
    imageID: id,
    lastState: {},
    name: 'c',
    ready,
    restartCount,
    state: id ? { running: { startedAt: '2026-01-05T09:00:00Z' } } : { waiting: { reason: 'ContainerCreating' } },
  }));
const status: fc.Arbitrary<PodStatus> = fc
  .record({
    phase: fc.constantFrom('Pending', 'Running', 'Failed'),
    list: conditions,
    statuses: fc.array(container, { minLength: 1, maxLength: 1 }),
    init: fc.option(container, { nil: undefined }),
    ip: fc.constantFrom('', '10.244.0.5', '10.244.0.6'),
    reason: word,
  })
  .map(({ phase, list, statuses, init, ip, reason }) => ({
    observedGeneration: 1,
    phase,
    conditions: list.filter((one) => one !== undefined),
    hostIP: '10.0.0.11',
    hostIPs: [{ ip: '10.0.0.11' }],
    startTime: '2026-01-05T09:00:00Z',
    containerStatuses: statuses,
    qosClass: 'BestEffort',
    ...(init && { initContainerStatuses: [init] }),
    ...(ip && { podIP: ip, podIPs: [{ ip }] }),
    ...(reason && { reason }),
  }));
/** What somebody else writes between two reports. */
const foreign = (type: string) => ({ conditions: [{ type, status: 'Unknown', lastTransitionTime: null }] });
const other = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(foreign('Ready'), foreign('example.com/gate'), {
      podIPs: [{ $patch: 'replace' }, { ip: '10.244.0.9' }],
    }),
  },
);

/** A Pod of its own API server, and how a kubelet and others write its status. */
function reported() {
  const sim = new Sim({ seed: 7, start: Date.UTC(2026, 0, 5, 9) });
  const apiServer = new ApiServer({ sim, scheme: createScheme(), freeze: true });
  apiServer.bootstrap();
  const user = { name: 'kubelet', groups: ['system:masters'] };
  const client = new Client((request) => apiServer.handle(request), 'kubelet', user);
  client.of('v1', 'serviceaccounts').create('default', {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { namespace: 'default', name: 'default' },
  });
  const pods = client.of<Pod>('v1', 'pods');
  pods.create('default', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'default', name: 'web', uid: '' },
    spec: { nodeName: 'worker-1', containers: [{ name: 'c', image: 'nginx' }] },
  } as Pod);
  return pods;
}

/** What a client gets, key by key. */
function outcome(patch: () => Pod): string {
  try {
    const { metadata, status } = patch();
    return JSON.stringify([metadata?.resourceVersion, status]);
  } catch (error) {
    return (error as ApiError).message;
  }
}

test('a kubelet knows what the API server makes of its reports', () => {
  let known = 0;
  fc.assert(
    fc.property(fc.array(fc.tuple(status, other), { minLength: 1, maxLength: 5 }), (steps) => {
      const merged = reported();
      const told = reported();
      let written: PodStatus | undefined;
      let before: PodStatus = told.get('default', 'web').status as PodStatus;
      for (const [next, foreign] of steps) {
        if (foreign)
          for (const pods of [merged, told]) pods.patch('default', 'web', 'strategic', { status: foreign }, 'status');
        const last = before;
        before = next;
        if (!isNews(last, next)) continue;
        const patch = { status: statusPatch(last, next) };
        const from = told.get('default', 'web');
        const isOwn = from.status === last || from.status === written;
        const result = isOwn ? patchedStatus(from.status as PodStatus, last, next) : undefined;
        written = result;
        if (result) known++;
        const patched = result && { from, to: { ...from, status: result }, patch: () => patch };
        const answer = outcome(() =>
          told.patch('default', 'web', 'strategic', patched ? undefined : patch, 'status', patched),
        );
        expect(answer).toBe(outcome(() => merged.patch('default', 'web', 'strategic', patch, 'status')));
      }
    }),
    { numRuns: 150, seed: 11 },
  );
  expect(known).toBeGreaterThan(100);
});

test('what a kubelet knows of another object than the stored one does not count', () => {
  const pods = reported();
  const from = { ...pods.get('default', 'web') };
  const patch = { status: { message: 'merged' } };
  const to = { ...from, status: { ...from.status, message: 'told' } };
  const patched = { from, to, patch: () => patch };
  expect(pods.patch('default', 'web', 'strategic', undefined, 'status', patched).status?.message).toBe('merged');
});
