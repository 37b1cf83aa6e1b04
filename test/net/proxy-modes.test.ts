// The other modes of kube-proxy: the same Services, by IPVS and by nftables.

import { describe, expect, it } from 'vitest';
import { startTerminal } from '../sim-command/terminal.ts';

function started(proxyMode: string) {
  const terminal = startTerminal({ proxyMode });
  terminal.run(
    `kubectl create deployment web --replicas=3 --image=registry.k8s.io/e2e-test-images/agnhost:2.53 -- /agnhost netexec --http-port=8080
     kubectl expose deployment web --port=80 --target-port=8080 --type=NodePort
     kubectl run client --image=nicolaka/netshoot --overrides='{"spec":{"nodeName":"worker-1"}}' -- sleep 24h
     kubectl wait --for=condition=Ready pod --all; sim advance 3s`,
  );
  const names = (count: number, from = 'client') =>
    terminal
      .run(`kubectl exec ${from} -- sh -c 'for i in $(seq ${count}); do curl -sS -m 2 web/hostname; echo; done'`)
      .trim()
      .split('\n');
  return { ...terminal, run: terminal.run, names };
}

/** ConfigMap and DaemonSet, as an administrator switches the mode of a running cluster. */
const SWITCH = (mode: string) =>
  `kubectl -n kube-system get configmap kube-proxy -o yaml | sed -E 's/^( +)mode: .*/\\1mode: ${mode}/' | kubectl replace -f -
   kubectl -n kube-system rollout restart daemonset kube-proxy; kubectl -n kube-system rollout status daemonset kube-proxy; sim advance 5s`;

describe.each(['ipvs', 'nftables', 'iptables'])('kube-proxy in %s mode', (mode) => {
  it('leads a cluster IP to every Pod, a node port from outside, and says which mode it is in', () => {
    const { run, names } = started(mode);
    expect(new Set(names(20)).size).toBe(3);
    const port = run("kubectl get service web -o jsonpath='{.spec.ports[0].nodePort}'");
    expect(run(`curl -s -m 2 10.0.0.12:${port}/hostname`)).toMatch(/^web-/);
    expect(run('curl -s localhost:10249/proxyMode', 'worker-1')).toBe(mode);
    expect(run('curl -s -m 2 $(getent hosts nothing) 10.96.0.1:443 -o /dev/null -w "%{http_code}"', 'worker-2')).toBe(
      '400',
    );
  });

  it('serves node ports at the addresses that its configuration names', () => {
    const { run } = started(mode);
    const port = run("kubectl get service web -o jsonpath='{.spec.ports[0].nodePort}'");
    run(
      `kubectl -n kube-system get configmap kube-proxy -o yaml | sed 's|nodePortAddresses: null|nodePortAddresses: [10.244.0.0/16]|' | kubectl replace -f -
       kubectl -n kube-system rollout restart daemonset kube-proxy; kubectl -n kube-system rollout status daemonset kube-proxy; sim advance 5s`,
    );
    const bridge = run("ip -4 -br addr show cni0 | awk '{print $3}' | cut -d/ -f1", 'worker-1').trim();
    expect(run(`curl -s -m 2 ${bridge}:${port}/hostname`, 'worker-1')).toMatch(/^web-/);
    expect(run(`curl -s -S -m 2 10.0.0.11:${port}/hostname 2>&1`, 'worker-2')).toContain('curl:');
  });

  it('refuses connections to a Service without endpoints, and serves it again', () => {
    const { run, names } = started(mode);
    run('kubectl scale deployment web --replicas=0; sim advance 40s');
    expect(names(1)[0]).toContain('Could not connect to server');
    run('kubectl scale deployment web --replicas=1; sim advance 20s');
    expect(names(1)[0]).toMatch(/^web-/);
    run('kubectl delete service web; sim advance 5s');
    const left = 'iptables-save; ipvsadm -Ln; ipset list; nft list ruleset; ip addr show';
    expect(run(`{ ${left}; } 2> /dev/null | grep -c default/web`, 'worker-1').trim()).toBe('0');
  });

  it('keeps a client with its Pod under sessionAffinity ClientIP', () => {
    const { run, names } = started(mode);
    run(`kubectl patch service web -p '{"spec":{"sessionAffinity":"ClientIP"}}'; sim advance 3s`);
    expect(new Set(names(12)).size).toBe(1);
  });

  it('shows a Pod its client, and to others the node, unless traffic from outside has to stay local', () => {
    const { run } = started(mode);
    const client = run("kubectl get pod client -o jsonpath='{.status.podIP}'");
    expect(run('kubectl exec client -- curl -s web/clientip')).toContain(`${client}:`);
    const port = run("kubectl get service web -o jsonpath='{.spec.ports[0].nodePort}'");
    expect(run(`curl -s -m 2 10.0.0.11:${port}/clientip`)).not.toContain('10.0.255.1');
    run(`kubectl patch service web -p '{"spec":{"externalTrafficPolicy":"Local"}}'; sim advance 3s`);
    expect(run(`curl -s -m 2 10.0.0.11:${port}/clientip`)).toContain('10.0.255.1:');
  });
});

describe('IPVS', () => {
  it.each([
    ['rr', [3, 3, 3]],
    ['lc', [3, 3, 3]],
    ['sh', [9]],
    ['dh', [9]],
  ])('schedules by %s', (scheduler, counts) => {
    const { run, names } = started('ipvs');
    run(
      `kubectl -n kube-system get configmap kube-proxy -o yaml | sed 's/scheduler: ""/scheduler: ${scheduler}/' | kubectl replace -f -
       kubectl -n kube-system rollout restart daemonset kube-proxy; sim advance 60s`,
    );
    expect(run('ipvsadm -Ln', 'worker-1')).toMatch(new RegExp(`^TCP {2}10\\.96\\.0\\.1:443 ${scheduler}$`, 'm'));
    const tally = new Map<string, number>();
    for (const name of names(9)) tally.set(name, (tally.get(name) ?? 0) + 1);
    expect([...tally.values()]).toEqual(counts);
  });

  it('fills its table again within syncPeriod, and says in its log that it is deprecated', () => {
    const { run, names } = started('ipvs');
    run('ipvsadm -C', 'worker-1');
    expect(names(1)[0]).toContain('Could not resolve host');
    run('sim advance 30s');
    expect(names(1)[0]).toMatch(/^web-/);
    expect(run('kubectl -n kube-system logs -l k8s-app=kube-proxy')).toContain('The ipvs proxier is now deprecated');
    expect(run('ip -br addr show kube-ipvs0', 'worker-1')).toContain('10.96.0.10/32');
  });
});

describe('a change of mode', () => {
  it('takes the rules of the old mode away, and connections go on being made', () => {
    const { run, names } = started('iptables');
    run(SWITCH('nftables'));
    expect(run('iptables-save | grep -c KUBE-SVC', 'worker-1')).toBe('0\n');
    expect(run('nft list map ip kube-proxy service-ips', 'worker-1')).toContain('goto service-');
    expect(names(1)[0]).toMatch(/^web-/);
    run(SWITCH('ipvs'));
    expect(run('nft list tables', 'worker-1')).toBe('');
    expect(names(1)[0]).toMatch(/^web-/);
    run(SWITCH('iptables'));
    expect(run('ipvsadm -Ln | grep -c TCP; ip link show kube-ipvs0', 'worker-1')).toContain('does not exist');
    expect(names(1)[0]).toMatch(/^web-/);
  });

  it('userspace is none any more', () => {
    const { run } = started('iptables');
    run(SWITCH('userspace').replace(/kubectl -n kube-system rollout status[^;]*;/, 'sim advance 20s;'));
    expect(run('kubectl -n kube-system logs -l k8s-app=kube-proxy --tail=1')).toContain('Invalid value: "userspace"');
  });
});
