// The answer to who may not: 403 with what was asked and, where the authorizers said one, the reason.

import { forbidden, StatusError } from '../status.ts';
import type { UserInfo } from '../types.ts';
import type { Attributes } from './types.ts';

export function denied(user: UserInfo, asked: Attributes, reason: string): StatusError {
  const { verb, group, resource, subresource, namespace, name, path } = asked;
  const who = `User ${JSON.stringify(user.name)} cannot ${verb}`;
  const why = reason ? `: ${reason}` : '';
  if (path !== undefined) {
    return new StatusError(403, 'Forbidden', `forbidden: ${who} path ${JSON.stringify(path)}${why}`, {});
  }
  const shown = JSON.stringify(subresource ? `${resource}/${subresource}` : resource);
  const where = namespace ? `in the namespace ${JSON.stringify(namespace)}` : 'at the cluster scope';
  return forbidden(
    { group, resource },
    name,
    `${who} resource ${shown} in API group ${JSON.stringify(group)} ${where}${why}`,
  );
}
