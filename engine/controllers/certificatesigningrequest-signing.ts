// Signs what has been approved, for the signers that Kubernetes itself has.

import { keyOf } from '../client/index.ts';
import type { CertificateSigningRequest } from '../api/types.ts';
import { utf8Base64 } from '../api/base64.ts';
import { part } from '../parts/index.ts';
import {
  CLIENT,
  clientProblem,
  GROUP_VERSION,
  has,
  KUBELET_CLIENT,
  kubeletClientProblem,
  KUBELET_SERVING,
  kubeletServingProblem,
  LEGACY_UNKNOWN,
  PLURAL,
  readRequest,
  type X509Request,
} from './certificate-requests.ts';
import type { Controller } from './context.ts';

type Check = (request: X509Request, usages: readonly string[]) => string | undefined;

const SIGNERS: Readonly<Record<string, Check>> = {
  [CLIENT]: (_request, usages) => clientProblem(usages),
  [KUBELET_CLIENT]: kubeletClientProblem,
  [KUBELET_SERVING]: kubeletServingProblem,
  [LEGACY_UNKNOWN]: () => undefined,
};

/** --cluster-signing-duration, seconds. */
const YEAR = 365 * 24 * 3600;
const BACKDATE_MS = 5 * 60_000;
/** Shorter ones are not shortened further by beginning early. */
const SHORT_MS = 8 * 3_600_000;

export const csrSigning: Controller = {
  name: 'certificatesigningrequest-signing-controller',
  account: 'certificate-controller',
  component: 'certificate-controller',
  start(context) {
    const { sim } = context;
    const requests = context.informer<CertificateSigningRequest>(GROUP_VERSION, PLURAL);
    const client = context.client.of<CertificateSigningRequest>(GROUP_VERSION, PLURAL, false);
    const queue = context.queue((name) => {
      const csr = requests.byKey(name);
      const check = SIGNERS[csr?.spec?.signerName ?? ''];
      if (!csr?.spec || !check || csr.status?.certificate) return;
      if (!has(csr, 'Approved') || has(csr, 'Denied') || has(csr, 'Failed')) return;
      const request = readRequest(csr);
      if (typeof request === 'string') throw new Error(`unable to parse csr ${JSON.stringify(name)}: ${request}`);
      const usages = csr.spec.usages ?? [];
      const problem = check(request, usages);
      if (problem) {
        const failed = { type: 'Failed', status: 'True', reason: 'SignerValidationFailure', message: problem };
        const conditions = [...(csr.status?.conditions ?? []), failed];
        client.updateStatus('', name, { ...csr, status: { ...csr.status, conditions } });
        return;
      }
      const duration = Math.min(csr.spec.expirationSeconds ?? YEAR, YEAR) * 1000;
      const notBefore = sim.now - BACKDATE_MS;
      const serial = sim.random('certificate-serial').hex(32);
      const text = part('pki').authority.issue({
        subject: request.rawSubject,
        publicKeyInfo: request.publicKeyInfo,
        names: request.names,
        usages,
        serial: Uint8Array.from(serial.match(/../g) ?? [], (byte) => parseInt(byte, 16)),
        notBefore,
        notAfter: (duration < SHORT_MS ? sim.now : notBefore) + duration,
      });
      client.updateStatus('', name, { ...csr, status: { ...csr.status, certificate: utf8Base64(text) } });
    });
    requests.on({ add: (csr) => queue.add(keyOf(csr)), update: (csr) => queue.add(keyOf(csr)) });
  },
};
