// The plug-in `forward`: asks other servers.

import { ask, type DnsFailure, hostPort, query, readResolverConfig, type RecordType } from '../linux/net/index.ts';
import type { Co } from '../sim/index.ts';
import { type Directive, inZone } from './corefile.ts';
import { type Backend, type Block, type Reply, zonesOf } from './plugin.ts';

export const FORWARD_TIMEOUT = 2_000;
const FORWARD_TRIES = 2;

export interface Forward extends Backend {
  /** Whom all questions that nobody else answers go to. */
  upstreams: readonly { ip: string; port: number }[];
}

export const forward = ({ args, block }: Directive, around: Block): Forward => {
  const { zone, process, wrong } = around;
  const [from, ...to] = args;
  if (from === undefined || to.length === 0) return wrong('wrong argument count or unexpected line ending');
  const excepted = block.find(([word]) => word === 'except');
  const except = excepted ? zonesOf(excepted.slice(1), zone) : [];
  const upstreams: { ip: string; port: number }[] = [];
  for (const word of to) {
    if (word.startsWith('/')) {
      for (const ip of readResolverConfig(process.host.fs).servers) upstreams.push({ ip, port: 53 });
      continue;
    }
    const found = /^(?:dns:\/\/)?(\d+\.\d+\.\d+\.\d+)(?::(\d+))?$/.exec(word);
    if (!found) return wrong(`not an IP address or file: "${word}"`);
    upstreams.push({ ip: found[1], port: Number(found[2] ?? 53) });
  }
  const policy = block.find(([word]) => word === 'policy')?.[1] ?? 'random';
  const limit = Number(block.find(([word]) => word === 'max_concurrent')?.[1] ?? 0);
  let running = 0;
  let next = 0;
  const choose = (attempt: number): number => {
    if (policy === 'random') return process.host.sim.random('dns-forward').int(upstreams.length);
    return (policy === 'sequential' ? attempt : next++) % upstreams.length;
  };
  const complain = (name: string, type: RecordType, why: string) => {
    if (around.errors) process.stdout.write(`[ERROR] plugin/errors: 2 ${name} ${type}: ${why}\n`);
  };
  return {
    name: 'forward',
    upstreams: from === '.' ? upstreams : [],
    zones: zonesOf([from], zone),
    *answer(name, type): Co<Reply | undefined> {
      if (except.some((zone) => inZone(name, zone))) return undefined;
      const { net, sim } = process.host;
      let why: DnsFailure = 'timeout';
      let used = upstreams[0];
      if (limit > 0 && running >= limit) {
        complain(name, type, `concurrent queries exceeded maximum ${limit}`);
        return { code: 'REFUSED', authoritative: false, recursionAvailable: true, answers: [] };
      }
      running++;
      try {
        for (let i = 0; i < FORWARD_TRIES; i++) {
          used = upstreams[choose(i)];
          const message = query(sim.random('dns-id').int(65536), name, type);
          const answer = yield* ask(net, used.ip, message, FORWARD_TIMEOUT, used.port);
          if (typeof answer !== 'string') return answer;
          why = answer;
        }
      } finally {
        running--;
      }
      const text = {
        timeout: 'i/o timeout',
        refused: 'read: connection refused',
        unreachable: 'read: no route to host',
      }[why];
      const flow = `${hostPort(net.addresses[0], 32768 + sim.random('dns-id').int(28000))}->${hostPort(used.ip, used.port)}`;
      complain(name, type, `read udp ${flow}: ${text}`);
      return { code: 'SERVFAIL', authoritative: false, recursionAvailable: true, answers: [] };
    },
  };
};
