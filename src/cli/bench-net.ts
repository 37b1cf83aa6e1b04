// `kubebook bench`, the part of kube-proxy: how long a node takes to learn 1,000 Services of three endpoints each, in each
// mode, and what a packet's way through its rules costs with a hundred of them and with all.

import { hostCall, nodeEngine, quickjsEngine } from './host.ts';
import { Runner } from '../sandbox/runner.ts';

const MODES = ['iptables', 'ipvs', 'nftables'];
const COUNTS = [100, 1000];
/** What one `kubectl create` takes at a time. */
const BATCH = 100;
const CLUSTER = { workers: 0, ingressController: false };

const services = (from: number, to: number) =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: Array.from({ length: to - from }, (_, i) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: `s${from + i}` },
      spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
    })),
  });

export async function benchNet(
  asked: (name: string) => boolean,
  record: (name: string, engine: string, values: number[], unit?: string) => void,
) {
  const engines = [
    ['kubebook-quickjs', quickjsEngine],
    ['kubebook-node', nodeEngine],
  ] as const;
  for (const mode of MODES) {
    const name = `services-${mode}`;
    if (!asked(name)) continue;
    for (const [engine, create] of engines) {
      const runner = new Runner(await create(), hostCall);
      runner.boot({ ...CLUSTER, proxyMode: mode });
      const run = (command: string) => succeed(runner, command);
      await run('kubectl create deployment web --image=nginx --replicas=3; kubectl rollout status deployment/web');
      await run('kubectl run client --image=nginx; kubectl wait --for=condition=Ready pod/client');
      const walks: number[] = [];
      let there = 0;
      for (const count of COUNTS) {
        for (; there < count; there += BATCH) {
          runner.writeFile('services.json', services(there, there + BATCH));
          await run('kubectl create -f services.json');
        }
        await run('sleep 10');
        const trace = JSON.parse(await run(`sim trace pod/client service/s${count - 1} -o json`)) as Walk;
        walks.push(trace.rulesCompared + trace.lookups);
      }
      // A kube-proxy that starts learns them all at once.
      await run('kubectl -n kube-system delete pod -l k8s-app=kube-proxy --wait=false');
      const began = performance.now();
      await run('sleep 40');
      record(`${name}-sync-1,000`, engine, [performance.now() - began]);
      COUNTS.forEach((count, i) =>
        record(`${name}-walk-${count.toLocaleString('en')}`, engine, [walks[i]], 'rules and tables'),
      );
    }
  }
}

interface Walk {
  rulesCompared: number;
  lookups: number;
}

async function succeed(runner: Runner, command: string): Promise<string> {
  let text = '';
  const { exitCode } = await runner.run(command, { onOutput: (_stream, chunk) => (text += chunk) });
  if (exitCode !== 0) throw new Error(`${command}: exit status ${exitCode}\n${text.slice(-1000)}`);
  return text;
}
