// What sidecars do with traffic between services.

import { beforeAll, describe, expect, it } from 'vitest';
import { Mesh } from './support.ts';

const SUBSETS = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web}
spec:
  host: web
  subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]
`;
const service = (http: string) => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}
spec:
  hosts: [web]
  http: ${http}
`;

let mesh: Mesh;

beforeAll(() => {
  mesh = new Mesh('--set meshConfig.accessLogFile=/dev/stdout');
  mesh.run('kubectl label namespace default istio-injection=enabled');
  mesh.start();
});

describe('injection', () => {
  it('adds a native sidecar to Pods of labelled namespaces only', () => {
    const names = (args: string) => mesh.run(`kubectl get pod ${args} -o jsonpath='{.spec.initContainers[*].name}'`);
    expect(names('front')).toBe('istio-init istio-proxy');
    expect(names('client -n plain')).toBe('');
    expect(mesh.run('kubectl get pod front --no-headers')).toMatch(/front +2\/2 +Running/);
  });

  it('leaves out Pods that say so', () => {
    mesh.apply(`
apiVersion: v1
kind: Pod
metadata: {name: alone, labels: {sidecar.istio.io/inject: "false"}}
spec: {containers: [{name: app, image: "istio/app:1.28.2"}]}`);
    expect(mesh.run(`kubectl get pod alone -o jsonpath='{.spec.initContainers}'`)).toBe('');
    mesh.run('kubectl delete pod alone --now');
  });

  it('sends probes through the agent', () => {
    const probe = mesh.run(
      `kubectl get pods -l version=v1 -o jsonpath='{.items[0].spec.containers[0].readinessProbe}'`,
    );
    expect(JSON.parse(probe).httpGet).toMatchObject({ path: '/app-health/app/readyz', port: 15020 });
  });

  it('redirects what leaves and enters the Pod, but not what its proxy sends', () => {
    expect(mesh.run('sim trace pod/front service/web')).toContain('destination becomes 127.0.0.1:15001');
    expect(mesh.run('sim trace node/cp-1 pod/front:80')).toMatch(/destination becomes [\d.]+:15006/);
    const rules = mesh.run(
      'kubectl debug front -qi --image=nicolaka/netshoot --profile=netadmin -- iptables -t nat -S ISTIO_OUTPUT',
    );
    expect(rules).toContain('-A ISTIO_OUTPUT -m owner --uid-owner 1337 -j RETURN');
    expect(mesh.run('kubectl logs front -c istio-init')).toContain(
      '-A ISTIO_REDIRECT -p tcp -j REDIRECT --to-ports 15001',
    );
  });
});

describe('balancing', () => {
  const spread = (url: string, from = 'front') => Object.keys(mesh.calls(`--url ${url} --count 40`, 'Hostname', from));

  it.each(['http', 'grpc', 'ws', 'tcp'])('spreads calls over %s', (scheme) => {
    expect(spread(`${scheme}://web`)).toHaveLength(4);
  });

  it.each(['http', 'grpc'])('does not happen to %s on one connection without a proxy', (scheme) => {
    expect(spread(`${scheme}://web.default`, 'client -n plain')).toHaveLength(1);
  });

  it('takes turns with ROUND_ROBIN', () => {
    mesh.apply(`${SUBSETS}  trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}`);
    expect(Object.values(mesh.calls('--url http://web --count 40', 'Hostname'))).toEqual([10, 10, 10, 10]);
  });

  it('stays with one Pod for one value of a hashed header', () => {
    mesh.apply(`${SUBSETS}  trafficPolicy: {loadBalancer: {consistentHash: {httpHeaderName: user}}}`);
    expect(Object.keys(mesh.calls(`--url http://web --count 20 -H 'user: jane'`, 'Hostname'))).toHaveLength(1);
    mesh.apply(SUBSETS);
  });
});

describe('a VirtualService', () => {
  it('routes by header and by weight', () => {
    mesh.apply(
      service(`
  - match: [{headers: {end-user: {exact: jason}}}]
    route: [{destination: {host: web, subset: v2}}]
  - route: [{destination: {host: web, subset: v1}, weight: 90}, {destination: {host: web, subset: v2}, weight: 10}]`),
    );
    expect(mesh.calls(`--url http://web --count 10 -H 'end-user: jason'`, 'ServiceVersion')).toEqual({ v2: 10 });
    const { v1, v2 } = mesh.calls('--url http://web --count 200', 'ServiceVersion');
    expect(v1).toBeGreaterThan(160);
    expect(v2).toBeGreaterThan(5);
  });

  it('rewrites, redirects, answers itself, and says 404 where no route fits', () => {
    mesh.apply(
      service(`
  - match: [{uri: {prefix: /old/}}]
    rewrite: {uri: /new/}
    route: [{destination: {host: web}}]
  - match: [{uri: {exact: /away}}]
    redirect: {authority: elsewhere, uri: /x}
  - match: [{uri: {exact: /fixed}}]
    directResponse: {status: 418, body: {string: teapot}}`),
    );
    expect(mesh.run('kubectl exec front -- curl -s http://web/old/path')).toContain('URL=/new/path');
    expect(mesh.run('kubectl exec front -- curl -si http://web/away')).toMatch(
      /301[\s\S]*location: http:\/\/elsewhere\/x/,
    );
    expect(mesh.run('kubectl exec front -- curl -s http://web/fixed')).toBe('teapot');
    expect(mesh.status('http://web/other')).toBe('404');
  });

  it('repeats calls that fail, and gives up on slow ones', () => {
    mesh.apply(
      service(`
  - match: [{uri: {prefix: /slow}}]
    timeout: 1s
    route: [{destination: {host: web}}]
  - retries: {attempts: 3, retryOn: 5xx}
    route: [{destination: {host: web}}]`),
    );
    const url = `'http://web/?codes=200:1,503:1'`;
    expect(mesh.calls(`--url ${url} --count 100`)['200']).toBeGreaterThan(80);
    expect(mesh.run(`kubectl exec front -- curl -s -w ' %{http_code}' 'http://web/slow?delay=3s'`)).toBe(
      'upstream request timeout 504',
    );
    mesh.run('kubectl delete virtualservice web; sleep 1');
    expect(mesh.calls(`--url ${url} --count 100`)['200']).toBeLessThan(70);
  });

  it('injects faults', () => {
    mesh.apply(service('[{fault: {abort: {httpStatus: 555}}, route: [{destination: {host: web}}]}]'));
    expect(mesh.run(`kubectl exec front -- curl -s -w ' %{http_code}' http://web/`)).toBe('fault filter abort 555');
    mesh.apply(service('[{fault: {delay: {fixedDelay: 7s}}, route: [{destination: {host: web}}]}]'));
    expect(mesh.run(`kubectl exec front -- curl -s -o /dev/null -w '%{time_total}' http://web/`)).toMatch(/^7\.0/);
    mesh.run('kubectl delete virtualservice web; sleep 1');
  });

  it('is refused when it asks for what is not modelled', () => {
    expect(mesh.apply(service('[{mirror: {host: web}, route: [{destination: {host: web}}]}]'))).toContain(
      'admission webhook "rev.validation.istio.io" denied the request: configuration is invalid: spec.http[0].mirror is unknown, or is not modelled by this engine',
    );
  });
});

describe('a DestinationRule', () => {
  it('takes a failing endpoint out, and lets it back in', () => {
    mesh.apply(`${SUBSETS}  trafficPolicy: {outlierDetection: {consecutive5xxErrors: 5, baseEjectionTime: 30s}}`);
    const pod = mesh.run(`kubectl get pods -l version=v2 -o jsonpath='{.items[0].metadata.name}'`);
    mesh.run(`sim app ${pod} --status 500 /api`);
    expect(mesh.calls('--url http://web/api --count 60')).toEqual({ '200': 55, '500': 5 });
    expect(mesh.run('istioctl proxy-config endpoint front --port 80')).toContain('FAILED');
    mesh.run(`sim app ${pod} --ok; sleep 40`);
    expect(mesh.run('istioctl proxy-config endpoint front --port 80')).not.toContain('FAILED');
    expect(mesh.calls('--url http://web/api --count 60')).toEqual({ '200': 60 });
  });

  it('bounds what may wait', () => {
    mesh.apply(`${SUBSETS}  trafficPolicy:
    connectionPool: {tcp: {maxConnections: 1}, http: {http1MaxPendingRequests: 1}}`);
    mesh.run('kubectl scale deployment web-v2 --replicas=0; kubectl scale deployment web-v1 --replicas=1; sleep 40');
    const out = mesh.run(
      `for i in 1 2 3; do kubectl exec front -- curl -s -w '%{http_code}\\n' -o /dev/null 'http://web/?delay=2s' & done; wait`,
    );
    expect(out.match(/^\d{3}$/gm)?.sort()).toEqual(['200', '200', '503']);
    expect(mesh.run('kubectl logs front -c istio-proxy')).toContain(
      '503 UO upstream_reset_before_response_started{overflow}',
    );
  });
});

describe('a headless Service', () => {
  it('leads to the Pod that is named, with mTLS', () => {
    mesh.apply(`
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 2
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: app, image: "istio/app:1.28.2", args: [--port=80, --tcp=9090]}]}
---
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {clusterIP: None, selector: {app: db}, ports: [{name: http, port: 80}, {name: tcp, port: 9090}]}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: db}
spec: {selector: {matchLabels: {app: db}}, mtls: {mode: STRICT}}`);
    mesh.run('kubectl rollout status statefulset/db');
    expect(mesh.calls('--url http://db-1.db --count 5', 'Hostname')).toEqual({ 'db-1': 5 });
    expect(mesh.calls('--url tcp://db-0.db --count 5', 'Hostname')).toEqual({ 'db-0': 5 });
  });
});

describe('what leaves the mesh', () => {
  it('passes TLS on as it is', () => {
    expect(mesh.status('https://kubernetes.default/version', 'front', '-k')).toBe('200');
  });

  it('is blocked when only known hosts are allowed', () => {
    mesh.apply(`
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default}
spec: {outboundTrafficPolicy: {mode: REGISTRY_ONLY}}
---
apiVersion: v1
kind: Pod
metadata: {name: outside, namespace: plain}
spec: {hostNetwork: true, nodeName: worker-2, containers: [{name: nginx, image: "nginx:1.27"}]}`);
    mesh.run('kubectl wait -n plain --for=condition=Ready pod/outside');
    expect(mesh.status('http://worker-2')).toBe('502');
    mesh.apply(`
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: outside}
spec: {hosts: [worker-2], ports: [{number: 80, name: http, protocol: HTTP}], resolution: DNS}`);
    expect(mesh.status('http://worker-2')).toBe('200');
  });
});
