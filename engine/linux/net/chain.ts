// A chain of rules, evaluated in order. A long one is looked up by destination and port first; what that skips could not
// have matched.

import { ipNumber } from './address.ts';
import { type Hop, type Packet, packetText } from './packet.ts';
import type { HookContext, Rule, RuleSpec, Verdict } from './rule.ts';

/** Rules up to which a chain is simply gone through. */
const LINEAR = 8;

/** Positions of rules by what they can match at all. */
interface RuleIndex {
  byDestination: Map<number, number[]>;
  byPort: Map<number, number[]>;
  rest: number[];
}

const NOWHERE: number[] = [];

export class Chain {
  /** Of a built-in chain. */
  policy: 'ACCEPT' | 'DROP' | undefined;
  packets = 0;
  bytes = 0;
  /** What the name begins with, for names that are worked out late. */
  readonly prefix: string;
  private named: string | (() => string);
  private made: Rule[] | undefined;
  private make: (() => Rule[]) | undefined;
  private index: RuleIndex | undefined;

  /** Rules, and a name's rest, that are given as functions are worked out when somebody first asks. */
  constructor(name: string, rest?: () => string, rules?: () => Rule[]) {
    this.prefix = name;
    this.named = rest ?? name;
    this.make = rules;
  }

  get name(): string {
    if (typeof this.named === 'function') this.named = this.prefix + this.named();
    return this.named;
  }

  get rules(): readonly Rule[] {
    if (!this.made) {
      this.made = this.make?.() ?? [];
      this.make = undefined;
    }
    return this.made;
  }

  /** Replaces all rules; a function is asked when a packet or a listing needs them. */
  set(rules: Rule[] | (() => Rule[])) {
    this.index = undefined;
    if (typeof rules === 'function') {
      this.make = rules;
      this.made = undefined;
    } else this.made = rules;
  }

  insert(position: number, rule: Rule) {
    const rules = this.rules.slice();
    rules.splice(position, 0, rule);
    this.set(rules);
  }

  append(...rules: Rule[]) {
    this.set([...this.rules, ...rules]);
  }

  remove(position: number) {
    this.set(this.rules.filter((_rule, i) => i !== position));
  }

  evaluate(packet: Packet, context: HookContext): Verdict | undefined {
    if (context.journey.trace) return this.traced(packet, context);
    const rules = this.made ?? this.rules;
    const { length } = rules;
    if (length <= LINEAR) {
      for (let i = 0; i < length; i++) {
        const rule = rules[i];
        const verdict = rule.matches(packet, context) ? met(rule, packet, context) : undefined;
        if (verdict !== undefined) return verdict;
      }
      return undefined;
    }
    const index = (this.index ??= indexOf(rules));
    const ports = index.byPort.get(packet.dport) ?? NOWHERE;
    const { rest } = index;
    let to = packet.destination;
    let addressed = index.byDestination.get(ipNumber(to)) ?? NOWHERE;
    let a = 0;
    let p = 0;
    let r = 0;
    for (;;) {
      const next = Math.min(addressed[a] ?? length, ports[p] ?? length, rest[r] ?? length);
      if (next === length) return undefined;
      if (addressed[a] === next) a++;
      else if (ports[p] === next) p++;
      else r++;
      const rule = rules[next];
      const verdict = rule.matches(packet, context) ? met(rule, packet, context) : undefined;
      if (verdict !== undefined) return verdict;
      if (packet.destination !== to) {
        // A target has rewritten it and let it go on.
        to = packet.destination;
        addressed = index.byDestination.get(ipNumber(to)) ?? NOWHERE;
        a = addressed.findIndex((position) => position > next);
        if (a < 0) a = addressed.length;
      }
    }
  }

  /** One rule after the other, as the kernel does it, and counted. */
  private traced(packet: Packet, context: HookContext): Verdict | undefined {
    for (const rule of this.rules) {
      context.journey.compared++;
      if (!rule.matches(packet, context)) continue;
      const verdict = this.shown(rule, packet, context, context.journey.trace as Hop[]);
      if (verdict !== undefined) return verdict;
    }
    return undefined;
  }

  private shown(rule: Rule, packet: Packet, context: HookContext, trace: Hop[]): Verdict | undefined {
    const { jump, target, matches } = rule.spec;
    const to = jump?.name ?? (target ? target.name + target.save() : 'counted');
    const why = matches?.map((match) => match.list(true)).join(' ');
    const text = `${context.table} ${this.name}: ${to}${why ? ` ${why}` : ''}`;
    const link = context.in || context.out;
    const hop: Hop = { namespace: context.namespace.name, link, kind: 'rule', text, packet: packetText(packet) };
    const before = trace.push(hop);
    const verdict = met(rule, packet, context);
    const moot = jump ? trace.slice(before).every(({ idle }) => idle) : !target;
    if (verdict === 'RETURN' || (verdict === undefined && moot)) hop.idle = true;
    return verdict;
  }
}

/** A rule that matches counts, and says what becomes of the packet. */
function met(rule: Rule, packet: Packet, context: HookContext): Verdict | undefined {
  const { spec } = rule;
  rule.packets++;
  rule.bytes += packet.length;
  return spec.jump ? follow(spec, packet, context) : spec.target?.apply(packet, context);
}

/** A jump comes back when the chain has no verdict; a goto goes back to where this chain was called from. */
function follow({ jump, goto }: RuleSpec, packet: Packet, context: HookContext): Verdict | undefined {
  const verdict = (jump as Chain).evaluate(packet, context);
  if (verdict !== 'RETURN' && verdict !== undefined) return verdict;
  return goto ? 'RETURN' : undefined;
}

function indexOf(rules: readonly Rule[]): RuleIndex {
  const index: RuleIndex = { byDestination: new Map(), byPort: new Map(), rest: [] };
  for (let i = 0; i < rules.length; i++) {
    const { destination, notDestination, matches } = rules[i].spec;
    if (destination?.bits === (destination?.upper ? 128 : 32) && !notDestination) {
      note(index.byDestination, destination.base, i);
      continue;
    }
    let port: number | undefined;
    if (matches) for (let k = 0; k < matches.length && port === undefined; k++) port = matches[k].dport;
    if (port === undefined) index.rest.push(i);
    else note(index.byPort, port, i);
  }
  return index;
}

function note(map: Map<number, number[]>, key: number, position: number) {
  const list = map.get(key);
  if (list) list.push(position);
  else map.set(key, [position]);
}
