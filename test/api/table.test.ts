import { describe, expect, test } from 'vitest';
import { NOW, deploymentBody, deployments, podBody, pods, prepare, resource, scheme } from './kit.ts';

const row = (info: typeof pods, object: object) => scheme.table(info, [object as never], NOW).rows[0].cells;

/** Ready, status and restarts of a Pod with that status. */
function podCells(status: object, spec: object = {}, meta: object = {}): unknown[] {
  const pod = prepare(pods, podBody(spec));
  return row(pods, { ...pod, metadata: { ...pod.metadata, ...meta }, status }).slice(1, 4);
}

const running = { name: 'c', ready: true, restartCount: 0, state: { running: {} } };

describe('the status of a Pod', () => {
  test.each([
    ['pending', { phase: 'Pending' }, ['0/1', 'Pending', '0']],
    ['running', { phase: 'Running', containerStatuses: [running] }, ['1/1', 'Running', '0']],
    [
      'in a crash loop',
      {
        phase: 'Running',
        containerStatuses: [
          {
            name: 'c',
            ready: false,
            restartCount: 4,
            state: { waiting: { reason: 'CrashLoopBackOff' } },
            lastState: { terminated: { exitCode: 1, finishedAt: '2026-01-05T08:58:00Z' } },
          },
        ],
      },
      ['0/1', 'CrashLoopBackOff', '4 (2m ago)'],
    ],
    [
      'done',
      {
        phase: 'Succeeded',
        containerStatuses: [
          { name: 'c', restartCount: 0, state: { terminated: { exitCode: 0, reason: 'Completed' } } },
        ],
      },
      ['0/1', 'Completed', '0'],
    ],
    [
      'dead without a reason',
      { phase: 'Failed', containerStatuses: [{ name: 'c', restartCount: 0, state: { terminated: { exitCode: 3 } } }] },
      ['0/1', 'ExitCode:3', '0'],
    ],
    [
      'killed by a signal',
      {
        phase: 'Failed',
        containerStatuses: [{ name: 'c', restartCount: 0, state: { terminated: { exitCode: 137, signal: 9 } } }],
      },
      ['0/1', 'Signal:9', '0'],
    ],
    ['evicted', { phase: 'Failed', reason: 'Evicted' }, ['0/1', 'Evicted', '0']],
    [
      'gated',
      { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] },
      ['0/1', 'SchedulingGated', '0'],
    ],
  ])('%s', (_name, status, cells) => {
    expect(podCells(status)).toEqual(cells);
  });

  const inits = {
    initContainers: [
      { name: 'a', image: 'x' },
      { name: 'b', image: 'x' },
    ],
  };

  test('counts finished init containers', () => {
    const initContainerStatuses = [
      { name: 'a', restartCount: 0, state: { terminated: { exitCode: 0 } } },
      { name: 'b', restartCount: 0, state: { running: {} } },
    ];
    expect(podCells({ phase: 'Pending', initContainerStatuses }, inits)).toEqual(['0/1', 'Init:1/2', '0']);
  });

  test('tells why an init container fails', () => {
    const initContainerStatuses = [{ name: 'a', restartCount: 2, state: { waiting: { reason: 'CrashLoopBackOff' } } }];
    expect(podCells({ phase: 'Pending', initContainerStatuses }, inits)).toEqual(['0/1', 'Init:CrashLoopBackOff', '2']);
  });

  test('counts a started sidecar among the containers', () => {
    const initContainerStatuses = [{ name: 'a', ready: true, started: true, restartCount: 1, state: { running: {} } }];
    const spec = { initContainers: [{ name: 'a', image: 'x', restartPolicy: 'Always' }] };
    expect(podCells({ phase: 'Running', initContainerStatuses, containerStatuses: [running] }, spec)).toEqual([
      '2/2',
      'Running',
      '1',
    ]);
  });

  test('is Terminating while it is deleted', () => {
    const meta = { deletionTimestamp: '2026-01-05T09:00:30Z' };
    expect(podCells({ phase: 'Running', containerStatuses: [running] }, {}, meta)).toEqual(['1/1', 'Terminating', '0']);
  });
});

test('wide columns are marked by priority', () => {
  const { columnDefinitions } = scheme.table(pods, [], NOW);
  expect(columnDefinitions.filter((c) => c.priority === 0).map((c) => c.name)).toEqual([
    'Name',
    'Ready',
    'Status',
    'Restarts',
    'Age',
  ]);
  expect(columnDefinitions.at(-1)).toMatchObject({ name: 'Readiness Gates', priority: 1 });
});

test('Deployments', () => {
  const deployment = {
    ...prepare(deployments, deploymentBody({ replicas: 3 })),
    status: { readyReplicas: 2, updatedReplicas: 3, availableReplicas: 2 },
  };
  expect(row(deployments, deployment)).toEqual(['web', '2/3', '3', '2', '5m', 'c', 'nginx:1.27', 'app=web']);
});

test('Services by type', () => {
  const services = resource('v1/services');
  const cells = (spec: object, status = {}) =>
    row(services, { metadata: { name: 's', creationTimestamp: '2026-01-05T08:59:00Z' }, spec, status });
  expect(cells({ type: 'ClusterIP', clusterIP: '10.96.0.5', ports: [{ port: 80, protocol: 'TCP' }] })).toEqual([
    's',
    'ClusterIP',
    '10.96.0.5',
    '<none>',
    '80/TCP',
    '60s',
    '<none>',
  ]);
  expect(
    cells({
      type: 'LoadBalancer',
      clusterIP: '10.96.0.6',
      ports: [{ port: 80, nodePort: 30080, protocol: 'TCP' }],
    }).slice(2, 5),
  ).toEqual(['10.96.0.6', '<pending>', '80:30080/TCP']);
  expect(cells({ type: 'ExternalName', externalName: 'a.b' }).slice(2, 5)).toEqual(['<none>', 'a.b', '<none>']);
});

test('nodes with roles, readiness and cordon', () => {
  const node = {
    metadata: {
      name: 'n',
      labels: { 'node-role.kubernetes.io/control-plane': '' },
      creationTimestamp: '2026-01-05T08:00:00Z',
    },
    spec: { unschedulable: true },
    status: { conditions: [{ type: 'Ready', status: 'True' }], nodeInfo: { kubeletVersion: 'v1.35.0' } },
  };
  expect(row(resource('v1/nodes'), node).slice(0, 5)).toEqual([
    'n',
    'Ready,SchedulingDisabled',
    'control-plane',
    '60m',
    'v1.35.0',
  ]);
});

test('Jobs with completions and duration', () => {
  const job = {
    metadata: { name: 'j', creationTimestamp: '2026-01-05T08:50:00Z' },
    spec: { completions: 3, template: {} },
    status: {
      succeeded: 3,
      startTime: '2026-01-05T08:50:00Z',
      completionTime: '2026-01-05T08:50:25Z',
      conditions: [{ type: 'Complete', status: 'True' }],
    },
  };
  expect(row(resource('batch/v1/jobs'), job).slice(0, 5)).toEqual(['j', 'Complete', '3/3', '25s', '10m']);
});

test('an autoscaler shows what it measures beside what it wants', () => {
  const hpa = {
    metadata: { name: 'h', creationTimestamp: '2026-01-05T08:59:00Z' },
    spec: {
      scaleTargetRef: { kind: 'Deployment', name: 'd' },
      minReplicas: 1,
      maxReplicas: 3,
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
      ],
    },
    status: {},
  };
  expect(row(resource('autoscaling/v2/horizontalpodautoscalers'), hpa).slice(1, 5)).toEqual([
    'Deployment/d',
    'cpu: <unknown>/80%',
    '1',
    3,
  ]);
});

test('finished Pods carry a condition to dim their row by', () => {
  const pod = { ...prepare(pods, podBody()), status: { phase: 'Succeeded' } };
  expect(scheme.table(pods, [pod as never], NOW).rows[0].conditions?.[0]).toMatchObject({
    type: 'Completed',
    reason: 'Succeeded',
  });
});
