// conntrack: the connections that this machine's kernel follows.

import { type Co, Signal } from '../../sim/index.ts';
import { capable } from '../capabilities.ts';
import type { Conntrack, ConntrackEntry, ConntrackEvent, Tuple } from '../net/index.ts';
import type { Process, Program } from '../types.ts';
import { fail, put } from './options.ts';

const NUMBERS = { tcp: 6, udp: 17, icmp: 1, icmpv6: 58 };
const TOOL = 'conntrack v1.4.8 (conntrack-tools)';

const isSix = ({ original }: ConntrackEntry) => original.source.includes(':');
const protocolName = (entry: ConntrackEntry) => (entry.protocol === 'icmp' && isSix(entry) ? 'icmpv6' : entry.protocol);

const FILTERS: Record<string, (entry: ConntrackEntry, value: string) => boolean> = {
  '-p': (entry, value) => protocolName(entry) === value,
  '-f': (entry, value) => (value === 'ipv6') === isSix(entry),
  '-s': ({ original }, value) => original.source === value,
  '-d': ({ original }, value) => original.destination === value,
  '-r': ({ reply }, value) => reply.source === value,
  '-q': ({ reply }, value) => reply.destination === value,
  '--sport': ({ original }, value) => original.sport === Number(value),
  '--dport': ({ original }, value) => original.dport === Number(value),
  '--state': ({ state }, value) => state === value.toUpperCase(),
};
const LONG: Record<string, string> = {
  '--family': '-f',
  '--proto': '-p',
  '--src': '-s',
  '--orig-src': '-s',
  '--dst': '-d',
  '--orig-dst': '-d',
  '--reply-src': '-r',
  '--reply-dst': '-q',
  '--orig-port-src': '--sport',
  '--orig-port-dst': '--dport',
  '--list': '-L',
  '--dump': '-L',
  '--delete': '-D',
  '--flush': '-F',
  '--count': '-C',
  '--event': '-E',
  '--event-mask': '-e',
  '--proto-name': '-p',
};

export const conntrack: Program = function* (process: Process) {
  let command: string | undefined;
  let mask: readonly string[] = ['ALL'];
  let stamped = false;
  let extended = false;
  const tests: ((entry: ConntrackEntry) => boolean)[] = [];
  const args = process.argv.slice(1);
  for (let i = 0; i < args.length; i++) {
    const word = LONG[args[i]] ?? args[i];
    const filter = FILTERS[word];
    if (['-L', '-D', '-F', '-C', '-E'].includes(word)) {
      command = word;
      if (args[i + 1] === 'conntrack') i++;
    } else if (filter) {
      const value = args[++i] ?? '';
      tests.push((entry) => filter(entry, value));
    } else if (word === '-g' || word === '--dst-nat') tests.push((entry) => entry.dnat);
    else if (word === '-n' || word === '--src-nat') tests.push((entry) => entry.snat);
    else if (word === '-j' || word === '--any-nat') tests.push((entry) => entry.translated);
    else if (word === '-e') mask = (args[++i] ?? '').toUpperCase().split(/[,|]/);
    else if (word === '-o') {
      const style = args[++i] ?? '';
      if (style === 'timestamp') stamped = true;
      else if (style !== 'extended') fail(process, `-o ${style} is not modelled by this engine`, 2);
      else extended = true;
    } else fail(process, `${TOOL}: Bad parameter: ${args[i]}`, 2);
  }
  if (!capable(process, 'NET_ADMIN'))
    fail(process, `${TOOL}: Operation failed: sorry, you must be root or get CAP_NET_ADMIN capability to do this`);
  const table = process.host.net.rules().conntrack;
  const wanted = (entry: ConntrackEntry) => tests.every((test) => test(entry));
  const { now } = process.host.sim;
  switch (command) {
    case '-L':
    case '-D': {
      const found = table.list().filter(wanted);
      put(
        process,
        found
          .map((entry) => (extended ? (isSix(entry) ? 'ipv6     10 ' : 'ipv4     2 ') : '') + line(entry, now))
          .join(''),
      );
      if (command === '-D') table.remove((entry) => found.includes(entry));
      process.stderr.write(
        `${TOOL}: ${found.length} flow entries have been ${command === '-L' ? 'shown' : 'deleted'}.\n`,
      );
      return command === '-D' && !found.length ? 1 : 0;
    }
    case '-E':
      return yield* events(process, table, wanted, mask, stamped);
    case '-F':
      table.remove(() => true);
      process.stderr.write(`${TOOL}: connection tracking table has been emptied.\n`);
      return 0;
    case '-C':
      put(process, `${table.list().length}\n`);
      return 0;
  }
  return fail(process, `${TOOL}: You need to supply the operation (-L, -D, -F, -C or -E)`, 2);
};

/** What happens to connections, as it happens, until somebody stops it. */
function* events(
  process: Process,
  table: Conntrack,
  wanted: (entry: ConntrackEntry) => boolean,
  mask: readonly string[],
  stamped: boolean,
): Co<number> {
  const kinds: Record<ConntrackEvent['event'], readonly string[]> = {
    NEW: ['NEW', 'ALL'],
    UPDATE: ['UPDATES', 'UPDATE', 'ALL'],
    DESTROY: ['DESTROY', 'ALL'],
  };
  const { sim } = process.host;
  const changed = new Signal();
  let lines = '';
  let count = 0;
  let stopped = false;
  const stop = table.watch((event) => {
    if (!kinds[event.event].some((kind) => mask.includes(kind)) || !wanted(event.entry)) return;
    const time = stamped ? `[${(sim.now / 1000).toFixed(6)}]\t` : '';
    lines += `${time}${eventLine(event)}`;
    count++;
    changed.fire();
  });
  for (const signal of ['INT', 'TERM']) {
    process.handlers.set(signal, () => {
      stopped = true;
      changed.fire();
    });
  }
  try {
    while (!stopped || lines) {
      if (!lines) yield changed;
      const text = lines;
      lines = '';
      if (text) put(process, text);
    }
  } finally {
    stop();
  }
  process.stderr.write(`${TOOL}: ${count} flow events have been shown.\n`);
  return 0;
}

function eventLine({ event, entry, state, timeout }: ConntrackEvent): string {
  const name = `[${event}]`.padStart(9);
  const seconds = event === 'DESTROY' ? '' : ` ${timeout / 1000}`;
  const shown = entry.protocol === 'tcp' && event !== 'DESTROY' ? ` ${state}` : '';
  return `${name} ${numbered(entry)}${seconds}${shown} ${tuples(entry)}${entry.assured ? ' [ASSURED]' : ''}\n`;
}

const numbered = (entry: ConntrackEntry) => `${protocolName(entry).padEnd(8)} ${NUMBERS[protocolName(entry)]}`;

function tuples(entry: ConntrackEntry): string {
  const types = protocolName(entry) === 'icmpv6' ? [128, 129] : [8, 0];
  const text = ({ source, destination, sport, dport }: Tuple, type: number) =>
    entry.protocol === 'icmp'
      ? `src=${source} dst=${destination} type=${type} code=0 id=${sport}`
      : `src=${source} dst=${destination} sport=${sport} dport=${dport}`;
  return `${text(entry.original, types[0])} ${entry.seenReply ? '' : '[UNREPLIED] '}${text(entry.reply, types[1])}`;
}

function line(entry: ConntrackEntry, now: number): string {
  const left = Math.max(0, Math.ceil((entry.expires - now) / 1000));
  const shown = entry.protocol === 'tcp' ? ` ${entry.state}` : '';
  return `${numbered(entry)} ${left}${shown} ${tuples(entry)} ${entry.assured ? '[ASSURED] ' : ''}mark=${entry.mark} use=1\n`;
}
