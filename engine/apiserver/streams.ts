// Answers that go on after their head (watches, logs, exec, port-forward, proxied requests), kept for a host that
// reads and feeds them by number. Nothing here outlives `close`.

import { Pipe, type Socket } from '../linux/index.ts';
import type { Co, Sim, Task } from '../sim/index.ts';
import type { ApiResponse, ExecSession, LaterAnswer, PortForward, WatchStream } from './types.ts';

/** What the host sends into a stream. */
export interface StreamInput {
  text?: string;
  /** No more input. */
  end?: boolean;
  columns?: number;
  rows?: number;
}

/** What a stream has had since it was last asked. */
export interface StreamNews {
  /** A watch's events, a log's or a connection's text, an exec's [1 | 2, text], a late answer. */
  items: unknown[];
  ended: boolean;
  /** Of exec and attach. */
  exitCode?: number;
  /** Why it could not be done. */
  error?: string;
}

export type StreamKind = 'watch' | 'text' | 'exec' | 'ports' | 'later';

interface Stream {
  poll(): StreamNews;
  send?(input: StreamInput): void;
  close(): void;
}

const GONE: StreamNews = { items: [], ended: true };
/** Characters of a connection that wait for the host before its sender has to. */
const BUFFER = 65_536;

export class Streams {
  private readonly sim: Sim;
  private readonly open = new Map<number, Stream>();
  private readonly forwards = new Map<number, PortForward & { connections: number[] }>();
  private next = 1;

  constructor(sim: Sim) {
    this.sim = sim;
  }

  get size(): number {
    return this.open.size;
  }

  /** The answer without its stream, and the number under which the stream is kept. */
  keep(response: ApiResponse): ApiResponse & { stream?: number; streamKind?: StreamKind } {
    const { watch, text, exec, portForward, later, ...answer } = response;
    if (watch) return { ...answer, stream: this.add(watchStream(watch)), streamKind: 'watch' };
    if (text) return { ...answer, stream: this.add(textStream(text)), streamKind: 'text' };
    if (exec) return { ...answer, stream: this.add(execStream(exec)), streamKind: 'exec' };
    if (later) return { ...answer, stream: this.add(this.laterStream(later)), streamKind: 'later' };
    if (!portForward) return answer;
    const connections: number[] = [];
    const stream = this.add({
      poll: () => ({ items: [], ended: false }),
      close: () => {
        this.forwards.delete(stream);
        for (const connection of connections) this.close(connection);
      },
    });
    this.forwards.set(stream, { dial: (port) => portForward.dial(port), connections });
    return { ...answer, stream, streamKind: 'ports' };
  }

  poll(id: number): StreamNews {
    const news = this.open.get(id)?.poll();
    if (news?.ended && news.items.length === 0) this.close(id);
    return news ?? GONE;
  }

  send(id: number, input: StreamInput) {
    this.open.get(id)?.send?.(input);
  }

  /** Opens a connection to a port of a forwarded Pod; it is a stream of its own. */
  dial(id: number, port: number): number {
    const forward = this.forwards.get(id);
    if (!forward) throw new Error(`stream ${id} forwards no ports`);
    const made = this.add(connection(this.sim, port, forward.dial(port)));
    forward.connections.push(made);
    return made;
  }

  close(id: number) {
    const stream = this.open.get(id);
    if (!stream) return;
    this.open.delete(id);
    stream.close();
  }

  private add(stream: Stream): number {
    const id = this.next++;
    this.open.set(id, stream);
    return id;
  }

  private laterStream(later: LaterAnswer): Stream {
    return {
      poll: () => (later.answer ? { items: [this.keep(later.answer)], ended: true } : { items: [], ended: false }),
      close: () => later.cancel(),
    };
  }
}

function watchStream(watch: WatchStream): Stream {
  return {
    poll() {
      const items: unknown[] = [];
      for (let event = watch.next(); event; event = watch.next()) items.push(event);
      return { items, ended: watch.ended };
    },
    close: () => watch.stop(),
  };
}

const taken = (pipe: Pipe): string[] => (pipe.size ? [pipe.take()] : []);

function textStream(pipe: Pipe): Stream {
  return {
    poll: () => ({ items: taken(pipe), ended: pipe.ended || pipe.broken }),
    close: () => pipe.closeReader(),
  };
}

function execStream(session: ExecSession): Stream {
  const { stdin, stdout, stderr } = session;
  return {
    poll() {
      const items: unknown[] = [];
      if (stdout.size) items.push([1, stdout.take()]);
      if (stderr !== stdout && stderr.size) items.push([2, stderr.take()]);
      return { items, ended: session.exitCode !== undefined, exitCode: session.exitCode, error: session.error };
    },
    send({ text, end, columns, rows }) {
      if (text) stdin?.write(text);
      if (end) stdin?.end();
      if (columns !== undefined && rows !== undefined) session.resize?.(columns, rows);
    },
    close() {
      stdin?.end();
      if (session.exitCode === undefined) session.kill();
    },
  };
}

/** A connection that is being made, or is made; text that is sent before waits for it. */
function connection(sim: Sim, port: number, dialling: Co<Socket | string>): Stream {
  const incoming = new Pipe();
  const outgoing = new Pipe();
  let socket: Socket | undefined;
  let error: string | undefined;
  let sender: Task | undefined;
  const receiver = sim.spawn(`port-forward:${port}`, receive());
  return {
    poll: () => ({ items: taken(incoming), ended: incoming.ended, error }),
    send({ text, end }) {
      if (text) outgoing.write(text);
      if (end) outgoing.end();
    },
    close() {
      receiver.kill();
      sender?.kill();
      socket?.close();
    },
  };

  function* receive(): Co {
    const made = yield* dialling;
    if (typeof made === 'string') {
      error = made;
      return incoming.end();
    }
    socket = made;
    sender = sim.spawn(`port-forward:${port}`, send(made));
    for (;;) {
      const text = yield* made.reader.read();
      if (text === undefined) break;
      incoming.write(text);
      while (incoming.size > BUFFER) yield incoming.changed;
    }
    incoming.end();
  }

  function* send(to: Socket): Co {
    for (;;) {
      const text = yield* outgoing.read();
      if (text === undefined || !to.writer.write(text)) break;
      yield* to.writer.drain();
    }
    to.writer.close();
  }
}
