// Readers and writers over pipes, files, strings and nothing; and reading by lines.

import type { Co } from '../sim/index.ts';
import type { FileNode } from './fs.ts';
import type { Pipe } from './pipe.ts';
import type { Process, Reader, Writer } from './types.ts';

/** Characters that a pipe holds before its writer has to wait (Linux: 64 KiB). */
export const PIPE_CAPACITY = 65536;

/** Thrown by a program to end at once with a status; whoever runs the program catches it. */
export class Exit {
  readonly status: number;
  constructor(status: number) {
    this.status = status;
  }
}

export const SIGPIPE_STATUS = 141;

export const nullReader: Reader = {
  *read() {
    return undefined;
  },
  unread() {},
  close() {},
};

export const nullWriter: Writer = {
  write: () => true,
  *drain() {},
  close() {},
};

export function pipeReader(pipe: Pipe): Reader {
  return { read: () => pipe.read(), unread: (text) => pipe.unread(text), close: () => pipe.closeReader() };
}

export function pipeWriter(pipe: Pipe): Writer {
  return {
    write: (text) => pipe.write(text),
    *drain() {
      while (pipe.size > PIPE_CAPACITY && !pipe.broken) yield pipe.changed;
    },
    close: () => pipe.end(),
  };
}

/** Reads what `next` gives, once each, until it gives undefined. */
export function sourceReader(next: () => string | undefined): Reader {
  let back = '';
  return {
    *read() {
      if (!back) return next();
      const text = back;
      back = '';
      return text;
    },
    unread(text) {
      back = text + back;
    },
    close() {},
  };
}

export function stringReader(text: string): Reader {
  let rest: string | undefined = text;
  return sourceReader(() => {
    const out = rest;
    rest = undefined;
    return out || undefined;
  });
}

/** Virtual time that a block of a device without an end takes, ms: whoever reads on and on can be stopped. */
const DEVICE_BLOCK = 0.01;

/** A device that never ends. */
function endlessReader(next: () => string | undefined): Reader {
  const source = sourceReader(next);
  return {
    ...source,
    *read() {
      yield DEVICE_BLOCK;
      return yield* source.read();
    },
  };
}

/** Keeps what is written to it. */
export class Collector implements Writer {
  text = '';
  write(text: string): boolean {
    this.text += text;
    return true;
  }
  *drain(): Co {}
  close() {}
}

const ZERO_BLOCK = '\0'.repeat(4096);

/** Reads a file that has been opened; devices and named pipes give what they stand for. */
export function fileReader(file: FileNode, process?: Process): Reader {
  if (file.fifo) return pipeReader(file.fifo);
  switch (file.device) {
    case 'null':
    case 'stdout':
    case 'stderr':
      return nullReader;
    case 'zero':
    case 'full':
      return endlessReader(() => ZERO_BLOCK);
    case 'random': {
      const random = process?.host.sim.random('dev-urandom');
      return endlessReader(() => {
        let block = '';
        for (let i = 0; i < 512 && random; i++) {
          const byte = random.bits() & 255;
          block += String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte);
        }
        return block || undefined;
      });
    }
    case 'stdin':
    case 'tty':
      return process?.stdin ?? nullReader;
  }
  let at = 0;
  return sourceReader(() => {
    const text = file.text;
    if (at >= text.length) return undefined;
    const out = at === 0 ? text : text.slice(at);
    at = text.length;
    return out;
  });
}

/** Writes at the end of a file that has been opened (and emptied, unless it is appended to). */
export function fileWriter(file: FileNode, now: () => number, process?: Process): Writer {
  if (file.fifo) return pipeWriter(file.fifo);
  switch (file.device) {
    case 'null':
    case 'zero':
    case 'random':
    case 'stdin':
      return nullWriter;
    case 'full':
      return { write: () => false, *drain() {}, close() {} };
    case 'stdout':
    case 'tty':
      return process ? { ...forward(process.stdout), close() {} } : nullWriter;
    case 'stderr':
      return process ? { ...forward(process.stderr), close() {} } : nullWriter;
  }
  return {
    write(text) {
      file.append(text);
      file.mtime = now();
      return true;
    },
    *drain() {},
    close() {},
  };
}

function forward(writer: Writer): Writer {
  return { write: (text) => writer.write(text), drain: () => writer.drain(), close() {} };
}

/** The whole of an opened file; a device or a named pipe is read until it ends. */
export function* readWhole(file: FileNode, process?: Process): Co<string> {
  return file.device || file.fifo ? yield* readAll(fileReader(file, process)) : file.text;
}

/** Reads to the end. */
export function* readAll(reader: Reader): Co<string> {
  const chunks: string[] = [];
  for (;;) {
    const text = yield* reader.read();
    if (text === undefined) return chunks.length === 1 ? chunks[0] : chunks.join('');
    chunks.push(text);
  }
}

/** Reads by lines, in batches of whatever has come: an endless stream is followed as it flows. */
export class LineReader {
  /** False when the last line read had no newline at its end. */
  terminated = true;
  private readonly reader: Reader;
  private readonly separator: string;
  /** What has come and is not taken yet begins at `at`; before `seen` no line of it ends. */
  private text = '';
  private at = 0;
  private seen = 0;
  private ended = false;

  constructor(reader: Reader, separator = '\n') {
    this.reader = reader;
    this.separator = separator;
  }

  /** The next complete lines, without their ends; undefined at the end. */
  *lines(): Co<string[] | undefined> {
    for (;;) {
      if (this.ready) {
        const cut = this.text.lastIndexOf(this.separator);
        const whole = this.text.slice(this.at, cut);
        this.at = this.seen = cut + 1;
        return whole.split(this.separator);
      }
      if (yield* this.more()) continue;
      const last = this.last();
      return last === undefined ? undefined : [last];
    }
  }

  /** A line can be had without waiting. */
  get ready(): boolean {
    return this.text.indexOf(this.separator, this.seen) >= 0;
  }

  /** A line that can be had without waiting; undefined: there is none. */
  take(): string | undefined {
    const end = this.text.indexOf(this.separator, this.seen);
    if (end < 0) {
      this.seen = this.text.length;
      return undefined;
    }
    const line = this.text.slice(this.at, end);
    this.at = this.seen = end + 1;
    return line;
  }

  /** One line; undefined at the end. */
  *line(): Co<string | undefined> {
    for (;;) {
      const line = this.take();
      if (line !== undefined) return line;
      if (!(yield* this.more())) return this.last();
    }
  }

  /** False at the end. */
  private *more(): Co<boolean> {
    const text = this.ended ? undefined : yield* this.reader.read();
    if (text === undefined) {
      this.ended = true;
      return false;
    }
    const rest = this.text.slice(this.at);
    this.seen = rest.length;
    this.at = 0;
    this.text = rest + text;
    return true;
  }

  /** What stands after the last end of a line. */
  private last(): string | undefined {
    if (this.at === this.text.length) return undefined;
    this.terminated = false;
    const last = this.text.slice(this.at);
    this.at = this.seen = this.text.length;
    return last;
  }

  /** Gives back to the reader what was read beyond the lines taken. */
  release() {
    if (this.at < this.text.length) this.reader.unread(this.text.slice(this.at));
    this.text = '';
    this.at = this.seen = 0;
  }
}
