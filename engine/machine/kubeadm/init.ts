// kubeadm init: makes the machine the first control-plane node of a cluster, phase by phase.

import { apiServiceIP, DNS_DOMAIN, dnsServiceIP, serverURL } from '../../addressing.ts';
import type { Node } from '../../api/types.ts';
import { COREDNS_IMAGE, coreDNSManifests } from '../../addons/coredns.ts';
import { installManifests } from '../../addons/index.ts';
import { kubeProxyManifests } from '../../addons/kube-proxy.ts';
import { isAlreadyExists } from '../../client/index.ts';
import {
  CONTROL_PLANE_LABELS,
  CONTROL_PLANE_TAINT,
  COMPONENTS,
  type ComponentName,
} from '../../kubeadm/control-plane-manifests.ts';
import { clusterInfo, uploadedConfig, type Uploaded } from '../../kubeadm/cluster-objects.ts';
import { KUBELET_CONF, kubeletCertificates, kubeletConf } from '../../kubeadm/kubelet-certificates.ts';
import { NEWEST_PATCH, numbersOf } from '../../kubeadm/releases.ts';
import { CONFIG_FILE, installedConfig } from '../../kubelet/index.ts';
import { FileNode, hostPort, parseCidr, type TreeEntry } from '../../linux/index.ts';
import type { Co } from '../../sim/index.ts';
import type { Flags } from '../flags.ts';
import { failed, ignoredChecks, initChecks, runChecks, runtimeProblem } from './preflight.ts';
import { ADMIN_CONF, HEALTH_MS, KUBERNETES, MANIFESTS, PKI, type Session } from './session.ts';
import { joinCommand, newToken, parseTtl, storeToken } from './token.ts';

const SERVICE_CIDR = '10.96.0.0/12';
const BACKDATE = 5 * 60_000;
const PULL_MS = 12_000;

export interface InitSettings {
  version: string;
  ip: string;
  podCIDR: string;
  serviceCIDR: string;
}

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
  patches: 'string',
  'skip-certificate-key-print': 'bool',
  'skip-phases': 'string',
  'upload-certs': 'bool',
} as const;

/** Flags whose only modelled value is the one that is used anyway. */
function checkFixed(session: Session, flags: Flags, ip: string) {
  const { hostname } = session.process.host;
  const fixed: Record<string, readonly string[]> = {
    'service-dns-domain': [DNS_DOMAIN],
    'apiserver-advertise-address': [ip],
    'apiserver-bind-port': ['6443'],
    'control-plane-endpoint': [ip, hostPort(ip, 6443), hostname, `${hostname}:6443`],
    'node-name': [hostname],
    'cri-socket': [`unix://${session.kubelet.runtime.socket}`, `unix:///var${session.kubelet.runtime.socket}`],
    'apiserver-cert-extra-sans': [],
    'cert-dir': [PKI],
    'certificate-key': [],
    config: [],
    'dry-run': ['false'],
    'feature-gates': [''],
    'image-repository': ['registry.k8s.io'],
    patches: [],
    'skip-certificate-key-print': [],
    'skip-phases': [''],
    'upload-certs': ['false'],
  };
  for (const name in fixed) {
    const value = flags.string(name);
    if (value !== undefined && !fixed[name].includes(value))
      session.fail(`--${name}=${value} is not modelled by this engine`);
  }
}

export function* init(session: Session, flags: Flags): Co<number> {
  session.refuseWords('init', flags.args.slice(1));
  const { process, version: own } = session;
  const [ip] = process.host.net.addresses;
  checkFixed(session, flags, ip);
  const { minor } = numbersOf(own);
  const version = flags.string('kubernetes-version')?.replace(/^v?/, 'v') ?? `v1.${minor}.${NEWEST_PATCH[minor]}`;
  if (!/^v1\.\d+\.\d+$/.test(version)) session.fail(`couldn't parse version ${version}`);
  if (numbersOf(version).minor < minor - 1)
    session.fail(
      `this version of kubeadm only supports deploying clusters with the control plane version >= 1.${minor - 1}.0. Current version: ${version}`,
    );
  const podCIDR = flags.string('pod-network-cidr') ?? '';
  const serviceCIDR = flags.string('service-cidr') ?? SERVICE_CIDR;
  for (const [field, value] of [
    ['serviceSubnet', serviceCIDR],
    ['podSubnet', podCIDR],
  ]) {
    const wrong = value && value.split(',').find((range) => !range.includes('/') || !parseCidr(range));
    if (wrong)
      session.fail(
        `${field}: Invalid value: ${JSON.stringify(value)}: couldn't parse subnet: invalid CIDR address: ${wrong}`,
      );
  }
  const ttl = parseTtl(session, flags.string('token-ttl') ?? '24h0m0s', '--token-ttl');
  const token = flags.string('token') ?? newToken(session);
  if (!/^[a-z0-9]{6}\.[a-z0-9]{16}$/.test(token))
    session.fail(
      `the bootstrap token ${JSON.stringify(token)} was not of the form "\\\\A([a-z0-9]{6})\\\\.([a-z0-9]{16})\\\\z"`,
    );
  yield 500;
  const settings: InitSettings = { version, ip, podCIDR, serviceCIDR };
  session.say(`[init] Using Kubernetes version: ${version}`, '[preflight] Running pre-flight checks');
  runChecks(session, initChecks(session, version), ignoredChecks(flags.string('ignore-preflight-errors')));
  if (session.targets.controlPlane.isBeside(process.host.hostname))
    session.fail('a second cluster beside the one that is there is not modelled by this engine');
  yield* pullImages(session, version);
  yield* certificates(session, settings);
  yield* manifests(session);
  yield* startKubelet(session, installedConfig(dnsServiceIP(serviceCIDR)));
  yield* waitControlPlane(session, ip);
  yield* upload(session, settings);
  yield* markControlPlane(session);
  yield* bootstrapToken(session, settings, token, ttl);
  session.say(
    `[kubelet-finalize] Updating "${KUBERNETES}/kubelet.conf" to point to a rotatable kubelet client certificate and key`,
  );
  yield 300;
  addons(session, settings);
  session.say(
    ...DONE,
    flags.bool('skip-token-print')
      ? joinCommand(session, '<value withheld>', '\n\t')
      : joinCommand(session, token, '\n\t'),
  );
  return 0;
}

/** Pulls what the control plane and the add-ons run from. */
function* pullImages(session: Session, version: string): Co {
  session.say(
    '[preflight] Pulling images required for setting up a Kubernetes cluster',
    '[preflight] This might take a minute or two, depending on the speed of your internet connection',
    "[preflight] You can also perform this action beforehand using 'kubeadm config images pull'",
  );
  yield 200;
  const problem = runtimeProblem(session);
  if (problem) failed(session, problem);
  const images = Object.values(COMPONENTS).map(({ image }) => image(version));
  images.push(`registry.k8s.io/kube-proxy:${version}`, COREDNS_IMAGE);
  const wrong: string[] = [];
  for (const image of images) {
    yield PULL_MS / images.length;
    const why = session.kubelet.images.preload(image);
    if (why)
      wrong.push(
        `\t[ERROR ImagePull]: failed to pull image ${image}: failed to pull image ${image}: rpc error: code = ${why.code} desc = ${why.message}\n`,
      );
  }
  if (wrong.length) failed(session, wrong.join(''));
}

function* certificates(session: Session, { version, ip, podCIDR, serviceCIDR }: InitSettings): Co {
  const { process, targets, now } = session;
  const { hostname } = process.host;
  targets.controlPlane.admit({ version, name: hostname, ip, podCIDR, serviceCIDR });
  const files = targets.controlPlane.certificates(hostname, now - BACKDATE, now);
  const place = (wanted: (path: string) => boolean) => putFiles(session, files, wanted);
  const names = (list: string[]) => [...list].sort().join(' ');
  const api = names([
    hostname,
    'kubernetes',
    ...['', '.svc', '.svc.cluster.local'].map((end) => `kubernetes.default${end}`),
  ]);
  const etcd = (name: string) => [
    `Generating "etcd/${name}" certificate and key`,
    `etcd/${name} serving cert is signed for DNS names [${names([hostname, 'localhost'])}] and IPs [${ip} 127.0.0.1 ::1]`,
  ];
  const lines = [
    `Using certificateDir folder "${PKI}"`,
    'Generating "ca" certificate and key',
    'Generating "apiserver" certificate and key',
    `apiserver serving cert is signed for DNS names [${api}] and IPs [${apiServiceIP(serviceCIDR)} ${ip}]`,
    'Generating "apiserver-kubelet-client" certificate and key',
    'Generating "front-proxy-ca" certificate and key',
    'Generating "front-proxy-client" certificate and key',
    'Generating "etcd/ca" certificate and key',
    ...etcd('server'),
    ...etcd('peer'),
    'Generating "etcd/healthcheck-client" certificate and key',
    'Generating "apiserver-etcd-client" certificate and key',
    'Generating "sa" key and public key',
  ];
  place((path) => path.startsWith(PKI));
  for (const line of lines) {
    session.say(`[certs] ${line}`);
    yield 120;
  }
  session.say(`[kubeconfig] Using kubeconfig folder "${KUBERNETES}"`);
  place((path) => !path.startsWith(PKI));
  const ca = session.fs.readFile(`${PKI}/ca.crt`);
  const own = kubeletCertificates(hostname, ip, now - BACKDATE, now);
  putFiles(session, { ...own, [KUBELET_CONF]: kubeletConf(targets.controlPlane.server, ca, hostname) }, () => true);
  for (const name of ['admin', 'super-admin', 'kubelet', 'controller-manager', 'scheduler']) {
    session.say(`[kubeconfig] Writing "${name}.conf" kubeconfig file`);
    yield 80;
  }
}

/** Puts what an installer has made into the machine's file system. */
function putFiles(session: Session, files: Record<string, TreeEntry>, wanted: (path: string) => boolean) {
  const { fs, now } = session;
  for (const path in files) {
    if (!wanted(path)) continue;
    fs.mkdir(path.slice(0, path.lastIndexOf('/')), { recursive: true });
    const entry = files[path];
    if (typeof entry === 'string' || typeof entry === 'function') fs.put(path, new FileNode(entry, { mtime: now }));
    else fs.put(path, entry);
  }
}

function* manifests(session: Session): Co {
  const { targets, process, fs, now } = session;
  const { hostname } = process.host;
  fs.mkdir(MANIFESTS, { recursive: true });
  fs.mkdir('/var/lib/etcd', { recursive: true, mode: 0o700 });
  session.say(`[etcd] Creating static Pod manifest for local etcd in "${MANIFESTS}"`);
  session.say(`[control-plane] Using manifest folder "${MANIFESTS}"`);
  for (const component of Object.keys(COMPONENTS) as ComponentName[]) {
    if (component !== 'etcd') session.say(`[control-plane] Creating static Pod manifest for "${component}"`);
    fs.put(`${MANIFESTS}/${component}.yaml`, targets.controlPlane.manifest(component, hostname, now));
    yield 30;
  }
}

/** Writes the kubelet's files, and starts it. */
export function* startKubelet(session: Session, config: string): Co {
  const { systemd, kubelet } = session;
  systemd.stop('kubelet.service');
  session.say(
    '[kubelet-start] Writing kubelet environment file with flags to file "/var/lib/kubelet/kubeadm-flags.env"',
  );
  session.write('/var/lib/kubelet/kubeadm-flags.env', 'KUBELET_KUBEADM_ARGS=""\n');
  writeKubeletConfig(session, kubelet.runtime.socket, config);
  session.say('[kubelet-start] Starting the kubelet');
  yield 500;
  systemd.start('kubelet.service');
}

export function writeKubeletConfig(session: Session, socket: string, config: string) {
  const instance = '/var/lib/kubelet/instance-config.yaml';
  session.say(
    `[kubelet-start] Writing kubelet configuration to file "${instance}"`,
    '[patches] Applied patch of type "application/strategic-merge-patch+json" to target "kubeletconfiguration"',
    `[kubelet-start] Writing kubelet configuration to file "${CONFIG_FILE}"`,
  );
  session.write(
    instance,
    `apiVersion: kubelet.config.k8s.io/v1beta1\ncontainerRuntimeEndpoint: unix:///var${socket}\nkind: KubeletConfiguration\n`,
  );
  session.write(CONFIG_FILE, config);
}

function* waitControlPlane(session: Session, ip: string): Co {
  session.say(
    `[wait-control-plane] Waiting for the kubelet to boot up the control plane as static Pods from directory "${MANIFESTS}"`,
  );
  yield* session.kubeletHealthy();
  const { process, targets } = session;
  const { hostname } = process.host;
  const waiting = new Map<string, [url: string, healthy: () => boolean]>([
    ['kube-apiserver', [`${serverURL(ip)}/livez`, () => targets.controlPlane.reaches(hostname)]],
    ['kube-controller-manager', ['https://127.0.0.1:10257/healthz', () => session.listens(10257)]],
    ['kube-scheduler', ['https://127.0.0.1:10259/livez', () => session.listens(10259)]],
  ]);
  session.say('[control-plane-check] Waiting for healthy control plane components. This can take up to 4m0s');
  waiting.forEach(([url], name) => session.say(`[control-plane-check] Checking ${name} at ${url}`));
  const start = session.now;
  yield 500;
  yield* session.poll(HEALTH_MS, () => {
    for (const [name, [, healthy]] of [...waiting]) {
      if (!healthy()) continue;
      waiting.delete(name);
      session.say(`[control-plane-check] ${name} is healthy after ${session.since(start)}`);
    }
    return waiting.size === 0 || undefined;
  });
  if (waiting.size === 0) return;
  waiting.forEach((_, name) => session.say(`[control-plane-check] ${name} is not healthy after 4m0s`));
  const endpoint = `unix:///var${session.kubelet.runtime.socket}`;
  session.say(
    '',
    'A control plane component may have crashed or exited when started by the container runtime.',
    'To troubleshoot, list all containers using your preferred container runtimes CLI.',
    'Here is one example how you may list all running Kubernetes containers by using crictl:',
    `\t- 'crictl --runtime-endpoint ${endpoint} ps -a | grep kube | grep -v pause'`,
    '\tOnce you have found the failing container, you can inspect its logs with:',
    `\t- 'crictl --runtime-endpoint ${endpoint} logs CONTAINERID'`,
    '',
  );
  const failures = [...waiting].map(([name, [url]]) => `${name} check failed at ${url}`).join(', ');
  session.fail(
    `error execution phase wait-control-plane: failed while waiting for the control plane to start: ${failures}`,
  );
}

function createAll(session: Session, objects: readonly Uploaded[]) {
  for (const [version, plural, object] of objects) {
    try {
      session.admin.of(version, plural).create(object.metadata.namespace ?? '', object);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }
}

const objectsOf = (session: Session, { version, podCIDR, serviceCIDR }: InitSettings) => ({
  version,
  server: session.targets.controlPlane.server,
  ca: session.fs.readFile(`${PKI}/ca.crt`),
  podCIDR,
  serviceCIDR,
});

function* upload(session: Session, settings: InitSettings): Co {
  createAll(session, uploadedConfig(objectsOf(session, settings)));
  session.say(
    '[upload-config] Storing the configuration used in ConfigMap "kubeadm-config" in the "kube-system" Namespace',
    '[kubelet] Creating a ConfigMap "kubelet-config" in namespace kube-system with the configuration for the kubelets in the cluster',
    '[upload-certs] Skipping phase. Please see --upload-certs',
  );
  yield 200;
}

function* markControlPlane(session: Session): Co {
  const { hostname } = session.process.host;
  session.say(
    `[mark-control-plane] Marking the node ${hostname} as control-plane by adding the labels: [${Object.keys(CONTROL_PLANE_LABELS).join(' ')}]`,
    `[mark-control-plane] Marking the node ${hostname} as control-plane by adding the taints [${CONTROL_PLANE_TAINT.key}:${CONTROL_PLANE_TAINT.effect}]`,
  );
  const nodes = session.admin.of<Node>('v1', 'nodes', false);
  const marked = yield* session.poll(HEALTH_MS, () => {
    const node = nodes.get('', hostname);
    const others = (node.spec?.taints ?? []).filter(({ key }) => key !== CONTROL_PLANE_TAINT.key);
    return nodes.patch('', hostname, 'strategic', {
      metadata: { labels: CONTROL_PLANE_LABELS },
      spec: { taints: [CONTROL_PLANE_TAINT, ...others] },
    });
  });
  if (!marked) session.fail(`error execution phase mark-control-plane: nodes ${JSON.stringify(hostname)} not found`);
}

function* bootstrapToken(session: Session, settings: InitSettings, token: string, ttl: number): Co {
  session.say(
    `[bootstrap-token] Using token: ${token}`,
    '[bootstrap-token] Configuring bootstrap tokens, cluster-info ConfigMap, RBAC Roles',
    '[bootstrap-token] Configured RBAC rules to allow Node Bootstrap tokens to get nodes',
    '[bootstrap-token] Configured RBAC rules to allow Node Bootstrap tokens to post CSRs in order for nodes to get long term certificate credentials',
    '[bootstrap-token] Configured RBAC rules to allow the csrapprover controller automatically approve CSRs from a Node Bootstrap Token',
    '[bootstrap-token] Configured RBAC rules to allow certificate rotation for all node client certificates in the cluster',
    '[bootstrap-token] Creating the "cluster-info" ConfigMap in the "kube-public" namespace',
  );
  storeToken(session, { token, ttl, description: "The default bootstrap token generated by 'kubeadm init'." });
  yield 100;
  createAll(session, clusterInfo(objectsOf(session, settings)));
}

function addons(session: Session, { version, podCIDR, serviceCIDR }: InitSettings) {
  const server = session.targets.controlPlane.server;
  installManifests(session.admin, coreDNSManifests({ domain: DNS_DOMAIN, address: dnsServiceIP(serviceCIDR) }));
  session.say('[addons] Applied essential addon: CoreDNS');
  installManifests(session.admin, kubeProxyManifests({ version, server, clusterCIDR: podCIDR, proxyMode: '' }));
  session.say('[addons] Applied essential addon: kube-proxy');
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
  'Then you can join any number of worker nodes by running the following on each as root:',
  '',
];
