// The flags of kube-apiserver that change what it does here: those that kubeadm writes may be changed to the values that
// are modelled, and some may be added.

import { readTokenFile } from '../apiserver/authentication/static-tokens.ts';
import type { UserInfo } from '../apiserver/types.ts';
import { flagValue } from '../images/service.ts';
import type { Process } from '../linux/index.ts';

export interface ServerFlags {
  /** --token-auth-file, read. */
  tokens: ReadonlyMap<string, UserInfo>;
  authorizationMode: 'AlwaysAllow' | 'Node,RBAC';
  /** --kubelet-certificate-authority */
  kubeletCA: string | undefined;
}

/** Flags that were taken away, and the minor release that did. */
const REMOVED: Readonly<Record<string, number>> = { 'basic-auth-file': 19, 'ssh-user': 22, 'ssh-keyfile': 22 };

/** Flags that would change what the server does, if it were modelled. */
const REFUSED = [
  'authentication-config',
  'authentication-token-webhook-config-file',
  'authorization-config',
  'encryption-provider-config',
  'oidc-issuer-url',
];

/** The answer is a text when the process ends with it: the whole line for flags that nobody knows, else the reason. */
export function serverFlags(process: Process, minor: number): ServerFlags | { line: string } | { reason: string } {
  const { argv, host } = process;
  for (const arg of argv) {
    const name = /^--?([-a-z0-9]+)/.exec(arg)?.[1] ?? '';
    if (minor >= (REMOVED[name] ?? Infinity)) return { line: `Error: unknown flag: --${name}` };
    if (REFUSED.includes(name)) return { reason: `the flag --${name} is not modelled by this engine` };
  }
  const authorizationMode = flagValue(argv, '--authorization-mode') ?? 'AlwaysAllow';
  if (authorizationMode !== 'AlwaysAllow' && authorizationMode !== 'Node,RBAC') {
    return { reason: `the flag --authorization-mode=${authorizationMode} is not modelled by this engine` };
  }
  const path = flagValue(argv, '--token-auth-file');
  const file = path === undefined ? undefined : host.fs.find(path);
  if (path !== undefined && file?.kind !== 'file') return { reason: `open ${path}: no such file or directory` };
  const tokens = file?.kind === 'file' ? readTokenFile(path as string, file.text) : new Map<string, UserInfo>();
  if (typeof tokens === 'string') return { reason: tokens };
  return { tokens, authorizationMode, kubeletCA: flagValue(argv, '--kubelet-certificate-authority') };
}
