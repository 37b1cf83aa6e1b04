// --token-auth-file: a file of tokens that never expire, read once, when the server starts.

import type { UserInfo } from '../types.ts';
import { AUTHENTICATED, type Authenticator, type TokenAnswer } from './authenticate.ts';

export class StaticTokens implements Authenticator {
  users: ReadonlyMap<string, UserInfo> = new Map();

  token(token: string, audiences: readonly string[]): TokenAnswer {
    const user = this.users.get(token);
    return user ? { user, audiences } : {};
  }
}

/** Users by token; a text is why the server does not start. */
export function readTokenFile(path: string, text: string): Map<string, UserInfo> | string {
  const users = new Map<string, UserInfo>();
  const rows = readUsers(`token file '${path}'`, 'token', text);
  if (typeof rows === 'string') return rows;
  for (const { secret, user } of rows) if (secret !== '') users.set(secret, user);
  return users;
}

/** Lines of a secret (`what`), a user's name, a uid and, if there are any, groups. */
export function readUsers(file: string, what: string, text: string): { secret: string; user: UserInfo }[] | string {
  const rows: { secret: string; user: UserInfo }[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (line === '') continue;
    const columns = fields(line);
    if (columns.length < 3)
      return `${file} must have at least 3 columns (${what}, user name, user uid), found ${columns.length}`;
    const [secret, name, uid, groups = ''] = columns;
    rows.push({ secret, user: { name, uid, groups: [...groups.split(',').filter(Boolean), AUTHENTICATED] } });
  }
  return rows;
}

/** One line of comma-separated values; a quoted field may hold commas, and quotes when they are doubled. */
function fields(line: string): string[] {
  const out: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^,]*))(,|$)/y;
  for (;;) {
    const match = field.exec(line);
    if (!match) return out;
    out.push(match[1] === undefined ? match[2] : match[1].replace(/""/g, '"'));
    if (match[3] === '') return out;
  }
}
