// What the kubelet's cAdvisor counts, as the kubelet serves it on port 10250: /metrics/resource, /metrics/cadvisor and
// /stats/summary. CPU is the cgroups' time, memory what they hold; network and disks are not counted. And /logs/.

import { timestamp } from '../client/index.ts';
import type { FileSystem } from '../linux/index.ts';
import type { Container } from './container.ts';
import { podSlice } from './pod-slices.ts';
import type { PodWorker } from './pod-worker.ts';
import { DAEMONS } from './usage.ts';

/** What is asked of a kubelet for its figures. */
export interface Counted {
  readonly node: string;
  readonly now: number;
  /** When the machine was started. */
  readonly bootedAt: number;
  /** ms of CPU time that containers had which have ended. */
  readonly spentBefore: number;
  /** Bytes. */
  readonly memory: number;
  readonly workers: Iterable<PodWorker>;
  readonly fs: FileSystem;
}

export interface Figures {
  /** Default 200. */
  code?: number;
  type: string;
  body: string;
}

const TEXT = 'text/plain; version=0.0.4; charset=utf-8';

/** The answer to a path; undefined: the kubelet has no such figures. */
export function figures(path: string, of: Counted): Figures | undefined {
  if (/^\/healthz(\/(ping|log|syncloop))?$/.test(path)) return { type: 'text/plain; charset=utf-8', body: 'ok' };
  if (path === '/pods' || path === '/pods/') {
    const items = [...of.workers].map(({ pod }) => pod);
    return {
      type: 'application/json',
      body: JSON.stringify({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items }),
    };
  }
  if (path === '/runningpods' || path === '/runningpods/')
    return { type: 'application/json', body: JSON.stringify(runningPods(of)) };
  if (path === '/metrics/probes') return { type: TEXT, body: families(probeMetrics(of)) };
  if (path === '/metrics/resource') return { type: TEXT, body: families(resourceMetrics(of), of.now) };
  if (path === '/metrics/cadvisor') return { type: TEXT, body: families(cadvisorMetrics(of), of.now) };
  if (path === '/stats/summary') {
    return { type: 'application/json', body: `${JSON.stringify(summary(of), undefined, 1)}\n` };
  }
  if (/^\/logs(\/|$)/.test(path)) return logFile(path.slice('/logs'.length), of.fs);
  return OTHERS.test(path) ? undefined : MISSING;
}

/** What a kubelet has beside that. */
const OTHERS =
  /^\/(metrics(\/slis)?|stats|spec|debug|containerLogs|exec|attach|portForward|run|cri|checkpoint|flagz|statusz)(\/|$)/;
const MISSING: Figures = { code: 404, type: 'text/plain; charset=utf-8', body: '404 page not found\n' };

/** What the runtime has, without what the API knows of it. */
function runningPods({ workers }: Counted): object {
  const items: object[] = [];
  for (const { pod, uid, records } of workers) {
    const containers: object[] = [];
    records.forEach(({ current }) => {
      if (current?.state === 'running')
        containers.push({ name: current.name, image: current.config.image.reference, resources: {} });
    });
    const { name, namespace } = pod.metadata;
    if (containers.length)
      items.push({ metadata: { name, namespace, uid, creationTimestamp: null }, spec: { containers }, status: {} });
  }
  return { kind: 'PodList', apiVersion: 'v1', metadata: {}, items };
}

function probeMetrics({ workers }: Counted): Family[] {
  const samples: Family['samples'] = [];
  for (const { pod, uid, probes } of workers) {
    const { name = '', namespace = '' } = pod.metadata;
    probes.forEach((of, container) => {
      for (const { kind, result, count } of of.counts()) {
        const type = kind[0].toUpperCase() + kind.slice(1);
        const labels = { container: container.name, namespace, pod: name, pod_uid: uid, probe_type: type, result };
        samples.push({ labels, value: count });
      }
    });
  }
  const help = '[BETA] Cumulative number of a liveness, readiness or startup probe for a container by result.';
  return [counter('prober_probe_total', help, samples)];
}

/** The machine's /var/log as a file server shows it; who asks for a unit's journal with `?query=` gets the list, too. */
function logFile(path: string, fs: FileSystem): Figures {
  const node = fs.find(`/var/log${path}`);
  if (node?.kind === 'file') return { type: 'text/plain; charset=utf-8', body: node.text };
  if (node?.kind !== 'dir') return MISSING;
  const links = fs.readdir(`/var/log${path}`).map((name) => {
    const shown = fs.isDirectory(`/var/log${path}/${name}`) ? `${name}/` : name;
    return `<a href="${shown}">${shown}</a>\n`;
  });
  return {
    type: 'text/html; charset=utf-8',
    body: `<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n${links.join('')}</pre>\n`,
  };
}

interface Running {
  namespace: string;
  pod: string;
  worker: PodWorker;
  container: Container;
}

function running({ workers }: Counted): Running[] {
  const list: Running[] = [];
  for (const worker of workers) {
    const { name = '', namespace = '' } = worker.pod.metadata ?? {};
    worker.records.forEach(({ current: container }) => {
      if (container?.state === 'running') list.push({ namespace, pod: name, worker, container });
    });
  }
  return list;
}

const nodeTime = ({ bootedAt, now, spentBefore }: Counted, list: readonly Running[]) =>
  list.reduce(
    (sum, { container }) => sum + container.cgroup.cpuTime,
    spentBefore + ((now - bootedAt) * DAEMONS.cpuMillis) / 1000,
  );
const nodeMemory = (list: readonly Running[]) =>
  list.reduce((sum, { container }) => sum + container.cgroup.memory, DAEMONS.memoryBytes);

// ---- Prometheus' text ----------------------------------------------------------------------------------------

interface Family {
  name: string;
  help: string;
  type: 'counter' | 'gauge';
  samples: { labels?: Record<string, string>; value: number }[];
}

/** `now`: where each sample says when it was taken. */
function families(list: readonly Family[], now?: number): string {
  let text = '';
  for (const { name, help, type, samples } of list) {
    if (samples.length === 0) continue;
    text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
    for (const { labels = {}, value } of samples) {
      const pairs = Object.keys(labels).map((label) => `${label}=${JSON.stringify(labels[label])}`);
      text += `${name}${pairs.length ? `{${pairs.join(',')}}` : ''} ${number(value)}${now === undefined ? '' : ` ${Math.floor(now)}`}\n`;
    }
  }
  return text;
}

/** As Go's %g: large and small numbers with an exponent of two digits. */
function number(value: number): string {
  const exponent = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  if (exponent >= -4 && exponent < 6) return String(value);
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}

const seconds = (ms: number) => Math.round(ms * 1000) / 1e6;

function resourceMetrics(of: Counted): Family[] {
  const list = running(of);
  const pods = new Map<string, { labels: Record<string, string>; cpu: number; memory: number }>();
  for (const { namespace, pod, container } of list) {
    const key = `${namespace}/${pod}`;
    const sum = pods.get(key) ?? { labels: { namespace, pod }, cpu: 0, memory: 0 };
    pods.set(key, { ...sum, cpu: sum.cpu + container.cgroup.cpuTime, memory: sum.memory + container.cgroup.memory });
  }
  const sums = [...pods.values()];
  const each = (value: (container: Container) => number) =>
    list.map(({ namespace, pod, container }) => ({
      labels: { container: container.name, namespace, pod },
      value: value(container),
    }));
  const cpu = (whose: string) => `[STABLE] Cumulative cpu time consumed by the ${whose} in core-seconds`;
  const memory = (whose: string) => `[STABLE] Current working set of the ${whose} in bytes`;
  return [
    counter('container_cpu_usage_seconds_total', cpu('container'), each(cpuSeconds)),
    gauge('container_memory_working_set_bytes', memory('container'), each(heldBytes)),
    gauge(
      'container_start_time_seconds',
      '[STABLE] Start time of the container since unix epoch in seconds',
      each(({ startedAt }) => startedAt / 1000),
    ),
    counter('node_cpu_usage_seconds_total', cpu('node'), [{ value: seconds(nodeTime(of, list)) }]),
    gauge('node_memory_working_set_bytes', memory('node'), [{ value: nodeMemory(list) }]),
    counter(
      'pod_cpu_usage_seconds_total',
      cpu('pod'),
      sums.map(({ labels, cpu: value }) => ({ labels, value: seconds(value) })),
    ),
    gauge(
      'pod_memory_working_set_bytes',
      memory('pod'),
      sums.map(({ labels, memory: value }) => ({ labels, value })),
    ),
    gauge('resource_scrape_error', '[STABLE] 1 if there was an error while getting container metrics, 0 otherwise', [
      { value: 0 },
    ]),
  ];
}

function cadvisorMetrics(of: Counted): Family[] {
  const list = running(of);
  const each = (value: (container: Container) => number | undefined, more: Record<string, string> = {}) =>
    list.flatMap(({ namespace, pod, worker, container }) => {
      const amount = value(container);
      if (amount === undefined) return [];
      const { id, name, config } = container;
      const labels = {
        container: name,
        ...more,
        id: `${podSlice(worker)}/cri-containerd-${id}.scope`,
        image: config.image.reference,
        name: id,
      };
      return [{ labels: { ...labels, namespace, pod }, value: amount }];
    });
  return [
    counter(
      'container_cpu_cfs_periods_total',
      'Number of elapsed enforcement period intervals.',
      each(({ cgroup }) => (cgroup.limits.cpu === undefined ? undefined : cgroup.throttling.periods)),
    ),
    counter(
      'container_cpu_cfs_throttled_periods_total',
      'Number of throttled period intervals.',
      each(({ cgroup }) => (cgroup.limits.cpu === undefined ? undefined : cgroup.throttling.throttled)),
    ),
    counter(
      'container_cpu_usage_seconds_total',
      'Cumulative cpu time consumed in seconds.',
      each(cpuSeconds, { cpu: 'total' }),
    ),
    gauge('container_memory_working_set_bytes', 'Current working set in bytes.', each(heldBytes)),
    gauge(
      'container_spec_memory_limit_bytes',
      'Memory limit for the container.',
      each(({ cgroup }) => cgroup.limits.memory ?? 0),
    ),
  ];
}

const counter = (name: string, help: string, samples: Family['samples']): Family => ({
  name,
  help,
  type: 'counter',
  samples,
});
const gauge = (name: string, help: string, samples: Family['samples']): Family => ({
  name,
  help,
  type: 'gauge',
  samples,
});
const cpuSeconds = ({ cgroup }: Container) => seconds(cgroup.cpuTime);
const heldBytes = ({ cgroup }: Container) => cgroup.memory;

// ---- /stats/summary ------------------------------------------------------------------------------------------

function summary(of: Counted): object {
  const list = running(of);
  const time = timestamp(of.now);
  const cpu = (millis: number, ms: number) => ({
    time,
    usageNanoCores: millis * 1e6,
    usageCoreNanoSeconds: Math.round(ms * 1e6),
  });
  const memory = (bytes: number) => ({ time, usageBytes: bytes, workingSetBytes: bytes });
  const byWorker = new Map<PodWorker, Container[]>();
  for (const { worker, container } of list) {
    const known = byWorker.get(worker);
    if (known) known.push(container);
    else byWorker.set(worker, [container]);
  }
  const sum = (containers: readonly Container[], value: (container: Container) => number) =>
    containers.reduce((total, container) => total + value(container), 0);
  const millis = ({ cgroup }: Container) => cgroup.cpuMillis;
  const spent = ({ cgroup }: Container) => cgroup.cpuTime;
  const pods = [...byWorker].map(([{ pod, uid }, containers]) => ({
    podRef: { name: pod.metadata?.name, namespace: pod.metadata?.namespace, uid },
    startTime: pod.status?.startTime,
    containers: containers.map((container) => ({
      name: container.name,
      startTime: timestamp(container.startedAt),
      cpu: cpu(millis(container), spent(container)),
      memory: memory(heldBytes(container)),
    })),
    cpu: cpu(sum(containers, millis), sum(containers, spent)),
    memory: memory(sum(containers, heldBytes)),
  }));
  const all = list.map(({ container }) => container);
  const held = nodeMemory(list);
  return {
    node: {
      nodeName: of.node,
      startTime: timestamp(of.bootedAt),
      cpu: cpu(sum(all, millis) + DAEMONS.cpuMillis, nodeTime(of, list)),
      memory: { time, availableBytes: of.memory - held, usageBytes: held, workingSetBytes: held },
    },
    pods,
  };
}
