// Why a Pod fits nowhere, in the words of FailedScheduling, and the record of decisions that can be asked for later.

import type { NodeStatuses } from './framework.ts';
import type { Finding, Scores } from './profile.ts';

export const NO_NODES = 'no nodes available to schedule pods';

/** framework.FitError: equal reasons counted over nodes, sorted as texts. */
export function fitError(
  total: number,
  statuses: NodeStatuses,
  preFilter: string,
  postFilter: string,
  end = '',
): string {
  let text = `0/${total} nodes are available:`;
  if (preFilter) text += ` ${preFilter}.`;
  else {
    const counts = new Map<string, number>();
    statuses.forEach(({ status }) => {
      for (const reason of status.reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
    });
    const reasons: string[] = [];
    counts.forEach((n, reason) => reasons.push(`${n} ${reason}`));
    if (reasons.length > 0) text += ` ${reasons.sort().join(', ')}.`;
  }
  return postFilter ? `${text} ${postFilter}${end}` : text;
}

/** One attempt to schedule one Pod. */
export interface Decision {
  pod: string;
  /** Virtual time, ms. */
  at: number;
  result: 'scheduled' | 'unschedulable' | 'error';
  /** The chosen or nominated node. */
  node?: string;
  message?: string;
  /** Refusals: node, the plug-in that refused it, its reasons. */
  filtered: { node: string; plugin: string; reasons: readonly string[] }[];
  /** Nodes that passed, with each plug-in's points (0…100 before its weight) and the weighted sum. */
  scored: { node: string; total: number; plugins: Record<string, { score: number; weight: number }> }[];
}

/** What a cycle leaves behind; made into a Decision only when somebody asks. */
export interface Trace {
  pod: string;
  at: number;
  result: Decision['result'];
  node: string | undefined;
  message: string | undefined;
  statuses: NodeStatuses;
  found: readonly Finding[];
  scores: () => readonly Scores[];
}

const KEPT = 256;

export class Decisions {
  private readonly traces = new Map<string, Trace>();

  record(trace: Trace) {
    this.traces.delete(trace.pod);
    this.traces.set(trace.pod, trace);
    if (this.traces.size > KEPT) this.traces.delete(this.traces.keys().next().value as string);
  }

  /** The last attempt for the Pod 'namespace/name', while it is among the latest decisions. */
  explain(pod: string): Decision | undefined {
    const trace = this.traces.get(pod);
    if (!trace) return undefined;
    const { at, result, node, message, statuses, found, scores } = trace;
    const all = scores();
    const decision: Decision = { pod, at, result, filtered: [], scored: [] };
    if (node) decision.node = node;
    if (message) decision.message = message;
    statuses.forEach(({ plugin, status }, name) =>
      decision.filtered.push({ node: name, plugin, reasons: status.reasons }),
    );
    found.forEach(({ node: { name } }, i) => {
      const plugins: Record<string, { score: number; weight: number }> = {};
      let total = 0;
      for (const { plugin, weight, points } of all) {
        plugins[plugin] = { score: points[i], weight };
        total += points[i] * weight;
      }
      decision.scored.push({ node: name, total, plugins });
    });
    return decision;
  }
}
