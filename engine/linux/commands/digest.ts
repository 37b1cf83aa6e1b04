// md5sum, sha1sum, sha256sum, cksum's relatives: digests of files.

import { encode } from '../bytes.ts';
import { FsError } from '../fs.ts';
import { LineReader, readAll, fileReader } from '../io.ts';
import { md5, rotate } from '../md5.ts';
import { type Digest, hex, padded, sha256 } from '../sha256.ts';
import type { Process, Program } from '../types.ts';
import { filesOf } from '../host.ts';
import { complain, eachInput, isBusybox, openInput, parseOptions, put } from './options.ts';

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
