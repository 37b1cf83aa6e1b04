// netstat, route, arp and ifconfig: what a network looks like to the older commands.

import { serviceName } from '../capture/services.ts';
import { capable } from '../capabilities.ts';
import { hostPort, ipNumber, ipText, type Link } from '../net/index.ts';
import type { Process, Program } from '../types.ts';
import { counted } from './link-counters.ts';
import { fail, isBusybox, type Options, parseOptions, put } from './options.ts';
import { chosenRows, remoteText, type SocketRow } from './socket-table.ts';

const WORDS: Record<SocketRow['state'], string> = {
  LISTEN: 'LISTEN',
  ESTAB: 'ESTABLISHED',
  UNCONN: '',
  'CLOSE-WAIT': 'CLOSE_WAIT',
  'FIN-WAIT-2': 'FIN_WAIT2',
};

export const netstat: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'tulnpare46Wicsgox',
    long: {
      tcp: 't',
      udp: 'u',
      listening: 'l',
      numeric: 'n',
      programs: 'p',
      all: 'a',
      route: 'r',
      interfaces: 'i',
      statistics: 's',
      wide: 'W',
      continuous: 'c',
      extend: 'e',
      timers: 'o',
      groups: 'g',
      unix: 'x',
    },
    usage: '[-alnptuir]',
  });
  const refused = options.given.find(([key]) => 'csgoxe'.includes(key) && !(key === 'e' && options.has('r')));
  if (refused) fail(process, `-${refused[0]} is not modelled by this engine`);
  if (options.has('r')) put(process, routes(process));
  else if (options.has('i')) put(process, interfaceTable(process, options.has('a')));
  else put(process, connections(process, options));
  return 0;
};

function connections(process: Process, options: Options): string {
  const programs = options.has('p');
  const portText = (port: number) => (options.has('n') ? undefined : serviceName(port)) ?? String(port);
  const title = options.has('l') ? '(only servers)' : options.has('a') ? '(servers and established)' : '(w/o servers)';
  let out = `Active Internet connections ${title}\nProto Recv-Q Send-Q Local Address           Foreign Address         State       ${programs ? 'PID/Program name' : ''}\n`;
  for (const row of chosenRows(process, options)) {
    const { owner } = row;
    const owned = programs ? (owner ? `${owner.pid}/${owner.name}` : '-') : '';
    const local = endText(row.local.ip, portText(row.local.port));
    const { ip, port } = remoteText(row);
    const remote = endText(ip, row.remote ? portText(row.remote.port) : port);
    const protocol = row.local.ip.includes(':') ? `${row.protocol}6` : row.protocol;
    out += `${protocol.padEnd(5)} ${'0'.padStart(6)} ${'0'.padStart(6)} ${local.padEnd(23)} ${remote.padEnd(23)} ${WORDS[row.state].padEnd(11)} ${owned}\n`;
  }
  return out;
}

/** netstat writes addresses of IPv6 without brackets. */
const endText = (ip: string, port: string) => (ip.includes(':') ? `${ip}:${port}` : hostPort(ip, port));

function interfaceTable(process: Process, all: boolean): string {
  let out = 'Kernel Interface table\nIface      MTU    RX-OK RX-ERR RX-DRP RX-OVR    TX-OK TX-ERR TX-DRP TX-OVR Flg\n';
  for (const link of counted(process.host.net)) {
    if (!link.up && !all) continue;
    const letters = `${link.kind === 'loopback' ? 'L' : link.kind === 'dummy' ? 'BO' : 'BM'}${link.up ? 'RU' : ''}`;
    const number = (value: number) => String(value).padStart(8);
    out += `${link.name.padEnd(8)}${String(link.mtu).padStart(6)} ${number(link.receivedPackets)}      0      0 0      ${number(link.sentPackets)}      0      0      0 ${letters}\n`;
  }
  return out;
}

const mask = (bits: number) => ipText(bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0);

/** The routing table as `route -n` and `netstat -r` show it. */
function routes(process: Process): string {
  const { net } = process.host;
  let out = 'Kernel IP routing table\nDestination     Gateway         Genmask         Flags Metric Ref    Use Iface\n';
  const shown = net.routes.entries.filter(({ destination }) => destination.upper === undefined);
  for (const { destination, via, link, metric } of shown.reverse()) {
    const flags = `U${via ? 'G' : ''}${destination.bits === 32 ? 'H' : ''}`;
    out += `${ipText(destination.base).padEnd(15)} ${(via ?? '0.0.0.0').padEnd(15)} ${mask(destination.bits).padEnd(15)} ${flags.padEnd(5)} ${String(metric ?? 0).padEnd(6)} 0        0 ${link.name}\n`;
  }
  return out;
}

export const route: Program = function* (process) {
  const options = parseOptions(process, { short: 'ne', usage: '[-n]' });
  if (options.args.length) fail(process, 'change routes with ip route');
  put(process, routes(process));
  return 0;
};

// ---- arp ---------------------------------------------------------------------------------------------------

export const arp: Program = function* (process) {
  const options = parseOptions(process, { short: 'ani:dsev', usage: '[-an] [-i if] [hostname]' });
  const { net } = process.host;
  const [host] = options.args;
  if (options.has('s')) fail(process, 'set neighbours is not modelled by this engine');
  if (options.has('d')) {
    if (!capable(process, 'NET_ADMIN')) fail(process, 'SIOCDARP(dontpub): Operation not permitted', 255);
    if (!net.neighbours.delete(host ?? '')) fail(process, `SIOCDARP(dontpub): No such file or directory`, 255);
    return 0;
  }
  const device = options.value('i');
  const entries: [string, string, string][] = [];
  net.neighbours.forEach(({ mac, link }, ip) => {
    if (ip.includes(':') || (device !== undefined && link.name !== device)) return;
    if (host === undefined || host === ip) entries.push([ip, mac, link.name]);
  });
  if (host !== undefined && !entries.length) {
    put(process, `${host} (${host}) -- no entry\n`);
    return 0;
  }
  if (options.has('a') || isBusybox(process)) {
    const gap = isBusybox(process) ? '  ' : ' ';
    for (const [ip, mac, name] of entries) put(process, `? (${ip}) at ${mac} [ether]${gap}on ${name}\n`);
    return 0;
  }
  if (entries.length)
    put(process, 'Address                  HWtype  HWaddress           Flags Mask            Iface\n');
  for (const [ip, mac, name] of entries)
    put(process, `${ip.padEnd(25)}ether   ${mac}   C                     ${name}\n`);
  return 0;
};

// ---- ifconfig ----------------------------------------------------------------------------------------------

export const ifconfig: Program = function* (process) {
  const options = parseOptions(process, { short: 'as', usage: '[-a] [interface]' });
  const [name, ...words] = options.args;
  if (words.length) fail(process, 'change interfaces with ip link and ip address');
  if (options.has('s')) {
    put(process, interfaceTable(process, options.has('a')).replace(/^.*\n/, ''));
    return 0;
  }
  const links = counted(process.host.net);
  if (name !== undefined && !links.some((link) => link.name === name)) {
    process.stderr.write(
      isBusybox(process)
        ? `ifconfig: ${name}: error fetching interface information: Device not found\n`
        : `${name}: error fetching interface information: Device not found\n`,
    );
    return 1;
  }
  const shown =
    name === undefined ? links.filter(({ up }) => up || options.has('a')) : links.filter((link) => link.name === name);
  const text = isBusybox(process) ? busyboxInterface : interfaceText;
  for (const link of shown) put(process, `${text(link)}\n`);
  return 0;
};

/** Bytes as a person reads them, in steps of 1,000 or of 1,024. */
function sized(bytes: number, step: number, units: readonly string[]): string {
  let value = bytes;
  let unit = 0;
  while (value >= step && unit < units.length - 1) {
    value /= step;
    unit++;
  }
  return `${value.toFixed(1)} ${units[unit]}`;
}

function addressParts(link: Link) {
  return link.addresses.map(({ ip, bits }) => {
    const six = ip.includes(':');
    const host = six || bits === 0 ? 0 : 2 ** (32 - bits) - 1;
    const broadcast = six ? '' : ipText((ipNumber(ip) | host) >>> 0);
    return { ip, bits, six, mask: six ? '' : mask(bits), broadcast };
  });
}

function flagsOf(link: Link): { bits: number; words: string[] } {
  const words: [string, number][] = [];
  if (link.up) words.push(['UP', 1]);
  if (link.kind === 'loopback') words.push(['LOOPBACK', 8]);
  else words.push(['BROADCAST', 2]);
  if (link.up) words.push(['RUNNING', 64]);
  if (link.kind === 'dummy') words.push(['NOARP', 128]);
  else if (link.kind !== 'loopback') words.push(['MULTICAST', 4096]);
  return { bits: words.reduce((sum, [, bit]) => sum + bit, 0), words: words.map(([word]) => word) };
}

function interfaceText(link: Link): string {
  const { bits, words } = flagsOf(link);
  const loopback = link.kind === 'loopback';
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let out = `${link.name}: flags=${bits}<${words.join(',')}>  mtu ${link.mtu}\n`;
  for (const { ip, bits: prefix, six, mask: netmask, broadcast } of addressParts(link)) {
    if (six) out += `        inet6 ${ip}  prefixlen ${prefix}  scopeid ${loopback ? '0x10<host>' : '0x0<global>'}\n`;
    else out += `        inet ${ip}  netmask ${netmask}${loopback ? '' : `  broadcast ${broadcast}`}\n`;
  }
  out += loopback
    ? '        loop  txqueuelen 1000  (Local Loopback)\n'
    : `        ether ${link.mac}  txqueuelen ${link.kind === 'veth' ? 0 : 1000}  (Ethernet)\n`;
  out += `        RX packets ${link.receivedPackets}  bytes ${link.receivedBytes} (${sized(link.receivedBytes, 1000, units)})\n        RX errors 0  dropped 0  overruns 0  frame 0\n`;
  out += `        TX packets ${link.sentPackets}  bytes ${link.sentBytes} (${sized(link.sentBytes, 1000, units)})\n        TX errors 0  dropped 0 overruns 0  carrier 0  collisions 0\n`;
  return out;
}

function busyboxInterface(link: Link): string {
  const loopback = link.kind === 'loopback';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let out = `${link.name.padEnd(10)}Link encap:${loopback ? 'Local Loopback  ' : `Ethernet  HWaddr ${link.mac.toUpperCase()}  `}\n`;
  for (const { ip, bits, six, mask: netmask, broadcast } of addressParts(link)) {
    if (six) out += `          inet6 addr: ${ip}/${bits} Scope:${loopback ? 'Host' : 'Global'}\n`;
    else out += `          inet addr:${ip}${loopback ? '' : `  Bcast:${broadcast}`}  Mask:${netmask}\n`;
  }
  out += `          ${flagsOf(link).words.join(' ')}  MTU:${link.mtu}  Metric:1\n`;
  out += `          RX packets:${link.receivedPackets} errors:0 dropped:0 overruns:0 frame:0\n          TX packets:${link.sentPackets} errors:0 dropped:0 overruns:0 carrier:0\n`;
  out += `          collisions:0 txqueuelen:${link.kind === 'veth' ? 0 : 1000} \n`;
  out += `          RX bytes:${link.receivedBytes} (${sized(link.receivedBytes, 1024, units)})  TX bytes:${link.sentBytes} (${sized(link.sentBytes, 1024, units)})\n`;
  return out;
}
