// What somebody breaks on a node: things fail as they would, and who is to mend them does.

import { describe, expect, it } from 'vitest';
import { startTerminal } from '../sim-command/terminal.ts';

const POD = (name: string) =>
  `kubectl run ${name} --image=nicolaka/netshoot --overrides='{"spec":{"nodeName":"worker-1"}}' -- sleep 1d
   kubectl wait --for=condition=Ready pod/${name}`;

function started(proxyMode = 'iptables') {
  const { run } = startTerminal({ proxyMode });
  run(`kubectl create deployment web --image=registry.k8s.io/e2e-test-images/agnhost:2.53 -- /agnhost netexec --http-port=8080
    kubectl patch deployment web -p '{"spec":{"template":{"spec":{"nodeName":"worker-2"}}}}'
    kubectl expose deployment web --port=80 --target-port=8080; ${POD('client')}
    kubectl rollout status deployment web; sim advance 5s`);
  const get = (from: string) =>
    run(`kubectl exec ${from} -- curl -s -m 2 -o /dev/null -w '%{http_code}' web`).slice(0, 3);
  return { run, get };
}

describe('a node’s bridge that is deleted', () => {
  it('leaves its Pods cut off; the next Pod brings a new one, to which only that is plugged', () => {
    const { run, get } = started();
    expect(get('client')).toBe('200');
    run('ip link delete cni0', 'worker-1');
    expect(get('client')).toBe('000');
    // No probe fails where there is none: the Pod stays Ready.
    expect(run('kubectl get pod client')).toMatch(/1\/1 +Running/);
    run(POD('later'));
    expect(run('ip -br link show cni0', 'worker-1')).toContain('cni0');
    expect([get('later'), get('client')]).toEqual(['200', '000']);
    run(`kubectl delete pod client --now; ${POD('client')}`);
    expect(get('client')).toBe('200');
  });
});

describe.each([
  ['iptables', 'iptables -t nat -F; iptables -t nat -X'],
  ['ipvs', 'ipvsadm -C'],
  ['nftables', 'nft flush ruleset'],
])('rules that somebody throws away, in %s mode', (mode, flush) => {
  it('are missed until kube-proxy looks, and come back', () => {
    const { run, get } = started(mode);
    expect(get('client')).toBe('200');
    for (const node of ['cp-1', 'worker-1', 'worker-2']) run(flush, node);
    expect(get('client')).toBe('000');
    run('sim advance 31s');
    expect(get('client')).toBe('200');
  });
});

describe('node ports', () => {
  it('are given once each, and not beyond the last', () => {
    const { run } = startTerminal({ ingressController: false });
    const service = (name: string, count: number, fixed = '') =>
      run(`cat <<'EOF' | kubectl create -f -
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {type: NodePort, ports: [${Array.from({ length: count }, (_, i) => `{name: p${i}, port: ${i + 1}${fixed}}`).join(', ')}]}
EOF`);
    expect(service('first', 1, ', nodePort: 30500')).toContain('created');
    expect(service('second', 1, ', nodePort: 30500')).toContain('provided port is already allocated');
    expect(service('third', 1, ', nodePort: 29999')).toContain(
      'provided port is not in the valid range. The range of valid ports is 30000-32767',
    );
    for (let i = 0; i < 27; i++) service(`many-${i}`, 100);
    expect(service('rest', 67)).toContain('created');
    expect(service('last', 1)).toContain('range is full');
    run('kubectl delete service first');
    expect(service('last', 1)).toContain('created');
  });
});
