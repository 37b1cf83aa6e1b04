// The event queue: entries in the order of their times and, at equal times, of their numbers. Most are due now or within
// the next second, and are found without comparing them with all others; only what is due later stands in a heap.

/** A scheduled callback; `cancel()` it any number of times. */
export interface Timer {
  readonly at: number;
  cancel(): void;
}

export class Entry implements Timer {
  readonly at: number;
  readonly seq: number;
  run: (() => void) | undefined;
  constructor(at: number, seq: number, run: () => void) {
    this.at = at;
    this.seq = seq;
    this.run = run;
  }
  cancel() {
    this.run = undefined;
  }
}

const isBefore = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.seq < b.seq);

export class EventQueue {
  /** What became due at the present time while it was present: in order already, from `first` on. */
  private readonly due: Entry[] = [];
  private first = 0;
  private readonly soon = new Wheel();
  private readonly later: Entry[] = [];

  /** `entry` is the last of those that have been added. */
  add(entry: Entry, now: number) {
    const delay = entry.at - now;
    if (delay === 0) this.due.push(entry);
    else if (delay < SLOTS - 1) this.soon.add(entry);
    else push(this.later, entry);
  }

  peek(): Entry | undefined {
    const next = this.next();
    const entry = this.first < this.due.length ? this.due[this.first] : undefined;
    return entry && !(next && next.at === entry.at && next.seq < entry.seq) ? entry : next;
  }

  /** Undefined when none is due by `end`. */
  take(end: number): Entry | undefined {
    const { due } = this;
    const next = this.next();
    // A place beyond the end is looked for in all prototypes.
    const entry = this.first < due.length ? due[this.first] : undefined;
    if (entry && !(next && next.at === entry.at && next.seq < entry.seq)) {
      if (entry.at > end) return undefined;
      if (++this.first === due.length) this.first = due.length = 0;
      return entry;
    }
    if (!next || next.at > end) return undefined;
    if (next === this.soon.next) this.soon.shift();
    else pop(this.later);
    return next;
  }

  /** The first of those that were due later when they were added. */
  private next(): Entry | undefined {
    const { next } = this.soon;
    const top = this.later[0];
    if (!next || !top) return next ?? top;
    return top.at <= next.at && isBefore(top, next) ? top : next;
  }
}

/** Milliseconds that a wheel spans; a power of two. */
const SLOTS = 1024;
const WORD = 32;

/** Entries of about one second, by millisecond. */
class Wheel {
  /** The first in order. */
  next: Entry | undefined;
  private size = 0;
  /** So many of the slot of `next` have been removed: it is emptied at once when all have, since what is added comes after them. */
  private removed = 0;
  private readonly slots: (Entry[] | undefined)[] = [];
  /** A bit for each slot that has entries. */
  private readonly words: number[] = [];

  constructor() {
    for (let i = 0; i < SLOTS; i++) this.slots.push(undefined);
    for (let i = 0; i < SLOTS / WORD; i++) this.words.push(0);
  }

  add(entry: Entry) {
    const place = (entry.at % SLOTS) | 0;
    const slot = (this.slots[place] ??= []);
    let i = slot.length;
    // Times may have fractions.
    while (i > 0 && slot[i - 1].at > entry.at) i--;
    if (i === slot.length) slot.push(entry);
    else slot.splice(i, 0, entry);
    if (slot.length === 1) this.words[place >> 5] |= 1 << (place & 31);
    this.size++;
    if (!this.next || entry.at < this.next.at) this.next = entry;
  }

  /** Removes `next`. */
  shift() {
    const place = ((this.next as Entry).at % SLOTS) | 0;
    const slot = this.slots[place] as Entry[];
    this.size--;
    if (++this.removed < slot.length) this.next = slot[this.removed];
    else {
      slot.length = this.removed = 0;
      this.words[place >> 5] &= ~(1 << (place & 31));
      this.next = this.size === 0 ? undefined : this.after(place);
    }
  }

  /** The first entry of the slots after one, once around; there is one. */
  private after(place: number): Entry {
    const { words } = this;
    let word = place >> 5;
    let bits = words[word] & (-2 << (place & 31));
    while (bits === 0) {
      word = (word + 1) % words.length;
      bits = words[word];
    }
    return (this.slots[word * WORD + 31 - Math.clz32(bits & -bits)] as Entry[])[0];
  }
}

function push(heap: Entry[], entry: Entry) {
  let i = heap.length;
  heap.push(entry);
  while (i > 0) {
    const parent = (i - 1) >> 1;
    const other = heap[parent];
    if (isBefore(other, entry)) break;
    heap[i] = other;
    i = parent;
  }
  heap[i] = entry;
}

function pop(heap: Entry[]) {
  const last = heap.pop();
  const size = heap.length;
  if (!last || size === 0) return;
  let i = 0;
  for (;;) {
    let child = 2 * i + 1;
    if (child >= size) break;
    if (child + 1 < size && isBefore(heap[child + 1], heap[child])) child++;
    if (isBefore(last, heap[child])) break;
    heap[i] = heap[child];
    i = child;
  }
  heap[i] = last;
}
