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

  test('are missing from kubectl top while the node cannot be reached', async () => {
    await output('sim node partition worker-2; sleep 20');
    expect(await output('kubectl top node')).toMatch(/worker-2 +<unknown>/);
    await output('sim node heal worker-2; sleep 20');
    expect(await output('kubectl top node')).toMatch(/worker-2 +\d+m/);
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
