// KubeProxyConfiguration as kube-proxy reads it from --config.

import { part } from '../parts/index.ts';

export interface KubeProxyConfiguration {
  mode: string;
  clusterCIDR: string;
  /** Of IPVS. */
  scheduler: string;
  masqueradeAll: boolean;
  masqueradeBit: number;
  localhostNodePorts: boolean;
  /** ms: from sync to sync at least, and until what others have thrown away is put back. */
  minSyncPeriod: number;
  syncPeriod: number;
  /** The node's name, where it is not the machine's. */
  hostnameOverride: string;
  /** Of the API server's client: a file, or '' for the Pod's own account. */
  kubeconfig: string;
  /** '' or unspecified: whatever the machine has. */
  bindAddress: string;
  nodePortAddresses: string[];
  healthzPort: number;
  metricsPort: number;
}

type Values = { [key: string]: string | Values };

const read = new Map<string, KubeProxyConfiguration>();

/** Throws a message for what is not a configuration. Every node reads the same text. */
export function parseConfiguration(text: string): KubeProxyConfiguration {
  let config = read.get(text);
  if (!config) {
    if (read.size > 16) read.clear();
    read.set(text, (config = build((plainYaml(text) ?? fullYaml(text)) as Values)));
  }
  return config;
}

/** Maps of scalars by indentation, as kubeadm writes them; undefined for all else: the YAML library is large. */
function plainYaml(text: string): Values | undefined {
  const root: Values = {};
  const stack: { indent: number; values: Values }[] = [{ indent: 0, values: root }];
  let opened: Values | undefined;
  for (const line of text.split('\n')) {
    if (line.trim() === '' || line === '---') continue;
    const found = /^( *)([A-Za-z]\w*):(?: ([^[\]{}&*|>'#]*))?$/.exec(line);
    if (!found) return undefined;
    const indent = found[1].length;
    const [, , key, raw] = found;
    if (opened && indent > stack[stack.length - 1].indent) stack.push({ indent, values: opened });
    while (stack[stack.length - 1].indent > indent) stack.pop();
    if (stack[stack.length - 1].indent !== indent) return undefined;
    opened = undefined;
    const value = (raw ?? '').trim();
    const { values } = stack[stack.length - 1];
    values[key] = value === '""' || value === 'null' ? '' : value.replace(/^"(.*)"$/, '$1');
    // A key without a value may open a map with the next line.
    if (raw === undefined) values[key] = opened = {};
  }
  return root;
}

function fullYaml(text: string): unknown {
  const document = part('yaml').parseDocument(text, { schema: 'core' });
  if (document.errors.length) throw new Error(`failed to decode: ${document.errors[0].message}`);
  return document.toJS() ?? {};
}

const UNITS: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

function duration(value: unknown, preset: number): number {
  const found = /^(\d+(?:\.\d+)?)(h|ms|m|s)$/.exec(String(value ?? ''));
  const ms = found ? Number(found[1]) * UNITS[found[2]] : 0;
  return ms > 0 ? ms : preset;
}

function portOf(value: unknown, preset: number): number {
  const found = /:(\d+)$/.exec(String(value ?? ''));
  return found ? Number(found[1]) : preset;
}

/** What is acted on, or makes no difference here: how often the API server is asked, and in which encoding. */
const MODELLED = new Set(
  (
    'apiVersion kind mode clusterCIDR nodePortAddresses healthzBindAddress metricsBindAddress bindAddress ' +
    'clientConnection.acceptContentTypes clientConnection.burst clientConnection.contentType ' +
    'clientConnection.kubeconfig clientConnection.qps configSyncPeriod hostnameOverride iptables.localhostNodePorts ' +
    'iptables.masqueradeAll iptables.masqueradeBit iptables.minSyncPeriod iptables.syncPeriod ipvs.minSyncPeriod ' +
    'ipvs.scheduler ipvs.syncPeriod logging.flushFrequency nftables.masqueradeAll nftables.masqueradeBit ' +
    'nftables.minSyncPeriod nftables.syncPeriod'
  ).split(' '),
);
/** Values that ask for nothing beyond the defaults. */
const isPreset = (path: string, value: unknown): boolean =>
  ['', 'null', 'undefined', 'false', '0', '0s'].includes(String(value)) ||
  (path === 'detectLocalMode' && value === 'ClusterCIDR') ||
  (path === 'logging.format' && value === 'text');

/** The first setting that would be ignored; undefined when there is none. */
function ignoredSetting(values: Record<string, unknown>, prefix = ''): string | undefined {
  for (const key in values) {
    const path = prefix + key;
    const value = values[key];
    if (MODELLED.has(path)) continue;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      const found = ignoredSetting(value as Record<string, unknown>, `${path}.`);
      if (found) return found;
    } else if (!isPreset(path, value)) return path;
  }
  return undefined;
}

const SECTIONS: Readonly<Record<string, string>> = { iptables: 'IPTables', ipvs: 'IPVS', nftables: 'NFTables' };

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

function build(values: Values): KubeProxyConfiguration {
  if (values.kind !== undefined && values.kind !== 'KubeProxyConfiguration') {
    throw new Error(`no kind "${String(values.kind)}" is registered for version "${String(values.apiVersion)}"`);
  }
  const ignored = ignoredSetting(values);
  if (ignored) throw new Error(`the setting ${ignored} is not modelled by this engine`);
  const section = (name: string) => (typeof values[name] === 'object' ? (values[name] as Record<string, unknown>) : {});
  const mode = typeof values.mode === 'string' ? values.mode : '';
  const [iptables, ipvs, nftables] = ['iptables', 'ipvs', 'nftables'].map(section);
  // Each mode has a section of its own; of what IPVS leaves to iptables the latter's says how.
  const masks = mode === 'nftables' ? nftables : iptables;
  const times = mode === 'nftables' ? nftables : mode === 'ipvs' ? ipvs : iptables;
  const minSyncPeriod = duration(times.minSyncPeriod, 1000);
  const syncPeriod = duration(times.syncPeriod, 30_000);
  if (minSyncPeriod > syncPeriod) {
    const where = `KubeProxyConfiguration.KubeProxy${SECTIONS[mode] ?? SECTIONS.iptables}Configuration`;
    throw new Error(
      `${where}.SyncPeriod: Invalid value: ${String(times.syncPeriod || '30s')}: must be greater than or equal to ${where}.MinSyncPeriod`,
    );
  }
  const flag = (value: unknown, preset: boolean) =>
    value === undefined || value === '' || value === null ? preset : String(value) === 'true';
  const addresses = values.nodePortAddresses as unknown;
  return {
    mode,
    clusterCIDR: typeof values.clusterCIDR === 'string' ? values.clusterCIDR : '',
    scheduler: String(ipvs.scheduler || 'rr'),
    masqueradeAll: flag(masks.masqueradeAll, false),
    masqueradeBit: Number(masks.masqueradeBit || 14) || 14,
    localhostNodePorts: flag(iptables.localhostNodePorts, true),
    minSyncPeriod,
    syncPeriod,
    hostnameOverride: textOf(values.hostnameOverride),
    kubeconfig: textOf(section('clientConnection').kubeconfig),
    bindAddress: textOf(values.bindAddress),
    nodePortAddresses: Array.isArray(addresses) ? addresses.map(String) : [],
    healthzPort: portOf(values.healthzBindAddress, 10256),
    metricsPort: portOf(values.metricsBindAddress, 10249),
  };
}
