import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  authority,
  keyFrom,
  pem,
  privateKeyDer,
  readCertificate,
  readPem,
  signRequest,
} from '../../engine/pki/index.ts';
import * as born from '../../engine/pki/well-known.ts';
import { serve, user } from './support.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const request = (commonName: string, organizations: string[] = [], names = {}) =>
  pem('CERTIFICATE REQUEST', signRequest({ commonName, organizations }, names, keyFrom(commonName)));

describe('certificates', () => {
  it('that clusters are born with are those that their keys make', () => {
    expect(authority.rootCA(born.MADE)).toBe(born.ROOT_CA);
    expect(authority.administrator(born.MADE)).toEqual({ certificate: born.ADMIN_CERTIFICATE, key: born.ADMIN_KEY });
    expect(authority.fingerprint(born.ADMIN_CERTIFICATE)).toBe(born.ADMIN_FINGERPRINT);
    const ca = new X509Certificate(born.ROOT_CA);
    const admin = new X509Certificate(born.ADMIN_CERTIFICATE);
    expect(ca.verify(ca.publicKey)).toBe(true);
    expect(admin.checkIssued(ca) && admin.verify(ca.publicKey)).toBe(true);
    expect(admin.subject).toBe('O=kubeadm:cluster-admins\nCN=kubernetes-admin');
    expect(admin.checkPrivateKey(createPrivateKey(born.ADMIN_KEY))).toBe(true);
    expect([ca.ca, admin.ca]).toEqual([true, false]);
  });

  it('carry names, addresses, usages and dates that others read', () => {
    const key = keyFrom('server');
    const text = authority.issue({
      subject: { commonName: 'kube-apiserver', organizations: [] },
      publicKeyInfo: new Uint8Array(createPublicKeyInfo(key)),
      usages: ['digital signature', 'key encipherment', 'server auth'],
      names: { dns: ['kubernetes', 'kubernetes.default'], ips: ['10.96.0.1', 'fd00::1'] },
      serial: new Uint8Array([200, 1]),
      notBefore: Date.UTC(2026, 0, 5),
      notAfter: Date.UTC(2051, 0, 5),
    });
    const read = new X509Certificate(text);
    expect(read.subjectAltName).toBe(
      'DNS:kubernetes, DNS:kubernetes.default, IP Address:10.96.0.1, IP Address:FD00:0:0:0:0:0:0:1',
    );
    expect(read.validTo).toBe('Jan  5 00:00:00 2051 GMT');
    expect(read.serialNumber).toBe('C801');
    expect(readCertificate(readPem(text)!.bytes)).toMatchObject({
      keyUsages: ['digital signature', 'key encipherment'],
      extendedKeyUsages: ['server auth'],
      names: { dns: ['kubernetes', 'kubernetes.default'], ips: ['10.96.0.1', 'fd00:0:0:0:0:0:0:1'].map(shortened) },
      notAfter: Date.UTC(2051, 0, 5),
      issuer: { commonName: 'kubernetes' },
    });
  });
});

const shortened = (ip: string) => ip.replace(':0:0:0:0:0:0:', '::');
const createPublicKeyInfo = (key: ReturnType<typeof keyFrom>) =>
  createPrivateKey(pem('EC PRIVATE KEY', privateKeyDer(key))) &&
  Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200' + Buffer.from(key.point).toString('hex'), 'hex');

describe('a CertificateSigningRequest', () => {
  const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
  const csr = (name: string, text: string, rest: object = {}) => ({
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name },
    spec: {
      request: base64(text),
      signerName: 'kubernetes.io/kube-apiserver-client',
      usages: ['client auth'],
      ...rest,
    },
  });
  const approval = (object: object, type = 'Approved') => ({
    ...object,
    status: { conditions: [{ type, status: 'True', reason: 'Test', message: 'a test' }] },
  });

  it('records who asks, whatever the request says of it', () => {
    const { send } = serve();
    const jane = { ...user('jane', 'devs'), uid: '7', extra: { scopes: ['a'] } };
    const { body } = send('POST', CSRS, csr('a', request('jane'), { username: 'root', groups: ['system:masters'] }), {
      user: { ...jane, groups: [...jane.groups, 'system:masters'] },
    });
    expect(body.spec).toMatchObject({
      username: 'jane',
      uid: '7',
      groups: ['devs', 'system:authenticated', 'system:masters'],
      extra: { scopes: ['a'] },
    });
  });

  it('never asks for system:masters', () => {
    const { send } = serve();
    expect(send('POST', CSRS, csr('a', request('jane', ['system:masters']))).body.message).toBe(
      'certificatesigningrequests.certificates.k8s.io "a" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
    );
  });

  it('is approved by who may approve for its signer', () => {
    const { send, bindCluster } = serve();
    const made = send('POST', CSRS, csr('a', request('jane'))).body;
    send('POST', '/apis/rbac.authorization.k8s.io/v1/clusterroles', {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'approver' },
      rules: [
        {
          apiGroups: ['certificates.k8s.io'],
          resources: ['certificatesigningrequests/approval'],
          verbs: ['update'],
        },
      ],
    });
    const subject = { kind: 'User', name: 'jane', apiGroup: 'rbac.authorization.k8s.io' };
    bindCluster('a', 'approver', [subject]);
    const approve = () => send('PUT', `${CSRS}/a/approval`, approval(made), { user: user('jane') });
    expect(approve().body.message).toBe(
      'certificatesigningrequests.certificates.k8s.io "a" is forbidden: user not permitted to approve requests with signerName "kubernetes.io/kube-apiserver-client"',
    );
    bindCluster('b', 'system:certificates.k8s.io:kube-apiserver-client-approver', [subject]);
    const { body } = approve();
    expect(body.status.conditions[0]).toMatchObject({
      type: 'Approved',
      lastUpdateTime: '2026-01-05T09:00:00Z',
      lastTransitionTime: '2026-01-05T09:00:00Z',
    });
    expect(send('PUT', `${CSRS}/a/approval`, approval(body, 'Denied')).body.message).toContain(
      'status.conditions: Forbidden: updates may not remove a condition of type "Approved"',
    );
  });
});
