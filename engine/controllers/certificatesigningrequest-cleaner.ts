// Deletes requests that nobody needs any more: an hour after they were decided, a day after nobody decided them, and
// when the certificate has ended.

import { base64Text } from '../api/base64.ts';
import type { CertificateSigningRequest } from '../api/types.ts';
import { part } from '../parts/index.ts';
import { GROUP_VERSION, PLURAL } from './certificate-requests.ts';
import type { Controller } from './context.ts';

const HOUR = 3_600_000;
const DECIDED_MS: Readonly<Record<string, number>> = { Approved: HOUR, Denied: HOUR, Failed: HOUR };
const PENDING_MS = 24 * HOUR;
const PERIOD_MS = HOUR;

export const csrCleaner: Controller = {
  name: 'certificatesigningrequest-cleaner-controller',
  account: 'certificate-controller',
  component: 'certificate-controller',
  start(context) {
    const requests = context.informer<CertificateSigningRequest>(GROUP_VERSION, PLURAL);
    const client = context.client.of<CertificateSigningRequest>(GROUP_VERSION, PLURAL, false);
    context.every(PERIOD_MS, () => {
      for (const csr of requests.list()) {
        if (isOver(csr, context.sim.now)) client.delete('', csr.metadata.name as string);
      }
    });
  },
};

function isOver({ metadata, status }: CertificateSigningRequest, now: number): boolean {
  const conditions = status?.conditions ?? [];
  for (const { type, lastUpdateTime } of conditions) {
    const kept = DECIDED_MS[type];
    // An approved request that is not signed yet may still be.
    if (type === 'Approved' && !status?.certificate) continue;
    if (kept && lastUpdateTime && Date.parse(lastUpdateTime) + kept < now) return true;
  }
  if (conditions.length === 0 && Date.parse(metadata.creationTimestamp as string) + PENDING_MS < now) return true;
  if (!status?.certificate) return false;
  const { readCertificate, readPem } = part('pki');
  const block = readPem(base64Text(status.certificate));
  return block !== undefined && readCertificate(block.bytes).notAfter < now;
}
