// describe for roles and bindings, and the table of rules that `kubectl auth can-i --list` prints too.

import type { ClusterRole, KubeObject, PolicyRule, RoleBinding } from '../../api/types.ts';
import type { Co } from '../../sim/index.ts';
import type { Kubectl } from '../kubectl.ts';
import { annotations, events, eventsOf, labels } from './common.ts';
import { DescribeWriter } from './writer.ts';

export function* describeRole(kubectl: Kubectl, object: KubeObject, showEvents: boolean): Co<string> {
  const { metadata, rules } = object as unknown as ClusterRole;
  const w = new DescribeWriter();
  w.field(0, 'Name', metadata.name);
  labels(w, 0, 'Labels', metadata.labels);
  annotations(w, 0, metadata.annotations);
  w.line(0, 'PolicyRule:');
  ruleTable(w, 1, rules ?? []);
  if (showEvents) yield* roleEvents(w, kubectl, object);
  return w.toString();
}

/** Roles and bindings show events only when there are some. */
function* roleEvents(w: DescribeWriter, kubectl: Kubectl, object: KubeObject): Co {
  const list = yield* eventsOf(kubectl, object);
  if (list.length) events(w, list, kubectl.now);
}

interface Simple {
  key: string;
  resource: string;
  rule: PolicyRule;
}

export function ruleTable(w: DescribeWriter, level: number, rules: readonly PolicyRule[]) {
  w.line(level, 'Resources\tNon-Resource URLs\tResource Names\tVerbs');
  w.line(level, '---------\t-----------------\t--------------\t-----');
  const list = (texts: readonly string[] | undefined) => `[${(texts ?? []).join(' ')}]`;
  for (const { resource, rule } of simpleRules(rules)) {
    w.line(level, `${resource}\t${list(rule.nonResourceURLs)}\t${list(rule.resourceNames)}\t${list(rule.verbs)}`);
  }
}

/** One resource or URL a row; rows that differ in their verbs alone are put together. */
export function simpleRules(rules: readonly PolicyRule[]): Simple[] {
  const byWhat = new Map<string, { resource: string; rule: PolicyRule }>();
  const add = (resource: string, group: string, name: string, url: string, verbs: readonly string[]) => {
    // URLs stay as they were given, one row a verb.
    const what = url ? String(byWhat.size) : JSON.stringify([resource, group, name]);
    const known = byWhat.get(what)?.rule.verbs ?? [];
    const rule: PolicyRule = { verbs: [...known, ...verbs.filter((verb) => !known.includes(verb))] };
    if (url) rule.nonResourceURLs = [url];
    if (name) rule.resourceNames = [name];
    byWhat.set(what, {
      resource: url ? '' : qualifiedResource(resource, group),
      rule: { ...rule, apiGroups: [group], resources: url ? [] : [resource] },
    });
  };
  for (const rule of rules) {
    for (const group of rule.apiGroups ?? []) {
      for (const resource of rule.resources ?? [])
        for (const name of rule.resourceNames?.length ? rule.resourceNames : [''])
          add(resource, group, name, '', rule.verbs);
    }
    for (const url of rule.nonResourceURLs ?? []) for (const verb of rule.verbs) add('', '', '', url, [verb]);
  }
  const out: Simple[] = [];
  byWhat.forEach(({ resource, rule }) => out.push({ key: sortKey(rule), resource, rule }));
  return out.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

/** kubectl sorts rules by their text. */
function sortKey({
  verbs,
  apiGroups = [],
  resources = [],
  resourceNames = [],
  nonResourceURLs = [],
}: PolicyRule): string {
  return `Verbs:[${verbs.join(' ')}],APIGroups:[${apiGroups.join(' ')}],Resources:[${resources.join(' ')}],ResourceNames:[${resourceNames.join(' ')}],NonResourceURLs:[${nonResourceURLs.join(' ')}],`;
}

/** 'deployments.apps/scale' */
function qualifiedResource(resource: string, group: string): string {
  if (!group) return resource;
  const slash = resource.indexOf('/');
  return slash < 0 ? `${resource}.${group}` : `${resource.slice(0, slash)}.${group}${resource.slice(slash)}`;
}

export function* describeRoleBinding(kubectl: Kubectl, object: KubeObject, showEvents: boolean): Co<string> {
  const { metadata, roleRef, subjects } = object as unknown as RoleBinding;
  const w = new DescribeWriter();
  w.field(0, 'Name', metadata.name);
  labels(w, 0, 'Labels', metadata.labels);
  annotations(w, 0, metadata.annotations);
  w.line(0, 'Role:');
  w.field(1, 'Kind', roleRef.kind);
  w.field(1, 'Name', roleRef.name);
  w.line(0, 'Subjects:');
  w.line(1, 'Kind\tName\tNamespace');
  w.line(1, '----\t----\t---------');
  for (const { kind, name, namespace = '' } of subjects ?? []) w.line(1, `${kind}\t${name}\t${namespace}`);
  if (showEvents) yield* roleEvents(w, kubectl, object);
  return w.toString();
}
