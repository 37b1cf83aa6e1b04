// Rules of the core group that few objects meet: each says what the API server answers, in its words.
import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../engine/api/index.ts';
import { faults, podBody, pods, prepare, resource, scheme, updateFaults } from './kit.ts';

const container = (more: object) => podBody({ containers: [{ name: 'c', image: 'nginx', ...more }] });
const named = (rest: object) => ({ metadata: { name: 'x' }, ...rest });
const claimed = (name: string) => ({
  name,
  ephemeral: {
    volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
  },
});
const annotated = (annotations: object, spec: object = {}) => podBody(spec, { annotations });
const MUST_MATCH = 'type in annotation and field must match';

describe('Pods', () => {
  test.each<[what: string, body: unknown, expected: string[]]>([
    [
      'tolerations in an annotation',
      annotated({ 'scheduler.alpha.kubernetes.io/tolerations': '[{"key":"a","operator":"Bad"}]' }),
      [
        'metadata.annotations.scheduler.alpha.kubernetes.io/tolerations[0].operator: Unsupported value: "Bad": supported values: "Equal", "Exists"',
      ],
    ],
    [
      'a cost of deletion that is no number',
      annotated({ 'controller.kubernetes.io/pod-deletion-cost': '+1' }),
      [
        'metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "+1": must be a 32bit integer',
      ],
    ],
    [
      'seccomp in an annotation and otherwise in the field',
      annotated(
        { 'seccomp.security.alpha.kubernetes.io/pod': 'localhost/a' },
        { securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: 'b' } } },
      ),
      [
        'spec.securityContext.seccompProfile.localhostProfile: Forbidden: seccomp profile in annotation and field must match',
      ],
    ],
    [
      'AppArmor in an annotation and otherwise in the field',
      annotated(
        { 'container.apparmor.security.beta.kubernetes.io/c': 'unconfined' },
        { securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } },
      ),
      [`spec.containers[0].securityContext.appArmorProfile.type: Forbidden: apparmor ${MUST_MATCH}`],
    ],
    [
      'a volume that asks for the claim that another one makes, before all else',
      podBody(
        {
          volumes: [{ name: 'a', persistentVolumeClaim: { claimName: 'p-b' } }, claimed('b')],
          restartPolicy: 'Maybe',
        },
        { name: 'p' },
      ),
      [
        'spec.volumes[0].persistentVolumeClaim.claimName: Invalid value: "p-b": must not reference a PVC that gets created for an ephemeral volume',
        'spec.restartPolicy: Unsupported value: "Maybe": supported values: "Always", "OnFailure", "Never"',
      ],
    ],
    [
      'an iSCSI portal too long for an interface of its own',
      podBody({
        volumes: [
          {
            name: 'v',
            iscsi: {
              targetPortal: 'a'.repeat(70),
              iqn: 'iqn.2001-04.com.example:x',
              lun: 0,
              initiatorName: 'iqn.2001-04.com.example:x',
            },
          },
        ],
      }),
      [
        'spec.volumes[0].name: Invalid value: "v": Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.',
      ],
    ],
    [
      'rules of restarts',
      container({ restartPolicyRules: [{ action: 'Stop' }, { action: 'Restart', exitCodes: { operator: 'Is' } }] }),
      [
        'spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used',
        'spec.containers[0].restartPolicyRules[0].action: Unsupported value: "Stop": supported values: "Restart"',
        'spec.containers[0].restartPolicyRules[0].exitCodes: Required value: must be specified',
        'spec.containers[0].restartPolicyRules[1].exitCodes.operator: Unsupported value: "Is": supported values: "In", "NotIn"',
      ],
    ],
    [
      'names that are given and empty',
      container({ securityContext: { windowsOptions: { runAsUserName: '' } } }),
      [
        'spec.containers[0].securityContext.windowsOptions.runAsUserName: Invalid value: "": runAsUserName cannot be an empty string',
      ],
    ],
    [
      'a file of variables',
      container({ env: [{ name: 'A', valueFrom: { fileKeyRef: { volumeName: 'v', path: '../x', key: 'a=b' } } }] }),
      [
        'spec.containers[0].env[0].valueFrom.fileKeyRef.path: Invalid value: "../x": must not contain \'..\'',
        'spec.containers[0].env[0].valueFrom.fileKeyRef.key: Invalid value: "a=b": a valid environment variable name must consist only of printable ASCII characters other than \'=\'',
      ],
    ],
    [
      'a change of SELinux labels by mounting',
      podBody({ securityContext: { seLinuxChangePolicy: 'MountOption' } }),
      ['spec.securityContext.seLinuxChangePolicy: Unsupported value: "MountOption": supported values: "Recursive"'],
    ],
    [
      'a struct in a message has the fields of the internal type',
      podBody({ resourceClaims: [{ name: 'gpu' }] }),
      [
        'spec.resourceClaims[0]: Invalid value: {"Name":"gpu","ResourceClaimName":null,"ResourceClaimTemplateName":null}: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`',
      ],
    ],
  ])('%s', (_what, body, expected) => {
    expect(faults(pods, body)).toEqual(expected);
  });

  const update = (change: (pod: KubeObject) => object, subresource?: string, body: unknown = podBody()) => {
    const old = prepare(pods, body);
    return scheme
      .validateUpdate(pods, { ...old, ...change(old) }, old, subresource)
      .map(({ field, message }) => `${field}: ${message}`);
  };

  test('what an update may not change is shown as a difference of the internal types', () => {
    expect(updateFaults(pods, podBody(), container({ env: [{ name: 'A', value: '1' }] }))[0]).toMatch(
      /negative\)\n@@ -\d+,7 \+\d+,13 @@\n {4}"WorkingDir": "",\n {4}"Ports": null,\n {4}"EnvFrom": null,\n- {3}"Env": null,\n\+ {3}"Env": \[\n\+ {4}\{\n\+ {5}"Name": "A",\n\+ {5}"Value": "1",\n\+ {5}"ValueFrom": null\n\+ {4}\}\n\+ {3}\],\n {4}"Resources": \{\n/,
    );
    expect(
      updateFaults(pods, podBody(), podBody({ hostNetwork: true, containers: [{ name: 'c', image: 'x' }] }))[0],
    ).toContain('\n  "SecurityContext": {\n-  "HostNetwork": false,\n+  "HostNetwork": true,\n   "HostPID": false,\n');
  });

  test('bad labels are told as often as they are looked at', () => {
    const labels = updateFaults(pods, podBody(), podBody({}, { labels: { a: 'b c' } }));
    expect(labels.filter((fault) => fault.startsWith('metadata.labels'))).toHaveLength(4);
  });

  test('ephemeral containers have nothing that a service needs, and mirrors have none of them', () => {
    const debug = (more: object) => ({ spec: { ephemeralContainers: [{ name: 'e', image: 'x', ...more }] } });
    const withDebugger = (more: object) =>
      update(({ spec }) => ({ spec: { ...spec, ...debug(more).spec } }), 'ephemeralcontainers');
    expect(
      withDebugger({ lifecycle: {}, resources: {}, terminationMessagePolicy: 'File', imagePullPolicy: 'Always' }),
    ).toEqual(['spec.ephemeralContainers[0].lifecycle: Forbidden: cannot be set for an Ephemeral Container']);
    const mirror = podBody({ nodeName: 'n' }, { annotations: { 'kubernetes.io/config.mirror': 'x' } });
    expect(update(({ spec }) => ({ spec: { ...spec, ...debug({}).spec } }), 'ephemeralcontainers', mirror)).toEqual([
      '[]: Forbidden: static pods do not support ephemeral containers',
    ]);
  });

  test.each<[status: object, expected: string[]]>([
    [
      { podIPs: [{ ip: '10.0.0.1' }, { ip: '10.0.0.1' }] },
      [
        'status.podIPs: Invalid value: [{"IP":"10.0.0.1"},{"IP":"10.0.0.1"}]: may specify no more than one IP for each IP family',
        'status.podIPs[1]: Duplicate value: {"IP":"10.0.0.1"}',
      ],
    ],
    [
      { resourceClaimStatuses: [{ name: 'q' }] },
      [
        'status.resourceClaimStatuses[0].name: Invalid value: "q": must match the name of an entry in `spec.resourceClaims`',
      ],
    ],
    [
      { containerStatuses: [{ name: 'c', user: { linux: { uid: -1, gid: 0 } } }] },
      ['status.containerStatuses[0].linux.uid: Invalid value: -1: must be between 0 and 2147483647, inclusive'],
    ],
    [
      { containerStatuses: [{ name: 'c', allocatedResourcesStatus: [{ name: 'a.b/c', resources: [] }] }] },
      [
        'status.containerStatuses[0].allocatedResourcesStatus[0].name: Invalid value: "a.b/c": must match one of the container\'s resource requests',
      ],
    ],
  ])('the status %j', (status, expected) => {
    expect(update((pod) => ({ status: { ...pod.status, ...status } }), 'status')).toEqual(expected);
  });
});

describe('volumes and claims', () => {
  const volume = (spec: object) =>
    named({ spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, ...spec } });
  const affinity = (key: string) => ({
    required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values: ['a'] }] }] },
  });
  const volumes = resource('v1/persistentvolumes');
  const claims = resource('v1/persistentvolumeclaims');

  test('a volume names iSCSI targets and namespaces in its own words', () => {
    expect(faults(volumes, volume({ iscsi: { targetPortal: 'p', iqn: 'foo', lun: 0 } }))).toEqual([
      'spec.iscsi.iqn: Invalid value: "foo": must be valid format',
    ]);
    expect(faults(volumes, volume({ glusterfs: { endpoints: 'a', path: 'b', endpointsNamespace: '' } }))).toEqual([
      'spec.glusterfs.endpointsNamespace: Invalid value: "": if the endpointnamespace is set, it must be a valid namespace name',
    ]);
  });

  test('the nodes of a volume may be told by new labels, and otherwise not be changed', () => {
    const from = volume({ local: { path: '/a' }, nodeAffinity: affinity('beta.kubernetes.io/os') });
    const to = (key: string) =>
      updateFaults(volumes, from, volume({ local: { path: '/a' }, nodeAffinity: affinity(key) }));
    expect(to('kubernetes.io/os')).toEqual([]);
    expect(to('kubernetes.io/arch')[0]).toMatch(
      /^nodeAffinity: Invalid value: \{"Required":\{"NodeSelectorTerms":.*field is immutable, except for updating from beta label to GA$/,
    );
  });

  test('a claim that changes shows how, and its status knows its own resources only', () => {
    const claim = (mode: string) =>
      named({ spec: { accessModes: [mode], resources: { requests: { storage: '1Gi' } } } });
    expect(updateFaults(claims, claim('ReadWriteOnce'), claim('ReadWriteMany'))[0]).toContain(
      'for bound claims\n@@ -1,6 +1,6 @@\n {\n  "AccessModes": [\n-  "ReadWriteOnce"\n+  "ReadWriteMany"\n  ],\n',
    );
    const old = prepare(claims, claim('ReadWriteOnce'));
    const status = { allocatedResourceStatuses: { cpu: 'NodeResizePending' }, allocatedResources: { storage: '-1' } };
    expect(
      scheme.validateUpdate(claims, { ...old, status }, old, 'status').map((f) => `${f.field}: ${f.message}`),
    ).toEqual([
      'status.allocatedResourceStatus: Unsupported value: "cpu": supported values: "storage"',
      'status.allocatedResources[storage]: Invalid value: -1: must be a valid resource quantity',
    ]);
  });
});

test.each<[path: string, body: object, expected: string[]]>([
  [
    'v1/resourcequotas',
    { spec: { hard: { storage: '1Gi' } } },
    ['spec.hard[storage]: Invalid value: "storage": must be a standard resource for quota'],
  ],
  ['v1/configmaps', { data: { a: 'x'.repeat(1048577) } }, ['[]: Too long: may not be more than 1048576 bytes']],
  ['v1/nodes', { spec: { podCIDR: 'x' } }, ['spec.podCIDRs[0]: Invalid value: "x": must be valid CIDR']],
  [
    'v1/nodes',
    { spec: { taints: [1, 2].map(() => ({ key: 'k', effect: 'NoSchedule' })) } },
    [
      'metadata.taints[1]: Duplicate value: {"Key":"k","Value":"","Effect":"NoSchedule","TimeAdded":null}: taints must be unique by key and effect pair',
    ],
  ],
  ['v1/events', { metadata: { name: 'A_b' }, involvedObject: { namespace: 'default' } }, []],
])('%s %#', (path, body, expected) => {
  expect(faults(resource(path), named(body))).toEqual(expected);
});

test('a finalizer of a namespace is told by its place, a node keeps the name that a cloud knew it by', () => {
  const namespaces = resource('v1/namespaces');
  const old = prepare(namespaces, { metadata: { name: 'a' } });
  const now = { ...old, spec: { finalizers: ['kubernetes', 'foo'] } };
  expect(scheme.validateUpdate(namespaces, now, old, 'finalize').map((fault) => fault.field)).toEqual([
    'spec.finalizers[1]',
  ]);
  const node = (externalID: string) => named({ spec: { externalID } });
  expect(updateFaults(resource('v1/nodes'), node('a'), node('b'))).toEqual([
    'spec.externalID: Forbidden: may not be updated',
  ]);
});
