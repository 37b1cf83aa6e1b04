// Impersonate-* headers: who sends them needs the verb `impersonate` on each thing that they name.

import { denied } from '../authorization/forbidden.ts';
import type { Attributes, Authorizer } from '../authorization/types.ts';
import { internalError } from '../status.ts';
import type { UserInfo } from '../types.ts';
import { ANONYMOUS, AUTHENTICATED } from './authenticate.ts';
import { accountGroups, splitUsername } from './service-accounts.ts';

const EXTRA = 'impersonate-extra-';
const AUTHENTICATION = 'authentication.k8s.io';

const NOTHING: Attributes = {
  verb: 'impersonate',
  group: '',
  resource: '',
  subresource: '',
  namespace: '',
  name: '',
};

/** Headers that ask for nobody else: a component sends the same with each of its requests. */
const plain = new WeakSet<object>();

/** Whether headers are known to ask for nobody else. */
export const isPlain = (headers: object): boolean => plain.has(headers);

export function impersonate(headers: Record<string, string>, user: UserInfo, authorizer: Authorizer): UserInfo {
  const name = headers['impersonate-user'] ?? '';
  const uid = headers['impersonate-uid'] ?? '';
  const groups = headers['impersonate-group'] ? headers['impersonate-group'].split(',').map((one) => one.trim()) : [];
  const extra: Record<string, string[]> = {};
  let extras = 0;
  for (const header in headers) {
    if (!header.startsWith(EXTRA)) continue;
    extra[unescaped(header.slice(EXTRA.length))] = headers[header].split(',').map((one) => one.trim());
    extras++;
  }
  if (!name && !uid && groups.length === 0 && extras === 0) {
    plain.add(headers);
    return user;
  }

  const asked: Attributes[] = [];
  const account = splitUsername(name);
  if (account) asked.push({ ...NOTHING, resource: 'serviceaccounts', ...account });
  else if (name) asked.push({ ...NOTHING, resource: 'users', name });
  for (const group of groups) asked.push({ ...NOTHING, resource: 'groups', name: group });
  for (const key in extra) {
    for (const value of extra[key]) {
      asked.push({ ...NOTHING, group: AUTHENTICATION, resource: 'userextras', subresource: key, name: value });
    }
  }
  if (uid) asked.push({ ...NOTHING, group: AUTHENTICATION, resource: 'uids', name: uid });
  if (!name) throw internalError(`requested ${shown(asked)} without impersonating a user`);
  for (const attributes of asked) {
    const decision = authorizer.authorize(user, attributes);
    if (!decision.allowed) throw denied(user, attributes, decision.reason);
  }

  const all = groups.length === 0 && account ? accountGroups(account.namespace) : groups;
  const known = all.includes(AUTHENTICATED) || all.includes(ANONYMOUS.groups[0]);
  if (!known) all.push(name === ANONYMOUS.name ? ANONYMOUS.groups[0] : AUTHENTICATED);
  return { name, groups: all, ...(uid ? { uid } : undefined), ...(extras ? { extra } : undefined) };
}

/** Keys of extra fields travel as header names: what these cannot carry is percent-encoded. */
function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

/** As Go prints the object references that were asked for. */
function shown(asked: readonly Attributes[]): string {
  const kinds: Record<string, string> = { groups: 'Group', userextras: 'UserExtra', uids: 'UID' };
  return `[${asked
    .map(({ resource, group, name, subresource }) => {
      const version = group ? `${group}/v1` : '';
      return `{${kinds[resource]}  ${name}  ${version}  ${subresource}}`;
    })
    .join(' ')}]`;
}
