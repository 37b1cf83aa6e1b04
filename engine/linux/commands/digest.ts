// md5sum, sha1sum, sha256sum, cksum's relatives: digests of files.

import { encode } from '../bytes.ts';
import { FsError } from '../fs.ts';
import { LineReader, readAll, fileReader } from '../io.ts';
import type { Process, Program } from '../types.ts';
import { filesOf } from '../host.ts';
import { complain, eachInput, isBusybox, openInput, parseOptions, put } from './options.ts';

type Digest = (bytes: Uint8Array) => string;

/** The message with its padding, in 64-byte blocks; the length in bits ends it. */
function padded(bytes: Uint8Array, bigEndian: boolean): DataView {
  const size = Math.ceil((bytes.length + 9) / 64) * 64;
  const out = new Uint8Array(size);
  out.set(bytes);
  out[bytes.length] = 0x80;
  const view = new DataView(out.buffer);
  const bits = bytes.length * 8;
  view.setUint32(size - (bigEndian ? 4 : 8), bits >>> 0, !bigEndian);
  view.setUint32(size - (bigEndian ? 8 : 4), Math.floor(bits / 4294967296), !bigEndian);
  return view;
}

function hex(words: ArrayLike<number>, littleEndian: boolean): string {
  let out = '';
  for (let i = 0; i < words.length; i++) {
    let word = words[i] >>> 0;
    if (littleEndian) word = ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
    out += word.toString(16).padStart(8, '0');
  }
  return out;
}

const rotate = (x: number, n: number) => (x << n) | (x >>> (32 - n));

const MD5_SHIFTS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
const MD5_SINES = Array.from({ length: 64 }, (_v, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 4294967296) | 0);

export const md5: Digest = (bytes) => {
  const view = padded(bytes, false);
  const state = new Int32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]);
  for (let block = 0; block < view.byteLength; block += 64) {
    let a = state[0];
    let b = state[1];
    let c = state[2];
    let d = state[3];
    for (let i = 0; i < 64; i++) {
      const round = i >> 4;
      const mix =
        round === 0 ? (b & c) | (~b & d) : round === 1 ? (d & b) | (~d & c) : round === 2 ? b ^ c ^ d : c ^ (b | ~d);
      const word = round === 0 ? i : round === 1 ? (5 * i + 1) & 15 : round === 2 ? (3 * i + 5) & 15 : (7 * i) & 15;
      const sum = (a + mix + MD5_SINES[i] + view.getInt32(block + word * 4, true)) | 0;
      a = d;
      d = c;
      c = b;
      b = (b + rotate(sum, MD5_SHIFTS[round * 4 + (i & 3)])) | 0;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
  }
  return hex(state, true);
};

const sha1: Digest = (bytes) => {
  const view = padded(bytes, true);
  const state = new Int32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0]);
  const words = new Int32Array(80);
  for (let block = 0; block < view.byteLength; block += 64) {
    for (let i = 0; i < 80; i++) {
      words[i] =
        i < 16 ? view.getInt32(block + i * 4) : rotate(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    }
    let a = state[0];
    let b = state[1];
    let c = state[2];
    let d = state[3];
    let e = state[4];
    for (let i = 0; i < 80; i++) {
      const mix = i < 20 ? (b & c) | (~b & d) : i >= 40 && i < 60 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
      const constant = i < 20 ? 0x5a827999 : i < 40 ? 0x6ed9eba1 : i < 60 ? 0x8f1bbcdc : 0xca62c1d6;
      const next = (rotate(a, 5) + mix + e + constant + words[i]) | 0;
      e = d;
      d = c;
      c = rotate(b, 30);
      b = a;
      a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
  }
  return hex(state, false);
};

/** First 32 bits of the fractional parts of roots of the first primes. */
function roots(count: number, power: number): Int32Array {
  const out = new Int32Array(count);
  for (let n = 2, i = 0; i < count; n++) {
    let prime = true;
    for (let k = 2; k * k <= n; k++) if (n % k === 0) prime = false;
    if (!prime) continue;
    const root = n ** power;
    out[i++] = Math.floor((root - Math.floor(root)) * 4294967296) | 0;
  }
  return out;
}

let sha256Constants: { initial: Int32Array; rounds: Int32Array } | undefined;

/** SHA-256 in lower-case hexadecimal digits. */
export const sha256: Digest = (bytes) => {
  sha256Constants ??= { initial: roots(8, 1 / 2), rounds: roots(64, 1 / 3) };
  const { initial, rounds } = sha256Constants;
  const view = padded(bytes, true);
  const state = Int32Array.from(initial);
  const words = new Int32Array(64);
  const right = (x: number, n: number) => (x >>> n) | (x << (32 - n));
  for (let block = 0; block < view.byteLength; block += 64) {
    for (let i = 0; i < 64; i++) {
      if (i < 16) {
        words[i] = view.getInt32(block + i * 4);
        continue;
      }
      const x = words[i - 15];
      const y = words[i - 2];
      const s0 = right(x, 7) ^ right(x, 18) ^ (x >>> 3);
      const s1 = right(y, 17) ^ right(y, 19) ^ (y >>> 10);
      words[i] = (words[i - 16] + s0 + words[i - 7] + s1) | 0;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      const s1 = right(e, 6) ^ right(e, 11) ^ right(e, 25);
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + rounds[i] + words[i]) | 0;
      const s0 = right(a, 2) ^ right(a, 13) ^ right(a, 22);
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => (state[i] += value));
  }
  return hex(state, false);
};

function command(digest: Digest): Program {
  return function* (process) {
    const options = parseOptions(process, {
      short: 'cbtsw',
      long: { check: 'c', binary: 'b', text: 't', status: 's' },
      usage: '[OPTION]... [FILE]...',
    });
    if (options.has('c')) return yield* check(process, digest, options.args[0] ?? '-', options.has('s'));
    return yield* eachInput(process, options.args, function* (reader, path) {
      put(process, `${digest(encode(yield* readAll(reader)))}  ${path}\n`);
    });
  };
}

function* check(process: Process, digest: Digest, path: string, silent: boolean) {
  const reader = openInput(process, path);
  if (!reader) return 1;
  const input = new LineReader(reader);
  const fs = filesOf(process);
  let failed = 0;
  for (let line = yield* input.line(); line !== undefined; line = yield* input.line()) {
    const match = /^([0-9a-f]+) [ *](.*)$/.exec(line);
    if (!match) continue;
    let verdict = 'FAILED';
    try {
      const text = yield* readAll(fileReader(fs.openRead(match[2]), process));
      if (digest(encode(text)) === match[1]) verdict = 'OK';
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      complain(process, `${match[2]}: ${error.message}`);
      verdict = 'FAILED open or read';
    }
    if (verdict !== 'OK') failed++;
    if (!silent) put(process, `${match[2]}: ${verdict}\n`);
  }
  if (failed && !silent && !isBusybox(process))
    complain(process, `WARNING: ${failed} computed checksum${failed > 1 ? 's' : ''} did NOT match`);
  return failed ? 1 : 0;
}

export const md5sum = command(md5);
export const sha1sum = command(sha1);
export const sha256sum = command(sha256);
