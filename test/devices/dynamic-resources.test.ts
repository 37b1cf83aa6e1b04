// Dynamic resource allocation: claims to devices from their making to the containers that see the devices, and back.

import { describe, expect, it } from 'vitest';
import { startTerminal } from '../sim-command/terminal.ts';

const DRIVER = 'gpu.example.com';
const NAMESPACE = 'dra';
const V1 = 'resource.k8s.io/v1';
type Run = (line: string, on?: string) => string;

const apply = (run: Run, ...objects: object[]) => {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  return run(`kubectl apply -f - <<'E'\n${list}\nE\nsim advance 10s`);
};

const deviceClass = (more: object = {}) => ({
  apiVersion: V1,
  kind: 'DeviceClass',
  metadata: { name: DRIVER },
  spec: { selectors: [{ cel: { expression: `device.driver == '${DRIVER}'` } }], ...more },
});
const one = { deviceClassName: DRIVER };
const spec = (exactly: object = one, more: object = {}) => ({
  devices: { requests: [{ name: 'gpu', exactly }], ...more },
});
const claim = (name: string, of: object = spec()) => ({
  apiVersion: V1,
  kind: 'ResourceClaim',
  metadata: { name },
  spec: of,
});
const template = (name: string, of: object = spec()) => ({
  apiVersion: V1,
  kind: 'ResourceClaimTemplate',
  metadata: { name },
  spec: { metadata: { labels: { from: name } }, spec: of },
});
const pod = (name: string, entry: object, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: {
    terminationGracePeriodSeconds: 1,
    containers: [
      { name: 'main', image: 'busybox', command: ['sleep', '1d'], resources: { claims: [{ name: 'gpu' }] } },
      { name: 'other', image: 'busybox', command: ['sleep', '1d'] },
    ],
    resourceClaims: [{ name: 'gpu', ...entry }],
    ...more,
  },
});
const ofTemplate = (name: string) => ({ resourceClaimTemplateName: name });
const ofClaim = (name: string) => ({ resourceClaimName: name });

/** Devices that nobody serves: enough to be scheduled. */
const slice = (name: string, where: object, devices: object[], pool: object = {}) => ({
  apiVersion: V1,
  kind: 'ResourceSlice',
  metadata: { name },
  spec: { driver: DRIVER, pool: { name, generation: 1, resourceSliceCount: 1, ...pool }, ...where, devices },
});
const device = (name: string, attributes: object = {}, memory = '80Gi') => ({
  name,
  attributes,
  capacity: { memory: { value: memory } },
});

const mount = (name: string, path: string) => ({
  volume: { name, hostPath: { path } },
  mount: { name, mountPath: path },
});
const DIRECTORIES = [
  mount('plugins-registry', '/var/lib/kubelet/plugins_registry'),
  mount('plugins', '/var/lib/kubelet/plugins'),
  mount('cdi', '/var/run/cdi'),
];
const account = { name: 'driver', namespace: NAMESPACE };
const driver = (devices = 2) => [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: account },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'driver' },
    rules: [
      { apiGroups: [''], resources: ['nodes'], verbs: ['get'] },
      { apiGroups: ['resource.k8s.io'], resources: ['resourceclaims', 'resourceslices'], verbs: ['*'] },
    ],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'driver' },
    subjects: [{ kind: 'ServiceAccount', ...account }],
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'driver' },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'driver', namespace: NAMESPACE },
    spec: {
      selector: { matchLabels: { app: 'driver' } },
      template: {
        metadata: { labels: { app: 'driver' } },
        spec: {
          serviceAccountName: 'driver',
          nodeSelector: { 'kubernetes.io/hostname': 'worker-1' },
          containers: [
            {
              name: 'plugin',
              image: 'registry.k8s.io/dra-example-driver/dra-example-driver:v0.2.0',
              command: ['dra-example-kubeletplugin'],
              env: [
                { name: 'CDI_ROOT', value: '/var/run/cdi' },
                { name: 'NUM_DEVICES', value: String(devices) },
                { name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
              ],
              volumeMounts: DIRECTORIES.map((one) => one.mount),
            },
          ],
          volumes: DIRECTORIES.map(({ volume }) => volume),
        },
      },
    },
  },
];

const start = () => startTerminal({} as never);
const withDriver = (devices?: number) => {
  const { run } = start();
  apply(run, ...driver(devices), deviceClass());
  return run;
};
const phase = (run: Run, name: string) => run(`kubectl get pod ${name} -o jsonpath='{.status.phase}'`);
const nodeOf = (run: Run, name: string) => run(`kubectl get pod ${name} -o jsonpath='{.spec.nodeName}'`);
const state = (run: Run, name: string) =>
  run(`kubectl get resourceclaim ${name} --no-headers`).trim().split(/\s+/)[1] ?? '';
const devicesOf = (run: Run, selector: string) =>
  run(
    `kubectl get resourceclaim ${selector} -o jsonpath='{range .items[*]}{range .status.allocation.devices.results[*]}{.request}={.device} {end}{end}'`,
  ).trim();
const events = (run: Run, name: string, reason: string) =>
  run(
    `kubectl get events --field-selector involvedObject.name=${name},reason=${reason} -o jsonpath='{range .items[*]}{.message}{"\\n"}{end}'`,
  ).trim();
const refusal = (run: Run, name: string) => events(run, name, 'FailedScheduling').split('\n').pop();
const NOT_ALLOCATED =
  '0/3 nodes are available: 3 cannot allocate all claims. still not schedulable, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.';

describe('a driver of devices', () => {
  it('publishes the devices of its node, and they are taken away when it stays away', () => {
    const run = withDriver(3);
    expect(run('kubectl get resourceslices --no-headers')).toMatch(
      /^worker-1-gpu\.example\.com-\w{5} +worker-1 +gpu\.example\.com +worker-1 /,
    );
    expect(run(`kubectl get resourceslices -o jsonpath='{.items[0].spec.devices[*].name}'`)).toBe('gpu-0 gpu-1 gpu-2');
    run(`kubectl -n ${NAMESPACE} delete daemonset driver; sim advance 20s`);
    expect(run('kubectl get resourceslices --no-headers')).toContain('worker-1');
    run('sim advance 20s');
    expect(run('kubectl get resourceslices 2>&1')).toContain('No resources found');
  });

  it('puts right what others do to its slice', () => {
    const run = withDriver();
    run(
      `kubectl patch $(kubectl get resourceslices -o name) --type=json -p '[{"op":"remove","path":"/spec/devices/0"}]'`,
    );
    run('sim advance 1s');
    expect(run(`kubectl get resourceslices -o jsonpath='{.items[0].spec.devices[*].name}'`)).toBe('gpu-0 gpu-1');
    run('kubectl delete resourceslices --all; sim advance 1s');
    expect(run(`kubectl get resourceslices -o jsonpath='{.items[*].spec.pool.name}'`)).toBe('worker-1');
  });

  it('shows a container the devices that it asks for, and no other container', () => {
    const run = withDriver();
    apply(run, claim('mine'), pod('p', ofClaim('mine')));
    expect(nodeOf(run, 'p')).toBe('worker-1');
    expect(run('kubectl exec p -c main -- env')).toContain('GPU_DEVICE_0=gpu-0\n');
    expect(run('kubectl exec p -c main -- env')).toContain('KUBERNETES_NODE_NAME=worker-1\n');
    expect(run('kubectl exec p -c other -- env')).not.toContain('GPU_DEVICE');
    expect(run('ls /var/run/cdi', 'worker-1')).toContain('k8s.gpu.example.com-gpu_common.yaml');
  });

  it('follows the parameters of the claim before those of the class', () => {
    const { run } = start();
    const config = (partitionCount: number, requests?: string[]) => ({
      ...(requests && { requests }),
      opaque: {
        driver: DRIVER,
        parameters: {
          apiVersion: 'gpu.resource.example.com/v1alpha1',
          kind: 'GpuConfig',
          sharing: { strategy: 'SpacePartitioning', spacePartitioningConfig: { partitionCount } },
        },
      },
    });
    const two = { requests: ['a', 'b'].map((name) => ({ name, exactly: one })), config: [config(7, ['b'])] };
    apply(run, ...driver(), deviceClass({ config: [config(3)] }));
    apply(run, claim('mine', { devices: two }), pod('p', ofClaim('mine')));
    const env = run('kubectl exec p -c main -- env');
    expect(env).toContain('GPU_DEVICE_0_PARTITION_COUNT=3\n');
    expect(env).toContain('GPU_DEVICE_1_PARTITION_COUNT=7\n');
    expect(run(`kubectl get resourceclaim mine -o jsonpath='{.status.allocation.devices.config[*].source}'`)).toBe(
      'FromClass FromClaim',
    );
  });

  it('keeps a Pod from starting while it is not registered, and from ending', () => {
    const run = withDriver();
    apply(run, claim('mine'), pod('p', ofClaim('mine')));
    run(`kubectl -n ${NAMESPACE} delete daemonset driver; sim advance 5s`);
    apply(run, claim('second'), pod('q', ofClaim('second')));
    expect(events(run, 'q', 'FailedPrepareDynamicResources')).toBe(
      'Failed to prepare dynamic resources: prepare dynamic resources: DRA driver gpu.example.com is not registered',
    );
    run('kubectl delete pod p --wait=false; sim advance 30s');
    expect(run('kubectl get pod p --no-headers')).toContain('Terminating');
    apply(run, ...driver());
    run('sim advance 30s');
    expect(run('kubectl get pod p 2>&1')).toContain('NotFound');
    expect(phase(run, 'q')).toBe('Running');
  });
});

describe('a node that crashes', () => {
  it('has the claims of its Pods prepared anew before they start again', () => {
    const run = withDriver();
    apply(run, claim('mine'), pod('p', ofClaim('mine')));
    run('sim node crash worker-1; sim advance 1m; sim node start worker-1; sim advance 1m');
    expect(run('kubectl exec p -c main -- env')).toContain('GPU_DEVICE_0=gpu-0\n');
    run('kubectl delete pod p; sim advance 5s');
    expect(state(run, 'mine')).toBe('pending');
  });
});

describe('a claim', () => {
  it('of a template is made for the Pod, and goes with it', () => {
    const run = withDriver();
    apply(run, template('t'), pod('p', ofTemplate('t')));
    const made = JSON.parse(run('kubectl get resourceclaim -l from=t -o json')).items[0];
    expect(made.metadata.name).toMatch(/^p-gpu-\w{5}$/);
    expect(made.metadata.annotations).toEqual({ 'resource.kubernetes.io/pod-claim-name': 'gpu' });
    expect(made.metadata.ownerReferences[0]).toMatchObject({ kind: 'Pod', name: 'p', controller: true });
    expect(made.status.reservedFor).toEqual([expect.objectContaining({ resource: 'pods', name: 'p' })]);
    expect(made.status.allocation.nodeSelector.nodeSelectorTerms[0].matchFields[0].values).toEqual(['worker-1']);
    const { status } = JSON.parse(run('kubectl get pod p -o json'));
    expect(status.resourceClaimStatuses).toEqual([{ name: 'gpu', resourceClaimName: made.metadata.name }]);
    run('kubectl delete pod p; sim advance 5s');
    expect(run('kubectl get resourceclaims 2>&1')).toContain('No resources found');
  });

  it('goes when its Pod has ended, though the Pod stays', () => {
    const run = withDriver();
    const container = { name: 'main', image: 'busybox', command: ['true'], resources: { claims: [{ name: 'gpu' }] } };
    apply(run, template('t'), pod('p', ofTemplate('t'), { restartPolicy: 'Never', containers: [container] }));
    expect(phase(run, 'p')).toBe('Succeeded');
    expect(run('kubectl get resourceclaims 2>&1')).toContain('No resources found');
  });

  it('is shared by the Pods that name it, and has its devices until the last of them is gone', () => {
    const run = withDriver();
    expect(apply(run, claim('mine')) && state(run, 'mine')).toBe('pending');
    apply(run, pod('p', ofClaim('mine')), pod('q', ofClaim('mine')));
    expect(state(run, 'mine')).toBe('allocated,reserved');
    expect(run('kubectl exec q -c main -- env')).toContain('GPU_DEVICE_0=gpu-0\n');
    run('kubectl delete pod p; sim advance 5s');
    expect(state(run, 'mine')).toBe('allocated,reserved');
    run('kubectl delete pod q; sim advance 5s');
    expect(state(run, 'mine')).toBe('pending');
    expect(run(`kubectl get resourceclaim mine -o jsonpath='{.metadata.finalizers}'`)).toBe('');
    const log = run(`kubectl -n ${NAMESPACE} logs daemonset/driver`);
    expect(log.match(/UnprepareResourceClaims is called/g)).toHaveLength(1);
  });

  it('that is deleted stays as long as a Pod uses it', () => {
    const run = withDriver();
    apply(run, claim('mine'), pod('p', ofClaim('mine')));
    run('kubectl delete resourceclaim mine --wait=false');
    expect(state(run, 'mine')).toBe('deleted,allocated,reserved');
    apply(run, pod('q', ofClaim('mine')));
    expect(phase(run, 'q')).toBe('Pending');
    run('kubectl delete pod p; sim advance 5s');
    expect(run('kubectl get resourceclaim mine 2>&1')).toContain('NotFound');
  });
});

describe('a Pod with claims', () => {
  it('waits until a device is free', () => {
    const run = withDriver(1);
    apply(run, template('t'), pod('p', ofTemplate('t')));
    apply(run, pod('q', ofTemplate('t')));
    expect(refusal(run, 'q')).toBe(NOT_ALLOCATED);
    run('kubectl delete pod p; sim advance 10s');
    expect(phase(run, 'q')).toBe('Running');
  });

  it('waits without a word for its claim, and says when the template or the class is missing', () => {
    const run = withDriver();
    apply(run, pod('p', ofClaim('mine')), pod('q', ofTemplate('t')));
    expect(run('kubectl get events --field-selector involvedObject.name=p 2>&1')).toContain('No resources found');
    expect(events(run, 'q', 'FailedResourceClaimCreation')).toBe(
      'PodResourceClaim gpu: resource claim template "t": resourceclaimtemplate.resource.k8s.io "t" not found',
    );
    apply(run, claim('mine', spec({ deviceClassName: 'none' })), template('t'));
    run('sim advance 20s');
    expect(refusal(run, 'p')).toMatch(
      /^0\/3 nodes are available: request gpu: device class none does not exist\. no new claims to deallocate, /,
    );
    expect(phase(run, 'q')).toBe('Running');
    apply(run, { ...deviceClass(), metadata: { name: 'none' } });
    expect(phase(run, 'p')).toBe('Running');
  });

  it('that was put on its node gets no device that nobody has allocated for it', () => {
    const run = withDriver();
    apply(run, claim('mine'), pod('p', ofClaim('mine'), { nodeName: 'worker-1' }));
    expect(events(run, 'p', 'FailedPrepareDynamicResources')).toMatch(
      /^Failed to prepare dynamic resources: prepare dynamic resources: pod p \(\S+\) is not allowed to use ResourceClaim mine \(\S+\)$/,
    );
  });
});

describe('devices are chosen', () => {
  const V = (version: string) => ({ driverVersion: { version } });
  /** Two devices on worker-1 and three, of two sorts, on worker-2. */
  const withSlices = (more: object[] = []) => {
    const { run } = start();
    const link = (string: string) => ({ 'net.example.com/link': { string }, ...V('1.2.0') });
    apply(
      run,
      deviceClass(),
      slice('one', { nodeName: 'worker-1' }, [device('a', V('1.0.0'), '40Gi'), device('b', V('1.0.0'), '40Gi')]),
      slice('two', { nodeName: 'worker-2' }, [device('c', link('x')), device('d', link('y')), device('e', link('y'))]),
      ...more,
    );
    return run;
  };
  const choose = (run: Run, of: object) => {
    apply(run, template('t', of), pod('p', ofTemplate('t')));
    return devicesOf(run, '-l from=t');
  };
  const selecting = (expression: string) => spec({ ...one, selectors: [{ cel: { expression } }] });

  it.each([
    ['by capacity', `device.capacity['${DRIVER}'].memory.isGreaterThan(quantity('64Gi'))`, 'gpu=c'],
    ['by version', `device.attributes['${DRIVER}'].driverVersion.compareTo(semver('1.1.0')) > 0`, 'gpu=c'],
    ['by an attribute of another domain', `device.attributes['net.example.com'].?link.orValue('') == 'y'`, 'gpu=d'],
    ['that lack an attribute', `!has(device.attributes['net.example.com'].link)`, 'gpu=a'],
    ['not at all', 'false', ''],
  ])('%s', (_how, expression, found) => {
    expect(choose(withSlices(), selecting(expression))).toBe(found);
  });

  it('so many as are asked for, all on one node', () => {
    const run = withSlices();
    expect(choose(run, spec({ ...one, count: 3 }))).toBe('gpu=c gpu=d gpu=e');
    expect(nodeOf(run, 'p')).toBe('worker-2');
  });

  it('all of a node, or none while one of them is in use', () => {
    const run = withSlices();
    apply(
      run,
      template('first', selecting(`has(device.attributes['net.example.com'].link)`)),
      pod('x', ofTemplate('first')),
    );
    expect(choose(run, spec({ ...one, allocationMode: 'All' }))).toBe('gpu=a gpu=b');
  });

  it('so that they agree on an attribute', () => {
    const constraints = [{ requests: ['gpu'], matchAttribute: 'net.example.com/link' }];
    expect(choose(withSlices(), spec({ ...one, count: 2 }, { constraints }))).toBe('gpu=d gpu=e');
  });

  it('of the first alternative that can be had', () => {
    const firstAvailable = [4, 3, 1].map((count) => ({ name: `x${count}`, deviceClassName: DRIVER, count }));
    const of = { devices: { requests: [{ name: 'gpu', firstAvailable }] } };
    expect(choose(withSlices(), of)).toBe('gpu/x3=c gpu/x3=d gpu/x3=e');
  });

  it('for administrators though they are in use, and others do not miss them', () => {
    const run = withSlices();
    run('kubectl label namespace default resource.kubernetes.io/admin-access=true');
    const few = slice('three', { nodeName: 'cp-1' }, [device('only', { rare: { bool: true } })]);
    const rare = {
      ...one,
      selectors: [{ cel: { expression: `device.attributes['${DRIVER}'].?rare.orValue(false)` } }],
    };
    apply(run, few, template('admin', spec({ ...rare, adminAccess: true })), pod('x', ofTemplate('admin')));
    expect(choose(run, spec(rare))).toBe('gpu=only');
    expect(devicesOf(run, '-l from=admin')).toBe('gpu=only');
  });

  it('where the network reaches them, which the allocation says', () => {
    const zone = {
      nodeSelector: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['z'] }] }] },
    };
    const run = withSlices([slice('net', zone, [device('far', { far: { bool: true } })])]);
    const of = selecting(`device.attributes['${DRIVER}'].?far.orValue(false)`);
    expect(choose(run, of)).toBe('');
    run('kubectl label node worker-2 zone=z; sim advance 10s');
    expect(devicesOf(run, '-l from=t')).toBe('gpu=far');
    expect(run(`kubectl get resourceclaim -l from=t -o jsonpath='{.items[0].status.allocation.nodeSelector}'`)).toBe(
      JSON.stringify(zone.nodeSelector),
    );
  });

  it('from no pool that is not wholly there', () => {
    const pool = { resourceSliceCount: 2 };
    const run = withSlices([slice('part', { nodeName: 'cp-1' }, [device('z', V('9.0.0'))], pool)]);
    expect(choose(run, selecting(`device.attributes['${DRIVER}'].driverVersion.major() == 9`))).toBe('');
    const second = slice('part-2', { nodeName: 'cp-1' }, [], { ...pool, name: 'part' });
    apply(run, second);
    expect(devicesOf(run, '-l from=t')).toBe('gpu=z');
  });

  it('by no expression that fails: the attempt ends, and says why', () => {
    const run = withSlices();
    choose(run, selecting(`device.attributes['${DRIVER}'].colour == 'red'`));
    expect(refusal(run, 'p')).toMatch(
      /^running "DynamicResources" filter plugin: claim default\/p-gpu-\w{5}: selector #0: CEL runtime error: no such key: colour$/,
    );
  });
});

describe('the API server', () => {
  const refused = (...objects: object[]) => {
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    return start().run(`kubectl apply -f - 2>&1 <<'E'\n${list}\nE`);
  };

  it.each([
    ['other.x', `compilation failed: ERROR: <input>:1:1: undeclared reference to 'other' (in container '')`],
    ['"text"', 'must evaluate to bool or the unknown type, not string'],
  ])('takes no selector like %s', (expression, why) => {
    const text = refused(deviceClass({ selectors: [{ cel: { expression } }] }));
    expect(text).toContain(`spec.selectors[0].cel.expression: Invalid value: ${JSON.stringify(expression)}: ${why}`);
  });

  it('lets claims share devices only where administrators do it', () => {
    const why = 'admin access to devices requires the `resource.kubernetes.io/admin-access: true` label';
    for (const of of [claim, template])
      expect(refused(of('x', spec({ ...one, adminAccess: true })))).toContain(
        `is invalid: spec.devices.requests[0].adminAccess: Forbidden: ${why} on the containing namespace`,
      );
  });

  it('drops what is said for features that are off', () => {
    const { run } = start();
    const tainted = { ...device('a'), taints: [{ key: 'x', effect: 'NoSchedule' }] };
    apply(run, claim('mine', spec({ ...one, tolerations: [{ key: 'x' }] })), slice('s', { allNodes: true }, [tainted]));
    expect(run('kubectl get resourceclaim mine -o jsonpath={.spec}')).not.toContain('tolerations');
    expect(run('kubectl get resourceslice s -o jsonpath={.spec}')).not.toContain('taints');
  });

  it('counts claimed devices by their class', () => {
    const { run } = start();
    run(`kubectl create quota q --hard=${DRIVER}.deviceclass.resource.k8s.io/devices=3`);
    const alternatives = [2, 1].map((count) => ({ name: `x${count}`, deviceClassName: DRIVER, count }));
    const of = { devices: { requests: [{ name: 'gpu', firstAvailable: alternatives }] } };
    apply(run, claim('first', of));
    const list = JSON.stringify(claim('second', spec({ ...one, allocationMode: 'All' })));
    expect(run(`kubectl apply -f - 2>&1 <<'E'\n${list}\nE`)).toContain(
      `exceeded quota: q, requested: ${DRIVER}.deviceclass.resource.k8s.io/devices=32, used: ${DRIVER}.deviceclass.resource.k8s.io/devices=2, limited: ${DRIVER}.deviceclass.resource.k8s.io/devices=3`,
    );
  });
});

describe('an extended resource', () => {
  const path = '/status/capacity/example.com~1dongle';
  const patch = (run: Run, op: object) =>
    run(`kubectl patch node worker-1 --subresource=status --type=json -p '${JSON.stringify([op])}'; sim advance 15s`);
  const allocatable = (run: Run) =>
    run(`kubectl get node worker-1 -o jsonpath='{.status.allocatable.example\\.com/dongle}'`);

  it('is allocatable once it is counted on the node, and Pods share it out', () => {
    const { run } = start();
    patch(run, { op: 'add', path, value: '2' });
    expect(allocatable(run)).toBe('2');
    const asking = (name: string) => {
      const limits = { 'example.com/dongle': '2' };
      const spec = { containers: [{ name: 'c', image: 'nginx', resources: { limits } }] };
      return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec };
    };
    apply(run, asking('a'));
    apply(run, asking('b'));
    expect(nodeOf(run, 'a')).toBe('worker-1');
    expect(refusal(run, 'b')).toContain('3 Insufficient example.com/dongle');
    patch(run, { op: 'remove', path });
    expect(allocatable(run)).toBe('');
  });
});
