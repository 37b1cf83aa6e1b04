// What the controllers of CertificateSigningRequests share: reading one, and whether it is decided.

import { base64Text } from '../api/base64.ts';
import type { CertificateSigningRequest } from '../api/types.ts';
import { part } from '../parts/index.ts';

export const GROUP_VERSION = 'certificates.k8s.io/v1';
export const PLURAL = 'certificatesigningrequests';
export const CLIENT = 'kubernetes.io/kube-apiserver-client';
export const KUBELET_CLIENT = 'kubernetes.io/kube-apiserver-client-kubelet';
export const KUBELET_SERVING = 'kubernetes.io/kubelet-serving';
export const LEGACY_UNKNOWN = 'kubernetes.io/legacy-unknown';

export const has = ({ status }: CertificateSigningRequest, type: string): boolean =>
  status?.conditions?.some((condition) => condition.type === type) ?? false;

/** The request inside; a text says why it cannot be read. */
export function readRequest({ spec }: CertificateSigningRequest): X509Request | string {
  const pki = part('pki');
  const block = pki.readPem(base64Text(spec?.request ?? ''));
  if (block?.type !== 'CERTIFICATE REQUEST') return 'PEM block type must be CERTIFICATE REQUEST';
  try {
    return pki.readRequest(block.bytes);
  } catch (error) {
    if (error instanceof pki.DerError) return error.message;
    throw error;
  }
}

export type X509Request = ReturnType<ReturnType<typeof part<'pki'>>['readRequest']>;

const CLIENT_USAGES = ['client auth', 'digital signature'];
const SERVING_USAGES = ['digital signature', 'server auth'];
const OPTIONAL_USAGE = 'key encipherment';

function usagesProblem(usages: readonly string[], required: readonly string[]): string | undefined {
  const rest = usages.filter((usage) => usage !== OPTIONAL_USAGE).sort();
  return rest.join() === required.join() ? undefined : `usages did not match ${`[${required.join(' ')}]`}`;
}

/** What a kubelet's client certificate must look like (capihelper.ValidateKubeletClientCSR). */
export function kubeletClientProblem({ subject, names }: X509Request, usages: readonly string[]): string | undefined {
  if (subject.organizations.join() !== 'system:nodes') return 'subject organization is not system:nodes';
  if (names.dns.length) return 'DNS subjectAltNames are not allowed';
  if (names.emails.length) return 'Email subjectAltNames are not allowed';
  if (names.ips.length) return 'IP subjectAltNames are not allowed';
  if (names.uris.length) return 'URI subjectAltNames are not allowed';
  if (!subject.commonName.startsWith('system:node:'))
    return 'subject common name does not begin with system:node: prefix';
  return usagesProblem(usages, CLIENT_USAGES);
}

export function kubeletServingProblem({ subject, names }: X509Request, usages: readonly string[]): string | undefined {
  if (subject.organizations.join() !== 'system:nodes') return 'subject organization is not system:nodes';
  if (names.dns.length + names.ips.length === 0) return 'DNS or IP subjectAltName is required';
  if (names.emails.length) return 'Email subjectAltNames are not allowed';
  if (names.uris.length) return 'URI subjectAltNames are not allowed';
  const problem = usagesProblem(usages, SERVING_USAGES);
  if (problem) return problem;
  return subject.commonName.startsWith('system:node:')
    ? undefined
    : 'subject common name does not begin with system:node: prefix';
}

export function clientProblem(usages: readonly string[]): string | undefined {
  for (const usage of usages) {
    if (!CLIENT_USAGES.includes(usage) && usage !== OPTIONAL_USAGE) {
      return `invalid usage for client certificate: ${usage}`;
    }
  }
  return usages.includes('client auth') ? undefined : 'missing required usage for client certificate: client auth';
}
