// What an SSH client and sshd say to each other over their connection, a line of JSON each after the banners: the key
// exchange and user authentication (RFC 4252) first, then channels (RFC 4254). Nothing is encrypted.

import type { Socket } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';

export const SSH_PORT = 22;
export const BANNER = 'SSH-2.0-OpenSSH_10.0p2 Debian-7';

/** What a client says when it is connected: who it is, and the key that it holds. */
export interface Hello {
  user: string;
  key: string;
}

export interface TerminalSize {
  columns: number;
  rows: number;
}

/** RFC 4254, 6: a command or a shell, or the subsystem for files. */
export interface SessionRequest {
  command?: string;
  subsystem?: string;
  terminal?: TerminalSize;
  env: Record<string, string>;
}

export type ToServer =
  | { type: 'kex' }
  | ({ type: 'auth' } & Hello)
  | { type: 'open'; channel: number; session: SessionRequest }
  /** direct-tcpip */
  | { type: 'open'; channel: number; host: string; port: number }
  | { type: 'data'; channel: number; text: string }
  | { type: 'eof' | 'close'; channel: number }
  | { type: 'signal'; channel: number; name: string };

export type ToClient =
  | { type: 'hostkey'; line: string }
  /** `session`: its name, by which those in the same engine find it. */
  | { type: 'welcome'; session: string }
  | { type: 'denied'; methods: string; last: boolean }
  | { type: 'opened'; channel: number }
  | { type: 'refused'; channel: number; reason: string }
  | { type: 'data'; channel: number; text: string; extended?: boolean }
  | { type: 'eof' | 'close'; channel: number }
  | { type: 'exit'; channel: number; status: number; signal?: string };

/** A stream that is read by lines, one message each. */
export class Messages<Heard, Said> {
  readonly socket: Pick<Socket, 'reader' | 'writer'>;
  private rest = '';
  private lines: string[] = [];

  constructor(socket: Pick<Socket, 'reader' | 'writer'>) {
    this.socket = socket;
  }

  /** False: the other side is gone. */
  say(message: Said): boolean {
    return this.socket.writer.write(`${JSON.stringify(message)}\n`);
  }

  /** A line as it is; undefined at the end. */
  *line(): Co<string | undefined> {
    while (this.lines.length === 0) {
      const text = yield* this.socket.reader.read();
      if (text === undefined) return undefined;
      const lines = (this.rest + text).split('\n');
      this.rest = lines.pop() as string;
      this.lines = lines;
    }
    return this.lines.shift();
  }

  /** The next message; undefined at the end, and for what is none. */
  *hear(): Co<Heard | undefined> {
    const line = yield* this.line();
    if (line === undefined) return undefined;
    try {
      return JSON.parse(line) as Heard;
    } catch {
      return undefined;
    }
  }
}
