// `kubebook bench`: how long things take, ours inside QuickJS, ours straight on Node and the nearest peer,
// side by side in one run. Medians; only the ratios say something about another machine.

import { gzipSync } from 'node:zlib';
import { benchApi } from './bench-api.ts';
import { benchNet } from './bench-net.ts';
import { benchScale } from './bench-scale.ts';
import { coreScripts } from '../sandbox/bundle.ts';
import { engineCode, hostCall, nodeEngine, quickjsEngine } from './host.ts';
import { Runner, type EngineHandle } from '../sandbox/runner.ts';
import { QuickJSEngine } from '../sandbox/quickjs.ts';

interface Result {
  case: string;
  engine: string;
  ms: number;
  unit: string;
  runs: number;
}

const SIZES = [10, 100, 500, 1000];
const RUNS = 3;

const manifest = (replicas: number) => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: nginx, image: "nginx:1.27"}
`;

/** A cluster that has room for the Pods: 110 a node. */
const clusterFor = (replicas: number) => ({ workers: Math.max(3, Math.ceil(replicas / 105)) });

async function timed(work: () => unknown): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

async function succeed(runner: Runner, command: string) {
  let text = '';
  const { exitCode } = await runner.run(command, { onOutput: (_stream, chunk) => (text += chunk) });
  if (exitCode !== 0) throw new Error(`${command}: exit status ${exitCode}\n${text}`);
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];

export async function bench(wanted: string[], options: { json?: boolean }) {
  const results: Result[] = [];
  const asked = (name: string) => wanted.length === 0 || wanted.includes(name);
  const record = (name: string, engine: string, values: number[], unit = 'ms') => {
    results.push({ case: name, engine, ms: Math.round(median(values) * 100) / 100, unit, runs: values.length });
    if (!options.json) process.stderr.write(`${name} ${engine} ${results.at(-1)?.ms} ${unit}\n`);
  };
  const measure = async (name: string, engine: string, once: () => Promise<number>, runs = RUNS) => {
    const values: number[] = [];
    for (let i = 0; i < runs; i++) values.push(await once());
    record(name, engine, values);
  };
  const engines: [string, () => Promise<EngineHandle>][] = [
    ['kubebook-quickjs', quickjsEngine],
    ['kubebook-node', nodeEngine],
  ];
  const code = await engineCode();
  const { webernetes } = await import('./peers/webernetes.ts');
  const peer = await webernetes();

  if (asked('bundle'))
    record(
      'bundle',
      'kubebook-quickjs',
      [coreScripts(code).reduce((sum, script) => sum + gzipSync(code[script]).length, 0) / 1024],
      'KB gzip',
    );
  for (const [name, create] of engines) {
    if (asked('boot')) {
      await measure('boot', name, async () => {
        const engine = await create();
        return timed(() => new Runner(engine, hostCall).boot({}));
      });
    }
    if (asked('cold-start') && name === 'kubebook-quickjs') {
      await measure('cold-start', name, () =>
        timed(async () => succeed(await booted(create, {}), 'kubectl get nodes')),
      );
    }
    for (const size of SIZES.filter((n) => asked(`replicas-${n}`))) {
      await measure(`replicas-${size}`, name, async () => {
        const runner = await booted(create, clusterFor(size));
        runner.writeFile('web.yaml', manifest(size));
        return timed(() => succeed(runner, 'kubectl apply -f web.yaml && kubectl rollout status deployment/web'));
      });
    }
    if (asked('list-1000')) {
      const runner = await booted(create, clusterFor(1000));
      runner.writeFile('web.yaml', manifest(1000));
      await succeed(runner, 'kubectl apply -f web.yaml && kubectl rollout status deployment/web');
      await measure('list-1000', name, () => timed(() => succeed(runner, 'kubectl get pods')));
    }
  }
  if (asked('restore')) {
    const engine = (await quickjsEngine()) as QuickJSEngine;
    const runner = new Runner(engine, hostCall);
    runner.boot({});
    const capture = engine.capture();
    await succeed(runner, 'kubectl create deployment web --image=nginx --replicas=20 && sleep 60');
    await measure('restore', 'kubebook-quickjs', () => timed(() => engine.restore(capture)));
    record('heap', 'kubebook-quickjs', [engine.heap / 2 ** 20], 'MB');
  }
  await benchApi(asked, record);
  await benchNet(asked, record);
  await benchScale(asked, (name) => wanted.includes(name), record);
  if (asked('boot')) await measure('boot', 'webernetes', () => peer.boot());
  // 500 take this peer long: once is enough to see by how much. 1,000 take it minutes: left out.
  for (const size of SIZES.filter((n) => n <= 500 && asked(`replicas-${n}`))) {
    await measure(`replicas-${size}`, 'webernetes', () => peer.replicas(size), size < 500 ? RUNS : 1);
  }
  if (results.length === 0) throw new Error(`there is no case ${wanted.join(', ')}`);
  process.stdout.write(options.json ? JSON.stringify(results, null, 1) + '\n' : table(results));
}

async function booted(create: () => Promise<EngineHandle>, cluster: { workers?: number }): Promise<Runner> {
  const runner = new Runner(await create(), hostCall);
  runner.boot(cluster);
  return runner;
}

function table(results: Result[]): string {
  const engines = [...new Set(results.map((r) => r.engine))];
  const cases = [...new Set(results.map((r) => r.case))];
  let text = `| case | ${engines.join(' | ')} |\n|---|${engines.map(() => '---:|').join('')}\n`;
  for (const name of cases) {
    const cells = engines.map((engine) => {
      const result = results.find((r) => r.case === name && r.engine === engine);
      return result ? `${result.ms.toLocaleString('en')} ${result.unit}` : '';
    });
    text += `| ${name} | ${cells.join(' | ')} |\n`;
  }
  return text;
}
