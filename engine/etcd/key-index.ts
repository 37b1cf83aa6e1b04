// The ordered key space: sorted chunks of sorted keys, so that an insert moves some dozens of keys however
// many there are, and a range by prefix is two binary searches and a walk. New keys are put into their places when
// somebody asks for the order: most are only ever read by name.

const CHUNK = 64;

export class KeyIndex {
  private chunks: string[][] = [];
  /** Keys that have no place yet. */
  private fresh: string[] = [];

  /** `key` must not be there already. */
  add(key: string) {
    this.fresh.push(key);
  }

  private settle() {
    const { fresh } = this;
    if (fresh.length === 0) return;
    for (let i = 0; i < fresh.length; i++) this.insert(fresh[i]);
    this.fresh = [];
  }

  private insert(key: string) {
    const chunks = this.chunks;
    if (chunks.length === 0) {
      chunks.push([key]);
      return;
    }
    const c = this.chunkOf(key);
    const chunk = chunks[c];
    const i = lowerBound(chunk, key);
    if (i === chunk.length) chunk.push(key);
    else chunk.splice(i, 0, key);
    if (chunk.length > CHUNK) {
      // Keys that arrive in order (names with a counter) leave full chunks behind instead of halves.
      const cut = i === CHUNK && c === chunks.length - 1 ? CHUNK : CHUNK >> 1;
      chunks.splice(c + 1, 0, chunk.splice(cut));
    }
  }

  remove(key: string) {
    this.settle();
    if (this.chunks.length === 0) return;
    const c = this.chunkOf(key);
    const chunk = this.chunks[c];
    const i = lowerBound(chunk, key);
    if (chunk[i] !== key) return;
    if (chunk.length === 1) this.chunks.splice(c, 1);
    else chunk.splice(i, 1);
  }

  /** Calls `visit` for the keys from `start` on, in order, until it returns false. */
  from(start: string, visit: (key: string) => boolean) {
    this.settle();
    const chunks = this.chunks;
    if (chunks.length === 0) return;
    let c = this.chunkOf(start);
    let i = lowerBound(chunks[c], start);
    for (; c < chunks.length; c++, i = 0) {
      const chunk = chunks[c];
      for (; i < chunk.length; i++) if (!visit(chunk[i])) return;
    }
  }

  /** The last chunk whose first key is not after `key` (the first chunk when there is none). */
  private chunkOf(key: string): number {
    const chunks = this.chunks;
    let low = 0;
    let high = chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (chunks[middle][0] <= key) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : low - 1;
  }
}

/** Index of the first key that is not before `key`. */
function lowerBound(keys: string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keys[middle] < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
