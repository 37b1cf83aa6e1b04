import { describe, expect, it } from 'vitest';
import { readPolicy, verdictOf, type Policy } from '../../engine/apiserver/audit/policy.ts';
import { route } from '../../engine/apiserver/route.ts';
import '../../engine/parts/all.ts';
import { controlPlane } from './settings.ts';

const FILE = '/etc/kubernetes/pki/audit.yaml';
const policy = (rules: string) => `apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n${rules}`;

describe('an audit policy', () => {
  const level = (rules: string, path: string, user = 'jane', verb = 'get') => {
    const read = readPolicy('policy.yaml', policy(rules)) as Policy;
    const asked = route({ resource: () => undefined } as never, { method: 'GET', path } as never);
    return verdictOf(read, { name: user, groups: ['devs'] }, verb, asked, path).level;
  };
  const POD = '/api/v1/namespaces/default/pods/web';

  it('decides by the first rule that matches, and nothing is written without one', () => {
    expect(level('- {level: None, users: [jane]}\n- {level: Request}', POD)).toBe('None');
    expect(level('- {level: None, users: [joe]}\n- {level: Request}', POD)).toBe('Request');
    expect(level('- {level: Metadata, userGroups: [ops]}', POD)).toBe('None');
    expect(level('- {level: Metadata, namespaces: [default]}', POD)).toBe('Metadata');
    expect(level('- {level: Metadata, verbs: [list]}', POD)).toBe('None');
  });

  it('knows resources with and without their subresources, and paths that are none', () => {
    const on = (resources: string) => `- {level: Metadata, resources: [{group: "", resources: [${resources}]}]}`;
    expect(level(on('pods'), POD)).toBe('Metadata');
    expect(level(on('pods'), `${POD}/log`)).toBe('None');
    expect(level(on('"pods/*"'), `${POD}/log`)).toBe('Metadata');
    expect(level(on('"*/status"'), `${POD}/status`)).toBe('Metadata');
    expect(level(on('deployments'), '/apis/apps/v1/namespaces/default/deployments/web')).toBe('None');
    expect(level('- {level: Metadata, nonResourceURLs: ["/healthz*"]}', '/healthz/ping')).toBe('Metadata');
    expect(level('- {level: Metadata, nonResourceURLs: ["/api*"]}', POD)).toBe('None');
  });

  it('is refused with what is wrong in it', () => {
    expect(readPolicy('p.yaml', policy('- {level: All}'))).toEqual({
      reason:
        'loading audit policy file: rules[0].level: Unsupported value: "All": supported values: "None", "Metadata", "Request", "RequestResponse"',
    });
    expect(readPolicy('p.yaml', policy('  []'))).toEqual({
      reason: 'loading audit policy file: loaded illegal policy with 0 rules from file p.yaml',
    });
  });
});

it('an API server with a policy writes who did what, as whom, and what came of it', () => {
  const { run, withFlag } = controlPlane();
  const rules =
    '- {level: RequestResponse, resources: [{group: "", resources: [configmaps]}], users: [kubernetes-admin], omitStages: [RequestReceived]}';
  run(`cat > ${FILE} <<'END'\n${policy(rules)}\nEND`, 'cp-1');
  withFlag('kube-apiserver', `--audit-policy-file=${FILE}\\n    - --audit-log-path=-`);
  run('kubectl create configmap a --from-literal=k=v; kubectl get configmap a --as jane; kubectl get pods');
  const log = run('crictl logs $(crictl ps --name kube-apiserver -q) | grep ^{', 'cp-1');
  const events = log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events.map(({ verb, stage }) => `${verb} ${stage}`)).toEqual([
    'create ResponseComplete',
    'get ResponseComplete',
  ]);
  expect(events[0]).toMatchObject({
    level: 'RequestResponse',
    user: { username: 'kubernetes-admin' },
    objectRef: { resource: 'configmaps', namespace: 'default', name: 'a', apiVersion: 'v1' },
    responseStatus: { code: 201 },
    requestObject: { data: { k: 'v' } },
    responseObject: { metadata: { namespace: 'default' } },
    annotations: { 'authorization.k8s.io/decision': 'allow' },
  });
  expect(events[1]).toMatchObject({
    impersonatedUser: { username: 'jane' },
    responseStatus: { reason: 'Forbidden', code: 403 },
    annotations: { 'authorization.k8s.io/decision': 'forbid' },
  });
});

it("a kubelet's patches of a status are written out as it sends them", () => {
  const { run, withFlag } = controlPlane();
  const rules =
    '- {level: Request, resources: [{group: "", resources: [pods/status]}], userGroups: ["system:nodes"], omitStages: [RequestReceived]}';
  run(`cat > ${FILE} <<'END'\n${policy(rules)}\nEND`, 'cp-1');
  withFlag('kube-apiserver', `--audit-policy-file=${FILE}\\n    - --audit-log-path=-`);
  run('kubectl run web --image=nginx:1.27; kubectl wait --for=condition=Ready pod/web');
  const log = run('crictl logs $(crictl ps --name kube-apiserver -q) | grep ^{', 'cp-1');
  const sent = log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ objectRef }) => objectRef.name === 'web')
    .map(({ requestObject }) => requestObject);
  expect(sent).toHaveLength(2);
  expect(sent[0]).toMatchObject({
    status: { observedGeneration: 1, containerStatuses: [{ name: 'web', ready: false }] },
  });
  expect(sent[1].metadata.uid).toBe(sent[0].metadata.uid);
  expect(Object.keys(sent[1].status).sort()).toEqual([
    '$setElementOrder/conditions',
    'conditions',
    'containerStatuses',
    'phase',
    'podIP',
    'podIPs',
  ]);
});
