// lsmod: the modules of the kernel that this machine's network uses at the moment.

import type { NetworkNamespace } from '../net/index.ts';
import type { Program } from '../types.ts';
import { put } from './options.ts';

/** Module, size in bytes, and the modules that it needs. */
type Module = readonly [name: string, size: number, needs: readonly string[]];

const CONNTRACK: Module = ['nf_conntrack', 200_704, ['nf_defrag_ipv4']];
const BASE: readonly Module[] = [
  ['nf_tables', 380_928, []],
  ['nft_compat', 20_480, ['nf_tables', 'x_tables']],
  ['x_tables', 65_536, []],
  ['nf_defrag_ipv4', 16_384, []],
  CONNTRACK,
  ['nf_nat', 65_536, ['nf_conntrack']],
];
const BY_MATCH: Readonly<Record<string, Module>> = {
  comment: ['xt_comment', 12_288, ['x_tables']],
  mark: ['xt_mark', 12_288, ['x_tables']],
  conntrack: ['xt_conntrack', 12_288, ['nf_conntrack', 'x_tables']],
  statistic: ['xt_statistic', 12_288, ['x_tables']],
  addrtype: ['xt_addrtype', 12_288, ['x_tables']],
  multiport: ['xt_multiport', 20_480, ['x_tables']],
  recent: ['xt_recent', 24_576, ['x_tables']],
  physdev: ['xt_physdev', 12_288, ['x_tables', 'br_netfilter']],
  set: ['xt_set', 20_480, ['ip_set', 'x_tables']],
};
const BY_TARGET: Readonly<Record<string, Module>> = {
  MASQUERADE: ['xt_MASQUERADE', 16_384, ['nf_nat', 'x_tables']],
  DNAT: ['xt_nat', 12_288, ['nf_nat', 'x_tables']],
  SNAT: ['xt_nat', 12_288, ['nf_nat', 'x_tables']],
  REDIRECT: ['xt_REDIRECT', 16_384, ['nf_nat', 'x_tables']],
  REJECT: ['ipt_REJECT', 12_288, ['x_tables']],
};
const SET_TYPES: Readonly<Record<string, Module>> = {
  'hash:ip': ['ip_set_hash_ip', 36_864, ['ip_set']],
  'hash:ip,port': ['ip_set_hash_ipport', 40_960, ['ip_set']],
  'hash:ip,port,ip': ['ip_set_hash_ipportip', 40_960, ['ip_set']],
  'hash:ip,port,net': ['ip_set_hash_ipportnet', 49_152, ['ip_set']],
  'bitmap:port': ['ip_set_bitmap_port', 16_384, ['ip_set']],
};

function loaded(net: NetworkNamespace): Map<string, Module> {
  const modules = new Map<string, Module>();
  const add = (...list: (Module | undefined)[]) => {
    for (const module of list) if (module) modules.set(module[0], module);
  };
  const kinds = new Set(net.links.map(({ kind }) => kind));
  if (kinds.has('dummy')) add(['dummy', 16_384, []]);
  if (kinds.has('veth')) add(['veth', 45_056, []]);
  if (kinds.has('bridge')) add(['bridge', 425_984, ['stp', 'llc']], ['stp', 12_288, ['llc']], ['llc', 16_384, []]);
  if (net.bridgeCallsIptables) add(['br_netfilter', 36_864, ['bridge']]);
  const { netfilter } = net;
  if (!netfilter) return modules;
  add(...BASE);
  const targets = new Set<string>();
  const matches = new Set<string>();
  for (const table of Object.values(netfilter.tables)) {
    table.settle();
    for (const chain of table.chains.values()) {
      for (const { spec } of chain.rules) {
        if (spec.target) targets.add(spec.target.name);
        for (const match of spec.matches ?? []) matches.add(/^-m ([a-z]+)/.exec(match.save())?.[1] ?? '');
      }
    }
  }
  for (const name of matches) add(BY_MATCH[name]);
  for (const name of targets) add(BY_TARGET[name]);
  if (netfilter.sets.size) add(['ip_set', 65_536, []]);
  netfilter.sets.forEach(({ type }) => add(SET_TYPES[type]));
  if (netfilter.ipvs) {
    add(['ip_vs', 237_568, ['nf_conntrack', 'nf_defrag_ipv4']]);
    const schedulers = new Set(['rr', 'wrr', 'sh']);
    netfilter.ipvs.services.forEach(({ scheduler }) => schedulers.add(scheduler));
    for (const name of schedulers) add([`ip_vs_${name}`, 12_288, ['ip_vs']]);
  }
  return modules;
}

export const lsmod: Program = function* (process) {
  const modules = loaded(process.host.net);
  const users = new Map<string, string[]>();
  modules.forEach(([name, , needs]) => {
    for (const need of needs) users.set(need, [...(users.get(need) ?? []), name]);
  });
  let out = 'Module                  Size  Used by\n';
  modules.forEach(([name, size]) => {
    const by = users.get(name) ?? [];
    out += `${name.padEnd(19)} ${String(size).padStart(8)}  ${by.length}${by.length ? ` ${by.join(',')}` : ''}\n`;
  });
  put(process, out);
  return 0;
};
