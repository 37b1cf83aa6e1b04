// What a policy rule permits, and whether a set of rules covers another (component-helpers/auth/rbac/validation).

import type { Attributes, PolicyRule } from './types.ts';

const has = (values: readonly string[] | undefined, value: string): boolean =>
  values !== undefined && (values.includes(value) || values.includes('*'));

/** 'yes' for every name, 'named' when it depends on the rule's resourceNames, 'no' whatever the name. */
export function permits(rule: PolicyRule, { verb, group, resource, subresource, path }: Attributes) {
  if (!has(rule.verbs, verb)) return 'no';
  if (path !== undefined) return rule.nonResourceURLs?.some((url) => urlMatches(url, path)) ? 'yes' : 'no';
  if (!has(rule.apiGroups, group)) return 'no';
  const resources = rule.resources;
  if (!resources) return 'no';
  const combined = subresource ? `${resource}/${subresource}` : resource;
  if (!has(resources, combined) && !(subresource && resources.includes(`*/${subresource}`))) return 'no';
  return rule.resourceNames?.length ? 'named' : 'yes';
}

export function urlMatches(url: string, path: string): boolean {
  if (url === '*' || url === path) return true;
  return url.endsWith('*') && path.startsWith(url.replace(/\*+$/, ''));
}

const hasAll = (owner: readonly string[] = [], wanted: readonly string[] = []): boolean =>
  wanted.every((value) => owner.includes(value));

function resourcesCover(owner: readonly string[] = [], wanted: readonly string[] = []): boolean {
  if (owner.includes('*')) return true;
  return wanted.every((resource) => {
    if (owner.includes(resource)) return true;
    const slash = resource.indexOf('/');
    return slash >= 0 && owner.includes(`*${resource.slice(slash)}`);
  });
}

function ruleCovers(owner: PolicyRule, wanted: PolicyRule): boolean {
  const names = owner.resourceNames ?? [];
  const namesCover = wanted.resourceNames?.length
    ? names.length === 0 || hasAll(names, wanted.resourceNames)
    : names.length === 0;
  return (
    namesCover &&
    (owner.verbs.includes('*') || hasAll(owner.verbs, wanted.verbs)) &&
    (has(owner.apiGroups, '*') || hasAll(owner.apiGroups, wanted.apiGroups)) &&
    resourcesCover(owner.resources, wanted.resources) &&
    (wanted.nonResourceURLs ?? []).every((path) => owner.nonResourceURLs?.some((url) => urlMatches(url, path)))
  );
}

/** One verb on one resource (and name) or path each. */
function breakDown(rule: PolicyRule): PolicyRule[] {
  const out: PolicyRule[] = [];
  for (const group of rule.apiGroups ?? []) {
    for (const resource of rule.resources ?? []) {
      for (const verb of rule.verbs) {
        const one: PolicyRule = { verbs: [verb], apiGroups: [group], resources: [resource] };
        if (!rule.resourceNames?.length) out.push(one);
        else for (const name of rule.resourceNames) out.push({ ...one, resourceNames: [name] });
      }
    }
  }
  for (const url of rule.nonResourceURLs ?? []) {
    for (const verb of rule.verbs) out.push({ verbs: [verb], nonResourceURLs: [url] });
  }
  return out;
}

/** What of `wanted` is not in `owned`, in single rights. */
export function uncovered(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(breakDown).filter((right) => !owned.some((rule) => ruleCovers(rule, right)));
}

const list = (values: readonly string[]) => `[${values.map((value) => JSON.stringify(value)).join(' ')}]`;

const PARTS: [keyof PolicyRule, string][] = [
  ['apiGroups', 'APIGroups'],
  ['resources', 'Resources'],
  ['nonResourceURLs', 'NonResourceURLs'],
  ['resourceNames', 'ResourceNames'],
  ['verbs', 'Verbs'],
];

/** A line for each resource with all its verbs, sorted: how missing rights are reported. */
export function describe(rights: readonly PolicyRule[]): string {
  const lines: string[] = [];
  const byResource = new Map<string, string[]>();
  const shown = (rule: PolicyRule) =>
    `{${PARTS.filter(([key]) => rule[key]?.length)
      .map(([key, name]) => `${name}:${list(rule[key] as string[])}`)
      .join(', ')}}`;
  for (const right of rights) {
    if (right.nonResourceURLs) {
      lines.push(shown(right));
      continue;
    }
    const key = shown({ ...right, verbs: [] }).slice(0, -1);
    const verbs = byResource.get(key);
    if (verbs) verbs.push(right.verbs[0]);
    else byResource.set(key, [right.verbs[0]]);
  }
  byResource.forEach((verbs, key) => lines.push(`${key}, Verbs:${list(verbs)}}`));
  return lines.sort().join('\n');
}
