// The last requests, for who wants to see what a command really asks of the API server (audit at level Metadata).

import type { ApiRequest } from './types.ts';

export interface LoggedRequest {
  /** Virtual ms since the epoch. */
  time: number;
  user: string;
  userAgent: string;
  /** get, list, watch, create, …; the HTTP method in lower case for paths that are no resource's. */
  verb: string;
  path: string;
  query: ApiRequest['query'];
  code: number;
}

const CAPACITY = 4096;

export class RequestLog {
  /** Requests so far; also the sequence number of the next one. */
  count = 0;
  private readonly ring: LoggedRequest[] = [];

  add(entry: LoggedRequest) {
    this.ring[this.count++ % CAPACITY] = entry;
  }

  /** Requests from sequence number `from` on, oldest first, as far as they are kept. */
  since(from: number): LoggedRequest[] {
    const out: LoggedRequest[] = [];
    for (let i = Math.max(from, this.count - CAPACITY, 0); i < this.count; i++) out.push(this.ring[i % CAPACITY]);
    return out;
  }
}
