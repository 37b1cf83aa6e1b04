// Admission webhooks that run in Pods of the cluster and are called over its network.

import { beforeAll, describe, expect, it } from 'vitest';
import { startTerminal, type TestTerminal } from '../sim-command/terminal.ts';

const SERVER = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: hook}
spec:
  replicas: 1
  selector: {matchLabels: {app: hook}}
  template:
    metadata: {labels: {app: hook}}
    spec:
      containers:
      - name: hook
        image: registry.k8s.io/e2e-test-images/agnhost:2.53
        args: [webhook, --tls-cert-file=/tls/tls.crt, --tls-private-key-file=/tls/tls.key, --port=8444, --sidecar-image=nginx:1.27]
        readinessProbe: {httpGet: {scheme: HTTPS, port: 8444, path: /readyz}, periodSeconds: 1}
        volumeMounts: [{name: tls, mountPath: /tls}]
      volumes: [{name: tls, secret: {secretName: hook-tls}}]
---
apiVersion: v1
kind: Service
metadata: {name: hook}
spec: {selector: {app: hook}, ports: [{port: 443, targetPort: 8444}]}
`;

const certificate = (file: string, name: string) =>
  `openssl ecparam -name prime256v1 -genkey -noout -out ${file}.key; openssl req -new -x509 -key ${file}.key -out ${file}.crt -days 30 -subj /CN=${name} -addext subjectAltName=DNS:${name}`;

interface Hook {
  kind?: 'Validating' | 'Mutating';
  path?: string;
  resources?: string;
  operations?: string;
  ca?: string;
  service?: string;
  rest?: string;
}

let shell: TestTerminal;
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
  shell = startTerminal({ workers: 1 });
  run = (command) => shell.run(command);
  run(certificate('tls', 'hook.default.svc'));
  run(certificate('other', 'other.default.svc'));
  run('kubectl create secret tls hook-tls --cert=tls.crt --key=tls.key');
  run(`cat > hook.yaml <<'Y'${SERVER}Y\nkubectl apply -f hook.yaml`);
  expect(run('kubectl rollout status deployment hook')).toContain('successfully rolled out');
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
