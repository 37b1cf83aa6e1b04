// Events as components record them: repeated ones are counted on one object, floods of similar ones are
// combined, and a source that talks too much is cut off (client-go tools/record: EventCorrelator).

import { isNotFound, type Client, type ResourceClient } from './client.ts';
import { formatTime as timestamp } from '../api/time.ts';
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

/** A name as client-go makes it: the subject's name and the time in nanoseconds, in hexadecimal. */
export function eventName(subject: string | undefined, ms: number, nanoseconds: number): string {
  // All digits together are more than a number holds: the last six by themselves. The others change each 16 ms.
  const whole = Math.floor(ms);
  const part = Math.floor(whole / LOW);
  const low = (whole - part * LOW) * NANOSECONDS + nanoseconds;
  const carry = Math.floor(low / LOW);
  const high = part * NANOSECONDS + carry;
  if (high !== leading.high) leading = { high, digits: high.toString(16) };
  return `${subject}.${leading.digits}${((low - carry * LOW + LOW) | 0).toString(16).slice(1)}`;
}

/** What the name made last began with: many are made in one moment. */
let leading = { high: NaN, digits: '' };

/** Of a millisecond. */
export const NANOSECONDS = 1_000_000;
/** What six hexadecimal digits hold. */
const LOW = 0x1000000;

/** An event that has been written. */
interface Series {
  readonly recorder: EventRecorder;
  readonly subject: ObjectReference;
  readonly type: string;
  readonly reason: string;
  /** As it was written first. */
  readonly message: string;
  /** ms. */
  readonly first: number;
  readonly name: string;
  readonly namespace: string;
  count: number;
}

/** Events of one object, type and reason: those of the last minutes by message (most have one only), all by text. */
interface Similar {
  since: number;
  first: string;
  more: Set<string> | undefined;
  /** By message: that which was written first, and the others. */
  key: string;
  written: Series | undefined;
  others: Map<string, Series> | undefined;
}

/** What is known of the events of one object. */
interface Source {
  tokens: number;
  at: number;
  /** By reason. */
  Normal: Record<string, Similar> | undefined;
  Warning: Record<string, Similar> | undefined;
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
    const { now } = this.sim;
    const source = this.admit(ref, now);
    if (!source) return;

    const byReason = (source[type] ??= Object.create(null) as Record<string, Similar>);
    let similar = byReason[reason];
    if (!similar) {
      similar = byReason[reason] = {
        since: now,
        first: message,
        more: undefined,
        key: message,
        written: undefined,
        others: undefined,
      };
    } else if (now - similar.since > SIMILAR_INTERVAL) {
      similar.since = now;
      similar.first = message;
      similar.more = undefined;
    } else if (similar.first !== message) (similar.more ??= new Set()).add(message);
    const combined = similar.more !== undefined && similar.more.size + 1 >= SIMILAR_LIMIT;
    const text = combined ? `(combined from similar events): ${message}` : message;
    const key = combined ? COMBINED : message;

    const known = similar.key === key ? similar.written : similar.others?.get(key);
    if (known) {
      known.count++;
      try {
        this.events.patch(known.namespace, known.name, 'strategic', {
          count: known.count,
          lastTimestamp: timestamp(now),
          message: text,
        });
        return;
      } catch (error) {
        if (!isNotFound(error)) return;
        keep(similar, key, undefined);
      }
    }
    const series: Series = {
      recorder: this,
      subject: ref,
      type,
      reason,
      message: text,
      first: now,
      name: eventName(ref.name, now, this.sim.serial() % NANOSECONDS),
      namespace: ref.namespace || 'default',
      count: 1,
    };
    try {
      this.events.createUnread(series.namespace, series, eventOf);
      keep(similar, key, series);
    } catch {
      // The namespace is going away, or the API server refused: events are best effort.
    }
  }

  /** The source, unless it has said too much: a bucket of 25 an object, one more every five minutes. */
  private admit({ kind, namespace = '', name, uid, fieldPath = '' }: ObjectReference, now: number): Source | undefined {
    // No two objects have the same uid.
    const key = uid ? uid + fieldPath : `${kind}/${namespace}/${name}//${fieldPath}`;
    const source = this.sources.get(key);
    if (!source) {
      const begun = { tokens: BURST - 1, at: now, Normal: undefined, Warning: undefined };
      this.sources.set(key, begun);
      return begun;
    }
    source.tokens = Math.min(BURST, source.tokens + (now - source.at) / REFILL_MS);
    source.at = now;
    if (source.tokens < 1) return undefined;
    source.tokens--;
    return source;
  }

  /** @internal Written first, as the API has it. */
  written({ name, namespace, subject, reason, message, first, type }: Series): Event {
    const { component, host } = this;
    const time = timestamp(first);
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace },
      involvedObject: subject,
      reason,
      message,
      source: host ? { component, host } : { component },
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
      type,
      reportingComponent: component,
      reportingInstance: host ?? '',
    } as Event;
  }
}

const eventOf = (series: Series): Event => series.recorder.written(series);

function keep(similar: Similar, key: string, series: Series | undefined) {
  if (similar.key === key) similar.written = series;
  else if (series) (similar.others ??= new Map()).set(key, series);
  else similar.others?.delete(key);
}
