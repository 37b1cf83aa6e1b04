// ClusterRoles with an aggregationRule carry the rules of all ClusterRoles that their selectors match.

import { matchesSelector } from '../api/selectors.ts';
import type { ClusterRole, PolicyRule } from '../api/types.ts';
import type { Controller } from './context.ts';

const NAME = 'clusterrole-aggregation-controller';

export const clusterRoleAggregation: Controller = {
  name: NAME,
  account: NAME,
  component: NAME,
  start(context) {
    const roles = context.informer<ClusterRole>('rbac.authorization.k8s.io/v1', 'clusterroles');
    roles.addIndex('aggregating', (role) => (role.aggregationRule ? ['true'] : []));
    const queue = context.queue((name) => {
      const role = roles.byKey(name);
      const selectors = role?.aggregationRule?.clusterRoleSelectors;
      if (!role || !selectors) return;
      const present = role.rules ?? [];
      const wanted = gathered(name, selectors, roles.list());
      if (present.length === wanted.length && present.every((rule, i) => same(rule, wanted[i]))) return;
      context.client.send({
        method: 'PATCH',
        path: `/apis/rbac.authorization.k8s.io/v1/clusterroles/${name}`,
        query: { fieldManager: NAME, force: 'true' },
        headers: { 'content-type': 'application/apply-patch+yaml' },
        body: { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name }, rules: wanted },
      });
    });
    // Any role may be part of any sum.
    const changed = () => {
      for (const role of roles.byIndex('aggregating', 'true')) queue.add(role.metadata.name as string);
    };
    roles.on({ add: changed, update: changed, delete: changed });
  },
};

/** Selector by selector, roles by name, every rule once. */
function gathered(
  name: string,
  selectors: NonNullable<NonNullable<ClusterRole['aggregationRule']>['clusterRoleSelectors']>,
  roles: readonly ClusterRole[],
): PolicyRule[] {
  const rules: PolicyRule[] = [];
  const known = new Set<string>();
  const add = (rule: PolicyRule) => {
    const key = keyOfRule(rule);
    if (!known.has(key)) rules.push(rule);
    known.add(key);
  };
  for (const selector of selectors) {
    const matching = roles
      .filter(({ metadata }) => metadata.name !== name && matchesSelector(selector, metadata.labels ?? {}))
      .sort((a, b) => ((a.metadata.name as string) < (b.metadata.name as string) ? -1 : 1));
    for (const role of matching) {
      (role.rules ?? []).forEach(add);
    }
  }
  return rules;
}

const keys = new WeakMap<PolicyRule, string>();

/** Equal for rules that say the same. */
function keyOfRule(rule: PolicyRule): string {
  let key = keys.get(rule);
  if (key === undefined) {
    const { verbs, apiGroups, resources, resourceNames, nonResourceURLs } = rule;
    keys.set(rule, (key = JSON.stringify([verbs, apiGroups, resources, resourceNames, nonResourceURLs])));
  }
  return key;
}

const same = (a: PolicyRule, b: PolicyRule): boolean => a === b || keyOfRule(a) === keyOfRule(b);
