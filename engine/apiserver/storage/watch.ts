// One watch: events in order, queued until somebody asks or handed to a sink at once.

import type { KubeObject } from '../../api/types.ts';
import { Signal } from '../../sim/index.ts';
import type { WatchEvent, WatchStream } from '../types.ts';
import type { Change } from './change.ts';
import type { Selection } from './selection.ts';

export class Watch implements WatchStream {
  readonly changed = new Signal();
  readonly selection: Selection;
  ended = false;
  /** Changes up to this revision are not for this watch, which began in the future. */
  skipUntil = 0;
  /** What the client sees of an object (another version, a Table row); undefined: the object itself. */
  private readonly view: ((object: KubeObject) => KubeObject) | undefined;
  /** Lets an event pass when its object can be viewed; absent: at once. */
  gate: ((object: KubeObject, pass: () => void) => void) | undefined;
  private readonly onStop: (watch: Watch) => void;
  private queue: WatchEvent[] = [];
  private sink: ((event: WatchEvent, key?: string) => void) | undefined;

  constructor(
    selection: Selection,
    view: ((object: KubeObject) => KubeObject) | undefined,
    onStop: (watch: Watch) => void,
  ) {
    this.selection = selection;
    this.view = view;
    this.onStop = onStop;
  }

  next(): WatchEvent | undefined {
    return this.queue.shift();
  }

  pipe(sink: (event: WatchEvent, key?: string) => void) {
    const queued = this.queue;
    this.queue = [];
    this.sink = sink;
    for (let i = 0; i < queued.length; i++) sink(queued[i]);
  }

  stop() {
    if (this.ended) return;
    this.ended = true;
    this.onStop(this);
    this.changed.fire();
  }

  /** @internal */
  send(type: WatchEvent['type'], object: KubeObject) {
    if (this.skipUntil && type !== 'BOOKMARK' && Number(object.metadata.resourceVersion) <= this.skipUntil) return;
    if (this.gate) this.gate(object, () => this.sendRaw(type, this.view ? this.view(object) : object));
    else this.sendRaw(type, this.view ? this.view(object) : object);
  }

  /** @internal Sends an object that is already what the client expects. */
  sendRaw(type: WatchEvent['type'], object: KubeObject) {
    this.deliver({ type, object }, undefined);
  }

  private deliver(event: WatchEvent, key: string | undefined) {
    if (this.ended) return;
    if (this.sink) this.sink(event, key);
    else {
      this.queue.push(event);
      this.changed.fire();
    }
  }

  /** @internal Sends what a change means to this watch: objects enter and leave a selection. */
  change(change: Change) {
    const { old, now } = change;
    const { selection } = this;
    const { all } = selection;
    const before = old !== undefined && (all || selection.matches(old));
    const after = now !== undefined && (all || selection.matches(now));
    if (!before && !after) return;
    // Most watches see objects as they are: they share the event.
    if (!this.view && !this.gate && !this.skipUntil) this.deliver(change.event(before, after), change.key);
    else if (after) this.send(before ? 'MODIFIED' : 'ADDED', now);
    else this.send('DELETED', change.gone());
  }
}
