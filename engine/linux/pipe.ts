// A one-way stream of text between two coroutines: a shell pipe, a log that is followed, a socket's half.

import { Signal, type Co } from '../sim/index.ts';

export class Pipe {
  /** Fires on every write, on `end()` and on `closeReader()`. */
  readonly changed = new Signal();
  /** The writer is done: what is buffered is the rest. */
  ended = false;
  /** The reader is gone: writes fail (a process gets SIGPIPE). */
  broken = false;
  /** The writer has given up in the middle. */
  reset = false;
  private chunks: string[] = [];
  /** Characters buffered. */
  size = 0;

  /** False when nobody reads any more. */
  write(text: string): boolean {
    if (this.broken || this.ended) return false;
    if (text.length) {
      this.chunks.push(text);
      this.size += text.length;
      this.changed.fire();
    }
    return true;
  }

  end() {
    if (this.ended) return;
    this.ended = true;
    this.changed.fire();
  }

  /** Ends it at once: what is buffered is lost. */
  abort() {
    this.reset = true;
    this.chunks = [];
    this.size = 0;
    this.end();
  }

  closeReader() {
    this.broken = true;
    this.chunks = [];
    this.size = 0;
    this.changed.fire();
  }

  /** Takes all that is buffered now; '' when there is nothing. */
  take(): string {
    if (this.chunks.length === 0) return '';
    const text = this.chunks.length === 1 ? this.chunks[0] : this.chunks.join('');
    this.chunks = [];
    this.size = 0;
    this.changed.fire();
    return text;
  }

  /** Puts text back in front of what is buffered (a reader that took too much). */
  unread(text: string) {
    if (!text) return;
    this.chunks.unshift(text);
    this.size += text.length;
  }

  /** Waits for text; undefined at the end. */
  *read(): Co<string | undefined> {
    for (;;) {
      if (this.size > 0) return this.take();
      if (this.ended || this.broken) return undefined;
      yield this.changed;
    }
  }

  /** Waits for the end and returns everything. */
  *readAll(): Co<string> {
    let all = '';
    for (;;) {
      const text = yield* this.read();
      if (text === undefined) return all;
      all += text;
    }
  }
}
