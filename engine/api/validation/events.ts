// Events of the core group: what old clients rely on.

import type { KubeObject } from '../types.ts';
import type { Faults } from './field.ts';
import { pathSegment } from './metadata.ts';
import { isQualifiedName } from './names.ts';
import type { Rules } from './rules.ts';

const LIMIT = 128;
const NOTE_LIMIT = 1024;

/** What both groups check; `object` has the fields of the core group. */
export function eventFields(faults: Faults, { metadata, ...event }: KubeObject) {
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

/** What the core group takes as a name is what a path takes. */
export const event: Rules = { name: pathSegment, validate: eventFields };
