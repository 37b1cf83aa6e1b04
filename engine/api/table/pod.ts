// The row of a Pod.

import { humanDuration } from '../duration.ts';
import { podSummary } from '../pod-summary.ts';
import type { JsonObject, KubeObject, Pod } from '../types.ts';
import { NONE, age, type Cell, type Printer } from './columns.ts';

const FINISHED = {
  Succeeded: { type: 'Completed', status: 'True', reason: 'Succeeded', message: 'The pod has completed successfully.' },
  Failed: { type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' },
} as Record<string, JsonObject>;

function readinessGates(pod: Pod): string {
  const gates = pod.spec?.readinessGates;
  if (!gates?.length) return NONE;
  const met = gates.filter((gate) =>
    pod.status?.conditions?.some((c) => c.type === gate.conditionType && c.status === 'True'),
  );
  return `${met.length}/${gates.length}`;
}

export const pod: Printer = {
  columns: 'Name:string:name,Ready,Status,Restarts,Age,*IP,*Node,*Nominated Node,*Readiness Gates',
  row(object: KubeObject, now: number): Cell[] {
    const pod = object as unknown as Pod;
    const summary = podSummary(pod);
    const ago = summary.restarts && summary.lastRestart ? ` (${humanDuration(now - summary.lastRestart)} ago)` : '';
    return [
      pod.metadata.name ?? '',
      `${summary.ready}/${summary.total}`,
      summary.status,
      `${summary.restarts}${ago}`,
      age(object, now),
      pod.status?.podIPs?.[0]?.ip || pod.status?.podIP || NONE,
      pod.spec?.nodeName || NONE,
      pod.status?.nominatedNodeName || NONE,
      readinessGates(pod),
    ];
  },
  conditions(object) {
    const condition = FINISHED[object.status?.phase as string];
    return condition && [condition];
  },
};
