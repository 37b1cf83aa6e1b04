// The flags of kube-controller-manager that change what the controllers do.

import { goDurationMs } from '../api/duration.ts';
import { part } from '../parts/index.ts';
import { readFlags, type Refusal } from './component-flags.ts';

/** What the flags say to the controllers. */
export interface ManagerFlags {
  /** --controllers: `*`, names, and names after a minus sign. */
  controllers: readonly string[];
  allocateNodeCIDRs: boolean;
  /** Where nodes get their ranges from; undefined: nowhere is said. */
  clusterCIDR: string | undefined;
  /** The bits of nodes' ranges, by those of the cluster. */
  nodeMasks: readonly number[] | undefined;
  /** ms. */
  nodeMonitorPeriod: number;
  nodeMonitorGracePeriod: number;
  /** --v */
  verbosity: number;
}

const heeded = () =>
  new Set([
    'controllers',
    'allocate-node-cidrs',
    'cluster-cidr',
    'node-cidr-mask-size',
    'node-cidr-mask-size-ipv4',
    'node-cidr-mask-size-ipv6',
    'node-monitor-period',
    'node-monitor-grace-period',
    'v',
  ]);

const MASKS = ['node-cidr-mask-size', 'node-cidr-mask-size-ipv4', 'node-cidr-mask-size-ipv6'];

/** `standard`: what kubeadm writes for this machine. */
export function managerFlags(
  argv: readonly string[],
  standard: Readonly<Record<string, string>>,
  minor: number,
): ManagerFlags | Refusal {
  const given = readFlags({ component: 'kube-controller-manager', argv, standard, heeded, minor });
  if (!(given instanceof Map)) return given;
  const time = (name: string, preset: number): number | { line: string } => {
    const text = given.get(name);
    if (text === undefined) return preset;
    const ms = goDurationMs(text);
    if (ms !== undefined && ms > 0) return ms;
    return {
      line: `Error: invalid argument ${JSON.stringify(text)} for "--${name}" flag: time: invalid duration ${JSON.stringify(text)}`,
    };
  };
  const nodeMonitorPeriod = time('node-monitor-period', 5000);
  if (typeof nodeMonitorPeriod !== 'number') return nodeMonitorPeriod;
  // Until v1.31 a node had missed four reports of its status.
  const nodeMonitorGracePeriod = time('node-monitor-grace-period', minor >= 32 ? 50_000 : 40_000);
  if (typeof nodeMonitorGracePeriod !== 'number') return nodeMonitorGracePeriod;
  const asked = given.get('controllers') ?? '*';
  const controllers = asked === standard.controllers ? asked.split(',') : part('control-plane').readControllers(asked);
  if ('reason' in controllers) return controllers;
  const clusterCIDR = given.get('cluster-cidr');
  const allocateNodeCIDRs = given.get('allocate-node-cidrs') === 'true';
  const isStandard = clusterCIDR === standard['cluster-cidr'] && !MASKS.some((name) => given.has(name));
  const masks =
    allocateNodeCIDRs && clusterCIDR && !isStandard ? part('control-plane').nodeMasks(clusterCIDR, given) : undefined;
  if (masks && 'reason' in masks) return masks;
  const v = given.get('v') ?? '0';
  if (!/^\d+$/.test(v))
    return {
      line: `Error: invalid argument ${JSON.stringify(v)} for "-v, --v" flag: strconv.ParseInt: parsing ${JSON.stringify(v)}: invalid syntax`,
    };
  return {
    controllers,
    allocateNodeCIDRs,
    clusterCIDR,
    nodeMasks: masks,
    nodeMonitorPeriod,
    nodeMonitorGracePeriod,
    verbosity: Number(v),
  };
}

/** Controllers that `*` does not switch on, and what else they are called. */
const BY_NAME_ONLY: Readonly<Record<string, string>> = {
  'bootstrap-signer-controller': 'bootstrapsigner',
  'token-cleaner-controller': 'tokencleaner',
};

/** Whether `--controllers` has one run: by its name, else by `*`. */
export function isEnabled(controllers: readonly string[], name: string): boolean {
  if (controllers.includes(name)) return true;
  const alias = BY_NAME_ONLY[name];
  if (alias) return controllers.includes(alias);
  return !controllers.includes(`-${name}`) && controllers.includes('*');
}
