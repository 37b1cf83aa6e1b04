// The parts of the engine that load when they are first needed: what the reader's commands and rarer requests use, so
// that a cluster boots from a small script. Each file beside this one is a part; `part('kubectl')` loads and returns it.
//
// To add one: a file here that imports what belongs to it and calls `provide`, a line in `Parts` and one in all.ts.

import type { parseDocument } from 'yaml';
import type { printTable } from '../api/table/index.ts';
import type { Rules } from '../api/validation/rules.ts';
import type { validateBinding, validatePolicy } from '../apiserver/admission/policy-definition.ts';
import type { typeCheck } from '../apiserver/admission/policy-types.ts';
import type { Check } from '../apiserver/admission/pod-security/view.ts';
import type { AdmissionPolicies } from '../apiserver/admission/validating-admission-policy.ts';
import type { Webhooks } from '../apiserver/admission/webhooks.ts';
import type { validateDefinition } from '../apiserver/crd/definition.ts';
import type { CustomResources } from '../apiserver/crd/index.ts';
import type { WEBHOOKS } from '../apiserver/extensions.ts';
import type { apply } from '../apiserver/handlers/apply.ts';
import type { Core } from '../apiserver/handlers/types.ts';
import type { Typed } from '../apiserver/managed-fields/schema-walk.ts';
import type * as openapi from '../apiserver/openapi.ts';
import type { Handle } from '../apiserver/types.ts';
import type * as cloud from '../cloud/index.ts';
import type { Controller } from '../controllers/context.ts';
import type * as gateway from '../gateway/index.ts';
import type { Repository } from '../images/types.ts';
import type { IpvsProxier } from '../kube-proxy/ipvs.ts';
import type { NftablesProxier } from '../kube-proxy/nftables.ts';
import type { UserspaceProxier } from '../kube-proxy/userspace.ts';
import type {
  JwtIssuer,
  oidcFlags,
  readAuthenticationConfiguration,
} from '../apiserver/authentication/jwt-configuration.ts';
import type { OpenIdTokens } from '../apiserver/authentication/openid-tokens.ts';
import type { EncryptionAtRest } from '../apiserver/encryption/at-rest.ts';
import type { Encryption, readEncryption } from '../apiserver/encryption/configuration.ts';
import type { ApiServer } from '../apiserver/server.ts';
import type { AtRest } from '../apiserver/storage/at-rest.ts';
import type { KeyValue } from '../etcd/index.ts';
import type { flagOf } from '../kubeadm/flag-tables.ts';
import type * as calico from '../addons/calico.ts';
import type * as networks from '../cni/networks.ts';
import type * as konnectivity from '../konnectivity/index.ts';
import type * as csi from '../csi/index.ts';
import type { KubectlOptions } from '../kubectl/index.ts';
import type { CommandName } from '../linux/commands/names.ts';
import type { Host, Program } from '../linux/types.ts';
import type * as kubeadm from '../machine/kubeadm/index.ts';
import type * as istio from '../istio/index.ts';
import type * as machine from '../machine/index.ts';
import type * as pki from '../pki/index.ts';
import type * as shells from '../shell/index.ts';
import type { SimTargets } from '../sim-command/index.ts';

export interface Parts {
  cloud: typeof cloud;
  csi: typeof csi;
  apply: { apply: typeof apply; Typed: typeof Typed };
  controllers: { controllers: Readonly<Record<string, Controller>> };
  'control-plane': {
    flagOf: typeof flagOf;
    oidcFlags: typeof oidcFlags;
    openIdTokens(issuers: readonly JwtIssuer[], host: Host, log: (text: string) => void): OpenIdTokens;
    readAuthenticationConfiguration: typeof readAuthenticationConfiguration;
    readEncryption: typeof readEncryption;
    encryptionAtRest(host: ApiServer, encryption: Encryption | undefined, before: AtRest | undefined): EncryptionAtRest;
    /** The bytes of a value as etcd has them; undefined for kinds whose form there is not modelled. */
    stored(host: ApiServer, kv: KeyValue): Uint8Array | undefined;
  };
  gateway: typeof gateway;
  /** The catalogue of images beside those of the cluster's own components. */
  images: { catalogue: readonly Repository[] };
  extensions: {
    admissionPolicies(): AdmissionPolicies;
    typeCheck: typeof typeCheck;
    webhooks(name: keyof typeof WEBHOOKS): Webhooks;
    customResources(core: Core, handle: Handle): CustomResources;
    validateBinding: typeof validateBinding;
    validateDefinition: typeof validateDefinition;
    validatePolicy: typeof validatePolicy;
  };
  konnectivity: typeof konnectivity;
  kubeadm: typeof kubeadm;
  kubectl: { createKubectl(settings: KubectlOptions): Program; toYaml(value: unknown): string };
  istio: typeof istio;
  machine: typeof machine;
  networks: typeof networks & Pick<typeof calico, 'calicoImages' | 'calicoManifests'>;
  openapi: Pick<typeof openapi, 'openApi' | 'openApiETag' | 'swagger'>;
  pki: typeof pki;
  /** By level, as they are reported. */
  'pod-security': { CHECKS: readonly Check[] };
  proxiers: {
    IpvsProxier: typeof IpvsProxier;
    NftablesProxier: typeof NftablesProxier;
    UserspaceProxier: typeof UserspaceProxier;
  };
  resilience4j: { application: Program };
  /** Of kinds that few clusters have, by 'group/Kind'. */
  rules: { RULES: Readonly<Record<string, Rules>> };
  shell: Pick<typeof shells, 'createShell' | 'ShellSession' | 'splitScript'>;
  sim: { createSimCommand(targets: SimTargets): Program };
  table: { printTable: typeof printTable };
  /** The commands of machines. */
  tools: { commands: Readonly<Record<CommandName, Program>> };
  yaml: { parseDocument: typeof parseDocument };
}

const provided: { [Name in keyof Parts]?: Parts[Name] } = {};

/** Called by a part's own file when it is evaluated. */
export function provide<Name extends keyof Parts>(name: Name, part: Parts[Name]) {
  provided[name] = part;
}

/**
 * A part, loaded now unless it is there: the host evaluates its script before this returns (`loadPart` is the sandbox's;
 * elsewhere all.ts is imported with the engine).
 */
export function part<Name extends keyof Parts>(name: Name): Parts[Name] {
  const known = provided[name];
  if (known) return known;
  (globalThis as { loadPart?: (name: string) => void }).loadPart?.(name);
  const loaded = provided[name];
  if (!loaded) throw new Error(`the engine's part ${name} is not there`);
  return loaded;
}

/** A program that is made when it first runs. */
export function lazyProgram(make: () => Program): Program {
  let program: Program | undefined;
  return (process) => (program ??= make())(process);
}

/** A shell as a program of a machine or an image. */
export const shell = (name: shells.ShellName): Program => lazyProgram(() => part('shell').createShell({ name }));
