// kubeadm config: what kubeadm would do by itself, and the images that it needs; and what other commands read of a
// configuration file or of the cluster.

import { COREDNS_IMAGE } from '../../addons/coredns.ts';
import type { ConfigMap } from '../../api/types.ts';
import { ApiError } from '../../client/index.ts';
import { COMPONENTS } from '../../kubeadm/control-plane-manifests.ts';
import { defaultClusterConfiguration } from '../../kubeadm/cluster-objects.ts';
import { part } from '../../parts/index.ts';
import type { Co } from '../../sim/index.ts';
import type { Flags } from '../flags.ts';
import { runtimeProblem } from './preflight.ts';
import { PKI, type Session } from './session.ts';

export const CONFIG_FLAGS = {
  'kubernetes-version': 'string',
  'image-repository': 'string',
  'component-configs': 'string',
  'cri-socket': 'string',
} as const;

const REGISTRY = 'registry.k8s.io';
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
    case 'print join-defaults':
      if (flags.has('component-configs'))
        return session.fail('kubeadm config print --component-configs is not modelled by this engine');
      session.say(
        what === 'join-defaults'
          ? JOIN_DEFAULTS.trimEnd()
          : INIT_DEFAULTS + defaultClusterConfiguration(session.version.replace(/^v(1\.\d+)\..*/, '$1.0')).trimEnd(),
      );
      return 0;
    case 'migrate':
    case 'validate':
    case 'print reset-defaults':
    case 'print upgrade-defaults':
      return session.fail(`kubeadm config ${words} is not modelled by this engine`);
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

const images = (session: Session, flags: Flags): string[] =>
  imagesOf(
    flags.string('kubernetes-version')?.replace(/^v?/, 'v') ?? session.version,
    flags.string('image-repository'),
  );

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
  const [ip] = session.process.host.net.addresses;
  const defaults = { certificatesDir: PKI, clusterName: 'kubernetes', server: `https://${ip}:6443` };
  if (path === undefined) return defaults;
  const { cwd, host } = session.process;
  const fs = host.fs.view({ cwd });
  if (!fs.exists(path))
    return session.fail(`unable to read config from ${JSON.stringify(path)} : open ${path}: no such file or directory`);
  for (const text of fs.readFile(path).split(/^---$/m)) {
    const document = (part('yaml').parseDocument(text, { schema: 'core' }).toJS() ?? {}) as Record<string, unknown>;
    if (document.kind !== 'ClusterConfiguration') continue;
    const { certificatesDir, clusterName, controlPlaneEndpoint } = document as Record<string, string | undefined>;
    const endpoint = controlPlaneEndpoint?.replace(/^[^:]+$/, '$&:6443');
    return {
      certificatesDir: certificatesDir ?? defaults.certificatesDir,
      clusterName: clusterName ?? defaults.clusterName,
      server: endpoint === undefined ? defaults.server : `https://${endpoint}`,
    };
  }
  return defaults;
}
