// How programs say what memory they use: the runtime watches a container's machine, programs allocate on theirs.

import type { Host, Process } from '../linux/index.ts';

const meters = new WeakMap<Host, (bytes: number) => void>();

/** The runtime is told of every change, in bytes. */
export function watchMemory(host: Host, meter: (bytes: number) => void) {
  meters.set(host, meter);
}

/** The process takes `bytes` more (negative: gives them back). Where nobody counts, nothing happens. */
export function allocate(process: Process, bytes: number) {
  meters.get(process.host)?.(bytes);
}
