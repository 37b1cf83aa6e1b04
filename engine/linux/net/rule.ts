// A rule of the packet filter: the conditions that a packet has to meet, and what becomes of it then.

import { type Cidr, inCidr, ipNumber } from './address.ts';
import type { Chain } from './chain.ts';
import type { NetworkNamespace } from './namespace.ts';
import type { Journey, Packet, Protocol, Rejection } from './packet.ts';

export type HookName = 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING';
export type TableName = 'raw' | 'mangle' | 'nat' | 'filter' | 'security';
export type Verdict = 'ACCEPT' | 'DROP' | 'RETURN' | { reject: Rejection };

/** What a rule can look at beside the packet. */
export interface HookContext {
  namespace: NetworkNamespace;
  hook: HookName;
  in: string;
  out: string;
  /** The table that is being asked. */
  table: TableName;
  /** The packet crosses a bridge of this namespace and is not routed. */
  bridged: boolean;
  journey: Journey;
}

/** `-m NAME …`: a further condition of a rule. */
export interface Match {
  test(packet: Packet, context: HookContext): boolean;
  /** As iptables-save prints it, `-m` included. */
  save(): string;
  /** As `iptables -L` prints it. */
  list(numeric: boolean): string;
  /** The set that it asks. */
  readonly set?: string;
  /** The only destination port that it lets through. */
  readonly dport?: number;
}

/** `-j NAME …` other than a chain. */
export interface Target {
  readonly name: string;
  apply(packet: Packet, context: HookContext): Verdict | undefined;
  /** Options as iptables-save prints them, with a blank in front. */
  save(): string;
  list(): string;
}

export interface RuleSpec {
  protocol?: Protocol | 'sctp' | '';
  notProtocol?: boolean;
  source?: Cidr;
  notSource?: boolean;
  destination?: Cidr;
  notDestination?: boolean;
  in?: string;
  notIn?: boolean;
  out?: string;
  notOut?: boolean;
  matches?: readonly Match[];
  /** A chain to go to, a target, or neither: the rule only counts. */
  jump?: Chain;
  goto?: boolean;
  target?: Target;
}

export class Rule {
  readonly spec: RuleSpec;
  packets = 0;
  bytes = 0;

  constructor(spec: RuleSpec) {
    this.spec = spec;
  }

  matches(packet: Packet, context: HookContext): boolean {
    const { spec } = this;
    const { protocol, source, destination, matches } = spec;
    if (destination && inCidr(destination, ipNumber(packet.destination)) === !!spec.notDestination) return false;
    if (protocol && (protocol === packet.protocol) === !!spec.notProtocol) return false;
    if (source && inCidr(source, ipNumber(packet.source)) === !!spec.notSource) return false;
    if (spec.in !== undefined && sameInterface(spec.in, context.in) === !!spec.notIn) return false;
    if (spec.out !== undefined && sameInterface(spec.out, context.out) === !!spec.notOut) return false;
    if (matches) for (let i = 0; i < matches.length; i++) if (!matches[i].test(packet, context)) return false;
    return true;
  }
}

function sameInterface(pattern: string, name: string): boolean {
  return pattern === name || (pattern.endsWith('+') && name.startsWith(pattern.slice(0, -1)));
}
