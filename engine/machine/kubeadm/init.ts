// kubeadm init: makes the machine the first control-plane node of a cluster, phase by phase.

import type { Taint } from '../../api/types.ts';
import { DNS_DOMAIN } from '../../addressing.ts';
import { COREDNS_IMAGE } from '../../addons/coredns.ts';
import { COMPONENTS } from '../../kubeadm/control-plane-manifests.ts';
import { KUBELET_CONF } from '../../kubeadm/kubelet-certificates.ts';
import type { Co } from '../../sim/index.ts';
import type { Flags } from '../flags.ts';
import { readDocuments, textOf, type Documents } from './documents.ts';
import { startKubelet, waitControlPlane, waitKubelet } from './kubelet-start.ts';
import { CERTS, CONTROL_PLANE, ETCD, KUBECONFIG } from './node-files.ts';
import { nodeSettings, refuseMixed, type NodeSettings } from './node-registration.ts';
import { runPhases, selectPhase, skippedPhases, type Phase } from './phases.ts';
import { failed, initChecks, runChecks, runtimeProblem } from './preflight.ts';
import { ADMIN_CONF, PKI, type Session } from './session.ts';
import { clusterSettings, REGISTRY, type ClusterSettings } from './settings.ts';
import { newToken, parseTtl, TOKEN, type TokenOptions } from './token.ts';
import { newCertificateKey, uploadCertificates } from './upload-certs.ts';
import {
  addCoreDNS,
  addKubeProxy,
  bootstrapTokens,
  joinCommands,
  kubeletTexts,
  markControlPlane,
  uploadClusterConfig,
  uploadKubeletConfig,
} from './uploads.ts';
import type { Document } from './types.ts';

const PULL_MS = 12_000;

export const INIT_FLAGS = {
  'pod-network-cidr': 'string',
  'service-cidr': 'string',
  'service-dns-domain': 'string',
  'apiserver-advertise-address': 'string',
  'apiserver-bind-port': 'string',
  'control-plane-endpoint': 'string',
  'kubernetes-version': 'string',
  'cri-socket': 'string',
  'node-name': 'string',
  'ignore-preflight-errors': 'string',
  'skip-token-print': 'bool',
  token: 'string',
  'token-ttl': 'string',
  'apiserver-cert-extra-sans': 'string',
  'cert-dir': 'string',
  'certificate-key': 'string',
  config: 'string',
  'dry-run': 'bool',
  'feature-gates': 'string',
  'image-repository': 'string',
  kubeconfig: 'string',
  patches: 'string',
  'skip-certificate-key-print': 'bool',
  'skip-phases': 'string',
  'upload-certs': 'bool',
} as const;

interface InitSettings extends ClusterSettings, NodeSettings {
  tokens: readonly TokenOptions[];
  /** With which the shared certificates are uploaded; undefined: they are not. */
  certificateKey: string | undefined;
  isTokenShown: boolean;
  isKeyShown: boolean;
}

const PHASES: readonly Phase<InitSettings>[] = [
  { name: 'preflight', run: preflight },
  CERTS,
  KUBECONFIG,
  ETCD,
  CONTROL_PLANE,
  {
    name: 'kubelet-start',
    run: (session, settings) => startKubelet(session, kubeletTexts(settings).installed, settings.kubeletArgs),
  },
  {
    name: 'wait-control-plane',
    *run(session, { ip }) {
      yield* waitKubelet(session);
      yield* waitControlPlane(session, ip);
    },
  },
  {
    name: 'upload-config',
    withAll: true,
    phases: [
      { name: 'kubeadm', run: uploadClusterConfig },
      { name: 'kubelet', run: uploadKubeletConfig },
    ],
  },
  { name: 'upload-certs', run: uploadCerts },
  {
    name: 'mark-control-plane',
    run: (session, { taints }) => markControlPlane(session, taints, 'mark-control-plane'),
  },
  {
    name: 'bootstrap-token',
    run: (session, settings) => bootstrapTokens(session, settings, settings.tokens, settings.isTokenShown),
  },
  {
    name: 'kubelet-finalize',
    withAll: true,
    phases: [
      {
        name: 'enable-client-cert-rotation',
        *run(session) {
          session.say(
            `[kubelet-finalize] Updating "${KUBELET_CONF}" to point to a rotatable kubelet client certificate and key`,
          );
          yield 300;
        },
      },
    ],
  },
  {
    name: 'addon',
    withAll: true,
    phases: [
      { name: 'coredns', run: addCoreDNS },
      { name: 'kube-proxy', run: addKubeProxy },
    ],
  },
  { name: 'show-join-command', run: showJoinCommand },
];

export function* init(session: Session, flags: Flags): Co<number> {
  const words = flags.args.slice(1);
  const only = selectPhase(session, 'init', PHASES, words);
  if (only === undefined && words.length)
    session.fail(`unknown command ${JSON.stringify(words[0])} for "kubeadm init"`);
  refuseMixed(session, flags);
  const path = flags.string('config');
  const documents = path === undefined ? undefined : readDocuments(session, textOf(session, path));
  if (documents && !documents.has('InitConfiguration') && !documents.has('ClusterConfiguration'))
    session.fail('no InitConfiguration or ClusterConfiguration kind was found in the YAML file');
  const settings = read(session, flags, documents);
  const skip = skippedPhases(flags, documents?.get('InitConfiguration')?.skipPhases);
  yield only === undefined ? 500 : 200;
  if (only === undefined) session.say(`[init] Using Kubernetes version: ${settings.version}`);
  yield* runPhases(session, PHASES, settings, { only, skip });
  return 0;
}

/** Flags whose only modelled value is the one that is used anyway. */
function checkFixed(session: Session, flags: Flags) {
  const { hostname, net } = session.process.host;
  const { socket } = session.kubelet.runtime;
  const fixed: Record<string, readonly string[]> = {
    'service-dns-domain': [DNS_DOMAIN],
    'apiserver-advertise-address': [net.addresses[0]],
    'apiserver-bind-port': ['6443'],
    'node-name': [hostname],
    'cri-socket': [`unix://${socket}`, `unix:///var${socket}`],
    'cert-dir': [PKI],
    'dry-run': ['false'],
    'feature-gates': [''],
    kubeconfig: [ADMIN_CONF],
    patches: [],
  };
  for (const name in fixed) {
    const value = flags.string(name);
    if (value !== undefined && !fixed[name].includes(value))
      session.fail(`--${name}=${value} is not modelled by this engine`);
  }
}

/** From the flags, or from a file's documents. */
function read(session: Session, flags: Flags, documents: Documents | undefined): InitSettings {
  checkFixed(session, flags);
  const init = documents?.get('InitConfiguration') ?? {};
  const cluster = documents ? (documents.get('ClusterConfiguration') ?? {}) : fromFlags(flags);
  const node = nodeSettings(session, 'InitConfiguration', init, flags, 'localAPIEndpoint');
  const key = flags.string('certificate-key') ?? (init.certificateKey as string | undefined);
  const ttl = parseTtl(session, flags.string('token-ttl') ?? '24h0m0s', '--token-ttl');
  const given = (init.bootstrapTokens ?? [{}]) as Partial<Record<keyof TokenOptions, never> & { ttl: string }>[];
  const tokens = given.map((one) => tokenOf(session, one, flags.string('token'), ttl));
  return {
    ...clusterSettings(session, cluster, documents),
    ...node,
    taints: node.taints as readonly Taint[],
    tokens,
    certificateKey: flags.bool('upload-certs') ? (key ?? newCertificateKey(session)) : undefined,
    isTokenShown: !flags.bool('skip-token-print'),
    isKeyShown: !flags.bool('skip-certificate-key-print'),
  };
}

function tokenOf(
  session: Session,
  one: { token?: string; ttl?: string; description?: string; groups?: string[]; usages?: string[] },
  flag: string | undefined,
  ttl: number,
): TokenOptions {
  const token = one.token ?? flag ?? newToken(session);
  if (!TOKEN.test(token))
    session.fail(
      `the bootstrap token ${JSON.stringify(token)} was not of the form "\\\\A([a-z0-9]{6})\\\\.([a-z0-9]{16})\\\\z"`,
    );
  const { description, groups, usages } = one;
  return {
    token,
    ttl: one.ttl === undefined ? ttl : parseTtl(session, one.ttl, '--token-ttl'),
    description: description ?? (one.token ? undefined : "The default bootstrap token generated by 'kubeadm init'."),
    groups,
    usages,
  };
}

/** What the flags say, as a file would. */
function fromFlags(flags: Flags): Document {
  const list = (name: string) => flags.string(name)?.split(',').filter(Boolean);
  return {
    apiServer: { certSANs: list('apiserver-cert-extra-sans') ?? null },
    controlPlaneEndpoint: flags.string('control-plane-endpoint') ?? null,
    imageRepository: flags.string('image-repository') ?? null,
    kubernetesVersion: flags.string('kubernetes-version') ?? null,
    networking: {
      podSubnet: flags.string('pod-network-cidr') ?? null,
      serviceSubnet: flags.string('service-cidr') ?? null,
    },
  };
}

// ---- phases ----------------------------------------------------------------------------------------------------------

function* preflight(session: Session, settings: InitSettings): Co {
  const { version, dataDir, ignored } = settings;
  session.say('[preflight] Running pre-flight checks');
  runChecks(session, initChecks(session, version, { dataDir }), ignored);
  if (session.targets.controlPlane.isBeside(session.process.host.hostname))
    session.fail('a second cluster beside the one that is there is not modelled by this engine');
  yield* pullImages(session, settings);
}

/** Pulls what the control plane and the add-ons run from. */
export function* pullImages(session: Session, { version, registry }: ClusterSettings): Co {
  session.say(
    '[preflight] Pulling images required for setting up a Kubernetes cluster',
    '[preflight] This might take a minute or two, depending on the speed of your internet connection',
    "[preflight] You can also perform this action beforehand using 'kubeadm config images pull'",
  );
  yield 200;
  const problem = runtimeProblem(session);
  if (problem) failed(session, problem);
  const images = Object.values(COMPONENTS).map(({ image }) => image(version));
  images.push(`${REGISTRY}/kube-proxy:${version}`, COREDNS_IMAGE);
  const wrong: string[] = [];
  for (const one of images) {
    const image = registry === REGISTRY ? one : one.replace(REGISTRY, registry).replace('/coredns/', '/');
    yield PULL_MS / images.length;
    const why = session.kubelet.images.preload(image);
    if (why)
      wrong.push(
        `\t[ERROR ImagePull]: failed to pull image ${image}: failed to pull image ${image}: rpc error: code = ${why.code} desc = ${why.message}\n`,
      );
  }
  if (wrong.length) failed(session, wrong.join(''));
}

function* uploadCerts(session: Session, { certificateKey, isKeyShown }: InitSettings): Co {
  if (certificateKey === undefined) return void session.say('[upload-certs] Skipping phase. Please see --upload-certs');
  uploadCertificates(session, certificateKey);
  if (isKeyShown) session.say('[upload-certs] Using certificate key:', certificateKey);
  yield 200;
}

// eslint-disable-next-line require-yield
function* showJoinCommand(session: Session, settings: InitSettings): Co {
  const [token] = settings.tokens;
  session.say(
    ...DONE,
    ...joinCommands(
      session,
      settings,
      token && settings.isTokenShown ? token.token : '<value withheld>',
      settings.certificateKey,
      settings.isKeyShown,
    ),
  );
}

const DONE = [
  '',
  'Your Kubernetes control-plane has initialized successfully!',
  '',
  'To start using your cluster, you need to run the following as a regular user:',
  '',
  '  mkdir -p $HOME/.kube',
  `  sudo cp -i ${ADMIN_CONF} $HOME/.kube/config`,
  '  sudo chown $(id -u):$(id -g) $HOME/.kube/config',
  '',
  'Alternatively, if you are the root user, you can run:',
  '',
  `  export KUBECONFIG=${ADMIN_CONF}`,
  '',
  'You should now deploy a pod network to the cluster.',
  'Run "kubectl apply -f [podnetwork].yaml" with one of the options listed at:',
  '  https://kubernetes.io/docs/concepts/cluster-administration/addons/',
  '',
];
