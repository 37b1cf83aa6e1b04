// The flags of kube-apiserver that change what it does here: those that kubeadm writes may be changed to the values that
// are modelled, and some may be added.

import type { JwtIssuer } from '../apiserver/authentication/jwt-configuration.ts';
import type { Audit } from '../apiserver/audit/audit.ts';
import { readPasswordFile, type Password } from '../apiserver/authentication/static-passwords.ts';
import { readTokenFile } from '../apiserver/authentication/static-tokens.ts';
import type { Problem } from '../apiserver/configuration-file.ts';
import type { Encryption } from '../apiserver/encryption/configuration.ts';
import type { Egress } from '../apiserver/egress.ts';
import type { UserInfo } from '../apiserver/types.ts';
import type { Process } from '../linux/index.ts';
import { part } from '../parts/index.ts';
import { readFlags, type Refusal } from './component-flags.ts';
import type { SshFlags } from './node-access-flags.ts';

export interface ServerFlags {
  /** --token-auth-file, read. */
  tokens: ReadonlyMap<string, UserInfo>;
  /** --basic-auth-file, read: by user name. */
  passwords: ReadonlyMap<string, Password>;
  authorizationMode: 'AlwaysAllow' | 'Node,RBAC';
  /** --kubelet-certificate-authority, read: in PEM. */
  kubeletCA: string | undefined;
  /** --kubelet-preferred-address-types; undefined: as kubeadm writes it. */
  kubeletAddressTypes: readonly string[] | undefined;
  /** --egress-selector-config-file: the way into the cluster; undefined: directly. */
  egress: Egress | undefined;
  /** --ssh-user and --ssh-keyfile, with the in-tree cloud provider that brings keys to machines. */
  ssh: SshFlags | undefined;
  /** --oidc-* or --authentication-config, read: whose ID tokens are accepted. */
  issuers: readonly JwtIssuer[];
  /** --encryption-provider-config, read. */
  encryption: Encryption | undefined;
  /** --audit-policy-file and --audit-log-path, read. */
  audit: Audit | undefined;
}

const SERVICE_RANGE = 'service-cluster-ip-range';

/** What says how nodes are reached. */
const TO_NODES = ['cloud-provider', 'kubelet-preferred-address-types', 'ssh-keyfile', 'ssh-user'];

const heeded = () =>
  new Set([
    'audit-log-maxage',
    'audit-log-maxbackup',
    'audit-log-maxsize',
    'audit-log-path',
    'audit-policy-file',
    'authentication-config',
    'authorization-mode',
    'basic-auth-file',
    'cloud-provider',
    'egress-selector-config-file',
    'encryption-provider-config',
    'kubelet-certificate-authority',
    'kubelet-preferred-address-types',
    'oidc-ca-file',
    'oidc-client-id',
    'oidc-groups-claim',
    'oidc-groups-prefix',
    'oidc-issuer-url',
    'oidc-required-claim',
    'oidc-signing-algs',
    'oidc-username-claim',
    'oidc-username-prefix',
    'service-cluster-ip-range',
    'ssh-keyfile',
    'ssh-user',
    'token-auth-file',
  ]);

/** `standard`: what kubeadm writes for this machine. */
export function serverFlags(
  process: Process,
  standard: Readonly<Record<string, string>>,
  minor: number,
): ServerFlags | Refusal {
  const { argv, host } = process;
  const given = readFlags({ component: 'kube-apiserver', argv, standard, heeded, minor });
  if (!(given instanceof Map)) return given;
  const range = given.get(SERVICE_RANGE);
  const [address] = host.net.addresses;
  if (range === undefined)
    return { reason: `kube-apiserver without the flag --${SERVICE_RANGE} is not modelled by this engine` };
  // What kubeadm was told may be wrong too.
  if (range !== standard[SERVICE_RANGE] || range.includes(':') || address.includes(':')) {
    const wrong = part('control-plane').serviceRangeProblem(range, address, minor);
    if (wrong) return { reason: wrong };
    if (range !== standard[SERVICE_RANGE])
      return { reason: `the flag --${SERVICE_RANGE}=${range} is not modelled by this engine` };
  }
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
  const kubeletCA = file<{ pem: string } | undefined>(
    'kubelet-certificate-authority',
    (_path, pem) => ({ pem }),
    undefined,
  );
  if (typeof kubeletCA === 'string') return { reason: kubeletCA };
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
  const toNodes = TO_NODES.some((name) => given.get(name) !== standard[name])
    ? part('control-plane').nodeAccess(given)
    : undefined;
  if (toNodes && 'reason' in toNodes) return toNodes;
  const wantsAudit = [...given.keys()].some((name) => name.startsWith('audit-'));
  const audit = wantsAudit ? part('control-plane').readAudit(process, given) : undefined;
  if (audit && 'reason' in audit) return audit;
  return {
    tokens,
    passwords,
    authorizationMode,
    kubeletCA: kubeletCA?.pem,
    kubeletAddressTypes: toNodes?.kubeletAddressTypes,
    egress,
    ssh: toNodes?.ssh,
    issuers,
    encryption,
    audit,
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
