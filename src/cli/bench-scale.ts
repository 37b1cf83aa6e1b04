// `kubebook bench`, the part of large clusters: a Deployment that grows step by step until the cluster is nearly full. Each
// step adds as many Pods; whether time per Pod stays flat is what is to be seen.

import { hostCall, nodeEngine, quickjsEngine } from './host.ts';
import { Runner, type EngineHandle } from '../sandbox/runner.ts';

interface Scale {
  name: string;
  nodes: number;
  /** Replicas at the end of each step. */
  steps: number[];
  engines: [string, () => Promise<EngineHandle>][];
  /**
   * Nodes that are only objects of the API: Pods count when they have a node, not when they are ready. The cluster's
   * range of Pod addresses has room for 256 nodes that run.
   */
  hollow?: boolean;
  /** Too long for a run of all cases. */
  onlyByName?: boolean;
}

const steps = (count: number, size: number) => Array.from({ length: count }, (_, i) => (i + 1) * size);

const SCALES: Scale[] = [
  {
    name: 'scale-100-nodes',
    nodes: 100,
    steps: steps(3, 1000),
    engines: [
      ['kubebook-quickjs', quickjsEngine],
      ['kubebook-node', nodeEngine],
    ],
  },
  {
    name: 'scale-1000-nodes',
    nodes: 1000,
    steps: steps(3, 10_000),
    engines: [['kubebook-node', nodeEngine]],
    hollow: true,
    onlyByName: true,
  },
];

const manifest = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 0
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: pause, image: "registry.k8s.io/pause:3.10", resources: {requests: {cpu: 10m, memory: 8Mi}}}]}
`;

export async function benchScale(
  asked: (name: string) => boolean,
  named: (name: string) => boolean,
  record: (name: string, engine: string, values: number[], unit: string) => void,
) {
  for (const { name, nodes, steps: sizes, engines, hollow, onlyByName } of SCALES) {
    if (!(onlyByName ? named(name) : asked(name))) continue;
    for (const [engine, create] of engines) {
      const runner = new Runner(await create(), hostCall);
      runner.boot({ workers: hollow ? 1 : nodes });
      if (hollow) await succeed(runner, 'kubectl cordon worker-1');
      if (hollow) register(runner, nodes);
      runner.writeFile('web.yaml', manifest);
      await succeed(runner, 'kubectl apply -f web.yaml');
      let before = 0;
      for (const size of sizes) {
        if (hollow) beat(runner, nodes);
        const scaled = `kubectl scale deployment/web --replicas=${size}`;
        const began = performance.now();
        if (hollow) await scheduled(runner, scaled, size);
        else await succeed(runner, `${scaled} && kubectl rollout status deployment/web --timeout=1h`);
        const perPod = (performance.now() - began) / (size - before);
        record(`${name}-to-${size.toLocaleString('en')}`, engine, [perPod], 'ms/Pod');
        before = size;
      }
    }
  }
}

const USER = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] };
const NODES = '/api/v1/nodes';

function ask<T>(
  runner: Runner,
  method: string,
  path: string,
  body?: object,
  query?: object,
  type = 'application/json',
) {
  const headers = { 'content-type': type };
  const text = body && JSON.stringify(body);
  const answer = runner.call<{ code: number; body: T }>('request', {
    method,
    path,
    query,
    headers,
    body: text,
    user: USER,
  });
  if (answer.code >= 400) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

const hollowName = (n: number) => `hollow-${n}`;

function register(runner: Runner, count: number) {
  for (let n = 0; n < count; n++) {
    const metadata = { name: hollowName(n), labels: { 'kubernetes.io/hostname': hollowName(n) } };
    ask(runner, 'POST', NODES, { apiVersion: 'v1', kind: 'Node', metadata });
  }
}

/** What a kubelet would say of itself, so that the nodes stay ready. */
function beat(runner: Runner, count: number) {
  const now = new Date(runner.now()).toISOString().slice(0, 19);
  const resources = { cpu: '8', memory: '32Gi', pods: '110' };
  const ready = { type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: `${now}Z` };
  const status = { capacity: resources, allocatable: resources, conditions: [ready] };
  for (let n = 0; n < count; n++)
    ask(runner, 'PATCH', `${NODES}/${hollowName(n)}/status`, { status }, {}, 'application/strategic-merge-patch+json');
}

/** Until all Pods have a node. */
async function scheduled(runner: Runner, command: string, size: number) {
  await succeed(runner, command);
  for (;;) {
    await succeed(runner, 'sleep 1');
    const pods = '/api/v1/namespaces/default/pods';
    interface List {
      items: unknown[];
      metadata: { remainingItemCount?: number };
    }
    const waiting = ask<List>(runner, 'GET', pods, undefined, { fieldSelector: 'spec.nodeName=', limit: '1' });
    if (waiting.items.length) continue;
    const all = ask<List>(runner, 'GET', pods, undefined, { limit: '1' });
    if (all.items.length + (all.metadata.remainingItemCount ?? 0) >= size) return;
  }
}

async function succeed(runner: Runner, command: string) {
  let text = '';
  const { exitCode } = await runner.run(command, { onOutput: (_stream, chunk) => (text += chunk) });
  if (exitCode !== 0) throw new Error(`${command}: exit status ${exitCode}\n${text.slice(-1000)}`);
}
