// Admission of what is sent to a subresource and is no object of the store: a Binding, an Eviction, a Scale, a token's
// request.

import type { KubeObject, ResourceInfo } from '../../api/types.ts';
import type { AdmissionOperation } from '../admission/index.ts';
import { warn, type Context } from '../context.ts';
import type { Core } from '../handlers/types.ts';

export type Kind = Pick<ResourceInfo, 'group' | 'version' | 'kind'>;

/** The object as mutating plug-ins leave it, and the validating ones for when the rest has been checked and filled in. */
export function admitted(
  { admission }: Core,
  ctx: Context,
  operation: AdmissionOperation,
  kind: Kind,
  object: KubeObject,
  old?: KubeObject,
): { object: KubeObject; validate(complete?: KubeObject): void } {
  const { info, user, dryRun } = ctx;
  const { namespace, name, subresource } = ctx.route;
  if (admission.idle(operation, info, subresource)) return { object, validate: () => undefined };
  const attributes = {
    operation,
    info,
    kind,
    subresource,
    namespace,
    name,
    old,
    user,
    dryRun,
    warn: (text: string) => warn(ctx, text),
  };
  const next = admission.mutate({ ...attributes, object });
  return { object: next, validate: (complete = next) => admission.validate({ ...attributes, object: complete }) };
}
