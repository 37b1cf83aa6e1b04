// KubeSchedulerConfiguration (kubescheduler.config.k8s.io/v1): the profiles of a scheduler, with what is switched on and
// off in each and how heavily it weighs.

import type { PluginArgs } from './plugins/index.ts';
import type { ProfileEntry } from './profile.ts';

/** A configuration that cannot be used; the message is what the program ends with. */
export class ConfigurationError extends Error {}

export interface ProfileConfiguration {
  schedulerName: string;
  percentageOfNodesToScore: number | undefined;
  pluginArgs: PluginArgs;
  plugins: (defaults: ProfileEntry[]) => ProfileEntry[];
}

export interface Configuration {
  profiles: ProfileConfiguration[];
  leaderElection: { leaderElect: boolean; resourceName: string };
}

type Json = Record<string, unknown>;
interface PluginRef {
  name: string;
  weight?: number;
}
interface PluginSet {
  enabled?: PluginRef[];
  disabled?: PluginRef[];
}

const VERSION = 'kubescheduler.config.k8s.io/v1';
const KIND = 'KubeSchedulerConfiguration';

/** Which method of a plug-in belongs to each extension point. */
const POINTS: Readonly<Record<string, readonly string[]>> = {
  preEnqueue: ['preEnqueue'],
  queueSort: ['less'],
  preFilter: ['preFilter', 'nodeNames'],
  filter: ['filter', 'addPod', 'removePod'],
  postFilter: ['postFilter'],
  preScore: ['preScore'],
  score: ['score', 'normalize'],
  reserve: ['reserve', 'unreserve'],
  permit: ['permit'],
  preBind: ['preBind'],
  bind: ['bind'],
  multiPoint: [],
};
/** Settings of plug-ins that can be set, by plug-in. */
const ARGS: Readonly<Record<string, readonly string[]>> = {
  NodeResourcesFit: ['scoringStrategy'],
  NodeResourcesBalancedAllocation: ['resources'],
  VolumeBinding: ['bindTimeoutSeconds'],
};
const TOP = new Set([
  'apiVersion',
  'kind',
  'profiles',
  'leaderElection',
  'percentageOfNodesToScore',
  'clientConnection',
  'parallelism',
]);

const refuse = (what: string): never => {
  throw new ConfigurationError(`${what} is not modelled by this engine`);
};

/** The defaults of a scheduler without a file. */
export const DEFAULT_CONFIGURATION = readConfiguration({ apiVersion: VERSION, kind: KIND });

/** Reads the file's content as parsed from YAML. */
export function readConfiguration(value: unknown): Configuration {
  const file = (value ?? {}) as Json;
  const { apiVersion = '', kind = '' } = file as { apiVersion?: string; kind?: string };
  if (apiVersion !== VERSION || kind !== KIND) {
    throw new ConfigurationError(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "k8s.io/kubernetes/pkg/scheduler/apis/config/scheme/scheme.go:30"`,
    );
  }
  for (const key in file)
    if (!TOP.has(key)) throw new ConfigurationError(`strict decoding error: unknown field ${JSON.stringify(key)}`);
  const percentage = file.percentageOfNodesToScore as number | undefined;
  const profiles = ((file.profiles as Json[] | undefined) ?? [{}]).map((one) => readProfile(one, percentage));
  const names = new Set<string>();
  profiles.forEach(({ schedulerName }, i) => {
    if (names.has(schedulerName))
      throw new ConfigurationError(`profiles[${i}].schedulerName: Duplicate value: ${JSON.stringify(schedulerName)}`);
    names.add(schedulerName);
  });
  const election = (file.leaderElection ?? {}) as Json;
  const resourceNamespace = String(election.resourceNamespace ?? 'kube-system');
  if (resourceNamespace !== 'kube-system') refuse('a leader election outside of kube-system');
  return {
    profiles,
    leaderElection: {
      leaderElect: election.leaderElect !== false,
      resourceName: String(election.resourceName ?? 'kube-scheduler'),
    },
  };
}

function readProfile(profile: Json, percentage: number | undefined): ProfileConfiguration {
  const points = (profile.plugins ?? {}) as Record<string, PluginSet>;
  for (const point in points) if (!(point in POINTS)) refuse(`the extension point ${point}`);
  const pluginArgs: Record<string, unknown> = {};
  for (const { name, args = {} } of (profile.pluginConfig ?? []) as { name: string; args?: Json }[]) {
    const known = ARGS[name] ?? [];
    const { apiVersion: _version, kind: _kind, ...settings } = args;
    for (const key in settings) if (!known.includes(key)) refuse(`the setting ${key} of plug-in ${name}`);
    pluginArgs[name] = settings;
  }
  return {
    schedulerName: String(profile.schedulerName ?? 'default-scheduler'),
    percentageOfNodesToScore: (profile.percentageOfNodesToScore as number | undefined) ?? percentage,
    pluginArgs: pluginArgs as PluginArgs,
    plugins: (defaults) => choose(defaults, points),
  };
}

/** The default plug-ins less those that are disabled, wholly or at one point, with the weights that are given. */
function choose(defaults: readonly ProfileEntry[], points: Record<string, PluginSet>): ProfileEntry[] {
  let entries = [...defaults];
  for (const point in points) {
    const { enabled = [], disabled = [] } = points[point];
    for (const { name } of enabled) {
      if (!defaults.some(({ plugin }) => plugin.name === name)) {
        throw new ConfigurationError(
          `initializing profiles: creating profile for scheduler name: ${point}: plugin ${JSON.stringify(name)} does not exist`,
        );
      }
    }
    const off = ({ plugin }: ProfileEntry) =>
      disabled.some(({ name }) => name === plugin.name || name === '*') &&
      !enabled.some(({ name }) => name === plugin.name);
    if (point === 'multiPoint') entries = entries.filter((entry) => !off(entry));
    else entries = entries.map((entry) => (off(entry) ? without(entry, POINTS[point]) : entry));
    for (const { name, weight } of enabled) {
      if (weight) entries = entries.map((entry) => (entry.plugin.name === name ? { ...entry, weight } : entry));
    }
  }
  return entries;
}

/** The plug-in without its part at one extension point. */
function without({ plugin, weight }: ProfileEntry, methods: readonly string[]): ProfileEntry {
  const rest = Object.create(plugin) as Record<string, unknown>;
  for (const method of methods) rest[method] = undefined;
  return { plugin: rest as unknown as ProfileEntry['plugin'], weight };
}
