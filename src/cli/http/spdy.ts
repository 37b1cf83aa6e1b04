// SPDY/3.1 as far as Kubernetes' clients speak it: several streams over one connection, each opened by the client with
// headers. kubectl port-forward carries it inside a WebSocket; older clients upgrade a plain connection to it.

import { createDeflate, createInflate, constants } from 'node:zlib';

const SYN_STREAM = 1;
const SYN_REPLY = 2;
const RST_STREAM = 3;
const PING = 6;
const GOAWAY = 7;
const FIN = 1;
const VERSION = 0x8003;
/** The peer's frames are of at most this size; ours are smaller. */
const MAX_FRAME = 16 * 1024 * 1024;
const CHUNK = 32 * 1024;

export interface SpdyStream {
  readonly id: number;
  /** Names in lower case. */
  readonly headers: Record<string, string>;
  onData: (bytes: Buffer) => void;
  /** The client has said all that it had to say, or has given the stream up. */
  onEnd: () => void;
  write(bytes: Uint8Array): void;
  /** Ends our half. */
  end(): void;
}

export interface SpdyOptions {
  write: (bytes: Buffer) => void;
  /** A new stream; it counts as accepted. */
  onStream: (stream: SpdyStream) => void;
  /** The peer speaks something else. */
  onError: (error: Error) => void;
}

/** The server's end of a connection. */
export class SpdyConnection {
  private readonly options: SpdyOptions;
  private readonly streams = new Map<number, SpdyStream>();
  private readonly inflate = createInflate({ dictionary: DICTIONARY });
  private readonly deflate = createDeflate({ dictionary: DICTIONARY });
  private inflated: Buffer[] = [];
  private deflated: Buffer[] = [];
  private received = Buffer.alloc(0);
  /** Frames are handled in their order, though headers are unpacked asynchronously. */
  private working: Promise<void> = Promise.resolve();

  constructor(options: SpdyOptions) {
    this.options = options;
    this.inflate.on('data', (part: Buffer) => this.inflated.push(part));
    this.deflate.on('data', (part: Buffer) => this.deflated.push(part));
    this.inflate.on('error', options.onError);
  }

  /** Bytes from the client. */
  receive(bytes: Buffer) {
    this.received = Buffer.concat([this.received, bytes]);
    while (this.received.length >= 8) {
      const size = this.received.readUInt32BE(4) & 0xffffff;
      if (size > MAX_FRAME) return this.options.onError(new Error('frame too large'));
      if (this.received.length < 8 + size) return;
      const frame = this.received.subarray(0, 8 + size);
      this.received = this.received.subarray(8 + size);
      this.working = this.working.then(() => this.frame(frame)).catch(this.options.onError);
    }
  }

  close() {
    this.streams.clear();
    this.inflate.destroy();
    this.deflate.destroy();
  }

  private async frame(frame: Buffer) {
    const flags = frame[4];
    const body = frame.subarray(8);
    if (!(frame[0] & 0x80)) {
      const stream = this.streams.get(frame.readUInt32BE(0));
      if (body.length) stream?.onData(body);
      if (flags & FIN) stream?.onEnd();
      return;
    }
    if (frame.readUInt16BE(0) !== VERSION) throw new Error('not SPDY/3.1');
    switch (frame.readUInt16BE(2)) {
      case SYN_STREAM:
        return this.open(body.readUInt32BE(0) & 0x7fffffff, await this.headers(body.subarray(10)), flags);
      case RST_STREAM: {
        const id = body.readUInt32BE(0) & 0x7fffffff;
        const stream = this.streams.get(id);
        this.streams.delete(id);
        stream?.onEnd();
        return;
      }
      case PING:
        return this.control(PING, body);
      case GOAWAY:
      // Settings, window sizes and more headers say nothing that these clients rely on.
    }
  }

  private async open(id: number, headers: Record<string, string>, flags: number) {
    const stream: SpdyStream = {
      id,
      headers,
      onData() {},
      onEnd() {},
      write: (bytes) => {
        for (let at = 0; at < bytes.length; at += CHUNK) this.data(id, bytes.subarray(at, at + CHUNK), 0);
      },
      end: () => this.data(id, new Uint8Array(), FIN),
    };
    this.streams.set(id, stream);
    const block = await this.packed(Buffer.alloc(4));
    this.control(SYN_REPLY, Buffer.concat([number(id), block]));
    this.options.onStream(stream);
    if (flags & FIN) stream.onEnd();
  }

  private data(id: number, bytes: Uint8Array, flags: number) {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(id, 0);
    head.writeUInt32BE(bytes.length, 4);
    head[4] = flags;
    this.options.write(Buffer.concat([head, bytes]));
  }

  private control(type: number, body: Buffer) {
    const head = Buffer.alloc(8);
    head.writeUInt16BE(VERSION, 0);
    head.writeUInt16BE(type, 2);
    head.writeUInt32BE(body.length, 4);
    this.options.write(Buffer.concat([head, body]));
  }

  private async headers(block: Buffer): Promise<Record<string, string>> {
    await new Promise<void>((resolve, reject) =>
      this.inflate.write(block, (error) => (error ? reject(error) : resolve())),
    );
    const bytes = Buffer.concat(this.inflated);
    this.inflated = [];
    const headers: Record<string, string> = {};
    let at = 4;
    const text = () => {
      const size = bytes.readUInt32BE(at);
      at += 4 + size;
      return bytes.toString('utf8', at - size, at);
    };
    for (let left = bytes.readUInt32BE(0); left > 0; left--) {
      const name = text().toLowerCase();
      headers[name] = text();
    }
    return headers;
  }

  private async packed(block: Buffer): Promise<Buffer> {
    await new Promise<void>((resolve) => {
      this.deflate.write(block);
      this.deflate.flush(constants.Z_SYNC_FLUSH, resolve);
    });
    const bytes = Buffer.concat(this.deflated);
    this.deflated = [];
    return bytes;
  }
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** What both sides of SPDY/3 compress headers against: words with their lengths, then plain text. */
const DICTIONARY = Buffer.concat([
  ...(
    'options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow ' +
    'authorization cache-control connection content-base content-encoding content-language content-length ' +
    'content-location content-md5 content-range content-type date etag expect expires from host if-match ' +
    'if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma ' +
    'proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade ' +
    'user-agent vary via warning www-authenticate method get status'
  )
    .split(' ')
    .map(sized),
  sized('200 OK'),
  ...['version', 'HTTP/1.1', 'url', 'public', 'set-cookie', 'keep-alive', 'origin'].map(sized),
  Buffer.from(
    '100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505' +
      '203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized' +
      '403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable' +
      'Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT' +
      'chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,' +
      'text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.',
  ),
]);

function sized(word: string): Buffer {
  return Buffer.concat([number(word.length), Buffer.from(word)]);
}
