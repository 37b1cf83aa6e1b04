// URLs, IP addresses and CIDRs.

import type { Environment } from '../library.ts';
import { define, FunctionError, types } from './define.ts';

class Url {
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  constructor([, scheme = '', host = '', path = '', query = '']: readonly string[]) {
    this.scheme = scheme.toLowerCase();
    this.host = host;
    this.path = path;
    this.query = query;
  }
}

/** Absolute URLs and absolute paths, as Go's ParseRequestURI takes them. */
const URL =
  /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):\/\/(?:[^/@?#]*@)?((?:\[[0-9a-fA-F:.%]+\]|[^/?#:\s[\]]*)(?::\d*)?))?(\/[^?#\s]*)?(?:\?([^#\s]*))?$/;

function parseUrl(text: string): Url | undefined {
  const match = text === '' || /%(?![0-9a-fA-F]{2})/.test(text) ? null : URL.exec(text);
  return match && (match[1] || match[3]) ? new Url(match) : undefined;
}

function url(text: string): Url {
  const found = parseUrl(text);
  if (!found)
    throw new FunctionError(
      `URL parse error during conversion from string: parse ${JSON.stringify(text)}: invalid URI for request`,
    );
  return found;
}

const unescape = (text: string): string => {
  try {
    return decodeURIComponent(text.replace(/\+/g, ' '));
  } catch {
    return text;
  }
};

function query({ query: text }: Url): Record<string, string[]> {
  const out: Record<string, string[]> = {};
  for (const pair of text.split('&').filter(Boolean)) {
    const [key, value = ''] = pair.split('=', 2).map(unescape);
    (out[key] ??= []).push(value);
  }
  return out;
}

/** An address as a number of 32 or 128 bits. */
class IP {
  readonly bits: 32 | 128;
  readonly value: bigint;
  constructor(bits: 32 | 128, value: bigint) {
    this.bits = bits;
    this.value = value;
  }
}

class CIDR {
  readonly address: IP;
  readonly prefix: number;
  constructor(address: IP, prefix: number) {
    this.address = address;
    this.prefix = prefix;
  }
}

function parseIPv4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return undefined;
  return parts.reduce((value, part) => value * 256n + BigInt(part), 0n);
}

function parseIP(text: string): IP | undefined {
  const four = parseIPv4(text);
  if (four !== undefined) return new IP(32, four);
  if (!text.includes(':') || text.includes('%') || text.includes('.')) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const groups = (half: string | undefined) => (half ? half.split(':') : []);
  const head = groups(halves[0]);
  const tail = groups(halves[1]);
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const all = [...head, ...Array.from({ length: missing }, () => '0'), ...tail];
  if (!all.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  return new IP(128, BigInt(`0x${all.map((group) => group.padStart(4, '0')).join('')}`));
}

function ip(text: string): IP {
  const found = parseIP(text);
  if (!found)
    throw new FunctionError(
      `IP Address ${JSON.stringify(text)} parse error during conversion from string: ParseAddr(${JSON.stringify(text)}): unable to parse IP`,
    );
  return found;
}

function ipText({ bits, value }: IP): string {
  if (bits === 32) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16));
  // The longest run of zero groups is left out.
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === '0') end++;
    if (end - i > length) [start, length] = [i, end - i];
  }
  if (start < 0) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

function parseCIDR(text: string): CIDR | undefined {
  const slash = text.indexOf('/');
  if (slash < 0 || !/^\/(?:0|[1-9]\d{0,2})$/.test(text.slice(slash))) return undefined;
  const address = parseIP(text.slice(0, slash));
  const prefix = Number(text.slice(slash + 1));
  return address && prefix <= address.bits ? new CIDR(address, prefix) : undefined;
}

function cidr(text: string): CIDR {
  const found = parseCIDR(text);
  if (!found)
    throw new FunctionError(`network address parse error during conversion from string: invalid CIDR address: ${text}`);
  return found;
}

const network = ({ address, prefix }: CIDR) => address.value >> BigInt(address.bits - prefix);
const holds = (range: CIDR, { bits, value }: IP) =>
  bits === range.address.bits && value >> BigInt(bits - range.prefix) === network(range);
const holdsRange = (range: CIDR, other: CIDR) => other.prefix >= range.prefix && holds(range, other.address);
const masked = (range: CIDR) =>
  new CIDR(new IP(range.address.bits, network(range) << BigInt(range.address.bits - range.prefix)), range.prefix);

const inRange = (address: IP, four: string, six: string) => holds(cidr(address.bits === 32 ? four : six), address);
const isLoopback = (a: IP) => inRange(a, '127.0.0.0/8', '::1/128');
const isMulticast = (a: IP) => inRange(a, '224.0.0.0/4', 'ff00::/8');
const isLinkLocal = (a: IP) => inRange(a, '169.254.0.0/16', 'fe80::/10');
const isUnspecified = (a: IP) => a.value === 0n;

/** `ip` is also written before isCanonical, like a variable. */
class IpNamespace {}

export function networks(environment: Environment) {
  types(environment, { 'kubernetes.URL': Url, 'net.IP': IP, 'net.CIDR': CIDR, IpNamespace });
  environment.registerConstant('ip', 'IpNamespace', new IpNamespace());
  environment.registerOperator('net.IP == net.IP', (a: IP, b: IP) => a.bits === b.bits && a.value === b.value);
  environment.registerOperator('net.CIDR == net.CIDR', (a: CIDR, b: CIDR) => cidrText(a) === cidrText(b));
  define(environment, {
    'url(string): kubernetes.URL': url,
    'isURL(string): bool': (text: string) => parseUrl(text) !== undefined,
    'kubernetes.URL.getScheme(): string': ({ scheme }: Url) => scheme,
    'kubernetes.URL.getHost(): string': ({ host }: Url) => host,
    'kubernetes.URL.getHostname(): string': ({ host }: Url) => host.replace(/:\d*$/, '').replace(/^\[|\]$/g, ''),
    'kubernetes.URL.getPort(): string': ({ host }: Url) => /:(\d+)$/.exec(host)?.[1] ?? '',
    'kubernetes.URL.getEscapedPath(): string': ({ path }: Url) => path,
    'kubernetes.URL.getQuery(): map<string, list<string>>': query,
    'ip(string): net.IP': ip,
    'isIP(string): bool': (text: string) => parseIP(text) !== undefined,
    'IpNamespace.isCanonical(string): bool': (_: unknown, text: string) => ipText(ip(text)) === text,
    'string(net.IP): string': ipText,
    'net.IP.family(): int': ({ bits }: IP) => (bits === 32 ? 4n : 6n),
    'net.IP.isUnspecified(): bool': isUnspecified,
    'net.IP.isLoopback(): bool': isLoopback,
    'net.IP.isLinkLocalMulticast(): bool': (a: IP) => inRange(a, '224.0.0.0/24', 'ff02::/16'),
    'net.IP.isLinkLocalUnicast(): bool': isLinkLocal,
    'net.IP.isGlobalUnicast(): bool': (a: IP) =>
      !isUnspecified(a) &&
      !isLoopback(a) &&
      !isMulticast(a) &&
      !isLinkLocal(a) &&
      !(a.bits === 32 && a.value === 0xffffffffn),
    'cidr(string): net.CIDR': cidr,
    'isCIDR(string): bool': (text: string) => parseCIDR(text) !== undefined,
    'string(net.CIDR): string': cidrText,
    'net.CIDR.containsIP(net.IP): bool': holds,
    'net.CIDR.containsIP(string): bool': (range: CIDR, text: string) => holds(range, ip(text)),
    'net.CIDR.containsCIDR(net.CIDR): bool': holdsRange,
    'net.CIDR.containsCIDR(string): bool': (range: CIDR, text: string) => holdsRange(range, cidr(text)),
    'net.CIDR.ip(): net.IP': ({ address }: CIDR) => address,
    'net.CIDR.masked(): net.CIDR': masked,
    'net.CIDR.prefixLength(): int': ({ prefix }: CIDR) => BigInt(prefix),
  });
}

const cidrText = ({ address, prefix }: CIDR) => `${ipText(address)}/${prefix}`;
