// LabelSelector objects as matchers, compiled once an object (objects are immutable).

import type { LabelSelector } from '../api/types.ts';

export type Labels = Record<string, string> | undefined;
export type Matcher = (labels: Labels) => boolean;

const compiled = new WeakMap<LabelSelector, Matcher>();
const NOTHING: Matcher = () => false;

/** An absent selector matches nothing, an empty one everything. */
export function matcher(selector: LabelSelector | undefined): Matcher {
  if (!selector) return NOTHING;
  let match = compiled.get(selector);
  if (!match) compiled.set(selector, (match = compile(selector)));
  return match;
}

export function isEmptySelector(selector: LabelSelector | undefined): boolean {
  if (!selector) return false;
  for (const _ in selector.matchLabels) return false;
  return !selector.matchExpressions?.length;
}

/** Matches objects that carry all of `wanted` (a Service's or ReplicationController's selector). */
export function matchesLabels(wanted: Record<string, string>, labels: Labels): boolean {
  for (const key in wanted) if (labels?.[key] !== wanted[key]) return false;
  return true;
}

function compile(selector: LabelSelector): Matcher {
  const equal = selector.matchLabels ?? {};
  const expressions = selector.matchExpressions ?? [];
  if (expressions.length === 0) return (labels) => matchesLabels(equal, labels);
  return (labels) => {
    if (!matchesLabels(equal, labels)) return false;
    for (let i = 0; i < expressions.length; i++) {
      const { key, operator, values = [] } = expressions[i];
      const value = labels?.[key];
      switch (operator) {
        case 'In':
          if (value === undefined || !values.includes(value)) return false;
          break;
        case 'NotIn':
          if (value !== undefined && values.includes(value)) return false;
          break;
        case 'Exists':
          if (value === undefined) return false;
          break;
        case 'DoesNotExist':
          if (value !== undefined) return false;
          break;
        default:
          return false;
      }
    }
    return true;
  };
}
