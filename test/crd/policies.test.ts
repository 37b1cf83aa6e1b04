import { expect, test } from 'vitest';
import '../../engine/parts/all.ts';
import { configMap, deployment, DEPLOYMENTS, pod, PODS, serve } from '../apiserver/support.ts';

const GUARDS = '/apis/admissionregistration.k8s.io/v1';
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const RULES = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] }];

function guard(spec: object, binding: object = {}) {
  const served = serve();
  const { send } = served;
  const policy = send('POST', `${GUARDS}/validatingadmissionpolicies`, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: 'p' },
    spec: { matchConstraints: { resourceRules: RULES }, ...spec },
  });
  if (policy.code === 201) {
    send('POST', `${GUARDS}/validatingadmissionpolicybindings`, {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name: 'b' },
      spec: { policyName: 'p', validationActions: ['Deny'], ...binding },
    });
  }
  return { ...served, policy };
}

const denied = (why: string) =>
  `configmaps "x" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: ${why}`;

test('a bound policy denies what its expressions do not allow', () => {
  const { send } = guard({ validations: [{ expression: 'size(object.data) < 2', message: 'too much' }] });
  expect(send('POST', CONFIG_MAPS, configMap('ok', {}, { a: '1' })).code).toBe(201);
  expect(send('POST', CONFIG_MAPS, configMap('x', {}, { a: '1', b: '2' }))).toMatchObject({
    code: 422,
    body: { reason: 'Invalid', message: denied('too much') },
  });
});

test('an expression that fails decides by the failure policy', () => {
  const validations = [{ expression: "object.data['a'] == 'x'" }];
  const text = "expression 'object.data['a'] == 'x'' resulted in error: no such key: a";
  expect(guard({ validations }).send('POST', CONFIG_MAPS, configMap('x', {}, { b: '1' })).body.message).toBe(
    denied(text),
  );
  const { send } = guard({ validations, failurePolicy: 'Ignore' });
  expect(send('POST', CONFIG_MAPS, configMap('x', {}, { b: '1' })).code).toBe(201);
});

test('with Warn as action a request passes and is warned about', () => {
  const { send } = guard({ validations: [{ expression: 'false' }] }, { validationActions: ['Warn', 'Audit'] });
  const { code, headers } = send('POST', CONFIG_MAPS, configMap('x'));
  expect([code, headers.warning]).toEqual([
    201,
    `299 - "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': failed expression: false"`,
  ]);
});

test('parameters, variables and conditions', () => {
  const { send } = guard(
    {
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      matchConditions: [{ name: 'others', expression: "object.metadata.name != 'limits'" }],
      variables: [{ name: 'max', expression: 'int(params.data.max)' }],
      validations: [
        { expression: 'size(object.data) <= variables.max', messageExpression: "'at most ' + string(variables.max)" },
      ],
    },
    { paramRef: { name: 'limits', namespace: 'default', parameterNotFoundAction: 'Deny' } },
  );
  const wide = configMap('x', {}, { a: '1', b: '2' });
  expect(send('POST', CONFIG_MAPS, wide).body.message).toContain('no params found for policy binding');
  send('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'other' } });
  const { body } = send('DELETE', `${GUARDS}/validatingadmissionpolicybindings/b`);
  expect(send('POST', CONFIG_MAPS, configMap('limits', {}, { max: '1' })).code).toBe(201);
  const { uid: _uid, resourceVersion: _version, ...metadata } = body.metadata ?? {};
  send('POST', `${GUARDS}/validatingadmissionpolicybindings`, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { ...metadata, name: 'b' },
    spec: {
      policyName: 'p',
      validationActions: ['Deny'],
      paramRef: { name: 'limits', namespace: 'default', parameterNotFoundAction: 'Deny' },
    },
  });
  expect(send('POST', CONFIG_MAPS, wide).body.message).toBe(denied('at most 1'));
});

test('old objects are seen on updates', () => {
  const { send, patch } = guard({
    validations: [{ expression: 'oldObject == null || object.data == oldObject.data', message: 'frozen' }],
  });
  send('POST', CONFIG_MAPS, configMap('x', {}, { a: '1' }));
  expect(patch(`${CONFIG_MAPS}/x`, 'merge', { data: { a: '2' } }).body.message).toBe(denied('frozen'));
  expect(patch(`${CONFIG_MAPS}/x`, 'merge', { metadata: { labels: { l: 'v' } } }).code).toBe(200);
});

test('a policy that does not compile is refused; one that misses its kind is warned about in its status', () => {
  expect(guard({ validations: [{ expression: 'object.foo >' }] }).policy.body.message).toContain(
    'spec.validations[0].expression: Invalid value: "object.foo >": compilation failed: ERROR: <input>:1:13: Syntax error: mismatched input \'<EOF>\'',
  );
  const { send, sim } = guard({ validations: [{ expression: 'has(object.dta)' }] });
  sim.runUntil(sim.now + 1000);
  const { status } = send('GET', `${GUARDS}/validatingadmissionpolicies/p`).body;
  expect(status.typeChecking.expressionWarnings[0].warning).toContain(
    "v1, Kind=ConfigMap: ERROR: <input>:1:11: undefined field 'dta'",
  );
});

test('a webhook that cannot be called fails the request, or is ignored, as its configuration says', () => {
  const { send, patch } = serve();
  const hook = {
    name: 'maps.example.com',
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    clientConfig: { service: { name: 'hook', namespace: 'default', path: '/validate' } },
    rules: RULES,
  };
  send('POST', `${GUARDS}/validatingwebhookconfigurations`, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'w' },
    webhooks: [hook],
  });
  expect(send('POST', CONFIG_MAPS, configMap('x'))).toMatchObject({
    code: 500,
    body: {
      message:
        'Internal error occurred: failed calling webhook "maps.example.com": failed to call webhook: Post "https://hook.default.svc:443/validate?timeout=10s": service "hook" not found',
    },
  });
  patch(`${GUARDS}/validatingwebhookconfigurations/w`, 'json', [
    { op: 'replace', path: '/webhooks/0/failurePolicy', value: 'Ignore' },
  ]);
  expect(send('POST', CONFIG_MAPS, configMap('x')).code).toBe(201);
});

test('an APIService whose Service is missing is not available, and its group answers so', () => {
  const { send, sim } = serve();
  send('POST', '/apis/apiregistration.k8s.io/v1/apiservices', {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: 'v1.x.example.com' },
    spec: {
      group: 'x.example.com',
      version: 'v1',
      groupPriorityMinimum: 100,
      versionPriority: 10,
      insecureSkipTLSVerify: true,
      service: { name: 'nope', namespace: 'default' },
    },
  });
  sim.runUntil(sim.now + 1000);
  expect(
    send('GET', '/apis/apiregistration.k8s.io/v1/apiservices/v1.x.example.com').body.status.conditions[0],
  ).toMatchObject({
    type: 'Available',
    status: 'False',
    reason: 'ServiceNotFound',
    message: 'service/nope in "default" is not present',
  });
  expect(send('GET', '/apis/x.example.com/v1/things').code).toBe(503);
  expect(send('GET', '/apis/apiregistration.k8s.io/v1/apiservices/v1.apps').body).toMatchObject({
    spec: { groupPriorityMinimum: 17800, versionPriority: 15 },
    status: { conditions: [{ reason: 'Local', message: 'Local APIServices are always available' }] },
  });
});

test('a policy sees a Scale where the scale is changed, and the options of a connection', () => {
  const rule = (operations: string[], resources: string[], apiGroups: string[]) => ({
    matchConstraints: { resourceRules: [{ apiGroups, apiVersions: ['v1'], operations, resources }] },
  });
  const scaled = guard({
    ...rule(['UPDATE'], ['deployments/scale'], ['apps']),
    validations: [
      {
        expression: "request.kind.kind == 'Scale' && object.spec.replicas - oldObject.spec.replicas <= 2",
        message: 'too fast',
      },
    ],
  });
  scaled.send('POST', DEPLOYMENTS, deployment('web'));
  const scale = (replicas: number) => scaled.patch(`${DEPLOYMENTS}/web/scale`, 'merge', { spec: { replicas } });
  expect(scale(3).code).toBe(200);
  expect(scale(9).body.message).toContain('denied request: too fast');
  expect(scaled.send('GET', `${DEPLOYMENTS}/web`).body.spec.replicas).toBe(3);

  const connected = guard({
    ...rule(['CONNECT'], ['pods/exec'], ['']),
    validations: [{ expression: "object.command[0] != 'sh' && !has(object.tty)", message: 'no shells' }],
  });
  connected.send('POST', PODS, pod('p'));
  const exec = (...command: string[]) =>
    connected.send('POST', `${PODS}/p/exec`, undefined, { query: { command, stdout: 'true' } });
  expect(exec('sh', '-c', 'ls')).toMatchObject({ code: 422, body: { message: expect.stringContaining('no shells') } });
  // Nothing runs the Pod; admission had nothing against it.
  expect(exec('ls').body.message).toBe('pod p does not have a host assigned');
});
