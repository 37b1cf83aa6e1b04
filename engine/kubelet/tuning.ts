// What few change of a kubelet's configuration: graceful shutdown, restarts, images, eviction. Reads and checks it, with the
// words that the kubelet has for what is wrong.

import { goDurationMs } from '../api/duration.ts';
import { compareQuantities } from '../api/quantity.ts';
import { TUNING, type ShutdownPeriod, type SoftThreshold, type Tuning } from './config-file.ts';
import type { Configuration } from './configuration.ts';
import { goDuration } from './format.ts';

/** The fields that are read here. */
export const TUNED: ReadonlySet<string> = new Set([
  'crashLoopBackOff',
  'evictionMaxPodGracePeriod',
  'evictionMinimumReclaim',
  'evictionPressureTransitionPeriod',
  'evictionSoft',
  'evictionSoftGracePeriod',
  'featureGates',
  'imageGCHighThresholdPercent',
  'imageGCLowThresholdPercent',
  'imageMaximumGCAge',
  'imageMinimumGCAge',
  'maxParallelImagePulls',
  'podPidsLimit',
  'seccompDefault',
  'serializeImagePulls',
  'shutdownGracePeriod',
  'shutdownGracePeriodByPodPriority',
  'shutdownGracePeriodCriticalPods',
]);

/** Gates that change something here, with what they are in v1.35. */
const GATES = {
  GracefulNodeShutdown: true,
  GracefulNodeShutdownBasedOnPodPriority: true,
  KubeletCrashLoopBackOffMax: true,
  ReduceDefaultCrashLoopBackOffDecay: false,
};
type Gates = Record<keyof typeof GATES, boolean>;

/** Signals of evictionHard and evictionSoft. */
const SIGNALS: readonly string[] = [
  'memory.available',
  'nodefs.available',
  'nodefs.inodesFree',
  'imagefs.available',
  'imagefs.inodesFree',
  'containerfs.available',
  'containerfs.inodesFree',
  'pid.available',
];
/** Those that are measured here: images lie on the node's own disk, and nothing counts inodes. */
const MEASURED = new Set(['memory.available', 'nodefs.available', 'pid.available']);

// scheduling: system-cluster-critical, which critical Pods have at least.
const CRITICAL = 2_000_000_000;
// kubelet: with ReduceDefaultCrashLoopBackOffDecay.
const REDUCED = { first: 1000, most: 60_000 };

/** What is wrong, without the words around it. */
class Invalid extends Error {}

/** A string: why the kubelet does not start. */
export function tuningOf(config: Configuration): Tuning | string {
  const problems: string[] = [];
  const time = (name: string, value: unknown): number => {
    const ms = goDurationMs(String(value ?? '0s'));
    if (ms === undefined)
      throw new Invalid(`failed to decode: time: invalid duration ${JSON.stringify(value)}: ${name}`);
    return ms;
  };
  try {
    const gates = gatesOf(config);
    const tuning: Tuning = {
      restart: restartOf(config, gates, time, problems),
      shutdown: shutdownOf(config, gates, time, problems),
      imageGC: imagesOf(config, time, problems),
      parallelPulls: pullsOf(config, problems),
      eviction: evictionOf(config, time),
      podPids: Number(config.podPidsLimit),
      seccompDefault: config.seccompDefault === true,
    };
    if (problems.length === 0) return tuning;
    const all = problems.map((problem) => `invalid configuration: ${problem}`);
    const text = all.length > 1 ? `[${all.join(', ')}]` : all[0];
    return `failed to validate kubelet configuration, error: ${text}, path: &TypeMeta{Kind:,APIVersion:,}`;
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    return error.message;
  }
}

type Time = (name: string, value: unknown) => number;

function gatesOf({ featureGates = {} }: Configuration): Gates {
  const gates: Gates = { ...GATES };
  const given = featureGates as Record<string, unknown>;
  for (const name in given) {
    if (!Object.hasOwn(GATES, name)) throw new Invalid(`the feature gate ${name} is not modelled by this engine`);
    gates[name as keyof Gates] = given[name] === true;
  }
  return gates;
}

function restartOf(config: Configuration, gates: Gates, time: Time, problems: string[]): Tuning['restart'] {
  const { maxContainerRestartPeriod: given } = (config.crashLoopBackOff ?? {}) as {
    maxContainerRestartPeriod?: string;
  };
  const limits = gates.ReduceDefaultCrashLoopBackOffDecay ? REDUCED : TUNING.restart;
  const most = given === undefined ? undefined : time('crashLoopBackOff.maxContainerRestartPeriod', given);
  // What nobody has said stands there as the default of five minutes.
  if (most === undefined || most === TUNING.restart.most) return limits;
  if (!gates.KubeletCrashLoopBackOffMax)
    problems.push(
      'FeatureGate KubeletCrashLoopBackOffMax not enabled, CrashLoopBackOff.MaxContainerRestartPeriod must not be set',
    );
  else if (most < 1000 || most > TUNING.restart.most)
    problems.push(
      `CrashLoopBackOff.MaxContainerRestartPeriod (got: ${most / 1000} seconds) must be set between 1s and 300s`,
    );
  return { first: Math.min(limits.first, most), most };
}

function shutdownOf(config: Configuration, gates: Gates, time: Time, problems: string[]): readonly ShutdownPeriod[] {
  const [whole, critical] = ['shutdownGracePeriod', 'shutdownGracePeriodCriticalPods'].map((name) =>
    time(name, config[name]),
  );
  const byPriority = (config.shutdownGracePeriodByPodPriority ?? []) as ShutdownPeriod[];
  const go = goDuration;
  if (gates.GracefulNodeShutdown) {
    if (critical > whole)
      problems.push(`shutdownGracePeriodCriticalPods ${go(critical)} must be <= shutdownGracePeriod ${go(whole)}`);
    if (whole > 0 && whole < 1000)
      problems.push(`shutdownGracePeriod ${go(whole)} must be either zero or otherwise >= 1 sec`);
    if (critical > 0 && critical < 1000)
      problems.push(`shutdownGracePeriodCriticalPods ${go(critical)} must be either zero or otherwise >= 1 sec`);
  } else if (whole || critical)
    problems.push(
      'specifying shutdownGracePeriod or shutdownGracePeriodCriticalPods requires feature gate GracefulNodeShutdown',
    );
  if (byPriority.length && !gates.GracefulNodeShutdownBasedOnPodPriority)
    problems.push(
      'Specifying shutdownGracePeriodByPodPriority requires feature gate GracefulNodeShutdownBasedOnPodPriority',
    );
  else if (byPriority.length && (whole || critical))
    problems.push('Cannot specify both shutdownGracePeriodByPodPriority and shutdownGracePeriod at the same time');
  if (byPriority.length) return byPriority.toSorted((a, b) => a.priority - b.priority);
  if (!whole) return [];
  const seconds = (ms: number) => Math.trunc(ms / 1000);
  return [
    { priority: 0, shutdownGracePeriodSeconds: seconds(whole - critical) },
    { priority: CRITICAL, shutdownGracePeriodSeconds: seconds(critical) },
  ];
}

function imagesOf(config: Configuration, time: Time, problems: string[]): Tuning['imageGC'] {
  const { imageGCHighThresholdPercent: high, imageGCLowThresholdPercent: low } = config as Record<string, number>;
  const flags = { imageGCHighThresholdPercent: 'high', imageGCLowThresholdPercent: 'low' } as const;
  for (const [name, flag] of Object.entries(flags)) {
    const value = config[name] as number;
    if (!Number.isInteger(value) || value < 0 || value > 100)
      problems.push(`${name} (--image-gc-${flag}-threshold) ${value} must be between 0 and 100, inclusive`);
  }
  if (low >= high)
    problems.push(
      `imageGCLowThresholdPercent (--image-gc-low-threshold) ${low} must be less than imageGCHighThresholdPercent (--image-gc-high-threshold) ${high}`,
    );
  const minimumAge = time('imageMinimumGCAge', config.imageMinimumGCAge);
  const maximumAge = time('imageMaximumGCAge', config.imageMaximumGCAge);
  if (maximumAge > 0 && maximumAge <= minimumAge)
    problems.push(
      `imageMaximumGCAge ${goDuration(maximumAge)} must be greater than imageMinimumGCAge ${goDuration(minimumAge)}`,
    );
  return { high: high / 100, low: low / 100, minimumAge, maximumAge };
}

function pullsOf({ serializeImagePulls, maxParallelImagePulls: most }: Configuration, problems: string[]): number {
  const serial = serializeImagePulls !== false;
  if (most !== undefined && Number(most) < 1)
    problems.push(`maxParallelImagePulls ${String(most)} must be a positive number`);
  else if (serial && most !== undefined && Number(most) > 1)
    problems.push(
      'maxParallelImagePulls cannot be larger than 1 unless SerializeImagePulls (--serialize-image-pulls) is set to false',
    );
  return serial ? 1 : most === undefined ? Infinity : Number(most);
}

function evictionOf(config: Configuration, time: Time): Tuning['eviction'] {
  const soft = (config.evictionSoft ?? {}) as Record<string, string>;
  const graces = (config.evictionSoftGracePeriod ?? {}) as Record<string, string>;
  const minimumReclaim = (config.evictionMinimumReclaim ?? {}) as Record<string, string>;
  const list: SoftThreshold[] = [];
  for (const signal in soft) {
    const problem = thresholdProblem(signal, soft[signal], undefined);
    if (problem) throw new Invalid(problem);
    if (graces[signal] === undefined)
      throw new Invalid(
        `failed to run Kubelet: grace period must be specified for the soft eviction threshold ${signal}`,
      );
    list.push({ signal, amount: soft[signal], grace: time(`evictionSoftGracePeriod.${signal}`, graces[signal]) });
  }
  for (const signal in minimumReclaim) {
    if (!SIGNALS.includes(signal)) throw new Invalid(`failed to run Kubelet: unsupported eviction signal ${signal}`);
    if (!isThreshold(minimumReclaim[signal]))
      throw new Invalid(`failed to run Kubelet: invalid quantity ${minimumReclaim[signal]} of minimum reclaim`);
  }
  return {
    transition: time('evictionPressureTransitionPeriod', config.evictionPressureTransitionPeriod),
    maxGrace: Number(config.evictionMaxPodGracePeriod ?? 0),
    soft: list,
    pids: String((config.evictionHard as Record<string, string>)['pid.available'] ?? ''),
    minimumReclaim,
  };
}

/** What is wrong with a threshold; `standard`: what stands there by itself. */
export function thresholdProblem(signal: string, amount: string, standard: string | undefined): string | undefined {
  if (!SIGNALS.includes(signal)) return `failed to run Kubelet: unsupported eviction signal ${signal}`;
  if (!isThreshold(amount))
    return `failed to run Kubelet: invalid threshold ${String(amount)} of eviction signal ${signal}`;
  if (MEASURED.has(signal) || amount === standard || /^0%?$/.test(amount)) return undefined;
  return `the eviction signal ${signal} is not modelled by this engine`;
}

function isThreshold(text: string): boolean {
  if (/^\d+(\.\d+)?%$/.test(text)) return true;
  try {
    return compareQuantities(String(text), '0') >= 0;
  } catch {
    return false;
  }
}
