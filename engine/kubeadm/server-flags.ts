// The flags of kube-apiserver that change what it does here: those that kubeadm writes may be changed to the values that
// are modelled, and some may be added.

import type { JwtIssuer } from '../apiserver/authentication/jwt-configuration.ts';
import { readPasswordFile, type Password } from '../apiserver/authentication/static-passwords.ts';
import { readTokenFile } from '../apiserver/authentication/static-tokens.ts';
import type { Problem } from '../apiserver/configuration-file.ts';
import type { Encryption } from '../apiserver/encryption/configuration.ts';
import type { Egress } from '../apiserver/egress.ts';
import type { UserInfo } from '../apiserver/types.ts';
import type { Process } from '../linux/index.ts';
import { part } from '../parts/index.ts';
import { readFlags, type Refusal } from './component-flags.ts';

export interface ServerFlags {
  /** --token-auth-file, read. */
  tokens: ReadonlyMap<string, UserInfo>;
  /** --basic-auth-file, read: by user name. */
  passwords: ReadonlyMap<string, Password>;
  authorizationMode: 'AlwaysAllow' | 'Node,RBAC';
  /** --kubelet-certificate-authority */
  kubeletCA: string | undefined;
  /** --egress-selector-config-file: the way into the cluster; undefined: directly. */
  egress: Egress | undefined;
  /** --oidc-* or --authentication-config, read: whose ID tokens are accepted. */
  issuers: readonly JwtIssuer[];
  /** --encryption-provider-config, read. */
  encryption: Encryption | undefined;
}

const HEEDED = new Set([
  'authentication-config',
  'authorization-mode',
  'basic-auth-file',
  'egress-selector-config-file',
  'encryption-provider-config',
  'kubelet-certificate-authority',
  'oidc-ca-file',
  'oidc-client-id',
  'oidc-groups-claim',
  'oidc-groups-prefix',
  'oidc-issuer-url',
  'oidc-required-claim',
  'oidc-signing-algs',
  'oidc-username-claim',
  'oidc-username-prefix',
  'token-auth-file',
]);

/** `standard`: what kubeadm writes for this machine. */
export function serverFlags(
  process: Process,
  standard: Readonly<Record<string, string>>,
  minor: number,
): ServerFlags | Refusal {
  const { argv, host } = process;
  const given = readFlags({ component: 'kube-apiserver', argv, standard, heeded: HEEDED, minor });
  if (!(given instanceof Map)) return given;
  const authorizationMode = given.get('authorization-mode') ?? 'AlwaysAllow';
  if (authorizationMode !== 'AlwaysAllow' && authorizationMode !== 'Node,RBAC') {
    return { reason: `the flag --authorization-mode=${authorizationMode} is not modelled by this engine` };
  }
  /** What the file that a flag names says, through `read`; nothing without the flag. */
  const file = <T>(flag: string, read: (path: string, text: string) => T | string, nothing: T): T | string => {
    const path = given.get(flag);
    if (path === undefined) return nothing;
    const found = host.fs.find(path);
    return found?.kind === 'file' ? read(path, found.text) : `open ${path}: no such file or directory`;
  };
  const tokens = file('token-auth-file', readTokenFile, new Map<string, UserInfo>());
  if (typeof tokens === 'string') return { reason: tokens };
  const passwords = file('basic-auth-file', readPasswordFile, new Map<string, Password>());
  if (typeof passwords === 'string') return { reason: passwords };
  const encryption = file<Encryption | Problem | undefined>(
    'encryption-provider-config',
    (path, text) => part('control-plane').readEncryption(path, text),
    undefined,
  );
  if (typeof encryption === 'string') {
    const path = JSON.stringify(given.get('encryption-provider-config'));
    return {
      reason: `error while parsing file: error opening encryption provider configuration file ${path}: ${encryption}`,
    };
  }
  if (encryption && 'reason' in encryption) return encryption;
  const issuers = readIssuers(given, (path) => {
    const found = host.fs.find(path);
    return found?.kind === 'file' ? found.text : undefined;
  });
  if ('reason' in issuers) return issuers;
  const selector = given.get('egress-selector-config-file');
  const egress = selector === undefined ? undefined : part('konnectivity').readEgressSelector(process, selector);
  if (egress && 'reason' in egress) return egress;
  return {
    tokens,
    passwords,
    authorizationMode,
    kubeletCA: given.get('kubelet-certificate-authority'),
    egress,
    issuers,
    encryption,
  };
}

/** Whose ID tokens are accepted. */
function readIssuers(
  given: ReadonlyMap<string, string>,
  read: (path: string) => string | undefined,
): readonly JwtIssuer[] | Problem {
  const path = given.get('authentication-config');
  const oidc = [...given.keys()].some((name) => name.startsWith('oidc-'));
  if (path === undefined) return oidc ? part('control-plane').oidcFlags(given, read) : [];
  if (oidc) return { reason: 'authentication-config file and oidc-* flags are mutually exclusive' };
  const text = read(path);
  if (text === undefined) return { reason: `open ${path}: no such file or directory` };
  return part('control-plane').readAuthenticationConfiguration(text);
}
