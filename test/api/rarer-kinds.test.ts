import { describe, expect, it } from 'vitest';
import { faults, resource, updateFaults } from './kit.ts';
import '../../engine/parts/all.ts';

const object = (rest: object) => ({ metadata: { name: 'a', namespace: 'default' }, ...rest });

const cluster = (rest: object) => ({ metadata: { name: 'a' }, ...rest });

describe('validation of rarer kinds', () => {
  it('asks of an event in the new group everything, of one in the core group that it agrees with its object', () => {
    const regarding = { kind: 'Pod', namespace: 'default', name: 'p' };
    const event = { regarding, eventTime: '2026-01-05T09:00:00.000000Z', type: 'Normal', reason: 'R', action: 'A' };
    const events = resource('events.k8s.io/v1/events');
    const reporter = { reportingController: 'example.com/c', reportingInstance: 'i' };
    expect(faults(events, object({ ...event, ...reporter }))).toEqual([]);
    expect(faults(events, object({ ...event, ...reporter, type: 'Bad', series: { count: 1 } }))).toEqual([
      'series.count: Invalid value: "": should be at least 2',
      'series.lastObservedTime: Required value',
      'type: Invalid value: "": has invalid value: Bad',
    ]);
    expect(
      updateFaults(events, object({ ...event, ...reporter }), object({ ...event, ...reporter, reason: 'Other' })),
    ).toEqual(['reason: Invalid value: "Other": field is immutable']);
    expect(faults(resource('v1/events'), object({ involvedObject: { namespace: 'other' } }))).toEqual([
      'involvedObject.namespace: Invalid value: "other": does not match event.namespace',
    ]);
  });

  it('knows flow schemas and priority levels', () => {
    const schema = resource('flowcontrol.apiserver.k8s.io/v1/flowschemas');
    expect(
      faults(schema, cluster({ spec: { matchingPrecedence: 1, rules: [{ subjects: [{ kind: 'Robot' }] }] } })),
    ).toEqual([
      "spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1",
      'spec.priorityLevelConfiguration.name: Required value: must reference a priority level',
      'spec.rules[0].subjects[0].kind: Unsupported value: "Robot": supported values: "Group", "ServiceAccount", "User"',
      'spec.rules[0]: Required value: at least one of resourceRules and nonResourceRules has to be non-empty',
    ]);
    const level = resource('flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations');
    const queuing = { queues: 4, handSize: 8, queueLengthLimit: -1 };
    expect(
      faults(level, cluster({ spec: { type: 'Limited', limited: { limitResponse: { type: 'Queue', queuing } } } })),
    ).toEqual([
      'spec.limited.limitResponse.queuing.queueLengthLimit: Invalid value: -1: must be positive',
      'spec.limited.limitResponse.queuing.handSize: Invalid value: 8: should not be greater than queues (4)',
    ]);
  });

  it('knows claims to devices, and storage capacities', () => {
    const claims = resource('resource.k8s.io/v1/resourceclaims');
    const requests = [
      { name: 'gpu', exactly: { deviceClassName: 'gpu', allocationMode: 'All', count: 2 } },
      { name: 'gpu' },
    ];
    expect(faults(claims, object({ spec: { devices: { requests } } }))).toEqual([
      "spec.devices.requests[0].exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'",
      'spec.devices.requests[1]: Required value: exactly one of `exactly` or `firstAvailable` is required',
      'spec.devices.requests[1].name: Duplicate value: "gpu"',
    ]);
    const capacities = resource('storage.k8s.io/v1/csistoragecapacities');
    expect(faults(capacities, object({ storageClassName: 'fast', capacity: '-1Gi' }))).toEqual([
      'capacity: Invalid value: "-1Gi": must be greater than or equal to 0',
    ]);
    expect(
      updateFaults(capacities, object({ storageClassName: 'fast' }), object({ storageClassName: 'slow' })),
    ).toEqual(['storageClassName: Invalid value: "slow": field is immutable']);
  });

  it.each([
    [
      'autoscaling/v2/horizontalpodautoscalers',
      { spec: { maxReplicas: 2, scaleTargetRef: { kind: 'Deployment', name: 'd' } } },
      ['spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group'],
    ],
    [
      'apps/v1/statefulsets',
      {
        spec: {
          serviceName: 'A_B',
          selector: { matchLabels: { a: 'b' } },
          template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
        },
      },
      [
        "spec.serviceName: Invalid value: \"A_B\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
      ],
    ],
    [
      'networking.k8s.io/v1/ingresses',
      { spec: {} },
      ['spec: Invalid value: null: either `defaultBackend` or `rules` must be specified'],
    ],
    [
      'rbac.authorization.k8s.io/v1/rolebindings',
      { roleRef: { kind: 'Role', name: 'a/b' } },
      ['roleRef.name: Invalid value: "a/b": may not contain \'/\''],
    ],
  ])('refuses of %s what is not allowed there', (kind, rest, expected) => {
    expect(faults(resource(kind), object(rest))).toEqual(expected);
  });

  it.each([
    [
      'networking.k8s.io/v1/ipaddresses',
      { metadata: { name: '2001:DB8::1' }, spec: { parentRef: { resource: 'services', name: 's' } } },
      ['metadata.name: Invalid value: "2001:DB8::1": must be in canonical form ("2001:db8::1")'],
    ],
    [
      'certificates.k8s.io/v1/certificatesigningrequests',
      {
        metadata: { name: 'Any Name' },
        spec: { request: 'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K', signerName: 'x/y_', usages: ['any'] },
      },
      [
        'spec.signerName: Invalid value: "x": should be a domain with at least two segments separated by dots',
        "spec.signerName: Invalid value: \"y_\": validating label \"y_\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      ],
    ],
    [
      'apiregistration.k8s.io/v1/apiservices',
      {
        metadata: { name: 'v1.a.b' },
        spec: { group: 'a.b', version: 'v1', groupPriorityMinimum: 1, versionPriority: 1, caBundle: 'eHg=' },
      },
      ['spec.caBundle: Invalid value: "2 bytes": local APIServices may not have a caBundle'],
    ],
    [
      'admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
      {
        metadata: { name: 'w' },
        webhooks: [
          {
            name: 'a.b.c',
            sideEffects: 'None',
            admissionReviewVersions: ['v1'],
            clientConfig: { url: 'https://x' },
            matchConditions: [{ name: 'n', expression: '1' }],
          },
        ],
      },
      ['webhooks[0].matchConditions[0].expression: Invalid value: "1": must evaluate to bool'],
    ],
    [
      'resource.k8s.io/v1/resourceslices',
      {
        metadata: { name: 's' },
        spec: {
          driver: 'a.b',
          pool: { name: 'p', resourceSliceCount: 1 },
          allNodes: true,
          devices: [{ name: 'd', attributes: { 'a-b': { string: 'x', int: 1 } } }],
        },
      },
      [
        "spec.devices[0].attributes[a-b]: Invalid value: \"a-b\": a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')",
        'spec.devices[0].attributes[a-b]: Invalid value: {"string":"x","int":1}: exactly one value must be specified',
      ],
    ],
  ])('refuses of the cluster’s %s what is not allowed there', (kind, body, expected) => {
    const { metadata, ...rest } = body;
    expect(faults(resource(kind), { metadata, ...rest })).toEqual(expected);
  });
});
