// Which requests a webhook or an admission policy concerns: rules over operations and resources, and selectors over
// namespaces and objects.

import { matchesSelector } from '../../api/selectors.ts';
import type { JsonObject, ResourceInfo } from '../../api/types.ts';
import type { AdmissionHost, AdmissionOperation, Attributes } from './types.ts';

const has = (list: readonly string[] | undefined, value: string): boolean =>
  list !== undefined && (list.includes('*') || list.includes(value));

function namesResource(patterns: readonly string[] | undefined, resource: string, subresource: string): boolean {
  for (const pattern of patterns ?? []) {
    if (pattern === '*/*') return true;
    const [wanted, sub = ''] = pattern.split('/', 2);
    if ((wanted === '*' || wanted === resource) && (sub === subresource || (sub === '*' && subresource !== '')))
      return true;
  }
  return false;
}

/** Whether a rule names the operation and the resource; `Equivalent` takes other versions of the group as well. */
export function ruleMatches(
  rule: JsonObject,
  matchPolicy: string | undefined,
  operation: AdmissionOperation,
  info: ResourceInfo,
  subresource: string,
): boolean {
  if (!has(rule.operations, operation) || !has(rule.apiGroups, info.group)) return false;
  if (!has(rule.apiVersions, info.version) && matchPolicy === 'Exact') return false;
  if (rule.scope && rule.scope !== '*' && (rule.scope === 'Namespaced') !== info.namespaced) return false;
  return namesResource(rule.resources, info.resource, subresource);
}

/** What guards admission is not subject to it: a policy must not lock out its own removal. */
export const isExempt = ({ group, resource }: ResourceInfo): boolean =>
  group === 'admissionregistration.k8s.io' && /^(validating|mutating)(admissionpolic|webhookconf)/.test(resource);

const isEmpty = (selector: JsonObject | undefined): boolean =>
  !selector || (!selector.matchExpressions?.length && !Object.keys(selector.matchLabels ?? {}).length);

export function selectorsMatch(
  match: JsonObject,
  { info, object, old, namespace, name }: Attributes,
  host: AdmissionHost,
): boolean {
  const { namespaceSelector, objectSelector } = match;
  if (!isEmpty(namespaceSelector)) {
    const isNamespace = info.group === '' && info.resource === 'namespaces';
    if (info.namespaced || isNamespace) {
      const namespaces = host.scheme.resource('', 'v1', 'namespaces') as ResourceInfo;
      const found = (isNamespace && object) || host.storage.get(namespaces, '', isNamespace ? name : namespace);
      if (!found || !matchesSelector(namespaceSelector, found.metadata.labels)) return false;
    }
  }
  if (isEmpty(objectSelector)) return true;
  return [object, old].some((one) => one && matchesSelector(objectSelector, one.metadata?.labels));
}

/** matchConstraints of a policy, matchResources of a binding. */
export function resourcesMatch(match: JsonObject, attributes: Attributes, host: AdmissionHost): boolean {
  const { operation, info, subresource, name } = attributes;
  const named = (rule: JsonObject) =>
    ruleMatches(rule, match.matchPolicy, operation, info, subresource) &&
    (!rule.resourceNames?.length || rule.resourceNames.includes(name));
  const rules: JsonObject[] = match.resourceRules ?? [];
  if (rules.length && !rules.some(named)) return false;
  if (((match.excludeResourceRules ?? []) as JsonObject[]).some(named)) return false;
  return selectorsMatch(match, attributes, host);
}
