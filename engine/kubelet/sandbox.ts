// Pod sandboxes: the network namespace with the Pod's address, and the files that all of its containers share
// (/etc/hosts, /etc/resolv.conf, /etc/hostname).

import type { Pod, PodSpec } from '../api/types.ts';
import {
  addressText,
  type FileNode,
  ipNumber,
  type Kernel,
  type Listener,
  type NetworkNamespace,
  parseCidr,
  type PidNamespace,
  type Process,
} from '../linux/index.ts';

export interface Sandbox {
  ip: string;
  /** The address of the other family, on nodes that have both. */
  secondaryIP: string | undefined;
  net: NetworkNamespace;
  hostname: string;
  /** Of the virtual machine that it is; undefined: the node's. */
  kernel: Kernel | undefined;
  /** Namespaces of the node that its containers are in, by the kernel's names. */
  shared: readonly string[];
  /** Its own users' place among the node's; undefined: they are the node's. */
  users: { first: number; count: number } | undefined;
  /** The node's own namespace: not to be closed. */
  hostNetwork: boolean;
  /** Process numbers that its containers share; undefined: each has its own. */
  pids: PidNamespace | undefined;
  /** The process that holds the shared numbers. */
  pause: Process | undefined;
  /** Ports of the node that lead here. */
  hostPorts: Listener[];
  /** What its containers share of /etc, as far as one has been looked at. */
  files: SharedFiles;
}

export type SharedFiles = Partial<Record<'hosts' | 'hostname' | 'resolv', FileNode>>;

/** Of larger ranges only the first so many addresses are handed out. */
const MAX_SIZE = 65_536;

/** Addresses of one node's Pods out of its podCIDR, handed out in turn as the host-local plug-in does. */
export class AddressPool {
  /** The range as it was given; '' before. */
  cidr = '';
  /** As a number (engine/linux/net/address.ts), so that of both families the offset can be added. */
  private base = 0;
  private size = 0;
  private next = 2;
  private readonly used = new Set<number>();

  set range(cidr: string) {
    this.cidr = cidr;
    const range = parseCidr(cidr);
    this.size = range ? Math.min(MAX_SIZE, 2 ** ((range.upper ? 128 : 32) - range.bits)) : 0;
    // Without a range, those of before can still be given back.
    if (range) this.base = range.base;
  }

  get ready(): boolean {
    return this.size > 0;
  }

  /** undefined: all are taken. */
  allocate(): string | undefined {
    for (let tries = 0; tries < this.size; tries++) {
      const offset = this.next;
      this.next = this.next + 1 >= this.size - 1 ? 2 : this.next + 1;
      if (offset >= this.size - 1 || this.used.has(offset)) continue;
      this.used.add(offset);
      return addressText(this.base + offset);
    }
    return undefined;
  }

  release(ip: string) {
    this.used.delete(ipNumber(ip) - this.base);
  }
}

/** The Pod's host name: spec.hostname or its own, cut to what Linux allows. */
export function hostnameOf(pod: Pod, nodeName: string): string {
  if (pod.spec?.hostnameOverride !== undefined) return pod.spec.hostnameOverride;
  if (pod.spec?.hostNetwork) return nodeName;
  const name = pod.spec?.hostname || (pod.metadata?.name ?? '');
  return name.length > 63 ? name.slice(0, 63).replace(/[-.]+$/, '') : name;
}

/** The name that its containers' kernel knows: with setHostnameAsFQDN the full one. */
export function kernelHostname(pod: Pod, hostname: string, clusterDomain: string): string {
  const { subdomain, setHostnameAsFQDN } = pod.spec ?? {};
  if (!setHostnameAsFQDN || !subdomain) return hostname;
  return `${hostname}.${subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}`;
}

/** /etc/hosts as the kubelet manages it. */
export function hostsFile(pod: Pod, sandbox: Sandbox, nodeName: string, clusterDomain: string): string {
  const hostname = hostnameOf(pod, nodeName);
  const lines = [
    `# Kubernetes-managed hosts file${pod.spec?.hostNetwork ? ' (host network)' : ''}.`,
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::0\tip6-localnet',
    'fe00::0\tip6-mcastprefix',
    'fe00::1\tip6-allnodes',
    'fe00::2\tip6-allrouters',
  ];
  const { subdomain, hostAliases } = pod.spec ?? {};
  const fqdn = subdomain && `${hostname}.${subdomain}.${pod.metadata?.namespace}.svc.${clusterDomain}`;
  for (const ip of sandbox.secondaryIP ? [sandbox.ip, sandbox.secondaryIP] : [sandbox.ip])
    lines.push(fqdn ? `${ip}\t${fqdn}\t${hostname}` : `${ip}\t${hostname}`);
  if (hostAliases?.length) {
    lines.push('', '# Entries added by HostAliases.');
    for (const { ip, hostnames } of hostAliases) lines.push([ip, ...(hostnames ?? [])].join('\t'));
  }
  return lines.join('\n') + '\n';
}

// kubelet: what libraries in containers can be relied on to read.
const MAX_SERVERS = 3;
const MAX_SEARCHES = 32;
const MAX_SEARCH_CHARS = 2048;

export interface ClusterDNS {
  server: string;
  domain: string;
  /** The node's own /etc/resolv.conf. */
  node: () => string;
}

/** Whether /etc/resolv.conf says more, or something else, than where the cluster's DNS is. */
export function hasOwnResolv({ spec: { dnsPolicy = 'ClusterFirst', dnsConfig, hostNetwork } = {} as PodSpec }: Pod) {
  return dnsConfig !== undefined || dnsPolicy !== 'ClusterFirst' || hostNetwork === true;
}

/** /etc/resolv.conf by dnsPolicy and dnsConfig; `warn` is told what has been left out of it. */
export function resolvFile(pod: Pod, dns: ClusterDNS, warn: (text: string) => void): string {
  const { dnsPolicy = 'ClusterFirst', dnsConfig, hostNetwork } = pod.spec ?? {};
  let servers: string[] = [];
  let searches: string[] = [];
  const options = new Map<string, string | undefined>();
  if (dnsPolicy === 'Default' || (dnsPolicy === 'ClusterFirst' && hostNetwork)) {
    for (const line of dns.node().split('\n')) {
      const [word, ...rest] = line.trim().split(/\s+/);
      if (word === 'nameserver') servers.push(...rest);
      else if (word === 'search') searches = rest;
      else if (word === 'options') for (const option of rest) addOption(options, option);
    }
  } else if (dnsPolicy !== 'None') {
    servers = [dns.server];
    searches = [`${pod.metadata?.namespace}.svc.${dns.domain}`, `svc.${dns.domain}`, dns.domain];
    options.set('ndots', '5');
  }
  servers = [...new Set([...servers, ...(dnsConfig?.nameservers ?? [])])];
  searches = [...new Set([...searches, ...(dnsConfig?.searches ?? [])])];
  if (servers.length > MAX_SERVERS) {
    servers = servers.slice(0, MAX_SERVERS);
    warn(
      `Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: ${servers.join(' ')}`,
    );
  }
  if (searches.length > MAX_SEARCHES || searches.join(' ').length > MAX_SEARCH_CHARS) {
    searches = searches.slice(0, MAX_SEARCHES);
    while (searches.join(' ').length > MAX_SEARCH_CHARS) searches = searches.slice(0, -1);
    warn(
      `Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ${searches.join(' ')}`,
    );
  }
  for (const { name = '', value } of dnsConfig?.options ?? []) options.set(name, value);
  let text = '';
  if (searches.length) text += `search ${searches.join(' ')}\n`;
  for (const server of servers) text += `nameserver ${server}\n`;
  if (options.size) {
    text += 'options';
    options.forEach((value, name) => (text += value ? ` ${name}:${value}` : ` ${name}`));
    text += '\n';
  }
  return text;
}

function addOption(options: Map<string, string | undefined>, text: string) {
  const [name, value] = text.split(':');
  options.set(name, value);
}
