// Files of captured packets (pcap, in microseconds), for -w and -r.

import { at16 } from './dissect.ts';
import type { LinkType } from './dissect.ts';
import { concat } from '../bytes.ts';

const MAGIC = 0xa1b2c3d4;
export const LINK_TYPES: Record<LinkType, number> = { ethernet: 1, cooked: 276 };

const le16 = (value: number) => [value & 255, (value >>> 8) & 255];
const le32 = (value: number) => [...le16(value & 0xffff), ...le16(value >>> 16)];

export const fileHeader = (linkType: LinkType, snapshot: number): Uint8Array =>
  Uint8Array.from([
    ...le32(MAGIC),
    ...le16(2),
    ...le16(4),
    ...le32(0),
    ...le32(0),
    ...le32(snapshot),
    ...le32(LINK_TYPES[linkType]),
  ]);

export function fileRecord(time: number, bytes: Uint8Array, length: number): Uint8Array {
  const micros = Math.round(time * 1000);
  const head = [
    ...le32(Math.floor(micros / 1_000_000)),
    ...le32(micros % 1_000_000),
    ...le32(bytes.length),
    ...le32(length),
  ];
  return concat(Uint8Array.from(head), bytes);
}

export interface CaptureFile {
  linkType: LinkType;
  snapshot: number;
  packets: { time: number; bytes: Uint8Array; length: number }[];
}

/** What is in a file; a text when it cannot be read. */
export function readFile(bytes: Uint8Array): CaptureFile | string {
  const magic = bytes.length < 4 ? 0 : at16(bytes, 0) * 65_536 + at16(bytes, 2);
  const little = magic === 0xd4c3b2a1;
  if (bytes.length < 24) return `truncated dump file; tried to read 24 file header bytes, only got ${bytes.length}`;
  if (!little && magic !== MAGIC) return 'unknown file format';
  const u32 = (at: number) => {
    const [a, b, c, d] = bytes.subarray(at, at + 4);
    return little ? a + b * 256 + c * 65_536 + d * 16_777_216 : d + c * 256 + b * 65_536 + a * 16_777_216;
  };
  const type = u32(20);
  const linkType = type === LINK_TYPES.ethernet ? 'ethernet' : type === LINK_TYPES.cooked ? 'cooked' : undefined;
  if (!linkType) return `packet printing is not supported for link type ${type}: use -w`;
  const packets: CaptureFile['packets'] = [];
  for (let at = 24; at + 16 <= bytes.length;) {
    const size = u32(at + 8);
    const time = u32(at) * 1000 + u32(at + 4) / 1000;
    packets.push({ time, bytes: bytes.subarray(at + 16, at + 16 + size), length: u32(at + 12) });
    at += 16 + size;
  }
  return { linkType, snapshot: u32(16), packets };
}
