// IPv4 addresses as numbers, ranges of them, and hardware addresses.

/** Numbers of addresses that were read before: the same few are asked for with every packet. */
let known = new Map<string, number>();
const MAX_KNOWN = 20_000;

/** The address as an unsigned integer; -1 when it is no IPv4 address. */
export function ipNumber(ip: string): number {
  let number = known.get(ip);
  if (number !== undefined) return number;
  number = parse(ip);
  if (known.size >= MAX_KNOWN) known = new Map();
  known.set(ip, number);
  return number;
}

function parse(ip: string): number {
  const parts = ip.split('.');
  if (parts.length !== 4) return -1;
  let number = 0;
  for (let i = 0; i < 4; i++) {
    const part = parts[i];
    const value = Number(part);
    if (part === '' || part.length > 3 || !(value >= 0 && value <= 255)) return -1;
    number = number * 256 + value;
  }
  return number;
}

export function ipText(number: number): string {
  return `${(number >>> 24) & 255}.${(number >>> 16) & 255}.${(number >>> 8) & 255}.${number & 255}`;
}

/** A range of addresses. */
export interface Cidr {
  /** As iptables and ip print it: `10.244.0.0/16`. */
  readonly text: string;
  readonly base: number;
  readonly mask: number;
  readonly bits: number;
}

const ranges = new Map<string, Cidr>();

/** Reads `10.244.0.0/16` or one address; undefined when it is no IPv4 range. Bits beyond the mask are cleared. */
export function parseCidr(text: string): Cidr | undefined {
  let cidr = ranges.get(text);
  if (cidr) return cidr;
  const slash = text.indexOf('/');
  const address = ipNumber(slash < 0 ? text : text.slice(0, slash));
  const bits = slash < 0 ? 32 : Number(text.slice(slash + 1) || NaN);
  if (address < 0 || !Number.isInteger(bits) || bits < 0 || bits > 32) return undefined;
  const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
  const base = (address & mask) >>> 0;
  cidr = { text: `${ipText(base)}/${bits}`, base, mask, bits };
  if (ranges.size < MAX_KNOWN) ranges.set(text, cidr);
  return cidr;
}

export function inCidr(cidr: Cidr, address: number): boolean {
  return (address & cidr.mask) >>> 0 === cidr.base;
}

export function isLoopback(ip: string): boolean {
  return ip.startsWith('127.') || ip === '::1';
}

/** Whether the text is an IPv4 or IPv6 address. */
export function isAddress(text: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+$/.test(text) || (text.includes(':') && /^[0-9a-fA-F:.]+$/.test(text));
}

/** A locally administered hardware address that follows from an address, as bridges and veth pairs get them. */
export function macOf(ip: string, prefix = '0a:58'): string {
  const number = ipNumber(ip);
  let mac = prefix;
  for (let shift = 24; shift >= 0; shift -= 8) mac += `:${((number >>> shift) & 255).toString(16).padStart(2, '0')}`;
  return mac;
}
