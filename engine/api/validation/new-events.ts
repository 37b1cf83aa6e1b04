// Events of events.k8s.io, in which everything is checked.

import { deepEqual } from '../change.ts';
import type { JsonObject, KubeObject } from '../types.ts';
import { eventFields } from './events.ts';
import { IMMUTABLE, type Faults } from './field.ts';
import type { Rules } from './rules.ts';

function series(faults: Faults, value: JsonObject | undefined) {
  if (!value) return;
  if ((value.count ?? 0) < 2) faults.invalid('series.count', '', 'should be at least 2');
  if (!value.lastObservedTime) faults.required('series.lastObservedTime');
}

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
    eventFields(faults, asCore(object));
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
