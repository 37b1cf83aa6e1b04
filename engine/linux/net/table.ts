// A table of the packet filter: its built-in chains, one a hook, and those that somebody has added.

import { Chain } from './chain.ts';
import type { HookName, TableName } from './rule.ts';

const BUILT_IN: Record<TableName, readonly HookName[]> = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  security: ['INPUT', 'FORWARD', 'OUTPUT'],
};

export class Table {
  readonly name: TableName;
  /** Of IPv6. */
  readonly six: boolean;
  readonly chains = new Map<string, Chain>();
  /** Built-in chains by hook: at hand for every packet. */
  readonly hooks: Partial<Record<HookName, Chain>> = {};
  /** Chains whose names nobody has needed yet. */
  private readonly unnamed = new Set<Chain>();

  constructor(name: TableName, six = false) {
    this.name = name;
    this.six = six;
    for (const hook of BUILT_IN[name]) {
      const chain = new Chain(hook);
      chain.policy = 'ACCEPT';
      this.chains.set(hook, chain);
      this.hooks[hook] = chain;
    }
  }

  chain(name: string): Chain | undefined {
    const found = this.chains.get(name);
    if (found) return found;
    let possible = false;
    this.unnamed.forEach(({ prefix }) => (possible ||= name.startsWith(prefix)));
    if (possible) this.settle();
    return this.chains.get(name);
  }

  /** The chain of that name, made when it is not there. */
  ensure(name: string): Chain {
    let chain = this.chain(name);
    if (!chain) this.chains.set(name, (chain = new Chain(name)));
    return chain;
  }

  add(chain: Chain) {
    this.unnamed.add(chain);
  }

  drop(chain: Chain) {
    if (!this.unnamed.delete(chain)) this.chains.delete(chain.name);
  }

  /** Works out all names and rules: for listings. */
  settle() {
    for (;;) {
      const before = this.chains.size;
      const fresh = [...this.unnamed];
      this.unnamed.clear();
      for (const chain of fresh) this.chains.set(chain.name, chain);
      // Rules that are made now may bring chains of their own.
      for (const chain of [...this.chains.values()]) void chain.rules;
      if (this.unnamed.size === 0 && this.chains.size === before) return;
    }
  }

  /** How many rules lead to each chain. */
  references(): Map<Chain, number> {
    const counts = new Map<Chain, number>();
    for (const chain of this.chains.values()) {
      for (const { spec } of chain.rules) if (spec.jump) counts.set(spec.jump, (counts.get(spec.jump) ?? 0) + 1);
    }
    return counts;
  }
}
