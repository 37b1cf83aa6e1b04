// What most describers share: labels, annotations, selectors, times, owners, events.

import { shortHumanDuration, humanDuration } from '../../api/duration.ts';
import type { Event, KubeObject, ObjectMeta } from '../../api/types.ts';
import type { Co } from '../../sim/index.ts';
import type { Kubectl } from '../kubectl.ts';
import type { DescribeWriter } from './writer.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** An annotation's value longer than this stands on a line of its own and is cut. */
const MAX_ANNOTATION = 140;

/** RFC1123Z: 'Mon, 05 Jan 2026 09:00:00 +0000'. */
export function longTime(timestamp: string | null | undefined): string {
  if (!timestamp) return 'Mon, 01 Jan 0001 00:00:00 +0000';
  return new Date(timestamp).toUTCString().replace('GMT', '+0000');
}

/** Time since a timestamp, as in the AGE column. */
export const since = (timestamp: string | null | undefined, now: number): string =>
  timestamp ? humanDuration(now - Date.parse(timestamp)) : '<unknown>';

export const shortSince = (timestamp: string | null | undefined, now: number): string =>
  timestamp ? shortHumanDuration(now - Date.parse(timestamp)) : '<unknown>';

export function sortedKeys(map: Record<string, unknown> | undefined): string[] {
  return map ? Object.keys(map).sort() : [];
}

/** `a=b` under each other, or `<none>`. */
export function labels(
  w: DescribeWriter,
  level: number,
  title: string,
  map: Record<string, string> | undefined,
  separator = '=',
) {
  const keys = sortedKeys(map);
  if (keys.length === 0) {
    w.line(level, `${title}:\t<none>`);
    return;
  }
  for (let i = 0; i < keys.length; i++) {
    w.line(level, `${i ? '' : `${title}:`}\t${keys[i]}${separator}${map?.[keys[i]]}`);
  }
}

export function annotations(
  w: DescribeWriter,
  level: number,
  map: Record<string, string> | undefined,
  title = 'Annotations',
) {
  const keys = sortedKeys(map).filter((key) => key !== LAST_APPLIED);
  if (keys.length === 0) {
    w.line(level, `${title}:\t<none>`);
    return;
  }
  for (let i = 0; i < keys.length; i++) {
    const value = (map?.[keys[i]] ?? '').replace(/\n$/, '');
    const head = i ? '' : `${title}:`;
    if (value.length + keys[i].length + 2 < MAX_ANNOTATION && !value.includes('\n')) {
      w.line(level, `${head}\t${keys[i]}: ${value}`);
      continue;
    }
    w.line(level, `${head}\t${keys[i]}:`);
    for (const row of value.split('\n')) {
      w.line(level, `\t  ${row.length > MAX_ANNOTATION - 2 ? `${row.slice(0, MAX_ANNOTATION - 2)}...` : row}`);
    }
  }
}

/** `a=1,b=2` on one line. */
export const formatMap = (map: Record<string, string> | undefined): string =>
  sortedKeys(map)
    .map((key) => `${key}=${map?.[key]}`)
    .join(',') || '<none>';

/** Name, namespace, labels and annotations: how nearly everything begins. */
export function heading(w: DescribeWriter, object: { metadata: ObjectMeta }) {
  const { name, namespace } = object.metadata;
  w.field(0, 'Name', name);
  if (namespace) w.field(0, 'Namespace', namespace);
  labels(w, 0, 'Labels', object.metadata.labels);
  annotations(w, 0, object.metadata.annotations);
}

/** 'ReplicaSet/web-5d8f', or '' without a controller. */
export function controller(object: { metadata: ObjectMeta }): string {
  const owner = object.metadata.ownerReferences?.find((reference) => reference.controller);
  return owner ? `${owner.kind}/${owner.name}` : '';
}

/** Events about an object, as describe searches for them: by name, namespace, kind and uid. */
export function* eventsOf(kubectl: Kubectl, object: KubeObject, withKind = true): Co<Event[]> {
  const { name, namespace = '', uid } = object.metadata;
  const selector = [`involvedObject.name=${name}`, `involvedObject.namespace=${namespace}`];
  if (withKind) selector.push(`involvedObject.kind=${object.kind}`);
  if (uid) selector.push(`involvedObject.uid=${uid}`);
  const path = namespace ? `/api/v1/namespaces/${namespace}/events` : '/api/v1/events';
  const { body } = yield* kubectl.send({
    method: 'GET',
    path,
    query: { fieldSelector: selector.join(','), limit: '500' },
  });
  return (body as { items: Event[] }).items;
}

export function events(w: DescribeWriter, list: readonly Event[], now: number) {
  if (list.length === 0) {
    w.line(0, 'Events:\t<none>');
    return;
  }
  w.line(0, 'Events:\n  Type\tReason\tAge\tFrom\tMessage');
  w.line(1, '----\t------\t----\t----\t-------');
  // Stable: events of one second keep the order in which they were recorded; those of the newer kind, which have no
  // lastTimestamp, come first.
  const sorted = list.map((event, index) => ({ event, index, time: Date.parse(event.lastTimestamp ?? '') || 0 }));
  sorted.sort((a, b) => a.time - b.time || a.index - b.index);
  for (const { event } of sorted) {
    const first = since(event.eventTime ?? event.firstTimestamp, now);
    let age = first;
    if (event.series) age = `${since(event.series.lastObservedTime, now)} (x${event.series.count} over ${first})`;
    else if ((event.count ?? 0) > 1) age = `${since(event.lastTimestamp, now)} (x${event.count} over ${first})`;
    const source = event.source?.component || event.reportingComponent || '';
    const fieldPath = event.involvedObject.fieldPath;
    const message = (event.message ?? '').trim();
    w.line(1, `${event.type}\t${event.reason}\t${age}\t${source}\t${fieldPath ? `${fieldPath}: ` : ''}${message}`);
  }
}

/** A table inside a description: headings, a rule under each, rows. */
export function table(w: DescribeWriter, level: number, title: string, columns: string[], rows: string[][]) {
  w.line(level, `${title}:\n${'  '.repeat(level + 1)}${columns.join('\t')}`);
  w.line(level + 1, columns.map((column) => '-'.repeat(column.length)).join('\t'));
  for (const row of rows) w.line(level + 1, row.join('\t'));
}
