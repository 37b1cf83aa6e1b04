// kubeconfigs as kubeadm writes them.

import { utf8Base64 } from '../api/base64.ts';

export interface KubeconfigOptions {
  server: string;
  /** All in PEM. */
  ca: string;
  certificate: string;
  key: string;
  user: string;
  /** The cluster's name. */
  cluster?: string;
}

/** With the certificate and the key of a user. */
export const kubeconfig = ({ server, ca, user, certificate, key, cluster }: KubeconfigOptions): string =>
  kubeconfigOf(
    server,
    utf8Base64(ca),
    user,
    { 'client-certificate-data': utf8Base64(certificate), 'client-key-data': utf8Base64(key) },
    cluster,
  );

/** `ca`: base64 of PEM; `credentials`: by what the user shows who he is. */
export const kubeconfigOf = (
  server: string,
  ca: string,
  user: string,
  credentials: Readonly<Record<string, string>>,
  cluster = 'kubernetes',
): string => `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: ${ca}
    server: ${server}
  name: ${cluster}
contexts:
- context:
    cluster: ${cluster}
    user: ${user}
  name: ${user}@${cluster}
current-context: ${user}@${cluster}
kind: Config
preferences: {}
users:
- name: ${user}
  user:
${Object.entries(credentials)
  .map(([name, value]) => `    ${name}: ${value}\n`)
  .join('')}`;
