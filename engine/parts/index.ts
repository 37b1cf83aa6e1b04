// The parts of the engine that load when they are first needed: what the reader's commands and rarer requests use, so
// that a cluster boots from a small script. Each file beside this one is a part; `part('kubectl')` loads and returns it.
//
// To add one: a file here that imports what belongs to it and calls `provide`, a line in `Parts` and one in all.ts.

import type { parseDocument } from 'yaml';
import type { jsonError, jsonObjectError } from '../api/json-error.ts';
import type { convertAutoscaler } from '../api/autoscaler-conversion.ts';
import type { goValueText } from '../api/go-values.ts';
import type { typedText } from '../api/go-types.ts';
import type { withoutDisabledDevices } from '../api/device-features.ts';
import type { FURTHER_DEFAULTS } from '../api/defaults/further.ts';
import type { printTable } from '../api/table/index.ts';
import type { podLevelResources } from '../api/defaults/pod-resources.ts';
import type * as annotationRules from '../api/validation/pod-annotations.ts';
import type * as podRules from '../api/validation/pod-further.ts';
import type { podSpecUpdate } from '../api/validation/pod-spec-update.ts';
import type { podStatus } from '../api/validation/pod-status.ts';
import type * as securityRules from '../api/validation/security-further.ts';
import type { initiatorPortal, POD_SOURCES } from '../api/validation/volume-sources.ts';
import type { Rules } from '../api/validation/rules.ts';
import type { matchConditions, validateBinding, validatePolicy } from '../apiserver/admission/policy-definition.ts';
import type { typeCheck } from '../apiserver/admission/policy-types.ts';
import type { RareAdmission } from '../apiserver/admission/later.ts';
import type { AdmissionPlugin } from '../apiserver/admission/types.ts';
import type { checkListOptions, expiredPage, readToken, writeToken } from '../apiserver/list-options.ts';
import type { jsonPatch } from '../apiserver/patch/json-patch.ts';
import type { checkWriteOptions, dryRunFaults } from '../apiserver/write-options.ts';
import type { Strategy } from '../apiserver/registry/index.ts';
import type { admitConnection } from '../apiserver/subresources/connect.ts';
import type { Subresource } from '../apiserver/subresources/index.ts';
import type * as reviews from '../apiserver/virtual/reviews.ts';
import type { Check } from '../apiserver/admission/pod-security/view.ts';
import type { AdmissionPolicies } from '../apiserver/admission/validating-admission-policy.ts';
import type { Webhooks } from '../apiserver/admission/webhooks.ts';
import type { validateDefinition } from '../apiserver/crd/definition.ts';
import type { CustomResources } from '../apiserver/crd/index.ts';
import type { WEBHOOKS } from '../apiserver/extensions.ts';
import type { apply, applyScale } from '../apiserver/handlers/apply.ts';
import type { Core } from '../apiserver/handlers/types.ts';
import type { ordered } from '../apiserver/managed-fields/order.ts';
import type { Typed } from '../apiserver/managed-fields/schema-walk.ts';
import type * as openapi from '../apiserver/openapi.ts';
import type { Handle } from '../apiserver/types.ts';
import type * as cloud from '../cloud/index.ts';
import type { Controller } from '../controllers/context.ts';
import type { GoTables } from '../controllers/go-structs.ts';
import type * as gateway from '../gateway/index.ts';
import type { original } from '../images/mirrors.ts';
import type { managersOf } from '../images/packages.ts';
import type { runPython } from '../images/python/index.ts';
import type { hosts } from '../coredns/hosts.ts';
import type { unheeded } from '../coredns/properties.ts';
import type { KubernetesZone } from '../coredns/records.ts';
import type { rewrite } from '../coredns/rewrite.ts';
import type { Repository } from '../images/types.ts';
import type { flagProblem } from '../kube-proxy/flags.ts';
import type { IpvsProxier } from '../kube-proxy/ipvs.ts';
import type { NftablesProxier } from '../kube-proxy/nftables.ts';
import type { UserspaceProxier } from '../kube-proxy/userspace.ts';
import type {
  JwtIssuer,
  oidcFlags,
  readAuthenticationConfiguration,
} from '../apiserver/authentication/jwt-configuration.ts';
import type { OpenIdTokens } from '../apiserver/authentication/openid-tokens.ts';
import type { readAudit } from '../apiserver/audit/audit.ts';
import type { EncryptionAtRest } from '../apiserver/encryption/at-rest.ts';
import type { Encryption, readEncryption } from '../apiserver/encryption/configuration.ts';
import type { ApiServer } from '../apiserver/server.ts';
import type { AtRest } from '../apiserver/storage/at-rest.ts';
import type { KeyValue } from '../etcd/index.ts';
import type { readControllers } from '../kubeadm/controller-names.ts';
import type { nodeMasks, serviceRangeProblem } from '../kubeadm/range-flags.ts';
import type { nodeAccess } from '../kubeadm/node-access-flags.ts';
import type { flagOf } from '../kubeadm/flag-tables.ts';
import type { schedule } from '../addons/configured-scheduler.ts';
import type { metricsServerFlags } from '../addons/metrics-server-flags.ts';
import type { LocalPathProvisioner } from '../addons/local-path-provisioner.ts';
import type * as calico from '../addons/calico.ts';
import type * as networks from '../cni/networks.ts';
import type * as vxlan from '../cni/vxlan.ts';
import type * as konnectivity from '../konnectivity/index.ts';
import type * as csi from '../csi/index.ts';
import type { KubectlOptions } from '../kubectl/index.ts';
import type { deviceEnvironment } from '../kubelet/cdi.ts';
import type { DeviceDrivers, Kubelet } from '../kubelet/index.ts';
import type { changedConfig, limitedNode } from '../kubelet/changed-config.ts';
import type { configz } from '../kubelet/configuration.ts';
import type { valueFromEnvFile } from '../kubelet/env-file.ts';
import type { reclaim, storageExcess, thresholdsOf } from '../kubelet/eviction-victims.ts';
import type { KubeletServer } from '../kubelet/exec.ts';
import type { figures } from '../kubelet/figures.ts';
import type { grpcHealth } from '../kubelet/grpc-health.ts';
import type { runHook } from '../kubelet/hooks.ts';
import type { collectImages } from '../kubelet/image-gc.ts';
import type { pullImageVolumes } from '../kubelet/image-volumes.ts';
import type { claimedPlace } from '../kubelet/persistent-volumes.ts';
import type { mountsBelow } from '../kubelet/mount-propagation.ts';
import type { podCgroup } from '../kubelet/pod-cgroup.ts';
import type { makeRoom, misplaced } from '../kubelet/predicates.ts';
import type { watchPlugins } from '../kubelet/plugin-manager.ts';
import type { serveReadOnly } from '../kubelet/read-only.ts';
import type { ServingCertificate } from '../kubelet/serving-certificate.ts';
import type { loadAppArmor, loadSeccomp } from '../kubelet/security-profiles.ts';
import type { announceShutdown, shutDown } from '../kubelet/shutdown.ts';
import type { askedSysctls, refusal } from '../kubelet/special-pods.ts';
import type { SCHEDULERS } from '../linux/net/ipvs.ts';
import type { createJq } from '../jq.ts';
import type { CommandName } from '../linux/commands/names.ts';
import type { networkTools } from '../linux/commands/network-tools.ts';
import type { systemTools } from '../linux/commands/system/index.ts';
import type { procEntries } from '../linux/proc.ts';
import type { Host, Program } from '../linux/types.ts';
import type * as kubeadm from '../machine/kubeadm/index.ts';
import type * as istio from '../istio/index.ts';
import type * as machine from '../machine/index.ts';
import type * as pki from '../pki/index.ts';
import type { defaultPreemption } from '../scheduler/plugins/default-preemption.ts';
import type { DynamicResourcesOptions } from '../scheduler/plugins/dynamic-resources-plugin.ts';
import type { nodeVolumeLimits } from '../scheduler/plugins/node-volume-limits.ts';
import type { volumeBinding } from '../scheduler/plugins/volume-binding.ts';
import type { volumeRestrictions } from '../scheduler/plugins/volume-restrictions.ts';
import type { volumeZone } from '../scheduler/plugins/volume-zone.ts';
import type { Plugin } from '../scheduler/framework.ts';
import type * as shells from '../shell/index.ts';
import type * as ssh from '../ssh/index.ts';
import type { SimTargets } from '../sim-command/index.ts';

export interface Parts {
  cloud: typeof cloud;
  csi: typeof csi;
  apply: { apply: typeof apply; applyScale: typeof applyScale; ordered: typeof ordered; Typed: typeof Typed };
  controllers: {
    controllers: Readonly<Record<string, Controller>>;
    LocalPathProvisioner: typeof LocalPathProvisioner;
  };
  'control-plane': {
    flagOf: typeof flagOf;
    metricsServerFlags: typeof metricsServerFlags;
    nodeAccess: typeof nodeAccess;
    oidcFlags: typeof oidcFlags;
    openIdTokens(issuers: readonly JwtIssuer[], host: Host, log: (text: string) => void): OpenIdTokens;
    readAudit: typeof readAudit;
    readAuthenticationConfiguration: typeof readAuthenticationConfiguration;
    readControllers: typeof readControllers;
    nodeMasks: typeof nodeMasks;
    serviceRangeProblem: typeof serviceRangeProblem;
    readEncryption: typeof readEncryption;
    encryptionAtRest(host: ApiServer, encryption: Encryption | undefined, before: AtRest | undefined): EncryptionAtRest;
    /** The bytes of a value as etcd has them; undefined for kinds whose form there is not modelled. */
    stored(host: ApiServer, kv: KeyValue): Uint8Array | undefined;
  };
  /** Dynamic resource allocation. */
  devices: {
    deviceDrivers(kubelet: Kubelet): DeviceDrivers;
    deviceEnvironment: typeof deviceEnvironment;
    /** What is wrong with a selector's expression. */
    selectorProblem(expression: string): string | undefined;
    dynamicResources(options: Omit<DynamicResourcesOptions, 'compile'>): Plugin;
  };
  dns: {
    KubernetesZone: typeof KubernetesZone;
    hosts: typeof hosts;
    rewrite: typeof rewrite;
    unheeded: typeof unheeded;
  };
  gateway: typeof gateway;
  /** The catalogue of images beside those of the cluster's own components. */
  images: { catalogue: readonly Repository[]; original: typeof original; managersOf: typeof managersOf };
  extensions: {
    admitConnection: typeof admitConnection;
    admissionPolicies(): AdmissionPolicies;
    typeCheck: typeof typeCheck;
    webhooks(name: keyof typeof WEBHOOKS): Webhooks;
    customResourceDefinitions: Required<Pick<Strategy, 'beginDelete'>>;
    customResources(core: Core, handle: Handle): CustomResources;
    matchConditions: typeof matchConditions;
    validateBinding: typeof validateBinding;
    validateDefinition: typeof validateDefinition;
    validatePolicy: typeof validatePolicy;
  };
  konnectivity: typeof konnectivity;
  kubeadm: typeof kubeadm;
  kubelet: {
    announceShutdown: typeof announceShutdown;
    askedSysctls: typeof askedSysctls;
    changedConfig: typeof changedConfig;
    loadAppArmor: typeof loadAppArmor;
    loadSeccomp: typeof loadSeccomp;
    pullImageVolumes: typeof pullImageVolumes;
    refusal: typeof refusal;
    claimedPlace: typeof claimedPlace;
    collectImages: typeof collectImages;
    configz: typeof configz;
    limitedNode: typeof limitedNode;
    figures: typeof figures;
    grpcHealth: typeof grpcHealth;
    KubeletServer: typeof KubeletServer;
    makeRoom: typeof makeRoom;
    misplaced: typeof misplaced;
    mountsBelow: typeof mountsBelow;
    podCgroup: typeof podCgroup;
    reclaim: typeof reclaim;
    runHook: typeof runHook;
    serveReadOnly: typeof serveReadOnly;
    ServingCertificate: typeof ServingCertificate;
    shutDown: typeof shutDown;
    storageExcess: typeof storageExcess;
    thresholdsOf: typeof thresholdsOf;
    valueFromEnvFile: typeof valueFromEnvFile;
    watchPlugins: typeof watchPlugins;
  };
  kubectl: { createKubectl(settings: KubectlOptions): Program; toYaml(value: unknown): string };
  istio: typeof istio;
  machine: typeof machine;
  'network-tools': typeof networkTools;
  'system-tools': typeof systemTools;
  networks: typeof networks &
    Pick<typeof vxlan, 'VxlanBackend' | 'vxlanProblem'> &
    Pick<typeof calico, 'calicoImages' | 'calicoManifests'>;
  openapi: Pick<typeof openapi, 'openApi' | 'openApiETag' | 'swagger'>;
  pki: typeof pki;
  /** By level, as they are reported. */
  'pod-security': { CHECKS: readonly Check[] };
  proxiers: {
    flagProblem: typeof flagProblem;
    IpvsProxier: typeof IpvsProxier;
    NftablesProxier: typeof NftablesProxier;
    SCHEDULERS: typeof SCHEDULERS;
    UserspaceProxier: typeof UserspaceProxier;
  };
  python: { runPython: typeof runPython };
  requests: {
    admission: RareAdmission;
    certificateSigningRequests: Required<Pick<Strategy, 'beforeCreate' | 'beforeUpdate'>>;
    checkListOptions: typeof checkListOptions;
    checkWriteOptions: typeof checkWriteOptions;
    dryRunFaults: typeof dryRunFaults;
    expiredPage: typeof expiredPage;
    readToken: typeof readToken;
    writeToken: typeof writeToken;
    deviceClaims: Required<Pick<Strategy, 'beforeCreate'>>;
    eviction: Subresource;
    flowControl(core: Core): void;
    jsonError: typeof jsonError;
    jsonObjectError: typeof jsonObjectError;
    jsonPatch: typeof jsonPatch;
    limitRanger: AdmissionPlugin;
    proxy: Subresource;
    resourceQuota: AdmissionPlugin;
    reviews: typeof reviews;
  };
  resilience4j: { application: Program };
  rules: typeof annotationRules &
    typeof podRules &
    typeof securityRules & {
      convertAutoscaler: typeof convertAutoscaler;
      FURTHER_DEFAULTS: typeof FURTHER_DEFAULTS;
      withoutDisabledDevices: typeof withoutDisabledDevices;
      initiatorPortal: typeof initiatorPortal;
      podLevelResources: typeof podLevelResources;
      POD_SOURCES: typeof POD_SOURCES;
      podSpecUpdate: typeof podSpecUpdate;
      podStatus: typeof podStatus;
      /** Of kinds that few clusters have, by 'group/Kind'. */
      RULES: Readonly<Record<string, Rules>>;
    };
  schema: {
    FURTHER_GO_STRUCTS: GoTables;
    FURTHER_TYPES: string;
    goValueText: typeof goValueText;
    typedText: typeof typedText;
  };
  scheduling: {
    defaultPreemption: typeof defaultPreemption;
    nodeVolumeLimits: typeof nodeVolumeLimits;
    schedule: typeof schedule;
    volumeBinding: typeof volumeBinding;
    volumeRestrictions: typeof volumeRestrictions;
    volumeZone: typeof volumeZone;
  };
  shell: Pick<typeof shells, 'createShell' | 'ShellSession' | 'splitScript'>;
  sim: { createSimCommand(targets: SimTargets): Program };
  ssh: typeof ssh;
  table: { printTable: typeof printTable };
  /** The commands of machines. */
  tools: {
    commands: Readonly<Record<CommandName, Program>>;
    createJq: typeof createJq;
    procEntries: typeof procEntries;
  };
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
