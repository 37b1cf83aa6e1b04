// Names, Services and policies on a whole cluster, seen from its Pods, its nodes and outside.

import { beforeAll, describe, expect, it } from 'vitest';
import { TestCluster } from './cluster.ts';

const POLICY = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
  - from: [{podSelector: {matchLabels: {access: "true"}}}]
    ports: [{port: 80}]`;

let test: TestCluster;
const inPod = (command: string, pod = 'tools') => test.run(`kubectl exec ${pod} -- ${command}`);

beforeAll(() => {
  test = new TestCluster();
  test.run(`kubectl create deployment web --image=nginx --replicas=3
    kubectl expose deployment web --port=80 --type=NodePort
    kubectl run tools --image=nicolaka/netshoot --restart=Never --command -- sleep 1d
    kubectl run small --image=busybox:1.28 --restart=Never -- sleep 1d
    kubectl rollout status deployment web
    kubectl wait --for=condition=Ready pod/tools pod/small`);
});

describe('names', () => {
  it('of Services are found by the search list, and backwards', () => {
    const ip = test.run("kubectl get service web -o jsonpath='{.spec.clusterIP}'");
    expect(inPod('dig +short web.default.svc.cluster.local')).toBe(`${ip}\n`);
    expect(inPod('nslookup web')).toContain(`Name:\tweb.default.svc.cluster.local\nAddress: ${ip}\n`);
    expect(inPod(`dig +short -x ${ip}`)).toBe('web.default.svc.cluster.local.\n');
    expect(inPod('nslookup web', 'small')).toContain(
      `Name:      web\nAddress 1: ${ip} web.default.svc.cluster.local\n`,
    );
    expect(inPod('curl -s -o /dev/null -w "%{http_code}" http://web.default')).toBe('200');
  });

  it('that nobody has are not found', () => {
    expect(inPod('dig nothing.default.svc.cluster.local')).toMatch(/status: NXDOMAIN[^]*AUTHORITY SECTION/);
    expect(inPod('nslookup nothing')).toContain("** server can't find nothing: NXDOMAIN");
  });

  it('of headless Services are the Pods’, one record each, with their ports', () => {
    test.apply(`apiVersion: v1
kind: Service
metadata: {name: peers}
spec: {clusterIP: None, selector: {app: web}, ports: [{name: http, port: 80}]}`);
    test.run('sleep 3');
    const pods = test.run("kubectl get pods -l app=web -o jsonpath='{.items[*].status.podIP}'").split(' ');
    expect(inPod('dig +short peers.default.svc.cluster.local').trim().split('\n').sort()).toEqual(pods.sort());
    const srv = inPod('dig +short SRV _http._tcp.peers.default.svc.cluster.local').trim().split('\n');
    expect(srv.sort()).toEqual(
      pods.map((ip) => `0 33 80 ${ip.replace(/\./g, '-')}.peers.default.svc.cluster.local.`).sort(),
    );
  });

  it('of outside are asked of the nodes’ server, an ExternalName is an alias', () => {
    test.run('kubectl create service externalname far --external-name=example.com');
    expect(inPod('dig +short far.default.svc.cluster.local')).toMatch(/^example\.com\.\n\d+\.\d+\.\d+\.\d+\n$/);
  });

  it('of outside are kept for as long as the Corefile says, and their time runs down', () => {
    const server = test.run(
      "kubectl -n kube-system get pods -l k8s-app=kube-dns -o jsonpath='{.items[0].status.podIP}'",
    );
    const left = (name: string) => Number(inPod(`dig @${server} +noall +answer ${name}`).split(/\s+/)[1]);
    expect([left('www.example.com'), left('web.default.svc.cluster.local')]).toEqual([30, 30]);
    test.run('sleep 20');
    expect([left('www.example.com'), left('web.default.svc.cluster.local')]).toEqual([10, 30]);
  });

  it('that are aliases of each other end somewhere', () => {
    test.run(`kubectl create service externalname ping --external-name=pong.default.svc.cluster.local
      kubectl create service externalname pong --external-name=ping.default.svc.cluster.local`);
    expect(inPod('dig +short ping.default.svc.cluster.local')).toMatch(/^pong\.default\.svc\.cluster\.local\.\n/);
  });

  it('follow the Corefile when it changes', () => {
    expect(inPod('dig +short db.corp.example')).toBe('');
    test.run(`kubectl -n kube-system get configmap coredns -o yaml > cm.yaml
      sed -i 's/    ready/    hosts {\\n        192.0.2.7 db.corp.example\\n        fallthrough\\n    }\\n    ready/' cm.yaml
      kubectl apply -f cm.yaml; sleep 150`);
    expect(inPod('dig +short db.corp.example')).toBe('192.0.2.7\n');
  });

  it('stay as they are when a plug-in is told what is not modelled', () => {
    const edited = (from: string, to: string) =>
      test.run(`kubectl -n kube-system get configmap coredns -o yaml | sed 's/${from}/${to}/' | kubectl apply -f -; sleep 150
        kubectl -n kube-system logs -l k8s-app=kube-dns --tail=1
        kubectl -n kube-system get configmap coredns -o yaml | sed 's/${to}/${from}/' | kubectl apply -f -; sleep 150`);
    expect(edited('max_concurrent 1000', 'force_tcp')).toContain(
      "plugin/forward: the property 'force_tcp' is not modelled by this engine",
    );
    expect(edited('lameduck 5s', 'lameduck soon')).toContain("the property 'lameduck soon' is not modelled");
    expect(edited('ttl 30', 'times 30')).toContain("unknown property 'times'");
    expect(inPod('dig +short kubernetes.default.svc.cluster.local')).toBe('10.96.0.1\n');
  });

  it('are not found when the servers are gone', () => {
    test.run('kubectl -n kube-system scale deployment coredns --replicas=0; sleep 20');
    expect(inPod('nslookup web')).toContain('connection refused');
    test.run('kubectl -n kube-system scale deployment coredns --replicas=2; sleep 20');
    expect(inPod('nslookup web')).toContain('Address: 10.');
  });
});

describe('a node', () => {
  it('shows its interfaces and routes', () => {
    expect(test.run('ip -br addr', 'worker-1')).toMatch(/^cni0 +UP +10\.244\.\d\.1\/24/m);
    expect(test.run('ip route', 'worker-1')).toMatch(/^10\.244\.0\.0\/24 via 10\.0\.0\.10 dev eth0 $/m);
  });

  it('shows the rules of a Service, and what went by them', () => {
    const rules = test.run('iptables-save -t nat', 'worker-2');
    expect(rules).toMatch(
      /^-A KUBE-SERVICES -d 10\.96\.0\.1\/32 -p tcp -m comment --comment "default\/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-NPX46M4PTMTKRN6Y$/m,
    );
    expect(rules).toContain('-m statistic --mode random --probability 0.33333333349');
    test.run('curl -s web.default.svc.cluster.local >/dev/null; curl -s http://$(hostname):$PORT', 'worker-2');
    expect(test.run('iptables -t nat -nvL KUBE-NODEPORTS', 'worker-2')).toMatch(/KUBE-EXT-\w{16} +tcp/);
  });

  it('gets its rules back when somebody has thrown them away', () => {
    test.run('iptables -t nat -F; iptables -t nat -X; iptables -F; iptables -X', 'worker-1');
    expect(test.run('iptables -t nat -S', 'worker-1')).not.toContain('KUBE-SERVICES');
    test.run('sleep 31');
    expect(test.run('iptables -t nat -S KUBE-SERVICES', 'worker-1')).toContain('default/web cluster IP');
  });

  it('takes rules of its own: a dropped port is silent', () => {
    const node = '10.0.0.11';
    const port = test.run("kubectl get service web -o jsonpath='{.spec.ports[0].nodePort}'");
    expect(test.run(`curl -s -o /dev/null -m 2 -w '%{http_code}' http://${node}:${port}`)).toBe('200');
    test.run(`iptables -t raw -A PREROUTING -p tcp --dport ${port} -j DROP`, 'worker-1');
    expect(test.run(`curl -sS -m 2 http://${node}:${port}`)).toContain('timed out');
    test.run(`iptables -t raw -F`, 'worker-1');
    expect(test.run('iptables -A INPUT -p bogus -j DROP', 'worker-1')).toContain('unknown protocol "bogus" specified');
  });
});

describe('NetworkPolicies', () => {
  it('let in only who is named, and nobody else', () => {
    test.run('kubectl run friend --image=nicolaka/netshoot --restart=Never --labels=access=true --command -- sleep 1d');
    test.run('kubectl wait --for=condition=Ready pod/friend');
    const get = (pod: string) => inPod('curl -s -o /dev/null -m 2 -w "%{http_code}" http://web', pod);
    expect(get('tools')).toBe('200');
    test.apply(POLICY);
    expect(get('tools')).toMatch(/^000/);
    expect(get('friend')).toBe('200');
    // Nodes reach their own Pods still: probes go on.
    expect(test.run('kubectl get pods -l app=web')).not.toContain('0/1');
    test.run('kubectl delete networkpolicy web');
    expect(get('tools')).toBe('200');
  });

  it('that isolate egress hold back names too', () => {
    test.apply(`apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed}
spec: {podSelector: {matchLabels: {run: tools}}, policyTypes: [Egress]}`);
    expect(inPod('nslookup web')).toContain('timed out');
    test.run('kubectl delete networkpolicy closed');
    expect(inPod('nslookup web')).toContain('Address: 10.');
  });
});

it('busybox’s ip says less of a link', () => {
  const [, line] = /^2: (.*)$/m.exec(inPod('ip addr show eth0', 'small')) ?? [];
  expect(line).toMatch(/^eth0@if\d+: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue qlen 1000$/);
});

it('a load balancer asks a node for the endpoints that it has', () => {
  test.run(
    `kubectl expose deployment web --name=balanced --port=80 --type=LoadBalancer --overrides='{"spec":{"externalTrafficPolicy":"Local"}}'; sleep 2`,
  );
  const port = test.run("kubectl get service balanced -o jsonpath='{.spec.healthCheckNodePort}'");
  const answer = test.run(`curl -si 10.0.0.11:${port}`);
  expect(answer).toContain('X-Load-Balancing-Endpoint-Weight: 1');
  expect(answer).toContain('\t"localEndpoints": 1,\n\t"serviceProxyHealthy": true\n}');
});
