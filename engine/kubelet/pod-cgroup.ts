// The cgroup of a Pod with resources of its own: its containers share its memory limit and its CPU quota.

import { quantityMilli, quantityValue } from '../api/quantity.ts';
import type { PodSpec } from '../api/types.ts';
import { weightOf, type Cgroup, type ParentCgroup } from './cgroup.ts';

/** What work at once gets of a quota that steady loads use up. */
const LEAST_SHARE = 0.1;

export function podCgroup(spec: PodSpec): ParentCgroup {
  const { cpu, memory } = spec.resources?.limits ?? {};
  return new PodCgroup(cpu ? quantityMilli(cpu) : Infinity, memory ? quantityValue(memory) : Infinity);
}

class PodCgroup implements ParentCgroup {
  /** Millicores, bytes. */
  private readonly cpu: number;
  private readonly memory: number;
  private readonly children = new Set<Cgroup>();
  private readonly shares = new Map<Cgroup, number>();
  /** Containers that have been killed and have not gone yet: what they hold is about to come free. */
  private readonly dying = new Set<Cgroup>();

  constructor(cpu: number, memory: number) {
    this.cpu = cpu;
    this.memory = memory;
  }

  join(child: Cgroup) {
    this.children.add(child);
    this.shares.set(child, 0);
  }

  leave(child: Cgroup) {
    this.children.delete(child);
    this.shares.delete(child);
    this.dying.delete(child);
    this.changed();
  }

  settle() {
    this.children.forEach((child) => child.advance());
  }

  share(child: Cgroup): number {
    return this.shares.get(child) ?? 0;
  }

  get cpuLeft(): number {
    let used = 0;
    this.shares.forEach((share) => (used += share));
    return Math.max(this.cpu - used, this.cpu * LEAST_SHARE);
  }

  /** Each gets by its weight, and what one does not want the others get. */
  changed() {
    let open = [...this.children];
    let left = this.cpu;
    for (;;) {
      const weights = open.reduce((sum, { limits }) => sum + weightOf(limits.cpuRequest), 0);
      const part = (child: Cgroup) => (left * weightOf(child.limits.cpuRequest)) / weights;
      const content = open.filter((child) => child.wanted <= part(child));
      if (content.length === 0) {
        for (const child of open) this.shares.set(child, part(child));
        return;
      }
      for (const child of content) {
        this.shares.set(child, child.wanted);
        left -= child.wanted;
      }
      open = open.filter((child) => !content.includes(child));
      if (open.length === 0) return;
    }
  }

  allocated() {
    let held = 0;
    let largest: Cgroup | undefined;
    this.children.forEach((child) => {
      if (this.dying.has(child)) return;
      held += child.memory;
      if (!largest || child.memory > largest.memory) largest = child;
    });
    if (held <= this.memory || !largest) return;
    this.dying.add(largest);
    largest.kill();
  }
}
