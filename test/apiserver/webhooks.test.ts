// Admission webhooks that run in Pods of the cluster and are called over its network.

import { beforeAll, describe, expect, it, test } from 'vitest';
import { certificate, serveWebhooks } from './webhook-server.ts';

interface Hook {
  kind?: 'Validating' | 'Mutating';
  path?: string;
  resources?: string;
  operations?: string;
  ca?: string;
  service?: string;
  rest?: string;
}

let run: (command: string) => string;

/** Puts one configuration of webhooks in place of the one before. */
function configure(name: string, hooks: Record<string, Hook>, kind: Hook['kind'] = 'Validating') {
  const list = Object.entries(hooks).map(
    ([
      hook,
      {
        path = '/always-deny',
        resources = 'configmaps',
        operations = 'CREATE',
        ca = 'tls',
        service = 'hook',
        rest = '',
      },
    ]) => `
- name: ${hook}.example.com
  admissionReviewVersions: [v1]
  sideEffects: None
  clientConfig: {caBundle: $(base64 -w0 ${ca}.crt), service: {name: ${service}, namespace: default, path: ${path}}}
  rules: [{apiGroups: [""], apiVersions: [v1], operations: [${operations}], resources: [${resources}]}]
  ${rest}`,
  );
  run(`kubectl delete validatingwebhookconfigurations,mutatingwebhookconfigurations --all`);
  const out = run(`cat > conf.yaml <<Y
apiVersion: admissionregistration.k8s.io/v1
kind: ${kind}WebhookConfiguration
metadata: {name: ${name}}
webhooks:${list.join('')}
Y
kubectl apply -f conf.yaml`);
  expect(out).toContain('created');
}

beforeAll(() => {
  run = serveWebhooks('hook', 'webhook, --sidecar-image=nginx:1.27');
  run(certificate('other', 'other.default.svc'));
});

describe('a validating webhook', () => {
  it('refuses in its own words, with message, reason or nothing', () => {
    configure('deny', { deny: {} });
    expect(run('kubectl create configmap a')).toBe(
      'error: failed to create configmap: admission webhook "deny.example.com" denied the request: this webhook denies all requests\n',
    );
    configure('data', { data: { path: '/configmaps', operations: '"*"' } });
    expect(run('kubectl create configmap a --from-literal=webhook-e2e-test=webhook-disallow')).toContain(
      'denied the request: the configmap contains unwanted key and value',
    );
    expect(run('kubectl create configmap keep --from-literal=webhook-e2e-test=webhook-nondeletable')).toContain(
      'created',
    );
    expect(run('kubectl delete configmap keep')).toContain('denied the request: the configmap cannot be deleted');
    expect(run('kubectl create configmap fine --from-literal=a=b')).toBe('configmap/fine created\n');
  });

  it('that is late is given up after its timeout, and only then', () => {
    configure('slow', { slow: { path: '/always-allow-delay-5s', rest: 'timeoutSeconds: 1' } });
    expect(run('kubectl create configmap slow')).toBe(
      'error: failed to create configmap: Internal error occurred: failed calling webhook "slow.example.com": failed to call webhook: Post "https://hook.default.svc:443/always-allow-delay-5s?timeout=1s": context deadline exceeded\n',
    );
    configure('slow', { slow: { path: '/always-allow-delay-5s', rest: 'timeoutSeconds: 1\n  failurePolicy: Ignore' } });
    expect(run('kubectl create configmap slow')).toBe('configmap/slow created\n');
    configure('slow', { slow: { path: '/always-allow-delay-5s' } });
    expect(run('kubectl create configmap slower')).toBe('configmap/slower created\n');
  });

  it('must show a certificate that the bundle vouches for and that names its Service', () => {
    configure('ca', { ca: { ca: 'other' } });
    expect(run('kubectl create configmap b')).toContain(
      'tls: failed to verify certificate: x509: certificate signed by unknown authority',
    );
    run('kubectl expose deployment hook --name=other --port=443 --target-port=8444');
    configure('name', { name: { service: 'other' } });
    expect(run('sleep 1; kubectl create configmap b')).toContain(
      'x509: certificate is valid for hook.default.svc, not other.default.svc',
    );
  });

  it('is called only where selectors and match conditions hold', () => {
    configure('picky', {
      picky: {
        rest: `objectSelector: {matchLabels: {guarded: "yes"}}
  matchConditions: [{name: named, expression: 'object.metadata.name != "free"'}]`,
      },
    });
    expect(run('kubectl create configmap plain')).toContain('created');
    const labelled = (name: string) =>
      run(
        `printf 'apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: ${name}, labels: {guarded: "yes"}}\\n' | kubectl create -f -`,
      );
    expect(labelled('free')).toContain('created');
    expect(labelled('bound')).toContain('denied the request');
  });
});

test('requests that wait for a webhook at the same time do not exceed a quota together', () => {
  run('kubectl create namespace tight; kubectl create quota q --hard=pods=1 -n tight; sleep 1');
  configure('slow', { slow: { path: '/always-allow-delay-5s', resources: 'pods' } });
  const out = run('for i in 1 2 3; do kubectl run p$i --image=nginx:1.27 -n tight & done; wait; sleep 1');
  expect(out.match(/created/g)).toHaveLength(1);
  expect(out.match(/exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1/g)).toHaveLength(2);
  expect(run("kubectl get quota q -n tight -o jsonpath='{.status.used}'")).toBe('{"pods":"1"}');
  configure('none', { none: { resources: 'nothing' } });
});

describe('a mutating webhook', () => {
  it('patches what a client creates, and what controllers create', () => {
    configure(
      'label',
      {
        label: { path: '/add-label', resources: 'pods, configmaps' },
        side: { path: '/mutating-pods-sidecar', resources: 'pods' },
      },
      'Mutating',
    );
    run('kubectl create configmap labelled');
    expect(run("kubectl get configmap labelled -o jsonpath='{.metadata.labels}'")).toBe('{"added-label":"yes"}');
    run('kubectl create deployment web --image=nginx:1.27 --replicas=2; sleep 5');
    expect(
      run(
        'kubectl get pods -l app=web -o jsonpath=\'{range .items[*]}{.metadata.labels.added-label} {.spec.containers[*].name} {.spec.containers[1].terminationMessagePath}{"\\n"}{end}\'',
      ),
    ).toBe('yes nginx webhook-added-sidecar /dev/termination-log\n'.repeat(2));
  });

  it('sees the object again when a later one has changed it, if it asks for that', () => {
    const hooks = (policy: string) => ({
      second: { path: '/mutating-configmaps', rest: `reinvocationPolicy: ${policy}` },
      first: { path: '/mutating-configmaps' },
    });
    const stages = (name: string) => {
      run(`kubectl create configmap ${name} --from-literal=mutation-start=yes`);
      return run(`kubectl get configmap ${name} -o jsonpath='{.data}'`);
    };
    configure('stages', hooks('Never'), 'Mutating');
    expect(stages('twice')).toBe('{"mutation-stage-1":"yes","mutation-stage-2":"yes","mutation-start":"yes"}');
    configure(
      'stages',
      { label: { path: '/mutating-configmaps', rest: 'reinvocationPolicy: IfNeeded' }, add: { path: '/add-label' } },
      'Mutating',
    );
    expect(stages('again')).toContain('"mutation-stage-2":"yes"');
    configure('stages', { label: { path: '/mutating-configmaps' }, add: { path: '/add-label' } }, 'Mutating');
    expect(stages('once')).not.toContain('mutation-stage-2');
  });

  it('whose Pods are gone blocks what it guards, and a controller tries again until they are back', () => {
    configure(
      'label',
      { label: { path: '/add-label', resources: 'pods', rest: 'objectSelector: {matchLabels: {app: late}}' } },
      'Mutating',
    );
    run(
      'kubectl scale deployment hook --replicas=0; sleep 10; kubectl create deployment late --image=nginx:1.27; sleep 3',
    );
    expect(run('kubectl describe replicaset -l app=late')).toMatch(
      /FailedCreate .*Error creating: Internal error occurred: failed calling webhook "label.example.com": failed to call webhook: Post "https:\/\/hook.default.svc:443\/add-label\?timeout=10s": dial tcp 10.96.\d+.\d+:443: connect: connection refused/,
    );
    run('kubectl scale deployment hook --replicas=1; sleep 60');
    expect(run('kubectl get pods -l app=late -L added-label')).toMatch(/Running .* yes\n/);
  });
});

describe('a webhook on subresources', () => {
  const DENIED = 'denied the request: this webhook denies all requests';

  it('decides over connections into Pods', () => {
    run('kubectl run plain --image=nginx:1.27; kubectl run to-be-attached-pod --image=nginx:1.27');
    run('kubectl wait --for=condition=Ready pod/plain pod/to-be-attached-pod');
    configure('connect', {
      exec: {
        resources: 'pods/exec',
        operations: 'CONNECT',
        rest: 'matchConditions: [{name: ls, expression: \'"ls" in object.command\'}]',
      },
      attach: { path: '/pods/attach', resources: 'pods/attach', operations: 'CONNECT' },
      forward: { resources: 'pods/portforward', operations: 'CONNECT' },
      proxy: {
        resources: 'services/proxy',
        operations: 'CONNECT',
        rest: 'matchConditions: [{name: path, expression: \'has(object.path) && object.path == "secret"\'}]',
      },
    });
    expect(run('kubectl exec plain -- ls /')).toContain(
      `Error from server: admission webhook "exec.example.com" ${DENIED}`,
    );
    expect(run('kubectl exec plain -- echo hello')).toBe('hello\n');
    expect(run('kubectl attach to-be-attached-pod')).toContain("attaching to pod 'to-be-attached-pod' is not allowed");
    expect(run('kubectl port-forward plain 8080:80 & sleep 1; kill %1')).toContain(DENIED);
    run('kubectl expose pod plain --port=80; sleep 2');
    expect(run('kubectl get --raw /api/v1/namespaces/default/services/plain/proxy/')).toContain('Welcome to nginx');
    expect(run('kubectl get --raw /api/v1/namespaces/default/services/plain/proxy/secret')).toContain(DENIED);
  });

  it('decides over evictions, not over the deletion that follows', () => {
    configure('evict', { evict: { resources: 'pods/eviction' } });
    const evict = (name: string) =>
      run(
        `printf '{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"${name}"}}' | kubectl create --raw /api/v1/namespaces/default/pods/${name}/eviction -f -`,
      );
    expect(evict('plain')).toContain(DENIED);
    expect(run('kubectl get pod plain -o name')).toBe('pod/plain\n');
    configure('evict', { evict: { resources: 'pods', operations: 'DELETE' } });
    expect(run('kubectl delete pod plain')).toContain(DENIED);
    expect(evict('plain')).toContain('"Success"');
  });

  it('decides over where a Pod may run', () => {
    configure('bind', { bind: { resources: 'pods/binding' } });
    run('kubectl run homeless --image=nginx:1.27; sleep 3');
    expect(run('kubectl get pod homeless')).toContain('Pending');
    expect(run('kubectl describe pod homeless')).toContain(`admission webhook "bind.example.com" ${DENIED}`);
    configure('none', { none: { resources: 'nothing' } });
    run('sleep 60');
    expect(run('kubectl get pod homeless')).toContain('Running');
  });
});
