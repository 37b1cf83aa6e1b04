// Kinds that are served in two versions: Events (core and events.k8s.io) and HorizontalPodAutoscalers (v1 and v2).

import { part } from '../parts/index.ts';
import { set } from './change.ts';
import type { JsonObject, KubeObject, ResourceInfo } from './types.ts';

/** Field of a core Event to the same field of events.k8s.io/v1. */
const EVENT_FIELDS: Record<string, string> = {
  involvedObject: 'regarding',
  message: 'note',
  source: 'deprecatedSource',
  firstTimestamp: 'deprecatedFirstTimestamp',
  lastTimestamp: 'deprecatedLastTimestamp',
  count: 'deprecatedCount',
  reportingComponent: 'reportingController',
};
const EVENT_FIELDS_BACK = Object.fromEntries(Object.entries(EVENT_FIELDS).map(([core, events]) => [events, core]));

function rename(object: KubeObject, names: Record<string, string>): KubeObject {
  const out: JsonObject = {};
  for (const key in object) out[names[key] ?? key] = object[key];
  return out as KubeObject;
}

/** `object` in the group and version of `to`. */
export function convert(object: KubeObject, to: ResourceInfo): KubeObject {
  if (object.apiVersion === to.groupVersion) return object;
  let out = object;
  if (to.kind === 'Event') out = rename(object, to.group === '' ? EVENT_FIELDS_BACK : EVENT_FIELDS);
  else if (to.kind === 'HorizontalPodAutoscaler') out = part('rules').convertAutoscaler(object, to.version);
  return set(out, 'apiVersion', to.groupVersion);
}
