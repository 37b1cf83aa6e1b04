// --authorization-mode=Node,RBAC: the first that allows decides; reasons of those that do not are added up.

import type { Catalog } from '../../api/index.ts';
import { nodeRules } from '../bootstrap/roles.ts';
import type { Storage } from '../storage/storage.ts';
import type { UserInfo } from '../types.ts';
import { NodeAuthorizer, nodeOf } from './node.ts';
import { RBAC } from './rbac.ts';
import { ALLOWED, type Attributes, type Authorizer, type Decision, type Resolved, type Standing } from './types.ts';

/** Members may do anything, whatever the modes say. */
export const SYSTEM_MASTERS = 'system:masters';

/** Of members of that group, and of nobody else. */
const ANYTHING: Decision = { ...ALLOWED };

export class NodeAndRBAC implements Authorizer {
  private readonly node: NodeAuthorizer;
  private readonly rbac: RBAC;

  constructor(scheme: Catalog, storage: Storage) {
    this.node = new NodeAuthorizer(scheme, storage, nodeRules);
    this.rbac = new RBAC(scheme, storage);
  }

  authorize(user: UserInfo, asked: Attributes, standing?: Standing): Decision {
    if (!standing) return this.decide(user, asked);
    const { generation } = this.rbac;
    const known = standing.get(user);
    if (known && known.generation === generation) return known.decision;
    const decision = this.decide(user, asked);
    // By name it is another for each request, but not for who may do anything.
    const general =
      decision === ANYTHING ||
      ((nodeOf(user) === undefined || this.node.isGeneral(asked)) &&
        decision.allowed &&
        this.rbac.isGeneral(user, asked));
    if (general) standing.set(user, { decision, generation });
    return decision;
  }

  private decide(user: UserInfo, asked: Attributes): Decision {
    if (user.groups.includes(SYSTEM_MASTERS)) return ANYTHING;
    const node = nodeOf(user);
    if (node === undefined) return this.rbac.authorize(user, asked);
    const first = this.node.authorize(node, asked);
    if (first.allowed) return first;
    const second = this.rbac.authorize(user, asked);
    if (second.allowed || !first.reason) return second;
    return second.reason ? { allowed: false, reason: `${first.reason}\n${second.reason}` } : first;
  }

  rules(user: UserInfo, namespace: string): Resolved {
    const resolved = this.rbac.rules(user, namespace);
    if (nodeOf(user) === undefined) return resolved;
    return { ...resolved, incomplete: 'node authorizer does not support user rule resolution' };
  }
}

export { alwaysAllow } from './types.ts';
export type { Attributes, Authorizer, Decision, Standing } from './types.ts';
