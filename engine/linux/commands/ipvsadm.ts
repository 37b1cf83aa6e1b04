// ipvsadm: the virtual servers of this machine, their real servers and connections; and ipset: the sets that rules ask.

import { capable } from '../capabilities.ts';
import { hostPort, inCidr, ipNumber, parseCidr } from '../net/index.ts';
import { type IpSet, references } from '../net/ipset.ts';
import type { Ipvs } from '../net/ipvs.ts';
import type { Process, Program } from '../types.ts';
import { fail, put } from './options.ts';

export const ipvsadm: Program = function* (process) {
  let command = '';
  let numeric = false;
  let connections = false;
  for (const word of process.argv.slice(1)) {
    const letters = /^-[a-zA-Z]+$/.test(word) ? [...word.slice(1)] : [LONG[word] ?? word];
    for (const letter of letters) {
      if (letter === 'L' || letter === 'l' || letter === 'C') command = letter.toUpperCase();
      else if (letter === 'n') numeric = true;
      else if (letter === 'c') connections = true;
      else fail(process, `ipvsadm: the option ${word} is not modelled by this engine; there are -L, -n, -c and -C`, 2);
    }
  }
  if (!capable(process, 'NET_ADMIN')) {
    fail(
      process,
      "Can't initialize ipvs: Permission denied (you must be root)\nAre you sure that IP Virtual Server is built in the kernel or as module?",
      255,
    );
  }
  const { netfilter } = process.host.net;
  const ipvs = netfilter?.ipvs;
  if (command === 'C') {
    ipvs?.services.clear();
    return 0;
  }
  if (process.argv.length > 1 && !numeric) fail(process, 'ipvsadm: names are not looked up by this engine; add -n', 2);
  put(process, connections ? connectionList(ipvs, process.host.sim.now) : serverList(ipvs));
  return 0;
};

const LONG: Readonly<Record<string, string>> = {
  '--list': 'L',
  '--numeric': 'n',
  '--connection': 'c',
  '--clear': 'C',
};

function serverList(ipvs: Ipvs | undefined): string {
  let out =
    'IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\n' +
    '  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n';
  ipvs?.services.forEach((service) => {
    const flags = service.persistent === undefined ? '' : ` persistent ${service.persistent}`;
    out += `${service.protocol.toUpperCase().padEnd(4)} ${hostPort(service.ip, service.port)} ${service.scheduler}${flags}\n`;
    for (const server of service.servers) {
      const { active, inactive } = ipvs.count(server);
      const numbers = `${String(server.weight).padEnd(6)} ${String(active).padEnd(10)} ${String(inactive).padEnd(10)}`;
      out += `  -> ${hostPort(server.ip, server.port).padEnd(28)} Masq    ${numbers}\n`;
    }
  });
  return out;
}

function connectionList(ipvs: Ipvs | undefined, now: number): string {
  let out = 'IPVS connection entries\npro expire state       source             virtual            destination\n';
  for (const one of ipvs?.list() ?? []) {
    const { entry, client, clientPort, service, server } = one;
    const left = Math.ceil(((ipvs as Ipvs).endOf(one) - now) / 1000);
    const expire = `${String(Math.floor(left / 60)).padStart(2, '0')}:${String(left % 60).padStart(2, '0')}`;
    const state = entry.protocol === 'udp' ? 'UDP' : (STATES[entry.state] ?? entry.state);
    out += `${entry.protocol.toUpperCase().padEnd(3)} ${expire.padEnd(6)} ${state.padEnd(11)} ${hostPort(client, clientPort).padEnd(18)} ${hostPort(service.ip, service.port).padEnd(18)} ${hostPort(server.ip, server.port)}\n`;
  }
  return out;
}

const STATES: Readonly<Record<string, string>> = { SYN_SENT: 'SYN_RECV' };

const SIZES: Readonly<Record<string, string>> = {
  'bitmap:port': 'range 0-65535',
};

export const ipset: Program = function* (process: Process) {
  if (!capable(process, 'NET_ADMIN')) fail(process, 'ipset v7.24: Kernel error received: Operation not permitted', 1);
  const sets = process.host.net.netfilter?.sets ?? new Map<string, IpSet>();
  const [command = '', ...words] = process.argv.slice(1);
  const options = words.filter((word) => word.startsWith('-'));
  const [name, entry] = words.filter((word) => !word.startsWith('-'));
  const wanted = (): IpSet[] => {
    if (name === undefined) return [...sets.values()];
    const set = sets.get(name);
    if (!set) fail(process, 'ipset v7.24: The set with the given name does not exist', 1);
    return [set as IpSet];
  };
  if (command === 'list' || command === '-L' || command === '-n') {
    const terse = options.includes('-t') || options.includes('-terse');
    const names = command === '-n' || options.includes('-n') || options.includes('-name');
    const text = wanted().map((set) => (names ? `${set.name}\n` : setText(process, set, terse)));
    put(process, text.join(names ? '' : '\n'));
    return 0;
  }
  if (command === 'test' && name !== undefined && entry !== undefined) {
    const [set] = wanted();
    const inside = set.members.has(entry) || inRange(set, entry);
    process.stderr.write(`${inside ? 'Warning: ' : ''}${entry} is ${inside ? '' : 'NOT '}in set ${name}.\n`);
    return inside ? 0 : 1;
  }
  return fail(
    process,
    `ipset v7.24: the command ${JSON.stringify(command)} is not modelled by this engine; there are list and test`,
    2,
  );
};

function inRange({ type, members }: IpSet, entry: string): boolean {
  if (type !== 'hash:ip,port,net') return false;
  const at = entry.lastIndexOf(',');
  for (const member of members) {
    if (!member.startsWith(entry.slice(0, at + 1))) continue;
    const range = parseCidr(member.slice(at + 1));
    if (range && inCidr(range, ipNumber(entry.slice(at + 1)))) return true;
  }
  return false;
}

/** Bytes of an empty set and of each member, about as a 64-bit kernel shows them. */
const EMPTY_BYTES = 208;
const MEMBER_BYTES = 64;

function setText({ host: { net } }: Process, set: IpSet, terse: boolean): string {
  const { name, type, members, family } = set;
  const bitmap = type === 'bitmap:port';
  const header = SIZES[type] ?? `family ${family} hashsize 1024 maxelem 65536`;
  return (
    `Name: ${name}\nType: ${type}\nRevision: ${bitmap ? 3 : type === 'hash:ip,port,net' ? 8 : 6}\nHeader: ${header}\n` +
    `Size in memory: ${bitmap ? 8264 : EMPTY_BYTES + MEMBER_BYTES * members.size}\nReferences: ${references(net, set)}\n` +
    `Number of entries: ${members.size}\n${terse ? '' : `Members:\n${[...members].map((one) => `${one}\n`).join('')}`}`
  );
}
