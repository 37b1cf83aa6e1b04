// Roles and bindings of rbac.authorization.k8s.io.

import { deepEqual } from '../change.ts';
import type { JsonObject } from '../types.ts';
import { Faults, Typed } from './field.ts';
import { pathSegment } from './metadata.ts';
import { isDNS1123Subdomain } from './names.ts';
import type { Rules } from './rules.ts';
import { labelSelector } from './selectors.ts';

const GROUP = 'rbac.authorization.k8s.io';

function policyRule(faults: Faults, path: string, rule: JsonObject, namespaced: boolean) {
  if (!rule.verbs?.length) faults.required(`${path}.verbs`, 'verbs must contain at least one value');
  if (rule.nonResourceURLs?.length) {
    if (namespaced)
      faults.invalid(
        `${path}.nonResourceURLs`,
        rule.nonResourceURLs,
        'namespaced rules cannot apply to non-resource URLs',
      );
    if (rule.apiGroups?.length || rule.resources?.length || rule.resourceNames?.length) {
      faults.invalid(
        `${path}.nonResourceURLs`,
        rule.nonResourceURLs,
        'rules cannot apply to both regular resources and non-resource URLs',
      );
    }
    return;
  }
  if (!rule.apiGroups?.length)
    faults.required(`${path}.apiGroups`, 'resource rules must supply at least one api group');
  if (!rule.resources?.length) faults.required(`${path}.resources`, 'resource rules must supply at least one resource');
}

export const role: Rules = {
  validate(faults, object) {
    (object.rules ?? []).forEach((rule: JsonObject, i: number) => policyRule(faults, `rules[${i}]`, rule, true));
  },
};

export const clusterRole: Rules = {
  validate(faults, object) {
    (object.rules ?? []).forEach((rule: JsonObject, i: number) => policyRule(faults, `rules[${i}]`, rule, false));
    const aggregation = object.aggregationRule;
    if (!aggregation) return;
    const path = 'aggregationRule.clusterRoleSelectors';
    if (!aggregation.clusterRoleSelectors?.length) {
      faults.required(path, 'at least one clusterRoleSelector required if aggregationRule is non-nil');
    }
    (aggregation.clusterRoleSelectors ?? []).forEach((selector: JsonObject, i: number) =>
      labelSelector(faults, `${path}[${i}]`, selector),
    );
  },
};

function subject(faults: Faults, path: string, value: JsonObject, namespaced: boolean) {
  if (!value.name) faults.required(`${path}.name`);
  const group: string = value.apiGroup ?? '';
  switch (value.kind) {
    case 'ServiceAccount':
      if (value.name) faults.check(`${path}.name`, value.name, isDNS1123Subdomain);
      if (group) faults.notSupported(`${path}.apiGroup`, group, ['']);
      if (!namespaced && !value.namespace) faults.required(`${path}.namespace`);
      break;
    case 'User':
    case 'Group':
      if (group !== GROUP) faults.notSupported(`${path}.apiGroup`, group, [GROUP]);
      break;
    default:
      faults.notSupported(`${path}.kind`, value.kind, ['ServiceAccount', 'User', 'Group']);
  }
}

function binding(kinds: string[], namespaced: boolean): Rules {
  return {
    validate(faults, object) {
      const ref: JsonObject = object.roleRef ?? {};
      if (ref.apiGroup !== GROUP) faults.notSupported('roleRef.apiGroup', ref.apiGroup, [GROUP]);
      if (!kinds.includes(ref.kind)) faults.notSupported('roleRef.kind', ref.kind, kinds);
      if (!ref.name) faults.required('roleRef.name');
      else faults.check('roleRef.name', ref.name, pathSegment);
      (object.subjects ?? []).forEach((value: JsonObject, i: number) =>
        subject(faults, `subjects[${i}]`, value, namespaced),
      );
    },
    validateUpdate(faults, object, old) {
      if (!deepEqual(object.roleRef, old.roleRef))
        faults.invalid('roleRef', new Typed('rbac.RoleRef', object.roleRef), 'cannot change roleRef');
    },
  };
}

export const roleBinding = binding(['Role', 'ClusterRole'], true);
export const clusterRoleBinding = binding(['ClusterRole'], false);
