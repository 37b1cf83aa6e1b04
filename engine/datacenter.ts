// What stands on the machines' network beside them: a gateway, and the name server that they ask, which knows the
// machines and a few names of the world outside. The outside itself is not there: connections to it go unanswered.

import { type DnsMessage, type DnsRecord, isAddress, messageSize, type Network } from './linux/net/index.ts';

export const NAME_SERVER = '10.0.0.2';
const TTL = 300;

/** Names of the world that examples look up, with the addresses that they had. */
const WORLD: Record<string, string> = {
  'example.com': '23.192.228.80',
  'www.example.com': '23.192.228.80',
  'example.org': '23.215.0.132',
  'example.net': '23.220.75.232',
  'kubernetes.io': '15.197.167.90',
  'www.kubernetes.io': '15.197.167.90',
  'registry.k8s.io': '34.96.108.209',
  'github.com': '140.82.121.3',
  'google.com': '142.250.185.78',
  'www.google.com': '142.250.186.100',
};

/** Plugs in the name server and the gateway. `machines` are names that it answers for beside the world's. */
export function startDatacenter(
  network: Network,
  machines: Readonly<Record<string, string>>,
  bits: number,
  gateway: string,
) {
  // The way out leads nowhere: it answers for itself and passes nothing on.
  network.namespace([], 'gateway').plug('eth0', gateway, bits, gateway);
  const net = network.namespace([], 'dns');
  net.plug('eth0', NAME_SERVER, bits, gateway);
  const known: Record<string, string> = { ...WORLD, ...machines };
  const backwards: Record<string, string> = {};
  for (const name in machines) {
    if (isAddress(machines[name])) backwards[`${machines[name].split('.').reverse().join('.')}.in-addr.arpa`] = name;
  }
  const socket = net.bind(53, ({ from, payload }) => {
    const message = payload as DnsMessage;
    if (message.response) return;
    const { name, type } = message.question;
    const plain = name.toLowerCase().replace(/\.$/, '');
    const data = type === 'PTR' ? backwards[plain] && `${backwards[plain]}.` : known[plain];
    const answers: DnsRecord[] = data && (type === 'A' || type === 'PTR') ? [{ name, type, ttl: TTL, data }] : [];
    const code = data ? 'NOERROR' : 'NXDOMAIN';
    const reply: DnsMessage = { ...message, response: true, code, recursionAvailable: true, answers };
    socket?.send(from, reply, messageSize(reply));
  });
}
