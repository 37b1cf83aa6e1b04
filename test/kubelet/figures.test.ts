// What the kubelet counts, asked for through the API server, and who asks: the metrics server.

import { beforeAll, describe, expect, test } from 'vitest';
import { start } from '../../src/cli/host.ts';
import type { Runner } from '../../src/sandbox/runner.ts';

let runner: Runner;
const output = async (command: string) => {
  let text = '';
  await runner.run(command, { onOutput: (_, part) => (text += part) });
  return text;
};
const raw = (path: string) => output(`kubectl get --raw /api/v1/nodes/worker-1/proxy${path}`);

beforeAll(async () => {
  runner = await start({ unsandboxed: true });
  await output(`kubectl run web --image=nginx:1.27 --overrides='{"spec": {"nodeName": "worker-1"}}'; sleep 5`);
  await output('sim app web --cpu 500m; sleep 60');
});

describe("a kubelet's figures", () => {
  test('show the CPU time of a container as a counter, by cAdvisor and for the metrics server', async () => {
    const sample = /container_cpu_usage_seconds_total\{container="web",[^}]*pod="web"\} (\S+) \d+\n/;
    expect(Number(sample.exec(await raw('/metrics/cadvisor'))?.[1])).toBeCloseTo(30, 0);
    expect(Number(sample.exec(await raw('/metrics/resource'))?.[1])).toBeCloseTo(30, 0);
  });

  test('never take back what a node has spent when containers end', async () => {
    const spent = async () => Number(/^node_cpu_usage_seconds_total (\S+)/m.exec(await raw('/metrics/resource'))?.[1]);
    const before = await spent();
    await output('kubectl run brief --image=nginx:1.27 --overrides=\'{"spec": {"nodeName": "worker-1"}}\'; sleep 5');
    await output('sim app brief --cpu 1; sleep 20; kubectl delete pod brief --now; sleep 5');
    expect(await spent()).toBeGreaterThan(before + 30);
  });

  test('are summed up as JSON', async () => {
    const { node, pods } = JSON.parse(await raw('/stats/summary'));
    const web = pods.find((pod: { podRef: { name: string } }) => pod.podRef.name === 'web');
    expect(web.cpu.usageNanoCores).toBe(500_000_000);
    expect(node.memory.workingSetBytes).toBeGreaterThan(web.memory.workingSetBytes);
  });

  test('count the answers to probes, as often as they are asked', async () => {
    const spec = {
      nodeName: 'worker-1',
      containers: [{ name: 'c', image: 'nginx:1.27', readinessProbe: { httpGet: { port: 80 }, periodSeconds: 5 } }],
    };
    await output(`kubectl run probed --image=nginx:1.27 --overrides='${JSON.stringify({ spec })}'; sleep 63`);
    const counted =
      /prober_probe_total\{container="c",namespace="default",pod="probed",pod_uid="[^"]+",probe_type="Readiness",result="successful"\} (\d+)/;
    expect(Number(counted.exec(await raw('/metrics/probes'))?.[1])).toBeGreaterThan(10);
  });

  test('say what runs and how it is, and nothing of what is not there', async () => {
    const { kind, items } = JSON.parse(await raw('/runningpods/'));
    expect(kind).toBe('PodList');
    expect(items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)).toContain('web');
    expect(await raw('/healthz/syncloop')).toBe('ok');
    expect(await raw('/nothing')).toContain('could not find the requested resource');
  });

  test('are missing from kubectl top while the node cannot be reached', async () => {
    await output('sim node partition worker-2; sleep 20');
    expect(await output('kubectl top node')).toMatch(/worker-2 +<unknown>/);
    await output('sim node heal worker-2; sleep 20');
    expect(await output('kubectl top node')).toMatch(/worker-2 +\d+m/);
  });
});

describe("metrics-server's flags", () => {
  const withArgs = async (...args: string[]) => {
    const patch = JSON.stringify([{ op: 'replace', path: '/spec/template/spec/containers/0/args', value: args }]);
    await output(`kubectl -n kube-system patch deployment metrics-server --type json -p '${patch}'; sleep 40`);
  };
  const log = () => output('kubectl -n kube-system logs -l k8s-app=metrics-server --tail=1 --prefix=false');

  test('choose nodes, ports and addresses, and how often they are asked', async () => {
    await withArgs(
      '--kubelet-use-node-status-port',
      '--kubelet-preferred-address-types=InternalIP',
      '--metric-resolution=30s',
      '--node-selector',
      'kubernetes.io/hostname!=worker-1',
    );
    expect(await output('kubectl top node')).toMatch(/worker-2 +\d+m[^]*worker-1 +<unknown>/);
    expect(await output('kubectl get --raw /apis/metrics.k8s.io/v1beta1/nodes/worker-2')).toContain('"window":"30s"');
  });

  test('are refused where they would have no effect, and where they are none', async () => {
    await withArgs('--metric-resolution=5s');
    expect(await log()).toContain('metric-resolution should be a time duration at least 10s, but value 5s provided');
    await withArgs('--kubelet-request-timeout=5s');
    expect(await log()).toContain('the flag --kubelet-request-timeout is not modelled by this engine');
    await withArgs('--metrics-resolution=15s');
    expect(await log()).toContain('Error: unknown flag: --metrics-resolution');
  });
});

describe('a scheduler without leader election', () => {
  test('works beside the one that leads', async () => {
    runner = await start({ unsandboxed: true, cluster: { controlPlanes: 2, workers: 1 } });
    const manifest = '/etc/kubernetes/manifests/kube-scheduler.yaml';
    await runner.run(`sed -i s/leader-elect=true/leader-elect=false/ ${manifest}; sleep 60`, { on: 'cp-2' });
    await output('kubectl create deployment web --image=nginx:1.27 --replicas=4; sleep 5');
    const events = await output('kubectl get events -o json | jq -r .items[].reportingInstance');
    expect(events).toContain('default-scheduler-cp-1');
    expect(events).toContain('default-scheduler-cp-2');
  });
});
