// lsof -i: open sockets with the processes that hold them.

import { portOfService, serviceName } from '../capture/services.ts';
import type { Process, Program } from '../types.ts';
import { fail, parseOptions, put } from './options.ts';
import { type SocketRow, socketRows } from './socket-table.ts';
import { userName } from './users.ts';

/** As lsof writes the states of TCP. */
const STATES: Record<SocketRow['state'], string> = {
  LISTEN: 'LISTEN',
  UNCONN: '',
  ESTAB: 'ESTABLISHED',
  'CLOSE-WAIT': 'CLOSE_WAIT',
  'FIN-WAIT-2': 'FIN_WAIT2',
};

export const lsof: Program = function* (process) {
  const options = parseOptions(process, { short: 'i::nPts:p:u:c:a', usage: '[-nPt] -i[46][protocol][@host][:port]' });
  for (const key of ['u', 'c', 'a']) if (options.has(key)) fail(process, `-${key} is not modelled by this engine`);
  if (!options.has('i')) fail(process, 'files other than those of -i are not modelled by this engine');
  const tests = options.values('i').map((text) => socketTest(process, text));
  // A word that follows `-i` is its address.
  if (options.args.length && options.values('i').includes(''))
    tests.push(...options.args.map((text) => socketTest(process, text)));
  const wanted = options.args.length ? tests.slice(-options.args.length) : tests;
  const pid = options.value('p');
  const state = /^tcp:(.+)$/i.exec(options.value('s') ?? '')?.[1].toUpperCase();
  const rows = socketRows(process).filter(
    (row) =>
      row.owner &&
      wanted.some((test) => test(row)) &&
      (pid === undefined || pid.split(',').includes(String(row.owner.pid))) &&
      (state === undefined || row.protocol !== 'tcp' || STATES[row.state] === state),
  );
  rows.sort((a, b) => (a.owner?.pid ?? 0) - (b.owner?.pid ?? 0));
  if (!rows.length) return 1;
  if (options.has('t')) {
    for (const number of new Set(rows.map(({ owner }) => owner?.pid))) put(process, `${number}\n`);
    return 0;
  }
  const port = (number: number) => (options.has('P') ? undefined : serviceName(number)) ?? String(number);
  const cells = rows.map((row, i) => {
    const six = row.local.ip.includes(':');
    const host = (ip: string) => (ip === '0.0.0.0' || ip === '::' ? '*' : six ? `[${ip}]` : ip);
    const local = `${host(row.local.ip)}:${port(row.local.port)}`;
    const remote = row.remote ? `->${host(row.remote.ip)}:${port(row.remote.port)}` : '';
    const { owner } = row;
    const fields: string[] = [
      (owner?.name ?? '').slice(0, 9),
      String(owner?.pid ?? ''),
      userName(process, owner?.uid ?? 0) ?? String(owner?.uid ?? 0),
      `${owner?.fd ?? 0}u`,
      six ? 'IPv6' : 'IPv4',
      String(21_000 + i * 17),
      '0t0',
      row.protocol.toUpperCase(),
      `${local}${remote}${row.protocol === 'tcp' ? ` (${STATES[row.state]})` : ''}`,
    ];
    return fields;
  });
  cells.unshift(['COMMAND', 'PID', 'USER', 'FD', 'TYPE', 'DEVICE', 'SIZE/OFF', 'NODE', 'NAME']);
  const widths = cells[0].map((_head, i) => Math.max(...cells.map((line) => (line[i] ?? '').length)));
  for (const line of cells) {
    const text = line.map((cell, i) => {
      if (i === line.length - 1) return cell;
      return i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]);
    });
    put(process, `${text.join(' ')}\n`);
  }
  return 0;
};

/** `tcp:80`, `4`, `UDP@10.0.0.1:53`, `:6443,10250-10256`. */
function socketTest(process: Process, text: string): (row: SocketRow) => boolean {
  const found = /^([46])?(tcp|udp)?(?:@([^:]+|\[.*\]))?(?::(.+))?$/i.exec(text);
  if (!found) return fail(process, `unacceptable Internet address in: -i ${text}`);
  const [, family, protocol, host, ports] = found;
  const ranges = ports?.split(',').map((part): [number, number] => {
    const [low, high = low] = part
      .split('-')
      .map((word) => (/^\d+$/.test(word) ? Number(word) : (portOfService(word) ?? NaN)));
    if (Number.isNaN(low) || Number.isNaN(high)) fail(process, `unknown service ${part} in: -i ${text}`);
    return [low, high];
  });
  return ({ local, remote, protocol: kind }) => {
    if (family && local.ip.includes(':') !== (family === '6')) return false;
    if (protocol && kind !== protocol.toLowerCase()) return false;
    if (host && local.ip !== host && remote?.ip !== host) return false;
    const inside = (port: number | undefined) =>
      port !== undefined && (ranges?.some(([low, high]) => port >= low && port <= high) ?? true);
    return !ranges || inside(local.port) || inside(remote?.port);
  };
}
