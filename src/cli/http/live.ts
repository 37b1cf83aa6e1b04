// A cluster that lives while clients are connected: its clock follows the wall clock, and what its streams have goes to
// whoever listens as soon as it is there.

import { randomBytes } from 'node:crypto';
import type { Runner } from '../../sandbox/runner.ts';

export interface Answer {
  code: number;
  headers: Record<string, string>;
  body?: unknown;
  stream?: number;
  streamKind?: 'watch' | 'text' | 'exec' | 'ports' | 'later';
}

export interface Request {
  method: string;
  path: string;
  query?: Record<string, string | string[]>;
  headers: Record<string, string | string[] | undefined>;
  body?: string;
  user?: { name: string; groups: string[] };
  /** What the client has shown, in PEM; TLS has made sure that it has the key. */
  certificate?: string;
}

/** What a stream has had (engine/apiserver/streams.ts). */
export interface News {
  items: unknown[];
  ended: boolean;
  exitCode?: number;
  error?: string;
}

export interface Input {
  text?: string;
  end?: boolean;
  columns?: number;
  rows?: number;
}

interface Listener {
  heard: (news: News) => void;
  /** It cannot take more now: what comes waits in the engine. */
  busy: () => boolean;
  /** Time has to go on for it, even when the clock is frozen. */
  live: boolean;
}

/** How often the virtual clock catches up, ms. */
const TICK_MS = 20;

export const ADMIN = {
  name: 'kubernetes-admin',
  groups: ['system:masters', 'kubeadm:cluster-admins', 'system:authenticated'],
};

export class Live {
  /** The administrator's token, which no ServiceAccount has. */
  readonly token = randomBytes(24).toString('base64url');
  private readonly runner: Runner;
  private readonly speed: number;
  private readonly listeners = new Map<number, Listener>();
  private readonly timer: NodeJS.Timeout;
  private looked = performance.now();
  private owed = 0;
  private pumping = false;

  /** `speed`: virtual seconds a second; 0 freezes the clock, but for exec, attach, port-forward and proxied requests. */
  constructor(runner: Runner, speed: number) {
    this.runner = runner;
    this.speed = speed;
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  close() {
    clearInterval(this.timer);
    for (const id of [...this.listeners.keys()]) this.end(id);
  }

  /** Virtual now, ms since the epoch. */
  now(): number {
    return this.runner.now();
  }

  /** Streams that somebody listens to. */
  get open(): number {
    return this.listeners.size;
  }

  /** Jumps ahead, as if nobody had asked anything for so long; the clock goes on from there. */
  jump(ms: number) {
    this.catchUp();
    this.advance(ms);
    this.pump();
  }

  request(request: Request): Answer {
    this.catchUp();
    const answer = this.runner.call<Answer>('request', request);
    this.soon();
    return answer;
  }

  /** Calls `heard` with what the stream has, until it ends. */
  listen(id: number, heard: (news: News) => void, options: { busy?: () => boolean; live?: boolean } = {}) {
    this.listeners.set(id, { heard, busy: options.busy ?? (() => false), live: options.live ?? false });
    this.soon();
  }

  send(id: number, input: Input) {
    this.catchUp();
    this.runner.call('send', { id, ...input });
    this.soon();
  }

  /** A connection to a port of a forwarded Pod, as a stream. */
  dial(id: number, port: number): number {
    this.catchUp();
    return this.runner.call<number>('dial', { id, port });
  }

  /** Nobody wants the stream any more. */
  end(id: number) {
    this.listeners.delete(id);
    this.runner.call('poll', -id);
  }

  private tick() {
    this.catchUp();
    this.pump();
  }

  private catchUp() {
    const now = performance.now();
    const passed = now - this.looked;
    this.looked = now;
    let rate = this.speed;
    if (rate === 0) for (const { live } of this.listeners.values()) if (live) rate = 1;
    this.advance(passed * rate);
  }

  /** In whole milliseconds; what is left over counts next time. */
  private advance(ms: number) {
    this.owed += ms;
    const whole = Math.floor(this.owed);
    this.owed -= whole;
    this.runner.call('advance', this.runner.now() + whole);
  }

  /** After the present work: what a request has caused reaches the watchers at once. */
  private soon() {
    if (this.pumping || this.listeners.size === 0) return;
    this.pumping = true;
    setImmediate(() => {
      this.pumping = false;
      this.pump();
    });
  }

  private pump() {
    for (const [id, { heard, busy }] of this.listeners) {
      if (busy()) continue;
      const news = this.runner.call<News>('poll', id);
      if (news.ended && news.items.length === 0) this.listeners.delete(id);
      if (news.ended || news.items.length > 0) heard(news);
    }
  }
}
