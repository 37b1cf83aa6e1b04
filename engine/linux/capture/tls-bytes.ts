// What of TLS 1.3 is to be seen on a wire: records with their lengths, and nothing to read in them.

import type { Network } from '../net/network.ts';
import { concat } from '../bytes.ts';
import { u16 } from './encode.ts';

const HANDSHAKE = 22;
const APPLICATION_DATA = 23;
/** The most that a record carries; the type and the tag that go with it. */
const RECORD = 16_384;
const OVERHEAD = 17;
/** For middle boxes that know TLS 1.2 alone. */
const CHANGE_CIPHER = Uint8Array.from([20, 3, 3, 0, 1, 1]);

function noise({ network }: { network: Network }, size: number): Uint8Array {
  const random = network.sim.random('tls-wire');
  const out = new Uint8Array(size);
  for (let i = 0; i < size; i++) out[i] = random.bits() & 255;
  return out;
}

const wrapped = (type: number, minor: number, bytes: Uint8Array) =>
  concat(Uint8Array.from([type, 3, minor, ...u16(bytes.length)]), bytes);

/** A message of the handshake that is not encrypted: its type, its length, and what it says. */
function message(hub: { network: Network }, type: number, size: number): Uint8Array {
  return concat(Uint8Array.from([type, 0, ...u16(size - 4), 3, 3]), noise(hub, size - 6));
}

export const clientHello = (hub: { network: Network }) => wrapped(HANDSHAKE, 1, message(hub, 1, 512));

/** With the certificate, which is encrypted already. */
export const serverHello = (hub: { network: Network }) =>
  concat(wrapped(HANDSHAKE, 3, message(hub, 2, 122)), CHANGE_CIPHER, wrapped(APPLICATION_DATA, 3, noise(hub, 1_100)));

export const clientFinished = (hub: { network: Network }) =>
  concat(CHANGE_CIPHER, wrapped(APPLICATION_DATA, 3, noise(hub, 53)));

/** Data as records. */
export function record(data: Uint8Array, hub: { network: Network }): Uint8Array {
  const out: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += RECORD) {
    const size = Math.min(RECORD, data.length - at);
    out.push(wrapped(APPLICATION_DATA, 3, noise(hub, size + OVERHEAD)));
  }
  return concat(...out);
}
