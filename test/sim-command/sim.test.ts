import { describe, expect, it } from 'vitest';
import { startTerminal } from './terminal.ts';

describe('sim advance and run-until', () => {
  it('lets time pass and says what time it is', () => {
    const { run } = startTerminal();
    expect(run('sim clock')).toBe('2026-01-05 09:00:00 UTC\n');
    expect(run('sim advance 1h30m')).toBe('2026-01-05 10:30:00 UTC\n');
  });

  it('waits for a command to succeed, and gives up in time', () => {
    const terminal = startTerminal();
    terminal.run('kubectl run web --image=nginx');
    terminal.run("sim run-until 'kubectl get pod web | grep -q Running'");
    expect(terminal.status).toBe(0);
    expect(terminal.run('kubectl get pod web --no-headers')).toContain('Running');
    expect(terminal.run('sim run-until --timeout 10s false')).toBe('sim: it did not succeed within 10s: false\n');
    expect(terminal.status).toBe(1);
  });

  it('refuses what it does not know in one sentence', () => {
    const { run } = startTerminal();
    expect(run('sim advance soon')).toBe('sim: "soon" is no duration; write 30s, 5m, 1h30m or 2d\n');
    expect(run('sim advnce 5m')).toBe('sim: there is no "advnce"; did you mean "advance"?; see \'sim help\'\n');
    expect(run('sim node stop worker-9')).toBe(
      'sim: there is no node "worker-9"; the nodes are cp-1, worker-1, worker-2\n',
    );
    expect(run('sim node explode worker-1')).toContain('there is no action "explode" on nodes');
    expect(run('sim image nginx --broken')).toContain('image has no flag --broken');
    expect(run('sim app nobody --exit 1')).toBe('sim: there is no pod "nobody" in namespace default\n');
    expect(run('sim node start worker-1')).toBe('sim: node worker-1: its kubelet runs already\n');
  });
});

describe('sim node', () => {
  it('stop: the node is silent, its Pods stay Running, then are evicted and Terminating', () => {
    const { run } = startTerminal({ workers: 1 });
    run('kubectl run web --image=nginx --overrides=\'{"spec":{"nodeName":"worker-1"}}\'; sim advance 10s');
    run('sim node stop worker-1; sim advance 60s');
    expect(run('kubectl get node worker-1 --no-headers')).toMatch(/NotReady/);
    const state = () =>
      run(`kubectl get pod web -o jsonpath='{.status.phase} {.status.conditions[?(@.type=="Ready")].status}'`);
    expect(state()).toBe('Running False');
    expect(run("kubectl get node worker-1 -o jsonpath='{.spec.taints[*].key}'")).toContain(
      'node.kubernetes.io/unreachable',
    );
    run('sim advance 6m');
    expect(state()).toBe('Running False');
    expect(run('kubectl get pod web --no-headers')).toContain('Terminating');
    run('sim node start worker-1; sim advance 30s');
    expect(run('kubectl get node worker-1 --no-headers')).toMatch(/ Ready/);
    expect(run('kubectl get pod web')).toContain('not found');
  });

  it('crash and start: what had not been evicted is restarted in a new sandbox', () => {
    const { run } = startTerminal({ workers: 1 });
    run('kubectl run web --image=nginx --overrides=\'{"spec":{"nodeName":"worker-1"}}\'; sim advance 10s');
    run('sim node crash worker-1; sim advance 30s; sim node start worker-1; sim advance 30s');
    expect(run('kubectl get pod web --no-headers')).toMatch(/1\/1 +Running +1 \(/);
    expect(run('kubectl get events')).toMatch(/Rebooted +node\/worker-1/);
  });

  it('partition: the kubelet learns of a deletion only when the network is back', () => {
    const { run } = startTerminal({ workers: 1 });
    run('kubectl run web --image=nginx --overrides=\'{"spec":{"nodeName":"worker-1"}}\'; sim advance 10s');
    run('sim node partition worker-1; kubectl delete pod web --wait=false; sim advance 45s');
    expect(run('kubectl get pod web --no-headers')).toContain('Terminating');
    run('sim node heal worker-1; sim advance 20s');
    expect(run('kubectl get pod web')).toContain('not found');
  });

  it('fill-disk: pressure, a taint, evictions; and an end of it five minutes after the disk is free', () => {
    const { run } = startTerminal({ workers: 1 });
    run('kubectl run web --image=nginx --overrides=\'{"spec":{"nodeName":"worker-1"}}\'; sim advance 10s');
    run('sim node fill-disk worker-1; sim advance 30s');
    const pressure = () =>
      run(`kubectl get node worker-1 -o jsonpath='{.status.conditions[?(@.type=="DiskPressure")].status}'`);
    expect(pressure()).toBe('True');
    expect(run("kubectl get node worker-1 -o jsonpath='{.spec.taints[*].key}'")).toContain(
      'node.kubernetes.io/disk-pressure',
    );
    expect(run("kubectl get pod web -o jsonpath='{.status.phase} {.status.reason}'")).toBe('Failed Evicted');
    expect(run('kubectl get events')).toContain('The node was low on resource: ephemeral-storage.');
    run('sim node clear-disk worker-1; sim advance 4m');
    expect(pressure()).toBe('True');
    run('sim advance 90s');
    expect(pressure()).toBe('False');
  });
});

describe('sim image', () => {
  it('makes pulls fail, slow and containers crash, until it is ok again', () => {
    const { run } = startTerminal();
    run('sim image httpd --missing; kubectl run a --image=httpd; sim advance 5s');
    expect(run('kubectl get pod a --no-headers')).toMatch(/ErrImagePull|ImagePullBackOff/);
    expect(run('sim image')).toMatch(/docker.io\/library\/httpd +missing/);
    run('sim image httpd --ok; sim image redis:8 --slow 40s; sim image busybox --crash-after 5s');
    run('kubectl run b --image=redis:8; sim advance 30s');
    expect(run('kubectl get pod b --no-headers')).toContain('ContainerCreating');
    run('kubectl run c --image=busybox -- sleep 1000; sim advance 30s');
    expect(run('kubectl get pods --no-headers')).toMatch(/^b +1\/1 +Running/m);
    expect(run("kubectl get pod c -o jsonpath='{.status.containerStatuses[0].lastState.terminated.exitCode}'")).toBe(
      '1',
    );
  });
});

describe('sim app', () => {
  const started = () => {
    const terminal = startTerminal({ workers: 1 });
    terminal.run(
      `kubectl run web --image=nginx --overrides='{"spec":{"containers":[{"name":"web","image":"nginx","livenessProbe":{"httpGet":{"port":80,"path":"/"}},"resources":{"limits":{"memory":"64Mi","cpu":"200m"}}}]}}'; sim advance 12s`,
    );
    return terminal;
  };
  const web = "kubectl get pod web -o jsonpath='{.status.containerStatuses[0].";

  it('--exit ends the program with a status, and its ports are free again for the next', () => {
    const { run } = started();
    run('sim app web --exit 7; sim advance 5s');
    expect(run(`${web}lastState.terminated.exitCode}'`)).toBe('7');
    expect(run('kubectl get pod web --no-headers')).toMatch(/1\/1 +Running +1 \(/);
  });

  it('--status makes probes fail, until the kubelet has restarted the container', () => {
    const { run } = started();
    run('sim app web --status 503 /; sim advance 35s');
    expect(run('kubectl get events')).toContain('Liveness probe failed: HTTP probe failed with statuscode: 503');
    run('sim advance 30s');
    expect(run(`${web}restartCount}'`)).toBe('1');
  });

  it('--hang takes connections and answers none', () => {
    const { run } = started();
    run('sim app web --hang; sim advance 35s');
    expect(run('kubectl get events')).toContain('context deadline exceeded');
  });

  it('--refuse refuses connections, --ok takes it back', () => {
    const { run } = started();
    run('sim app web --refuse; sim advance 11s');
    expect(run('kubectl get events')).toContain('connect: connection refused');
    run('sim app web --ok; sim advance 60s');
    expect(run(`${web}restartCount}'`)).toBe('0');
  });

  it('--alloc beyond the limit: the kernel kills it', () => {
    const { run } = started();
    run('sim app web --alloc 100Mi; sim advance 5s');
    expect(
      run(`${web}lastState.terminated.reason} {.status.containerStatuses[0].lastState.terminated.exitCode}'`),
    ).toBe('OOMKilled 137');
  });

  it('--cpu is throttled to the limit, as the cgroup tells', () => {
    const { run } = started();
    run('sim app web --cpu 500m; sim advance 1m');
    const stat = run('kubectl exec web -- cat /sys/fs/cgroup/cpu.stat');
    const used = Number(/usage_usec (\d+)/.exec(stat)?.[1]) / 1e6;
    expect(used).toBeGreaterThan(11);
    expect(used).toBeLessThan(13);
    expect(Number(/nr_throttled (\d+)/.exec(stat)?.[1])).toBeGreaterThan(500);
    expect(run('kubectl exec web -- cat /sys/fs/cgroup/cpu.max')).toBe('20000 100000\n');
  });
});

describe('sim requests and explain', () => {
  it('lists what the last command line asked of the API server', () => {
    const { run } = startTerminal();
    run('kubectl get pods');
    const lines = run('sim requests').trim().split('\n');
    expect(lines[0].split(/ +/)).toEqual(['TIME', 'USER', 'VERB', 'STATUS', 'PATH']);
    expect(lines.at(-1)).toMatch(/kubernetes-admin +list +200 +\/api\/v1\/namespaces\/default\/pods\?limit=500$/);
    expect(run('true; sim requests')).toBe('No requests.\n');
  });

  it('shows why nodes were refused, and the points of those that were not', () => {
    const { run } = startTerminal();
    run('kubectl run web --image=nginx; sim advance 1s');
    expect(run('sim explain web')).toMatch(/^Pod default\/web: scheduled on [\s\S]*^TOTAL /m);
    run(`kubectl run big --image=nginx --overrides='{"spec":{"nodeSelector":{"disk":"ssd"}}}'; sim advance 1s`);
    const text = run('sim explain big');
    expect(text).toContain('Pod default/big: unschedulable');
    expect(text).toMatch(/^worker-1 +NodeAffinity +node\(s\) didn't match Pod's node affinity\/selector$/m);
  });
});
