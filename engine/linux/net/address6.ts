// IPv6 addresses as numbers of 128 bits, and as text in the form of RFC 5952.

/** Undefined when the text is no IPv6 address. */
export function parse6(text: string): bigint | undefined {
  let words = text;
  const dot = text.indexOf('.');
  if (dot >= 0) {
    // The last 32 bits may be written as an IPv4 address.
    const colon = text.lastIndexOf(':');
    const parts = text.slice(colon + 1).split('.');
    if (parts.length !== 4 || parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) > 255)) return undefined;
    const [a, b, c, d] = parts.map(Number);
    words = `${text.slice(0, colon + 1)}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  }
  const halves = words.split('::');
  if (halves.length > 2) return undefined;
  const groups = (half: string) => (half === '' ? [] : half.split(':'));
  const head = groups(halves[0]);
  const tail = halves.length === 2 ? groups(halves[1]) : [];
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  let value = 0n;
  for (const group of [...head, ...Array.from({ length: missing }, () => '0'), ...tail]) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
    value = (value << 16n) | BigInt(parseInt(group, 16));
  }
  return value;
}

export function text6(value: bigint): string {
  const groups: string[] = [];
  for (let shift = 112n; shift >= 0n; shift -= 16n) groups.push(((value >> shift) & 0xffffn).toString(16));
  // The longest run of zeros, of two groups at the least, is left out.
  let best = -1;
  let length = 1;
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (end < 8 && groups[end] === '0') end++;
    if (end - at > length) {
      best = at;
      length = end - at;
    }
    if (end > at) at = end;
  }
  if (best < 0) return groups.join(':');
  return `${groups.slice(0, best).join(':')}::${groups.slice(best + length).join(':')}`;
}

/** An address of either family as it is usually written; what is none stays as it is. */
export function canonical(ip: string): string {
  if (!ip.includes(':')) return ip;
  const value = parse6(ip);
  return value === undefined ? ip : text6(value);
}
