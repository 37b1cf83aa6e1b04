// How a service account appears as a user.

import type { UserInfo } from '../types.ts';
import { AUTHENTICATED } from './authenticate.ts';

const PREFIX = 'system:serviceaccount:';

export const accountUsername = (namespace: string, name: string): string => `${PREFIX}${namespace}:${name}`;

export function splitUsername(username: string): { namespace: string; name: string } | undefined {
  const match = /^system:serviceaccount:([a-z0-9-]+):([a-z0-9.-]+)$/.exec(username);
  return match ? { namespace: match[1], name: match[2] } : undefined;
}

export const accountGroups = (namespace: string): string[] => [
  'system:serviceaccounts',
  `system:serviceaccounts:${namespace}`,
];

export function accountUser(namespace: string, name: string, uid: string, extra?: Record<string, string[]>): UserInfo {
  const groups = [...accountGroups(namespace), AUTHENTICATED];
  const user: UserInfo = { name: accountUsername(namespace, name), uid, groups };
  return extra ? { ...user, extra } : user;
}
