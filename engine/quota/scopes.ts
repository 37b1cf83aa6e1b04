// Scopes of a ResourceQuota: which objects it counts at all.

import type { ResourceQuota, ScopedResourceSelectorRequirement } from '../api/types.ts';

/** The scopes of both spellings: a name in `scopes` is one that must exist. */
export function scopesOf({ spec }: ResourceQuota): ScopedResourceSelectorRequirement[] {
  const named = (spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' }));
  return [...named, ...(spec?.scopeSelector?.matchExpressions ?? [])];
}

/** Whether an object with these values (a Pod's priority class, a claim's volume attributes classes) is selected. */
export function selects(
  { operator, values = [] }: ScopedResourceSelectorRequirement,
  present: readonly string[],
): boolean {
  switch (operator) {
    case 'Exists':
      return present.length > 0;
    case 'DoesNotExist':
      return present.length === 0;
    case 'In':
      return present.some((value) => values.includes(value));
    default:
      return present.length === 0 || present.some((value) => !values.includes(value));
  }
}
