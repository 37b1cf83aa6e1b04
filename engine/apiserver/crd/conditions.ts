// Conditions of a CustomResourceDefinition: are its names accepted, is it established, may its group be extended.

import type { JsonObject, KubeObject } from '../../api/types.ts';

export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  lastTransitionTime?: string;
  reason: string;
  message: string;
}

export const conditionOf = (crd: KubeObject, type: string): Condition | undefined =>
  (crd.status?.conditions as Condition[] | undefined)?.find((one) => one.type === type);

export const isTrue = (crd: KubeObject, type: string): boolean => conditionOf(crd, type)?.status === 'True';

/** The definition with the condition; the same one when it says that already. */
export function withCondition(crd: KubeObject, wanted: Omit<Condition, 'lastTransitionTime'>, now: string): KubeObject {
  const conditions: Condition[] = crd.status?.conditions ?? [];
  const known = conditionOf(crd, wanted.type);
  if (known && known.status === wanted.status && known.reason === wanted.reason && known.message === wanted.message)
    return crd;
  const lastTransitionTime = known && known.status === wanted.status ? known.lastTransitionTime : now;
  const { type, status, reason, message } = wanted;
  const next = { type, status, lastTransitionTime, reason, message };
  return {
    ...crd,
    status: {
      ...crd.status,
      conditions: known ? conditions.map((one) => (one === known ? next : one)) : [...conditions, next],
    },
  };
}

/** Names in use in a group: of resources (plural, singular, short), and of kinds. */
export interface TakenNames {
  resources: ReadonlySet<string>;
  kinds: ReadonlySet<string>;
}

/** The definition with the names that it gets, and what is said of those that it does not get. */
export function withNames(crd: KubeObject, taken: TakenNames, now: string): KubeObject {
  const wanted: JsonObject = crd.spec.names;
  const accepted: JsonObject = crd.status?.acceptedNames ?? {};
  const next: JsonObject = { ...accepted };
  let reason = 'NoConflicts';
  let message = 'no conflicts found';
  const ask = (field: string, used: ReadonlySet<string>, conflict: string) => {
    const name: string = wanted[field] ?? '';
    if (name === accepted[field] || !used.has(name)) next[field] = wanted[field];
    else {
      reason = conflict;
      message = `${JSON.stringify(name)} is already in use`;
    }
  };
  ask('plural', taken.resources, 'PluralConflict');
  ask('singular', taken.resources, 'SingularConflict');
  const short: string[] = wanted.shortNames ?? [];
  const refused = short.filter((name) => !accepted.shortNames?.includes(name) && taken.resources.has(name));
  if (refused.length) {
    const texts = refused.map((name) => `${JSON.stringify(name)} is already in use`);
    reason = 'ShortNamesConflict';
    message = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  } else if (short.length) next.shortNames = short;
  else delete next.shortNames;
  ask('kind', taken.kinds, 'KindConflict');
  ask('listKind', taken.kinds, 'ListKindConflict');
  if (wanted.categories) next.categories = wanted.categories;
  else delete next.categories;

  const good = reason === 'NoConflicts';
  let out = withCondition(crd, { type: 'NamesAccepted', status: good ? 'True' : 'False', reason, message }, now);
  if (!isTrue(out, 'Established')) {
    out = withCondition(
      out,
      good
        ? {
            type: 'Established',
            status: 'False',
            reason: 'Installing',
            message: 'the initial names have been accepted',
          }
        : { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' },
      now,
    );
  }
  if (JSON.stringify(next) === JSON.stringify(accepted)) return out;
  return { ...out, status: { ...out.status, acceptedNames: next } };
}

const APPROVED = 'api-approved.kubernetes.io';
const SEE = 'see https://github.com/kubernetes/enhancements/pull/1111';

/** Groups of Kubernetes itself are extended with an approval only. */
export function withApproval(crd: KubeObject, now: string): KubeObject {
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(crd.spec.group)) return crd;
  const said = crd.metadata.annotations?.[APPROVED] ?? '';
  const condition = (status: 'True' | 'False', reason: string, message: string) =>
    withCondition(crd, { type: 'KubernetesAPIApprovalPolicyConformant', status, reason, message }, now);
  if (said === '')
    return condition(
      'False',
      'MissingAnnotation',
      `protected groups must have approval annotation "${APPROVED}", ${SEE}`,
    );
  if (said.startsWith('unapproved'))
    return condition('False', 'UnapprovedAnnotation', `not approved: ${JSON.stringify(said)}`);
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/]+/i.test(said)) return condition('True', 'ApprovedAnnotation', `approved in ${said}`);
  return condition(
    'False',
    'InvalidAnnotation',
    `protected groups must have approval annotation "${APPROVED}" with either a URL or a reason starting with "unapproved", ${SEE}`,
  );
}
