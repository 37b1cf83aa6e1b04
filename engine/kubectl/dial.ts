// The connection to a server that is not the cluster's own address: a name to look up, packets that may not arrive, and a
// certificate that may not be the right one.

import { base64Text } from '../api/base64.ts';
import { hostPort, isAddress } from '../linux/net/address.ts';
import type { Socket } from '../linux/net/socket.ts';
import { readResolverConfig } from '../linux/net/resolver.ts';
import type { Process } from '../linux/types.ts';
import type { Co } from '../sim/index.ts';
import { ConnectionError } from './errors.ts';
import type { Connection } from './kubeconfig.ts';

/** client-go's limit for opening a connection. */
const DIAL_TIMEOUT = 30_000;

export const unable = (reason: string) => new ConnectionError(`Unable to connect to the server: ${reason}`);

/** Throws ConnectionError, in client-go's words, unless an API server answers there that the kubeconfig trusts. */
export function* dial(process: Process, { server, cluster }: Connection): Co {
  const url = /^(https?):\/\/(\[[^\]]*\]|[^/:]*)(?::(\d+))?/.exec(server);
  const [, scheme = 'http', host = '', digits] = url ?? [];
  const port = Number(digits ?? (scheme === 'https' ? 443 : 80));
  const socket = yield* openConnection(process, host, port, server);
  socket.close();
  if (scheme === 'http') {
    if (socket.tls) throw new ConnectionError('Client sent an HTTP request to an HTTPS server.');
    throw notAnApi();
  }
  if (!socket.tls) throw unable('http: server gave HTTP response to HTTPS client');
  if (!cluster['insecure-skip-tls-verify']) {
    verifyServer(socket.tls, authorities(process, cluster), cluster['tls-server-name'] ?? host);
  }
  if (!socket.tls.names.includes('kubernetes')) throw notAnApi();
}

/** `server`: what messages call it. Throws ConnectionError in client-go's words. */
export function* openConnection(process: Process, host: string, port: number, server: string): Co<Socket> {
  const addresses = yield* process.host.resolve(host);
  if (!addresses?.length) {
    const asked = readResolverConfig(process.host.fs).servers[0];
    throw unable(`dial tcp: lookup ${host}${asked ? ` on ${asked}:53` : ''}: no such host`);
  }
  const [ip] = addresses;
  const socket = yield* process.host.net.connect(ip, port, { timeout: DIAL_TIMEOUT });
  if (typeof socket !== 'string') return socket;
  if (socket === 'ECONNREFUSED')
    throw new ConnectionError(
      `The connection to the server ${server.replace(/^https?:\/\//, '').replace(/\/.*/, '')} was refused - did you specify the right host or port?`,
    );
  throw unable(
    `dial tcp ${hostPort(ip, port)}: ${socket === 'ETIMEDOUT' ? 'i/o timeout' : 'connect: no route to host'}`,
  );
}

/** PEM text of what the kubeconfig trusts, else of what the machine does. */
export function authorities(process: Process, cluster: Partial<Connection['cluster']> = {}): string {
  const data = cluster['certificate-authority-data'];
  if (data) return base64Text(data);
  const node = process.host.fs.find(cluster['certificate-authority'] ?? '/etc/ssl/certs/ca-certificates.crt');
  return node?.kind === 'file' ? node.text : '';
}

/** Throws unless the certificate is signed by one that is trusted and names the host. */
export function verifyServer({ ca, names }: { ca: string; names: readonly string[] }, trusted: string, host: string) {
  const wrong = (why: string) => unable(`tls: failed to verify certificate: x509: ${why}`);
  if (!trusted.includes(ca.trim())) throw wrong('certificate signed by unknown authority');
  if (names.some((name) => name === host || (name.startsWith('*.') && host.endsWith(name.slice(1))))) return;
  const ofKind = names.filter((name) => isAddress(name) === isAddress(host));
  throw wrong(`certificate is valid for ${ofKind.join(', ')}, not ${host}`);
}

const notAnApi = () =>
  new ConnectionError('Error from server (NotFound): the server could not find the requested resource');
