// Custom resources whose versions a webhook in a Pod of the cluster converts.

import { beforeAll, describe, expect, it } from 'vitest';
import { serveWebhooks } from '../apiserver/webhook-server.ts';

const definition = (path = '/crdconvert', stored = 'v1') => `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: crontabs.stable.example.com}
spec:
  group: stable.example.com
  scope: Namespaced
  names: {plural: crontabs, singular: crontab, kind: CronTab}
  conversion:
    strategy: Webhook
    webhook:
      conversionReviewVersions: [v1]
      clientConfig: {caBundle: $(base64 -w0 tls.crt), service: {name: converter, namespace: default, path: ${path}}}
  versions:
  - name: v1
    served: true
    storage: ${stored === 'v1'}
    schema: {openAPIV3Schema: {type: object, properties: {hostPort: {type: string}}}}
  - name: v2
    served: true
    storage: ${stored === 'v2'}
    schema: {openAPIV3Schema: {type: object, properties: {host: {type: string}, port: {type: string}}}}
`;

let run: (command: string) => string;

const define = (path?: string, stored?: string) =>
  run(`cat > crd.yaml <<Y${definition(path, stored)}Y\nkubectl apply -f crd.yaml; sleep 1`);
const object = (name: string, version: string, fields: string) =>
  run(
    `printf 'apiVersion: stable.example.com/${version}\\nkind: CronTab\\nmetadata: {name: ${name}}\\n${fields}\\n' | kubectl apply -f -`,
  );
const fields = (name: string, version: string) =>
  run(
    `kubectl get crontabs.${version}.stable.example.com ${name} -o jsonpath='{.apiVersion} {.hostPort}{.host} {.port}'`,
  ).trim();

beforeAll(() => {
  run = serveWebhooks('converter', 'crd-conversion-webhook');
  expect(define()).toContain('created');
});

describe('a conversion webhook in a Pod', () => {
  it('converts what is read and what is written in a version that is not stored', () => {
    expect(object('a', 'v1', 'hostPort: "localhost:1"')).toBe('crontab.stable.example.com/a created\n');
    expect(fields('a', 'v2')).toBe('stable.example.com/v2 localhost 1');
    expect(object('b', 'v2', 'host: other\\nport: "2"')).toContain('created');
    expect(fields('b', 'v1')).toBe('stable.example.com/v1 other:2');
    expect(object('b', 'v2', 'host: other\\nport: "3"')).toContain('configured');
    expect(fields('b', 'v1')).toBe('stable.example.com/v1 other:3');
    run(`kubectl patch crontabs.v2.stable.example.com a --type=merge -p '{"port":"9"}'`);
    expect(fields('a', 'v1')).toBe('stable.example.com/v1 localhost:9');
  });

  it('serves lists and watches in every version, in order', () => {
    expect(
      run(
        `kubectl get crontabs.v2.stable.example.com -o jsonpath='{range .items[*]}{.metadata.name}={.host}:{.port} {end}'`,
      ),
    ).toBe('a=localhost:9 b=other:3 ');
    run(
      `kubectl get crontabs.v2.stable.example.com -w -o jsonpath='{.metadata.name}={.host}:{.port}{"\\n"}' > seen & sleep 1`,
    );
    object('c', 'v1', 'hostPort: "c:1"');
    object('c', 'v1', 'hostPort: "c:2"');
    object('c', 'v2', 'host: c\\nport: "3"');
    expect(run('sleep 1; kill %1; cat seen')).toContain('a=localhost:9\nb=other:3\nc=c:1\nc=c:2\nc=c:3\n');
  });

  it('refuses in its own words, and nothing is written', () => {
    expect(object('bad', 'v1', 'hostPort: "a:b:c"')).toContain('created');
    expect(fields('bad', 'v2')).toBe(
      'Error from server: conversion webhook for stable.example.com/v1, Kind=CronTab failed: invalid hostPort value `a:b:c`',
    );
    run('kubectl delete crontabs.v1.stable.example.com bad');
    define('/elsewhere');
    expect(object('new', 'v2', 'host: x')).toContain(
      'conversion webhook for stable.example.com/v2, Kind=CronTab failed: the server could not find the requested resource',
    );
    expect(run('kubectl get crontabs.v1.stable.example.com new')).toContain('(NotFound)');
    define();
  });

  it('that is gone leaves the stored version, and objects that were converted before in lists', () => {
    run('kubectl get crontabs.v2.stable.example.com; kubectl scale deployment converter --replicas=0; sleep 5');
    expect(fields('a', 'v1')).toBe('stable.example.com/v1 localhost:9');
    expect(fields('a', 'v2')).toMatch(
      /^Error from server: conversion webhook for stable.example.com\/v1, Kind=CronTab failed: Post "https:\/\/converter.default.svc:443\/crdconvert\?timeout=30s": dial tcp 10.96.\d+.\d+:443: connect: connection refused$/,
    );
    expect(run('kubectl get crontabs.v2.stable.example.com -o name')).toContain('crontab.stable.example.com/a\n');
    run('kubectl scale deployment converter --replicas=1; kubectl rollout status deployment converter; sleep 2');
  });

  it('converts old objects to a new storage version, until each is written again', () => {
    define(undefined, 'v2');
    expect(fields('a', 'v2')).toBe('stable.example.com/v2 localhost 9');
    expect(fields('a', 'v1')).toBe('stable.example.com/v1 localhost:9');
    expect(object('a', 'v1', 'hostPort: "moved:1"')).toContain('configured');
    expect(fields('a', 'v2')).toBe('stable.example.com/v2 moved 1');
  });
});
