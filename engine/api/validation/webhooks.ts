// Admission webhooks: where they are called, for what, and what they may say.

import { part } from '../../parts/index.ts';
import type { JsonObject } from '../types.ts';
import { Faults } from './field.ts';
import { isDNS1035Label, isDNS1123Subdomain } from './names.ts';
import type { Rules } from './rules.ts';
import { labelSelector } from './selectors.ts';

// A resource may stand alone, with a subresource, and with a star for either; nothing is named twice.
function ruleResources(faults: Faults, path: string, resources: string[]) {
  if (!resources.length) faults.required(path);
  const all = new Set<string>();
  const everySub = new Set<string>();
  resources.forEach((name, i) => {
    if (name === '') {
      faults.required(`${path}[${i}]`);
      return;
    }
    const slash = name.indexOf('/');
    if (slash < 0) return;
    const resource = name.slice(0, slash);
    const sub = name.slice(slash + 1);
    const covered = (by: string) =>
      faults.invalid(`${path}[${i}]`, name, `if '${by}' is present, must not specify ${name}`);
    if (all.has(resource)) covered(`${resource}/*`);
    if (everySub.has(sub)) covered(`*/${sub}`);
    if (sub === '*') all.add(resource);
    if (resource === '*') everySub.add(sub);
  });
  if (resources.length > 1 && resources.includes('*/*'))
    faults.invalid(path, resources, "if '*/*' is present, must not specify other resources");
  const last = resources.filter((name) => !name.includes('/')).at(-1);
  if (resources.includes('*') && last !== undefined && last !== '*')
    faults.invalid(path, resources, "if '*' is present, must not specify other resources without subresources");
}

/** Which requests a webhook or a policy is asked about. */
export function ruleOperations(faults: Faults, path: string, rule: JsonObject) {
  const alone = (field: string, what: string) => {
    const list: string[] = rule[field] ?? [];
    if (!list.length) faults.required(`${path}.${field}`);
    if (list.length > 1 && list.includes('*'))
      faults.invalid(`${path}.${field}`, list, `if '*' is present, must not specify other ${what}`);
  };
  alone('operations', 'operations');
  (rule.operations ?? []).forEach((operation: string, i: number) =>
    faults.ifNot(`${path}.operations[${i}]`, operation, ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE']),
  );
  alone('apiGroups', 'API groups');
  alone('apiVersions', 'API versions');
  (rule.apiVersions ?? []).forEach((version: string, i: number) => {
    if (version === '') faults.required(`${path}.apiVersions[${i}]`);
  });
  ruleResources(faults, `${path}.resources`, rule.resources ?? []);
  faults.ifNot(`${path}.scope`, rule.scope, ['*', 'Cluster', 'Namespaced']);
}

function webhookUrl(faults: Faults, path: string, url: string) {
  const form = 'desired format: https://host[/path]';
  const parts = /^([a-zA-Z][a-zA-Z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?$/.exec(url);
  if (parts?.[1].toLowerCase() !== 'https') {
    faults.invalid(path, parts?.[1] ?? '', `'https' is the only allowed URL scheme; ${form}`);
  }
  if (!parts?.[2]) faults.invalid(path, '', `host must be specified; ${form}`);
  if (parts?.[2].includes('@'))
    faults.invalid(path, parts[2].split('@')[0], 'user information is not permitted in the URL');
  if (parts?.[5]) faults.invalid(path, parts[5].slice(1), 'fragments are not permitted in the URL');
  if (parts?.[4]) faults.invalid(path, parts[4].slice(1), 'query parameters are not permitted in the URL');
}

function webhookService(faults: Faults, path: string, service: JsonObject) {
  if (!service.name) faults.required(`${path}.name`, 'service name is required');
  if (!service.namespace) faults.required(`${path}.namespace`, 'service namespace is required');
  const port: number = service.port ?? 443;
  if (port < 1 || port > 65535)
    faults.invalid(`${path}.port`, port, 'port is not valid: must be between 1 and 65535, inclusive');
  const given: string = service.path ?? '';
  if (given === '' || given === '/') return;
  const at = `${path}.path`;
  if (given === '//') return faults.invalid(at, given, 'segment[0] may not be empty');
  if (!given.startsWith('/')) faults.invalid(at, given, "must start with a '/'");
  given
    .slice(1, given.length > 1 && given.endsWith('/') ? -1 : undefined)
    .split('/')
    .forEach((step, i) => {
      if (step === '') faults.invalid(at, given, `segment[${i}] may not be empty`);
      else for (const fault of isDNS1123Subdomain(step)) faults.invalid(at, given, `segment[${i}]: ${fault}`);
    });
  return undefined;
}

/** How a webhook is reached. */
export function clientConfig(faults: Faults, path: string, client: JsonObject) {
  if ((client.url === undefined) === (client.service === undefined))
    faults.required(path, 'exactly one of url or service is required');
  else if (client.url !== undefined) webhookUrl(faults, `${path}.url`, client.url);
  else webhookService(faults, `${path}.service`, client.service);
}

/** A domain of at least three segments. */
function qualifiedName(faults: Faults, path: string, name: string) {
  if (!name) {
    faults.required(path);
    return;
  }
  const wrong = isDNS1123Subdomain(name);
  for (const fault of wrong) faults.invalid(path, name, fault);
  if (!wrong.length && name.split('.').length < 3)
    faults.invalid(path, name, 'should be a domain with at least three segments separated by dots');
}

/** Of the reviews that a webhook understands one must be known here. */
export function reviewVersions(faults: Faults, path: string, versions: string[]) {
  if (!versions.length) {
    faults.required(path, 'must specify one of v1, v1beta1');
    return;
  }
  versions.forEach((version, i) => {
    if (versions.indexOf(version) < i) faults.invalid(`${path}[${i}]`, version, 'duplicate version');
    else faults.check(`${path}[${i}]`, version, isDNS1035Label);
  });
  if (!versions.includes('v1') && !versions.includes('v1beta1'))
    faults.invalid(path, versions, 'must include at least one of v1, v1beta1');
}

function webhook(faults: Faults, at: string, hook: JsonObject) {
  qualifiedName(faults, `${at}.name`, hook.name ?? '');
  (hook.rules ?? []).forEach((rule: JsonObject, r: number) => ruleOperations(faults, `${at}.rules[${r}]`, rule));
  faults.ifNot(`${at}.failurePolicy`, hook.failurePolicy, ['Fail', 'Ignore']);
  faults.ifNot(`${at}.matchPolicy`, hook.matchPolicy, ['Equivalent', 'Exact']);
  if ((hook.sideEffects ?? undefined) === undefined)
    faults.required(`${at}.sideEffects`, 'must specify one of None, NoneOnDryRun');
  else faults.ifNot(`${at}.sideEffects`, hook.sideEffects, ['None', 'NoneOnDryRun']);
  if (hook.timeoutSeconds > 30 || hook.timeoutSeconds < 1) {
    const words = 'the timeout value must be between 1 and 30 seconds';
    faults.invalid(`${at}.timeoutSeconds`, hook.timeoutSeconds, words);
  }
  labelSelector(faults, `${at}.namespaceSelector`, hook.namespaceSelector);
  labelSelector(faults, `${at}.objectSelector`, hook.objectSelector);
  faults.ifNot(`${at}.reinvocationPolicy`, hook.reinvocationPolicy, ['IfNeeded', 'Never']);
  clientConfig(faults, `${at}.clientConfig`, hook.clientConfig ?? {});
  if (hook.matchConditions?.length)
    part('extensions').matchConditions(faults, `${at}.matchConditions`, hook.matchConditions);
}

/** Both kinds of configurations. */
export const webhooks: Rules = {
  validate(faults, object) {
    const seen = new Set<string>();
    (object.webhooks ?? []).forEach((hook: JsonObject, i: number) => {
      const at = `webhooks[${i}]`;
      webhook(faults, at, hook);
      reviewVersions(faults, `${at}.admissionReviewVersions`, hook.admissionReviewVersions ?? []);
      if (hook.name && seen.has(hook.name)) faults.duplicate(`${at}.name`, hook.name);
      seen.add(hook.name);
    });
  },
};
