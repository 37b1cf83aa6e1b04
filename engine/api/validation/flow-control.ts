// How the API server shares its attention: flow schemas and priority levels.

import type { JsonObject } from '../types.ts';
import type { Faults } from './field.ts';
import { isDNS1123Label, isDNS1123Subdomain } from './names.ts';
import type { Rules } from './rules.ts';

const MAX_PRECEDENCE = 10_000;
const MAX_QUEUES = 10_000_000;
const SUBJECTS = ['Group', 'ServiceAccount', 'User'];

export const flowSchema: Rules = {
  validate(faults, { metadata, spec = {} }) {
    const { matchingPrecedence: precedence = 0, distinguisherMethod, priorityLevelConfiguration, rules = [] } = spec;
    const at = 'spec.matchingPrecedence';
    if (precedence <= 0) faults.invalid(at, precedence, 'must be a positive value');
    if (precedence > MAX_PRECEDENCE) faults.invalid(at, precedence, `must not be greater than ${MAX_PRECEDENCE}`);
    if (precedence === 1 && metadata.name !== 'exempt')
      faults.invalid(at, precedence, "only the schema named 'exempt' may have matchingPrecedence 1");
    if (distinguisherMethod)
      faults.ifNot('spec.distinguisherMethod.type', distinguisherMethod.type ?? '', ['ByNamespace', 'ByUser']);
    const level: string = priorityLevelConfiguration?.name ?? '';
    if (level) faults.check('spec.priorityLevelConfiguration.name', level, isDNS1123Subdomain);
    else faults.required('spec.priorityLevelConfiguration.name', 'must reference a priority level');
    (rules as JsonObject[]).forEach((rule, i) => policyRule(faults, `spec.rules[${i}]`, rule));
  },
};

function policyRule(faults: Faults, path: string, rule: JsonObject) {
  const { resourceRules = [], nonResourceRules = [] } = rule;
  const subjects = rule.subjects ?? [];
  if (subjects.length === 0) faults.required(`${path}.subjects`, 'subjects must contain at least one value');
  (subjects as JsonObject[]).forEach((one, i) => subject(faults, `${path}.subjects[${i}]`, one));
  if (resourceRules.length === 0 && nonResourceRules.length === 0)
    faults.required(path, 'at least one of resourceRules and nonResourceRules has to be non-empty');
  (resourceRules as JsonObject[]).forEach((one, i) => {
    const at = `${path}.resourceRules[${i}]`;
    for (const list of ['verbs', 'apiGroups', 'resources']) values(faults, `${at}.${list}`, list, one[list]);
    const { clusterScope } = one;
    const namespaces = one.namespaces ?? [];
    if (namespaces.length === 0 && !clusterScope)
      faults.required(
        `${at}.namespaces`,
        'resource rules that are not cluster scoped must supply at least one namespace',
      );
    else if (namespaces.includes('*') && namespaces.length > 1)
      faults.invalid(`${at}.namespaces`, namespaces, "may not specify '*' along with other namespaces");
    (namespaces as string[]).forEach((name, j) => {
      if (name !== '*') faults.check(`${at}.namespaces[${j}]`, name, isDNS1123Label);
    });
  });
  (nonResourceRules as JsonObject[]).forEach((one, i) => {
    const at = `${path}.nonResourceRules[${i}]`;
    values(faults, `${at}.verbs`, 'verbs', one.verbs);
    values(faults, `${at}.nonResourceURLs`, 'nonResourceURLs', one.nonResourceURLs);
  });
}

function values(faults: Faults, path: string, name: string, list: string[] | null | undefined) {
  if (!list?.length) faults.required(path, `${name} must contain at least one value`);
  else if (list.length > 1 && list.includes('*'))
    faults.invalid(path, list, `if '*' is present, must not specify other ${WORDS[name]}`);
}

const WORDS: Readonly<Record<string, string>> = {
  verbs: 'verbs',
  apiGroups: 'api groups',
  resources: 'resources',
  nonResourceURLs: 'non-resource URLs',
};

function subject(faults: Faults, path: string, { kind = '', user, group, serviceAccount }: JsonObject) {
  const given: Record<string, JsonObject | undefined> = { User: user, Group: group, ServiceAccount: serviceAccount };
  const fields: Record<string, string> = { User: 'user', Group: 'group', ServiceAccount: 'serviceAccount' };
  if (!SUBJECTS.includes(kind)) return faults.notSupported(`${path}.kind`, kind, SUBJECTS);
  for (const other of SUBJECTS) {
    const field = fields[other];
    if (other !== kind) {
      if (given[other])
        faults.forbidden(`${path}.${field}`, `${field} is forbidden when subject kind is not '${other}'`);
      continue;
    }
    const value = given[kind];
    if (!value) faults.required(`${path}.${field}`, `${field} is required when subject kind is '${kind}'`);
    else {
      if (!value.name) faults.required(`${path}.${field}.name`);
      if (kind === 'ServiceAccount' && !value.namespace)
        faults.required(`${path}.${field}.namespace`, 'must specify namespace for service account');
    }
  }
}

export const priorityLevelConfiguration: Rules = {
  validate(faults, { spec = {} }) {
    const { type = '', limited, exempt } = spec;
    if (type === 'Exempt') {
      if (limited) faults.forbidden('spec.limited', 'must be nil if the type is not Limited');
      if (exempt) shares(faults, 'spec.exempt', exempt);
    } else if (type === 'Limited') {
      if (exempt) faults.forbidden('spec.exempt', 'must be nil if the type is Limited');
      if (limited) limits(faults, limited);
      else faults.required('spec.limited', 'must not be empty when type is Limited');
    } else faults.notSupported('spec.type', type, ['Exempt', 'Limited']);
  },
};

function shares(faults: Faults, path: string, { nominalConcurrencyShares: number, lendablePercent }: JsonObject) {
  if (typeof number === 'number' && number < 0)
    faults.invalid(`${path}.nominalConcurrencyShares`, number, 'must be a non-negative integer');
  faults.between(`${path}.lendablePercent`, lendablePercent, 0, 100);
}

function limits(faults: Faults, limited: JsonObject) {
  shares(faults, 'spec.limited', limited);
  const { borrowingLimitPercent: borrowing, limitResponse = {} } = limited;
  if (typeof borrowing === 'number' && borrowing < 0)
    faults.invalid('spec.limited.borrowingLimitPercent', borrowing, 'if specified, must be a non-negative integer');
  const at = 'spec.limited.limitResponse';
  const { type = '', queuing } = limitResponse;
  if (type === 'Reject') {
    if (queuing) faults.forbidden(`${at}.queuing`, 'must be nil if limited.limitResponse.type is not Limited');
  } else if (type === 'Queue') {
    if (!queuing) faults.required(`${at}.queuing`, 'must not be empty if limited.limitResponse.type is Limited');
    else {
      const { queues = 0, queueLengthLimit = 0, handSize = 0 } = queuing;
      if (queueLengthLimit <= 0) faults.invalid(`${at}.queuing.queueLengthLimit`, queueLengthLimit, 'must be positive');
      if (queues <= 0) faults.invalid(`${at}.queuing.queues`, queues, 'must be positive');
      else if (queues > MAX_QUEUES)
        faults.invalid(`${at}.queuing.queues`, queues, `must not be greater than ${MAX_QUEUES}`);
      if (handSize <= 0) faults.invalid(`${at}.queuing.handSize`, handSize, 'must be positive');
      else if (handSize > queues)
        faults.invalid(`${at}.queuing.handSize`, handSize, `should not be greater than queues (${queues})`);
    }
  } else faults.notSupported(`${at}.type`, type, ['Queue', 'Reject']);
}
