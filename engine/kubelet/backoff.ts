// Back-off that doubles from 10 s to 5 min a key (client-go util/flowcontrol), for image pulls and restarts.

const INITIAL = 10_000;
const MAX = 300_000;

interface Entry {
  delay: number;
  updated: number;
}

export class Backoff {
  private readonly entries = new Map<string, Entry>();

  /** ms to wait, 0 when there is no entry. */
  delay(key: string): number {
    return this.entries.get(key)?.delay ?? 0;
  }

  /** Whether less than the delay has passed since `since`. An entry is forgotten 10 min after its last use. */
  active(key: string, since: number, now: number): boolean {
    const entry = this.entries.get(key);
    if (!entry || since - entry.updated > 2 * MAX) return false;
    return now - since < entry.delay;
  }

  activeSinceUpdate(key: string, now: number): boolean {
    const entry = this.entries.get(key);
    return !!entry && now - entry.updated <= 2 * MAX && now - entry.updated < entry.delay;
  }

  /** A failure at `at`: the delay begins at 10 s and doubles. */
  next(key: string, at: number, now: number) {
    const entry = this.entries.get(key);
    if (!entry || at - entry.updated > 2 * MAX) this.entries.set(key, { delay: INITIAL, updated: now });
    else {
      entry.delay = Math.min(MAX, entry.delay * 2);
      entry.updated = now;
    }
  }

  forget(key: string) {
    this.entries.delete(key);
  }
}
