// Programs whose health can be asked without a connection, and which say when it changes: whoever checks them
// again and again may wait for that instead.

import type { Signal } from '../sim/index.ts';
import type { Host, Process } from './types.ts';

export interface Health {
  /** Fires when an answer may have changed. */
  readonly changed: Signal;
}

const known = new WeakMap<Host, Health>();

/** The machine's main process will fire `changed` whenever the answers to its health checks change. */
export function announceHealth(process: Process, health: Health) {
  known.set(process.host, health);
}

export const healthOf = (host: Host): Health | undefined => known.get(host);
