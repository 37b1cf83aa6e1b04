// What stands on the machines' network beside them: a gateway, and the name server that they ask, which knows the
// machines and a few names of the world outside. The outside itself is not there: connections to it go unanswered.

import type { Addressing } from './addressing.ts';
import {
  type DnsMessage,
  type DnsRecord,
  messageSize,
  type Network,
  type NetworkNamespace,
  reverseName,
} from './linux/net/index.ts';
import { part } from './parts/index.ts';

/** Names of the mirror, which is plugged in when one of them is first looked up. */
export const MIRRORED = [
  'pkgs.k8s.io',
  'prod-cdn.packages.k8s.io',
  'apt.kubernetes.io',
  'packages.cloud.google.com',
  'deb.debian.org',
  'download.docker.com',
  'manifests.kubebook.example',
  'info.cern.ch',
];
/** The authority behind the certificates of the world, which machines trust from the start; in PEM. */
export const publicAuthority = (): string =>
  part('pki').clusterFile('public-root.crt', { hostname: '', ip: '', made: Date.UTC(2024, 0) });
const TTL = 300;

/** Names of the world that examples look up, with the addresses that they had. */
const WORLD: Record<string, readonly string[]> = {
  'example.com': ['23.192.228.80'],
  'www.example.com': ['23.192.228.80'],
  'example.org': ['23.215.0.132'],
  'example.net': ['23.220.75.232'],
  'kubernetes.io': ['15.197.167.90'],
  'www.kubernetes.io': ['15.197.167.90'],
  'registry.k8s.io': ['34.96.108.209'],
  'github.com': ['140.82.121.3'],
  'google.com': ['142.250.185.78'],
  'www.google.com': ['142.250.186.100'],
};

/** Plugs in the name server and the gateway, which is returned. `machines` are names that it answers for beside the world's. */
export function startDatacenter(
  network: Network,
  machines: Readonly<Record<string, readonly string[]>>,
  addressing: Addressing,
): NetworkNamespace {
  // The way out leads nowhere: it answers for itself and passes nothing on.
  const router = addressing.machineOn(network, 'gateway', addressing.gateway);
  const net = addressing.machineOn(network, 'dns', addressing.nameServer);
  const known: Record<string, readonly string[]> = { ...WORLD, ...machines };
  const backwards: Record<string, string> = {};
  for (const name in machines) for (const ip of machines[name]) backwards[reverseName(ip).slice(0, -1)] = name;
  let mirrored = false;
  const socket = net.bind(53, ({ from, payload }) => {
    const message = payload as DnsMessage;
    if (message.response) return;
    const { name, type } = message.question;
    const plain = name.toLowerCase().replace(/\.$/, '');
    const isMirrored = MIRRORED.includes(plain);
    if (isMirrored && !mirrored) part('machine').startMirror(network, addressing);
    mirrored ||= isMirrored;
    const owner = type === 'PTR' && backwards[plain];
    const data = owner ? [`${owner}.`] : isMirrored ? addressing.mirror : (known[plain] ?? []);
    const answers: DnsRecord[] = data
      .filter((one) => owner || type === (one.includes(':') ? 'AAAA' : 'A'))
      .map((one) => ({ name, type, ttl: TTL, data: one }));
    const code = data.length ? 'NOERROR' : 'NXDOMAIN';
    const reply: DnsMessage = { ...message, response: true, code, recursionAvailable: true, answers };
    socket?.send(from, reply, messageSize(reply));
  });
  return router;
}
