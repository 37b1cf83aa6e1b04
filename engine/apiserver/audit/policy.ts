// --audit-policy-file: which requests are written down, and how much of each.

import { document, type Problem } from '../configuration-file.ts';
import type { Route } from '../route.ts';
import type { UserInfo } from '../types.ts';

export const LEVELS = ['None', 'Metadata', 'Request', 'RequestResponse'] as const;
export type Level = (typeof LEVELS)[number];
export const STAGES = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const;
export type Stage = (typeof STAGES)[number];

interface Rule {
  level: Level;
  users?: string[];
  userGroups?: string[];
  verbs?: string[];
  resources?: { group?: string; resources?: string[]; resourceNames?: string[] }[];
  namespaces?: string[];
  nonResourceURLs?: string[];
  omitStages?: Stage[];
  omitManagedFields?: boolean;
}

export interface Policy {
  rules: Rule[];
  omitStages?: Stage[];
  omitManagedFields?: boolean;
}

/** What is done with one request. */
export interface Verdict {
  level: Level;
  omitted: readonly Stage[];
  managedFields: boolean;
}

const NOTHING: Verdict = { level: 'None', omitted: [], managedFields: true };
const VERSIONS = ['audit.k8s.io/v1'];

/** The policy, or why the server does not start. */
export function readPolicy(path: string, text: string): Policy | Problem {
  const because = (reason: string): Problem => ({ reason: `loading audit policy file: ${reason}` });
  const read = document<Partial<Policy>>(text, 'Policy', VERSIONS);
  if ('reason' in read) return because(`failed decoding: ${read.reason}`);
  const { rules = [], omitStages, omitManagedFields } = read.object;
  if (rules.length === 0) return because(`loaded illegal policy with 0 rules from file ${path}`);
  const faults = [
    ...stageFaults(omitStages, 'omitStages'),
    ...rules.flatMap((rule, i) => ruleFaults(rule, `rules[${i}]`)),
  ];
  if (faults.length === 0) return { rules, omitStages, omitManagedFields };
  return because(faults.length === 1 ? faults[0] : `[${faults.join(', ')}]`);
}

const quoted = (values: readonly string[]) => values.map((value) => JSON.stringify(value)).join(', ');

function stageFaults(stages: readonly string[] = [], at: string): string[] {
  return stages
    .filter((stage) => !(STAGES as readonly string[]).includes(stage))
    .map((stage) => `${at}: Invalid value: ${JSON.stringify(stage)}: allowed stages are ${STAGES.join(',')}`);
}

function ruleFaults(rule: Rule, at: string): string[] {
  const faults: string[] = [];
  if (!rule.level) faults.push(`${at}.level: Required value`);
  else if (!LEVELS.includes(rule.level))
    faults.push(`${at}.level: Unsupported value: ${JSON.stringify(rule.level)}: supported values: ${quoted(LEVELS)}`);
  if (rule.nonResourceURLs?.length && (rule.resources?.length || rule.namespaces?.length))
    faults.push(
      `${at}.nonResourceURLs: Invalid value: [${quoted(rule.nonResourceURLs)}]: rules cannot apply to both regular resources and non-resource URLs`,
    );
  for (const [i, { group = '' }] of (rule.resources ?? []).entries())
    if (group.includes('/'))
      faults.push(
        `${at}.resources[${i}].group: Invalid value: ${JSON.stringify(group)}: version or wildcard is not allowed in a group`,
      );
  return [...faults, ...stageFaults(rule.omitStages, `${at}.omitStages`)];
}

/** The first rule that matches decides; without one nothing is written. */
export function verdictOf(
  policy: Policy,
  user: UserInfo | undefined,
  verb: string,
  asked: Route | undefined,
  path: string,
): Verdict {
  const rule = policy.rules.find((one) => matches(one, user, verb, asked, path));
  if (!rule) return NOTHING;
  const { level, omitStages = [], omitManagedFields = policy.omitManagedFields } = rule;
  return { level, omitted: [...(policy.omitStages ?? []), ...omitStages], managedFields: !omitManagedFields };
}

function matches(
  rule: Rule,
  user: UserInfo | undefined,
  verb: string,
  asked: Route | undefined,
  path: string,
): boolean {
  if (rule.users?.length && !rule.users.includes(user?.name ?? '')) return false;
  if (rule.userGroups?.length && !user?.groups.some((group) => rule.userGroups?.includes(group))) return false;
  if (rule.verbs?.length && !rule.verbs.includes(verb)) return false;
  if (rule.namespaces?.length || rule.resources?.length) return asked !== undefined && isAbout(rule, asked);
  if (rule.nonResourceURLs?.length)
    return (
      asked === undefined &&
      rule.nonResourceURLs.some(
        (url) =>
          url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1).replace(/\/$/, ''))),
      )
    );
  return true;
}

function isAbout({ namespaces, resources }: Rule, { namespace, group, resource, subresource, name }: Route): boolean {
  if (namespaces?.length && !namespaces.includes(namespace)) return false;
  if (!resources?.length) return true;
  const combined = subresource ? `${resource}/${subresource}` : resource;
  return resources.some((one) => {
    if ((one.group ?? '') !== group) return false;
    if (!one.resources?.length) return true;
    if (one.resourceNames?.length && !one.resourceNames.includes(name)) return false;
    return one.resources.some(
      (pattern) =>
        pattern === combined ||
        pattern === '*' ||
        pattern === `${resource}/*` ||
        (subresource !== '' && pattern === `*/${subresource}`),
    );
  });
}
