// kubeadm join: makes the machine a worker of a cluster, or a further control plane. The token lets it ask for a certificate;
// a control plane also needs the authorities that all of them share, and becomes a member of etcd.

import { ApiError, type Client } from '../../client/index.ts';
import { kubeletConfiguration } from '../../kubeadm/cluster-objects.ts';
import { numbersOf } from '../../kubeadm/releases.ts';
import { installedConfig } from '../../kubelet/index.ts';
import { part } from '../../parts/index.ts';
import type { Co } from '../../sim/index.ts';
import type { Flags } from '../flags.ts';
import { prepareControlPlane, checkEtcd, joinEtcd, readyForControlPlane } from './control-plane-join.ts';
import { discover, type Discovery } from './discovery.ts';
import { readDocuments, textOf } from './documents.ts';
import { bootstrapKubelet, waitBootstrap } from './kubelet-bootstrap.ts';
import { waitControlPlane } from './kubelet-start.ts';
import { nodeSettings, refuseMixed, type NodeSettings } from './node-registration.ts';
import { runPhases, selectPhase, skippedPhases, type Phase } from './phases.ts';
import { joinChecks, runChecks } from './preflight.ts';
import { ADMIN_CONF, type Session } from './session.ts';
import { clusterSettings, type ClusterSettings } from './settings.ts';
import type { Document } from './types.ts';
import { markControlPlane } from './uploads.ts';

export const JOIN_FLAGS = {
  config: 'string',
  token: 'string',
  'discovery-token': 'string',
  'discovery-file': 'string',
  'tls-bootstrap-token': 'string',
  'discovery-token-ca-cert-hash': 'string',
  'discovery-token-unsafe-skip-ca-verification': 'bool',
  'cri-socket': 'string',
  'node-name': 'string',
  'ignore-preflight-errors': 'string',
  'skip-phases': 'string',
  'control-plane': 'bool',
  'certificate-key': 'string',
  'apiserver-advertise-address': 'string',
  'apiserver-bind-port': 'string',
  'dry-run': 'bool',
  patches: 'string',
} as const;

export interface JoinSettings extends NodeSettings {
  discovery: Discovery | undefined;
  isControlPlane: boolean;
  /** With which the shared certificates can be read. */
  certificateKey: string | undefined;
  /** What is learned of the cluster, once. */
  found?: Found;
}

export interface Found {
  /** Of cluster-info, or the administrator's. */
  kubeconfig: string;
  client: Client;
  /** KubeletConfiguration for this machine. */
  kubelet: string;
  cluster: ClusterSettings;
}

type JoinPhase = Phase<JoinSettings>;

const forControlPlanes = (run: (session: Session, settings: JoinSettings, found: Found) => Co): JoinPhase['run'] =>
  function* (session, settings) {
    if (settings.isControlPlane) yield* run(session, settings, yield* learned(session, settings));
  };

const PHASES: readonly JoinPhase[] = [
  { name: 'preflight', run: preflight },
  {
    name: 'control-plane-prepare',
    withAll: true,
    phases: Object.keys(prepareControlPlane).map((name) => ({
      name,
      run: forControlPlanes(prepareControlPlane[name]),
    })),
  },
  { name: 'check-etcd', run: forControlPlanes(checkEtcd) },
  {
    name: 'kubelet-start',
    *run(session, settings) {
      yield* bootstrapKubelet(session, settings, yield* learned(session, settings));
    },
  },
  { name: 'etcd-join', run: forControlPlanes(joinEtcd) },
  { name: 'kubelet-wait-bootstrap', run: waitBootstrap },
  {
    name: 'control-plane-join',
    withAll: true,
    phases: [
      {
        name: 'mark-control-plane',
        run: forControlPlanes((session, { taints }) =>
          markControlPlane(session, taints, 'control-plane-join/mark-control-plane'),
        ),
      },
    ],
  },
  {
    name: 'wait-control-plane',
    run: forControlPlanes((session, _settings, { cluster }) => waitControlPlane(session, cluster.ip)),
  },
];

export function* join(session: Session, flags: Flags): Co<number> {
  const words = flags.args.slice(1);
  const phase = words[0] === 'phase' ? phaseWords(words) : undefined;
  const only = phase && selectPhase(session, 'join', PHASES, phase.words);
  if (!phase && words.length > 1) session.fail(`accepts at most 1 arg(s), received ${words.length}`);
  refuseMixed(session, flags);
  const path = flags.string('config');
  const document =
    path === undefined ? undefined : readDocuments(session, textOf(session, path)).get('JoinConfiguration');
  if (path !== undefined && !document)
    session.fail(`no JoinConfiguration found in config file ${JSON.stringify(path)}`);
  const settings = read(session, flags, phase ? phase.endpoint : words[0], document);
  yield 300;
  yield* runPhases(session, PHASES, settings, { only, skip: skippedPhases(flags, document?.skipPhases) });
  if (only !== undefined) return 0;
  session.say(...(settings.isControlPlane ? CONTROL_PLANE_DONE : WORKER_DONE));
  return 0;
}

/** The last word of some phases is the API server's address. */
function phaseWords(words: readonly string[]): { words: string[]; endpoint: string | undefined } {
  const last = words.at(-1) ?? '';
  return /:\d+$/.test(last)
    ? { words: words.slice(0, -1), endpoint: last }
    : { words: [...words], endpoint: undefined };
}

// ---- what is asked for -----------------------------------------------------------------------------------------------

function read(session: Session, flags: Flags, endpoint: string | undefined, given: Document | undefined): JoinSettings {
  const { hostname, net } = session.process.host;
  const { socket } = session.kubelet.runtime;
  const fixed: Record<string, readonly string[]> = {
    'node-name': [hostname],
    'cri-socket': [`unix://${socket}`, `unix:///var${socket}`],
    'apiserver-advertise-address': [net.addresses[0]],
    'apiserver-bind-port': ['6443'],
    'dry-run': ['false'],
    'discovery-file': [],
    patches: [],
  };
  for (const name in fixed) {
    const value = flags.string(name);
    if (value !== undefined && !fixed[name].includes(value))
      session.fail(`--${name}=${value} is not modelled by this engine`);
  }
  const document = given ?? fromFlags(flags, endpoint);
  const node = nodeSettings(session, 'JoinConfiguration', document, flags, 'controlPlane.localAPIEndpoint');
  const controlPlane = document.controlPlane as { certificateKey?: string } | undefined;
  const isControlPlane = controlPlane !== undefined;
  if (!isControlPlane && (document.nodeRegistration as { taints?: unknown[] } | undefined)?.taints?.length)
    session.fail('JoinConfiguration: nodeRegistration.taints of a worker is not modelled by this engine');
  // Who has the administrator's file has found the cluster.
  const isKnown = isControlPlane && session.fs.exists(ADMIN_CONF);
  return {
    ...node,
    discovery: isKnown ? undefined : discoveryOf(session, document),
    isControlPlane,
    certificateKey: controlPlane?.certificateKey,
  };
}

/** What the flags say, as a file would. */
function fromFlags(flags: Flags, endpoint: string | undefined): Document {
  const token = flags.string('token');
  return {
    discovery: {
      ...(endpoint !== undefined && {
        bootstrapToken: {
          token: flags.string('discovery-token') ?? token,
          apiServerEndpoint: endpoint,
          caCertHashes: flags.string('discovery-token-ca-cert-hash')?.split(','),
          unsafeSkipCAVerification: flags.bool('discovery-token-unsafe-skip-ca-verification'),
        },
      }),
      tlsBootstrapToken: flags.string('tls-bootstrap-token') ?? token,
    },
    ...(flags.bool('control-plane') && { controlPlane: { certificateKey: flags.string('certificate-key') } }),
  };
}

function discoveryOf(session: Session, document: Document): Discovery {
  const { bootstrapToken, file, tlsBootstrapToken } = (document.discovery ?? {}) as {
    bootstrapToken?: {
      token?: string;
      apiServerEndpoint?: string;
      caCertHashes?: string[];
      unsafeSkipCAVerification?: boolean;
    };
    file?: unknown;
    tlsBootstrapToken?: string;
  };
  if (file) session.fail('JoinConfiguration: discovery.file is not modelled by this engine');
  const { token, apiServerEndpoint: endpoint, caCertHashes: hashes = [] } = bootstrapToken ?? {};
  if (endpoint === undefined || token === undefined)
    return session.fail('discovery: Invalid value: "": bootstrapToken or file must be set');
  if (token !== (tlsBootstrapToken ?? token)) session.fail('two different tokens are not modelled by this engine');
  if (!/^[a-z0-9]{6}\.[a-z0-9]{16}$/.test(token)) {
    const why = `Invalid value: ${JSON.stringify(token)}: the bootstrap token is invalid`;
    session.fail(`[discovery.bootstrapToken.token: ${why}, discovery.tlsBootstrapToken: ${why}]`);
  }
  if (!/^(\[[^\]]+\]|[^:/]+):\d+$/.test(endpoint))
    session.fail(
      `discovery.bootstrapToken: Invalid value: ${JSON.stringify(endpoint)}: address ${endpoint}: missing port in address`,
    );
  if (hashes.length === 0 && !bootstrapToken?.unsafeSkipCAVerification)
    session.fail(
      'discovery.bootstrapToken: Invalid value: "": using token-based discovery without caCertHashes can be unsafe. Set unsafeSkipCAVerification as true in your kubeadm config file or pass --discovery-token-unsafe-skip-ca-verification flag to continue',
    );
  return { endpoint, token, hashes };
}

// ---- finding the cluster ---------------------------------------------------------------------------------------------

function* preflight(session: Session, settings: JoinSettings): Co {
  session.say('[preflight] Running pre-flight checks');
  runChecks(session, joinChecks(session, settings.isControlPlane), settings.ignored);
  const found = yield* learned(session, settings);
  if (settings.isControlPlane) yield* readyForControlPlane(session, settings, found);
}

function* learned(session: Session, settings: JoinSettings): Co<Found> {
  if (settings.found) return settings.found;
  const { discovery } = settings;
  const kubeconfig = discovery ? yield* discover(session, discovery) : session.fs.readFile(ADMIN_CONF);
  const client = discovery ? session.kubelet.client.withToken(discovery.token) : session.admin;
  return (settings.found = { kubeconfig, client, ...configuration(session, client) });
}

/** The configuration as the cluster keeps it, if this kubeadm may join such a cluster. */
function configuration(session: Session, client: Client): { kubelet: string; cluster: ClusterSettings } {
  session.say(
    '[preflight] Reading configuration from the "kubeadm-config" ConfigMap in namespace "kube-system"...',
    "[preflight] Use 'kubeadm init phase upload-config kubeadm --config your-config-file' to re-upload it.",
  );
  const of = (name: string): Record<string, string> =>
    (client.of('v1', 'configmaps').get('kube-system', name) as unknown as { data: Record<string, string> }).data;
  try {
    const text = of('kubeadm-config').ClusterConfiguration;
    const version = /^kubernetesVersion: (.*)$/m.exec(text)?.[1] ?? '';
    const { minor } = numbersOf(session.version);
    if (numbersOf(version).minor < minor - 1)
      session.fail(
        `error execution phase preflight: unable to fetch the kubeadm-config ConfigMap: this version of kubeadm only supports deploying clusters with the control plane version >= 1.${minor - 1}.0. Current version: ${version}`,
      );
    const { kubelet } = of('kubelet-config');
    const dns = /^clusterDNS:\n- (.+)$/m.exec(kubelet)?.[1] ?? '';
    const document = part('yaml').parseDocument(text, { schema: 'core' }).toJS() as Document;
    return {
      kubelet: kubelet === kubeletConfiguration(dns) ? installedConfig(dns) : kubelet,
      cluster: clusterSettings(session, document),
    };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return session.fail(
      `error execution phase preflight: unable to fetch the kubeadm-config ConfigMap: failed to get config map: ${error.message}`,
    );
  }
}

const WORKER_DONE = [
  '',
  'This node has joined the cluster:',
  '* Certificate signing request was sent to apiserver and a response was received.',
  '* The Kubelet was informed of the new secure connection details.',
  '',
  "Run 'kubectl get nodes' on the control-plane to see this node join the cluster.",
  '',
];

const CONTROL_PLANE_DONE = [
  '',
  'This node has joined the cluster and a new control plane instance was created:',
  '',
  '* Certificate signing request was sent to apiserver and approval was received.',
  '* The Kubelet was informed of the new secure connection details.',
  '* Control plane label and taint were applied to the new node.',
  '* The Kubernetes control plane instances scaled up.',
  '* A new etcd member was added to the local/stacked etcd cluster.',
  '',
  'To start administering your cluster from this node, you need to run the following as a regular user:',
  '',
  '\tmkdir -p $HOME/.kube',
  `\tsudo cp -i ${ADMIN_CONF} $HOME/.kube/config`,
  '\tsudo chown $(id -u):$(id -g) $HOME/.kube/config',
  '',
  "Run 'kubectl get nodes' to see this node join the cluster.",
  '',
];
