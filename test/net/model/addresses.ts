// The addresses of one family that scenarios are made of.

import { BlockList } from 'node:net';

export type Family = 'IPv4' | 'IPv6';

export interface Addresses {
  family: Family;
  /** Of the nodes: more than the one family stand there side by side. */
  ipFamilies: string[];
  /** Of the Service with that number; of 1 to 99. */
  cluster: (index: number) => string;
  external: (index: number) => string;
  balancer: (index: number) => string;
  /** The machine outside, and ranges. */
  outside: string;
  aroundOutside: string;
  nodes: string;
  secondNode: string;
  /** What the addresses of Pods begin with, and their ranges. */
  podsBegin: string;
  pods: string;
  podsOf: (node: number) => string;
  all: string;
  localhost: string;
}

export const IPV4: Addresses = {
  family: 'IPv4',
  ipFamilies: ['IPv4'],
  cluster: (index) => `10.96.200.${index}`,
  external: (index) => `198.51.100.${index}`,
  balancer: (index) => `203.0.113.${index}`,
  outside: '10.0.255.1',
  aroundOutside: '10.0.255.0/24',
  nodes: '10.0.0.0/16',
  secondNode: '10.0.0.11/32',
  podsBegin: '10.244.',
  pods: '10.244.0.0/16',
  podsOf: (node) => `10.244.${node}.0/24`,
  all: '0.0.0.0/0',
  localhost: '127.0.0.1',
};

export const IPV6: Addresses = {
  family: 'IPv6',
  ipFamilies: ['IPv4', 'IPv6'],
  cluster: (index) => `fd00:10:96::f${String(index).padStart(2, '0')}`,
  external: (index) => `2001:db8:1::${index}`,
  balancer: (index) => `2001:db8:2::${index}`,
  outside: 'fd00:10::ff01',
  aroundOutside: 'fd00:10::ff00/120',
  nodes: 'fd00:10::/64',
  secondNode: 'fd00:10::b/128',
  podsBegin: 'fd00:10:244:',
  pods: 'fd00:10:244::/56',
  podsOf: (node) => (node ? `fd00:10:244:${node}::/64` : 'fd00:10:244::/64'),
  all: '::/0',
  localhost: '::1',
};

export const isOf = (family: Family, ip: string) => ip.includes(':') === (family === 'IPv6');

export function within(range: string, ip: string): boolean {
  const family = ip.includes(':') ? 'ipv6' : 'ipv4';
  const [base, bits = family === 'ipv6' ? '128' : '32'] = range.split('/');
  const list = new BlockList();
  list.addSubnet(base, Number(bits), family);
  return list.check(ip, family);
}
