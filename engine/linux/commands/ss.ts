// ss: sockets that listen and connections that are open.

import { serviceName } from '../capture/services.ts';
import type { Process, Program } from '../types.ts';
import { fail, parseOptions, put } from './options.ts';
import { chosenRows, remoteText, type SocketRow, socketRows } from './socket-table.ts';
import { socketFilter } from './ss-filter.ts';

const bracketed = (ip: string) => (ip.includes(':') ? `[${ip}]` : ip);

/** What a state is called where one is asked for. */
const STATES: Record<string, readonly string[]> = {
  established: ['ESTAB'],
  listening: ['LISTEN', 'UNCONN'],
  'close-wait': ['CLOSE-WAIT'],
  'fin-wait-2': ['FIN-WAIT-2'],
  unconnected: ['UNCONN'],
  connected: ['ESTAB', 'CLOSE-WAIT', 'FIN-WAIT-2'],
  synchronized: ['ESTAB', 'CLOSE-WAIT', 'FIN-WAIT-2'],
  all: ['LISTEN', 'UNCONN', 'ESTAB', 'CLOSE-WAIT', 'FIN-WAIT-2'],
};
/** States that sockets pass through too quickly here to be found in. */
const PASSING = new Set([
  'syn-sent',
  'syn-recv',
  'fin-wait-1',
  'time-wait',
  'last-ack',
  'closing',
  'closed',
  'bucket',
  'big',
]);

export const ss: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'tulnpaHr46seimoxwdKE',
    long: {
      tcp: 't',
      udp: 'u',
      listening: 'l',
      numeric: 'n',
      processes: 'p',
      all: 'a',
      'no-header': 'H',
      summary: 's',
      ipv4: '4',
      ipv6: '6',
      extended: 'e',
      info: 'i',
      memory: 'm',
      options: 'o',
      unix: 'x',
      raw: 'w',
      resolve: 'r',
      kill: 'K',
      events: 'E',
    },
    usage: '[ OPTIONS ] [ FILTER ]',
  });
  const refused = options.given.find(([key]) => 'eimoxdrKE'.includes(key));
  if (refused) fail(process, `-${refused[0]} is not modelled by this engine`);
  if (options.has('s')) {
    put(process, summary(socketRows(process)));
    return 0;
  }
  const { rows, words } = inState(process, options);
  const test = socketFilter(process, words);
  show(process, rows.filter(test), options);
  return 0;
};

/** `ss state established …`: a state takes the place of -l and -a. */
function inState(process: Process, options: { args: string[]; has(key: string): boolean }) {
  const words = [...options.args];
  const wanted = new Set<string>();
  let given = false;
  while (words[0] === 'state' || words[0] === 'exclude') {
    const exclude = words.shift() === 'exclude';
    const name = words.shift() ?? '';
    if (PASSING.has(name)) {
      given = true;
      continue;
    }
    const states = STATES[name];
    if (!states) fail(process, `wrong state name: ${name}`, 255);
    if (exclude && !given) for (const state of STATES.all) wanted.add(state);
    for (const state of states)
      if (exclude) wanted.delete(state);
      else wanted.add(state);
    given = true;
  }
  const has = (key: string) => (given && key === 'a') || options.has(key);
  const rows = chosenRows(process, { has }).filter(({ state }) => !given || wanted.has(state));
  return { rows, words };
}

function show(process: Process, shown: SocketRow[], options: { has(key: string): boolean }) {
  const netid = options.has('t') === options.has('u');
  const portText = (port: number) => (options.has('n') ? undefined : serviceName(port)) ?? String(port);
  const cells = shown.map((row) => {
    const peer = remoteText(row);
    const { owner } = row;
    return [
      ...(netid ? [row.protocol] : []),
      row.state,
      '0',
      row.state === 'LISTEN' ? '4096' : '0',
      bracketed(row.local.ip),
      portText(row.local.port),
      bracketed(peer.ip),
      row.remote ? portText(row.remote.port) : peer.port,
      options.has('p') && owner ? `users:(("${owner.name}",pid=${owner.pid},fd=${owner.fd}))` : '',
    ];
  });
  const heads = [
    ...(netid ? ['Netid'] : []),
    'State',
    'Recv-Q',
    'Send-Q',
    'Local Address',
    'Port',
    'Peer Address',
    'Port',
    'Process',
  ];
  if (!options.has('H')) cells.unshift(heads);
  const widths = heads.map((_head, i) => Math.max(...cells.map((line) => line[i].length), heads[i].length));
  const first = netid ? 4 : 3;
  for (const line of cells) {
    let text = '';
    line.forEach((cell, i) => {
      // Addresses are set against their ports, with the colon between.
      if (i === first || i === first + 2) text += `${cell.padStart(widths[i])}:`;
      else text += i === line.length - 1 ? cell : `${cell.padEnd(widths[i])} `;
    });
    put(process, `${text}\n`);
  }
}

function summary(rows: readonly SocketRow[]): string {
  const count = (test: (row: SocketRow) => boolean) => rows.filter(test).length;
  const six = ({ local }: SocketRow) => local.ip.includes(':');
  const tcp = ({ protocol }: SocketRow) => protocol === 'tcp';
  const open = (row: SocketRow) => tcp(row) && row.state !== 'LISTEN';
  const line = (name: string, test: (row: SocketRow) => boolean) => {
    const [all, newer] = [count(test), count((row) => test(row) && six(row))];
    return `${name}\t  ${String(all).padEnd(10)}${String(all - newer).padEnd(10)}${String(newer).padEnd(9)}\n`;
  };
  return (
    `Total: ${rows.length}\nTCP:   ${count(tcp)} (estab ${count(open)}, closed 0, orphaned 0, timewait 0)\n\n` +
    `Transport Total     IP        IPv6\n` +
    line('RAW', () => false) +
    line('UDP', (row) => !tcp(row)) +
    line('TCP', tcp) +
    line('INET', () => true) +
    `FRAG${line('', () => false)}\n`
  );
}
