// ss and netstat: sockets that listen and connections that are open.

import type { Address } from '../net/index.ts';
import type { Process, Program } from '../types.ts';
import { parseOptions, put } from './options.ts';

interface Row {
  protocol: 'tcp' | 'udp';
  state: 'LISTEN' | 'ESTAB' | 'UNCONN';
  local: Address;
  peer: string;
  process: Process | undefined;
}

function rows(process: Process): Row[] {
  const { net } = process.host;
  const out: Row[] = [];
  for (const socket of net.datagramSockets()) {
    const local = { ip: socket.address, port: socket.port };
    out.push({ protocol: 'udp', state: 'UNCONN', local, peer: '0.0.0.0:*', process: socket.process });
  }
  for (const listener of net.listening()) {
    const local = { ip: listener.address, port: listener.port };
    out.push({ protocol: 'tcp', state: 'LISTEN', local, peer: '0.0.0.0:*', process: listener.process });
  }
  for (const { local, remote } of net.connections()) {
    out.push({ protocol: 'tcp', state: 'ESTAB', local, peer: `${remote.ip}:${remote.port}`, process: undefined });
  }
  return out;
}

const command = ({ argv }: Process) => argv[0].slice(argv[0].lastIndexOf('/') + 1);

function chosen(process: Process, options: { has(key: string): boolean }): Row[] {
  const both = options.has('t') === options.has('u');
  return rows(process).filter(({ protocol, state }) => {
    if (!both && !options.has(protocol === 'tcp' ? 't' : 'u')) return false;
    if (options.has('a')) return true;
    const listens = state !== 'ESTAB';
    return options.has('l') ? listens : !listens;
  });
}

export const ss: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'tulnpaH46sei',
    long: { tcp: 't', udp: 'u', listening: 'l', numeric: 'n', processes: 'p', all: 'a', 'no-header': 'H' },
    usage: '[ OPTIONS ] [ FILTER ]',
  });
  let shown = chosen(process, options);
  const filter = /^(s|d)port\s*=\s*:(\d+)$/.exec(
    options.args
      .join(' ')
      .replace(/^\(|\)$/g, '')
      .trim(),
  );
  if (filter) {
    const port = Number(filter[2]);
    shown = shown.filter(({ local, peer }) => (filter[1] === 's' ? local.port === port : peer.endsWith(`:${port}`)));
  }
  const netid = options.has('t') === options.has('u');
  const cells = shown.map((row) => [
    ...(netid ? [row.protocol] : []),
    row.state,
    '0',
    row.state === 'LISTEN' ? '4096' : '0',
    row.local.ip,
    String(row.local.port),
    row.peer.slice(0, row.peer.lastIndexOf(':')),
    row.peer.slice(row.peer.lastIndexOf(':') + 1),
    options.has('p') && row.process ? `users:(("${command(row.process)}",pid=${row.process.pid},fd=3))` : '',
  ]);
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
  return 0;
};

export const netstat: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'tulnpare46W',
    long: { tcp: 't', udp: 'u', listening: 'l', numeric: 'n', programs: 'p', all: 'a', route: 'r' },
    usage: '[-alnptur]',
  });
  if (options.has('r')) {
    put(process, routes(process));
    return 0;
  }
  const programs = options.has('p');
  const title = options.has('l') ? '(only servers)' : options.has('a') ? '(servers and established)' : '(w/o servers)';
  let out = `Active Internet connections ${title}\nProto Recv-Q Send-Q Local Address           Foreign Address         State       ${programs ? 'PID/Program name' : ''}\n`;
  const words = { LISTEN: 'LISTEN', ESTAB: 'ESTABLISHED', UNCONN: '' };
  for (const row of chosen(process, options)) {
    const owner = programs ? `${row.process ? `${row.process.pid}/${command(row.process)}` : '-'}` : '';
    const local = `${row.local.ip}:${row.local.port}`;
    out += `${row.protocol.padEnd(5)} ${'0'.padStart(6)} ${'0'.padStart(6)} ${local.padEnd(23)} ${row.peer.padEnd(23)} ${words[row.state].padEnd(11)} ${owner}\n`;
  }
  put(process, out);
  return 0;
};

/** The routing table as `route -n` and `netstat -r` show it. */
function routes(process: Process): string {
  const { net } = process.host;
  let out = 'Kernel IP routing table\nDestination     Gateway         Genmask         Flags Metric Ref    Use Iface\n';
  const text = (number: number) => [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
  for (const { destination, via, link, metric } of [...net.routes.entries].reverse()) {
    const flags = `U${via ? 'G' : ''}${destination.bits === 32 ? 'H' : ''}`;
    out += `${text(destination.base).padEnd(15)} ${(via ?? '0.0.0.0').padEnd(15)} ${text(destination.mask).padEnd(15)} ${flags.padEnd(5)} ${String(metric ?? 0).padEnd(6)} 0        0 ${link.name}\n`;
  }
  return out;
}

export const route: Program = function* (process) {
  const options = parseOptions(process, { short: 'ne', usage: '[-n]' });
  if (options.args.length) {
    process.stderr.write('route: change routes with ip route\n');
    return 1;
  }
  put(process, routes(process));
  return 0;
};
