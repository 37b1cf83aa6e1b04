// Status conditions as the controllers keep them: one a type, moved to the end when it changes.

import { timestamp } from '../client/index.ts';

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
  lastUpdateTime?: string;
}

export function condition<T extends Condition>(list: readonly T[] | undefined, type: string): T | undefined {
  if (list) for (let i = 0; i < list.length; i++) if (list[i].type === type) return list[i];
  return undefined;
}

export function withoutCondition<T extends Condition>(list: readonly T[], type: string): T[] {
  return list.filter((c) => c.type !== type);
}

/** Replaces the condition of that type unless status and reason are the same; the transition time stays with the status. */
export function setCondition<T extends Condition>(list: readonly T[], next: T): T[] {
  const old = condition(list, next.type);
  if (old && old.status === next.status && old.reason === next.reason) return list as T[];
  if (old && old.status === next.status) next = { ...next, lastTransitionTime: old.lastTransitionTime };
  return [...withoutCondition(list, next.type), next];
}

export function newCondition(type: string, status: string, reason: string, message: string, now: number): Condition {
  return { type, status, lastTransitionTime: timestamp(now), reason, message };
}
