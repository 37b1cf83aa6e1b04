// Whether a packet's checksum is right.

import { at16, type IpPart } from './dissect.ts';

/** `correct`, or what it should have been; `place`: where it stands in the header. */
export function sumText(bytes: Uint8Array, ip: IpPart, place: number, pseudo = true): string {
  const { payload, end, at, version, protocol } = ip;
  if (end > bytes.length) return 'unverified';
  let sum = 0;
  if (pseudo) {
    const [from, to] = version === 4 ? [at + 12, at + 20] : [at + 8, at + 40];
    for (let i = from; i < to; i += 2) sum += at16(bytes, i);
    sum += protocol + (end - payload);
  }
  for (let i = payload; i < end; i += 2) {
    if (i === payload + place) continue;
    sum += i + 1 < end ? at16(bytes, i) : bytes[i] << 8;
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  const right = ~sum & 0xffff;
  return right === at16(bytes, payload + place) ? 'correct' : `incorrect -> 0x${right.toString(16).padStart(4, '0')}`;
}
