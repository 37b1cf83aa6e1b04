// Resources that are questions and never stored: reviews of access and tokens, bindings, the old component statuses.

import type { CustomKind, ResourceInfo } from '../../api/index.ts';
import { part } from '../../parts/index.ts';
import type { Context } from '../context.ts';
import type { Core } from '../handlers/types.ts';
import { binding } from '../subresources/binding.ts';
import type { ApiResponse } from '../types.ts';
import type * as reviews from './reviews.ts';
import { componentStatuses } from './component-statuses.ts';

export type Virtual = (core: Core, ctx: Context) => ApiResponse;

const review =
  (kind: keyof typeof reviews): Virtual =>
  (core, ctx) =>
    part('requests').reviews[kind](core, ctx);

const TABLE: Readonly<Record<string, Virtual>> = {
  bindings: binding,
  componentstatuses: componentStatuses,
  'selfsubjectaccessreviews.authorization.k8s.io': review('selfSubjectAccessReview'),
  'subjectaccessreviews.authorization.k8s.io': review('subjectAccessReview'),
  'localsubjectaccessreviews.authorization.k8s.io': review('localSubjectAccessReview'),
  'selfsubjectrulesreviews.authorization.k8s.io': review('selfSubjectRulesReview'),
  'selfsubjectreviews.authentication.k8s.io': review('selfSubjectReview'),
  'tokenreviews.authentication.k8s.io': review('tokenReview'),
};

export const virtualOf = (info: ResourceInfo): Virtual | undefined =>
  TABLE[info.group ? `${info.resource}.${info.group}` : info.resource];

/**
 * Adds resources that `answer` serves instead of the store, as the aggregator does for an extension API server
 * (metrics.k8s.io). `kind` says how they are printed (`table`) and decoded.
 */
export function serveVirtually(core: Core, infos: readonly ResourceInfo[], kind: CustomKind, answer: Virtual) {
  for (const info of infos) {
    core.scheme.addResource(info, kind);
    core.served.set(info, answer);
  }
}
