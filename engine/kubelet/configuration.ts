// KubeletConfiguration (kubelet.config.k8s.io/v1beta1) with what the kubelet puts where the file says nothing, or zero; the
// kubelet shows the whole at /configz.

import { goDurationMs } from '../api/duration.ts';
import { part } from '../parts/index.ts';
import { CONFIG_FILE } from './config-file.ts';
import { goDuration } from './format.ts';

export type Configuration = Record<string, unknown>;

/** In the order in which /configz shows them. */
const DEFAULTS: Readonly<Configuration> = {
  enableServer: true,
  staticPodPath: '',
  podLogsDir: '/var/log/pods',
  syncFrequency: '1m0s',
  fileCheckFrequency: '20s',
  httpCheckFrequency: '20s',
  address: '0.0.0.0',
  port: 10250,
  readOnlyPort: 0,
  tlsCertFile: '/var/lib/kubelet/pki/kubelet.crt',
  tlsPrivateKeyFile: '/var/lib/kubelet/pki/kubelet.key',
  rotateCertificates: false,
  serverTLSBootstrap: false,
  authentication: { x509: {}, webhook: { enabled: true, cacheTTL: '2m0s' }, anonymous: { enabled: false } },
  authorization: { mode: 'Webhook', webhook: { cacheAuthorizedTTL: '5m0s', cacheUnauthorizedTTL: '30s' } },
  registryPullQPS: 5,
  registryBurst: 10,
  imagePullCredentialsVerificationPolicy: 'NeverVerifyPreloadedImages',
  eventRecordQPS: 50,
  eventBurst: 100,
  enableDebuggingHandlers: true,
  healthzPort: 10248,
  healthzBindAddress: '127.0.0.1',
  oomScoreAdj: -999,
  clusterDomain: '',
  clusterDNS: [],
  streamingConnectionIdleTimeout: '4h0m0s',
  nodeStatusUpdateFrequency: '10s',
  nodeStatusReportFrequency: '5m0s',
  nodeLeaseDurationSeconds: 40,
  imageMinimumGCAge: '2m0s',
  imageMaximumGCAge: '0s',
  imageGCHighThresholdPercent: 85,
  imageGCLowThresholdPercent: 80,
  volumeStatsAggPeriod: '1m0s',
  cgroupsPerQOS: true,
  cgroupDriver: 'cgroupfs',
  cpuManagerPolicy: 'none',
  cpuManagerReconcilePeriod: '10s',
  memoryManagerPolicy: 'None',
  topologyManagerPolicy: 'none',
  topologyManagerScope: 'container',
  runtimeRequestTimeout: '2m0s',
  hairpinMode: 'promiscuous-bridge',
  maxPods: 110,
  podPidsLimit: -1,
  resolvConf: '/etc/resolv.conf',
  cpuCFSQuota: true,
  cpuCFSQuotaPeriod: '100ms',
  nodeStatusMaxImages: 50,
  maxOpenFiles: 1_000_000,
  contentType: 'application/vnd.kubernetes.protobuf',
  kubeAPIQPS: 50,
  kubeAPIBurst: 100,
  serializeImagePulls: true,
  evictionHard: {
    'imagefs.available': '15%',
    'imagefs.inodesFree': '5%',
    'memory.available': '100Mi',
    'nodefs.available': '10%',
    'nodefs.inodesFree': '5%',
  },
  evictionPressureTransitionPeriod: '5m0s',
  mergeDefaultEvictionSettings: false,
  enableControllerAttachDetach: true,
  makeIPTablesUtilChains: true,
  iptablesMasqueradeBit: 14,
  iptablesDropBit: 15,
  failSwapOn: true,
  memorySwap: {},
  containerLogMaxSize: '10Mi',
  containerLogMaxFiles: 5,
  containerLogMaxWorkers: 1,
  containerLogMonitorInterval: '10s',
  configMapAndSecretChangeDetectionStrategy: 'Watch',
  systemReserved: {},
  kubeReserved: {},
  enforceNodeAllocatable: ['pods'],
  volumePluginDir: '/usr/libexec/kubernetes/kubelet-plugins/volume/exec/',
  logging: {
    format: 'text',
    flushFrequency: '5s',
    verbosity: 0,
    options: { text: { infoBufferSize: '0' }, json: { infoBufferSize: '0' } },
  },
  enableSystemLogHandler: true,
  enableSystemLogQuery: false,
  shutdownGracePeriod: '0s',
  shutdownGracePeriodCriticalPods: '0s',
  crashLoopBackOff: { maxContainerRestartPeriod: '5m0s' },
  enableProfilingHandler: true,
  enableDebugFlagsHandler: true,
  seccompDefault: false,
  memoryThrottlingFactor: 0.9,
  registerNode: true,
  localStorageCapacityIsolation: true,
  containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
  failCgroupV1: true,
};
/** Left out of /configz while they are empty. */
const OMITTED = new Set([
  'staticPodPath',
  'readOnlyPort',
  'serverTLSBootstrap',
  'rotateCertificates',
  'clusterDomain',
  'clusterDNS',
  'systemReserved',
  'kubeReserved',
]);
/** Fields that nothing stands for by itself. */
const OTHERS = new Set(
  (
    'apiVersion kind allowedUnsafeSysctls cgroupRoot cpuManagerPolicyOptions enableServer evictionMaxPodGracePeriod ' +
    'evictionMinimumReclaim evictionSoft evictionSoftGracePeriod featureGates imageServiceEndpoint ' +
    'kernelMemcgNotification kubeReservedCgroup kubeletCgroups maxParallelImagePulls podCIDR podsPerCore ' +
    'preloadedImagesVerificationAllowlist protectKernelDefaults providerID qosReserved registerWithTaints ' +
    'reservedMemory reservedSystemCPUs runOnce showHiddenMetricsForVersion shutdownGracePeriodByPodPriority ' +
    'staticPodURL staticPodURLHeader systemCgroups systemReservedCgroup tlsCipherSuites tlsMinVersion ' +
    'topologyManagerPolicyOptions tracing userNamespaces'
  ).split(' '),
);
/** Numbers for which zero is a value like another. */
const ZERO_COUNTS = new Set([
  'eventRecordQPS',
  'healthzPort',
  'imageGCHighThresholdPercent',
  'imageGCLowThresholdPercent',
  'iptablesDropBit',
  'iptablesMasqueradeBit',
  'kubeAPIQPS',
  'memoryThrottlingFactor',
  'nodeStatusMaxImages',
  'oomScoreAdj',
  'podPidsLimit',
  'registryPullQPS',
]);
/** Maps of which what is said takes the place of the whole. */
const WHOLE = new Set(['evictionHard', 'kubeReserved', 'systemReserved']);

const isMap = (value: unknown): value is Configuration =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads a file's text; a string: why the kubelet does not start with it. */
export function parseConfiguration(text: string): Configuration | string {
  const document = part('yaml').parseDocument(text, { schema: 'core' });
  const undecodable = (why: string) =>
    `failed to load kubelet config file, path: ${CONFIG_FILE}, error: failed to load Kubelet config file ${CONFIG_FILE}, error failed to decode: ${why}`;
  if (document.errors.length) return undecodable(document.errors[0].message.split('\n')[0]);
  const given = (document.toJS() ?? {}) as Configuration;
  const unknown = Object.keys(given).filter((name) => !(name in DEFAULTS) && !OTHERS.has(name));
  if (unknown.length)
    return undecodable(
      `strict decoding error: ${unknown.map((name) => `unknown field ${JSON.stringify(name)}`).join(', ')}`,
    );
  return completed(DEFAULTS, given);
}

function completed(defaults: Readonly<Configuration>, given: Readonly<Configuration>): Configuration {
  const out: Configuration = {};
  for (const name in defaults) {
    const [standard, said] = [defaults[name], given[name]];
    if (isAbsent(name, said)) out[name] = standard;
    else if (isMap(standard) && isMap(said) && !WHOLE.has(name)) out[name] = completed(standard, said);
    else out[name] = isTime(standard) ? (shownTime(said) ?? said) : said;
  }
  for (const name in given) if (!(name in defaults) && !isAbsent(name, given[name])) out[name] = given[name];
  return out;
}

/** A duration is shown as Go prints it, however it was written. */
const isTime = (value: unknown): boolean => typeof value === 'string' && goDurationMs(value) !== undefined;
function shownTime(value: unknown): string | undefined {
  const ms = goDurationMs(String(value));
  return ms === undefined ? undefined : goDuration(ms);
}

const isAbsent = (name: string, value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === '' ||
  value === '0s' ||
  (value === 0 && !ZERO_COUNTS.has(name)) ||
  (isMap(value) && Object.keys(value).length === 0);

/** The answer at /configz of a kubelet that has started with this file. */
export function configz(text: string): string {
  const { apiVersion: _version, kind: _kind, ...kubeletconfig } = parseConfiguration(text) as Configuration;
  for (const name of OMITTED) {
    const value = kubeletconfig[name];
    if (isAbsent(name, value) || value === false || (Array.isArray(value) && !value.length)) delete kubeletconfig[name];
  }
  return JSON.stringify({ kubeletconfig });
}
