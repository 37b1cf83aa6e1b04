// CertificateApproval, CertificateSigning and CertificateSubjectRestriction: who approves or signs a request needs that
// verb on its signer, and nobody gets a certificate of system:masters from the API.

import { base64Text } from '../../api/base64.ts';
import { part } from '../../parts/index.ts';
import { SYSTEM_MASTERS } from '../authorization/index.ts';
import { equal } from '../equal.ts';
import { badRequest, forbidden } from '../status.ts';
import type { AdmissionHost, AdmissionPlugin, Attributes } from './types.ts';

const GROUP = 'certificates.k8s.io';
const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client';

/** Whether the user has the verb on the signer, or on all of its domain. */
function mayUse(host: AdmissionHost, { user }: Attributes, verb: string, signerName: string): boolean {
  const domain = signerName.split('/', 1)[0];
  return [signerName, `${domain}/*`].some(
    (name) =>
      host.authorizer.authorize(user, { verb, group: GROUP, resource: 'signers', subresource: '', namespace: '', name })
        .allowed,
  );
}

const refused = ({ info, name }: Attributes, act: string, signerName: string) =>
  forbidden(info, name, `user not permitted to ${act} requests with signerName ${JSON.stringify(signerName)}`);

export const certificateApproval: NonNullable<AdmissionPlugin['validate']> = (attributes, host) => {
  const signerName: string = attributes.old?.spec?.signerName ?? '';
  if (!mayUse(host, attributes, 'approve', signerName)) throw refused(attributes, 'approve', signerName);
};

export const certificateSigning: NonNullable<AdmissionPlugin['validate']> = (attributes, host) => {
  const { object, old } = attributes;
  const unsigned =
    object?.status?.certificate === old?.status?.certificate &&
    equal(object?.status?.conditions, old?.status?.conditions);
  const signerName: string = old?.spec?.signerName ?? '';
  if (!unsigned && !mayUse(host, attributes, 'sign', signerName)) throw refused(attributes, 'sign', signerName);
};

export const certificateSubjectRestriction: NonNullable<AdmissionPlugin['validate']> = ({ info, name, object }) => {
  if (object?.spec?.signerName !== CLIENT_SIGNER) return;
  const { readPem, readRequest, DerError } = part('pki');
  const block = readPem(base64Text(object.spec.request ?? ''));
  if (!block) throw badRequest('unable to parse CSR "spec.request": PEM block type must be CERTIFICATE REQUEST');
  try {
    if (!readRequest(block.bytes).subject.organizations.includes(SYSTEM_MASTERS)) return;
  } catch (error) {
    if (error instanceof DerError) throw badRequest(`unable to parse CSR "spec.request": ${error.message}`);
    throw error;
  }
  throw forbidden(info, name, `use of ${CLIENT_SIGNER} signer with ${SYSTEM_MASTERS} group is not allowed`);
};
