// The scheduler's events: the newer kind, with eventTime and action. One that repeats becomes a series, whose count is
// written once when the series begins (client-go tools/events).

import { ApiError, microTimestamp, referenceTo, type Client, type ResourceClient } from '../client/index.ts';
import type { Event, Pod } from '../api/types.ts';
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
      const nanos = BigInt(Math.floor(now)) * 1_000_000n + BigInt(this.sim.random('event-name').int(1_000_000));
      const name = `${pod.metadata.name}.${nanos.toString(16)}`;
      const event: Event = {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name, namespace },
        involvedObject: referenceTo(pod),
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
      this.client.createUnread(namespace, event);
      // Only refusals repeat: the others need no memory.
      if (type === 'Warning') this.known.set(key, { name, namespace, count: 1, lastObserved: now });
    } catch (error) {
      // The namespace is going away, or the API server refused: events are best effort.
      if (!(error instanceof ApiError)) throw error;
    }
  }

  /** The Pod is gone or scheduled: its series end. */
  forget(uid: string) {
    if (this.known.size === 0) return;
    this.known.forEach((_series, key) => {
      if (key.startsWith(`${uid}/`)) this.known.delete(key);
    });
  }
}
