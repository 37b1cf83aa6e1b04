// Addresses that are accepted, but in a form that a later release will not accept.

import { ipFamily, ipNumber, parseCIDR } from './validation/names.ts';

const MAPPED = 0xffffn;
// Octets with leading zeros.
const NON_STANDARD = /(?:^|\.)0\d+(?=\.|\/|$)/;
const quoted = (text: string) => JSON.stringify(text);

/** An address as RFC 5952 writes it. */
export function addressText(number: bigint, family: 4 | 6): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (number >> shift) & 255n).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => ((number >> BigInt(112 - 16 * i)) & 0xffffn).toString(16));
  // The longest run of zero groups, from two on, is left out; of equal ones the first.
  let [start, length] = [0, 1];
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (groups[end] === '0') end++;
    if (end - i > length) [start, length] = [i, end - i];
  }
  if (length === 1) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

/** GetWarningsForIP of upstream. */
export function addressWarnings(out: string[], path: string, text: string) {
  const family = ipFamily(text);
  if (!family) return;
  const number = ipNumber(text);
  const mapped = family === 6 && number >> 32n === MAPPED;
  if (mapped || NON_STANDARD.test(text)) {
    const plain = mapped ? addressText(number & 0xffffffffn, 4) : addressText(number, family);
    out.push(
      `${path}: non-standard IP address ${quoted(text)} will be considered invalid in a future Kubernetes release: use ${quoted(plain)}`,
    );
    return;
  }
  const canonical = addressText(number, family);
  if (canonical !== text)
    out.push(`${path}: IPv6 address ${quoted(text)} should be in RFC 5952 canonical format (${quoted(canonical)})`);
}

/** GetWarningsForCIDR of upstream. */
export function rangeWarnings(out: string[], path: string, text: string) {
  const address = text.slice(0, text.indexOf('/'));
  if (!ipFamily(address)) return;
  const { network, prefix, family } = parseCIDR(text);
  const number = ipNumber(address);
  const canonical = `${addressText(network, family)}/${prefix}`;
  const before = out.length;
  if (number !== network) {
    const one = `${addressText(number, family)}/${family === 4 ? 32 : 128}`;
    out.push(
      `${path}: CIDR value ${quoted(text)} is ambiguous in this context (should be ${quoted(canonical)} or ${quoted(one)}?)`,
    );
  }
  if (/\/0\d/.test(text) || NON_STANDARD.test(text))
    out.push(
      `${path}: non-standard CIDR value ${quoted(text)} will be considered invalid in a future Kubernetes release: use ${quoted(canonical)}`,
    );
  if (out.length === before && family === 6 && canonical !== text)
    out.push(`${path}: IPv6 CIDR value ${quoted(text)} should be in RFC 5952 canonical format (${quoted(canonical)})`);
}
