import { describe, expect, test } from 'vitest';
import { deploymentBody, deployments, faults, podBody, pods, resource, scheme, updateFaults, prepare } from './kit.ts';

const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an " +
  "alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

const container = (more: object) => podBody({ containers: [{ name: 'c', image: 'nginx', ...more }] });

test('maps in a value that is shown are sorted', () => {
  const selector = { matchLabels: { z: '1', app: 'web' } };
  const changed = updateFaults(deployments, deploymentBody(), deploymentBody({ selector }));
  expect(changed).toContain('spec.selector: Invalid value: {"matchLabels":{"app":"web","z":"1"}}: field is immutable');
});

describe('metadata', () => {
  test('names', () => {
    expect(faults(pods, podBody({}, { name: 'a_b' }))).toEqual([`metadata.name: Invalid value: "a_b": ${SUBDOMAIN}`]);
    expect(faults(pods, podBody({}, { name: undefined }))).toEqual([
      'metadata.name: Required value: name or generateName is required',
    ]);
    expect(faults(resource('rbac.authorization.k8s.io/v1/roles'), { metadata: { name: 'system:x:Y' } })).toEqual([]);
  });

  test('labels, finalizers and owners', () => {
    expect(faults(pods, podBody({}, { labels: { 'a b': 'x' } }))[0]).toMatch(
      /^metadata\.labels: Invalid value: "a b": name part must consist/,
    );
    expect(faults(pods, podBody({}, { finalizers: ['foo'] }))).toEqual([
      'metadata.finalizers[0]: Invalid value: "foo": name is neither a standard finalizer name nor is it fully qualified',
    ]);
    const owner = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', name, uid: 'u', controller: true });
    expect(faults(pods, podBody({}, { ownerReferences: [owner('a'), owner('b')] }))[0]).toContain(
      'Only one reference can have Controller set to true. Found "true" in references for ConfigMap/a and ConfigMap/b',
    );
  });

  test('identity does not change', () => {
    expect(
      updateFaults(resource('v1/configmaps'), { metadata: { name: 'a' } }, { metadata: { name: 'a', uid: 'other' } }),
    ).toEqual([
      'metadata.uid: Invalid value: "other": field is immutable',
      'metadata.uid: Invalid value: "other": field is immutable',
    ]);
  });
});

describe('Pods', () => {
  test('need containers with names and images', () => {
    expect(faults(pods, podBody({ containers: [] }))).toEqual(['spec.containers: Required value']);
    expect(faults(pods, podBody({ containers: [{}] }))).toEqual([
      'spec.containers[0].name: Required value',
      'spec.containers[0].image: Required value',
    ]);
    const twice = [
      { name: 'c', image: 'x' },
      { name: 'c', image: 'x' },
    ];
    expect(faults(pods, podBody({ containers: twice }))).toEqual(['spec.containers[1].name: Duplicate value: "c"']);
  });

  test.each([
    [
      { imagePullPolicy: 'Sometimes' },
      'spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
    ],
    [
      { ports: [{ containerPort: 70000 }] },
      'spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
    ],
    [{ volumeMounts: [{ name: 'v', mountPath: '/x' }] }, 'spec.containers[0].volumeMounts[0].name: Not found: "v"'],
    [
      { env: [{ name: 'a', valueFrom: {} }] },
      'spec.containers[0].env[0].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`',
    ],
    [
      { resources: { limits: { cpu: '1' }, requests: { cpu: '2' } } },
      'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
    ],
    [{ livenessProbe: {} }, 'spec.containers[0].livenessProbe: Required value: must specify a handler type'],
  ])('%j', (more, fault) => {
    expect(faults(pods, container(more))).toEqual([fault]);
  });

  test('several faults come at once, in order', () => {
    expect(
      faults(
        pods,
        podBody({
          restartPolicy: 'Maybe',
          volumes: [{ name: 'V' }, { name: 'h', hostPath: {} }, { name: 'i', image: { reference: '' } }],
          activeDeadlineSeconds: 0,
        }),
      ).map((f) => f.split(':')[0]),
    ).toEqual([
      'spec.volumes[0].name',
      'spec.volumes[1].hostPath.path',
      'spec.volumes[2].image.reference',
      'spec.restartPolicy',
      'spec.activeDeadlineSeconds',
    ]);
  });

  test('a spec that was found good is not found bad under another path', () => {
    const body = podBody() as { spec: object };
    expect(faults(pods, body)).toEqual([]);
    expect(
      faults(deployments, deploymentBody({ template: { metadata: { labels: { app: 'web' } }, spec: body.spec } })),
    ).toEqual([]);
  });

  test('only images, deadlines, tolerations and gates may change', () => {
    expect(updateFaults(pods, podBody(), container({ image: 'nginx:1.28', imagePullPolicy: 'Always' }))).toEqual([]);
    expect(updateFaults(pods, podBody(), podBody({ restartPolicy: 'Never' }))[0]).toMatch(
      /^spec: Forbidden: pod updates may not change fields other than/,
    );
    expect(updateFaults(pods, podBody(), podBody({ containers: [] })).at(-1)).toBe(
      'spec.containers: Forbidden: pod updates may not add or remove containers',
    );
    const tolerations = [{ key: 'a', operator: 'Exists' }];
    expect(updateFaults(pods, podBody(), podBody({ tolerations }))).toEqual([]);
    expect(
      updateFaults(pods, podBody({ schedulingGates: [{ name: 'a.io/g' }] }), podBody({ nodeSelector: { a: 'b' } })),
    ).toEqual([]);
  });

  test('what has ended in a Pod that never restarts stays ended', () => {
    const ended = { name: 'c', restartCount: 0, state: { terminated: { exitCode: 1 } } };
    const pod = { ...prepare(pods, podBody({ restartPolicy: 'Never' })), status: { containerStatuses: [ended] } };
    const revived = { ...pod, status: { containerStatuses: [{ ...ended, state: { running: {} } }] } };
    expect(scheme.validateUpdate(pods, revived, pod, 'status').map((f) => f.field)).toEqual([
      'status.containerStatuses[0].state',
    ]);
  });
});

describe('workloads', () => {
  test('selector and template belong together', () => {
    expect(faults(deployments, deploymentBody({ selector: undefined }))).toEqual([
      'spec.selector: Required value',
      'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
    ]);
    expect(faults(deployments, deploymentBody({ selector: {} }))).toEqual([
      'spec.selector: Invalid value: {}: empty selector is invalid for deployment',
    ]);
    const other = deploymentBody({ selector: { matchLabels: { app: 'web', tier: 'x' } } });
    expect(updateFaults(deployments, deploymentBody(), other).at(-1)).toBe(
      'spec.selector: Invalid value: {"matchLabels":{"app":"web","tier":"x"}}: field is immutable',
    );
  });

  test('strategies', () => {
    expect(
      faults(deployments, deploymentBody({ strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } })),
    ).toEqual(['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0']);
    expect(
      faults(deployments, deploymentBody({ strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } })),
    ).toEqual(["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"]);
  });

  test('Jobs choose a restart policy and keep their template', () => {
    const jobs = resource('batch/v1/jobs');
    const job = (spec: object, pod: object = { restartPolicy: 'Never' }) => ({
      metadata: { name: 'j' },
      spec: { template: { spec: { containers: [{ name: 'c', image: 'x' }], ...pod } }, ...spec },
    });
    expect(faults(jobs, job({}, {}))).toEqual([
      'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
    ]);
    expect(faults(jobs, job({}))).toEqual([]);
  });

  test.each([
    ['61 * * * *', 'end of range (61) above maximum (59): 61'],
    ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['@never', 'unrecognized descriptor: @never'],
    ['0 9 * * MON-FRI', undefined],
    ['@hourly', undefined],
  ])('the schedule %j', (schedule, fault) => {
    const cron = {
      metadata: { name: 'c' },
      spec: {
        schedule,
        jobTemplate: {
          spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'x' }] } } },
        },
      },
    };
    const found = faults(resource('batch/v1/cronjobs'), cron);
    expect(found).toEqual(fault ? [`spec.schedule: Invalid value: ${JSON.stringify(schedule)}: ${fault}`] : []);
  });
});

describe('other kinds', () => {
  const check = (path: string, body: object) => faults(resource(path), { metadata: { name: 'x' }, ...body });

  test('Services', () => {
    expect(check('v1/services', { spec: {} })).toEqual(['spec.ports: Required value']);
    expect(check('v1/services', { spec: { ports: [{ port: 80, nodePort: 30000 }] } })).toEqual([
      "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
    ]);
  });

  test('ConfigMaps and Secrets', () => {
    expect(check('v1/configmaps', { data: { 'a b': 'x' } })[0]).toMatch(
      /^data\[a b\]: Invalid value: "a b": a valid config key must consist/,
    );
    expect(check('v1/secrets', { type: 'kubernetes.io/tls' })).toEqual([
      'data[tls.crt]: Required value',
      'data[tls.key]: Required value',
    ]);
    const frozen = (value: string) => ({ metadata: { name: 'x' }, immutable: true, data: { a: value } });
    expect(updateFaults(resource('v1/configmaps'), frozen('1'), frozen('2'))).toEqual([
      'data: Forbidden: field is immutable when `immutable` is set',
    ]);
  });

  test('ingresses and network policies', () => {
    const path = (p: object) => ({
      spec: { rules: [{ http: { paths: [{ backend: { service: { name: 's', port: { number: 80 } } }, ...p }] } }] },
    });
    expect(check('networking.k8s.io/v1/ingresses', path({ path: '/', pathType: 'Prefix' }))).toEqual([]);
    expect(check('networking.k8s.io/v1/ingresses', path({ path: '/a//b', pathType: 'Exact' }))).toEqual([
      'spec.rules[0].http.paths[0].path: Invalid value: "/a//b": must not contain \'//\'',
    ]);
    const block = { cidr: '10.0.0.0/24', except: ['10.1.0.0/25'] };
    expect(
      check('networking.k8s.io/v1/networkpolicies', {
        spec: { podSelector: {}, ingress: [{ from: [{ ipBlock: block }] }] },
      }),
    ).toEqual([
      'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "10.1.0.0/25": must be a strict subset of `cidr`',
    ]);
  });

  test('volumes and claims', () => {
    expect(check('v1/persistentvolumeclaims', { spec: { resources: { requests: { storage: '1Gi' } } } })).toEqual([
      'spec.accessModes: Required value: at least 1 access mode is required',
    ]);
    expect(
      check('v1/persistentvolumes', { spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' } } }),
    ).toEqual(['spec: Required value: must specify a volume type']);
  });

  test('roles, bindings, quotas, priority classes', () => {
    expect(check('rbac.authorization.k8s.io/v1/roles', { rules: [{ apiGroups: [''], resources: ['pods'] }] })).toEqual([
      'rules[0].verbs: Required value: verbs must contain at least one value',
    ]);
    expect(check('rbac.authorization.k8s.io/v1/clusterrolebindings', { roleRef: { kind: 'Role', name: 'r' } })).toEqual(
      ['roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"'],
    );
    expect(check('v1/resourcequotas', { spec: { hard: { pods: '-1' } } })).toEqual([
      'spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0',
    ]);
    expect(check('scheduling.k8s.io/v1/priorityclasses', { value: 2000000000 })).toEqual([
      'value: Forbidden: maximum allowed value of a user defined priority is 1000000000',
    ]);
  });
});

test('deprecated kinds and fields warn', () => {
  const endpoints = resource('v1/endpoints');
  expect(scheme.kindWarning(endpoints, 35)).toBe(
    'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  );
  expect(scheme.kindWarning(endpoints, 32)).toBeUndefined();
  expect(scheme.kindWarning(resource('v1/componentstatuses'), 28)).toBe('v1 ComponentStatus is deprecated in v1.19+');
  const env = [
    { name: 'A', value: '1' },
    { name: 'A', value: '2' },
  ];
  expect(scheme.warnings(pods, prepare(pods, container({ env })))).toEqual([
    'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
  ]);
});

describe('rules of other kinds', () => {
  const named = (spec: object) => ({ metadata: { name: 'x' }, spec });
  const volume = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'] };
  const job = (spec: object) =>
    named({ template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'nginx' }] } }, ...spec });

  test.each<[path: string, body: object, expected: string[]]>([
    ['v1/persistentvolumes', named(volume), ['spec: Required value: must specify a volume type']],
    [
      'v1/persistentvolumes',
      named({ ...volume, hostPath: { path: '/a' }, nfs: { server: 's', path: '/' } }),
      ['spec.nfs: Forbidden: may not specify more than 1 volume type'],
    ],
    ['v1/namespaces', { metadata: { name: 'a.b' } }, ['metadata.name: Invalid value: "a.b": must not contain dots']],
    [
      'batch/v1/jobs',
      job({ completionMode: 'Indexed', parallelism: 2 }),
      ['spec.completions: Required value: when completion mode is Indexed'],
    ],
    [
      'v1/resourcequotas',
      named({ hard: { 'requests.memory': '-1' } }),
      ['spec.hard[requests.memory]: Invalid value: "-1": must be greater than or equal to 0'],
    ],
    ['v1/services', named({ type: 'ExternalName' }), ['spec.externalName: Required value']],
  ])('%s %#', (path, body, expected) => {
    const found = faults(resource(path), body);
    expect(found).toHaveLength(expected.length);
    found.forEach((fault, i) => expect(fault.slice(0, expected[i].length)).toBe(expected[i]));
  });
});
