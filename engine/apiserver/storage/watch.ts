// One watch: events in order, queued until somebody asks or handed to a sink at once.

import type { KubeObject } from '../../api/types.ts';
import { Signal } from '../../sim/index.ts';
import type { WatchEvent, WatchSink, WatchStream } from '../types.ts';
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
  private sink: WatchSink | undefined;

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

  pipe(sink: WatchSink) {
    const queued = this.queue;
    this.queue = [];
    this.sink = sink;
    for (let i = 0; i < queued.length; i++) sink(queued[i].type, queued[i].object);
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
    if (this.ended) return;
    if (this.sink) this.sink(type, object);
    else {
      this.queue.push({ type, object });
      this.changed.fire();
    }
  }

  /**
   * @internal Sends what a change means to this watch: objects enter and leave a selection. `had`, `has`: whether there was and
   * is an object where this watch looks.
   */
  change(change: Change, had: boolean, has: boolean) {
    const { selection } = this;
    const before = had && (selection.placed || selection.matches(change.old as KubeObject));
    const after = has && (selection.placed || selection.matches(change.now as KubeObject));
    if (!before && !after) return;
    const type = !after ? 'DELETED' : before ? 'MODIFIED' : 'ADDED';
    const object = after ? (change.now as KubeObject) : change.gone();
    const { sink } = this;
    // Most watches see objects as they are, at once.
    if (!sink || this.view || this.gate || this.skipUntil) this.send(type, object);
    else if (!this.ended) sink(type, object, change.key, before ? change.old : undefined);
  }
}
