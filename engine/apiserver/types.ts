// The API server's contract: requests and responses as plain objects, as they would travel over HTTP.
// In the sandbox `handle` is a function call; over HTTP the same objects are read from and written to a socket.

import type { JsonObject, KubeObject } from '../api/types.ts';
import type { Co, Signal } from '../sim/index.ts';
import type { Socket } from '../linux/net/index.ts';
import type { Pipe } from '../linux/pipe.ts';

export interface UserInfo {
  name: string;
  uid?: string;
  groups: string[];
  extra?: Record<string, string[]>;
}

export interface ApiRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Without the query: '/apis/apps/v1/namespaces/default/deployments/web'. */
  path: string;
  /** A repeated parameter is an array. */
  query?: Record<string, string | string[]>;
  /** Names in lower case. */
  headers?: Record<string, string>;
  /** Text as sent (JSON or YAML, by content-type), or an object that a component of the cluster built itself. */
  body?: string | object;
  /**
   * Makes the object of a creation of what is noted in the body. The sender knows that it is valid and does not look at the
   * answer's body: where nobody else has to look either, the object is made when somebody reads it (what most events never
   * are). Never over HTTP.
   */
  unread?: (noted: Noted) => object;
  /**
   * What the patch in the body makes of `from`, when the component that sends it knows: it need not be merged again as long
   * as that very object is stored. `patch` makes the body, then, for whoever has to see it. Never over HTTP.
   */
  patched?: { from: object; to: object; patch?: () => object } | undefined;
  /** Where the path leads to, from who sends many requests there; and the name in it, '' for none. */
  place?: Place;
  name?: string;
  /** Who asks, when the transport knows it already (components of the cluster); else from the authorization header. */
  user?: UserInfo;
}

/** What is noted of an object that may never be made. */
export interface Noted {
  readonly name: string;
}

/** A collection or, with a name between the two, a subresource of the objects in it: paths are `${collection}/${name}/${subresource}`. */
export interface Place {
  readonly collection: string;
  readonly subresource: string;
}

export interface ApiResponse {
  code: number;
  headers: Record<string, string>;
  /** An object (resource, list, Table, Status…) or text; absent on streams. */
  body?: KubeObject | JsonObject | string;
  watch?: WatchStream;
  /** A log that may go on (follow). */
  text?: Pipe;
  exec?: ExecSession;
  /** The way to a Pod's ports (port-forward). */
  portForward?: PortForward;
  /** The answer itself comes later: it takes virtual time to get (a proxied request). */
  later?: LaterAnswer;
}

/** Connections into a Pod's network, one by one. */
export interface PortForward {
  /** The connection, or the runtime's words why there is none. */
  dial(port: number): Co<Socket | string>;
}

export interface LaterAnswer {
  /** Fires when `answer` is set. */
  readonly ready: Signal;
  answer: ApiResponse | undefined;
  /** Nobody waits any more. */
  cancel(): void;
  /** For a caller that blocks, as a component's thread does: what else is due runs meanwhile. Absent on proxied requests. */
  wait?(): ApiResponse;
}

export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: KubeObject;
}

/** Events of one watch, in order. */
export interface WatchStream {
  /** The next event that is there already. */
  next(): WatchEvent | undefined;
  /** Fires when an event came or the stream ended. */
  readonly changed: Signal;
  readonly ended: boolean;
  /** Delivers present and later events to `sink` at once, in the request that causes them, instead of queueing. */
  pipe(sink: WatchSink): void;
  stop(): void;
}

/** Must only note events. `key`: 'namespace/name' of the object, or 'name', where it is at hand, and then what it was before. */
export type WatchSink = (type: WatchEvent['type'], object: KubeObject, key?: string, old?: KubeObject) => void;

/** A process started by exec or attach. */
export interface ExecSession {
  stdin?: Pipe;
  stdout: Pipe;
  stderr: Pipe;
  /** Fires when `exitCode` is set. */
  readonly exited: Signal;
  exitCode: number | undefined;
  /** Set when it could not run at all: the runtime's words. */
  error?: string;
  /** The terminal's new size; only with a terminal. */
  resize?(columns: number, rows: number): void;
  kill(): void;
}

export interface LogOptions {
  follow: boolean;
  previous: boolean;
  timestamps: boolean;
  sinceSeconds?: number;
  sinceTime?: string;
  tailLines?: number;
  limitBytes?: number;
}

/** What the API server asks of a node's kubelet (port 10250). Failures are thrown as KubeletError. */
export interface KubeletApi {
  logs(namespace: string, pod: string, container: string, options: LogOptions): Pipe;
  exec(
    namespace: string,
    pod: string,
    container: string,
    command: string[],
    options: { stdin: boolean; tty: boolean },
  ): ExecSession;
  attach(namespace: string, pod: string, container: string, options: { stdin: boolean; tty: boolean }): ExecSession;
  portForward(namespace: string, pod: string): PortForward;
  /** PEM of the authority behind its serving certificate: '' as long as it has none, undefined for its own. */
  readonly servingAuthority?: string;
  /** What it has counted, by path (/metrics/resource…); undefined: no such path. */
  figures(path: string): { code?: number; type: string; body: string } | undefined;
}

/** An answer of the kubelet that is no success: HTTP code and text. */
export class KubeletError extends Error {
  code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export type Handle = (request: ApiRequest) => ApiResponse;

/** meta/v1 Status. */
export interface Status {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: JsonObject;
  status: 'Success' | 'Failure';
  message?: string;
  reason?: string;
  details?: {
    name?: string;
    group?: string;
    kind?: string;
    uid?: string;
    causes?: { reason?: string; message?: string; field?: string }[];
    retryAfterSeconds?: number;
  };
  code?: number;
}
