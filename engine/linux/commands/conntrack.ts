// conntrack: the connections that this machine's kernel follows.

import { capable } from '../capabilities.ts';
import type { ConntrackEntry } from '../net/index.ts';
import type { Process, Program } from '../types.ts';
import { fail, put } from './options.ts';

const NUMBERS = { tcp: 6, udp: 17, icmp: 1 };
const TOOL = 'conntrack v1.4.8 (conntrack-tools)';

const FILTERS: Record<string, (entry: ConntrackEntry, value: string) => boolean> = {
  '-p': ({ protocol }, value) => protocol === value,
  '-s': ({ original }, value) => original.source === value,
  '-d': ({ original }, value) => original.destination === value,
  '-r': ({ reply }, value) => reply.source === value,
  '-q': ({ reply }, value) => reply.destination === value,
  '--sport': ({ original }, value) => original.sport === Number(value),
  '--dport': ({ original }, value) => original.dport === Number(value),
  '--state': ({ state }, value) => state === value.toUpperCase(),
};
const LONG: Record<string, string> = {
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
};

export const conntrack: Program = function* (process: Process) {
  let command: string | undefined;
  const tests: ((entry: ConntrackEntry) => boolean)[] = [];
  const args = process.argv.slice(1);
  for (let i = 0; i < args.length; i++) {
    const word = LONG[args[i]] ?? args[i];
    const filter = FILTERS[word];
    if (['-L', '-D', '-F', '-C'].includes(word)) {
      command = word;
      if (args[i + 1] === 'conntrack') i++;
    } else if (filter) {
      const value = args[++i] ?? '';
      tests.push((entry) => filter(entry, value));
    } else if (word === '-g' || word === '--dst-nat') tests.push((entry) => entry.dnat);
    else if (word === '-n' || word === '--src-nat') tests.push((entry) => entry.snat);
    else if (word === '-j' || word === '--any-nat') tests.push((entry) => entry.translated);
    else if (word !== '-o' || !args[++i]) fail(process, `${TOOL}: Bad parameter: ${args[i]}`, 2);
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
      put(process, found.map((entry) => line(entry, now)).join(''));
      if (command === '-D') table.remove((entry) => found.includes(entry));
      process.stderr.write(
        `${TOOL}: ${found.length} flow entries have been ${command === '-L' ? 'shown' : 'deleted'}.\n`,
      );
      return command === '-D' && !found.length ? 1 : 0;
    }
    case '-F':
      table.remove(() => true);
      process.stderr.write(`${TOOL}: connection tracking table has been emptied.\n`);
      return 0;
    case '-C':
      put(process, `${table.list().length}\n`);
      return 0;
  }
  return fail(process, `${TOOL}: You need to supply the operation (-L, -D, -F or -C)`, 2);
};

function line(entry: ConntrackEntry, now: number): string {
  const { protocol, original, reply, state } = entry;
  const tuple = ({ source, destination, sport, dport }: typeof original, answer: boolean) =>
    protocol === 'icmp'
      ? `src=${source} dst=${destination} type=${answer ? 0 : 8} code=0 id=${sport}`
      : `src=${source} dst=${destination} sport=${sport} dport=${dport}`;
  const left = Math.max(0, Math.ceil((entry.expires - now) / 1000));
  const shown = protocol === 'tcp' ? ` ${state}` : '';
  return `${protocol.padEnd(8)} ${NUMBERS[protocol]} ${left}${shown} ${tuple(original, false)} ${entry.seenReply ? '' : '[UNREPLIED] '}${tuple(reply, true)} ${entry.assured ? '[ASSURED] ' : ''}mark=${entry.mark} use=1\n`;
}
