// The scheduler's events: the newer kind, with eventTime and action. One that repeats becomes a series, whose count is
// written once when the series begins (client-go tools/events).

import {
  ApiError,
  eventName,
  microTimestamp,
  NANOSECONDS,
  referenceTo,
  type Client,
  type ResourceClient,
} from '../client/index.ts';
import type { Event, ObjectReference, Pod } from '../api/types.ts';
import type { Sim } from '../sim/index.ts';

/** An event not seen for this long begins anew. */
const FINISH_TIME = 360_000;
/** The API server takes no longer one. */
const NOTE_LIMIT = 1024;
const MORE = ' ...';

interface Series {
  name: string;
  namespace: string;
  count: number;
  lastObserved: number;
}

/** What an event is made of. */
interface Noted {
  from: SchedulerEvents;
  name: string;
  namespace: string;
  involvedObject: ObjectReference;
  reason: string;
  message: string;
  type: 'Normal' | 'Warning';
  now: number;
  action: string;
  related: Pod | undefined;
}

export class SchedulerEvents {
  private readonly sim: Sim;
  private readonly client: ResourceClient<Event>;
  private readonly controller: string;
  private readonly instance: string;
  private readonly known = new Map<string, Series>();

  constructor(sim: Sim, client: Client, controller: string, instance: string) {
    this.sim = sim;
    this.client = client.of<Event>('v1', 'events');
    this.controller = controller;
    this.instance = instance;
  }

  /** `related`: another object that has a part in it. */
  event(pod: Pod, type: 'Normal' | 'Warning', reason: string, action: string, message: string, related?: Pod) {
    const { now } = this.sim;
    const key = `${pod.metadata.uid}/${type}/${reason}/${message}`;
    const series = this.known.get(key);
    try {
      if (series && now - series.lastObserved < FINISH_TIME) {
        series.count++;
        series.lastObserved = now;
        if (series.count > 2) return;
        const lastObservedTime = microTimestamp(now);
        this.client.patch(series.namespace, series.name, 'strategic', { series: { count: 2, lastObservedTime } });
        return;
      }
      const namespace = pod.metadata.namespace as string;
      const name = eventName(pod.metadata.name, now, this.sim.random('event-name').int(NANOSECONDS));
      const involvedObject = referenceTo(pod);
      const noted = { name, namespace, involvedObject, reason, message, type, now, action, related, from: this };
      this.client.createUnread(namespace, noted, eventOf);
      // Only refusals repeat: the others need no memory.
      if (type === 'Warning') this.known.set(key, { name, namespace, count: 1, lastObserved: now });
    } catch (error) {
      // The namespace is going away, or the API server refused: events are best effort.
      if (!(error instanceof ApiError)) throw error;
    }
  }

  /** @internal As the API has it. */
  written({ name, namespace, involvedObject, reason, message, type, now, action, related }: Noted): Event {
    const event: Event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace },
      involvedObject,
      reason,
      message: message.length > NOTE_LIMIT ? message.slice(0, NOTE_LIMIT - MORE.length) + MORE : message,
      type,
      eventTime: microTimestamp(now),
      action,
      reportingComponent: this.controller,
      reportingInstance: this.instance,
      source: {},
    };
    if (related) event.related = referenceTo(related);
    return event;
  }

  /** The Pod is gone or scheduled: its series end. */
  forget(uid: string) {
    if (this.known.size === 0) return;
    this.known.forEach((_series, key) => {
      if (key.startsWith(`${uid}/`)) this.known.delete(key);
    });
  }
}

const eventOf = (noted: Noted): Event => noted.from.written(noted);
