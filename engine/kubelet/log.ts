// A container's log as the runtime keeps it: lines with their times and streams, rotated by size, followed.

import { FileNode, Pipe, type Writer } from '../linux/index.ts';
import type { LogOptions } from '../apiserver/types.ts';
import type { Co, Sim } from '../sim/index.ts';

// kubelet: containerLogMaxSize. Older lines are rotated away and not shown any more.
const MAX_SIZE = 10 * 1024 * 1024;

/** A line; until somebody reads, what was written at once is kept together. */
interface Line {
  time: number;
  stream: Stream;
  text: string;
}

type Stream = 'stdout' | 'stderr';

interface Follower {
  pipe: Pipe;
  timestamps: boolean;
  /** Characters that may still be sent (`--limit-bytes`). */
  left: number;
}

/** RFC 3339 with nanoseconds, as CRI writes each line's time. */
export function logTime(ms: number, nanos = 0): string {
  const whole = Math.floor(ms);
  const fraction = Math.floor((ms - whole) * 1e6) + nanos;
  return `${new Date(whole).toISOString().slice(0, 23)}${String(fraction).padStart(6, '0')}Z`;
}

export class ContainerLog {
  private written: Line[] = [];
  /** How many of them, from the first, are single lines. */
  private single = 0;
  private size = 0;
  private followers: Follower[] = [];
  private closed = false;
  private readonly sim: Sim;
  private readonly partial: Record<Stream, string> = { stdout: '', stderr: '' };
  /** The file, once somebody has looked at it. */
  private shown: FileNode | undefined;

  constructor(sim: Sim) {
    this.sim = sim;
  }

  /** Bytes of its file. */
  get bytes(): number {
    return this.size;
  }

  writer(stream: Stream): Writer {
    return new LogWriter(this, stream);
  }

  get isFollowed(): boolean {
    return this.followers.length > 0;
  }

  write(stream: Stream, text: string) {
    if (this.closed) return;
    const end = text.lastIndexOf('\n') + 1;
    if (end > 0) {
      this.add(stream, this.partial[stream] + text.slice(0, end));
      this.partial[stream] = '';
    }
    if (end < text.length) this.partial[stream] += text.slice(end);
  }

  private add(stream: Stream, text: string) {
    const added: Line = { time: this.sim.now, stream, text };
    this.written.push(added);
    this.size += text.length + 40;
    if (this.size > MAX_SIZE) {
      this.written = this.lines.slice(this.lines.length >> 1);
      this.single = this.written.length;
      this.size = 0;
      for (let i = 0; i < this.written.length; i++) this.size += this.written[i].text.length + 40;
      if (this.shown) this.shown.text = this.written.map(fileLine).join('');
    } else this.shown?.append(splitLines(added).map(fileLine).join(''));
    if (this.followers.length === 0) return;
    for (const line of splitLines(added)) {
      this.followers = this.followers.filter((follower) => send(follower, line));
    }
  }

  private get lines(): Line[] {
    if (this.single < this.written.length) {
      this.written = this.written.slice(0, this.single).concat(this.written.slice(this.single).flatMap(splitLines));
      this.single = this.written.length;
    }
    return this.written;
  }

  /** The container has ended: what has no newline yet is a last line. */
  close() {
    for (const stream of ['stdout', 'stderr'] as const) {
      if (this.partial[stream]) this.add(stream, this.partial[stream]);
      this.partial[stream] = '';
    }
    this.closed = true;
    for (const follower of this.followers) follower.pipe.end();
    this.followers = [];
  }

  /** At most the last `lines` lines and `bytes` bytes, for termination messages. */
  tail(lines: number, bytes: number): string {
    const text = this.lines
      .slice(-lines)
      .map((line) => line.text)
      .join('');
    return text.slice(-bytes);
  }

  read(options: LogOptions, now: number): Pipe {
    const pipe = new Pipe();
    let since = options.sinceTime ? Date.parse(options.sinceTime) : -Infinity;
    if (options.sinceSeconds !== undefined) since = now - options.sinceSeconds * 1000;
    const { lines } = this;
    let from = 0;
    if (since > -Infinity) {
      while (from < lines.length && lines[from].time < since) from++;
    }
    if (options.tailLines !== undefined) from = Math.max(from, lines.length - options.tailLines);
    let text = '';
    for (let i = from; i < lines.length; i++) {
      const line = lines[i];
      text += options.timestamps ? `${logTime(line.time)} ${line.text}` : line.text;
    }
    if (options.limitBytes !== undefined && text.length >= options.limitBytes) {
      pipe.write(text.slice(0, options.limitBytes));
      pipe.end();
      return pipe;
    }
    pipe.write(text);
    const left = (options.limitBytes ?? Infinity) - text.length;
    if (options.follow && !this.closed) this.followers.push({ pipe, timestamps: options.timestamps, left });
    else pipe.end();
    return pipe;
  }

  /** The runtime's file of it. */
  file(): FileNode {
    return (this.shown ??= new FileNode(this.lines.map(fileLine).join(''), { mode: 0o640, mtime: this.sim.now }));
  }
}

/** What a container's processes write to. */
class LogWriter implements Writer {
  private readonly log: ContainerLog;
  private readonly stream: Stream;

  constructor(log: ContainerLog, stream: Stream) {
    this.log = log;
    this.stream = stream;
  }

  write(text: string): boolean {
    this.log.write(this.stream, text);
    return true;
  }

  /** A follower that does not read holds nothing up: the log is a file. */
  *drain(): Co {
    if (this.log.isFollowed) yield 0;
  }

  close() {}
}

function splitLines({ time, stream, text }: Line): Line[] {
  const lines: Line[] = [];
  for (let from = 0; from < text.length;) {
    const end = text.indexOf('\n', from) + 1 || text.length;
    lines.push({ time, stream, text: text.slice(from, end) });
    from = end;
  }
  return lines;
}

/** As CRI has it: the time, the stream, F for a full line and P for a part of one, the text. */
function fileLine({ time, stream, text }: Line): string {
  const full = text.endsWith('\n');
  return `${logTime(time)} ${stream} ${full ? 'F' : 'P'} ${text}${full ? '' : '\n'}`;
}

/** False when the follower wants no more. */
function send(follower: Follower, line: Line): boolean {
  const text = follower.timestamps ? `${logTime(line.time)} ${line.text}` : line.text;
  const more = text.length < follower.left;
  const written = follower.pipe.write(more ? text : text.slice(0, follower.left));
  follower.left -= text.length;
  if (!more) follower.pipe.end();
  return more && written;
}
