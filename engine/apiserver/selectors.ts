// Label and field selectors as query parameters carry them.

import { badRequest } from './status.ts';

export interface LabelRequirement {
  key: string;
  operator: 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt';
  values: readonly string[];
  matches(labels: Record<string, string> | undefined): boolean;
}

export function parseLabelSelector(text: string): LabelRequirement[] {
  const out: LabelRequirement[] = [];
  for (const part of text.match(/(?:[^,(]|\([^)]*\))+/g) ?? []) {
    const set = /^\s*(\S+)\s+(in|notin)\s+\(([^)]*)\)\s*$/.exec(part);
    const eq = /^\s*([^\s!=]+)\s*(==|=|!=)\s*(\S*)\s*$/.exec(part);
    const exists = /^\s*(!?)\s*([^\s!=()]+)\s*$/.exec(part);
    if (set) out.push(requirement(set[1], set[2] as 'in', set[3].split(',').map((v) => v.trim())));
    else if (eq) out.push(requirement(eq[1], eq[2] === '!=' ? 'notin' : 'in', [eq[3]]));
    else if (exists) out.push(requirement(exists[2], exists[1] ? '!' : 'exists', []));
    else throw badRequest(`unable to parse requirement: ${part}`);
  }
  return out;
}

function requirement(key: string, operator: LabelRequirement['operator'], values: string[]): LabelRequirement {
  return {
    key,
    operator,
    values,
    matches(labels) {
      const value = labels?.[key];
      if (operator === 'in') return value !== undefined && values.includes(value);
      if (operator === 'notin') return value === undefined || !values.includes(value);
      return (operator === 'exists') === (value !== undefined);
    },
  };
}

export function parseFieldSelector(text: string): { field: string; equal: boolean; value: string }[] {
  return text
    .split(',')
    .filter(Boolean)
    .map((term) => {
      const match = /^([^=!]*)(!=|==|=)(.*)$/.exec(term);
      if (!match) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
      return { field: match[1], equal: match[2] !== '!=', value: match[3] };
    });
}
