// Names to addresses as the C library does it: /etc/hosts, then the servers of /etc/resolv.conf with their search list.

import type { Co } from '../../sim/index.ts';
import type { FileSystem } from '../fs.ts';
import { isAddress } from './address.ts';
import {
  ask,
  DNS_ATTEMPTS,
  DNS_TIMEOUT,
  type DnsFailure,
  type DnsMessage,
  type DnsRecord,
  query,
  type RecordType,
} from './dns.ts';
import type { NetworkNamespace } from './namespace.ts';

/** What /etc/resolv.conf says. */
export interface ResolverConfig {
  servers: string[];
  search: string[];
  ndots: number;
  timeout: number;
  attempts: number;
}

const MAX_SERVERS = 3;
const parsed = new Map<string, ResolverConfig>();

export function readResolverConfig(fs: FileSystem): ResolverConfig {
  const node = fs.find('/etc/resolv.conf');
  const text = node?.kind === 'file' ? node.text : '';
  let config = parsed.get(text);
  if (!config) {
    if (parsed.size > 1000) parsed.clear();
    parsed.set(text, (config = parseResolverConfig(text)));
  }
  return config;
}

function parseResolverConfig(text: string): ResolverConfig {
  const config: ResolverConfig = {
    servers: [],
    search: [],
    ndots: 1,
    timeout: DNS_TIMEOUT,
    attempts: DNS_ATTEMPTS,
  };
  for (const line of text.split('\n')) {
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word === 'nameserver' && config.servers.length < MAX_SERVERS) config.servers.push(rest[0] ?? '');
    else if (word === 'search' || word === 'domain') config.search = rest;
    else if (word === 'options') {
      for (const option of rest) {
        const [name, value] = option.split(':');
        if (name === 'ndots') config.ndots = Math.min(15, Number(value));
        else if (name === 'timeout') config.timeout = Number(value) * 1000;
        else if (name === 'attempts') config.attempts = Number(value);
      }
    }
  }
  if (!config.servers.length) config.servers.push('127.0.0.1');
  return config;
}

/** Names to ask for, in order: with the search domains first unless the name has enough dots. */
export function candidates(config: ResolverConfig, name: string): string[] {
  if (name.endsWith('.')) return [name];
  const dots = name.split('.').length - 1;
  const searched = config.search.map((domain) => `${name}.${domain.replace(/\.$/, '')}.`);
  return dots >= config.ndots ? [`${name}.`, ...searched] : [...searched, `${name}.`];
}

/** What a look-up came to, for programs that show more than the addresses. */
export interface Lookup {
  /** The name that was answered for, or the last one asked. */
  name: string;
  server: string;
  answer: DnsMessage | undefined;
  /** Why no server answered. */
  failure: DnsFailure | undefined;
}

/** Asks the servers in turn for one full name. */
export function* askServers(net: NetworkNamespace, config: ResolverConfig, name: string, type: RecordType): Co<Lookup> {
  const { sim } = net.network;
  let failure: DnsFailure | undefined;
  for (let attempt = 0; attempt < config.attempts; attempt++) {
    for (const server of config.servers) {
      const message = query(sim.random('dns-id').int(65536), name, type);
      const answer = yield* ask(net, server, message, config.timeout);
      if (typeof answer !== 'string') return { name, server, answer, failure: undefined };
      failure = answer;
    }
  }
  return { name, server: config.servers[0], answer: undefined, failure };
}

/** Goes through the search list until a name has records of the type. */
export function* lookup(net: NetworkNamespace, config: ResolverConfig, name: string, type: RecordType): Co<Lookup> {
  let last: Lookup | undefined;
  for (const candidate of candidates(config, name)) {
    const found = yield* askServers(net, config, candidate, type);
    if (found.answer?.answers.length) return found;
    // A server that does not answer does not answer for the next name either.
    if (!found.answer) return found;
    last = found;
  }
  return last as Lookup;
}

export function addressesOf(answers: readonly DnsRecord[]): string[] {
  return answers.filter(({ type }) => type === 'A' || type === 'AAAA').map(({ data }) => data);
}

/** getaddrinfo: addresses of a name; undefined when there is none. */
export function* resolveName(fs: FileSystem, net: NetworkNamespace, name: string): Co<string[] | undefined> {
  if (isAddress(name)) return [name];
  const local = inHosts(fs, name);
  if (local.length) return local;
  const config = readResolverConfig(fs);
  const found = yield* lookup(net, config, name, 'A');
  const addresses = addressesOf(found.answer?.answers ?? []);
  // Addresses of one's own that are private (fd00::/8) come after IPv4: RFC 6724.
  if (!net.addresses.some((ip) => ip.includes(':'))) return addresses.length ? addresses : undefined;
  const six = yield* lookup(net, config, name, 'AAAA');
  const all = [...addresses, ...addressesOf(six.answer?.answers ?? [])];
  return all.length ? [...new Set(all)] : undefined;
}

/** The first name on the line of /etc/hosts that has `name`; the name itself when none has. */
export function canonicalName(fs: FileSystem, name: string): string {
  const node = fs.find('/etc/hosts');
  for (const line of node?.kind === 'file' ? node.text.split('\n') : []) {
    const fields = line.split('#', 1)[0].split(/\s+/).filter(Boolean);
    if (fields.indexOf(name, 1) > 0) return fields[1];
  }
  return name;
}

/** The name that /etc/hosts has for an address. */
export function nameOfAddress(fs: FileSystem, address: string): string | undefined {
  const node = fs.find('/etc/hosts');
  for (const line of node?.kind === 'file' ? node.text.split('\n') : []) {
    const fields = line.split('#', 1)[0].split(/\s+/).filter(Boolean);
    if (fields[0] === address) return fields[1];
  }
  return undefined;
}

/** Addresses that /etc/hosts has for a name. */
export function inHosts(fs: FileSystem, name: string): string[] {
  const node = fs.find('/etc/hosts');
  const text = node?.kind === 'file' ? node.text : '';
  const found: string[] = [];
  if (text.includes(name)) {
    for (const line of text.split('\n')) {
      const fields = line.split('#', 1)[0].split(/\s+/).filter(Boolean);
      if (fields.indexOf(name, 1) > 0) found.push(fields[0]);
    }
  }
  const v4 = found.filter((address) => !address.includes(':'));
  if (v4.length) return v4;
  if (!found.length && name === 'localhost') return ['127.0.0.1'];
  return found;
}
