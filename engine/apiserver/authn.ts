// Second stage: who asks. A component's transport knows its user; over HTTP it is a bearer token or nobody.

import { forbidden, unauthorized, StatusError } from './status.ts';
import type { Authorizer } from './authz.ts';
import type { ApiRequest, UserInfo } from './types.ts';

export interface Authenticator {
  /** The token's user; undefined when it is no valid token. */
  token(token: string): UserInfo | undefined;
}

export const ANONYMOUS: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

export function authenticate(request: ApiRequest, authenticator: Authenticator): UserInfo {
  if (request.user) return request.user;
  const authorization = request.headers?.authorization;
  if (!authorization) return ANONYMOUS;
  const match = /^Bearer (\S+)$/i.exec(authorization);
  const user = match ? authenticator.token(match[1]) : undefined;
  if (!user) throw unauthorized();
  return user;
}

/** Applies Impersonate-* headers; who sends them needs the verb `impersonate` on what they name. */
export function impersonate(request: ApiRequest, user: UserInfo, authorizer: Authorizer): UserInfo {
  const headers = request.headers;
  if (!headers) return user;
  const name = headers['impersonate-user'];
  const groups = headers['impersonate-group'];
  if (!name) {
    if (groups)
      throw new StatusError(
        500,
        'InternalError',
        'Internal error occurred: requested [{Group  ' + groups + '    }] without impersonating a user',
      );
    return user;
  }
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name);
  const target = account
    ? { group: '', resource: 'serviceaccounts', namespace: account[1], name: account[2] }
    : { group: '', resource: 'users', namespace: '', name };
  const decision = authorizer.authorize({
    user,
    verb: 'impersonate',
    version: 'v1',
    subresource: '',
    path: '',
    ...target,
  });
  if (!decision.allowed) throw forbidden(target, target.name, decision.reason);
  const asked = groups ? groups.split(',').map((group) => group.trim()) : [];
  for (const group of asked) {
    const one = { group: '', resource: 'groups', namespace: '', name: group };
    const allowed = authorizer.authorize({
      user,
      verb: 'impersonate',
      version: 'v1',
      subresource: '',
      path: '',
      ...one,
    });
    if (!allowed.allowed) throw forbidden(one, group, allowed.reason);
  }
  const implied = account ? ['system:serviceaccounts', `system:serviceaccounts:${account[1]}`] : [];
  const authenticated = name === ANONYMOUS.name ? ['system:unauthenticated'] : ['system:authenticated'];
  const extra: Record<string, string[]> = {};
  for (const header in headers) {
    if (header.startsWith('impersonate-extra-')) extra[header.slice('impersonate-extra-'.length)] = [headers[header]];
  }
  const all = [...(asked.length || !account ? asked : implied)];
  for (const group of authenticated) if (!all.includes(group)) all.push(group);
  return { name, groups: all, uid: headers['impersonate-uid'], extra };
}
