// Identities, policies and telemetry; what passes the mesh's edges; Pods without sidecars; istioctl.

import { beforeAll, describe, expect, it } from 'vitest';
import { Mesh } from './support.ts';

const strict = (mode: string) => `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default}
spec: {mtls: {mode: ${mode}}}`;
const policy = (spec: string) => `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: web}
spec: {selector: {matchLabels: {app: web}}, ${spec}}`;
const OUT = 'client -n plain';

describe('with sidecars', () => {
  let mesh: Mesh;

  beforeAll(() => {
    mesh = new Mesh();
    mesh.run('kubectl label namespace default istio-injection=enabled');
    mesh.start();
    mesh.run('kubectl run guest --image=istio/app:1.28.2; kubectl wait --for=condition=Ready pod/guest');
  });

  it('gives every workload a certificate for its service account', () => {
    const secret = mesh.run('istioctl proxy-config secret front -o json');
    const { inlineBytes } = JSON.parse(secret).dynamicActiveSecrets[0].secret.tlsCertificate.certificateChain;
    expect(mesh.run(`echo ${inlineBytes} | base64 -d | openssl x509 -noout -text`)).toContain(
      'URI:spiffe://cluster.local/ns/default/sa/front',
    );
    expect(mesh.run('kubectl exec front -- curl -s http://web')).toMatch(
      /X-Forwarded-Client-Cert:By=spiffe:\/\/cluster\.local\/ns\/default\/sa\/default;.*URI=spiffe:\/\/cluster\.local\/ns\/default\/sa\/front\n/,
    );
  });

  it('resets plain connections when mTLS is asked for, and lets probes pass', () => {
    expect(mesh.status('http://web.default', OUT)).toBe('200');
    mesh.apply(strict('STRICT'));
    expect(mesh.status('http://web.default', OUT)).toContain('curl: (56) Recv failure: Connection reset by peer');
    expect(mesh.status('http://web')).toBe('200');
    mesh.run('sleep 60');
    expect(mesh.run('kubectl get pods -l app=web --no-headers')).not.toContain('1/2');
    mesh.apply(strict('PERMISSIVE'));
  });

  it('counts all requests by who sent them', () => {
    mesh.run(`kubectl exec ${OUT} -- client --url http://web.default --count 7`);
    const metrics = mesh.run(
      'for pod in $(kubectl get pods -l app=web -o name); do kubectl exec $pod -c istio-proxy -- curl -s localhost:15090/stats/prometheus; done',
    );
    let sum = 0;
    const lines =
      /^istio_requests_total\{reporter="destination",source_workload="unknown".*connection_security_policy="none"\} (\d+)$/gm;
    for (const [, count] of metrics.matchAll(lines)) sum += Number(count);
    expect(sum).toBe(8);
  });

  it('logs nothing until a Telemetry asks for it', () => {
    const count = () => Number(mesh.run(`kubectl logs front -c istio-proxy | grep -c 'HTTP/1.1'`).split('\n')[0]);
    mesh.status('http://web');
    expect(count()).toBe(0);
    mesh.apply(`
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: mesh, namespace: istio-system}
spec: {accessLogging: [{providers: [{name: envoy}]}]}`);
    mesh.run('kubectl exec front -- client --url http://web --count 3');
    expect(count()).toBe(3);
  });

  describe('an AuthorizationPolicy', () => {
    it('lets one identity, method and path pass', () => {
      mesh.apply(
        policy(
          'rules: [{from: [{source: {principals: [cluster.local/ns/default/sa/front]}}], to: [{operation: {methods: [GET], paths: [/api/*]}}]}]',
        ),
      );
      expect(mesh.status('http://web/api/x')).toBe('200');
      expect(mesh.status('http://web/admin')).toBe('403');
      expect(mesh.status('http://web/api/x', 'front', '-X DELETE')).toBe('403');
      expect(mesh.run('kubectl exec guest -- curl -s http://web/api/x')).toBe('RBAC: access denied');
      expect(mesh.status('http://web.default/api/x', OUT)).toBe('403');
    });

    it('denies before anything is allowed', () => {
      mesh.apply(policy('action: DENY, rules: [{when: [{key: "request.headers[x-bad]", values: ["yes"]}]}]'));
      expect(mesh.status('http://web')).toBe('200');
      expect(mesh.status('http://web', 'front', '-H x-bad:yes')).toBe('403');
    });

    it('denies all when it has no rules', () => {
      mesh.run('kubectl delete authorizationpolicy web');
      mesh.apply(policy('action: ALLOW'));
      expect(mesh.status('http://web')).toBe('403');
      expect(mesh.calls('--url tcp://web --count 1', 'Error')).toEqual({ EOF: 1 });
      mesh.run('kubectl delete authorizationpolicy web; sleep 1');
      expect(mesh.status('http://web')).toBe('200');
    });
  });

  it('serves hosts of a Gateway, and no others', () => {
    mesh.apply(`
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: shop}
spec:
  selector: {istio: ingressgateway}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example]}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop}
spec: {hosts: [shop.example], gateways: [shop], http: [{route: [{destination: {host: web, port: {number: 80}}}]}]}`);
    const at = (host: string) => mesh.status('http://istio-ingressgateway.istio-system', OUT, `-H Host:${host}`);
    expect(at('shop.example')).toBe('200');
    expect(at('other.example')).toBe('404');
  });

  it('shows proxies and finds what cannot work', () => {
    expect(mesh.run('istioctl version')).toMatch(
      /control plane version: 1\.28\.2\ndata plane version: 1\.28\.2 \(7 proxies\)/,
    );
    expect(mesh.run('istioctl proxy-status')).toMatch(/^front\.default +Kubernetes +istiod-/m);
    expect(mesh.run('istioctl analyze')).toContain('No validation issues found');
    mesh.apply(`
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: lost}
spec: {hosts: [lost], http: [{route: [{destination: {host: nobody}}]}]}`);
    expect(mesh.run('istioctl analyze')).toContain(
      'Error [IST0101] (VirtualService default/lost) Referenced host not found: "nobody"',
    );
    expect(mesh.run('istioctl dashboard kiali')).toContain('not modelled by this engine');
    expect(mesh.run('istioctl install -y --set values.pilot.replicas=2')).toContain('not modelled by this engine');
  });

  it('refuses what of an EnvoyFilter no proxy would heed', () => {
    const filter = (match: string, more: string) =>
      mesh.apply(`
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: limit}
spec:
  configPatches:
  - applyTo: HTTP_FILTER
    match: {context: SIDECAR_INBOUND${match}}
    patch:
      operation: INSERT_BEFORE
      value:
        name: envoy.filters.http.local_ratelimit
        typed_config:
          '@type': type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit
          token_bucket: {max_tokens: 10, fill_interval: 60s}
          ${more}`);
    expect(filter('', 'status: {code: ServiceUnavailable}')).toContain(
      'patch.value.typed_config.status is unknown, or is not modelled by this engine',
    );
    expect(filter(', listener: {portNumber: 80}', 'stat_prefix: x')).toContain(
      'match.listener.portNumber is unknown, or is not modelled by this engine',
    );
    expect(filter('', 'stat_prefix: x')).toContain('envoyfilter.networking.istio.io/limit created');
    mesh.run('kubectl delete envoyfilter limit');
  });

  it('keeps proxies at work while istiod is away', () => {
    mesh.run('kubectl scale deployment -n istio-system istiod --replicas=0; sleep 30');
    expect(mesh.status('http://web')).toBe('200');
    expect(mesh.run('kubectl run late --image=nginx:1.27')).toContain(
      'failed calling webhook "namespace.sidecar-injector.istio.io"',
    );
    mesh.run('kubectl scale deployment -n istio-system istiod --replicas=1; sleep 30');
    expect(mesh.run('kubectl run late --image=nginx:1.27')).toContain('created');
    expect(mesh.run('istioctl proxy-status')).toContain('front.default');
  });
});

describe('in ambient mode', () => {
  let mesh: Mesh;

  beforeAll(() => {
    mesh = new Mesh('--set profile=ambient');
    mesh.start();
    mesh.run('kubectl label namespace default istio.io/dataplane-mode=ambient; sleep 5');
  });

  it('takes running Pods in as they are, and carries their connections encrypted', () => {
    expect(mesh.run('kubectl get pod front --no-headers')).toMatch(/front +1\/1 +Running +0/);
    expect(mesh.calls('--url http://web --count 1')).toEqual({ '200': 1 });
    const logs = mesh.run('kubectl logs -n istio-system -l app=ztunnel --tail=-1');
    expect(logs).toMatch(
      /src\.identity="spiffe:\/\/cluster\.local\/ns\/default\/sa\/front" dst\.addr=[\d.]+:15008 dst\.hbone_addr=[\d.]+:80 /,
    );
  });

  it('knows who calls, and keeps probes out of it', () => {
    mesh.apply(strict('STRICT'));
    expect(mesh.status('http://web.default', OUT)).toContain('Connection reset by peer');
    expect(mesh.status('http://web')).toBe('200');
    mesh.run('sleep 60');
    expect(mesh.run('kubectl get pods -l app=web --no-headers')).not.toContain('0/1');
    mesh.apply(policy('rules: [{from: [{source: {principals: [cluster.local/ns/default/sa/other]}}]}]'));
    expect(mesh.status('http://web')).toContain('curl: (56)');
  });

  it('lets Pods go', () => {
    mesh.run(
      'kubectl delete authorizationpolicy,peerauthentication --all; kubectl label namespace default istio.io/dataplane-mode-; sleep 3',
    );
    expect(mesh.run('sim trace pod/front service/web')).not.toContain('15001');
    expect(mesh.status('http://web')).toBe('200');
  });
});
