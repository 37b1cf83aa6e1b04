// The Gateway API by the manifests of its page: what a Gateway and its routes do, and what their status says.

import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { startTerminal, type TestTerminal } from '../sim-command/terminal.ts';

const page = readFileSync('content/notes/networking/gateway-api.mdx', 'utf8');
const manifest = (name: string) =>
  new RegExp(`\`\`\`yaml file=${name}[^\\n]*\\n([^]*?)\\n\`\`\``).exec(page)?.[1] ?? '';

const NODE = '10.0.0.11:30080';
const GATEWAY = `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: shop}
spec:
  gatewayClassName: nginx
  listeners: [{name: http, port: 80, protocol: HTTP}]`;

let test: TestTerminal;
const apply = (text: string) => test.run(`cat <<'EOF' | kubectl apply -f -\n${text}\nEOF\nsim advance 3s`);
const route = (name: string, rules: string, more = '') => `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: ${name}}
spec:
  parentRefs: [{name: shop}]
  hostnames: [${name}.example]
${more}  rules:
${rules}`;
const get = (name: string, path = '/', more = '') =>
  test.run(`curl -s -m 5 ${more} -H 'Host: ${name}.example' '${NODE}${path}'`);
const why = (name: string) =>
  test.run(
    `kubectl get httproute ${name} -o jsonpath='{range .status.parents[*].conditions[?(@.status=="False")]}{.type} {.reason}{"\\n"}{end}'`,
  );

beforeAll(() => {
  test = startTerminal({ ingressController: false });
  apply(manifest('gateway-api.yaml'));
  apply(manifest('nginx-gateway.yaml'));
  apply(manifest('class.yaml'));
  for (const name of ['one', 'two']) {
    test.run(`kubectl create deployment ${name} --image=hashicorp/http-echo -- /http-echo -text=${name}
      kubectl expose deployment ${name} --port=80 --target-port=5678`);
  }
  test.run('kubectl -n nginx-gateway rollout status deployment/nginx-gateway');
  apply(GATEWAY);
  test.run('kubectl rollout status deployment --timeout=1m; sim advance 20s');
});

describe('a Gateway', () => {
  it('gets a data plane of its own, which goes with it', () => {
    expect(test.run('kubectl get gateway shop')).toMatch(/shop +nginx +10\.96\.\d+\.\d+ +True/);
    expect(get('nobody')).toContain('404 Not Found');
    apply(GATEWAY.replace('name: shop', 'name: other').replace('port: 80', 'port: 8081'));
    expect(test.run('kubectl get deployment other-nginx')).toContain('other-nginx');
    test.run('kubectl delete gateway other; sim advance 40s');
    expect(test.run('kubectl get deployment other-nginx; kubectl get service other-nginx')).toMatch(
      /NotFound[^]*NotFound/,
    );
  });

  it('of a class that nobody serves waits', () => {
    apply(GATEWAY.replace('name: shop', 'name: strange').replace('nginx', 'strange'));
    expect(test.run('kubectl get gateway strange')).toMatch(/strange +strange +Unknown/);
    test.run('kubectl delete gateway strange');
  });

  it('says which listeners cannot be served, and serves the others', () => {
    apply(
      `${GATEWAY.slice(0, -1)}, {name: tcp, port: 5432, protocol: TCP}, {name: tls, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: none}]}}]`,
    );
    const listeners = test.run(
      `kubectl get gateway shop -o jsonpath='{range .status.listeners[*]}{.name} {.conditions[?(@.type=="Accepted")].reason}{"\\n"}{end}'`,
    );
    expect(listeners).toBe('http Accepted\ntcp UnsupportedProtocol\ntls InvalidCertificateRef\n');
    expect(test.run(`kubectl get gateway shop -o jsonpath='{.status.conditions[?(@.type=="Accepted")].reason}'`)).toBe(
      'ListenersNotValid',
    );
    apply(GATEWAY);
  });
});

describe('an HTTPRoute', () => {
  it('prefers the exact path, then the longer prefix, then a method, then headers', () => {
    apply(
      route(
        'order',
        `  - {backendRefs: [{name: one, port: 80}]}
  - {matches: [{path: {value: /a}}], backendRefs: [{name: two, port: 80}]}
  - {matches: [{path: {value: /a/b}}], backendRefs: [{name: one, port: 80}]}
  - {matches: [{path: {type: Exact, value: /a/b/c}}], backendRefs: [{name: two, port: 80}]}
  - {matches: [{method: POST}], backendRefs: [{name: two, port: 80}]}
  - {matches: [{headers: [{name: X-Who, value: me}], queryParams: [{name: v, value: "2"}]}], backendRefs: [{name: two, port: 80}]}`,
      ),
    );
    const asked = ['/', '/a', '/ab', '/a/x', '/a/b', '/a/b/x', '/a/b/c'].map((path) => get('order', path).trim());
    expect(asked).toEqual(['one', 'two', 'one', 'two', 'one', 'one', 'two']);
    expect(get('order', '/', '-X POST')).toBe('two\n');
    expect(get('order', '/?v=2', '-H "X-Who: me"')).toBe('two\n');
    expect(get('order', '/?v=3', '-H "X-Who: me"')).toBe('one\n');
  });

  it('divides requests by weight', () => {
    apply(route('split', '  - {backendRefs: [{name: one, port: 80, weight: 3}, {name: two, port: 80, weight: 1}]}'));
    const answers = test
      .run(`for i in $(seq 60); do curl -s -H 'Host: split.example' ${NODE}; done`)
      .trim()
      .split('\n');
    const twos = answers.filter((answer) => answer === 'two').length;
    expect(twos).toBeGreaterThan(5);
    expect(twos).toBeLessThan(30);
    apply(route('split', '  - {backendRefs: [{name: one, port: 80, weight: 0}]}'));
    expect(get('split')).toContain('500 Internal Server Error');
  });

  it('redirects and rewrites', () => {
    apply(
      route(
        'change',
        `  - matches: [{path: {value: /from}}]
    filters: [{type: RequestRedirect, requestRedirect: {hostname: new.example, port: 8443, scheme: https, path: {type: ReplacePrefixMatch, replacePrefixMatch: /to}}}]`,
      ),
    );
    expect(get('change', '/from/here?x=1', '-o /dev/null -w "%{http_code} %{redirect_url}"')).toBe(
      '302 https://new.example:8443/to/here?x=1',
    );
    const both = route(
      'both',
      `  - filters:
    - {type: RequestRedirect, requestRedirect: {scheme: https}}
    - {type: URLRewrite, urlRewrite: {hostname: x.example}}`,
    );
    expect(apply(both)).toContain('but not both');
  });

  it('says what its references do not lead to, and answers 500 there', () => {
    apply(route('lost', '  - {backendRefs: [{name: nothing, port: 80}]}'));
    expect(why('lost')).toBe('ResolvedRefs BackendNotFound\n');
    expect(get('lost')).toContain('500 Internal Server Error');
    test.run('kubectl create service clusterip nothing --tcp=80:80; sim advance 3s');
    expect(why('lost')).toBe('');
    expect(get('lost')).toContain('503 Service Temporarily Unavailable');
    apply(route('lost', '  - {filters: [{type: RequestMirror, requestMirror: {backendRef: {name: one}}}]}'));
    expect(why('lost')).toBe('Accepted UnsupportedValue\n');
    expect(get('lost')).toContain('404 Not Found');
  });

  it('is followed where it can be, and says what is left out', () => {
    apply(
      route(
        'mixed',
        `  - {matches: [{path: {type: RegularExpression, value: "/("}}], backendRefs: [{name: one, port: 80}]}
  - {matches: [{path: {value: /mirror}}], backendRefs: [{name: one, port: 80}], filters: [{type: RequestMirror, requestMirror: {backendRef: {name: one}}}]}
  - {backendRefs: [{name: two, port: 80}]}`,
      ),
    );
    const partial = test.run(
      `kubectl get httproute mixed -o jsonpath='{.status.parents[*].conditions[?(@.type=="PartiallyInvalid")].message}'`,
    );
    expect(partial).toContain('Dropped Rule(s): [spec.rules[0].matches[0].path.value: Invalid value: "/("');
    expect(partial).toContain('spec.rules[1].filters[0].type: Unsupported value: "RequestMirror"');
    expect(why('mixed')).toBe('');
    expect(get('mixed', '/mirror')).toContain('500 Internal Server Error');
    expect(get('mixed')).toBe('two\n');
  });

  it('is not accepted by a listener of another name, section or namespace', () => {
    apply(GATEWAY.replace('protocol: HTTP', 'protocol: HTTP, hostname: "*.shop.test"'));
    apply(route('host', '  - {backendRefs: [{name: one, port: 80}]}'));
    expect(why('host')).toBe('Accepted NoMatchingListenerHostname\n');
    apply(
      route('host', '  - {backendRefs: [{name: one, port: 80}]}').replace(
        'name: shop',
        'name: shop, sectionName: none',
      ),
    );
    expect(why('host')).toBe('Accepted NoMatchingParent\n');
    apply(GATEWAY);
    apply(route('host', '  - {backendRefs: [{name: one, port: 80}]}'));
    expect(get('host')).toBe('one\n');
  });
});

describe('without its custom resources', () => {
  it('the controller does not start', () => {
    const bare = startTerminal({ ingressController: false });
    const only = manifest('nginx-gateway.yaml')
      .split('\n---\n')
      .filter((text) => !/GatewayClass|NginxProxy/.test(text));
    bare.run(`cat <<'EOF' | kubectl apply -f -\n${only.join('\n---\n')}\nEOF\nsim advance 30s`);
    expect(bare.run('kubectl -n nginx-gateway get pods')).toMatch(/Error|CrashLoopBackOff/);
    expect(bare.run('kubectl -n nginx-gateway logs -l app.kubernetes.io/name=nginx-gateway --tail=1')).toContain(
      'are its CRDs installed?',
    );
  });
});
