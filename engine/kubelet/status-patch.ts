// What has to be written to the API: the fields of a status that differ from the last one written, and what becomes of
// the status there.

import type { PodCondition, PodStatus } from '../api/types.ts';

type Json = Record<string, unknown>;

/** What a Pod that begins anew has not. */
const VANISHING: readonly (keyof PodStatus)[] = ['reason', 'message', 'podIP', 'podIPs'];
const ADDRESSES = ['podIPs', 'hostIPs'];
const REPLACE = { $patch: 'replace' };

/** Whether there is something to write. What most reports change is looked at first. */
export function isNews(old: PodStatus, status: PodStatus): boolean {
  if (old.observedGeneration !== status.observedGeneration || old.phase !== status.phase) return true;
  for (const field in status) if (differs(old as Json, status as Json, field)) return true;
  return VANISHING.some((field) => vanishes(old as Json, status as Json, field));
}

function differs(before: Json, after: Json, field: string): boolean {
  const value = after[field];
  const last = before[field];
  if (value === last || (value === undefined && last === null)) return false;
  return typeof value !== 'object' || !last || !same(last, value);
}

const vanishes = (before: Json, after: Json, field: string): boolean =>
  before[field] !== undefined && after[field] === undefined;

/** The strategic merge patch that writes what is new. */
export function statusPatch(old: PodStatus, status: PodStatus): Json {
  const before = old as Json;
  const after = status as Json;
  const patch: Json = {};
  for (const field in after) if (differs(before, after, field)) patch[field] = after[field];
  for (const field of VANISHING) if (vanishes(before, after, field)) patch[field] = null;
  // Their items merge by address: one that has changed would stand beside the new one.
  for (const field of ADDRESSES)
    if (patch[field] && before[field]) patch[field] = [REPLACE, ...(patch[field] as object[])];
  if (patch.conditions) {
    const { changed, order } = conditionsPatch(old.conditions, patch.conditions as PodCondition[]);
    patch.conditions = changed;
    patch['$setElementOrder/conditions'] = order;
  }
  return patch;
}

const NONE: readonly PodCondition[] = [];

/**
 * The status that the API has, if it is what was last written, as it will be once `status` has been: key by key what the
 * server's merge gives. Undefined: the server alone can tell.
 */
export function patchedStatus(stored: PodStatus, old: PodStatus, status: PodStatus): PodStatus | undefined {
  const out = { ...stored, ...status };
  const { conditions } = status;
  if (conditions && conditions !== old.conditions) {
    const patch = conditionsPatch(old.conditions, conditions);
    const there = stored.conditions ?? NONE;
    if (patch.stored !== there) {
      patch.stored = there;
      patch.result = mergedConditions(there, patch);
    }
    if (!patch.result) return undefined;
    out.conditions = patch.result;
  } else if (conditions) out.conditions = stored.conditions;
  if (out.observedGeneration === undefined) delete out.observedGeneration;
  for (let i = 0; i < VANISHING.length; i++) {
    const field = VANISHING[i];
    if (status[field] === undefined && stored[field] !== undefined) delete out[field];
  }
  return out;
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
  result?: PodCondition[] | undefined;
}

/** Of conditions that Pods share, by what they are now. Some of the last ones. */
const made = new Map<readonly PodCondition[], ConditionsPatch>();
const MAX_MADE = 256;

function conditionsPatch(before: readonly PodCondition[] = NONE, after: readonly PodCondition[]): ConditionsPatch {
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
