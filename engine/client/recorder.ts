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

/** An event that has been written. */
interface Series {
  name: string;
  namespace: string;
  count: number;
}

/** Events of one object, type and reason: those of the last minutes by message (most have one only), all by text. */
interface Similar {
  since: number;
  first: string;
  more: Set<string> | undefined;
  written: Record<string, Series>;
}

/** What is known of the events of one object. */
interface Source {
  tokens: number;
  at: number;
  similar: Record<string, Similar>;
}

/** Under what combined events are written. */
const COMBINED = '';

export class EventRecorder {
  private readonly sim: Sim;
  private readonly events: ResourceClient<Event>;
  private readonly component: string;
  private readonly host: string | undefined;
  private readonly sources = new Map<string, Source>();

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
    const source = this.admit(
      `${ref.kind}/${ref.namespace ?? ''}/${ref.name}/${ref.uid ?? ''}/${ref.fieldPath ?? ''}`,
      now,
    );
    if (!source) return;

    const kind = `${type}/${reason}`;
    let similar = source.similar[kind];
    if (!similar) {
      similar = source.similar[kind] = { since: now, first: message, more: undefined, written: Object.create(null) };
    } else if (now - similar.since > SIMILAR_INTERVAL) {
      similar.since = now;
      similar.first = message;
      similar.more = undefined;
    } else if (similar.first !== message) (similar.more ??= new Set()).add(message);
    const combined = similar.more !== undefined && similar.more.size + 1 >= SIMILAR_LIMIT;
    const text = combined ? `(combined from similar events): ${message}` : message;
    const key = combined ? COMBINED : message;

    const time = timestamp(now);
    const known = similar.written[key];
    if (known) {
      known.count++;
      try {
        this.events.patch(known.namespace, known.name, 'strategic', {
          count: known.count,
          lastTimestamp: time,
          message: text,
        });
        return;
      } catch (error) {
        if (!isNotFound(error)) return;
        delete similar.written[key];
      }
    }
    const namespace = ref.namespace || 'default';
    // A name as client-go makes it: the object's name and the time in nanoseconds, in hexadecimal.
    const name = `${ref.name}.${(BigInt(Math.floor(now)) * 1_000_000n + BigInt(this.sim.serial() % 1_000_000)).toString(16)}`;
    try {
      this.events.createUnread(namespace, {
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
      similar.written[key] = { name, namespace, count: 1 };
    } catch {
      // The namespace is going away, or the API server refused: events are best effort.
    }
  }

  /** The source, unless it has said too much: a bucket of 25 an object, one more every five minutes. */
  private admit(key: string, now: number): Source | undefined {
    let source = this.sources.get(key);
    if (!source) this.sources.set(key, (source = { tokens: BURST, at: now, similar: Object.create(null) }));
    source.tokens = Math.min(BURST, source.tokens + (now - source.at) / REFILL_MS);
    source.at = now;
    if (source.tokens < 1) return undefined;
    source.tokens--;
    return source;
  }
}
