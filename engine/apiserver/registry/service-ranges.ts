// Where cluster IPs come from: the ranges of --service-cluster-ip-range, which since v1.33 are the ServiceCIDR
// `kubernetes`, and those of the ServiceCIDRs that were added.

import type { KubeObject } from '../../api/types.ts';
import type { Etcd } from '../../etcd/index.ts';
import { ipFamily, ipNumber } from '../../api/validation/names.ts';
import { ipText, text6 } from '../../linux/net/index.ts';
import type { Random } from '../../sim/index.ts';

export type Family = 'IPv4' | 'IPv6';

export const familyOf = (ip: string): Family => (ip.includes(':') ? 'IPv6' : 'IPv4');
export const otherFamily = (family: Family): Family => (family === 'IPv4' ? 'IPv6' : 'IPv4');

/** Of larger ranges only the first so many addresses are given out. */
const MAX_BITS = 48;
/** ipallocator: so much of the lower end is left to those who choose their own addresses. */
const STATIC = { least: 16, most: 256, share: 16 };

export class ServiceRange {
  readonly text: string;
  readonly family: Family;
  readonly size: number;
  private readonly base: bigint;
  private readonly bits: number;

  constructor(text: string) {
    const slash = text.indexOf('/');
    const ip = text.slice(0, slash);
    this.text = text;
    this.family = familyOf(ip);
    this.bits = (this.family === 'IPv4' ? 32 : 128) - Number(text.slice(slash + 1));
    this.base = (ipNumber(ip) >> BigInt(this.bits)) << BigInt(this.bits);
    this.size = 2 ** Math.min(this.bits, MAX_BITS);
  }

  at(offset: number): string {
    const value = this.base + BigInt(offset);
    return this.family === 'IPv4' ? ipText(Number(value)) : text6(value);
  }

  /** Whether a Service may have the address: not that of the network, nor the broadcast address. */
  contains(ip: string): boolean {
    if (ipFamily(ip) !== (this.family === 'IPv4' ? 4 : 6)) return false;
    const value = ipNumber(ip);
    if (value <= this.base) return false;
    const end = this.base + (1n << BigInt(this.bits)) - (this.family === 'IPv4' ? 1n : 0n);
    return value < end;
  }

  /** A free address by chance; the lower part of the range only when the upper one is full. */
  next(random: Random, isFree: (ip: string) => boolean): string | undefined {
    const { least, most, share } = STATIC;
    const { size } = this;
    const reserved = size <= least ? 1 : Math.min(Math.max(least, Math.floor(size / share)), most);
    const span = size - reserved - (this.family === 'IPv4' ? 1 : 0);
    const start = span > 0 ? random.int(span) : 0;
    for (let i = 0; i < span; i++) {
      const ip = this.at(reserved + ((start + i) % span));
      if (isFree(ip)) return ip;
    }
    for (let offset = 1; offset < reserved; offset++) {
      const ip = this.at(offset);
      if (isFree(ip)) return ip;
    }
    return undefined;
  }
}

interface Ready {
  type: string;
  status: string;
}

export class ServiceRanges {
  /** Of the flag, the primary family first. */
  readonly flag: readonly ServiceRange[];
  private readonly byObject = new Map<string, readonly ServiceRange[]>();
  /** Without ServiceCIDRs the flag is all there is. */
  private usable: readonly ServiceRange[];

  /** `prefix`: where ServiceCIDRs are stored; undefined in releases without them. */
  constructor(flag: string, etcd: Etcd, prefix: string | undefined) {
    this.flag = flag.split(',').map((text) => new ServiceRange(text));
    this.usable = this.flag;
    if (prefix === undefined) return;
    const see = (name: string, object: KubeObject | undefined) => {
      const ready =
        object &&
        !object.metadata.deletionTimestamp &&
        (object.status?.conditions as Ready[] | undefined)?.find(({ type }) => type === 'Ready')?.status !== 'False';
      if (ready)
        this.byObject.set(
          name,
          object.spec.cidrs.map((text: string) => new ServiceRange(text)),
        );
      else this.byObject.delete(name);
      this.usable = [...this.byObject.values()].flat();
    };
    for (const { key, value } of etcd.range(prefix).kvs) see(key, value as KubeObject);
    etcd.watch(prefix, ({ key, kv }) => see(key, kv?.value as KubeObject | undefined));
  }

  get primary(): Family {
    return this.flag[0].family;
  }

  /** Whether the cluster has the family at all. */
  has(family: Family): boolean {
    return this.flag.some((range) => range.family === family);
  }

  of(family: Family): readonly ServiceRange[] {
    return this.usable.filter((range) => range.family === family);
  }
}
