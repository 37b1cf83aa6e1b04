// ip and bridge: interfaces, addresses, routes, neighbours.

import {
  canonical,
  type Cidr,
  DEFAULT_ROUTE,
  DEFAULT_ROUTE6,
  type InterfaceAddress,
  ipNumber,
  ipText,
  type Link,
  type NetworkNamespace,
  parse6,
  parseCidr,
  type RouteEntry,
  vethPair,
} from '../net/index.ts';
import { capable } from '../capabilities.ts';
import { counted } from './link-counters.ts';
import { detailLines, statisticLines } from './link-details.ts';
import type { Process, Program } from '../types.ts';
import { Exit } from '../io.ts';
import { fail, isBusybox, put } from './options.ts';

/** A neighbour that was heard of within so long is reachable, then its entry is stale. */
const REACHABLE = 30_000;
const QUEUES = {
  loopback: 'noqueue',
  device: 'fq_codel',
  veth: 'noqueue',
  bridge: 'noqueue',
  dummy: 'noop',
  vxlan: 'noqueue',
};

function refuse(process: Process, message: string, status = 2): never {
  process.stderr.write(`${isBusybox(process) ? 'ip: ' : ''}${message}\n`);
  throw new Exit(status);
}

function flags(link: Link): string {
  const words = link.kind === 'loopback' ? ['LOOPBACK'] : ['BROADCAST', 'MULTICAST'];
  if (link.kind === 'dummy') words[1] = 'NOARP';
  if (link.up) words.push('UP', 'LOWER_UP');
  return `<${words.join(',')}>`;
}

const state = (link: Link) =>
  !link.up ? 'DOWN' : link.kind === 'loopback' || link.kind === 'dummy' || link.kind === 'vxlan' ? 'UNKNOWN' : 'UP';
const shownName = (link: Link) => (link.peer ? `${link.name}@if${link.peer.index}` : link.name);

/** `busybox`: its ip says less of a link. */
function linkLines(link: Link, busybox: boolean): string {
  const master = link.master ? ` master ${link.master.name}` : '';
  const kind = link.kind === 'loopback' ? 'link/loopback' : 'link/ether';
  const brd = link.kind === 'loopback' ? '00:00:00:00:00:00' : 'ff:ff:ff:ff:ff:ff';
  const peer =
    !busybox && link.peer && link.peer.namespace !== link.namespace ? ` link-netnsid ${peerNumber(link)}` : '';
  const more = busybox ? '' : ` state ${state(link)} mode DEFAULT group default`;
  return (
    `${link.index}: ${shownName(link)}: ${flags(link)} mtu ${link.mtu} qdisc ${QUEUES[link.kind]}${master}${more} qlen 1000\n` +
    `    ${kind} ${link.mac} brd ${brd}${peer}\n`
  );
}

/** Other namespaces are numbered in the order in which links to them came. */
function peerNumber(link: Link): number {
  return link.namespace.links.filter((other) => other.peer && other.index < link.index).length;
}

const LINK_LOCAL = 'fe80::';

/** Where IPv6 is in use every interface has an address of its link too, which follows from its hardware address. */
function linkLocal({ kind, up, mac, namespace }: Link): InterfaceAddress | undefined {
  if (!up || kind === 'loopback' || kind === 'dummy' || !namespace.addresses.some(isSixText)) return undefined;
  const [first, ...rest] = mac.split(':').map((part) => parseInt(part, 16));
  const bytes = [first ^ 2, ...rest.slice(0, 2), 0xff, 0xfe, ...rest.slice(2)];
  const groups = [0, 2, 4, 6].map((i) => ((bytes[i] << 8) | bytes[i + 1]).toString(16));
  return { ip: canonical(`${LINK_LOCAL}${groups.join(':')}`), bits: 64 };
}

const isSixText = (ip: string) => ip.includes(':');

function addressesOf(link: Link): readonly InterfaceAddress[] {
  const own = linkLocal(link);
  return own ? [...link.addresses, own] : link.addresses;
}

type Wanted = (one: InterfaceAddress) => boolean;

function addressLines(link: Link, wanted: Wanted, busybox: boolean): string {
  let out = linkLines(link, busybox).replace(' mode DEFAULT', '');
  for (const { ip, bits } of addressesOf(link).filter(wanted)) {
    if (ip.includes(':')) {
      const reach =
        link.kind === 'loopback' ? 'host noprefixroute' : ip.startsWith(LINK_LOCAL) ? 'link proto kernel_ll' : 'global';
      out += `    inet6 ${ip}/${bits} scope ${reach} \n       valid_lft forever preferred_lft forever\n`;
      continue;
    }
    const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
    const broadcast = link.kind === 'loopback' || bits >= 31 ? '' : ` brd ${ipText((ipNumber(ip) | ~mask) >>> 0)}`;
    const scope = link.kind === 'loopback' ? 'host' : 'global';
    out += `    inet ${ip}/${bits}${broadcast} scope ${scope} ${link.name}\n       valid_lft forever preferred_lft forever\n`;
  }
  return out;
}

function routeLine(route: RouteEntry): string {
  const { destination, via, link, source, protocol, metric } = route;
  if (destination.upper) {
    const to = destination.bits === 0 ? 'default' : destination.text.replace(/\/128$/, '');
    const by = protocol === 'boot' ? '' : ` proto ${protocol}`;
    const way = via ? ` via ${via}` : '';
    return `${to}${way} dev ${link.name}${by} metric ${metric ?? (protocol === 'kernel' ? 256 : 1024)} pref medium\n`;
  }
  let line =
    destination.bits === 0 ? 'default' : destination.bits === 32 ? destination.text.slice(0, -3) : destination.text;
  if (via) line += ` via ${via}`;
  line += ` dev ${link.name}`;
  if (protocol !== 'boot') line += ` proto ${protocol}`;
  if (!via) line += ' scope link';
  if (source) line += ` src ${source}`;
  if (metric) line += ` metric ${metric}`;
  return `${line} \n`;
}

const matches = (word: string, full: string) => word !== '' && full.startsWith(word);

export const ip: Program = function* (process) {
  const args = process.argv.slice(1);
  let brief = false;
  let oneLine = false;
  let six = false;
  let four = false;
  let details = false;
  let statistics = false;
  while (args[0]?.startsWith('-')) {
    const option = args.shift() as string;
    if (option === '-br' || option === '-brief') brief = true;
    else if (option === '-o' || option === '-oneline') oneLine = true;
    else if (option === '-6') six = true;
    else if (option === '-4') four = true;
    else if (option === '-d' || option === '-details') details = true;
    else if (option === '-s' || option === '-stats' || option === '-statistics') statistics = true;
    else if (option === '-V') {
      put(process, 'ip utility, iproute2-6.15.0\n');
      return 0;
    } else if (!['-c', '-color', '-color=auto'].includes(option)) {
      refuse(process, `Option "${option}" is unknown, try "ip -help".`, 255);
    }
  }
  const [object = '', typed = 'show', ...rest] = args;
  // `ip a s`; of links, `s` is `set`.
  const command = typed !== '' && 'show'.startsWith(typed) && !matches(object, 'link') ? 'show' : typed;
  const wanted: Wanted = (one) => (isSix(one) ? !four : !six);
  const { net } = process.host;
  const change = command !== 'show' && command !== 'list' && command !== 'ls' && command !== 'get';
  if (change && !capable(process, 'NET_ADMIN')) refuse(process, 'RTNETLINK answers: Operation not permitted');
  const out = (lines: string[]) =>
    put(process, lines.map((text) => (oneLine ? `${text.trimEnd().replace(/\n/g, '\\')}\n` : text)).join(''));
  const more = (link: Link, text: string) => {
    const detailed = details
      ? text.replace(/^(.*\n.*)\n/, (_all, lines: string) => `${lines}${detailLines(link)}\n`)
      : text;
    return statistics && !brief ? detailed + statisticLines(link) : detailed;
  };
  if (statistics) counted(net);
  if (matches(object, 'link')) {
    if (change) changeLink(process, net, command, rest);
    else
      out(
        chosen(process, net, rest).map((link) =>
          brief ? briefLink(link) : more(link, linkLines(link, isBusybox(process))),
        ),
      );
  } else if (matches(object, 'address') || object === 'addr') {
    if (change) changeAddress(process, net, command, rest);
    else
      out(
        chosen(process, net, rest)
          .filter((link) => (!six && !four) || addressesOf(link).some(wanted))
          .map((link) =>
            brief ? briefAddress(link, wanted) : more(link, addressLines(link, wanted, isBusybox(process))),
          ),
      );
  } else if (matches(object, 'route') || object === 'ro') {
    if (command === 'get') put(process, routeGet(process, net, rest[0]));
    else if (change) changeRoute(process, net, command, rest, six);
    else put(process, showRoutes(net, rest, six));
  } else if (matches(object, 'neighbour') || object === 'neigh') {
    if (command === 'flush') {
      net.neighbours.clear();
      return 0;
    }
    if (change) refuse(process, `Command "${command}" is unknown, try "ip neigh help".`, 255);
    const dev = rest[rest.indexOf('dev') + 1];
    let text = '';
    net.neighbours.forEach(({ mac, link, at, permanent }, address) => {
      if ((rest.includes('dev') && link.name !== dev) || (isSixText(address) ? four : six)) return;
      const fresh = process.host.sim.now - at < REACHABLE;
      text += `${address} dev ${link.name} lladdr ${mac} ${permanent ? 'PERMANENT' : fresh ? 'REACHABLE' : 'STALE'} \n`;
    });
    put(process, text);
  } else if (object === 'netns') {
    if (change) refuse(process, 'network namespaces cannot be made or entered by name in this engine', 1);
    put(
      process,
      net.links
        .filter(({ peer }) => peer && peer.namespace !== net)
        .map((link) => `cni-${namespaceId(link)} (id: ${peerNumber(link)})\n`)
        .reverse()
        .join(''),
    );
  } else if (matches(object, 'rule')) {
    put(process, '0:\tfrom all lookup local\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n');
  } else
    refuse(
      process,
      object ? `Object "${object}" is unknown, try "ip help".` : 'Usage: ip [ OPTIONS ] OBJECT { COMMAND | help }',
      object ? 1 : 255,
    );
  return 0;
};

/** The name under which the runtime keeps a Pod's namespace: it stands for the veth's own digits. */
function namespaceId(link: Link): string {
  const hex = link.name.replace(/^veth/, '').padEnd(8, '0');
  const mac = (link.peer?.mac ?? '').replace(/:/g, '');
  return `${hex.slice(0, 8)}-${mac.slice(0, 4)}-${mac.slice(4, 8)}-${mac.slice(8, 12)}-${hex.slice(0, 8)}${mac.slice(0, 4)}`;
}

function chosen(process: Process, net: NetworkNamespace, words: readonly string[]): Link[] {
  let links: Link[] = [...net.links];
  for (let i = 0; i < words.length; i++) {
    if (words[i] === 'type') {
      const kind = words[++i];
      links = links.filter((link) => link.kind === kind);
    } else if (words[i] === 'master') {
      const master = words[++i];
      links = links.filter((link) => link.master?.name === master);
    } else if (words[i] === 'up') links = links.filter((link) => link.up);
    else {
      const name = words[i] === 'dev' ? words[++i] : words[i];
      if (!net.link(name)) refuse(process, `Device "${name}" does not exist.`, 1);
      links = links.filter((link) => link.name === name);
    }
  }
  return links;
}

const briefLink = (link: Link) => `${shownName(link).padEnd(17)}${state(link).padEnd(15)}${link.mac} ${flags(link)} \n`;

const isSix = ({ ip }: InterfaceAddress) => ip.includes(':');
const briefAddress = (link: Link, wanted: Wanted) =>
  `${shownName(link).padEnd(17)}${state(link).padEnd(15)}${addressesOf(link)
    .filter(wanted)
    .map((one) => `${one.ip}/${one.bits} `)
    .join('')}\n`;

function need(process: Process, net: NetworkNamespace, name: string | undefined): Link {
  const link = name === undefined ? undefined : net.link(name);
  return link ?? refuse(process, `Cannot find device "${name ?? ''}"`, 1);
}

function changeLink(process: Process, net: NetworkNamespace, command: string, words: readonly string[]) {
  const at = words.indexOf('dev');
  const rest = words.filter((_word, i) => i !== at);
  if (command === 'set') {
    const link = need(process, net, rest[0]);
    for (let i = 1; i < rest.length; i++) {
      if (rest[i] === 'up' || rest[i] === 'down') {
        link.up = rest[i] === 'up';
        net.routes.changed();
      } else if (rest[i] === 'mtu') link.mtu = Number(rest[++i]);
      else if (rest[i] === 'master') {
        link.release();
        link.enslave(need(process, net, rest[++i]));
      } else if (rest[i] === 'nomaster') link.release();
      else refuse(process, `Error: either "dev" is duplicate, or "${rest[i]}" is a garbage.`, 255);
    }
    return;
  }
  if (command === 'del' || command === 'delete') {
    net.removeLink(need(process, net, rest[0]));
    return;
  }
  if (command !== 'add') refuse(process, `Command "${command}" is unknown, try "ip link help".`, 255);
  const name = rest[0] === 'name' ? rest[1] : rest[0];
  const type = rest[rest.indexOf('type') + 1];
  if (net.link(name)) refuse(process, 'RTNETLINK answers: File exists');
  const mac = () => `${net.network.sim.random('mac').hex(10).match(/../g)?.join(':') ?? ''}`;
  if (type === 'bridge' || type === 'dummy') net.addLink(type, name, `ae:${mac()}`);
  else if (type === 'veth') {
    const peer = rest[rest.indexOf('peer') + 1] === 'name' ? rest[rest.indexOf('peer') + 2] : 'veth0';
    vethPair({ namespace: net, name, mac: `ae:${mac()}` }, { namespace: net, name: peer, mac: `ae:${mac()}` });
  } else refuse(process, `Error: Unknown device type "${type ?? ''}"; bridge, dummy and veth are modelled.`);
}

function changeAddress(process: Process, net: NetworkNamespace, command: string, words: readonly string[]) {
  const at = words.indexOf('dev');
  if (command === 'flush') {
    const link = need(process, net, words[at + 1] ?? words[0]);
    for (const one of [...link.addresses]) net.removeAddress(link, one.ip);
    return;
  }
  if (command !== 'add' && command !== 'del' && command !== 'delete') {
    refuse(process, `Command "${command}" is unknown, try "ip address help".`, 255);
  }
  const link = need(process, net, at < 0 ? undefined : words[at + 1]);
  const [address, bits = isSixText(words[0]) ? '128' : '32'] = words[0].split('/');
  if (!parseCidr(words[0])) refuse(process, `Error: any valid prefix is expected rather than "${words[0]}".`, 1);
  if (command === 'add') {
    if (link.has(address)) refuse(process, 'RTNETLINK answers: File exists');
    net.assign(link, address, Number(bits));
  } else if (link.has(address)) net.removeAddress(link, address);
  else refuse(process, 'RTNETLINK answers: Cannot assign requested address');
}

function showRoutes(net: NetworkNamespace, words: readonly string[], six: boolean): string {
  const dev = words.includes('dev') ? words[words.indexOf('dev') + 1] : undefined;
  const shown = net.routes.entries.filter(
    ({ link, destination }) => (dev === undefined || link.name === dev) && (destination.upper !== undefined) === six,
  );
  if (six) return routes6(net, shown, dev);
  const key = (route: RouteEntry) => (route.destination.bits === 0 ? -1 : route.destination.base);
  return [...shown]
    .sort((a, b) => key(a) - key(b))
    .map(routeLine)
    .join('');
}

/** In the order of their addresses, the default one last; each link has routes to its own neighbours and to addresses that stand alone. */
function routes6(net: NetworkNamespace, shown: readonly RouteEntry[], dev: string | undefined): string {
  const value = ({ destination: { text, bits } }: RouteEntry) =>
    bits === 0 ? 1n << 128n : (parse6(text.slice(0, text.indexOf('/'))) ?? 0n);
  const own: RouteEntry[] = [];
  for (const link of net.links) {
    if (!linkLocal(link) || (dev !== undefined && link.name !== dev)) continue;
    const add = (range: string) => own.push({ destination: parseCidr(range) as Cidr, link, protocol: 'kernel' });
    for (const { ip, bits } of link.addresses) if (bits === 128) add(ip);
    add('fe80::/64');
  }
  return [...shown, ...own]
    .map((route) => ({ route, at: value(route) }))
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
    .map(({ route }) => routeLine(route))
    .join('');
}

function routeGet(process: Process, net: NetworkNamespace, to: string | undefined): string {
  if (to === undefined || ipNumber(to) < 0)
    refuse(process, `Error: any valid prefix is expected rather than "${to ?? ''}".`, 1);
  const six = isSixText(to);
  if (net.owns(to) && six)
    return `local ${to} from :: dev lo table local proto kernel src ${to} metric 0 pref medium\n`;
  if (net.owns(to)) return `local ${to} dev lo src ${to} uid ${process.uid} \n    cache <local> \n`;
  const route = net.routes.find(to);
  if (!route) refuse(process, 'RTNETLINK answers: Network is unreachable');
  if (six) {
    const { destination, via, link, source, protocol, metric } = route;
    const way = via ? ` via ${via}` : '';
    const by = protocol === 'boot' ? '' : ` proto ${protocol}`;
    const from = source ?? net.speaker(route, to) ?? '::';
    const cost = metric ?? (destination.bits > 0 && protocol === 'kernel' ? 256 : 1024);
    return `${to} from ::${way} dev ${link.name}${by} src ${from} metric ${cost} pref medium\n`;
  }
  const source = route.source ?? route.link.address;
  return `${to}${route.via ? ` via ${route.via}` : ''} dev ${route.link.name} src ${source} uid ${process.uid} \n    cache \n`;
}

function changeRoute(process: Process, net: NetworkNamespace, command: string, words: readonly string[], six: boolean) {
  const value = (name: string) => (words.includes(name) ? words[words.indexOf(name) + 1] : undefined);
  const ofSix = six || isSixText(value('via') ?? '');
  const destination = words[0] === 'default' ? (ofSix ? DEFAULT_ROUTE6 : DEFAULT_ROUTE) : parseCidr(words[0] ?? '');
  if (!destination) refuse(process, `Error: any valid prefix is expected rather than "${words[0] ?? ''}".`, 1);
  const via = value('via');
  if (command === 'del' || command === 'delete') {
    const removed = net.routes.remove(
      (route) => route.destination.text === destination.text && (via === undefined || route.via === via),
    );
    if (!removed) refuse(process, 'RTNETLINK answers: No such process');
    return;
  }
  const dev = value('dev');
  const link = dev === undefined ? net.routes.find(via ?? '')?.link : need(process, net, dev);
  if (!link || (via !== undefined && net.routes.find(via)?.via)) refuse(process, 'Error: Nexthop has invalid gateway.');
  const route: RouteEntry = {
    destination,
    via,
    link,
    source: value('src'),
    protocol: 'boot',
    metric: Number(value('metric') ?? 0) || undefined,
  };
  if (command === 'replace') net.routes.remove((known) => known.destination.text === destination.text);
  else if (command !== 'add') refuse(process, `Command "${command}" is unknown, try "ip route help".`, 255);
  if (!net.routes.add(route)) refuse(process, 'RTNETLINK answers: File exists');
}

export const bridge: Program = function* (process) {
  const [object = 'link', command = 'show'] = process.argv.slice(1).filter((word) => !word.startsWith('-'));
  const { net } = process.host;
  if (command !== 'show') fail(process, `the command ${command} is not modelled`);
  const words = process.argv.slice(1);
  const named = (word: string) => (words.includes(word) ? words[words.indexOf(word) + 1] : undefined);
  const [dev, br] = [named('dev'), named('br')];
  if (dev !== undefined && !net.link(dev)) refuse(process, `Cannot find device "${dev}"`, 1);
  const ports = net.links.filter(
    ({ master, name }) => master && (dev === undefined || dev === name) && (br === undefined || br === master.name),
  );
  if (matches(object, 'link')) {
    for (const link of ports) {
      put(
        process,
        `${link.index}: ${shownName(link)}: ${flags(link)} mtu ${link.mtu} master ${link.master?.name} state ${link.up ? 'forwarding' : 'disabled'} priority 32 cost 2 \n`,
      );
    }
  } else if (matches(object, 'fdb')) {
    for (const link of ports) {
      const master = link.master as Link;
      let learned = false;
      master.learned().forEach((port) => (learned ||= port === link));
      if (learned && link.peer) put(process, `${link.peer.mac} dev ${link.name} master ${master.name} \n`);
      put(
        process,
        `${link.mac} dev ${link.name} vlan 1 master ${master.name} permanent\n${link.mac} dev ${link.name} master ${master.name} permanent\n`,
      );
    }
    // Where the machines behind a tunnel are.
    for (const { name, tunnel, namespace } of net.links) {
      if (br !== undefined || (dev !== undefined && dev !== name)) continue;
      tunnel?.remotes.forEach((machine, nextHop) => {
        const mac = namespace.neighbours.get(nextHop)?.mac ?? '';
        put(process, `${mac} dev ${name} dst ${machine} self permanent\n`);
      });
    }
  } else fail(process, `Object "${object}" is unknown, try "bridge help".`);
  return 0;
};
