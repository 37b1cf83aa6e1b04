// What has to be written to the API: the fields of a status that differ from the last one written.

import type { PodCondition, PodStatus } from '../api/types.ts';

/** What a Pod that begins anew has not. */
const VANISHING = ['reason', 'message', 'podIP', 'podIPs'];
const ADDRESSES = ['podIPs', 'hostIPs'];
const REPLACE = { $patch: 'replace' };

/** A strategic merge patch, or undefined when nothing differs. */
export function statusPatch(old: PodStatus, status: PodStatus): Record<string, unknown> | undefined {
  const before = old as Record<string, unknown>;
  const after = status as Record<string, unknown>;
  let patch: Record<string, unknown> | undefined;
  for (const field in after) {
    const value = after[field];
    if (value === before[field] || same(before[field], value)) continue;
    (patch ??= {})[field] = value;
  }
  for (const field of VANISHING)
    if (before[field] !== undefined && after[field] === undefined) (patch ??= {})[field] = null;
  if (!patch) return undefined;
  // Their items merge by address: one that has changed would stand beside the new one.
  for (const field of ADDRESSES)
    if (patch[field] && before[field]) patch[field] = [REPLACE, ...(patch[field] as object[])];
  if (patch.conditions) {
    const { changed, order } = conditionsPatch(old.conditions ?? NONE, patch.conditions as PodCondition[]);
    patch.conditions = changed;
    patch['$setElementOrder/conditions'] = order;
  }
  return patch;
}

const NONE: readonly PodCondition[] = [];

interface ConditionsPatch {
  before: readonly PodCondition[];
  changed: object[];
  order: object[];
}

/** Of conditions that Pods share, by what they are now. Some of the last ones. */
const made = new Map<readonly PodCondition[], ConditionsPatch>();
const MAX_MADE = 256;

function conditionsPatch(before: readonly PodCondition[], after: readonly PodCondition[]): ConditionsPatch {
  const known = made.get(after);
  if (known?.before === before) return known;
  const patch = { before, changed: changedConditions(before, after), order: after.map(({ type }) => ({ type })) };
  if (made.size === MAX_MADE) made.clear();
  made.set(after, patch);
  return patch;
}

/** Conditions merge by type, so what is to vanish from one has to be named as null. */
function changedConditions(before: readonly PodCondition[], after: readonly PodCondition[]): object[] {
  const changed: object[] = [];
  for (const condition of after) {
    const old = before.find(({ type }) => type === condition.type);
    if (old && same(old, condition)) continue;
    const gone: Record<string, null> = {};
    if (old?.reason && !condition.reason) gone.reason = null;
    if (old?.message && !condition.message) gone.message = null;
    changed.push({ ...condition, ...gone });
  }
  for (const { type } of before) {
    // Only those of a resize ever vanish.
    if (type.startsWith('PodResize') && !after.some((condition) => condition.type === type)) {
      changed.push({ $patch: 'delete', type });
    }
  }
  return changed;
}

/** Whether two JSON values are equal. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return (a === null || a === undefined) && (b === null || b === undefined);
  }
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!same(a[i], b[i])) return false;
    return true;
  }
  const x = a as Record<string, unknown>;
  const y = b as Record<string, unknown>;
  for (const key in x) if (!same(x[key], y[key])) return false;
  for (const key in y) if (!(key in x) && !same(undefined, y[key])) return false;
  return true;
}
