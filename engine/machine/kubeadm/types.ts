// The fields of kubeadm.k8s.io by Go type, as v1beta4 has them and where v1beta3 differs: what a configuration file may
// say, checked as the API machinery's strict decoder does.

export type Document = { [field: string]: unknown };

/** By type: `field:type`, where a type without a `:` is a string. */
const V1BETA4: Readonly<Record<string, string>> = {
  InitConfiguration:
    'bootstrapTokens:[]BootstrapToken dryRun:bool nodeRegistration:NodeRegistrationOptions localAPIEndpoint:APIEndpoint certificateKey skipPhases:[]string patches:Patches timeouts:Timeouts',
  ClusterConfiguration:
    'etcd:Etcd networking:Networking kubernetesVersion controlPlaneEndpoint apiServer:APIServer controllerManager:ControlPlaneComponent scheduler:ControlPlaneComponent dns:DNS proxy:Proxy certificatesDir imageRepository featureGates:map[string]bool clusterName encryptionAlgorithm certificateValidityPeriod caCertificateValidityPeriod',
  JoinConfiguration:
    'dryRun:bool nodeRegistration:NodeRegistrationOptions caCertPath discovery:Discovery controlPlane:JoinControlPlane skipPhases:[]string patches:Patches timeouts:Timeouts',
  ResetConfiguration:
    'cleanupTmpDir:bool certificatesDir criSocket dryRun:bool force:bool ignorePreflightErrors:[]string skipPhases:[]string unmountFlags:[]string timeouts:Timeouts',
  UpgradeConfiguration:
    'apply:UpgradeApplyConfiguration diff:UpgradeDiffConfiguration node:UpgradeNodeConfiguration plan:UpgradePlanConfiguration timeouts:Timeouts',
  BootstrapToken: 'token description ttl expires usages:[]string groups:[]string',
  NodeRegistrationOptions:
    'name criSocket taints:[]Taint kubeletExtraArgs:[]Arg ignorePreflightErrors:[]string imagePullPolicy imagePullSerial:bool',
  Taint: 'key value effect timeAdded',
  Arg: 'name value',
  APIEndpoint: 'advertiseAddress bindPort:int32',
  Patches: 'directory',
  Timeouts:
    'controlPlaneComponentHealthCheck kubeletHealthCheck kubernetesAPICall etcdAPICall tlsBootstrap discovery upgradeManifests',
  Etcd: 'local:LocalEtcd external:ExternalEtcd',
  LocalEtcd:
    'imageRepository imageTag dataDir extraArgs:[]Arg extraEnvs:[]EnvVar serverCertSANs:[]string peerCertSANs:[]string',
  ExternalEtcd: 'endpoints:[]string caFile certFile keyFile httpEndpoints:[]string',
  Networking: 'serviceSubnet podSubnet dnsDomain',
  APIServer: 'extraArgs:[]Arg extraVolumes:[]HostPathMount extraEnvs:[]EnvVar certSANs:[]string',
  ControlPlaneComponent: 'extraArgs:[]Arg extraVolumes:[]HostPathMount extraEnvs:[]EnvVar',
  HostPathMount: 'name hostPath mountPath readOnly:bool pathType',
  EnvVar: 'name value valueFrom:any',
  DNS: 'imageRepository imageTag disabled:bool',
  Proxy: 'disabled:bool',
  Discovery: 'bootstrapToken:BootstrapTokenDiscovery file:FileDiscovery tlsBootstrapToken',
  BootstrapTokenDiscovery: 'token apiServerEndpoint caCertHashes:[]string unsafeSkipCAVerification:bool',
  FileDiscovery: 'kubeConfigPath',
  JoinControlPlane: 'localAPIEndpoint:APIEndpoint certificateKey',
  UpgradeApplyConfiguration:
    'kubernetesVersion allowExperimentalUpgrades:bool allowRCUpgrades:bool certificateRenewal:bool dryRun:bool etcdUpgrade:bool forceUpgrade:bool ignorePreflightErrors:[]string patches:Patches printConfig:bool skipPhases:[]string imagePullPolicy imagePullSerial:bool',
  UpgradeDiffConfiguration: 'kubernetesVersion contextLines:int',
  UpgradeNodeConfiguration:
    'certificateRenewal:bool dryRun:bool etcdUpgrade:bool ignorePreflightErrors:[]string skipPhases:[]string patches:Patches imagePullPolicy imagePullSerial:bool',
  UpgradePlanConfiguration:
    'kubernetesVersion allowExperimentalUpgrades:bool allowRCUpgrades:bool dryRun:bool etcdUpgrade:bool ignorePreflightErrors:[]string printConfig:bool',
};
/** Where v1beta3 is otherwise. */
const V1BETA3: Readonly<Record<string, string>> = {
  ...V1BETA4,
  InitConfiguration: V1BETA4.InitConfiguration.replace(' timeouts:Timeouts', '').replace(' dryRun:bool', ''),
  ClusterConfiguration: V1BETA4.ClusterConfiguration.replace(/ proxy:Proxy| encryptionAlgorithm.*/g, ''),
  JoinConfiguration: V1BETA4.JoinConfiguration.replace(' timeouts:Timeouts', '').replace('dryRun:bool ', ''),
  NodeRegistrationOptions:
    'name criSocket taints:[]Taint kubeletExtraArgs:map[string]string ignorePreflightErrors:[]string imagePullPolicy',
  LocalEtcd:
    'imageRepository imageTag dataDir extraArgs:map[string]string serverCertSANs:[]string peerCertSANs:[]string',
  ExternalEtcd: 'endpoints:[]string caFile certFile keyFile',
  APIServer: 'extraArgs:map[string]string extraVolumes:[]HostPathMount certSANs:[]string timeoutForControlPlane',
  ControlPlaneComponent: 'extraArgs:map[string]string extraVolumes:[]HostPathMount',
  DNS: 'imageRepository imageTag',
  Discovery: `${V1BETA4.Discovery} timeout`,
};
export const VERSIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  v1beta4: V1BETA4,
  v1beta3: V1BETA3,
};
/** Kinds that only the newer version has. */
const NEWER = ['ResetConfiguration', 'UpgradeConfiguration'];
export const KINDS = ['InitConfiguration', 'ClusterConfiguration', 'JoinConfiguration', ...NEWER];
export const hasKind = (version: string, kind: string): boolean =>
  KINDS.includes(kind) && !(version === 'v1beta3' && NEWER.includes(kind));

export interface Findings {
  /** Paths of fields that there are not. */
  unknown: string[];
  /** What cannot be read at all; the first counts. */
  wrong?: string;
  /** The document without what is unknown. */
  known: Document;
}

const tables = new Map<string, Map<string, string>>();

function fieldsOf(version: string, type: string): ReadonlyMap<string, string> {
  const key = `${version}/${type}`;
  let fields = tables.get(key);
  if (!fields) {
    fields = new Map();
    for (const word of VERSIONS[version][type].split(' ')) {
      const colon = word.indexOf(':');
      fields.set(colon < 0 ? word : word.slice(0, colon), colon < 0 ? 'string' : word.slice(colon + 1));
    }
    tables.set(key, fields);
  }
  return fields;
}

/** Whether a document says only what its type has, and of the right kind. */
export function checkDocument(version: string, kind: string, document: Document): Findings {
  const findings: Findings = { unknown: [], known: {} };
  const { apiVersion, kind: own, ...rest } = document;
  const known = checkStruct(version, kind, rest, '', findings);
  return { ...findings, known: { apiVersion, kind: own, ...known } };
}

function checkStruct(version: string, type: string, value: Document, path: string, findings: Findings): Document {
  const fields = fieldsOf(version, type);
  const known: Document = {};
  for (const name in value) {
    const field = fields.get(name);
    const at = path ? `${path}.${name}` : name;
    if (field === undefined) findings.unknown.push(at);
    else if (value[name] !== null) known[name] = checkValue(version, field, value[name], at, type, findings);
  }
  return known;
}

const SCALARS: Readonly<Record<string, string>> = { string: 'string', bool: 'boolean', int32: 'number', int: 'number' };

/** The value without what is unknown. */
function checkValue(
  version: string,
  type: string,
  value: unknown,
  path: string,
  owner: string,
  findings: Findings,
): unknown {
  if (type === 'any') return value;
  const scalar = SCALARS[type];
  const isList = type.startsWith('[]');
  const fits = scalar
    ? typeof value === scalar
    : isList
      ? Array.isArray(value)
      : typeof value === 'object' && !Array.isArray(value);
  if (!fits) {
    const found = Array.isArray(value)
      ? 'array'
      : typeof value === 'object'
        ? 'object'
        : typeof value === 'boolean'
          ? 'bool'
          : typeof value;
    // The indices of lists are not part of what Go tells.
    findings.wrong ??= `json: cannot unmarshal ${found} into Go struct field ${owner}.${path.replace(/\[\d+\]/g, '')} of type ${goType(version, type)}`;
    return value;
  }
  if (scalar) return value;
  if (isList) {
    const item = type.slice(2);
    return (value as unknown[]).map((one, at) => checkValue(version, item, one, `${path}[${at}]`, owner, findings));
  }
  if (!type.startsWith('map[string]')) return checkStruct(version, type, value as Document, path, findings);
  const item = type.slice('map[string]'.length);
  for (const key in value as Document)
    checkValue(version, item, (value as Document)[key], `${path}.${key}`, owner, findings);
  return value;
}

const CORE: Readonly<Record<string, string>> = { Taint: 'v1.Taint', BootstrapToken: 'v1.BootstrapToken' };

function goType(version: string, type: string): string {
  if (type.startsWith('[]')) return `[]${goType(version, type.slice(2))}`;
  if (SCALARS[type] || type.startsWith('map[')) return type;
  return CORE[type] ?? `${version}.${type}`;
}
