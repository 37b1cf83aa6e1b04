// --basic-auth-file, which releases before v1.19 have: a file of passwords, read once, when the server starts.

import { base64Text } from '../../api/base64.ts';
import type { UserInfo } from '../types.ts';
import { readUsers } from './static-tokens.ts';

export interface Password {
  password: string;
  user: UserInfo;
}

/** By user name; a text is why the server does not start. */
export function readPasswordFile(path: string, text: string): Map<string, Password> | string {
  const users = new Map<string, Password>();
  const rows = readUsers(`password file '${path}'`, 'password', text);
  if (typeof rows === 'string') return rows;
  for (const { secret, user } of rows) users.set(user.name, { password: secret, user });
  return users;
}

/** Who the header `Authorization: Basic …` is; undefined for other headers, 'unknown' when nobody has that password. */
export function basicUser(header: string, users: ReadonlyMap<string, Password>): UserInfo | 'unknown' | undefined {
  const match = /^Basic +(\S+)$/i.exec(header.trim());
  if (!match) return undefined;
  const text = base64Text(match[1]);
  const colon = text.indexOf(':');
  const found = colon < 0 ? undefined : users.get(text.slice(0, colon));
  return found && found.password === text.slice(colon + 1) ? found.user : 'unknown';
}
