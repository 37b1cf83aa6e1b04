// serverTLSBootstrap: the kubelet asks the cluster's authority for its serving certificate, and until somebody has approved
// the request whoever connects to its port is turned away in the middle of the handshake.

import { base64Text, utf8Base64 } from '../api/base64.ts';
import type { CertificateSigningRequest } from '../api/types.ts';
import { ApiError, isNotFound } from '../client/index.ts';
import { FileNode, type FileSystem } from '../linux/index.ts';
import { part } from '../parts/index.ts';
import type { Co, Task } from '../sim/index.ts';
import type { Kubelet } from './kubelet.ts';

const PKI = '/var/lib/kubelet/pki/';
const CURRENT = `${PKI}kubelet-server-current.pem`;
const KUBELET_CONF = '/etc/kubernetes/kubelet.conf';
/** Between looking whether the request has been signed. */
const POLL_MS = 1000;
/** certificate manager: from one refused request to the next, doubling. */
const RETRY_MS = 2000;
const RETRY_CAP_MS = 32_000;

export class ServingCertificate {
  private readonly kubelet: Kubelet;
  private readonly task: Task<void>;

  constructor(kubelet: Kubelet) {
    this.kubelet = kubelet;
    this.task = kubelet.sim.spawn('kubelet-serving', this.obtain());
  }

  /** PEM of the authority that signed it; '' as long as there is none. */
  get authority(): string {
    const { fs } = this.kubelet.machine;
    if (!fs.exists(CURRENT)) return '';
    const conf = fs.exists(KUBELET_CONF) ? fs.readFile(KUBELET_CONF) : '';
    return base64Text(/^ *certificate-authority-data: (\S+)/m.exec(conf)?.[1] ?? '');
  }

  get names(): string[] {
    const { node } = this.kubelet;
    return [node.name, node.ip];
  }

  stop() {
    this.task.kill();
  }

  private *obtain(): Co {
    const { kubelet } = this;
    const { sim, machine, node } = kubelet;
    if (machine.fs.exists(CURRENT)) return;
    const { keyFrom, pem, privateKeyDer, signRequest } = part('pki');
    const key = keyFrom(`kubebook/${machine.hostname}/kubelet-serving/${sim.random('kubelet-key').hex(16)}`);
    const subject = { commonName: `system:node:${node.name}`, organizations: ['system:nodes'] };
    const names = { dns: [node.name], ips: [node.ip] };
    const request = utf8Base64(pem('CERTIFICATE REQUEST', signRequest(subject, names, key)));
    for (let wait = RETRY_MS; ; wait = Math.min(2 * wait, RETRY_CAP_MS)) {
      const certificate = yield* this.signed(request);
      if (certificate !== undefined) {
        keepPair(machine.fs, sim.now, base64Text(certificate) + pem('EC PRIVATE KEY', privateKeyDer(key)));
        return;
      }
      yield wait;
    }
  }

  /** The certificate, once it is there; undefined: the request has come to nothing. */
  private *signed(request: string): Co<string | undefined> {
    const { kubelet } = this;
    const requests = kubelet.client.of<CertificateSigningRequest>(
      'certificates.k8s.io/v1',
      'certificatesigningrequests',
      false,
    );
    let name: string | undefined;
    for (;;) {
      try {
        name ??= requests.create('', {
          apiVersion: 'certificates.k8s.io/v1',
          kind: 'CertificateSigningRequest',
          metadata: { generateName: 'csr-' },
          spec: {
            request,
            signerName: 'kubernetes.io/kubelet-serving',
            usages: ['digital signature', 'server auth'],
          },
        }).metadata.name as string;
        const { status } = requests.get('', name);
        if (status?.certificate) return status.certificate;
        const refusal = status?.conditions?.find(({ type }) => type === 'Denied' || type === 'Failed');
        if (refusal) return this.failed(`certificate signing request ${name} is ${refusal.type.toLowerCase()}`);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        this.failed(error.message);
        if (isNotFound(error)) return undefined;
      }
      yield POLL_MS;
    }
  }

  private failed(why: string): undefined {
    const text = `"Failed while requesting a signed certificate from the control plane" err=${JSON.stringify(why)}`;
    this.kubelet.log('E', 'certificate_manager.go:562', text);
  }
}

/** The pair under the time at which it came, and the link to the one that counts. */
function keepPair(fs: FileSystem, now: number, text: string) {
  const stamp = new Date(now).toISOString().slice(0, 19).replace('T', '-').replace(/:/g, '-');
  const path = CURRENT.replace('current', stamp);
  fs.mkdir(PKI, { recursive: true });
  fs.put(path, new FileNode(text, { mode: 0o600, mtime: now }));
  if (fs.find(CURRENT, false)) fs.unlink(CURRENT);
  fs.symlink(path, CURRENT);
}
