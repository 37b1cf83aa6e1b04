// The flags of kube-controller-manager: those that kubeadm writes, as it writes them, and the ones that change what the
// controllers do. Any other is refused.

import { goDurationMs } from '../api/duration.ts';

/** What the flags say to the controllers. */
export interface ManagerFlags {
  /** --controllers: `*`, names, and names after a minus sign. */
  controllers: readonly string[];
  allocateNodeCIDRs: boolean;
  /** ms. */
  nodeMonitorPeriod: number;
  nodeMonitorGracePeriod: number;
  /** --v */
  verbosity: number;
}

/** Flags that were taken away, and the minor release that did. */
const REMOVED: Readonly<Record<string, number>> = {
  'pod-eviction-timeout': 27,
  'enable-taint-manager': 27,
};

const HEEDED = new Set(['controllers', 'allocate-node-cidrs', 'node-monitor-period', 'node-monitor-grace-period', 'v']);

/**
 * `standard`: what kubeadm writes for this machine. The answer is a text when the process ends with it: the whole line for
 * flags that nobody knows, else the reason.
 */
export function managerFlags(
  argv: readonly string[],
  standard: Readonly<Record<string, string>>,
  minor: number,
): ManagerFlags | { line: string } | { reason: string } {
  const given: Record<string, string> = {};
  for (let i = 1; i < argv.length; i++) {
    const match = /^--?([a-z][-a-z0-9]*)(?:=(.*))?$/s.exec(argv[i]);
    if (!match) return { line: `Error: "kube-controller-manager" does not take any arguments, got [${argv[i]}]` };
    const [, name, value] = match;
    if (minor >= (REMOVED[name] ?? Infinity)) return { line: `Error: unknown flag: --${name}` };
    if (value !== undefined) given[name] = value;
    else if (argv[i + 1] !== undefined && !argv[i + 1].startsWith('-')) given[name] = argv[++i];
    else given[name] = 'true';
    if (!HEEDED.has(name) && given[name] !== standard[name]) {
      return { reason: `the flag --${name}=${given[name]} is not modelled by this engine` };
    }
  }
  const time = (name: string, preset: number): number | { line: string } => {
    const text = given[name];
    if (text === undefined) return preset;
    const ms = goDurationMs(text);
    if (ms !== undefined && ms > 0) return ms;
    return {
      line: `Error: invalid argument ${JSON.stringify(text)} for "--${name}" flag: time: invalid duration ${JSON.stringify(text)}`,
    };
  };
  const nodeMonitorPeriod = time('node-monitor-period', 5000);
  if (typeof nodeMonitorPeriod !== 'number') return nodeMonitorPeriod;
  const nodeMonitorGracePeriod = time('node-monitor-grace-period', 50_000);
  if (typeof nodeMonitorGracePeriod !== 'number') return nodeMonitorGracePeriod;
  return {
    controllers: (given.controllers ?? '*').split(','),
    allocateNodeCIDRs: given['allocate-node-cidrs'] === 'true',
    nodeMonitorPeriod,
    nodeMonitorGracePeriod,
    verbosity: Number(given.v ?? 0),
  };
}

/** Whether `--controllers` has one run: by its name, else by `*`. */
export function isEnabled(controllers: readonly string[], name: string): boolean {
  if (controllers.includes(name)) return true;
  return !controllers.includes(`-${name}`) && controllers.includes('*');
}
