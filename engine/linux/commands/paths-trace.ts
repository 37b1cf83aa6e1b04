// tracepath and mtr: the routers on a way, asked one after the other.

import { formatDate } from './date.ts';
import type { Co } from '../../sim/index.ts';
import { lookup, type NetworkNamespace, readResolverConfig, reverseName } from '../net/index.ts';
import type { Process, Program } from '../types.ts';
import { fail, operands, parseOptions, put } from './options.ts';

const MAX_TTL = 30;
const WAIT = 1000;

interface Answer {
  address: string;
  time: number;
  arrived: boolean;
  ttl: number | undefined;
}

/** Who answers an echo request that may cross so many routers. */
function probe(net: NetworkNamespace, ip: string, ttl: number): Answer | undefined {
  const echo = net.echo(ip, ttl);
  if ('ttl' in echo) return { address: ip, time: echo.time, arrived: true, ttl: echo.ttl };
  return echo.error === 'silent'
    ? undefined
    : { address: echo.address, time: echo.time, arrived: false, ttl: undefined };
}

function* target(process: Process, name: string): Co<string> {
  const addresses = yield* process.host.resolve(name);
  return addresses?.[0] ?? fail(process, `${name}: Name or service not known`);
}

function* nameOf(process: Process, address: string, numeric: boolean): Co<string> {
  if (numeric) return address;
  const { fs, net } = process.host;
  const config = { ...readResolverConfig(fs), search: [], attempts: 1 };
  const found = yield* lookup(net, config, reverseName(address), 'PTR');
  return found.answer?.answers[0]?.data.replace(/\.$/, '') ?? address;
}

export const tracepath: Program = function* (process) {
  const options = parseOptions(process, { short: 'n46bm:', usage: '[options] <destination>' });
  operands(process, options.args, 1, 1);
  const { net } = process.host;
  const ip = yield* target(process, options.args[0]);
  const most = Number(options.value('m') ?? MAX_TTL);
  const route = net.routes.find(ip);
  const mtu = net.owns(ip) ? 65_535 : (route?.link.mtu ?? 1500);
  put(process, ` 1?: [LOCALHOST]                      pmtu ${mtu}\n`);
  for (let ttl = 1; ttl <= most; ttl++) {
    const answer = probe(net, ip, ttl);
    if (!answer) {
      yield 3 * WAIT;
      put(process, `${String(ttl).padStart(2)}:  no reply\n`);
      continue;
    }
    yield answer.time;
    const name = yield* nameOf(process, answer.address, options.has('n'));
    const time = `${answer.time.toFixed(3)}ms`;
    const word = answer.arrived ? ' reached' : '';
    put(process, `${String(ttl).padStart(2)}:  ${name.padEnd(53)}${time.padStart(8)}${word}\n`);
    if (answer.arrived) {
      put(process, `     Resume: pmtu ${mtu} hops ${ttl} back ${65 - (answer.ttl ?? 64)} \n`);
      return 0;
    }
  }
  put(process, `     Too many hops: pmtu ${mtu}\n     Resume: pmtu ${mtu} \n`);
  return 0;
};

export const mtr: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'rwnc:bm:i:46',
    long: {
      report: 'r',
      'report-wide': 'w',
      'no-dns': 'n',
      'report-cycles': 'c',
      'max-ttl': 'm',
      interval: 'i',
      'show-ips': 'b',
    },
    usage: '[options] hostname',
  });
  operands(process, options.args, 1, 1);
  if (!options.has('r') && !options.has('w')) fail(process, 'only reports (-r, -w) are modelled by this engine');
  if (options.has('b')) fail(process, '-b is not modelled by this engine');
  const { net, sim, hostname } = process.host;
  const ip = yield* target(process, options.args[0]);
  const cycles = Number(options.value('c') ?? 10);
  const interval = Number(options.value('i') ?? 1) * 1000;
  const most = Number(options.value('m') ?? MAX_TTL);
  const started = sim.now;
  const hops: { address: string | undefined; times: number[] }[] = [];
  for (let cycle = 0; cycle < cycles; cycle++) {
    for (let ttl = 1; ttl <= most; ttl++) {
      const hop = (hops[ttl - 1] ??= { address: undefined, times: [] });
      const answer = probe(net, ip, ttl);
      if (answer) {
        hop.address = answer.address;
        hop.times.push(answer.time);
        if (answer.arrived) break;
      } else if (ttl > 5 && hops.slice(-5).every(({ address }) => address === undefined)) break;
    }
    yield interval;
  }
  // Of those who are silent at the end one is shown.
  while (hops.length > 1 && !hops[hops.length - 1].times.length && !hops[hops.length - 2].times.length) hops.pop();
  const rows: [string, (typeof hops)[number]][] = [];
  for (const hop of hops)
    rows.push([hop.address === undefined ? '???' : yield* nameOf(process, hop.address, options.has('n')), hop]);
  const width = options.has('w') ? Math.max(33, ...rows.map(([name]) => name.length)) : 33;
  put(process, `Start: ${formatDate('%Y-%m-%dT%H:%M:%S+0000', started)}\n`);
  put(process, `HOST: ${hostname.padEnd(width - 6)}      Loss%   Snt   Last   Avg  Best  Wrst StDev\n`);
  rows.forEach(([name, { times }], i) => {
    const loss = `${(((cycles - times.length) / cycles) * 100).toFixed(1)}%`;
    const mean = times.reduce((sum, time) => sum + time, 0) / (times.length || 1);
    const spread = Math.sqrt(times.reduce((sum, time) => sum + (time - mean) ** 2, 0) / (times.length || 1));
    const figures = times.length
      ? [times[times.length - 1], mean, Math.min(...times), Math.max(...times), spread]
      : [0, 0, 0, 0, 0];
    const shown = name.slice(0, width - 6 + 4).padEnd(width - 2);
    put(
      process,
      `${String(i + 1).padStart(3)}.|-- ${shown}${loss.padStart(6)}${String(cycles).padStart(6)}${figures.map((figure) => figure.toFixed(1).padStart(6)).join('')}\n`,
    );
  });
  return 0;
};
