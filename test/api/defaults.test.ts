import { describe, expect, test } from 'vitest';
import { deploymentBody, deployments, podBody, pods, prepare, resource, scheme } from './kit.ts';

const specOf = (path: string, spec: object) => prepare(resource(path), { metadata: { name: 'x' }, spec }).spec;

describe('Pods', () => {
  test('policies, grace period and an empty security context', () => {
    expect(prepare(pods, podBody()).spec).toEqual({
      containers: [
        {
          name: 'c',
          image: 'nginx',
          resources: {},
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
          imagePullPolicy: 'Always',
        },
      ],
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      securityContext: {},
      schedulerName: 'default-scheduler',
      enableServiceLinks: true,
    });
  });

  test.each([
    ['nginx', 'Always'],
    ['nginx:latest', 'Always'],
    ['nginx:1.27', 'IfNotPresent'],
    ['reg:5000/x', 'Always'],
    ['reg:5000/x:v1', 'IfNotPresent'],
    ['nginx@sha256:0000', 'IfNotPresent'],
  ])('%s is pulled %s', (image, policy) => {
    expect(prepare(pods, podBody({ containers: [{ name: 'c', image }] })).spec.containers[0].imagePullPolicy).toBe(
      policy,
    );
  });

  test('limits stand in for missing requests', () => {
    const resources = { limits: { cpu: '1', memory: '64Mi' }, requests: { cpu: '100m' } };
    const spec = prepare(pods, podBody({ containers: [{ name: 'c', image: 'x', resources }] })).spec;
    expect(spec.containers[0].resources.requests).toEqual({ cpu: '100m', memory: '64Mi' });
  });

  test('amounts finer than a thousandth are rounded up', () => {
    const resources = { limits: { cpu: '1200u', memory: '400m' }, requests: { cpu: '500u' } };
    const spec = prepare(pods, podBody({ containers: [{ name: 'c', image: 'x', resources }] })).spec;
    expect(spec.containers[0].resources).toEqual({
      limits: { cpu: '2m', memory: '400m' },
      requests: { cpu: '1m', memory: '400m' },
    });
  });

  test('probes, volumes and downward API references', () => {
    const spec = prepare(
      pods,
      podBody({
        containers: [
          {
            name: 'c',
            image: 'x',
            livenessProbe: { httpGet: { port: 80 } },
            env: [{ name: 'N', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
          },
        ],
        volumes: [{ name: 'a' }, { name: 'b', configMap: { name: 'x' } }, { name: 'c', hostPath: { path: '/x' } }],
      }),
    ).spec;
    expect(spec.containers[0].livenessProbe).toEqual({
      httpGet: { path: '/', port: 80, scheme: 'HTTP' },
      timeoutSeconds: 1,
      periodSeconds: 10,
      successThreshold: 1,
      failureThreshold: 3,
    });
    expect(spec.containers[0].env[0].valueFrom.fieldRef.apiVersion).toBe('v1');
    expect(spec.volumes).toEqual([
      { name: 'a', emptyDir: {} },
      { name: 'b', configMap: { name: 'x', defaultMode: 420 } },
      { name: 'c', hostPath: { path: '/x', type: '' } },
    ]);
  });

  test('with hostNetwork container ports are host ports', () => {
    const ports = [{ containerPort: 80 }];
    const spec = prepare(pods, podBody({ hostNetwork: true, containers: [{ name: 'c', image: 'x', ports }] })).spec;
    expect(spec.containers[0].ports).toEqual([{ containerPort: 80, hostPort: 80, protocol: 'TCP' }]);
  });

  test('an object with all its defaults comes back as it is', () => {
    const pod = prepare(pods, podBody());
    expect(scheme.applyDefaults(pods, pod)).toBe(pod);
    const deployment = prepare(deployments, deploymentBody());
    expect(scheme.applyDefaults(deployments, deployment)).toBe(deployment);
  });

  test('status starts with phase and class, whatever was sent', () => {
    const body = { ...(podBody() as object), status: { phase: 'Running' } };
    expect(prepare(pods, body).status).toEqual({ phase: 'Pending', qosClass: 'BestEffort' });
    const resources = { limits: { cpu: '1', memory: '64Mi' } };
    expect(prepare(pods, podBody({ containers: [{ name: 'c', image: 'x', resources }] })).status.qosClass).toBe(
      'Guaranteed',
    );
  });
});

describe('workloads', () => {
  test('Deployments', () => {
    const deployment = prepare(deployments, deploymentBody());
    expect(deployment.spec).toMatchObject({
      replicas: 1,
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
    });
    expect(deployment.spec.template.spec).not.toHaveProperty('enableServiceLinks');
    expect(deployment.metadata.generation).toBe(1);
    expect(deployment.status).toEqual({});
  });

  test('Jobs: one Pod, or a queue when only parallelism is given', () => {
    expect(specOf('batch/v1/jobs', {})).toMatchObject({
      completions: 1,
      parallelism: 1,
      backoffLimit: 6,
      completionMode: 'NonIndexed',
    });
    const queue = specOf('batch/v1/jobs', { parallelism: 3 });
    expect(queue).toMatchObject({ parallelism: 3 });
    expect(queue).not.toHaveProperty('completions');
  });

  test('Jobs select by their uid', () => {
    const job = prepare(resource('batch/v1/jobs'), { metadata: { name: 'j' }, spec: { template: {} } });
    expect(job.spec.selector).toEqual({ matchLabels: { 'batch.kubernetes.io/controller-uid': 'u-1' } });
    expect(job.spec.template.metadata.labels).toMatchObject({
      'job-name': 'j',
      'batch.kubernetes.io/controller-uid': 'u-1',
    });
  });

  test('CronJobs, StatefulSets, DaemonSets', () => {
    expect(specOf('batch/v1/cronjobs', {})).toMatchObject({
      concurrencyPolicy: 'Allow',
      suspend: false,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
    });
    expect(specOf('apps/v1/statefulsets', {})).toMatchObject({
      podManagementPolicy: 'OrderedReady',
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    });
    expect(specOf('apps/v1/daemonsets', {})).toMatchObject({
      updateStrategy: { rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
    });
  });

  test('an autoscaler without metrics watches CPU at 80 %', () => {
    const spec = specOf('autoscaling/v2/horizontalpodautoscalers', { maxReplicas: 3 });
    expect(spec).toMatchObject({
      minReplicas: 1,
      metrics: [{ resource: { name: 'cpu', target: { averageUtilization: 80 } } }],
    });
  });
});

describe('the rest', () => {
  test('Services', () => {
    expect(specOf('v1/services', { ports: [{ port: 80 }] })).toMatchObject({
      type: 'ClusterIP',
      sessionAffinity: 'None',
      internalTrafficPolicy: 'Cluster',
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
    });
    expect(specOf('v1/services', { type: 'LoadBalancer', sessionAffinity: 'ClientIP' })).toMatchObject({
      externalTrafficPolicy: 'Cluster',
      allocateLoadBalancerNodePorts: true,
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } },
    });
  });

  test('Secrets are opaque and fold stringData into data', () => {
    const secret = prepare(resource('v1/secrets'), {
      metadata: { name: 's' },
      stringData: { a: 'é' },
      data: { a: 'eA==', c: 'eA==' },
    });
    expect(secret).toMatchObject({ type: 'Opaque', data: { a: 'w6k=', c: 'eA==' } });
    expect(secret).not.toHaveProperty('stringData');
  });

  test('namespaces are labelled with their name and finalized by Kubernetes', () => {
    const namespace = prepare(resource('v1/namespaces'), { metadata: { name: 'n' } });
    expect(namespace.metadata.labels).toEqual({ 'kubernetes.io/metadata.name': 'n' });
    expect(namespace.spec.finalizers).toEqual(['kubernetes']);
    expect(namespace.status).toEqual({ phase: 'Active' });
  });

  test('a limit range fills default from max and request from default', () => {
    expect(specOf('v1/limitranges', { limits: [{ type: 'Container', max: { cpu: '2' } }] }).limits[0]).toEqual({
      type: 'Container',
      max: { cpu: '2' },
      default: { cpu: '2' },
      defaultRequest: { cpu: '2' },
    });
  });

  test('network policies say their direction', () => {
    expect(specOf('networking.k8s.io/v1/networkpolicies', { podSelector: {} }).policyTypes).toEqual(['Ingress']);
    expect(specOf('networking.k8s.io/v1/networkpolicies', { podSelector: {}, egress: [{}] }).policyTypes).toEqual([
      'Ingress',
      'Egress',
    ]);
  });

  test('Nodes keep podCIDR and podCIDRs alike', () => {
    expect(specOf('v1/nodes', { podCIDR: '10.0.0.0/24' })).toEqual({
      podCIDR: '10.0.0.0/24',
      podCIDRs: ['10.0.0.0/24'],
    });
    const node = { metadata: { name: 'n' }, status: { capacity: { cpu: '2' } } };
    expect(prepare(resource('v1/nodes'), node).status).toMatchObject({ allocatable: { cpu: '2' } });
  });

  test.each([
    [{ kind: 'Pod', name: 'p' }, undefined],
    [
      { kind: 'PersistentVolumeClaim', name: 'p' },
      { apiGroup: null, kind: 'PersistentVolumeClaim', name: 'p' },
    ],
  ])('the two data sources of a claim are filled from each other: %j', (dataSource, kept) => {
    const spec = specOf('v1/persistentvolumeclaims', { dataSource });
    expect([spec.dataSource, spec.dataSourceRef]).toEqual([kept, kept]);
  });

  test('a limit range without a name and the secrets of a service account', () => {
    const secrets = [{ name: 's', namespace: 'other', kind: 'Secret' }];
    expect(prepare(resource('v1/serviceaccounts'), { metadata: { name: 'a' }, secrets }).secrets).toEqual([
      { name: 's' },
    ]);
    expect(specOf('v1/limitranges', { limits: [{ type: 'Container' }, { min: { cpu: '1' } }] }).limits).toHaveLength(2);
  });
});
