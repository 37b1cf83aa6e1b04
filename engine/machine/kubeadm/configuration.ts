// kubeadm config: what kubeadm would do by itself, and the images that it needs; and what other commands read of a
// configuration file or of the cluster.

import { serverURL } from '../../addressing.ts';
import { COREDNS_IMAGE } from '../../addons/coredns.ts';
import { kubeProxyConfiguration } from '../../addons/kube-proxy.ts';
import type { ConfigMap } from '../../api/types.ts';
import { ApiError } from '../../client/index.ts';
import { COMPONENTS } from '../../kubeadm/control-plane-manifests.ts';
import { defaultClusterConfiguration, kubeletConfiguration } from '../../kubeadm/cluster-objects.ts';
import { filesOf } from '../../linux/index.ts';
import { part } from '../../parts/index.ts';
import type { Co } from '../../sim/index.ts';
import type { Flags } from '../flags.ts';
import { merged, readDocuments, textOf, toText, type Documents } from './documents.ts';
import { refuseMixed } from './node-registration.ts';
import { runtimeProblem } from './preflight.ts';
import type { Session } from './session.ts';
import { clusterSettings } from './settings.ts';
import { newToken } from './token.ts';
import type { Document } from './types.ts';

export const CONFIG_FLAGS = {
  'allow-experimental-api': 'bool',
  'component-configs': 'string',
  config: 'string',
  'cri-socket': 'string',
  'feature-gates': 'string',
  'image-repository': 'string',
  'kubernetes-version': 'string',
  'new-config': 'string',
  'old-config': 'string',
} as const;

const REGISTRY = 'registry.k8s.io';
/** Of the cluster's DNS, before anybody has said anything. */
const DNS_ADDRESS = '10.96.0.10';
const PAUSE = `${REGISTRY}/pause:3.10.1`;
const PULL_MS = 1_500;

const TIMEOUTS = `timeouts:
  controlPlaneComponentHealthCheck: 4m0s
  discovery: 5m0s
  etcdAPICall: 2m0s
  kubeletHealthCheck: 4m0s
  kubernetesAPICall: 1m0s
  tlsBootstrap: 5m0s
  upgradeManifests: 5m0s
`;
const REGISTRATION = `nodeRegistration:
  criSocket: unix:///var/run/containerd/containerd.sock
  imagePullPolicy: IfNotPresent
  imagePullSerial: true
  name: node
  taints: null
`;
const TOKEN = 'abcdef.0123456789abcdef';
const INIT_DEFAULTS = `apiVersion: kubeadm.k8s.io/v1beta4
bootstrapTokens:
- groups:
  - system:bootstrappers:kubeadm:default-node-token
  token: ${TOKEN}
  ttl: 24h0m0s
  usages:
  - signing
  - authentication
kind: InitConfiguration
localAPIEndpoint:
  advertiseAddress: 1.2.3.4
  bindPort: 6443
${REGISTRATION}${TIMEOUTS}---
`;
const RESET_DEFAULTS = `apiVersion: kubeadm.k8s.io/v1beta4
certificatesDir: /etc/kubernetes/pki
criSocket: unix:///var/run/containerd/containerd.sock
kind: ResetConfiguration
${TIMEOUTS}`;
const RENEWING = `  certificateRenewal: true
  etcdUpgrade: true
  imagePullPolicy: IfNotPresent
  imagePullSerial: true
`;
const UPGRADE_DEFAULTS = `apiVersion: kubeadm.k8s.io/v1beta4
apply:
${RENEWING}diff: {}
kind: UpgradeConfiguration
node:
${RENEWING}plan:
  etcdUpgrade: true
${TIMEOUTS}`;
const JOIN_DEFAULTS = `apiVersion: kubeadm.k8s.io/v1beta4
caCertPath: /etc/kubernetes/pki/ca.crt
discovery:
  bootstrapToken:
    apiServerEndpoint: kube-apiserver:6443
    token: ${TOKEN}
    unsafeSkipCAVerification: true
  tlsBootstrapToken: ${TOKEN}
kind: JoinConfiguration
${REGISTRATION}${TIMEOUTS}`;

/** Everything a control plane of this release runs from, in the order in which kubeadm names it. */
export const imagesOf = (version: string, registry = REGISTRY): string[] => {
  const { etcd, ...components } = COMPONENTS;
  return [
    ...(['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const).map((name) =>
      components[name].image(version),
    ),
    `${REGISTRY}/kube-proxy:${version}`,
    COREDNS_IMAGE,
    PAUSE,
    etcd.image(version),
  ].map((image) => (registry === REGISTRY ? image : image.replace(REGISTRY, registry).replace('/coredns/', '/')));
};

export function* config(session: Session, flags: Flags): Co<number> {
  const [, verb = '', what = '', ...more] = flags.args;
  yield 100;
  const words = [verb, what].join(' ').trim();
  if (more.length) return session.fail(`unknown command ${JSON.stringify(more[0])} for "kubeadm config ${words}"`);
  switch (words) {
    case 'images list':
      session.say(...images(session, flags));
      return 0;
    case 'images pull':
      return yield* pull(session, images(session, flags));
    case 'print init-defaults':
      session.say((INIT_DEFAULTS + defaultClusterConfiguration(own(session)) + components(session, flags)).trimEnd());
      return 0;
    case 'print join-defaults':
      session.say((JOIN_DEFAULTS + components(session, flags)).trimEnd());
      return 0;
    case 'print reset-defaults':
      session.say(RESET_DEFAULTS.trimEnd());
      return 0;
    case 'print upgrade-defaults':
      session.say(UPGRADE_DEFAULTS.trimEnd());
      return 0;
    case 'migrate':
      return migrate(session, flags);
    case 'validate':
      validate(session, flags);
      session.say('ok');
      return 0;
    default: {
      const parent = verb === 'images' || verb === 'print' ? what : verb;
      return session.fail(
        parent
          ? `invalid subcommand: ${JSON.stringify(parent)}`
          : `missing subcommand; ${JSON.stringify(verb || 'config')} is not meant to be run on its own`,
      );
    }
  }
}

/** v1.35.0 of any v1.35. */
const own = ({ version }: Session): string => version.replace(/^v(1\.\d+)\..*/, '$1.0');

/** The components' configurations that are asked for, each a document. */
function components(session: Session, flags: Flags): string {
  const texts: Readonly<Record<string, () => string>> = {
    KubeProxyConfiguration: () => kubeProxyConfiguration('""', ''),
    KubeletConfiguration: () => kubeletConfiguration(DNS_ADDRESS),
  };
  const asked = flags.string('component-configs')?.split(',').filter(Boolean) ?? [];
  if (asked.some((kind) => !texts[kind]))
    session.fail(`--component-configs needs to contain some of [${Object.keys(texts).join(' ')}]`);
  return asked
    .sort()
    .map((kind) => `---\n${texts[kind]()}`)
    .join('');
}

const OF_INIT = ['InitConfiguration', 'ClusterConfiguration'];

function validate(session: Session, flags: Flags) {
  const path = flags.string('config');
  if (path === undefined) return session.fail('the --config flag is mandatory');
  checkValues(session, readDocuments(session, textOf(session, path), { strict: true, quiet: true }));
}

/** What is wrong with the values that a cluster would be made with. */
function checkValues(session: Session, documents: Documents) {
  if (OF_INIT.some((kind) => documents.has(kind)))
    clusterSettings(session, documents.get('ClusterConfiguration') ?? {}, documents);
}

/** The same with what kubeadm fills in, in the newest version. */
function migrate(session: Session, flags: Flags): number {
  const path = flags.string('old-config');
  if (path === undefined) return session.fail('the --old-config flag is mandatory');
  const documents = readDocuments(session, textOf(session, path), { strict: true, quiet: true });
  const { hostname, net } = session.process.host;
  const filled = (defaults: string, over: Document, kind: string): string =>
    toText(merged(merged(parsed(defaults), over), documents.get(kind) ?? {}));
  const nodeRegistration = { name: hostname, taints: null };
  const texts: string[] = [];
  if (OF_INIT.some((kind) => documents.has(kind))) {
    const [token] = parsed(INIT_DEFAULTS).bootstrapTokens as Document[];
    const taints = [{ effect: 'NoSchedule', key: 'node-role.kubernetes.io/control-plane' }];
    const dynamic = {
      bootstrapTokens: [{ ...token, token: newToken(session) }],
      localAPIEndpoint: { advertiseAddress: net.addresses[0] },
      nodeRegistration: { ...nodeRegistration, taints },
    };
    texts.push(filled(INIT_DEFAULTS, dynamic, 'InitConfiguration'));
    const { configuration } = clusterSettings(session, documents.get('ClusterConfiguration') ?? {}, documents);
    texts.push(toText(configuration));
  }
  if (documents.has('JoinConfiguration')) {
    const { discovery: _, ...defaults } = parsed(JOIN_DEFAULTS);
    texts.push(filled(toText(defaults), { nodeRegistration }, 'JoinConfiguration'));
  }
  if (documents.has('ResetConfiguration')) texts.push(filled(RESET_DEFAULTS, {}, 'ResetConfiguration'));
  if (documents.has('UpgradeConfiguration')) texts.push(filled(UPGRADE_DEFAULTS, {}, 'UpgradeConfiguration'));
  const text = texts.join('---\n');
  const file = flags.string('new-config');
  if (file === undefined) session.process.stdout.write(text);
  else filesOf(session.process).writeFile(file, text);
  return 0;
}

const parsed = (text: string) =>
  part('yaml')
    .parseDocument(text.replace(/---\n$/, ''), { schema: 'core' })
    .toJS() as Document;

function images(session: Session, flags: Flags): string[] {
  const path = flags.string('config');
  if (path === undefined)
    return imagesOf(
      flags.string('kubernetes-version')?.replace(/^v?/, 'v') ?? session.version,
      flags.string('image-repository'),
    );
  refuseMixed(session, flags);
  const documents = readDocuments(session, textOf(session, path));
  const { version, registry } = clusterSettings(session, documents.get('ClusterConfiguration') ?? {}, documents);
  return imagesOf(version, registry);
}

function* pull(session: Session, wanted: readonly string[]): Co<number> {
  const problem = runtimeProblem(session);
  if (problem) return session.fail(problem.trim());
  for (const image of wanted) {
    yield PULL_MS;
    const why = session.kubelet.images.preload(image);
    if (why)
      return session.fail(
        `failed to pull image ${JSON.stringify(image)}: failed to pull image ${image}: rpc error: code = ${why.code} desc = ${why.message}`,
      );
    session.say(`[config/images] Pulled ${image}`);
  }
  return 0;
}

/** What kubeadm remembers of the cluster; undefined when the API server does not tell. */
export function clusterConfiguration(session: Session): string | undefined {
  try {
    const { data } = session.targets.client.of<ConfigMap>('v1', 'configmaps').get('kube-system', 'kubeadm-config');
    return data?.ClusterConfiguration;
  } catch (error) {
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}

/** What a file (or, without one, kubeadm by itself) says of a cluster. */
export function configured(session: Session, path: string | undefined) {
  const given =
    path === undefined ? undefined : readDocuments(session, textOf(session, path)).get('ClusterConfiguration');
  const { endpoint, configuration, ip } = clusterSettings(session, given ?? {});
  return {
    certificatesDir: configuration.certificatesDir as string,
    clusterName: configuration.clusterName as string,
    server: endpoint === undefined ? serverURL(ip) : `https://${endpoint}`,
  };
}
