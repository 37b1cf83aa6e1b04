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
  for (const { name, nodes, steps: sizes, engines, onlyByName } of SCALES) {
    if (!(onlyByName ? named(name) : asked(name))) continue;
    for (const [engine, create] of engines) {
      const runner = new Runner(await create(), hostCall);
      runner.boot({ workers: nodes });
      runner.writeFile('web.yaml', manifest);
      await succeed(runner, 'kubectl apply -f web.yaml');
      let before = 0;
      for (const size of sizes) {
        const began = performance.now();
        await succeed(
          runner,
          `kubectl scale deployment/web --replicas=${size} && kubectl rollout status deployment/web --timeout=1h`,
        );
        const perPod = (performance.now() - began) / (size - before);
        record(`${name}-to-${size.toLocaleString('en')}`, engine, [perPod], 'ms/Pod');
        before = size;
      }
    }
  }
}

async function succeed(runner: Runner, command: string) {
  let text = '';
  const { exitCode } = await runner.run(command, { onOutput: (_stream, chunk) => (text += chunk) });
  if (exitCode !== 0) throw new Error(`${command}: exit status ${exitCode}\n${text.slice(-1000)}`);
}
