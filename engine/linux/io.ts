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
  private rest = '';
  private ended = false;
  private batch: string[] = [];
  private next = 0;

  constructor(reader: Reader, separator = '\n') {
    this.reader = reader;
    this.separator = separator;
  }

  /** The next complete lines, without their ends; undefined at the end. */
  *lines(): Co<string[] | undefined> {
    if (this.next < this.batch.length) {
      const left = this.batch.slice(this.next);
      this.batch = [];
      this.next = 0;
      return left;
    }
    while (!this.ended) {
      const text = yield* this.reader.read();
      if (text === undefined) {
        this.ended = true;
        if (!this.rest) return undefined;
        this.terminated = false;
        const last = [this.rest];
        this.rest = '';
        return last;
      }
      const cut = text.lastIndexOf(this.separator);
      if (cut < 0) {
        this.rest += text;
        continue;
      }
      const whole = this.rest + text.slice(0, cut);
      this.rest = text.slice(cut + 1);
      return whole.split(this.separator);
    }
    return undefined;
  }

  /** A line can be had without waiting. */
  get ready(): boolean {
    return this.next < this.batch.length;
  }

  /** One line; undefined at the end. */
  *line(): Co<string | undefined> {
    if (this.next >= this.batch.length) {
      const more = yield* this.lines();
      if (!more) return undefined;
      this.batch = more;
      this.next = 0;
    }
    return this.batch[this.next++];
  }

  /** Gives back to the reader what was read beyond the lines taken. */
  release() {
    const left = this.batch.slice(this.next).map((line) => line + this.separator);
    const text = left.join('') + this.rest;
    if (text) this.reader.unread(text);
    this.batch = [];
    this.rest = '';
  }
}
