// kubeadm certs: how long the certificates of a control-plane node are valid, and new ones in their places; and
// kubeadm kubeconfig: a kubeconfig for a further user.

import { base64Text, utf8Base64 } from '../../api/base64.ts';
import { goDurationMs, shortHumanDuration } from '../../api/duration.ts';
import { kubeconfig } from '../../kubeadm/kubeconfig.ts';
import { part } from '../../parts/index.ts';
import type { Certificate, PrivateKey } from '../../pki/index.ts';
import type { Co } from '../../sim/index.ts';
import { columns, type Flags } from '../flags.ts';
import { clusterConfiguration, configured } from './configuration.ts';
import { generateRequests } from './requests.ts';
import { ADMIN_CONF, KUBERNETES, PKI, type Session } from './session.ts';
import { newCertificateKey } from './upload-certs.ts';

export const CERTS_FLAGS = {
  'cert-dir': 'string',
  config: 'string',
  kubeconfig: 'string',
  'kubeconfig-dir': 'string',
} as const;
export const KUBECONFIG_FLAGS = {
  config: 'string',
  'client-name': 'string',
  org: 'string',
  'validity-period': 'string',
} as const;

const DAY = 24 * 3_600_000;
const BACKDATE = 5 * 60_000;
const CLIENT_USAGES = ['digital signature', 'key encipherment', 'client auth'];

interface Managed {
  /** Below the directory of certificates; without it the certificate stands in the kubeconfig of that name. */
  file?: string;
  /** The authority's file, and its name. */
  ca: string;
  what: string;
}

const embedded = (what: string): Managed => ({
  ca: 'ca',
  what: `certificate embedded in the kubeconfig file for ${what}`,
});

/** By name, as kubeadm sorts them. */
const CERTIFICATES: Readonly<Record<string, Managed>> = {
  'admin.conf': embedded('the admin to use and for kubeadm itself'),
  apiserver: { file: 'apiserver', ca: 'ca', what: 'certificate for serving the Kubernetes API' },
  'apiserver-etcd-client': {
    file: 'apiserver-etcd-client',
    ca: 'etcd/ca',
    what: 'certificate the apiserver uses to access etcd',
  },
  'apiserver-kubelet-client': {
    file: 'apiserver-kubelet-client',
    ca: 'ca',
    what: 'certificate for the API server to connect to kubelet',
  },
  'controller-manager.conf': embedded('the controller manager to use'),
  'etcd-healthcheck-client': {
    file: 'etcd/healthcheck-client',
    ca: 'etcd/ca',
    what: 'certificate for liveness probes to healthcheck etcd',
  },
  'etcd-peer': { file: 'etcd/peer', ca: 'etcd/ca', what: 'certificate for etcd nodes to communicate with each other' },
  'etcd-server': { file: 'etcd/server', ca: 'etcd/ca', what: 'certificate for serving etcd' },
  'front-proxy-client': {
    file: 'front-proxy-client',
    ca: 'front-proxy-ca',
    what: 'certificate for the front proxy client',
  },
  'scheduler.conf': embedded('the scheduler manager to use'),
  'super-admin.conf': embedded('the super-admin'),
};
const AUTHORITIES: Readonly<Record<string, string>> = {
  ca: 'ca',
  'etcd-ca': 'etcd/ca',
  'front-proxy-ca': 'front-proxy-ca',
};
const authorityName = (file: string) => file.replace('/', '-');

export function* certs(session: Session, flags: Flags): Co<number> {
  const [, verb = '', name, ...more] = flags.args;
  yield 100;
  const files = new Files(session, flags.string('cert-dir') ?? PKI);
  switch (verb) {
    case 'certificate-key':
      session.say(newCertificateKey(session));
      return 0;
    case 'check-expiration':
      readConfig(session, flags, verb);
      return expiration(session, files);
    case 'renew':
      if (name === undefined) return session.fail('missing subcommand; "renew" is not meant to be run on its own');
      if (name !== 'all' && !CERTIFICATES[name]) return session.fail(`invalid subcommand: ${JSON.stringify(name)}`);
      if (more.length)
        return session.fail(`unknown command ${JSON.stringify(more[0])} for "kubeadm certs renew ${name}"`);
      readConfig(session, flags, verb);
      for (const one of name === 'all' ? Object.keys(CERTIFICATES) : [name])
        session.say(yield* renewed(session, files, one));
      if (name === 'all')
        session.say(
          '',
          'Done renewing certificates. You must restart the kube-apiserver, kube-controller-manager, kube-scheduler and etcd, so that they can use the new certificates.',
        );
      return 0;
    case 'generate-csr':
      return yield* generateRequests(session, flags);
    default:
      return session.fail(
        verb
          ? `invalid subcommand: ${JSON.stringify(verb)}`
          : 'missing subcommand; "certs" is not meant to be run on its own',
      );
  }
}

/** The configuration of the cluster, when it can be asked; only what is said of it matters here. */
function readConfig(session: Session, flags: Flags, verb: string) {
  if (flags.has('config')) return void configured(session, flags.string('config'));
  if (!session.fs.exists(flags.string('kubeconfig') ?? ADMIN_CONF)) return;
  session.say(`[${verb}] Reading configuration from the "kubeadm-config" ConfigMap in namespace "kube-system"...`);
  const found = clusterConfiguration(session);
  session.say(
    found === undefined
      ? `[${verb}] Error reading configuration from the Cluster. Falling back to default configuration`
      : `[${verb}] Use 'kubeadm init phase upload-config kubeadm --config your-config-file' to re-upload it.`,
    '',
  );
}

/** The certificates and keys of the machine. */
class Files {
  private readonly session: Session;
  private readonly dir: string;

  constructor(session: Session, dir: string) {
    this.session = session;
    this.dir = dir;
  }

  text(path: string): string | undefined {
    const { fs } = this.session;
    return fs.exists(path) ? fs.readFile(path) : undefined;
  }

  authority(file: string): Certificate | undefined {
    return this.parsed(this.text(`${this.dir}/${file}.crt`));
  }

  authorityKey(file: string): PrivateKey | undefined {
    const text = this.text(`${this.dir}/${file}.key`);
    return text === undefined ? undefined : part('pki').privateKeyOf(text);
  }

  certificate(name: string): Certificate | undefined {
    const { file } = CERTIFICATES[name];
    return this.parsed(file ? this.text(`${this.dir}/${file}.crt`) : this.inKubeconfig(name));
  }

  private parsed(text: string | undefined): Certificate | undefined {
    const block = text === undefined ? undefined : part('pki').readPem(text);
    return block && part('pki').readCertificate(block.bytes);
  }

  private inKubeconfig(name: string): string | undefined {
    const data = /client-certificate-data: (\S+)/.exec(this.text(`${KUBERNETES}/${name}`) ?? '')?.[1];
    return data === undefined ? undefined : base64Text(data);
  }

  /** Puts a certificate and its key in the place of the old ones. */
  put(name: string, certificate: string, key: string) {
    const { session, dir } = this;
    const { file } = CERTIFICATES[name];
    if (file) {
      session.write(`${dir}/${file}.crt`, certificate);
      session.write(`${dir}/${file}.key`, key, 0o600);
      return;
    }
    const text = (this.text(`${KUBERNETES}/${name}`) ?? '')
      .replace(/client-certificate-data: \S+/, `client-certificate-data: ${utf8Base64(certificate)}`)
      .replace(/client-key-data: \S+/, `client-key-data: ${utf8Base64(key)}`);
    session.write(`${KUBERNETES}/${name}`, text, 0o600);
  }
}

function expiration(session: Session, files: Files): number {
  const row = (name: string, certificate: Certificate | undefined, ...rest: string[]) =>
    certificate
      ? [name, day(certificate.notAfter), shortHumanDuration(certificate.notAfter - session.now), ...rest]
      : [`!MISSING! ${name}`, '', '', ...rest.map(() => '')];
  const own = (file: string) => (files.authorityKey(file) ? 'no' : 'yes').padEnd(8);
  const rows = Object.keys(CERTIFICATES).map((name) => {
    const { ca } = CERTIFICATES[name];
    return row(name, files.certificate(name), authorityName(ca), own(ca));
  });
  rows.unshift(['CERTIFICATE', 'EXPIRES', 'RESIDUAL TIME', 'CERTIFICATE AUTHORITY', 'EXTERNALLY MANAGED']);
  const authorities = Object.keys(AUTHORITIES).map((name) =>
    row(name, files.authority(AUTHORITIES[name]), own(AUTHORITIES[name])),
  );
  authorities.unshift(['CERTIFICATE AUTHORITY', 'EXPIRES', 'RESIDUAL TIME', 'EXTERNALLY MANAGED']);
  session.say(columns(rows, 3), columns(authorities, 3).slice(0, -1));
  return 0;
}

/** Dec 30, 2026 23:36 UTC */
function day(ms: number): string {
  const [, month, date, year, time] = /, (\d\d) (\w{3}) (\d{4}) (\d\d:\d\d)/.exec(new Date(ms).toUTCString()) ?? [];
  return `${date} ${month}, ${year} ${time} UTC`;
}

/** Makes a new certificate of the old one's names and a new key; what is said of it. */
function* renewed(session: Session, files: Files, name: string): Co<string> {
  const { ca, what } = CERTIFICATES[name];
  const old = files.certificate(name);
  if (!old) return `MISSING! ${what}`;
  const authority = files.authority(ca);
  const signer = files.authorityKey(ca);
  if (!authority || !signer) return `Detected external ${ca}, ${what} can't be renewed`;
  yield 120;
  const { certificate, key } = signed(session, authority, signer, {
    subject: old.rawSubject,
    names: old.names,
    usages: [...old.keyUsages, ...old.extendedKeyUsages],
    period: 365 * DAY,
  });
  files.put(name, certificate, key);
  return `${what} renewed`;
}

interface Wanted {
  subject: Uint8Array;
  names?: Certificate['names'];
  usages: readonly string[];
  /** ms */
  period: number;
}

function signed(session: Session, authority: Certificate, signer: PrivateKey, wanted: Wanted) {
  const { keyFrom, keyId, pem, privateKeyDer, publicKeyInfo, signCertificate } = part('pki');
  const random = session.process.host.sim.random('kubeadm');
  const serial = Uint8Array.from({ length: 8 }, (_, at) => random.int(at ? 256 : 127) + (at ? 0 : 1));
  const key = keyFrom(`kubeadm/${session.process.host.hostname}/${serial.join('.')}`);
  const { period, ...template } = wanted;
  const der = signCertificate(
    {
      ...template,
      serial,
      issuer: authority.rawSubject,
      notBefore: session.now - BACKDATE,
      notAfter: session.now + period,
      publicKeyInfo: publicKeyInfo(key.point),
      isCA: false,
      authorityKeyId: authority.subjectKeyId ?? keyId(authority.publicKeyInfo),
    },
    signer,
  );
  return { certificate: pem('CERTIFICATE', der), key: pem('EC PRIVATE KEY', privateKeyDer(key)) };
}

/** kubeadm kubeconfig user: with a certificate of the cluster's authority. */
export function* userKubeconfig(session: Session, flags: Flags): Co<number> {
  const [, verb = '', ...more] = flags.args;
  if (verb !== 'user')
    return session.fail(
      verb
        ? `invalid subcommand: ${JSON.stringify(verb)}`
        : 'missing subcommand; "kubeconfig" is not meant to be run on its own',
    );
  if (more.length) return session.fail(`unknown command ${JSON.stringify(more[0])} for "kubeadm kubeconfig user"`);
  const name = flags.string('client-name');
  if (name === undefined) return session.fail('required flag(s) "client-name" not set');
  const validity = flags.string('validity-period');
  const period = validity === undefined ? 365 * DAY : goDurationMs(validity);
  if (period === undefined)
    return session.fail(
      `invalid argument ${JSON.stringify(validity)} for "--validity-period" flag: time: invalid duration ${JSON.stringify(validity)}`,
    );
  yield 200;
  const { certificatesDir, clusterName, server } = configured(session, flags.string('config'));
  const files = new Files(session, certificatesDir);
  const authority = files.authority('ca');
  const signer = files.authorityKey('ca');
  if (!authority || !signer) {
    const [what, file] = authority ? ['key', 'ca.key'] : ['certificate', 'ca.crt'];
    return session.fail(
      `couldn't load CA files: couldn't load the ${what} file ${certificatesDir}/${file}: open ${certificatesDir}/${file}: no such file or directory`,
    );
  }
  const organizations = flags.string('org')?.split(',') ?? [];
  const { certificate, key } = signed(session, authority, signer, {
    subject: part('pki').nameDer({ commonName: name, organizations }),
    usages: CLIENT_USAGES,
    period,
  });
  const ca = files.text(`${certificatesDir}/ca.crt`) as string;
  session.say(kubeconfig({ server, ca, user: name, certificate, key, cluster: clusterName }));
  return 0;
}
