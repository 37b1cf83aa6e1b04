import { describe, expect, it } from 'vitest';
import { startTerminal } from './terminal.ts';

describe('sim trace', () => {
  const started = () => {
    const terminal = startTerminal();
    const on = (node: string) => `--overrides='{"spec":{"nodeName":"${node}"}}'`;
    terminal.run(`kubectl run web --image=nginx --port=80 --expose ${on('worker-2')}`);
    terminal.run(`kubectl run a --image=busybox ${on('worker-1')} -- sleep 1h`);
    terminal.run('kubectl wait --for=condition=Ready pod --all; sim advance 2s');
    return terminal;
  };

  it('follows a connection to a Service: the rules, the rewrite, the route and the Pod that gets it', () => {
    const { run } = started();
    const text = run('sim trace pod/a service/web');
    expect(text).toMatch(
      /^worker-1 +cni0 +rule +nat KUBE-SERVICES: KUBE-SVC-\w{16} \/\* default\/web cluster IP \*\//m,
    );
    expect(text).toMatch(/^worker-1 +cni0 +rewrite +destination becomes 10\.244\.2\.\d+:80$/m);
    expect(text).toMatch(/^worker-1 +eth0 +route +10\.244\.2\.0\/24 via 10\.0\.0\.12 dev eth0$/m);
    expect(text).toMatch(/^Delivered to default\/web, port 80, after a comparison with \d+ rules\.$/m);
    expect(text).not.toContain('RETURN');
    expect(run('sim trace --all pod/a service/web')).toContain('KUBE-POSTROUTING: RETURN');
    expect(run('sim trace pod/a web:80 --only verdict')).toContain('Delivered to default/web, port 80');
  });

  it('says why a packet does not arrive, and as an object too', () => {
    const { run } = started();
    expect(run('sim trace pod/a pod/web:81')).toContain('Delivered to default/web, where nobody listens on port 81');
    expect(run('sim trace workstation service/web')).toContain('Dropped: the sender hears nothing');
    run('kubectl patch service web -p \'{"spec":{"selector":{"run":"none"}}}\'; sim advance 5s');
    const { fate, at, hops } = JSON.parse(run('sim trace pod/a service/web -o json --only verdict'));
    expect([fate, at]).toEqual(['rejected', 'worker-1']);
    expect(hops).toHaveLength(1);
    run(`kubectl apply -f - <<EOF
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: none}
spec: {podSelector: {}, policyTypes: [Ingress]}
EOF
sim advance 5s`);
    expect(run('sim trace pod/a pod/web:80')).toMatch(/^worker-2 .*verdict +.*dropped/m);
  });

  it('tells who wrote the rules of a node, and because of which Service', () => {
    const { run } = started();
    const rows = run('sim rules worker-1')
      .split('\n')
      .map((line) => line.split(/ {2,}/));
    const ofWeb = rows.filter(
      ([table, , , writer, cause]) => table === 'nat' && writer === 'kube-proxy' && cause === 'default/web',
    );
    expect(ofWeb).toHaveLength(1);
    const before = Number(ofWeb[0][2]);
    run('kubectl run web2 --image=nginx -l run=web; kubectl wait --for=condition=Ready pod web2; sim advance 2s');
    const after = Number(run('sim rules worker-1').match(/^nat +\d+ +(\d+) +kube-proxy +default\/web$/m)?.[1]);
    expect(after).toBeGreaterThan(before);
    expect(rows.some(([, , , writer]) => writer === 'flannel')).toBe(true);
    expect(run('sim rules moon')).toBe('sim: there is no node "moon"\n');
  });

  it('refuses what is not there in one sentence', () => {
    const { run } = startTerminal({ workers: 0 });
    expect(run('sim trace pod/a pod/b')).toBe('sim: there is no pod "a" in namespace default\n');
    expect(run('sim trace moon node/cp-1')).toBe(
      'sim: a packet comes from pod/NAME, node/NAME, workstation or apiserver, not from "moon"\n',
    );
    expect(run('sim trace workstation nowhere.example:80')).toBe('sim: the name nowhere.example is not known there\n');
    expect(run('sim trace workstation node/cp-1 --only rules')).toContain('sim: there are no steps "rules"');
  });
});
