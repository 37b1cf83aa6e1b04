// The sockets of a machine with their owners, as ss, netstat and lsof list them.

import { commandOf } from '../host.ts';
import type { Address } from '../net/index.ts';
import type { Process } from '../types.ts';

export interface SocketRow {
  protocol: 'tcp' | 'udp';
  state: 'LISTEN' | 'UNCONN' | 'ESTAB' | 'CLOSE-WAIT' | 'FIN-WAIT-2';
  local: Address;
  /** Of a connection. */
  remote: Address | undefined;
  owner: { pid: number; name: string; uid: number; fd: number } | undefined;
}

/** File descriptors 0, 1 and 2 are taken. */
const FIRST_FD = 3;

interface Owned {
  process?: Process;
  service?: string;
}

/** Sockets that listen, then open connections. */
export function socketRows(viewer: Process): SocketRow[] {
  const { host } = viewer;
  const { net } = host;
  let others: Process[] | undefined;
  const fds = new Map<number, number>();
  const ownerOf = ({ process, service }: Owned): SocketRow['owner'] => {
    if (!process && service === undefined) return undefined;
    others ??= host.others?.() ?? [];
    // A container's process has a number of its own on the node.
    const shown =
      process && host.processes.get(process.pid) === process
        ? process
        : others.find((one) =>
            process ? one === process || Object.getPrototypeOf(one) === process : commandOf(one) === service,
          );
    if (!shown) return undefined;
    const fd = fds.get(shown.pid) ?? FIRST_FD;
    fds.set(shown.pid, fd + 1);
    return { pid: shown.pid, name: commandOf(shown), uid: shown.uid, fd };
  };
  const rows: SocketRow[] = [];
  for (const socket of net.datagramSockets()) {
    const local = { ip: socket.address, port: socket.port };
    rows.push({ protocol: 'udp', state: 'UNCONN', local, remote: undefined, owner: ownerOf(socket) });
  }
  for (const listener of net.listening()) {
    const local = { ip: listener.address, port: listener.port };
    rows.push({ protocol: 'tcp', state: 'LISTEN', local, remote: undefined, owner: ownerOf(listener) });
  }
  for (const socket of net.connections()) {
    const { state = 'ESTAB', local, remote } = socket;
    rows.push({ protocol: 'tcp', state, local, remote, owner: ownerOf(socket) });
  }
  return rows;
}

export const listens = ({ state }: SocketRow): boolean => state === 'LISTEN' || state === 'UNCONN';

/** The other end as it is written; of a socket that listens: any. */
export function remoteText({ local, remote }: SocketRow): { ip: string; port: string } {
  if (remote) return { ip: remote.ip, port: String(remote.port) };
  return { ip: local.ip.includes(':') ? '::' : '0.0.0.0', port: '*' };
}

/** Which of them `-t`, `-u`, `-l`, `-a`, `-4` and `-6` ask for. */
export function chosenRows(viewer: Process, options: { has(key: string): boolean }): SocketRow[] {
  // Raw sockets are there for an instant only.
  if (options.has('w') && !options.has('t') && !options.has('u')) return [];
  const both = options.has('t') === options.has('u');
  return socketRows(viewer).filter((row) => {
    if (!both && !options.has(row.protocol === 'tcp' ? 't' : 'u')) return false;
    const six = row.local.ip.includes(':');
    if (options.has('4') !== options.has('6') && options.has('6') !== six) return false;
    if (options.has('a')) return true;
    return options.has('l') === listens(row);
  });
}
