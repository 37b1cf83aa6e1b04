// Fourth stage: whether they may. The authorizer is chosen when the server is made.

import type { UserInfo } from './types.ts';

export interface AuthorizationAttributes {
  user: UserInfo;
  verb: string;
  /** '' for the core group and for paths that are no resource's. */
  group: string;
  version: string;
  resource: string;
  subresource: string;
  namespace: string;
  name: string;
  /** Set instead of a resource for other paths (/healthz). */
  path: string;
}

/** What a user may do in a namespace, as a rules review lists it. */
export interface Rules {
  resourceRules: { verbs: string[]; apiGroups?: string[]; resources?: string[]; resourceNames?: string[] }[];
  nonResourceRules: { verbs: string[]; nonResourceURLs?: string[] }[];
}

export interface Authorizer {
  authorize(attributes: AuthorizationAttributes): { allowed: boolean; reason: string };
  rules(user: UserInfo, namespace: string): Rules;
}

/** --authorization-mode=AlwaysAllow */
export const alwaysAllow: Authorizer = {
  authorize: () => ({ allowed: true, reason: '' }),
  rules: () => ({
    resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
    nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
  }),
};
