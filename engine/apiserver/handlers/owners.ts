// Owners that an object names twice are kept once, and the client is told so.

import type { KubeObject } from '../../api/types.ts';
import { warn, type Context } from '../context.ts';
import { equal } from '../equal.ts';

/** The same object when no owner is named twice. `admitted`: mutating admission has had it. */
export function withUniqueOwners(ctx: Context, object: KubeObject, admitted = false): KubeObject {
  const owners = object.metadata.ownerReferences;
  if (!owners || owners.length < 2) return object;
  const unique = owners.filter((owner, i) => owners.findIndex((other) => equal(other, owner)) === i);
  if (unique.length === owners.length) return object;
  const repeated = owners.filter((owner) => !unique.includes(owner)).map(({ uid }) => uid);
  const when = admitted ? ' after mutating admission happens' : '';
  warn(
    ctx,
    `.metadata.ownerReferences contains duplicate entries${when}; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${[...new Set(repeated)].join(', ')}`,
  );
  return { ...object, metadata: { ...object.metadata, ownerReferences: unique } };
}
