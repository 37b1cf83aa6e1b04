// A kubelet's configuration file that somebody has changed: the settings that are modelled may be, any other change keeps
// the kubelet from starting.

import { addQuantities, compareQuantities, QuantityError, quantityValue, subtractQuantities } from '../api/quantity.ts';
import { CONFIG_FILE, type NodeLimits, type Settings } from './config-file.ts';
import { parseConfiguration, type Configuration } from './configuration.ts';
import { isNamespaced } from './special-pods.ts';
import { thresholdProblem, TUNED, tuningOf } from './tuning.ts';

/** What is modelled, with what it may be. */
const READERS: Readonly<
  Record<Exclude<keyof Settings, 'node' | 'tuning' | 'allowedUnsafeSysctls'>, (value: unknown) => unknown>
> = {
  staticPodPath: (value) => (typeof value === 'string' ? value.replace(/\/$/, '') : undefined),
  readOnlyPort: (value) => (isPort(value) ? value : undefined),
  serverTLSBootstrap: (value) => (typeof value === 'boolean' ? value : undefined),
  clusterDNS: (value) =>
    Array.isArray(value) && value.length === 1 && typeof value[0] === 'string' ? value[0] : undefined,
  clusterDomain: (value) => (typeof value === 'string' && value ? value : undefined),
};
/** What the node's capacity and allocatable follow from. */
const LIMITS = new Set(['maxPods', 'kubeReserved', 'systemReserved', 'evictionHard']);
const SYSCTLS = 'allowedUnsafeSysctls';
/** The same under two names. */
const SAME: Readonly<Record<string, (value: unknown) => unknown>> = {
  containerRuntimeEndpoint: (value) => String(value).replace('unix:///var/run/', 'unix:///run/'),
  resolvConf: (value) => String(value).replace('/run/systemd/resolve/', '/etc/'),
};
const RESERVABLE = ['cpu', 'memory', 'ephemeral-storage', 'pid'];
const isPort = (value: unknown) => Number.isInteger(value) && Number(value) >= 0 && Number(value) < 65_536;

/** `before`: the file as it was installed. A string: why the kubelet does not start. */
export function changedConfig(text: string, before: string): Settings | string {
  const given = parseConfiguration(text);
  if (typeof given === 'string') return given;
  const installed = parseConfiguration(before) as Configuration;
  const settings: Record<string, unknown> = {};
  for (const name in READERS) {
    const value = READERS[name as keyof typeof READERS](given[name]);
    if (value === undefined) return refused(name, given[name]);
    settings[name] = value;
  }
  for (const name of new Set([...Object.keys(installed), ...Object.keys(given)])) {
    if (Object.hasOwn(READERS, name) || LIMITS.has(name) || TUNED.has(name) || name === SYSCTLS) continue;
    const same = SAME[name] ?? ((value: unknown) => value);
    if (JSON.stringify(same(installed[name])) !== JSON.stringify(same(given[name]))) return refused(name, given[name]);
  }
  const sysctls = (given[SYSCTLS] ?? []) as string[];
  const foreign = sysctls.find((pattern) => !isNamespaced(pattern));
  if (foreign !== undefined)
    return `failed to run Kubelet: failed to create kubelet: the sysctls ${JSON.stringify(foreign)} are not known to be namespaced`;
  if (sysctls.length) settings[SYSCTLS] = sysctls;
  const untouched = (names: ReadonlySet<string>) =>
    [...names].every((name) => JSON.stringify(installed[name]) === JSON.stringify(given[name]));
  const tuning = untouched(TUNED) && untouched(LIMITS) ? undefined : tuningOf(given);
  if (typeof tuning === 'string') return tuning;
  if (tuning) settings.tuning = tuning;
  if (untouched(LIMITS)) return settings as unknown as Settings;
  const node = limitsOf(given, installed.evictionHard as Record<string, string>);
  return typeof node === 'string' ? node : ({ ...settings, node } as unknown as Settings);
}

const refused = (name: string, value: unknown): string =>
  `${CONFIG_FILE}: ${name}: ${value === undefined ? 'absent' : JSON.stringify(value)} is not modelled by this engine`;

function limitsOf(
  { maxPods, kubeReserved, systemReserved, evictionHard }: Configuration,
  standard: Readonly<Record<string, string>>,
): NodeLimits | string {
  if (!Number.isInteger(maxPods) || Number(maxPods) < 0)
    return `failed to validate kubelet configuration, error: invalid configuration: maxPods (--max-pods) ${String(maxPods)} must not be a negative number`;
  const reserved: Record<string, string> = {};
  for (const amounts of [kubeReserved, systemReserved] as Record<string, string>[]) {
    for (const name in amounts) {
      if (!RESERVABLE.includes(name)) return `failed to run Kubelet: cannot reserve ${JSON.stringify(name)} resource`;
      try {
        reserved[name] = addQuantities(reserved[name] ?? '0', String(amounts[name]));
      } catch (error) {
        if (!(error instanceof QuantityError)) throw error;
        return `failed to run Kubelet: failed to parse quantity ${JSON.stringify(String(amounts[name]))} for ${JSON.stringify(name)} resource: ${error.message}`;
      }
    }
  }
  const thresholds = evictionHard as Record<string, string>;
  for (const signal in thresholds) {
    const problem = thresholdProblem(signal, thresholds[signal], standard[signal]);
    if (problem) return problem;
  }
  const { 'memory.available': memory = '', 'nodefs.available': disk = '' } = thresholds;
  return { maxPods: Number(maxPods), reserved, memory, disk };
}

/** What a node of this hardware offers under limits. */
export function limitedNode(hardware: Readonly<Record<string, string>>, limits: NodeLimits) {
  const capacity = { ...hardware, pods: String(limits.maxPods) };
  const disk = hardware['ephemeral-storage'];
  const thresholds = { memory: threshold(limits.memory, hardware.memory), disk: threshold(limits.disk, disk) };
  const rest = (name: string, whole: string, kept = 0) => {
    const left = subtractQuantities(subtractQuantities(whole, limits.reserved[name] ?? '0'), String(kept));
    return compareQuantities(left, '0') < 0 ? '0' : left;
  };
  const allocatable = {
    ...capacity,
    cpu: rest('cpu', hardware.cpu),
    'ephemeral-storage': rest('ephemeral-storage', disk, thresholds.disk),
    memory: rest('memory', hardware.memory, thresholds.memory),
  };
  return { capacity, allocatable, thresholds };
}

/** Bytes of a threshold, which may be a share of the whole; '' is none. */
export function threshold(text: string, whole: string): number {
  if (text === '') return 0;
  if (text.endsWith('%')) return Math.trunc(quantityValue(whole) * Math.fround(parseFloat(text) / 100));
  return quantityValue(text);
}
