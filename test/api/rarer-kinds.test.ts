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
});
