// Node selectors: labels and metadata.name against nodeSelector and node affinity terms (component-helpers/nodeaffinity).

import type { NodeSelectorRequirement, NodeSelectorTerm, PodSpec } from './types.ts';

/** What node selectors look at. */
export interface Selectable {
  name: string;
  labels: Record<string, string>;
}

function requirementMatches(
  { key, operator, values = [] }: NodeSelectorRequirement,
  value: string | undefined,
): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
    case 'Lt': {
      if (value === undefined || !/^[-+]?\d+$/.test(value) || !/^[-+]?\d+$/.test(values[0] ?? '')) return false;
      return operator === 'Gt' ? Number(value) > Number(values[0]) : Number(value) < Number(values[0]);
    }
    default:
      throw new Error(`"${operator}" is not a valid node selector operator (key ${key})`);
  }
}

/** Requirements are ANDed; a term without any matches nothing. */
export function termMatches(term: NodeSelectorTerm, node: Selectable): boolean {
  const { matchExpressions = [], matchFields = [] } = term;
  if (matchExpressions.length === 0 && matchFields.length === 0) return false;
  for (const one of matchExpressions) if (!requirementMatches(one, node.labels[one.key])) return false;
  for (const one of matchFields) {
    if (!requirementMatches(one, one.key === 'metadata.name' ? node.name : undefined)) return false;
  }
  return true;
}

/** nodeSelector and required node affinity together. */
export function matchesRequiredAffinity(spec: PodSpec, node: Selectable): boolean {
  for (const key in spec.nodeSelector) if (node.labels[key] !== spec.nodeSelector[key]) return false;
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (!required) return true;
  for (const term of required.nodeSelectorTerms) if (termMatches(term, node)) return true;
  return false;
}

export function hasRequiredAffinity(spec: PodSpec): boolean {
  return (
    spec.nodeSelector !== undefined ||
    spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution !== undefined
  );
}
