// Roles and bindings: nobody grants what they do not hold, unless they may escalate or bind
// (registry/rbac/…/policybased).

import type { KubeObject } from '../../api/types.ts';
import { SYSTEM_MASTERS } from '../authorization/index.ts';
import { RBAC_GROUP, type RoleRef } from '../authorization/rbac.ts';
import { describe, uncovered } from '../authorization/rules.ts';
import { FULL_AUTHORITY, type PolicyRule } from '../authorization/types.ts';
import type { Context } from '../context.ts';
import { equal } from '../equal.ts';
import type { Core } from '../handlers/types.ts';
import { forbidden, notFound } from '../status.ts';
import type { Strategy } from './strategies.ts';

/** Whether the user has a verb beyond the usual ones on a role. */
function may(core: Core, ctx: Context, verb: string, resource: string, name: string): boolean {
  if (ctx.user.groups.includes(SYSTEM_MASTERS)) return true;
  const { namespace } = ctx.route;
  const asked = { verb, group: RBAC_GROUP, resource, subresource: '', namespace, name };
  return core.authorizer.authorize(ctx.user, asked).allowed;
}

const list = (values: readonly string[]) => `[${values.map((value) => JSON.stringify(value)).join(' ')}]`;

/** Why the user may not grant the rules; undefined when they hold them all. */
function escalation(core: Core, { user, route }: Context, rules: readonly PolicyRule[]): string | undefined {
  const held = core.authorizer.rules(user, route.namespace);
  const missing = uncovered(held.rules, rules);
  if (missing.length === 0) return undefined;
  const who = `user ${JSON.stringify(user.name)} (groups=${list(user.groups)})`;
  const errors = held.errors.length ? `; resolution errors: [${held.errors.join(' ')}]` : '';
  return `${who} is attempting to grant RBAC permissions not currently held:\n${describe(missing)}${errors}`;
}

const rulesOf = (object: KubeObject): readonly PolicyRule[] => (object.rules as PolicyRule[] | undefined | null) ?? [];

function checkRole(core: Core, ctx: Context, object: KubeObject, old?: KubeObject) {
  const { info } = ctx;
  const name = object.metadata.name ?? '';
  if (old && onlyMetadataForDeletion(object, old)) return;
  if (may(core, ctx, 'escalate', info.resource, name)) return;
  const why = escalation(core, ctx, rulesOf(object));
  if (why) throw forbidden(info, name, why);
  // What a rule of aggregation gathers can be anything.
  const aggregates = object.aggregationRule || (old?.aggregationRule && !object.aggregationRule);
  if (aggregates && escalation(core, ctx, FULL_AUTHORITY)) {
    throw forbidden(info, name, 'must have cluster-admin privileges to use the aggregationRule');
  }
}

/** Finalizers and owners change so that the garbage collector can finish; that grants nothing. */
function onlyMetadataForDeletion(object: KubeObject, old: KubeObject): boolean {
  const rest = ({ metadata, ...content }: KubeObject) => ({
    ...content,
    metadata: { ...metadata, finalizers: undefined, ownerReferences: undefined, managedFields: undefined },
  });
  return equal(rest(object), rest(old));
}

function checkBinding(core: Core, ctx: Context, object: KubeObject, old?: KubeObject) {
  const { info } = ctx;
  const name = object.metadata.name ?? '';
  if (old && onlyMetadataForDeletion(object, old)) return;
  const ref = object.roleRef as RoleRef;
  const resource = ref?.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
  if (may(core, ctx, 'bind', resource, ref?.name ?? '')) return;
  const roles = core.scheme.resource(RBAC_GROUP, 'v1', resource);
  const role = roles && core.storage.get(roles, roles.namespaced ? ctx.route.namespace : '', ref.name);
  if (!role) throw notFound({ group: RBAC_GROUP, resource }, ref.name);
  const why = escalation(core, ctx, rulesOf(role));
  if (why) throw forbidden(info, name, why);
}

const checked = (check: typeof checkRole): Strategy => ({
  createByUpdate: true,
  beforeCreate(core, ctx, object) {
    check(core, ctx, object);
    return object;
  },
  beforeUpdate(core, ctx, object, old) {
    check(core, ctx, object, old);
    return object;
  },
});

export const roles = checked(checkRole);
export const bindings = checked(checkBinding);
