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
});
