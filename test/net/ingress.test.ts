// Requests from outside by host and path, through the ingress controller, to Pods.

import { beforeAll, describe, expect, it } from 'vitest';
import { TestCluster } from './cluster.ts';

const app = (name: string, image: string) => `kubectl create deployment ${name} --image=${image}
  kubectl expose deployment ${name} --port=8080`;

const INGRESS = `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop}
spec:
  ingressClassName: nginx
  tls: [{hosts: [safe.example]}]
  rules:
  - host: shop.example
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: one, port: {number: 8080}}}}
      - {path: /two, pathType: Exact, backend: {service: {name: two, port: {number: 8080}}}}
      - {path: /none, pathType: Prefix, backend: {service: {name: missing, port: {number: 80}}}}
  - host: safe.example
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: two, port: {number: 8080}}}}`;

const ingress = (
  name: string,
  host: string,
  paths: readonly string[],
  annotation = '',
) => `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: ${name}${annotation && `, annotations: {nginx.ingress.kubernetes.io/${annotation}}`}}
spec:
  ingressClassName: nginx
  rules:
  - host: ${host}
    http:
      paths:
${paths.map((path) => `      - ${path}\n`).join('')}`;

let test: TestCluster;
let address = '';
const get = (host: string, path: string, more = '') =>
  test.run(`curl -s ${more} --resolve ${host}:80:${address} http://${host}${path}`);

beforeAll(() => {
  test = new TestCluster();
  test.run(app('one', 'gcr.io/google-samples/hello-app:1.0'));
  test.run(app('two', 'gcr.io/google-samples/hello-app:2.0'));
  test.apply(INGRESS);
  test.run('kubectl rollout status deployment one; kubectl rollout status deployment two; sleep 61');
  address = test.run("kubectl get ingress shop -o jsonpath='{.status.loadBalancer.ingress[0].ip}'");
});

describe('an Ingress', () => {
  it('gets the address of the controller’s node', () => {
    expect(address).toMatch(/^10\.0\.0\.1\d$/);
  });

  it('leads by host and path to its Services', () => {
    expect(get('shop.example', '/')).toContain('Version: 1.0.0');
    expect(get('shop.example', '/two')).toContain('Version: 2.0.0');
    expect(get('shop.example', '/two/more')).toContain('Version: 1.0.0');
  });

  it('answers 404 for hosts that nobody has, 503 where the Service has no endpoints', () => {
    expect(get('other.example', '/')).toContain('<title>404 Not Found</title>');
    expect(get('shop.example', '/none')).toContain('503 Service Temporarily Unavailable');
  });

  it('sends hosts with TLS to HTTPS', () => {
    expect(get('safe.example', '/', '-o /dev/null -w "%{http_code} %{redirect_url}"')).toBe(
      '308 https://safe.example/',
    );
    expect(test.run(`curl -sk --resolve safe.example:443:${address} https://safe.example/`)).toContain(
      'Version: 2.0.0',
    );
  });

  it('is left alone when its class is another’s', () => {
    test.apply(`apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: foreign}
spec:
  ingressClassName: other
  defaultBackend: {service: {name: one, port: {number: 8080}}}`);
    test.run('sleep 61');
    expect(test.run("kubectl get ingress foreign -o jsonpath='{.status.loadBalancer}'")).toBe('{}');
    expect(get('other.example', '/')).toContain('404 Not Found');
  });

  it('compares whole path elements with Prefix, the text with Exact, and its beginning with ImplementationSpecific', () => {
    const path = (text: string, type: string, to: string) =>
      `{path: ${text}, pathType: ${type}, backend: {service: {name: ${to}, port: {number: 8080}}}}`;
    test.apply(
      ingress('types', 'types.example', [
        path('/shop', 'Prefix', 'two'),
        path('/exact', 'Exact', 'two'),
        path('/any', 'ImplementationSpecific', 'two'),
        path('/', 'Prefix', 'one'),
      ]),
    );
    const two = (asked: string) => get('types.example', asked).includes('Version: 2');
    expect(['/shop', '/shop/', '/shop/7', '/shopping', '/Shop'].map(two)).toEqual([true, true, true, false, false]);
    expect(['/exact', '/exact/', '/exact/7'].map(two)).toEqual([true, false, false]);
    expect(['/any', '/any/7', '/anything', '/an'].map(two)).toEqual([true, true, true, false]);
  });

  it('sends what no rule of its hosts names to the default backend, all else to that of an Ingress without rules', () => {
    test.apply(
      `${ingress('fallback', 'fallback.example', [
        '{path: /one, pathType: Prefix, backend: {service: {name: one, port: {number: 8080}}}}',
      ])}  defaultBackend: {service: {name: two, port: {number: 8080}}}`,
    );
    expect(get('fallback.example', '/one')).toContain('Version: 1.0.0');
    expect(get('fallback.example', '/elsewhere')).toContain('Version: 2.0.0');
    expect(get('nobody.example', '/')).toContain('404 Not Found');
    test.run('kubectl create ingress everything --class=nginx --default-backend=two:8080; sleep 2');
    expect(get('nobody.example', '/')).toContain('Version: 2.0.0');
    test.run('kubectl delete ingress everything');
  });

  it('takes one label for the star of a wildcard, and a host of its own before it', () => {
    const all = '{path: /, pathType: Prefix, backend: {service: {name: NAME, port: {number: 8080}}}}';
    test.apply(ingress('wild', "'*.wild.example'", [all.replace('NAME', 'one')]));
    test.apply(ingress('named', 'a.wild.example', [all.replace('NAME', 'two')]));
    expect(get('b.wild.example', '/')).toContain('Version: 1.0.0');
    expect(get('a.wild.example', '/')).toContain('Version: 2.0.0');
    expect(get('b.c.wild.example', '/')).toContain('404 Not Found');
  });

  it('rewrites paths with what their groups have caught, which makes patterns of all paths of the host', () => {
    const echo = (text: string) =>
      `{path: ${text}, pathType: ImplementationSpecific, backend: {service: {name: echo, port: {number: 80}}}}`;
    test.run(`kubectl create deployment echo --image=registry.k8s.io/e2e-test-images/agnhost:2.53 -- /agnhost netexec
      kubectl expose deployment echo --port=80 --target-port=8080; kubectl rollout status deployment echo`);
    test.apply(ingress('rewrite', 'rewrite.example', [echo('/api(/|$)(.*)'), echo('/plain')], 'rewrite-target: /$2'));
    test.run('sleep 2');
    expect(get('rewrite.example', '/api/echo?msg=hello')).toBe('hello');
    expect(get('rewrite.example', '/API/echo?msg=hello')).toBe('hello');
    expect(get('rewrite.example', '/api')).toContain('NOW:');
    expect(get('rewrite.example', '/other')).toContain('404');
  });

  it('shows each host the certificate of its own Secret, and to others one that nobody trusts', () => {
    const hosts = ['red.example', 'blue.example'];
    for (const host of hosts) {
      const [name] = host.split('.');
      test.run(`openssl ecparam -name prime256v1 -genkey -noout -out ${name}.key
        openssl req -new -x509 -key ${name}.key -subj /CN=${host} -addext subjectAltName=DNS:${host} -out ${name}.crt
        kubectl create secret tls ${name} --cert=${name}.crt --key=${name}.key`);
      test.apply(
        `${ingress(name, host, [
          '{path: /, pathType: Prefix, backend: {service: {name: one, port: {number: 8080}}}}',
        ])}  tls: [{hosts: [${host}], secretName: ${name}}]`,
      );
    }
    const secure = (host: string, ca: string) =>
      test.run(`curl -sS --cacert ${ca}.crt --resolve ${host}:443:${address} https://${host}/`);
    expect(secure('red.example', 'red')).toContain('Version: 1.0.0');
    expect(secure('blue.example', 'blue')).toContain('Version: 1.0.0');
    expect(secure('blue.example', 'red')).toContain('self-signed certificate');
    expect(secure('green.example', 'red')).toContain('unable to get local issuer certificate');
  });

  it('goes on serving while the API server is away, and writes the status when it is back', () => {
    test.apply(
      ingress('late', 'late.example', [
        '{path: /, pathType: Prefix, backend: {service: {name: one, port: {number: 8080}}}}',
      ]),
    );
    test.run('sim node crash cp-1; sleep 121');
    expect(get('late.example', '/')).toContain('Version: 1.0.0');
    expect(test.run('kubectl get ingress late')).toContain('10.0.0.10:6443');
    test.run('sim node start cp-1; sleep 121');
    expect(test.run("kubectl get ingress late -o jsonpath='{.status.loadBalancer.ingress[0].ip}'")).toBe(address);
  });
});
