// The plug-in `cache`: replies of both kinds, each for its time.

import type { DnsRecord, RecordType } from '../linux/net/index.ts';
import type { Sim } from '../sim/index.ts';
import { type Directive, inZone } from './corefile.ts';
import { type Reply, zonesOf } from './plugin.ts';

/** How long replies of a kind are kept, s, and in which zones they are not. */
interface Kept {
  ttl: number;
  uncached: readonly string[];
}

export class ReplyCache {
  private readonly sim: Sim;
  private readonly success: Kept;
  private readonly denial: Kept;
  private readonly entries = new Map<string, { reply: Reply; at: number; ttl: number }>();

  constructor(sim: Sim, { args, block }: Directive, zone: string) {
    this.sim = sim;
    const whole = args[0] ? Number(args[0]) : 3600;
    // CAPACITY [TTL]: how many entries fit is nowhere near.
    const ttlOf = (kind: string, most: number): number =>
      Number(block.find(([word]) => word === kind)?.[2] ?? Math.min(whole, most));
    const uncached = (kind: string): string[] =>
      block
        .filter(([word, what]) => word === 'disable' && what === kind)
        .flatMap((words) => zonesOf(words.slice(2), zone));
    this.success = { ttl: ttlOf('success', 3600), uncached: uncached('success') };
    this.denial = { ttl: ttlOf('denial', 1800), uncached: uncached('denial') };
  }

  get(name: string, type: RecordType): Reply | undefined {
    const entry = this.entries.get(`${name} ${type}`);
    if (!entry) return undefined;
    const age = Math.floor((this.sim.now - entry.at) / 1000);
    if (age >= entry.ttl) {
      this.entries.delete(`${name} ${type}`);
      return undefined;
    }
    const older = (record: DnsRecord) => ({ ...record, ttl: Math.max(0, Math.min(record.ttl, entry.ttl) - age) });
    return { ...entry.reply, answers: entry.reply.answers.map(older), authority: entry.reply.authority?.map(older) };
  }

  /** Keeps the reply, and gives it with the time to live that it has in the cache, for zones that are left out too. */
  keep(name: string, type: RecordType, reply: Reply): Reply {
    if (reply.code !== 'NOERROR' && reply.code !== 'NXDOMAIN') return reply;
    const records = reply.answers.length ? reply.answers : (reply.authority ?? []);
    const { ttl: most, uncached } = reply.answers.length ? this.success : this.denial;
    const ttl = Math.min(most, ...records.map((record) => record.ttl), records.length ? Infinity : most);
    if (ttl > 0 && !uncached.some((zone) => inZone(name, zone))) {
      this.entries.set(`${name} ${type}`, { reply, at: this.sim.now, ttl });
    }
    const capped = (record: DnsRecord) => (record.ttl > ttl ? { ...record, ttl } : record);
    return { ...reply, answers: reply.answers.map(capped), authority: reply.authority?.map(capped) };
  }
}
