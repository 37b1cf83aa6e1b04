// What has to be written to the API: the fields of a status that differ from the last one written, and what becomes of
// the status there.

import type { PodCondition, PodStatus } from '../api/types.ts';

type Json = Record<string, unknown>;

/** What a Pod that begins anew has not. */
const VANISHING = ['reason', 'message', 'podIP', 'podIPs'];
const ADDRESSES = ['podIPs', 'hostIPs'];
const REPLACE = { $patch: 'replace' };

/** A strategic merge patch, or undefined when nothing differs. */
export function statusPatch(old: PodStatus, status: PodStatus): Json | undefined {
  const before = old as Json;
  const after = status as Json;
  let patch: Json | undefined;
  for (const field in after) {
    const value = after[field];
    const last = before[field];
    if (value === last || (value === undefined && last === null)) continue;
    if (typeof value === 'object' && last && made.get(value as PodCondition[])?.before !== last && same(last, value))
      continue;
    (patch ??= {})[field] = value;
  }
  for (let i = 0; i < VANISHING.length; i++) {
    const field = VANISHING[i];
    if (before[field] !== undefined && after[field] === undefined) (patch ??= {})[field] = null;
  }
  if (!patch) return undefined;
  // Their items merge by address: one that has changed would stand beside the new one.
  for (let i = 0; i < ADDRESSES.length; i++) {
    const field = ADDRESSES[i];
    if (patch[field] && before[field]) patch[field] = [REPLACE, ...(patch[field] as object[])];
  }
  if (patch.conditions) {
    const { changed, order } = conditionsPatch(old.conditions ?? NONE, patch.conditions as PodCondition[]);
    patch.conditions = changed;
    patch['$setElementOrder/conditions'] = order;
  }
  return patch;
}

const NONE: readonly PodCondition[] = [];

/**
 * `stored`, the status that the API has, as it will be after `patch`, which says that the last one written has become
 * `status`: key by key what the server's merge gives. Undefined: the server alone can tell.
 */
export function patchedStatus(stored: PodStatus, patch: Json, status: PodStatus): PodStatus | undefined {
  const out: Json = { ...stored };
  for (const field in patch) {
    const value = patch[field];
    if (value === null) delete out[field];
    else if (field === 'conditions') {
      const conditions = patchedConditions(stored.conditions, status.conditions as PodCondition[]);
      if (!conditions) return undefined;
      out[field] = conditions;
    } else if (ADDRESSES.includes(field)) {
      if (out[field] && (value as unknown[])[0] !== REPLACE) return undefined;
      out[field] = (status as Json)[field];
    } else if (field.charCodeAt(0) !== 36) out[field] = value;
  }
  return out;
}

function patchedConditions(stored: readonly PodCondition[] = NONE, after: PodCondition[]): PodCondition[] | undefined {
  const patch = made.get(after) as ConditionsPatch;
  if (patch.stored !== stored) {
    patch.stored = stored;
    patch.result = mergedConditions(stored, patch);
  }
  return patch.result;
}

function mergedConditions(
  stored: readonly PodCondition[],
  { changed, order }: ConditionsPatch,
): PodCondition[] | undefined {
  // Conditions of others keep a place among the kubelet's own.
  if (stored.some((condition) => !order.some(({ type }) => type === condition.type))) return undefined;
  const out: Json[] = [];
  for (const { type } of order) {
    const old = stored.find((condition) => condition.type === type) as Json | undefined;
    const change = changed.find((condition) => condition.type === type);
    if (!old && !change) continue;
    // A time that was never written is null.
    const condition: Json = old ? { ...old } : { lastProbeTime: null };
    for (const key in change) {
      if (change[key] === null) delete condition[key];
      else if (change[key] !== undefined) condition[key] = change[key];
    }
    out.push(condition);
  }
  return out as unknown as PodCondition[];
}

interface ConditionsPatch {
  before: readonly PodCondition[];
  changed: Json[];
  order: { type: string }[];
  /** What the API had when this patch came, and has since then; undefined: the server alone can tell. */
  stored?: readonly PodCondition[];
  result?: PodCondition[];
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
function changedConditions(before: readonly PodCondition[], after: readonly PodCondition[]): Json[] {
  const changed: Json[] = [];
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
function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return (a === null || a === undefined) && (b === null || b === undefined);
  }
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!same(a[i], b[i])) return false;
    return true;
  }
  const x = a as Json;
  const y = b as Json;
  for (const key in x) if (!same(x[key], y[key])) return false;
  for (const key in y) if (!(key in x) && !same(undefined, y[key])) return false;
  return true;
}
