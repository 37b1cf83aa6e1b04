// What a command line set off, for the page to show: the requests of its programs, and what the components of the
// cluster wrote meanwhile. Reading and watching is what components always do, renewing their leases as well.

import type { Cluster } from './cluster.ts';

export interface Request {
  /** Virtual ms since the first of them. */
  after: number;
  /** The component or program, e.g. `kubelet worker-1`, `deployment-controller`, `kubectl`. */
  who: string;
  verb: string;
  path: string;
  code: number;
}

export interface Happened {
  requests: Request[];
  /** Requests beyond those listed. */
  more: number;
}

const LISTED = 200;
const READING = new Set(['get', 'list', 'watch']);
const NODE = 'system:node:';
const ACCOUNT = /^system:serviceaccount:[^:]+:(.*)$/;

export function happened(cluster: Cluster): Happened {
  const requests: Request[] = [];
  let more = 0;
  let start: number | undefined;
  for (const { time, user, userAgent, verb, path, code } of cluster.requests()) {
    const component = user.startsWith('system:');
    if (component && (READING.has(verb) || path.includes('/leases/'))) continue;
    if (requests.length === LISTED) {
      more++;
      continue;
    }
    start ??= time;
    requests.push({
      after: Math.round(time - start),
      who: component ? nameOf(user) : program(userAgent),
      verb,
      path,
      code,
    });
  }
  return { requests, more };
}

function nameOf(user: string): string {
  if (user.startsWith(NODE)) return `kubelet ${user.slice(NODE.length)}`;
  return ACCOUNT.exec(user)?.[1] ?? user.slice('system:'.length);
}

const program = (userAgent: string) => /^[^/ ]+/.exec(userAgent)?.[0] ?? 'a client';
