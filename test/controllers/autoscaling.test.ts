// HorizontalPodAutoscaler: what it makes of the metrics that are served, how fast, and what it says where it cannot.

import { describe, expect, test } from 'vitest';
import { deployment, TestCluster } from './cluster.ts';
import { serveMetrics, usageOf } from '../../engine/metrics/metrics-api.ts';
import { timestamp } from '../../engine/client/index.ts';
import type { Deployment, HorizontalPodAutoscaler, Pod } from '../../engine/api/types.ts';

class Autoscaled extends TestCluster {
  /** Millicores that all Pods of `web` use together. */
  load = 0;
  /** Pods that tell no metrics. */
  mute = new Set<string>();

  constructor() {
    super();
    this.pass(1000);
  }

  serve(): () => void {
    const common = () => ({ apiVersion: 'metrics.k8s.io/v1beta1', timestamp: timestamp(this.sim.now), window: '15s' });
    return serveMetrics(this.api, {
      nodes: () => [],
      pods: (namespace) => {
        const pods = this.pods(namespace).filter(({ status }) => status?.phase === 'Running');
        return pods
          .filter(({ metadata }) => !this.mute.has(metadata.name as string))
          .map(({ metadata: { name, labels } }) => ({
            ...common(),
            kind: 'PodMetrics',
            metadata: { name, namespace, labels },
            containers: [{ name: 'nginx', usage: usageOf(this.load / pods.length, 1048576) }],
          }));
      },
    });
  }

  web(replicas = 1, cpu: string | undefined = '200m') {
    const resources = cpu ? { requests: { cpu } } : {};
    this.create(deployment('web', replicas, {}, { containers: [{ name: 'nginx', image: 'nginx:1.27', resources }] }));
  }

  autoscale(spec: object = {}) {
    this.create({
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'web', namespace: 'default' },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        minReplicas: 1,
        maxReplicas: 10,
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
        ],
        ...spec,
      },
    });
  }

  get replicas(): number {
    return this.get<Deployment>('apps/v1', 'deployments', 'web')?.spec?.replicas ?? 0;
  }

  get status() {
    return this.get<HorizontalPodAutoscaler>('autoscaling/v2', 'horizontalpodautoscalers', 'web')?.status;
  }

  condition(type: string) {
    const { status, reason, message } = this.status?.conditions?.find((one) => one.type === type) ?? {};
    return `${status} ${reason}: ${message}`;
  }

  seconds(n: number) {
    this.pass(n * 1000);
  }
}

describe('an autoscaler', () => {
  test('adds replicas until each uses what it should', () => {
    const cluster = new Autoscaled();
    cluster.serve();
    cluster.web();
    cluster.load = 500;
    cluster.autoscale();
    cluster.seconds(120);
    // 500m over 100m each.
    expect(cluster.replicas).toBe(5);
    expect(cluster.status).toMatchObject({
      currentReplicas: 5,
      desiredReplicas: 5,
      currentMetrics: [
        { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 50, averageValue: '100m' } } },
      ],
    });
    expect(cluster.events('SuccessfulRescale')).toEqual([
      'New size: 4; reason: cpu resource utilization (percentage of request) above target',
      'New size: 5; reason: cpu resource utilization (percentage of request) above target',
    ]);
    expect(cluster.condition('ScalingActive')).toBe(
      'True ValidMetricFound: the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)',
    );
  });

  test('at most doubles, or goes to four, in one step, and says that it was held back', () => {
    const cluster = new Autoscaled();
    cluster.serve();
    cluster.web();
    cluster.load = 100_000;
    cluster.autoscale();
    const seen: number[] = [];
    for (let i = 0; i < 24; i++) {
      cluster.seconds(5);
      if (seen.at(-1) !== cluster.replicas) seen.push(cluster.replicas);
    }
    expect(seen).toEqual([1, 4, 8, 10]);
    expect(cluster.condition('ScalingLimited')).toBe(
      'True TooManyReplicas: the desired replica count is more than the maximum replica count',
    );
  });

  test('takes replicas away only when five minutes called for no more', () => {
    const cluster = new Autoscaled();
    cluster.serve();
    cluster.web();
    cluster.load = 500;
    cluster.autoscale();
    cluster.seconds(120);
    cluster.load = 0;
    cluster.seconds(240);
    expect(cluster.replicas).toBe(5);
    expect(cluster.condition('AbleToScale')).toBe(
      'True ScaleDownStabilized: recent recommendations were higher than current one, applying the highest recent recommendation',
    );
    cluster.seconds(120);
    expect(cluster.replicas).toBe(1);
    expect(cluster.events('SuccessfulRescale').at(-1)).toBe('New size: 1; reason: All metrics below target');
  });

  test('does nothing within ten percent of the target', () => {
    const cluster = new Autoscaled();
    cluster.serve();
    cluster.web(2);
    cluster.load = 216;
    cluster.autoscale();
    cluster.seconds(120);
    expect(cluster.replicas).toBe(2);
    cluster.load = 230;
    cluster.seconds(60);
    expect(cluster.replicas).toBe(3);
  });

  test('keeps to the rates and windows of its behaviour', () => {
    const cluster = new Autoscaled();
    cluster.serve();
    cluster.web();
    cluster.load = 100_000;
    cluster.autoscale({
      behavior: {
        scaleUp: { policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] },
        scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: 'Percent', value: 50, periodSeconds: 60 }] },
      },
    });
    // One at 15 s, and one a minute after.
    cluster.seconds(200);
    expect(cluster.replicas).toBe(5);
    expect(cluster.condition('ScalingLimited')).toBe(
      'True ScaleUpLimit: the desired replica count is increasing faster than the maximum scale rate',
    );
    cluster.load = 0;
    cluster.seconds(35);
    expect(cluster.replicas).toBe(2);
  });

  test('counts Pods without metrics as idle on the way up and as busy on the way down', () => {
    const cluster = new Autoscaled();
    cluster.serve();
    cluster.web(4);
    cluster.seconds(10);
    for (const { metadata } of cluster.pods().slice(0, 2)) cluster.mute.add(metadata.name as string);
    // The two that speak use 125 % of the request, which four would share as 62 %.
    cluster.load = 1000;
    cluster.autoscale();
    cluster.seconds(20);
    expect(cluster.replicas).toBe(5);
  });

  test('stays within its bounds without any metrics', () => {
    const cluster = new Autoscaled();
    cluster.web(1);
    cluster.autoscale({ minReplicas: 3 });
    cluster.seconds(20);
    expect(cluster.replicas).toBe(3);
    expect(cluster.events('SuccessfulRescale')).toEqual([
      'New size: 3; reason: Current number of replicas below Spec.MinReplicas',
    ]);
  });

  test('leaves a target that is scaled to zero alone', () => {
    const cluster = new Autoscaled();
    cluster.web(0);
    cluster.autoscale();
    cluster.seconds(20);
    expect(cluster.replicas).toBe(0);
    expect(cluster.condition('ScalingActive')).toBe(
      'False ScalingDisabled: scaling is disabled since the replica count of the target is zero',
    );
  });
});

describe('what an autoscaler says when it cannot', () => {
  const failing = (prepare: (cluster: Autoscaled) => void, spec: object = {}) => {
    const cluster = new Autoscaled();
    prepare(cluster);
    cluster.autoscale(spec);
    cluster.seconds(40);
    return cluster;
  };

  test('there is no target', () => {
    const cluster = failing(() => {});
    expect(cluster.condition('AbleToScale')).toBe(
      'False FailedGetScale: the HPA controller was unable to get the target\'s current scale: deployments/scale.apps "web" not found',
    );
  });

  test('nobody serves metrics', () => {
    const cluster = failing((one) => one.web());
    const cause =
      'failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)';
    expect(cluster.condition('ScalingActive')).toBe(
      `False FailedGetResourceMetric: the HPA was unable to compute the replica count: ${cause}`,
    );
    expect(cluster.events('FailedComputeMetricsReplicas')[0]).toBe(
      `invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: ${cause}`,
    );
  });

  test('a container requests nothing', () => {
    const cluster = failing((one) => {
      one.serve();
      one.web(1, '');
    });
    const [{ metadata }] = cluster.pods() as [Pod];
    expect(cluster.condition('ScalingActive')).toContain(
      `missing request for cpu in container nginx of Pod ${metadata.name}`,
    );
  });

  test('the metric is of a kind that needs an adapter', () => {
    const metric = { name: 'packets' };
    const target = { type: 'AverageValue', averageValue: '1k' };
    const cluster = failing((one) => one.web(), { metrics: [{ type: 'Pods', pods: { metric, target } }] });
    expect(cluster.condition('ScalingActive')).toBe(
      'False FailedGetPodsMetric: the HPA was unable to compute the replica count: unable to get metric packets: unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered',
    );
  });
});
