// What is wrong with ranges that flags of the control plane name, in the programs' words (kube-apiserver:
// validateClusterIPFlags; kube-controller-manager: validateCIDRs, setNodeCIDRMaskSizes).

import { type Cidr, parseCidr } from '../linux/net/index.ts';
import type { Refusal } from './component-flags.ts';

type Problem = Extract<Refusal, { reason: string }>;

/** Since then Services' addresses are objects alone, and a range may be of any size. */
const ANY_SIZE_SINCE = 34;
const MOST_BITS = 20;
/** nodeipam: of IPv6, by how many bits a node's range may be narrower than the cluster's. */
const MOST_NODE_BITS = 16;

const widthOf = ({ upper }: Cidr) => (upper ? 128 : 32);
const isRange = (text: string) => text.includes('/') && parseCidr(text) !== undefined;
const bothFamilies = ([one, other]: readonly Cidr[]) => !one.upper !== !other.upper;

/** Of --service-cluster-ip-range; undefined: the API server would start with it. */
export function serviceRangeProblem(text: string, address: string, minor: number): string | undefined {
  const flag = '--service-cluster-ip-range';
  const entries = text.split(',');
  if (!isRange(entries[0])) return 'service-cluster-ip-range is not a valid cidr';
  if (entries.length > 1 && !isRange(entries[1])) return 'service-cluster-ip-range[1] is not an ip net';
  const ranges = entries.slice(0, 2).map((entry) => parseCidr(entry) as Cidr);
  const wrong: string[] = [];
  if (entries.length > 2) wrong.push(`${flag} must not contain more than two entries`);
  const check = (range: Cidr, name: string) => {
    const width = widthOf(range);
    if (minor < ANY_SIZE_SINCE && width - range.bits > MOST_BITS)
      wrong.push(
        `specified ${name} is too large; for ${width}-bit addresses, the mask must be >= ${width - MOST_BITS}`,
      );
  };
  check(ranges[0], flag);
  if (ranges.length === 2) {
    if (!bothFamilies(ranges)) wrong.push(`${flag}[0] and ${flag}[1] must be of different IP family`);
    check(ranges[1], `${flag}[1]`);
  }
  if (address.includes(':') !== (ranges[0].upper !== undefined))
    wrong.push(
      `service IP family ${JSON.stringify(ranges[0].text)} must match public address family ${JSON.stringify(address)}`,
    );
  return wrong.length > 1 ? `[${wrong.join(', ')}]` : wrong[0];
}

/** The bits of nodes' ranges, by those of --cluster-cidr. */
export function nodeMasks(clusterCIDR: string, given: ReadonlyMap<string, string>): number[] | Problem {
  const ranges: Cidr[] = [];
  for (const text of clusterCIDR.trim().split(',')) {
    const range = isRange(text) ? parseCidr(text) : undefined;
    if (!range)
      return { reason: `failed to parse cidr value:${JSON.stringify(text)} with error:invalid CIDR address: ${text}` };
    ranges.push(range);
  }
  if (ranges.length > 1 && !ranges.slice(1).some((range) => bothFamilies([ranges[0], range])))
    return {
      reason: `len of ClusterCIDRs==${ranges.length} and they are not configured as dual stack (at least one from each IPFamily`,
    };
  if (ranges.length > 2) return { reason: `length of clusterCIDRs is:${ranges.length} more than max allowed of 2` };
  const masks = masksOf(ranges, given);
  if ('reason' in masks) return masks;
  for (let i = 0; i < ranges.length; i++) {
    const { bits, upper } = ranges[i];
    if (masks[i] < bits)
      return {
        reason:
          'Controller: Invalid --cluster-cidr, mask size of cluster CIDR must be less than or equal to --node-cidr-mask-size configured for CIDR family',
      };
    if (upper && masks[i] - bits > MOST_NODE_BITS)
      return { reason: 'New CIDR set failed; the node CIDR size is too big' };
  }
  return masks;
}

function masksOf(ranges: readonly Cidr[], given: ReadonlyMap<string, string>): number[] | Problem {
  const size = (name: string) => Number(given.get(name) ?? 0);
  const one = size('node-cidr-mask-size');
  const four = size('node-cidr-mask-size-ipv4');
  const six = size('node-cidr-mask-size-ipv6');
  const usage = (name: string, rest: string): Problem => ({ reason: `usage of ${name} is not allowed ${rest}` });
  if (ranges.length > 1) {
    if (one) return usage('--node-cidr-mask-size', 'with dual-stack clusters');
  } else if (one) {
    if (!four && !six) return [one];
    return usage(
      '--node-cidr-mask-size-ipv4 and --node-cidr-mask-size-ipv6',
      'if --node-cidr-mask-size is set. For dual-stack clusters please unset it and use IPFamily specific flags',
    );
  } else if (ranges[0].upper ? four : six) {
    return ranges[0].upper
      ? usage('--node-cidr-mask-size-ipv4', 'for a single-stack IPv6 cluster')
      : usage('--node-cidr-mask-size-ipv6', 'for a single-stack IPv4 cluster');
  }
  return ranges.map(({ upper }) => (upper ? six || 64 : four || 24));
}
