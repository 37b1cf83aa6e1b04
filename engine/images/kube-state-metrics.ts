// kube-state-metrics and the cluster-proportional-autoscaler: programs that read the API from a Pod of their own.

import type { KubeObject } from '../api/types.ts';
import type { HttpResponse, Process, Program } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { quantityValue } from '../api/quantity.ts';
import { app, html, text, type Port } from './app.ts';
import { callApi, isFailure, listApi } from './pod-api.ts';
import { clock, flagValue, untilSignal } from './service.ts';
import type { Repository } from './types.ts';
import { plain } from './versions.ts';

/** An object as its metrics are read from it. */
interface Thing extends KubeObject {
  spec?: Record<string, unknown> & { replicas?: number; nodeName?: string; unschedulable?: boolean };
  status?: Record<string, unknown> & {
    phase?: string;
    podIP?: string;
    hostIP?: string;
    replicas?: number;
    conditions?: { type: string; status: string }[];
    containerStatuses?: { name: string; ready: boolean; restartCount: number }[];
    nodeInfo?: Record<string, string>;
  };
}
type Sample = [name: string, labels: Record<string, string>, value: number];

const STATES = ['true', 'false', 'unknown'];
const PHASES = ['Pending', 'Succeeded', 'Failed', 'Unknown', 'Running'];
/** The replica counts of a kind's status under the names of the metrics. */
const counts =
  (kind: string, fields: Record<string, string>) =>
  (thing: Thing, labels: Record<string, string>): Sample[] =>
    Object.keys(fields).map((metric) => [
      `kube_${kind}_${metric}`,
      labels,
      Number(thing.status?.[fields[metric]] ?? 0),
    ]);
const wanted =
  (kind: string) =>
  (thing: Thing, labels: Record<string, string>): Sample => [
    `kube_${kind}_spec_replicas`,
    labels,
    thing.spec?.replicas ?? 0,
  ];

const deployment = counts('deployment', {
  status_replicas: 'replicas',
  status_replicas_ready: 'readyReplicas',
  status_replicas_available: 'availableReplicas',
  status_replicas_unavailable: 'unavailableReplicas',
  status_replicas_updated: 'updatedReplicas',
});
const statefulSet = counts('statefulset', { status_replicas: 'replicas', status_replicas_ready: 'readyReplicas' });
const daemonSet = counts('daemonset', {
  status_desired_number_scheduled: 'desiredNumberScheduled',
  status_current_number_scheduled: 'currentNumberScheduled',
  status_number_ready: 'numberReady',
  status_number_unavailable: 'numberUnavailable',
});
const job = counts('job', { status_active: 'active', status_succeeded: 'succeeded', status_failed: 'failed' });

/** What is shown of a resource; `label` is the name of its own label. */
const RESOURCES: { path: string; label: string; of: (thing: Thing, labels: Record<string, string>) => Sample[] }[] = [
  {
    path: '/api/v1/nodes',
    label: 'node',
    of: (thing, labels) => [
      ['kube_node_info', { ...labels, kubelet_version: thing.status?.nodeInfo?.kubeletVersion ?? '' }, 1],
      ['kube_node_spec_unschedulable', labels, thing.spec?.unschedulable ? 1 : 0],
      ...(thing.status?.conditions ?? []).flatMap(({ type, status }) =>
        STATES.map((state): Sample => [
          'kube_node_status_condition',
          { ...labels, condition: type, status: state },
          Number(state === status.toLowerCase()),
        ]),
      ),
    ],
  },
  {
    path: '/api/v1/pods',
    label: 'pod',
    of: (thing, labels) => [
      ['kube_pod_info', { ...labels, pod_ip: thing.status?.podIP ?? '', node: thing.spec?.nodeName ?? '' }, 1],
      ...PHASES.map((phase): Sample => [
        'kube_pod_status_phase',
        { ...labels, phase },
        Number(thing.status?.phase === phase),
      ]),
      ...(thing.status?.containerStatuses ?? []).flatMap(({ name, ready, restartCount }): Sample[] => [
        ['kube_pod_container_status_ready', { ...labels, container: name }, Number(ready)],
        ['kube_pod_container_status_restarts_total', { ...labels, container: name }, restartCount],
      ]),
    ],
  },
  {
    path: '/apis/apps/v1/deployments',
    label: 'deployment',
    of: (thing, labels) => [wanted('deployment')(thing, labels), ...deployment(thing, labels)],
  },
  {
    path: '/apis/apps/v1/replicasets',
    label: 'replicaset',
    of: (thing, labels) => [wanted('replicaset')(thing, labels)],
  },
  {
    path: '/apis/apps/v1/statefulsets',
    label: 'statefulset',
    of: (thing, labels) => [
      ['kube_statefulset_replicas', labels, thing.spec?.replicas ?? 0],
      ...statefulSet(thing, labels),
    ],
  },
  { path: '/apis/apps/v1/daemonsets', label: 'daemonset', of: daemonSet },
  { path: '/apis/batch/v1/jobs', label: 'job_name', of: job },
  {
    path: '/api/v1/namespaces',
    label: 'namespace',
    of: ({ status }, labels) => [['kube_namespace_status_phase', { ...labels, phase: status?.phase ?? '' }, 1]],
  },
  {
    path: '/api/v1/services',
    label: 'service',
    of: ({ spec }, labels) => [['kube_service_info', { ...labels, cluster_ip: String(spec?.clusterIP ?? '') }, 1]],
  },
  {
    path: '/api/v1/persistentvolumeclaims',
    label: 'persistentvolumeclaim',
    of: ({ status }, labels) => [
      ['kube_persistentvolumeclaim_status_phase', { ...labels, phase: status?.phase ?? '' }, 1],
    ],
  },
];

/** All metrics as text, those of one name together; what may not be read is said in the log and left out. */
function* metrics(process: Process): Co<HttpResponse> {
  const byName = new Map<string, string[]>();
  for (const { path, label, of } of RESOURCES) {
    const things = yield* listApi<Thing>(process, path);
    if (isFailure(things)) {
      process.stderr.write(
        `${clock(process).klog.replace('I', 'E')}       1 reflector.go:166] "Unhandled Error" err="failed to list ${path}: ${things.message}"\n`,
      );
      continue;
    }
    for (const thing of things) {
      const { name, namespace } = thing.metadata;
      const own = { ...(namespace ? { namespace } : {}), [label]: name as string };
      for (const [metric, labels, value] of of(thing, own)) {
        const written = Object.keys(labels)
          .map((key) => `${key}="${labels[key]}"`)
          .join(',');
        let lines = byName.get(metric);
        if (!lines) byName.set(metric, (lines = [`# TYPE ${metric} gauge\n`]));
        lines.push(`${metric}{${written}} ${value}\n`);
      }
    }
  }
  return text([...byName.values()].map((lines) => lines.join('')).join(''));
}

const kubeStateMetrics = (version: string): Program =>
  app(
    {
      ports: ({ argv }): Port[] => [
        {
          port: Number(flagValue(argv, '--port') ?? 8080),
          http: {
            '/': html('Kube Metrics Server'),
            '/metrics': (_request, process) => metrics(process),
            '/healthz': 'OK',
            '/livez': 'OK',
          },
        },
        {
          port: Number(flagValue(argv, '--telemetry-port') ?? 8081),
          http: {
            '/': html('Kube-State-Metrics Metrics Server'),
            '/readyz': 'OK',
            '/metrics': `kube_state_metrics_build_info{version="${version}"} 1\n`,
          },
        },
      ],
      stream: 'stderr',
      start: '{klog}       1 server.go:93] "Starting kube-state-metrics"\n',
      ready: '{klog}       1 server.go:310] "Started metrics server" metricsServerAddress="[::]:{port}"\n',
    },
    version,
  );

// ---- cluster-proportional-autoscaler ----------------------------------------------------------------------------

interface Linear {
  coresPerReplica?: number;
  nodesPerReplica?: number;
  min?: number;
  max?: number;
  preventSinglePointFailure?: boolean;
  includeUnschedulableNodes?: boolean;
}

const POLL = 10_000;

/** Keeps a workload's replicas in proportion to the cluster: the `linear` mode of its ConfigMap. */
const proportional: Program = function* (process): Co<number> {
  const flag = (name: string) => flagValue(process.argv, `--${name}`) ?? '';
  const log = (line: string, level = 'I') =>
    process.stderr.write(`${clock(process).klog.replace('I', level)}       1 ${line}\n`);
  const [kind = '', name = ''] = flag('target').toLowerCase().split('/');
  const plural: Record<string, string> = {
    deployment: 'deployments',
    replicaset: 'replicasets',
    replicationcontroller: 'replicationcontrollers',
  };
  const space = `namespaces/${flag('namespace')}`;
  if (!plural[kind] || !flag('configmap')) {
    log(
      'main.go:40] --target must be deployment/*, replicationcontroller/* or replicaset/*, --configmap must be set',
      'F',
    );
    return 255;
  }
  const target = `/${kind === 'replicationcontroller' ? 'api/v1' : 'apis/apps/v1'}/${space}/${plural[kind]}/${name}/scale`;
  const params = `/api/v1/${space}/configmaps`;
  let stopping = false;
  const ended = (function* (): Co {
    yield* untilSignal(process);
    stopping = true;
  })();
  const waiting = process.host.sim.spawn('cluster-proportional-autoscaler', ended);
  while (!stopping) {
    const result = yield* adjust();
    if (result) log(`autoscaler_server.go:150] ${result}`, 'E');
    yield { signals: [waiting.exited], timeout: POLL };
  }
  return 0;

  function* adjust(): Co<string | undefined> {
    let map = yield* callApi<{ kind: string; data?: Record<string, string> }>(
      process,
      'GET',
      `${params}/${flag('configmap')}`,
    );
    const defaults = flag('default-params');
    if (isFailure(map) && map.code === 404 && defaults) {
      const parsed = JSON.parse(defaults) as Record<string, unknown>;
      const data = Object.fromEntries(Object.keys(parsed).map((key) => [key, JSON.stringify(parsed[key])]));
      map = yield* callApi(process, 'POST', params, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: flag('configmap') },
        data,
      });
    }
    if (isFailure(map)) return map.message;
    if (!map.data?.linear) return 'only the linear mode is modelled by this engine';
    const linear = JSON.parse(map.data.linear) as Linear;
    const nodes = yield* listApi<Thing>(process, '/api/v1/nodes');
    if (isFailure(nodes)) return nodes.message;
    const usable = nodes.filter(({ spec }) => linear.includeUnschedulableNodes || !spec?.unschedulable);
    const cores = usable.reduce(
      (sum, { status }) => sum + quantityValue((status?.capacity as { cpu?: string } | undefined)?.cpu ?? '0'),
      0,
    );
    const share = (count: number, per?: number) => (per ? Math.ceil(count / per) : 0);
    let replicas = Math.max(share(cores, linear.coresPerReplica), share(usable.length, linear.nodesPerReplica));
    if (linear.preventSinglePointFailure && usable.length > 1) replicas = Math.max(2, replicas);
    replicas = Math.max(linear.min ?? 1, Math.min(replicas, linear.max ?? Infinity));
    const scale = yield* callApi<Thing>(process, 'GET', target);
    if (isFailure(scale)) return scale.message;
    if (scale.spec?.replicas === replicas) return undefined;
    log(`k8sclient.go:272] Cluster status: SchedulableNodes[${usable.length}], SchedulableCores[${cores}]`);
    log(
      `k8sclient.go:273] Replicas are not as expected : updating replicas from ${scale.spec?.replicas ?? 0} to ${replicas}`,
    );
    const done = yield* callApi<Thing>(process, 'PUT', target, { ...scale, spec: { replicas } });
    return isFailure(done) ? done.message : undefined;
  }
};

export const apiReaderRepositories: Repository[] = [
  {
    names: ['registry.k8s.io/kube-state-metrics/kube-state-metrics', 'quay.io/coreos/kube-state-metrics'],
    tags: () =>
      plain(
        'v1.9.8',
        'v2.0.0',
        'v2.2.4',
        'v2.4.2',
        'v2.6.0',
        'v2.8.2',
        'v2.10.1',
        'v2.12.0',
        'v2.13.0',
        'v2.14.0',
        'v2.15.0',
        'v2.16.0',
        'v2.17.0',
      ),
    size: 14_500_000,
    user: '65534',
    entrypoint: ['/kube-state-metrics'],
    exposedPorts: ['8080/tcp', '8081/tcp'],
    memory: 22_000_000,
    versionedPrograms: (version) => ({ '/kube-state-metrics': kubeStateMetrics(version) }),
  },
  {
    names: ['registry.k8s.io/cpa/cluster-proportional-autoscaler', 'registry.k8s.io/cluster-proportional-autoscaler'],
    tags: () => plain('1.1.2', '1.8.1', '1.8.3', '1.8.4', 'v1.8.8', 'v1.8.9', 'v1.9.0', 'v1.10.2'),
    size: 14_000_000,
    entrypoint: ['/cluster-proportional-autoscaler'],
    programs: { '/cluster-proportional-autoscaler': proportional },
    memory: 12_000_000,
  },
];
