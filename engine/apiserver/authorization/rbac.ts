// The RBAC authorizer: roles and bindings, indexed by subject. A user's decisions are remembered until a role or a
// binding changes, so that a component's request costs one look-up.

import type { Catalog, KubeObject, ResourceInfo } from '../../api/index.ts';
import type { StoreEvent } from '../../etcd/index.ts';
import type { Storage } from '../storage/storage.ts';
import type { UserInfo } from '../types.ts';
import { permits } from './rules.ts';
import type { Attributes, Authorizer, Decision, PolicyRule, Resolved } from './types.ts';

export const RBAC_GROUP = 'rbac.authorization.k8s.io';

interface Subject {
  kind: 'User' | 'Group' | 'ServiceAccount';
  name: string;
  namespace?: string;
}

export interface RoleRef {
  kind: string;
  name: string;
}

/** A binding, and the subject in it that it was found by. */
interface Bound {
  binding: KubeObject;
  subject: Subject;
}

/** What a binding gives a user; `missing` when its role does not exist. */
interface Grant {
  bound: Bound;
  rules: readonly PolicyRule[];
  missing: string;
}

type SubjectIndex = Map<string, Bound[]>;

/** What is known of one user since the last change of policy. */
interface Known {
  user: UserInfo;
  generation: number;
  cluster: readonly Grant[];
  /** Filled as namespaces are asked for. */
  namespaces: Map<string, readonly Grant[]>;
  /** By verb, resource and namespace; null where it depends on the name. */
  decisions: Map<string, Decision | null>;
}

const MAX_DECISIONS = 4096;

export class RBAC implements Authorizer {
  private readonly storage: Storage;
  private readonly roles: ResourceInfo;
  private readonly clusterRoles: ResourceInfo;
  private readonly clusterBindings: SubjectIndex = new Map();
  private readonly bindings = new Map<string, SubjectIndex>();
  /** Another after every change of policy. */
  generation = 0;
  private readonly users = new WeakMap<UserInfo, Known>();

  constructor(scheme: Catalog, storage: Storage) {
    this.storage = storage;
    const info = (resource: string) => scheme.resource(RBAC_GROUP, 'v1', resource) as ResourceInfo;
    this.roles = info('roles');
    this.clusterRoles = info('clusterroles');
    for (const one of [this.roles, this.clusterRoles]) {
      storage.etcd.watch(one.storagePrefix, ({ kv, prev }) => {
        const rules = (entry: StoreEvent['kv']) => (entry?.value as KubeObject | undefined)?.rules;
        if (!kv || !prev || rules(kv) !== rules(prev)) this.generation++;
      });
    }
    for (const one of [info('rolebindings'), info('clusterrolebindings')]) {
      for (const kv of storage.etcd.range(one.storagePrefix).kvs) this.place(kv.value as KubeObject, true);
      storage.etcd.watch(one.storagePrefix, ({ kv, prev }) => {
        if (prev) this.place(prev.value as KubeObject, false);
        if (kv) this.place(kv.value as KubeObject, true);
        this.generation++;
      });
    }
  }

  authorize(user: UserInfo, asked: Attributes): Decision {
    const known = this.known(user);
    return this.general(known, asked) ?? (this.decide(known, asked, true) as Decision);
  }

  /** Whether a decision is the same for all names. */
  isGeneral(user: UserInfo, asked: Attributes): boolean {
    return this.general(this.known(user), asked) !== null;
  }

  private general(known: Known, asked: Attributes): Decision | null {
    const key =
      asked.path === undefined
        ? `${asked.verb} ${asked.resource}/${asked.subresource} ${asked.group} ${asked.namespace}`
        : `${asked.verb} ${asked.path}`;
    const decisions = known.decisions;
    let decision = decisions.get(key);
    if (decision === undefined) {
      if (decisions.size >= MAX_DECISIONS) decisions.clear();
      decisions.set(key, (decision = this.decide(known, asked, false)));
    }
    return decision;
  }

  rules(user: UserInfo, namespace: string): Resolved {
    const rules: PolicyRule[] = [];
    const errors: string[] = [];
    this.visit(this.known(user), namespace, (grant) => {
      if (grant.missing) errors.push(grant.missing);
      rules.push(...grant.rules);
      return false;
    });
    return { rules, errors };
  }

  /** The rules of a role that a binding in `namespace` refers to; undefined when it does not exist. */
  roleRules(ref: RoleRef, namespace: string): readonly PolicyRule[] | undefined {
    const role =
      ref.kind === 'ClusterRole'
        ? this.storage.get(this.clusterRoles, '', ref.name)
        : this.storage.get(this.roles, namespace, ref.name);
    return role && ((role.rules as PolicyRule[] | undefined) ?? []);
  }

  /** `byName` false: null where only some names are allowed. */
  private decide(known: Known, asked: Attributes, byName: boolean): Decision | null {
    let found: Decision | undefined;
    let named = false;
    const missing: string[] = [];
    this.visit(known, asked.namespace, (grant) => {
      if (grant.missing && !missing.includes(grant.missing)) missing.push(grant.missing);
      for (let i = 0; i < grant.rules.length; i++) {
        const rule = grant.rules[i];
        const answer = permits(rule, asked);
        if (answer === 'named' && !(byName && rule.resourceNames?.includes(asked.name))) named = true;
        else if (answer !== 'no') {
          found = { allowed: true, reason: allowedBy(grant.bound) };
          return true;
        }
      }
      return false;
    });
    if (found) return found;
    if (named && !byName) return null;
    const errors = missing.length > 1 ? `[${missing.join(', ')}]` : missing[0];
    return { allowed: false, reason: errors ? `RBAC: ${errors}` : '' };
  }

  /** Calls `look` with what the cluster's bindings give and then those of the namespace, until it returns true. */
  private visit(known: Known, namespace: string, look: (grant: Grant) => boolean) {
    for (let i = 0; i < known.cluster.length; i++) if (look(known.cluster[i])) return;
    const index = namespace && this.bindings.get(namespace);
    if (!index) return;
    let local = known.namespaces.get(namespace);
    if (!local) known.namespaces.set(namespace, (local = this.grants(index, known.user, namespace)));
    for (let i = 0; i < local.length; i++) if (look(local[i])) return;
  }

  private known(user: UserInfo): Known {
    let known = this.users.get(user);
    if (known?.generation === this.generation) return known;
    known = {
      user,
      generation: this.generation,
      cluster: this.grants(this.clusterBindings, user, ''),
      namespaces: new Map(),
      decisions: new Map(),
    };
    this.users.set(user, known);
    return known;
  }

  private grants(index: SubjectIndex, user: UserInfo, namespace: string): Grant[] {
    const out: Grant[] = [];
    const seen = new Set<KubeObject>();
    const collect = (key: string) => {
      for (const bound of index.get(key) ?? []) {
        if (seen.has(bound.binding)) continue;
        seen.add(bound.binding);
        const ref = bound.binding.roleRef as RoleRef;
        const rules = this.roleRules(ref, namespace);
        const missing = rules ? '' : `${ref.kind.toLowerCase()}.${RBAC_GROUP} ${JSON.stringify(ref.name)} not found`;
        out.push({ bound, rules: rules ?? [], missing });
      }
    };
    collect(`u:${user.name}`);
    for (const group of user.groups) collect(`g:${group}`);
    return out;
  }

  private place(binding: KubeObject, present: boolean) {
    const namespace = binding.metadata.namespace ?? '';
    let index = namespace ? this.bindings.get(namespace) : this.clusterBindings;
    if (!index) this.bindings.set(namespace, (index = new Map()));
    for (const subject of (binding.subjects as Subject[] | undefined) ?? []) {
      const key = keyOf(subject, namespace);
      const bound = (index.get(key) ?? []).filter((other) => other.binding !== binding || other.subject !== subject);
      if (present) bound.push({ binding, subject });
      if (bound.length) index.set(key, bound);
      else index.delete(key);
    }
    if (namespace && index.size === 0) this.bindings.delete(namespace);
  }
}

/** A ServiceAccount is found by its user name. */
function keyOf({ kind, name, namespace }: Subject, bindingNamespace: string): string {
  if (kind === 'Group') return `g:${name}`;
  return kind === 'User' ? `u:${name}` : `u:system:serviceaccount:${namespace || bindingNamespace}:${name}`;
}

function allowedBy({ binding, subject }: Bound): string {
  const { name, namespace } = binding.metadata;
  const ref = binding.roleRef as RoleRef;
  const by = namespace ? `RoleBinding "${name}/${namespace}"` : `ClusterRoleBinding "${name}"`;
  const who = subject.kind === 'ServiceAccount' ? `${subject.name}/${subject.namespace ?? ''}` : subject.name;
  return `RBAC: allowed by ${by} of ${ref.kind} "${ref.name}" to ${subject.kind} "${who}"`;
}
