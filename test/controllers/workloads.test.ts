import { describe, expect, it } from 'vitest';
import { pod, TestCluster } from './cluster.ts';
import { finish, names, setImage, start, template } from './workload.ts';
import type {
  ControllerRevision,
  CronJob,
  DaemonSet,
  Job,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  StatefulSet,
} from '../../engine/api/types.ts';

describe('a StatefulSet', () => {
  const web = (spec: object = {}) => ({
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      serviceName: 'nginx',
      replicas: 3,
      selector: { matchLabels: { app: 'web' } },
      template: template({ app: 'web' }),
      ...spec,
    },
  });
  const get = (cluster: TestCluster) => cluster.get<StatefulSet>('apps/v1', 'statefulsets', 'web') as StatefulSet;

  it('creates its Pods one after another, each with a name of its own', () => {
    const cluster = new TestCluster();
    cluster.pass(1000);
    cluster.create(web());
    cluster.pass(300);
    expect(names(cluster)).toEqual(['web-0']);
    cluster.pass(5000);
    expect(names(cluster)).toEqual(['web-0', 'web-1', 'web-2']);
    const [first] = cluster.pods();
    const revision = cluster.list<ControllerRevision>('apps/v1', 'controllerrevisions')[0].metadata.name;
    expect(first.spec).toMatchObject({ hostname: 'web-0', subdomain: 'nginx' });
    expect(first.metadata.labels).toEqual({
      app: 'web',
      'apps.kubernetes.io/pod-index': '0',
      'controller-revision-hash': revision,
      'statefulset.kubernetes.io/pod-name': 'web-0',
    });
    expect(cluster.events('SuccessfulCreate')).toContain('create Pod web-0 in StatefulSet web successful');
    expect(get(cluster).status).toEqual({
      observedGeneration: 1,
      replicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      currentReplicas: 3,
      updatedReplicas: 3,
      currentRevision: revision,
      updateRevision: revision,
      collisionCount: 0,
    });
  });

  it('does not go on while a Pod is not ready', () => {
    const cluster = new TestCluster();
    cluster.unready = (one) => one.metadata.name === 'web-1';
    cluster.pass(1000);
    cluster.create(web());
    cluster.pass(10_000);
    expect(names(cluster)).toEqual(['web-0', 'web-1']);
  });

  it('creates all at once when it is told to be parallel', () => {
    const cluster = new TestCluster();
    cluster.pass(1000);
    cluster.create(web({ podManagementPolicy: 'Parallel' }));
    cluster.pass(100);
    expect(names(cluster)).toEqual(['web-0', 'web-1', 'web-2']);
  });

  it('makes a claim for every Pod, which stays when the Pod goes', () => {
    const claims = [
      {
        metadata: { name: 'data' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      },
    ];
    const cluster = new TestCluster({ scheduler: false });
    cluster.pass(1000);
    cluster.create(web({ podManagementPolicy: 'Parallel', replicas: 2, volumeClaimTemplates: claims }));
    cluster.pass(100);
    expect(
      cluster.list<PersistentVolumeClaim>('v1', 'persistentvolumeclaims').map(({ metadata }) => metadata.name),
    ).toEqual(['data-web-0', 'data-web-1']);
    expect(cluster.get<Pod>('v1', 'pods', 'web-0')?.spec?.volumes?.[0]).toEqual({
      name: 'data',
      persistentVolumeClaim: { claimName: 'data-web-0' },
    });
    expect(cluster.events('SuccessfulCreate')).toContain(
      'create Claim data-web-0 Pod web-0 in StatefulSet web success',
    );
    cluster.patch('apps/v1', 'statefulsets', 'web', { spec: { replicas: 0 } });
    cluster.pass(3000);
    expect(cluster.pods()).toHaveLength(0);
    expect(cluster.list('v1', 'persistentvolumeclaims')).toHaveLength(2);
  });

  it('scales down from the highest ordinal, one at a time', () => {
    const cluster = start(web());
    cluster.patch('apps/v1', 'statefulsets', 'web', { spec: { replicas: 1 } });
    cluster.pass(100);
    expect(
      cluster
        .pods()
        .filter(({ metadata }) => metadata.deletionTimestamp)
        .map(({ metadata }) => metadata.name),
    ).toEqual(['web-2']);
    cluster.pass(3000);
    expect(names(cluster)).toEqual(['web-0']);
    expect(cluster.events('SuccessfulDelete')).toEqual([
      'delete Pod web-2 in StatefulSet web successful',
      'delete Pod web-1 in StatefulSet web successful',
    ]);
  });

  it('updates from the highest ordinal down to the partition', () => {
    const cluster = start(web({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } }));
    setImage(cluster, 'statefulsets', 'web', 'nginx:1.28');
    cluster.pass(10_000);
    const images = () => cluster.pods().map(({ spec }) => spec?.containers[0].image);
    expect(images()).toEqual(['nginx:1.27', 'nginx:1.28', 'nginx:1.28']);
    expect(get(cluster).status).toMatchObject({ currentReplicas: 1, updatedReplicas: 2 });
    cluster.patch('apps/v1', 'statefulsets', 'web', { spec: { updateStrategy: { rollingUpdate: { partition: 0 } } } });
    cluster.pass(10_000);
    expect(images()).toEqual(['nginx:1.28', 'nginx:1.28', 'nginx:1.28']);
    expect(get(cluster).status?.currentRevision).toBe(get(cluster).status?.updateRevision);
  });
});

describe('a DaemonSet', () => {
  const agent = (podSpec: object = {}, spec: object = {}) => ({
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'agent', namespace: 'default' },
    spec: { selector: { matchLabels: { app: 'agent' } }, template: template({ app: 'agent' }, podSpec), ...spec },
  });
  const nodes = (cluster: TestCluster) =>
    cluster
      .pods()
      .map(({ spec }) => spec?.nodeName)
      .sort();

  it('has one Pod on every node that takes it, new nodes included', () => {
    const cluster = start(agent());
    expect(nodes(cluster)).toEqual(['worker-1', 'worker-2']);
    cluster.addNode({ name: 'worker-3' });
    cluster.pass(5000);
    expect(nodes(cluster)).toEqual(['worker-1', 'worker-2', 'worker-3']);
    expect(cluster.get<DaemonSet>('apps/v1', 'daemonsets', 'agent')?.status).toEqual({
      currentNumberScheduled: 3,
      desiredNumberScheduled: 3,
      numberAvailable: 3,
      numberMisscheduled: 0,
      numberReady: 3,
      observedGeneration: 1,
      updatedNumberScheduled: 3,
    });
  });

  it('goes onto tainted nodes when it tolerates the taint, and stays on cordoned ones', () => {
    const cluster = start(agent({ tolerations: [{ operator: 'Exists' }] }));
    expect(nodes(cluster)).toEqual(['cp-1', 'worker-1', 'worker-2']);
    cluster.admin.of('v1', 'nodes', false).patch('', 'worker-1', 'merge', { spec: { unschedulable: true } });
    cluster.pass(3000);
    expect(nodes(cluster)).toEqual(['cp-1', 'worker-1', 'worker-2']);
  });

  it('follows the labels of nodes', () => {
    const cluster = start(agent({ nodeSelector: { ssd: 'true' } }));
    expect(nodes(cluster)).toEqual([]);
    const label = (value: string | null) =>
      cluster.admin.of('v1', 'nodes', false).patch('', 'worker-2', 'merge', { metadata: { labels: { ssd: value } } });
    label('true');
    cluster.pass(3000);
    expect(nodes(cluster)).toEqual(['worker-2']);
    label(null);
    cluster.pass(3000);
    expect(nodes(cluster)).toEqual([]);
  });

  it('replaces its Pods node by node when the template changes', () => {
    const cluster = start(agent());
    setImage(cluster, 'daemonsets', 'agent', 'nginx:1.28');
    cluster.pass(100);
    expect(cluster.pods().filter(({ metadata }) => metadata.deletionTimestamp)).toHaveLength(1);
    cluster.pass(10_000);
    expect(cluster.pods().map(({ spec }) => spec?.containers[0].image)).toEqual(['nginx:1.28', 'nginx:1.28']);
  });

  it('with surge starts the new Pod before the old one goes', () => {
    const cluster = start(
      agent({}, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } }),
    );
    setImage(cluster, 'daemonsets', 'agent', 'nginx:1.28');
    cluster.pass(100);
    expect(cluster.pods()).toHaveLength(3);
    expect(cluster.pods().every(({ metadata }) => !metadata.deletionTimestamp)).toBe(true);
    cluster.pass(10_000);
    expect(cluster.pods().map(({ spec }) => spec?.containers[0].image)).toEqual(['nginx:1.28', 'nginx:1.28']);
  });
});

describe('a Job', () => {
  const job = (spec: object = {}, podSpec: object = {}) => ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'report', namespace: 'default' },
    spec: {
      template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'busybox' }], ...podSpec } },
      ...spec,
    },
  });
  const get = (cluster: TestCluster) => cluster.get<Job>('batch/v1', 'jobs', 'report') as Job;
  const running = (cluster: TestCluster) => cluster.pods().filter(({ status }) => status?.phase === 'Running');
  const conditions = (cluster: TestCluster) =>
    (get(cluster).status?.conditions ?? []).map(({ type, reason }) => `${type} ${reason}`);

  it('runs Pods in parallel until enough have succeeded', () => {
    const cluster = start(job({ completions: 3, parallelism: 2 }));
    expect(get(cluster).status).toMatchObject({ active: 2, ready: 2 });
    for (const one of running(cluster)) finish(cluster, one, 0);
    cluster.pass(5000);
    expect(get(cluster).status).toMatchObject({ active: 1, succeeded: 2 });
    for (const one of running(cluster)) finish(cluster, one, 0);
    cluster.pass(5000);
    expect(get(cluster).status).toMatchObject({ succeeded: 3, ready: 0, terminating: 0, uncountedTerminatedPods: {} });
    expect(get(cluster).status?.completionTime).toBeDefined();
    expect(conditions(cluster)).toEqual(['SuccessCriteriaMet CompletionsReached', 'Complete CompletionsReached']);
    expect(cluster.events('Completed')).toEqual(['Job completed']);
    expect(cluster.pods().every(({ metadata }) => !metadata.finalizers?.length)).toBe(true);
  });

  it('replaces failed Pods after a growing delay, and fails beyond its limit', () => {
    const cluster = start(job({ backoffLimit: 1 }));
    finish(cluster, running(cluster)[0], 3);
    cluster.pass(5000);
    expect(running(cluster)).toHaveLength(0);
    expect(get(cluster).status).toMatchObject({ failed: 1 });
    cluster.pass(10_000);
    expect(running(cluster)).toHaveLength(1);
    finish(cluster, running(cluster)[0], 3);
    cluster.pass(5000);
    expect(conditions(cluster)).toEqual(['FailureTarget BackoffLimitExceeded', 'Failed BackoffLimitExceeded']);
    expect(get(cluster).status).toMatchObject({ failed: 2, ready: 0 });
    expect(cluster.events('BackoffLimitExceeded')).toEqual(['Job has reached the specified backoff limit']);
  });

  it('ends at its deadline, with its Pods', () => {
    const cluster = start(job({ activeDeadlineSeconds: 30 }));
    cluster.pass(30_000);
    expect(conditions(cluster)).toContain('Failed DeadlineExceeded');
    expect(cluster.pods()).toHaveLength(0);
  });

  it('did not announce its end before v1.31', () => {
    const cluster = new TestCluster({ version: 'v1.28.4' });
    cluster.pass(1000);
    cluster.create(job({ activeDeadlineSeconds: 30 }));
    cluster.pass(40_000);
    expect(conditions(cluster)).toEqual(['Failed DeadlineExceeded']);
  });

  it('gives indexed Pods their number', () => {
    const cluster = start(job({ completions: 3, parallelism: 3, completionMode: 'Indexed' }));
    const [first] = cluster.pods();
    expect(first.metadata.name).toMatch(/^report-0-\w{5}$/);
    expect(first.metadata.annotations?.['batch.kubernetes.io/job-completion-index']).toBe('0');
    expect(first.spec?.hostname).toBe('report-0');
    expect(first.spec?.containers[0].env?.map(({ name }) => name)).toEqual(['JOB_COMPLETION_INDEX']);
    for (const one of running(cluster)) finish(cluster, one, 0);
    cluster.pass(5000);
    expect(get(cluster).status).toMatchObject({ succeeded: 3, completedIndexes: '0-2' });
  });

  it('fails at once when a rule on exit codes says so', () => {
    const rules = [{ action: 'FailJob', onExitCodes: { containerName: 'main', operator: 'In', values: [42] } }];
    const cluster = start(job({ podFailurePolicy: { rules } }));
    const [one] = running(cluster);
    finish(cluster, one, 42);
    cluster.pass(5000);
    expect(get(cluster).status?.conditions?.find(({ type }) => type === 'Failed')).toMatchObject({
      reason: 'PodFailurePolicy',
      message: `Container main for pod default/${one.metadata.name} failed with exit code 42 matching FailJob rule at index 0`,
    });
  });

  it('succeeds early when its success policy is met', () => {
    const rules = [{ succeededIndexes: '0,2', succeededCount: 1 }];
    const cluster = start(job({ completions: 3, parallelism: 3, completionMode: 'Indexed', successPolicy: { rules } }));
    finish(cluster, running(cluster)[2], 0);
    cluster.pass(5000);
    expect(conditions(cluster)).toEqual(['SuccessCriteriaMet SuccessPolicy', 'Complete SuccessPolicy']);
  });

  it('has no Pods while it is suspended', () => {
    const cluster = start(job({ suspend: true }));
    expect(cluster.pods()).toHaveLength(0);
    expect(conditions(cluster)).toEqual(['Suspended JobSuspended']);
    cluster.patch('batch/v1', 'jobs', 'report', { spec: { suspend: false } });
    cluster.pass(3000);
    expect(running(cluster)).toHaveLength(1);
  });

  it('is deleted some time after it ended when it says so', () => {
    const cluster = start(job({ ttlSecondsAfterFinished: 60 }));
    finish(cluster, running(cluster)[0], 0);
    cluster.pass(30_000);
    expect(get(cluster)).toBeDefined();
    cluster.pass(40_000);
    expect(get(cluster)).toBeUndefined();
    expect(cluster.pods()).toHaveLength(0);
  });
});

describe('a CronJob', () => {
  const tick = (spec: object = {}) => ({
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'tick', namespace: 'default' },
    spec: {
      schedule: '* * * * *',
      jobTemplate: {
        spec: { template: { spec: { restartPolicy: 'OnFailure', containers: [{ name: 'main', image: 'busybox' }] } } },
      },
      ...spec,
    },
  });
  const jobs = (cluster: TestCluster) => cluster.list<Job>('batch/v1', 'jobs');

  it('starts a Job at each time of its schedule, named after the minute', () => {
    const cluster = start(tick());
    cluster.pass(60_000);
    const minute = Date.UTC(2026, 0, 5, 9, 1) / 60_000;
    expect(jobs(cluster).map(({ metadata }) => metadata.name)).toEqual([`tick-${minute}`]);
    const cron = cluster.get<CronJob>('batch/v1', 'cronjobs', 'tick') as CronJob;
    expect(cron.status?.lastScheduleTime).toBe('2026-01-05T09:01:00Z');
    expect(cron.status?.active).toHaveLength(1);
    finish(cluster, cluster.pods()[0], 0);
    cluster.pass(3000);
    expect(cluster.events('SawCompletedJob')).toEqual([`Saw completed job: tick-${minute}, condition: Complete`]);
    expect(cluster.get<CronJob>('batch/v1', 'cronjobs', 'tick')?.status?.active).toBeUndefined();
  });

  it('keeps three successful Jobs', () => {
    const cluster = start(tick());
    for (let i = 0; i < 6; i++) {
      cluster.pass(60_000);
      for (const one of cluster.pods()) if (one.status?.phase === 'Running') finish(cluster, one, 0);
    }
    cluster.pass(10_000);
    expect(jobs(cluster)).toHaveLength(3);
  });

  it('does not start a second Job beside a running one when that is forbidden', () => {
    const cluster = start(tick({ concurrencyPolicy: 'Forbid' }));
    cluster.pass(130_000);
    expect(jobs(cluster)).toHaveLength(1);
    expect(cluster.events('JobAlreadyActive').length).toBeGreaterThan(0);
  });

  it('replaces a running Job when it is told to, and starts none while suspended', () => {
    const cluster = start(tick({ concurrencyPolicy: 'Replace' }));
    cluster.pass(125_000);
    expect(jobs(cluster)).toHaveLength(1);
    expect(jobs(cluster)[0].metadata.name).toBe(`tick-${Date.UTC(2026, 0, 5, 9, 2) / 60_000}`);
    cluster.patch('batch/v1', 'cronjobs', 'tick', { spec: { suspend: true } });
    cluster.pass(130_000);
    expect(jobs(cluster)).toHaveLength(1);
  });
});

describe('a PodDisruptionBudget', () => {
  it('says how many Pods may go', () => {
    const selector = { matchLabels: { app: 'web' } };
    const cluster = start(pod('a', {}, { labels: { app: 'web' } }), pod('b', {}, { labels: { app: 'web' } }), {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'web', namespace: 'default' },
      spec: { minAvailable: 1, selector },
    });
    const status = () => cluster.get<PodDisruptionBudget>('policy/v1', 'poddisruptionbudgets', 'web')?.status;
    expect(status()).toMatchObject({ currentHealthy: 2, desiredHealthy: 1, disruptionsAllowed: 1, expectedPods: 2 });
    expect(status()?.conditions).toMatchObject([
      { type: 'DisruptionAllowed', status: 'True', reason: 'SufficientPods' },
    ]);
    cluster.setReady(cluster.get<Pod>('v1', 'pods', 'a') as Pod, false);
    cluster.pass(1000);
    expect(status()).toMatchObject({ currentHealthy: 1, disruptionsAllowed: 0 });
    expect(status()?.conditions?.[0].reason).toBe('InsufficientPods');
  });

  const budget = (name: string, spec: object) => ({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name, namespace: 'default' },
    spec,
  });
  const statusOf = (cluster: TestCluster, name: string) =>
    cluster.get<PodDisruptionBudget>('policy/v1', 'poddisruptionbudgets', name)?.status;

  it('cannot count Pods without a controller as a share, and says so', () => {
    const selector = { matchLabels: { app: 'web' } };
    const cluster = start(pod('a', {}, { labels: { app: 'web' } }), budget('web', { maxUnavailable: 1, selector }));
    expect(statusOf(cluster, 'web')).toMatchObject({ currentHealthy: 1, expectedPods: 0, disruptionsAllowed: 0 });
    expect(cluster.events('UnmanagedPods')[0]).toContain(
      'Pods selected by this PodDisruptionBudget (selector: &LabelSelector{MatchLabels:map[string]string{app: web,},MatchExpressions:[]LabelSelectorRequirement{},}) were found to be unmanaged.',
    );
  });

  it('cannot ask a Job for its size', () => {
    const job = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'j', namespace: 'default' },
      spec: { template: template({ app: 'j' }, { restartPolicy: 'Never' }) },
    };
    const cluster = start(job, budget('j', { minAvailable: '50%', selector: { matchLabels: { app: 'j' } } }));
    cluster.pass(1000);
    const message = 'jobs.batch does not implement the scale subresource';
    expect(statusOf(cluster, 'j')?.conditions).toMatchObject([{ status: 'False', reason: 'SyncFailed', message }]);
    expect(cluster.events('CalculateExpectedPodCountFailed')[0]).toBe(
      `Failed to calculate the number of expected pods: ${message}`,
    );
  });

  it('takes back the announcement of a disruption that did not happen', () => {
    const selector = { matchLabels: { app: 'web' } };
    const cluster = start(pod('a', {}, { labels: { app: 'web' } }), budget('web', { minAvailable: 0, selector }));
    const conditions = (cluster.get<Pod>('v1', 'pods', 'a') as Pod).status?.conditions ?? [];
    const lastTransitionTime = new Date(cluster.sim.now).toISOString().slice(0, 19) + 'Z';
    const announced = { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', lastTransitionTime };
    cluster.patch('v1', 'pods', 'a', { status: { conditions: [...conditions, announced] } }, 'status');
    const target = () =>
      cluster.get<Pod>('v1', 'pods', 'a')?.status?.conditions?.find((c) => c.type === announced.type);
    cluster.pass(119_000);
    expect(target()?.status).toBe('True');
    cluster.pass(3000);
    expect(target()?.status).toBe('False');
  });
});
