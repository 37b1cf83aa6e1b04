// The phases of kubeadm that put certificates, kubeconfigs and manifests into a control-plane machine's file system. What is
// there already stays.

import { apiServiceIP, serverURL } from '../../addressing.ts';
import { certificateFiles } from '../../kubeadm/certificate-files.ts';
import { type ComponentName } from '../../kubeadm/control-plane-manifests.ts';
import { KUBELET_CONF, kubeletCertificates, kubeletConf } from '../../kubeadm/kubelet-certificates.ts';
import { FileNode, isAddress, type TreeEntry } from '../../linux/index.ts';
import type { Co } from '../../sim/index.ts';
import type { Phase } from './phases.ts';
import { KUBERNETES, MANIFESTS, PKI, type Session } from './session.ts';
import { certificateNames, manifestOptions, type ClusterSettings } from './settings.ts';

const BACKDATE = 5 * 60_000;
const WORK_MS = 120;

type FilePhase = Phase<ClusterSettings>;

const serverOf = ({ endpoint, ip }: ClusterSettings): string => (endpoint ? `https://${endpoint}` : serverURL(ip));

/** All files that an installation makes, each when it is first read. */
export function allFiles(session: Session, settings: ClusterSettings): Record<string, TreeEntry> {
  const { now, process, targets } = session;
  const { ca, admin } = targets.controlPlane.options;
  return certificateFiles({
    hostname: process.host.hostname,
    ip: settings.ip,
    serviceIP: apiServiceIP(settings.serviceCIDR),
    made: now - BACKDATE,
    now,
    ca,
    admin,
    server: serverOf(settings),
    names: certificateNames(settings),
    cluster: settings.configuration.clusterName as string,
  });
}

function put(session: Session, path: string, entry: TreeEntry) {
  const { fs, now } = session;
  fs.mkdir(path.slice(0, path.lastIndexOf('/')), { recursive: true });
  fs.put(path, typeof entry === 'object' && 'kind' in entry ? entry : new FileNode(entry as string, { mtime: now }));
}

// ---- certs -----------------------------------------------------------------------------------------------------------

interface Certificate {
  /** Below the directory of certificates. */
  file: string;
  /** Its authority's file; undefined: it is one. */
  ca?: string;
  names?: (hostname: string, settings: ClusterSettings) => string;
}

const sorted = (list: readonly string[]) => [...new Set(list)].sort().join(' ');

const ofMember = (hostname: string, { ip }: ClusterSettings) =>
  `DNS names [${sorted([hostname, 'localhost'])}] and IPs [${ip} 127.0.0.1 ::1]`;

const CERTIFICATES: Readonly<Record<string, Certificate>> = {
  ca: { file: 'ca' },
  apiserver: {
    file: 'apiserver',
    ca: 'ca',
    names: (hostname, settings) => {
      const own = certificateNames(settings);
      const dns = ['', '.svc', '.svc.cluster.local'].map((end) => `kubernetes.default${end}`);
      const names = sorted([hostname, 'kubernetes', ...dns, ...own.filter((name) => !isAddress(name))]);
      const ips = new Set([apiServiceIP(settings.serviceCIDR), settings.ip, ...own.filter(isAddress)]);
      return `DNS names [${names}] and IPs [${[...ips].join(' ')}]`;
    },
  },
  'apiserver-kubelet-client': { file: 'apiserver-kubelet-client', ca: 'ca' },
  'front-proxy-ca': { file: 'front-proxy-ca' },
  'front-proxy-client': { file: 'front-proxy-client', ca: 'front-proxy-ca' },
  'etcd-ca': { file: 'etcd/ca' },
  'etcd-server': { file: 'etcd/server', ca: 'etcd/ca', names: ofMember },
  'etcd-peer': { file: 'etcd/peer', ca: 'etcd/ca', names: ofMember },
  'etcd-healthcheck-client': { file: 'etcd/healthcheck-client', ca: 'etcd/ca' },
  'apiserver-etcd-client': { file: 'apiserver-etcd-client', ca: 'etcd/ca' },
};

function* certificate(session: Session, settings: ClusterSettings, name: string, quiet = false): Co {
  const { file, ca, names } = CERTIFICATES[name];
  const { fs, process } = session;
  const has = (path: string) => fs.exists(`${PKI}/${path}`);
  const fail = (why: string) => session.fail(`error execution phase certs/${name}: ${why}`);
  const files = allFiles(session, settings);
  if (has(`${file}.crt`) && (has(`${file}.key`) || !ca)) {
    if (!ca) {
      const own = files[`${PKI}/${file}.crt`];
      if (file === 'ca' && fs.readFile(`${PKI}/ca.crt`).trim() !== (own as string).trim())
        fail('an authority from elsewhere is not modelled by this engine');
      if (!quiet) session.say(`[certs] Using existing ${file} certificate authority`);
    } else if (has(`${ca}.crt`)) session.say(`[certs] Using existing ${file} certificate and key on disk`);
    else
      fail(
        `couldn't load CA certificate ${ca.replace('/', '-')}: couldn't load the certificate file ${PKI}/${ca}.crt: open ${PKI}/${ca}.crt: no such file or directory`,
      );
    return;
  }
  if (ca && !(has(`${ca}.crt`) && has(`${ca}.key`)))
    fail(`couldn't load the certificate file ${PKI}/${ca}.crt: open ${PKI}/${ca}.crt: no such file or directory`);
  for (const kind of ['crt', 'key']) put(session, `${PKI}/${file}.${kind}`, files[`${PKI}/${file}.${kind}`]);
  session.say(`[certs] Generating "${file}" certificate and key`);
  yield WORK_MS;
  if (!names) return;
  session.say(`[certs] ${file} serving cert is signed for ${names(process.host.hostname, settings)}`);
  yield WORK_MS;
}

function* serviceAccountKey(session: Session, settings: ClusterSettings): Co {
  if (session.fs.exists(`${PKI}/sa.key`)) return void session.say('[certs] Using the existing "sa" key');
  const files = allFiles(session, settings);
  for (const path of [`${PKI}/sa.key`, `${PKI}/sa.pub`]) put(session, path, files[path]);
  session.say('[certs] Generating "sa" key and public key');
  yield WORK_MS;
}

// eslint-disable-next-line require-yield
function* certificateFolder(session: Session): Co {
  session.say(`[certs] Using certificateDir folder "${PKI}"`);
}

export const CERTS: FilePhase = {
  name: 'certs',
  withAll: true,
  run: certificateFolder,
  phases: [
    ...Object.keys(CERTIFICATES).map((name): FilePhase => ({
      name,
      run: (session, settings) => certificate(session, settings, name),
    })),
    { name: 'sa', run: serviceAccountKey },
  ],
};

/** What a further control plane lacks beside the authorities, which it shares. */
export function* missingCertificates(session: Session, settings: ClusterSettings): Co {
  yield* certificateFolder(session);
  for (const name in CERTIFICATES) yield* certificate(session, settings, name, true);
  session.say(`[certs] Valid certificates and keys now exist in "${PKI}"`);
  yield* serviceAccountKey(session, settings);
}

// ---- kubeconfig ------------------------------------------------------------------------------------------------------

const KUBECONFIGS = ['admin', 'super-admin', 'kubelet', 'controller-manager', 'scheduler'];

export function* kubeconfigFile(session: Session, settings: ClusterSettings, name: string): Co {
  const { fs, now, process } = session;
  const path = `${KUBERNETES}/${name}.conf`;
  if (!fs.exists(`${PKI}/ca.crt`) || !fs.exists(`${PKI}/ca.key`))
    session.fail(
      `error execution phase kubeconfig/${name}: couldn't create a kubeconfig; the CA files couldn't be loaded: couldn't load the certificate file ${PKI}/ca.crt: open ${PKI}/ca.crt: no such file or directory`,
    );
  if (fs.exists(path)) return void session.say(`[kubeconfig] Using existing kubeconfig file: "${path}"`);
  session.say(`[kubeconfig] Writing "${name}.conf" kubeconfig file`);
  if (name === 'kubelet') {
    const { hostname } = process.host;
    const own = kubeletCertificates(hostname, settings.ip, now - BACKDATE, now);
    for (const file in own) put(session, file, own[file]);
    const { clusterName } = settings.configuration as { clusterName: string };
    put(session, KUBELET_CONF, kubeletConf(serverOf(settings), fs.readFile(`${PKI}/ca.crt`), hostname, clusterName));
  } else put(session, path, allFiles(session, settings)[path]);
  yield 80;
}

export const KUBECONFIG: FilePhase = {
  name: 'kubeconfig',
  withAll: true,
  // eslint-disable-next-line require-yield
  *run(session) {
    session.say(`[kubeconfig] Using kubeconfig folder "${KUBERNETES}"`);
  },
  phases: KUBECONFIGS.map((name) => ({ name, run: (session, settings) => kubeconfigFile(session, settings, name) })),
};

// ---- manifests -------------------------------------------------------------------------------------------------------

/** The machine is one of the control plane's from now on, with these settings. */
export function takePart(session: Session, settings: ClusterSettings, initialCluster?: string) {
  const { controlPlane } = session.targets;
  const { hostname } = session.process.host;
  if (controlPlane.isBeside(hostname))
    session.fail('a second cluster beside the one that is there is not modelled by this engine');
  controlPlane.endpoint = settings.endpoint ?? controlPlane.endpoint;
  const before = controlPlane.settingsOf(hostname);
  controlPlane.settle(manifestOptions(session, settings, initialCluster ?? before?.initialCluster));
}

export function writeManifest(session: Session, component: ComponentName) {
  const { targets, process, fs, now } = session;
  fs.mkdir(MANIFESTS, { recursive: true });
  fs.put(`${MANIFESTS}/${component}.yaml`, targets.controlPlane.manifest(component, process.host.hostname, now));
}

export const ETCD: FilePhase = {
  name: 'etcd',
  phases: [
    {
      name: 'local',
      *run(session, settings) {
        const { hostname } = session.process.host;
        takePart(session, settings);
        session.targets.controlPlane.enroll({ name: hostname, ip: settings.ip });
        session.fs.mkdir(settings.dataDir, { recursive: true, mode: 0o700 });
        session.say(`[etcd] Creating static Pod manifest for local etcd in "${MANIFESTS}"`);
        writeManifest(session, 'etcd');
        yield 30;
      },
    },
  ],
};

const COMPONENTS: Readonly<Record<string, ComponentName>> = {
  apiserver: 'kube-apiserver',
  'controller-manager': 'kube-controller-manager',
  scheduler: 'kube-scheduler',
};

export function* componentManifest(session: Session, settings: ClusterSettings, component: ComponentName): Co {
  takePart(session, settings);
  session.say(`[control-plane] Creating static Pod manifest for "${component}"`);
  writeManifest(session, component);
  yield 30;
}

// eslint-disable-next-line require-yield
export function* manifestFolder(session: Session): Co {
  session.say(`[control-plane] Using manifest folder "${MANIFESTS}"`);
}

export const CONTROL_PLANE: FilePhase = {
  name: 'control-plane',
  withAll: true,
  run: manifestFolder,
  phases: Object.keys(COMPONENTS).map((name) => ({
    name,
    run: (session, settings) => componentManifest(session, settings, COMPONENTS[name]),
  })),
};
