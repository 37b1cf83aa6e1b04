import { describe, expect, it } from 'vitest';
import type { TestCluster } from './cluster.ts';
import { finish, names, start, template } from './workload.ts';
import type { Job, Pod } from '../../engine/api/types.ts';
import { InformerFactory } from '../../engine/client/index.ts';

const indexed = (spec: object = {}) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'work', namespace: 'default' },
  spec: {
    completionMode: 'Indexed',
    completions: 4,
    parallelism: 2,
    template: template({}, { restartPolicy: 'Never' }),
    ...spec,
  },
});
const get = (cluster: TestCluster) => cluster.get<Job>('batch/v1', 'jobs', 'work') as Job;
const indexOf = (pod: Pod) => Number(pod.metadata.annotations?.['batch.kubernetes.io/job-completion-index']);
const active = (cluster: TestCluster) =>
  cluster.pods().filter((pod) => !pod.metadata.deletionTimestamp && pod.status?.phase === 'Running');
/** Ends the running Pod at an index. */
const end = (cluster: TestCluster, index: number, exitCode: number) =>
  finish(cluster, active(cluster).find((pod) => indexOf(pod) === index) as Pod, exitCode);
const running = (cluster: TestCluster) => active(cluster).map(indexOf).sort();

describe('the status of a Job', () => {
  const many = { completionMode: undefined, completions: 2 };

  it('notes Pods that have ended before they lose their finalizer, and counts them after', () => {
    const cluster = start(indexed(many));
    const seen: Job['status'][] = [];
    new InformerFactory(cluster.admin)
      .of<Job>('batch/v1', 'jobs')
      .on({ update: ({ status }) => void seen.push(status) });
    for (const pod of active(cluster)) finish(cluster, pod, 0);
    cluster.pass(3000);
    const uids = cluster.pods().map(({ metadata }) => metadata.uid);
    expect(seen.map((status) => [status?.uncountedTerminatedPods?.succeeded?.length, status?.succeeded])).toEqual([
      [uids.length, undefined],
      [undefined, 2],
    ]);
    expect(seen.map((status) => status?.conditions?.map(({ type }) => type))).toEqual([
      ['SuccessCriteriaMet'],
      ['SuccessCriteriaMet', 'Complete'],
    ]);
  });

  it('fails for the reason that was found first', () => {
    const rules = [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } }];
    const cluster = start(indexed({ ...many, podFailurePolicy: { rules } }));
    const [first, second] = active(cluster);
    finish(cluster, second, 42);
    cluster.pass(1500);
    finish(cluster, first, 42);
    cluster.pass(3000);
    const messages = new Set(get(cluster).status?.conditions?.map(({ message }) => message));
    expect([...messages]).toEqual([expect.stringContaining(`${second.metadata.name} failed with exit code 42`)]);
  });
});

describe('a Job that counts failures by index', () => {
  it('lets other indexes go on while one waits to be tried again', () => {
    const cluster = start(indexed({ backoffLimitPerIndex: 1, parallelism: 3 }));
    expect(running(cluster)).toEqual([0, 1, 2]);
    end(cluster, 0, 1);
    end(cluster, 1, 0);
    cluster.pass(4000);
    // One place is kept for index 0, whose turn comes 10 s after it failed.
    expect(running(cluster)).toEqual([2, 3]);
    cluster.pass(10_000);
    expect(running(cluster)).toEqual([0, 2, 3]);
  });

  it('hands the count of failures to the Pod that follows, and counts the failed one only then', () => {
    const cluster = start(indexed({ backoffLimitPerIndex: 2 }));
    end(cluster, 0, 1);
    cluster.pass(3000);
    expect(get(cluster).status).toMatchObject({ failedIndexes: '' });
    expect(get(cluster).status?.failed).toBeUndefined();
    cluster.pass(12_000);
    expect(get(cluster).status?.failed).toBe(1);
    const next = active(cluster).find((pod) => indexOf(pod) === 0) as Pod;
    expect(next.metadata.annotations?.['batch.kubernetes.io/job-index-failure-count']).toBe('1');
  });

  it('fails an index beyond its limit, and in the end the Job', () => {
    const cluster = start(indexed({ completions: 2, backoffLimitPerIndex: 0 }));
    end(cluster, 0, 1);
    cluster.pass(3000);
    expect(get(cluster).status).toMatchObject({ failedIndexes: '0', failed: 1 });
    end(cluster, 1, 0);
    cluster.pass(3000);
    expect(get(cluster).status?.conditions?.at(-1)).toMatchObject({ type: 'Failed', reason: 'FailedIndexes' });
  });

  it('keeps failures that its policy ignores apart', () => {
    const rules = [{ action: 'Ignore', onExitCodes: { operator: 'In', values: [42] } }];
    const cluster = start(indexed({ backoffLimitPerIndex: 1, podFailurePolicy: { rules } }));
    end(cluster, 0, 42);
    cluster.pass(15_000);
    const next = active(cluster).find((pod) => indexOf(pod) === 0) as Pod;
    expect(next.metadata.annotations).toMatchObject({
      'batch.kubernetes.io/job-index-failure-count': '0',
      'batch.kubernetes.io/job-index-ignored-failure-count': '1',
    });
    expect(get(cluster).status?.failed).toBeUndefined();
  });
});

describe('an indexed Job', () => {
  it('gives up the highest indexes when it shrinks', () => {
    const cluster = start(indexed({ completions: 4, parallelism: 4 }));
    cluster.patch('batch/v1', 'jobs', 'work', { spec: { completions: 2, parallelism: 2 } });
    cluster.pass(3000);
    expect(running(cluster)).toEqual([0, 1]);
    expect(names(cluster)).toHaveLength(2);
  });
});
