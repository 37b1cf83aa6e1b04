// Second stage: who asks. A component's transport knows its user, a client may show a certificate; over HTTP it is a
// bearer token, or nobody (--anonymous-auth).

import { unauthorized } from '../status.ts';
import type { ApiRequest, UserInfo } from '../types.ts';

/** What a token is worth for the audiences asked for; `error` when it looks like ours and is not accepted. */
export interface TokenAnswer {
  user?: UserInfo;
  audiences?: readonly string[];
  error?: string;
}

export interface Authenticator {
  token(token: string, audiences: readonly string[]): TokenAnswer;
}

export const ANONYMOUS: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
export const AUTHENTICATED = 'system:authenticated';

export function authenticate(
  request: ApiRequest,
  authenticator: Authenticator,
  audiences: readonly string[],
  basic: (header: string) => UserInfo | 'unknown' | undefined,
): UserInfo {
  const authorization = request.headers?.authorization;
  const known = authorization && basic(authorization);
  if (known === 'unknown') throw unauthorized();
  if (known) return known;
  // Other schemes than Bearer, and Basic where there are passwords, are nobody's business here.
  const match = authorization && /^Bearer +(\S+)$/i.exec(authorization.trim());
  if (!match) return ANONYMOUS;
  const { user } = authenticator.token(match[1], audiences);
  if (!user) throw unauthorized();
  return user;
}

/** Several authenticators, asked in turn; the first that knows the token decides. */
export function union(authenticators: readonly Authenticator[]): Authenticator {
  return {
    token(token, audiences) {
      let error: string | undefined;
      for (const authenticator of authenticators) {
        const answer = authenticator.token(token, audiences);
        if (answer.user) return answer;
        error ??= answer.error;
      }
      return { error };
    },
  };
}
