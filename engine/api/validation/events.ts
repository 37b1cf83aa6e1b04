// Events: of the core group what old clients rely on, of events.k8s.io everything.

import { deepEqual } from '../change.ts';
import type { JsonObject, KubeObject } from '../types.ts';
import { IMMUTABLE, type Faults } from './field.ts';
import { isQualifiedName } from './names.ts';
import type { Rules } from './rules.ts';

const LIMIT = 128;
const NOTE_LIMIT = 1024;

/** What both groups check; `object` has the fields of the core group. */
function common(faults: Faults, { metadata, ...event }: KubeObject) {
  const { namespace = '' } = metadata;
  const {
    involvedObject,
    eventTime,
    reportingComponent = '',
    reportingInstance = '',
    action = '',
    reason = '',
  } = event;
  const about: string = involvedObject?.namespace ?? '';
  const mismatch = () => faults.invalid('involvedObject.namespace', about, 'does not match event.namespace');
  if (!eventTime) {
    if (about ? namespace !== about : namespace !== '' && namespace !== 'default') mismatch();
    return;
  }
  if (!about && namespace !== 'default' && namespace !== 'kube-system') mismatch();
  if (!reportingComponent) faults.required('reportingController');
  faults.check('reportingController', reportingComponent, isQualifiedName);
  const text = (field: string, value: string, needed: boolean, limit: number) => {
    if (needed && !value) faults.required(field);
    if (value.length > limit) faults.invalid(field, '', `can have at most ${limit} characters`);
  };
  text('reportingInstance', reportingInstance, true, LIMIT);
  text('action', action, true, LIMIT);
  text('reason', reason, true, LIMIT);
  text('message', event.message ?? '', false, NOTE_LIMIT);
}

function series(faults: Faults, value: JsonObject | undefined) {
  if (!value) return;
  if ((value.count ?? 0) < 2) faults.invalid('series.count', '', 'should be at least 2');
  if (!value.lastObservedTime) faults.required('series.lastObservedTime');
}

export const event: Rules = { validate: common };

/** The same event in the core group's fields. */
function asCore(event: KubeObject): KubeObject {
  const { regarding, note, reportingController } = event;
  return { ...event, involvedObject: regarding, message: note, reportingComponent: reportingController };
}

/** Fields of events.k8s.io that an update leaves as they are, by the names that the faults give them. */
const FIXED: Readonly<Record<string, string>> = {
  regarding: 'involvedObject',
  reason: 'reason',
  note: 'message',
  deprecatedSource: 'source',
  deprecatedFirstTimestamp: 'firstTimestamp',
  deprecatedLastTimestamp: 'lastTimestamp',
  deprecatedCount: 'count',
  type: 'type',
  eventTime: 'eventTime',
  action: 'action',
  related: 'related',
  reportingController: 'reportingController',
  reportingInstance: 'reportingInstance',
};

export const newEvent: Rules = {
  validate(faults, object, old) {
    common(faults, asCore(object));
    if (old) {
      if (!deepEqual(object.series, old.series)) series(faults, object.series);
      for (const field in FIXED)
        if (!deepEqual(object[field], old[field])) faults.invalid(FIXED[field], object[field], IMMUTABLE);
      return;
    }
    series(faults, object.series);
    if (!object.eventTime) faults.required('eventTime');
    if (object.type !== 'Normal' && object.type !== 'Warning')
      faults.invalid('type', '', `has invalid value: ${object.type ?? ''}`);
    if (object.deprecatedFirstTimestamp) faults.invalid('firstTimestamp', '', 'needs to be unset');
    if (object.deprecatedLastTimestamp) faults.invalid('lastTimestamp', '', 'needs to be unset');
    if (object.deprecatedCount) faults.invalid('count', '', 'needs to be unset');
    const { component, host } = object.deprecatedSource ?? {};
    if (component || host) faults.invalid('source', '', 'needs to be unset');
  },
};
