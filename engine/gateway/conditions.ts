// Conditions as NGINX Gateway Fabric words them.

import type { Condition } from '../api/types.ts';

export interface Finding {
  type: string;
  status: 'True' | 'False';
  reason: string;
  message: string;
}

const finding =
  (type: string, status: Finding['status']) =>
  (reason: string, message: string): Finding => ({ type, status, reason, message });

const accepted = finding('Accepted', 'True');
export const notAccepted = finding('Accepted', 'False');
const programmed = finding('Programmed', 'True');
export const notProgrammed = finding('Programmed', 'False');
const resolved = finding('ResolvedRefs', 'True');
export const unresolved = finding('ResolvedRefs', 'False');

export const CLASS: readonly Finding[] = [accepted('Accepted', 'GatewayClass is accepted')];
export const CLASS_CONFLICT = notAccepted(
  'GatewayClassConflict',
  'The resource is ignored due to a conflicting GatewayClass resource',
);
export const PARAMETERS = resolved('ResolvedRefs', 'ParametersRef resource is resolved');
export const NO_PARAMETERS = unresolved('ParametersRefNotFound', 'ParametersRef resource could not be found');
export const PARAMETERS_IGNORED = accepted(
  'InvalidParameters',
  `GatewayClass is accepted, but ParametersRef is ignored due to an error: ${NO_PARAMETERS.message}`,
);

export const GATEWAY: readonly Finding[] = [
  accepted('Accepted', 'Gateway is accepted'),
  programmed('Programmed', 'Gateway is programmed'),
];
export const SOME_LISTENERS = accepted('ListenersNotValid', 'Gateway has at least one valid listener');
const NO_LISTENERS = 'Gateway has no valid listeners';
export const NO_LISTENER: readonly Finding[] = [
  notAccepted('ListenersNotValid', NO_LISTENERS),
  notProgrammed('Invalid', NO_LISTENERS),
];

export const LISTENER: readonly Finding[] = [
  accepted('Accepted', 'Listener is accepted'),
  programmed('Programmed', 'Listener is programmed'),
  resolved('ResolvedRefs', 'All references are resolved'),
  { type: 'Conflicted', status: 'False', reason: 'NoConflicts', message: 'No conflicts' },
];

export const ROUTE: readonly Finding[] = [
  accepted('Accepted', 'The route is accepted'),
  resolved('ResolvedRefs', 'All references are resolved'),
];
export const ignores = (fields: string): Finding =>
  accepted('UnsupportedField', `The following unsupported parameters were ignored: ${fields}`);
export const partial = (errors: string): Finding => ({
  type: 'PartiallyInvalid',
  status: 'True',
  reason: 'UnsupportedValue',
  message: `Dropped Rule(s): ${errors}`,
});
export const NO_PARENT = notAccepted('NoMatchingParent', 'Listener is not found for this parent ref');
export const NOT_ALLOWED = notAccepted('NotAllowedByListeners', 'Route is not allowed by any listener');
export const NO_HOSTNAME = notAccepted(
  'NoMatchingListenerHostname',
  'Listener hostname does not match the Route hostnames',
);
export const INVALID_LISTENER = notAccepted('InvalidListener', 'Listener is invalid for this parent ref');

/** The findings as conditions; later ones of a type replace earlier ones, and a condition that holds on keeps its time. */
export function conditions(
  findings: readonly Finding[],
  generation: number,
  now: string,
  before: readonly Condition[] = [],
): Condition[] {
  const byType = new Map<string, Finding>();
  for (const one of findings) byType.set(one.type, one);
  return [...byType.values()].map((one) => {
    const old = before.find(({ type }) => type === one.type);
    return {
      ...one,
      observedGeneration: generation,
      lastTransitionTime: old?.status === one.status ? old.lastTransitionTime : now,
    };
  });
}
