// Events as components record them: repeated ones are counted on one object, floods of similar ones are
// combined, and a source that talks too much is cut off (client-go tools/record: EventCorrelator).

import { isNotFound, type Client, type ResourceClient } from './client.ts';
import type { Event, KubeObject, ObjectReference } from '../api/types.ts';
import type { Sim } from '../sim/index.ts';

const SIMILAR_LIMIT = 10;
const SIMILAR_INTERVAL = 600_000;
const BURST = 25;
const REFILL_MS = 300_000;

/** What an event is about: an object, or a reference to one (a container's fieldPath, a node by name). */
export type EventSubject = KubeObject | ObjectReference | object;

export function referenceTo(subject: EventSubject): ObjectReference {
  const object = subject as KubeObject;
  if (!object.metadata) return subject as ObjectReference;
  const { name, namespace, uid, resourceVersion } = object.metadata;
  return { kind: object.kind, namespace, name, uid, apiVersion: object.apiVersion, resourceVersion };
}

/** The second written last: many things happen in one. */
let written = { second: NaN, text: '' };

/** RFC 3339 in whole seconds. */
export function timestamp(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (written.second !== second) written = { second, text: new Date(second * 1000).toISOString().slice(0, 19) + 'Z' };
  return written.text;
}

export const microTimestamp = (ms: number): string => new Date(ms).toISOString().slice(0, 23) + '000Z';

/** Events of one object, type and reason; most have one message only. */
interface Similar {
  since: number;
  first: string;
  more: Set<string> | undefined;
}

export class EventRecorder {
  private readonly sim: Sim;
  private readonly events: ResourceClient<Event>;
  private readonly component: string;
  private readonly host: string | undefined;
  private readonly seen = new Map<string, { name: string; namespace: string; count: number }>();
  private readonly similar = new Map<string, Similar>();
  private readonly buckets = new Map<string, { tokens: number; at: number }>();

  /** `component` and `host` become the event's source ("kubelet", "worker-1"). */
  constructor(sim: Sim, client: Client, component: string, host?: string) {
    this.sim = sim;
    this.events = client.of<Event>('v1', 'events');
    this.component = component;
    this.host = host;
  }

  event(subject: EventSubject, type: 'Normal' | 'Warning', reason: string, message: string) {
    const ref = referenceTo(subject);
    const now = this.sim.now;
    const objectKey = `${ref.kind}/${ref.namespace ?? ''}/${ref.name}/${ref.uid ?? ''}/${ref.fieldPath ?? ''}`;
    if (!this.admit(objectKey, now)) return;

    const groupKey = `${objectKey}/${type}/${reason}`;
    let group = this.similar.get(groupKey);
    if (!group || now - group.since > SIMILAR_INTERVAL) {
      this.similar.set(groupKey, (group = { since: now, first: message, more: undefined }));
    } else if (group.first !== message) (group.more ??= new Set()).add(message);
    const combined = group.more !== undefined && group.more.size + 1 >= SIMILAR_LIMIT;
    const text = combined ? `(combined from similar events): ${message}` : message;
    const key = combined ? groupKey : `${groupKey}/${message}`;

    const time = timestamp(now);
    const known = this.seen.get(key);
    if (known) {
      known.count++;
      try {
        this.events.patch(known.namespace, known.name, 'strategic', { count: known.count, lastTimestamp: time, message: text });
        return;
      } catch (error) {
        if (!isNotFound(error)) return;
        this.seen.delete(key);
      }
    }
    const namespace = ref.namespace || 'default';
    // A name as client-go makes it: the object's name and the time in nanoseconds, in hexadecimal.
    const name = `${ref.name}.${(BigInt(Math.floor(now)) * 1_000_000n + BigInt(this.sim.serial() % 1_000_000)).toString(16)}`;
    try {
      this.events.create(namespace, {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name, namespace },
        involvedObject: ref,
        reason,
        message: text,
        source: this.host ? { component: this.component, host: this.host } : { component: this.component },
        firstTimestamp: time,
        lastTimestamp: time,
        count: 1,
        type,
        reportingComponent: this.component,
        reportingInstance: this.host ?? '',
      } as Event);
      this.seen.set(key, { name, namespace, count: 1 });
    } catch {
      // The namespace is going away, or the API server refused: events are best effort.
    }
  }

  /** A bucket of 25 a source and object, one more every five minutes. */
  private admit(key: string, now: number): boolean {
    let bucket = this.buckets.get(key);
    if (!bucket) this.buckets.set(key, (bucket = { tokens: BURST, at: now }));
    bucket.tokens = Math.min(BURST, bucket.tokens + (now - bucket.at) / REFILL_MS);
    bucket.at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }
}
