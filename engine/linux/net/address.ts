// Addresses as numbers, ranges of them, and hardware addresses. An IPv4 address is a number of 32 bits; of an IPv6 address the
// upper 96 bits are looked up in a table, and their place in it stands above the lower 32.

import { parse6, text6 } from './address6.ts';

/** Numbers of addresses that were read before: the same few are asked for with every packet. */
let known = new Map<string, number>();
const MAX_KNOWN = 20_000;

/** The address as an unsigned integer, from 2 ** 32 on an IPv6 address; -1 when it is none. */
export function ipNumber(ip: string): number {
  let number = known.get(ip);
  if (number !== undefined) return number;
  number = parse(ip);
  remember(ip, number);
  return number;
}

function remember(ip: string, number: number) {
  if (known.size >= MAX_KNOWN) known = new Map();
  known.set(ip, number);
}

const LOW = 2 ** 32;
const uppers: bigint[] = [];
const places = new Map<bigint, number>();

function number6(value: bigint): number {
  const upper = value >> 32n;
  let place = places.get(upper);
  if (place === undefined) {
    place = uppers.push(upper);
    places.set(upper, place);
  }
  return place * LOW + Number(value & 0xffffffffn);
}

const upperOf = (number: number): bigint => uppers[Math.floor(number / LOW) - 1];
const value6 = (number: number): bigint => (upperOf(number) << 32n) | BigInt(number % LOW);

function parse(ip: string): number {
  if (ip.includes(':')) {
    const value = parse6(ip);
    return value === undefined ? -1 : number6(value);
  }
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

/** The text of a number that will be asked for again by its text. */
export function addressText(number: number): string {
  const text = ipText(number);
  remember(text, number);
  return text;
}

export function ipText(number: number): string {
  if (number >= LOW) return text6(value6(number));
  return `${(number >>> 24) & 255}.${(number >>> 16) & 255}.${(number >>> 8) & 255}.${number & 255}`;
}

/** Address and port as they are written: `10.96.0.1:443`, `[fd00::1]:443`. */
export const hostPort = (ip: string, port: number | string): string =>
  ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;

/** A range of addresses. */
export interface Cidr {
  /** As iptables and ip print it: `10.244.0.0/16`. */
  readonly text: string;
  readonly base: number;
  readonly mask: number;
  readonly bits: number;
  /** Of IPv6: the upper 96 bits, as far as they count. */
  readonly upper?: { value: bigint; drop: bigint };
}

const ranges = new Map<string, Cidr>();

/** Reads `10.244.0.0/16`, `fd00::/64` or one address; undefined when it is no range. Bits beyond the mask are cleared. */
export function parseCidr(text: string): Cidr | undefined {
  let cidr = ranges.get(text);
  if (cidr) return cidr;
  const slash = text.indexOf('/');
  const address = ipNumber(slash < 0 ? text : text.slice(0, slash));
  const width = address >= LOW ? 128 : 32;
  const bits = slash < 0 ? width : Number(text.slice(slash + 1) || NaN);
  if (address < 0 || !Number.isInteger(bits) || bits < 0 || bits > width) return undefined;
  if (width === 128) cidr = cidr6(value6(address), bits);
  else cidr = cidr4(address, bits);
  if (ranges.size < MAX_KNOWN) ranges.set(text, cidr);
  return cidr;
}

function cidr6(address: bigint, bits: number): Cidr {
  const host = BigInt(128 - bits);
  const network = (address >> host) << host;
  const low = Math.max(0, bits - 96);
  const mask = low === 0 ? 0 : (0xffffffff << (32 - low)) >>> 0;
  const drop = BigInt(Math.max(0, 96 - bits));
  const base = number6(network);
  return { text: `${text6(network)}/${bits}`, base, mask, bits, upper: { value: (network >> 32n) >> drop, drop } };
}

function cidr4(address: number, bits: number): Cidr {
  const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
  const base = (address & mask) >>> 0;
  return { text: `${ipText(base)}/${bits}`, base, mask, bits };
}

export function inCidr(cidr: Cidr, address: number): boolean {
  const { upper } = cidr;
  if (address < LOW) return upper === undefined && (address & cidr.mask) >>> 0 === cidr.base;
  return (
    upper !== undefined &&
    upperOf(address) >> upper.drop === upper.value &&
    ((address % LOW) & cidr.mask) >>> 0 === cidr.base % LOW
  );
}

export function isLoopback(ip: string): boolean {
  return ip.startsWith('127.') || ip === '::1';
}

/** Whether the text is an IPv4 or IPv6 address. */
export function isAddress(text: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+$/.test(text) || (text.includes(':') && ipNumber(text) >= 0);
}

const PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** A locally administered hardware address that follows from an address, as bridges and veth pairs get them. */
export function macOf(ip: string, prefix = '0a:58'): string {
  const number = ipNumber(ip);
  const last = `${PAIRS[(number >>> 8) & 255]}:${PAIRS[number & 255]}`;
  return `${prefix}:${PAIRS[number >>> 24]}:${PAIRS[(number >>> 16) & 255]}:${last}`;
}
