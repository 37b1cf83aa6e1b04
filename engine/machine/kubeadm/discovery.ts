// How a machine that joins finds the cluster, and makes sure that it is the right one: by the hash of its authority's key and
// a signature that only a holder of the token can make.

import { base64Text } from '../../api/base64.ts';
import { exchange, hostPort } from '../../linux/index.ts';
import type { Co } from '../../sim/index.ts';
import { detachedSignature } from './jws.ts';
import type { Session } from './session.ts';
import { publicKeyHash } from './token.ts';

/** kubeadm: the timeout of discovery, DiscoveryRetryInterval. */
const DISCOVERY_MS = 300_000;
const RETRY_MS = 5000;
const CONNECT_MS = 10_000;
const CLUSTER_INFO = '/api/v1/namespaces/kube-public/configmaps/cluster-info';

export interface Discovery {
  /** 10.0.0.10:6443 */
  endpoint: string;
  token: string;
  /** Accepted hashes of the authority's key; empty: any. */
  hashes: readonly string[];
}

/** The kubeconfig in cluster-info, once it is known to be the cluster's. */
export function* discover(session: Session, { endpoint, token, hashes }: Discovery): Co<string> {
  const wrong = (why: string): never =>
    session.fail(`error execution phase preflight: couldn't validate the identity of the API Server: ${why}`);
  const [id, secret] = token.split('.');
  const until = session.now + DISCOVERY_MS;
  let problem = '';
  let data: Record<string, string> = {};
  let authority = '';
  for (;;) {
    const answer = yield* clusterInfo(session, endpoint);
    if (typeof answer === 'string') problem = `failed to request the cluster-info ConfigMap: ${answer}`;
    else {
      ({ data, authority } = answer);
      if (data[`jws-kubeconfig-${id}`]) break;
      problem = `could not find a JWS signature in the cluster-info ConfigMap for token ID ${JSON.stringify(id)}`;
    }
    if (session.now >= until) wrong(problem);
    yield RETRY_MS;
  }
  const { kubeconfig = '' } = data;
  if (data[`jws-kubeconfig-${id}`] !== detachedSignature(kubeconfig, id, secret))
    wrong("failed to verify JWS signature of received cluster info object, can't trust this API Server");
  const ca = base64Text(/certificate-authority-data: (\S+)/.exec(kubeconfig)?.[1] ?? '');
  const hash = publicKeyHash(ca);
  for (const one of hashes)
    if (!/^sha256:[0-9a-f]{64}$/i.test(one))
      wrong(`invalid discovery token CA certificate hash: invalid public key hash, expected "format:hex-value"`);
  if (hashes.length && !hashes.some((one) => one.toLowerCase() === hash))
    wrong(
      `cluster CA found in cluster-info ConfigMap is invalid: none of the public keys ${JSON.stringify(hash)} are pinned`,
    );
  // The second time over a connection that this authority vouches for.
  if (hashes.length && authority.trim() !== ca.trim())
    wrong(
      `failed to request the cluster-info ConfigMap: Get "https://${endpoint}${CLUSTER_INFO}?timeout=10s": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
    );
  return kubeconfig;
}

/** cluster-info as anybody may read it, and the authority behind the server's certificate; a text is why not. */
function* clusterInfo(
  session: Session,
  endpoint: string,
): Co<{ data: Record<string, string>; authority: string } | string> {
  const { host } = session.process;
  const colon = endpoint.lastIndexOf(':');
  const name = endpoint.slice(0, colon).replace(/^\[|\]$/g, '');
  const port = endpoint.slice(colon + 1);
  const request = `Get "https://${endpoint}${CLUSTER_INFO}?timeout=10s"`;
  const addresses = yield* host.resolve(name);
  if (!addresses?.length) return `${request}: dial tcp: lookup ${name}: no such host`;
  const socket = yield* host.net.connect(addresses[0], Number(port), { timeout: CONNECT_MS });
  if (typeof socket === 'string') {
    const why = { ECONNREFUSED: 'connect: connection refused', EHOSTUNREACH: 'connect: no route to host' }[
      socket as string
    ];
    return `${request}: dial tcp ${hostPort(addresses[0], port)}: ${why ?? 'i/o timeout'}`;
  }
  try {
    if (!socket.tls) return `${request}: http: server gave HTTP response to HTTPS client`;
    const answer = yield* exchange(socket, {
      method: 'GET',
      target: CLUSTER_INFO,
      headers: [
        ['Host', endpoint],
        ['User-Agent', `kubeadm/${session.version} (linux/amd64) kubernetes`],
        ['Accept', 'application/json'],
        ['Connection', 'close'],
      ],
      scheme: 'https',
    });
    if (!answer) return `${request}: EOF`;
    let body = '';
    for (let text = yield* answer.read(); text !== undefined; text = yield* answer.read()) body += text;
    if (answer.status !== 200) {
      const message = /"message":"((?:[^"\\]|\\.)*)"/.exec(body)?.[1];
      return message ? (JSON.parse(`"${message}"`) as string) : body.trim();
    }
    const { data = {} } = JSON.parse(body) as { data?: Record<string, string> };
    return { data, authority: socket.tls.ca };
  } finally {
    socket.close();
  }
}
