// Back-off that doubles from 10 s to 5 min a key (client-go util/flowcontrol), for image pulls and restarts.

import { TUNING } from './config-file.ts';

/** An entry is forgotten so long after its last use, whatever the limits. */
const FORGET_MS = 600_000;

interface Entry {
  delay: number;
  updated: number;
}

export class Backoff {
  /** The shortest and the longest delay, ms; those of restarts can be configured. */
  limits = TUNING.restart;
  private readonly entries = new Map<string, Entry>();

  /** ms to wait, 0 when there is no entry. */
  delay(key: string): number {
    return this.entries.get(key)?.delay ?? 0;
  }

  /** Whether less than the delay has passed since `since`. */
  active(key: string, since: number, now: number): boolean {
    const entry = this.entries.get(key);
    if (!entry || since - entry.updated > FORGET_MS) return false;
    return now - since < entry.delay;
  }

  activeSinceUpdate(key: string, now: number): boolean {
    const entry = this.entries.get(key);
    return !!entry && now - entry.updated <= FORGET_MS && now - entry.updated < entry.delay;
  }

  /** A failure at `at`: the delay begins at 10 s and doubles. */
  next(key: string, at: number, now: number) {
    const entry = this.entries.get(key);
    if (!entry || at - entry.updated > FORGET_MS) this.entries.set(key, { delay: this.limits.first, updated: now });
    else {
      entry.delay = Math.min(this.limits.most, entry.delay * 2);
      entry.updated = now;
    }
  }

  forget(key: string) {
    this.entries.delete(key);
  }
}
