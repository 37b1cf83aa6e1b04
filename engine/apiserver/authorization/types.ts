// Fourth stage: whether they may. The authorizer is chosen when the server is made (--authorization-mode).

import type { UserInfo } from '../types.ts';

/** What is asked for, as the server reads it from a request; a Route is one. */
export interface Attributes {
  verb: string;
  /** '' for the core group and for paths that are no resource's. */
  group: string;
  resource: string;
  subresource: string;
  namespace: string;
  name: string;
  /** Set instead of a resource for other paths (/healthz). */
  path?: string;
  /** Of lists and watches. */
  fieldSelector?: string;
}

/** rbac/v1 PolicyRule. */
export interface PolicyRule {
  verbs: readonly string[];
  apiGroups?: readonly string[];
  resources?: readonly string[];
  resourceNames?: readonly string[];
  nonResourceURLs?: readonly string[];
}

export interface Decision {
  allowed: boolean;
  /** '' when there is nothing to say. */
  reason: string;
}

/** All that a user may do in a namespace (and in the cluster), as far as it can be listed. */
export interface Resolved {
  rules: readonly PolicyRule[];
  /** Roles that are bound and do not exist. */
  errors: readonly string[];
  /** Set when there are permissions that no rule says. */
  incomplete?: string;
}

/** What was decided of requests that differ in nothing but the name, and holds for all of them; `generation`: of the policy. */
export type Standing = WeakMap<UserInfo, { decision: Decision; generation: number }>;

export interface Authorizer {
  /** `standing`: of such requests. */
  authorize(user: UserInfo, attributes: Attributes, standing?: Standing): Decision;
  /** Namespace '' means cluster-wide rules only. */
  rules(user: UserInfo, namespace: string): Resolved;
}

export const ALLOWED: Decision = { allowed: true, reason: '' };
export const NO_OPINION: Decision = { allowed: false, reason: '' };

/** Every verb on everything: what a cluster administrator holds. */
export const FULL_AUTHORITY: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

/** --authorization-mode=AlwaysAllow */
export const alwaysAllow: Authorizer = {
  authorize: () => ALLOWED,
  rules: () => ({ rules: FULL_AUTHORITY, errors: [] }),
};
