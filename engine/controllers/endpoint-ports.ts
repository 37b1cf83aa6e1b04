// The order of ports in an EndpointSlice: by the hash of each, which is how the real controller makes sets of ports
// comparable and what everybody sees (kube-dns: 9153,53,53).

import type { DiscoveryV1EndpointPort as Port } from '../api/types.ts';
import { encode } from '../linux/bytes.ts';
import { md5 } from '../linux/md5.ts';

const hashes = new Map<string, string>();
const MAX_HASHES = 10_000;

function hashOf({ name, protocol, port, appProtocol }: Port): string {
  const app = appProtocol === undefined ? '<nil>' : appProtocol;
  const text = `(v1.EndpointPort){Name:(*string)${name ?? ''} Protocol:(*v1.Protocol)${protocol} Port:(*int32)${port} AppProtocol:(*string)${app}}`;
  let hash = hashes.get(text);
  if (hash === undefined) {
    if (hashes.size >= MAX_HASHES) hashes.clear();
    hashes.set(text, (hash = md5(encode(text))));
  }
  return hash;
}

/** Sorts in place; a single port, the usual case, costs nothing. */
export function orderPorts(ports: Port[]): Port[] {
  if (ports.length < 2) return ports;
  const keyed = ports.map((port) => ({ port, hash: hashOf(port) })).sort((a, b) => (a.hash < b.hash ? -1 : 1));
  keyed.forEach(({ port }, i) => (ports[i] = port));
  return ports;
}
