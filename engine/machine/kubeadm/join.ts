// kubeadm join: makes the machine a worker of a cluster. It first makes sure that it speaks to the right one (by the hash of
// its authority's key and a signature that only a holder of the token can make), then the token lets it ask for a certificate.

import { base64Text } from '../../api/base64.ts';
import type { Node } from '../../api/types.ts';
import { ApiError, isNotFound, type Client } from '../../client/index.ts';
import { kubeletConfiguration } from '../../kubeadm/cluster-objects.ts';
import { kubeconfigOf } from '../../kubeadm/kubeconfig.ts';
import { KUBELET_CONF } from '../../kubeadm/kubelet-certificates.ts';
import { numbersOf } from '../../kubeadm/releases.ts';
import { installedConfig } from '../../kubelet/index.ts';
import { exchange, hostPort } from '../../linux/index.ts';
import type { Co } from '../../sim/index.ts';
import type { Flags } from '../flags.ts';
import { BOOTSTRAP_CONF } from '../kubelet-service.ts';
import { writeKubeletConfig } from './init.ts';
import { detachedSignature } from './jws.ts';
import { ignoredChecks, joinChecks, runChecks } from './preflight.ts';
import { PKI, type Session } from './session.ts';
import { publicKeyHash } from './token.ts';

/** kubeadm: Discovery and TLSBootstrap timeouts, DiscoveryRetryInterval. */
const DISCOVERY_MS = 300_000;
const BOOTSTRAP_MS = 300_000;
const RETRY_MS = 5000;
const CONNECT_MS = 10_000;
const CLUSTER_INFO = '/api/v1/namespaces/kube-public/configmaps/cluster-info';

export const JOIN_FLAGS = {
  token: 'string',
  'discovery-token': 'string',
  'tls-bootstrap-token': 'string',
  'discovery-token-ca-cert-hash': 'string',
  'discovery-token-unsafe-skip-ca-verification': 'bool',
  'cri-socket': 'string',
  'node-name': 'string',
  'ignore-preflight-errors': 'string',
} as const;

interface Settings {
  /** 10.0.0.10:6443 */
  endpoint: string;
  token: string;
  /** Accepted hashes of the authority's key; empty: any. */
  hashes: string[];
}

function read(session: Session, flags: Flags): Settings {
  const [, endpoint] = flags.args;
  const discovery = flags.string('discovery-token') ?? flags.string('token');
  const bootstrap = flags.string('tls-bootstrap-token') ?? flags.string('token');
  if (discovery !== bootstrap) session.fail('two different tokens are not modelled by this engine');
  if (endpoint === undefined || discovery === undefined)
    session.fail('discovery: Invalid value: "": bootstrapToken or file must be set');
  if (!/^[a-z0-9]{6}\.[a-z0-9]{16}$/.test(discovery)) {
    const why = `Invalid value: ${JSON.stringify(discovery)}: the bootstrap token is invalid`;
    session.fail(`[discovery.bootstrapToken.token: ${why}, discovery.tlsBootstrapToken: ${why}]`);
  }
  if (!/^(\[[^\]]+\]|[^:/]+):\d+$/.test(endpoint))
    session.fail(
      `discovery.bootstrapToken: Invalid value: ${JSON.stringify(endpoint)}: address ${endpoint}: missing port in address`,
    );
  const hashes = flags.string('discovery-token-ca-cert-hash')?.split(',') ?? [];
  if (hashes.length === 0 && !flags.bool('discovery-token-unsafe-skip-ca-verification'))
    session.fail(
      'discovery.bootstrapToken: Invalid value: "": using token-based discovery without caCertHashes can be unsafe. Set unsafeSkipCAVerification as true in your kubeadm config file or pass --discovery-token-unsafe-skip-ca-verification flag to continue',
    );
  for (const name of ['cri-socket', 'node-name']) {
    const { socket } = session.kubelet.runtime;
    const used = name === 'node-name' ? [session.process.host.hostname] : [`unix://${socket}`, `unix:///var${socket}`];
    const value = flags.string(name);
    if (value !== undefined && !used.includes(value)) session.fail(`--${name}=${value} is not modelled by this engine`);
  }
  return { endpoint, token: discovery, hashes };
}

export function* join(session: Session, flags: Flags): Co<number> {
  const words = flags.args.slice(1);
  session.refuseWords('join', words[0] === 'phase' ? words : words.slice(1));
  const settings = read(session, flags);
  yield 300;
  session.say('[preflight] Running pre-flight checks');
  runChecks(session, joinChecks(session, false), ignoredChecks(flags.string('ignore-preflight-errors')));
  const kubeconfig = yield* discover(session, settings);
  const client = session.kubelet.client.withToken(settings.token);
  const kubeletConfig = configuration(session, client);
  yield* startKubelet(session, settings, kubeconfig, client, kubeletConfig);
  yield* session.kubeletHealthy();
  session.say('[kubelet-start] Waiting for the kubelet to perform the TLS Bootstrap');
  const joined = yield* session.poll(BOOTSTRAP_MS, () => session.fs.exists(KUBELET_CONF) || undefined);
  if (session.fs.exists(BOOTSTRAP_CONF)) session.fs.unlink(BOOTSTRAP_CONF);
  if (!joined) session.fail('error execution phase kubelet-start: context deadline exceeded');
  session.say(
    '',
    'This node has joined the cluster:',
    '* Certificate signing request was sent to apiserver and a response was received.',
    '* The Kubelet was informed of the new secure connection details.',
    '',
    "Run 'kubectl get nodes' on the control-plane to see this node join the cluster.",
    '',
  );
  return 0;
}

// ---- whom does it speak to? ------------------------------------------------------------------------------------------

/** The kubeconfig in cluster-info, once it is known to be the cluster's. */
function* discover(session: Session, { endpoint, token, hashes }: Settings): Co<string> {
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

// ---- joining it ------------------------------------------------------------------------------------------------------

/** The kubelet's configuration as the cluster keeps it, if this kubeadm may join such a cluster. */
function configuration(session: Session, client: Client): string {
  session.say(
    '[preflight] Reading configuration from the "kubeadm-config" ConfigMap in namespace "kube-system"...',
    "[preflight] Use 'kubeadm init phase upload-config kubeadm --config your-config-file' to re-upload it.",
  );
  const of = (name: string): Record<string, string> =>
    (client.of('v1', 'configmaps').get('kube-system', name) as unknown as { data: Record<string, string> }).data;
  try {
    const cluster = /^kubernetesVersion: (.*)$/m.exec(of('kubeadm-config').ClusterConfiguration)?.[1] ?? '';
    const { minor } = numbersOf(session.version);
    if (numbersOf(cluster).minor < minor - 1)
      session.fail(
        `error execution phase preflight: unable to fetch the kubeadm-config ConfigMap: this version of kubeadm only supports deploying clusters with the control plane version >= 1.${minor - 1}.0. Current version: ${cluster}`,
      );
    const { kubelet } = of('kubelet-config');
    const dns = /^clusterDNS:\n- (.+)$/m.exec(kubelet)?.[1] ?? '';
    return kubelet === kubeletConfiguration(dns) ? installedConfig(dns) : kubelet;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return session.fail(
      `error execution phase preflight: unable to fetch the kubeadm-config ConfigMap: failed to get config map: ${error.message}`,
    );
  }
}

function* startKubelet(session: Session, { token }: Settings, kubeconfig: string, client: Client, config: string): Co {
  const { hostname } = session.process.host;
  const server = /server: (\S+)/.exec(kubeconfig)?.[1] ?? '';
  const data = /certificate-authority-data: (\S+)/.exec(kubeconfig)?.[1] ?? '';
  session.write(BOOTSTRAP_CONF, kubeconfigOf(server, data, 'tls-bootstrap-token-user', { token }), 0o600);
  session.write(`${PKI}/ca.crt`, base64Text(data));
  try {
    const node = client.of<Node>('v1', 'nodes', false).get('', hostname);
    if (node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')) {
      session.fs.unlink(BOOTSTRAP_CONF);
      session.fail(
        `error execution phase kubelet-start: a Node with name ${JSON.stringify(hostname)} and status "Ready" already exists in the cluster. You must delete the existing Node or change the name of this new joining Node`,
      );
    }
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  session.systemd.stop('kubelet.service');
  writeKubeletConfig(session, session.kubelet.runtime.socket, config);
  session.say(
    '[kubelet-start] Writing kubelet environment file with flags to file "/var/lib/kubelet/kubeadm-flags.env"',
  );
  session.write('/var/lib/kubelet/kubeadm-flags.env', 'KUBELET_KUBEADM_ARGS=""\n');
  session.fs.mkdir('/etc/kubernetes/manifests', { recursive: true });
  session.say('[kubelet-start] Starting the kubelet');
  yield 500;
  session.systemd.start('kubelet.service');
}
