// Approves the client certificates that kubelets ask for, of those who may have them (kubeadm binds who joins, and nodes).

import { keyOf } from '../client/index.ts';
import type { CertificateSigningRequest, SubjectAccessReview } from '../api/types.ts';
import {
  GROUP_VERSION,
  has,
  KUBELET_CLIENT,
  kubeletClientProblem,
  PLURAL,
  readRequest,
} from './certificate-requests.ts';
import type { Controller } from './context.ts';

const RECOGNIZERS = [
  {
    permission: 'selfnodeclient',
    message: 'Auto approving self kubelet client certificate after SubjectAccessReview.',
    recognizes: (commonName: string, username: string) => commonName === username,
  },
  {
    permission: 'nodeclient',
    message: 'Auto approving kubelet client certificate after SubjectAccessReview.',
    recognizes: () => true,
  },
];

export const csrApproving: Controller = {
  name: 'certificatesigningrequest-approving-controller',
  account: 'certificate-controller',
  component: 'certificate-controller',
  start(context) {
    const requests = context.informer<CertificateSigningRequest>(GROUP_VERSION, PLURAL);
    const client = context.client.of<CertificateSigningRequest>(GROUP_VERSION, PLURAL, false);
    const reviews = context.client.of<SubjectAccessReview>('authorization.k8s.io/v1', 'subjectaccessreviews', false);
    const queue = context.queue((name) => {
      const csr = requests.byKey(name);
      if (!csr?.spec || csr.status?.certificate || has(csr, 'Approved') || has(csr, 'Denied')) return;
      if (csr.spec.signerName !== KUBELET_CLIENT) return;
      const request = readRequest(csr);
      if (typeof request === 'string') throw new Error(`unable to parse csr ${JSON.stringify(name)}: ${request}`);
      if (kubeletClientProblem(request, csr.spec.usages ?? [])) return;
      const { username = '', uid, groups, extra } = csr.spec;
      const tried: string[] = [];
      for (const { permission, message, recognizes } of RECOGNIZERS) {
        if (!recognizes(request.subject.commonName, username)) continue;
        tried.push(permission);
        const answer = reviews.create('', {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SubjectAccessReview',
          metadata: {},
          spec: {
            user: username,
            uid,
            groups,
            extra,
            resourceAttributes: {
              group: 'certificates.k8s.io',
              resource: PLURAL,
              verb: 'create',
              subresource: permission,
              version: '*',
            },
          },
        });
        if (!answer.status?.allowed) continue;
        const approved = { type: 'Approved', status: 'True', reason: 'AutoApproved', message };
        const conditions = [...(csr.status?.conditions ?? []), approved];
        client.update('', name, { ...csr, status: { ...csr.status, conditions } }, 'approval');
        return;
      }
      if (tried.length) {
        throw new Error(
          `recognized csr ${JSON.stringify(name)} as [${tried.join(' ')}] but subject access review was not approved`,
        );
      }
    });
    requests.on({ add: (csr) => queue.add(keyOf(csr)), update: (csr) => queue.add(keyOf(csr)) });
  },
};
