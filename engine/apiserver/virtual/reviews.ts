// Access reviews ask the authorizer, token reviews the authenticator; the answer is the review with its status.

import type { FieldError, JsonObject, KubeObject } from '../../api/types.ts';
import { readObject } from '../body.ts';
import type { Context } from '../context.ts';
import type { Core } from '../handlers/types.ts';
import { withNullTimes } from '../release.ts';
import { Faults, Typed } from '../../api/validation/field.ts';
import { badRequest, invalid } from '../status.ts';
import type { Attributes, PolicyRule } from '../authorization/types.ts';
import type { ApiResponse, UserInfo } from '../types.ts';

function answered(core: Core, { info }: Context, review: KubeObject, status: object): ApiResponse {
  const body = { ...review, metadata: review.metadata ?? {}, status };
  return { code: 201, headers: {}, body: core.nullTimes ? withNullTimes(info, body) : body };
}

const AUTHORIZATION = { group: 'authorization.k8s.io', kind: '' };
const fault = (field: string, message: string): FieldError => ({ type: 'FieldValueInvalid', field, message });

function refuse(errors: FieldError[]) {
  if (errors.length) throw invalid(AUTHORIZATION, '', errors);
}

function checkAttributes({ spec }: KubeObject, minor: number): FieldError[] {
  if (spec?.resourceAttributes && spec.nonResourceAttributes) {
    const faults = new Faults(minor);
    const shown = new Typed('authorization.NonResourceAttributes', spec.nonResourceAttributes);
    const why = 'cannot be specified in combination with resourceAttributes';
    faults.invalid('spec.nonResourceAttributes', shown, why);
    return faults.list;
  }
  if (!spec?.resourceAttributes && !spec?.nonResourceAttributes) {
    return [
      fault(
        'spec.resourceAttributes',
        'Invalid value: "null": exactly one of nonResourceAttributes or resourceAttributes must be specified',
      ),
    ];
  }
  const { fieldSelector, labelSelector } = spec.resourceAttributes ?? {};
  return [...checkSelector('fieldSelector', fieldSelector), ...checkSelector('labelSelector', labelSelector)];
}

/** Operators that the server does not know narrow nothing; the rest must make sense. */
function checkSelector(name: string, selector: JsonObject | undefined): FieldError[] {
  if (!selector) return [];
  const path = `spec.resourceAttributes.${name}`;
  const { rawSelector, requirements = [] } = selector;
  const required = (field: string, why: string): FieldError => ({
    type: 'FieldValueRequired',
    field,
    message: `Required value: ${why}`,
  });
  const errors: FieldError[] = [];
  if (rawSelector && requirements.length) {
    const message = `Invalid value: ${JSON.stringify(rawSelector)}: may not specified at the same time as requirements`;
    errors.push(fault(`${path}.rawSelector`, message));
  }
  if (!rawSelector && !requirements.length) {
    errors.push(required(`${path}.requirements`, `when ${path} is specified, requirements or rawSelector is required`));
  }
  requirements.forEach(({ operator, values = [] }: JsonObject, i: number) => {
    const at = `${path}.requirements[${i}].values`;
    if ((operator === 'In' || operator === 'NotIn') && !values.length)
      errors.push(required(at, "must be specified when `operator` is 'In' or 'NotIn'"));
    if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length) {
      const message = "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
      errors.push({ type: 'FieldValueForbidden', field: at, message });
    }
  });
  return errors;
}

/** The authorizer's word on a review's attributes. */
function decide(core: Core, { spec }: KubeObject, user: UserInfo): object {
  const path = spec.nonResourceAttributes?.path;
  const resource = spec.resourceAttributes ?? {};
  const asked: Attributes = {
    verb: resource.verb ?? spec.nonResourceAttributes?.verb ?? '',
    group: resource.group ?? '',
    resource: resource.resource ?? '',
    subresource: resource.subresource ?? '',
    namespace: resource.namespace ?? '',
    name: resource.name ?? '',
    ...(spec.nonResourceAttributes ? { path: path ?? '' } : undefined),
    ...(resource.fieldSelector ? { fieldSelector: selectorText(resource.fieldSelector) } : undefined),
  };
  const { allowed, reason } = core.authorizer.authorize(user, asked);
  return reason ? { allowed, reason } : { allowed };
}

/** A field selector of a review as it would stand in a request; requirements that cannot stand there narrow nothing. */
function selectorText({ rawSelector, requirements = [] }: JsonObject): string {
  if (rawSelector) return rawSelector;
  return requirements
    .filter(({ operator, values }: JsonObject) => (operator === 'In' || operator === 'NotIn') && values?.length === 1)
    .map(({ key, operator, values }: JsonObject) => `${key}${operator === 'In' ? '=' : '!='}${values[0]}`)
    .join(',');
}

/** What is only asked and never stored has no name, no labels and the like. */
function checkMetadata({ metadata }: KubeObject, namespaced: boolean): FieldError[] {
  const { namespace, managedFields: _, ...rest } = metadata ?? {};
  const given = namespaced || namespace === undefined ? rest : { ...rest, namespace };
  const filled = Object.values(given).some((value) => value !== undefined && value !== null && value !== '');
  if (!filled) return [];
  const why = namespaced ? 'must be empty except for namespace' : 'must be empty';
  return [fault('metadata', `Invalid value: ${JSON.stringify(metadata)}: ${why}`)];
}

export function selfSubjectAccessReview(core: Core, ctx: Context): ApiResponse {
  const review = readObject(core.scheme, ctx, ctx.info);
  refuse([...checkAttributes(review, core.minor), ...checkMetadata(review, false)]);
  return answered(core, ctx, review, decide(core, review, ctx.user));
}

const subjectOf = ({ spec }: KubeObject): UserInfo => ({
  name: spec.user ?? '',
  uid: spec.uid,
  groups: spec.groups ?? [],
  extra: spec.extra,
});

function checkSubject(review: KubeObject, minor: number): FieldError[] {
  const errors = checkAttributes(review, minor);
  if (!review.spec?.user && !review.spec?.groups?.length) {
    errors.push(fault('spec.user', 'Invalid value: "": at least one of user or group must be specified'));
  }
  return errors;
}

export function subjectAccessReview(core: Core, ctx: Context): ApiResponse {
  const review = readObject(core.scheme, ctx, ctx.info);
  refuse([...checkSubject(review, core.minor), ...checkMetadata(review, false)]);
  return answered(core, ctx, review, decide(core, review, subjectOf(review)));
}

export function localSubjectAccessReview(core: Core, ctx: Context): ApiResponse {
  const sent = readObject(core.scheme, ctx, ctx.info);
  const { namespace } = ctx.route;
  const review: KubeObject = { ...sent, metadata: { ...sent.metadata, namespace } };
  const errors = [...checkSubject(review, core.minor), ...checkMetadata(review, true)];
  const asked = review.spec?.resourceAttributes?.namespace;
  if (review.spec?.resourceAttributes && asked !== namespace) {
    errors.push(
      fault(
        'spec.resourceAttributes.namespace',
        `Invalid value: ${JSON.stringify(asked ?? '')}: must match metadata.namespace`,
      ),
    );
  }
  const { nonResourceAttributes } = review.spec ?? {};
  if (nonResourceAttributes) {
    const faults = new Faults(core.minor);
    const value = new Typed('authorization.NonResourceAttributes', nonResourceAttributes);
    faults.invalid('spec.nonResourceAttributes', value, 'disallowed on this kind of request');
    errors.push(...faults.list);
  }
  refuse(errors);
  return answered(core, ctx, review, decide(core, review, subjectOf(review)));
}

export function selfSubjectRulesReview(core: Core, ctx: Context): ApiResponse {
  const review = readObject(core.scheme, ctx, ctx.info);
  const namespace: string = review.spec?.namespace ?? '';
  if (!namespace) throw badRequest('no namespace on request');
  const { rules, errors, incomplete } = core.authorizer.rules(ctx.user, namespace);
  const evaluationError = [...(incomplete ? [incomplete] : []), ...errors].join(', ');
  return answered(
    core,
    ctx,
    { ...review, spec: {} },
    {
      resourceRules: rules.filter((rule) => rule.resources?.length).map(resourceRule),
      nonResourceRules: rules
        .filter((rule) => rule.nonResourceURLs?.length)
        .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
      incomplete: evaluationError !== '',
      ...(evaluationError ? { evaluationError } : undefined),
    },
  );
}

const resourceRule = ({ verbs, apiGroups, resources, resourceNames }: PolicyRule) =>
  resourceNames?.length ? { verbs, apiGroups, resources, resourceNames } : { verbs, apiGroups, resources };

export function selfSubjectReview(core: Core, ctx: Context): ApiResponse {
  const review = readObject(core.scheme, ctx, ctx.info);
  const { name, uid, groups, extra } = ctx.user;
  const userInfo: Record<string, unknown> = { username: name };
  if (uid) userInfo.uid = uid;
  if (groups.length) userInfo.groups = groups;
  if (extra && Object.keys(extra).length) userInfo.extra = extra;
  return answered(core, ctx, { ...review, metadata: { creationTimestamp: ctx.time } }, { userInfo });
}

export function tokenReview(core: Core, ctx: Context): ApiResponse {
  const review = readObject(core.scheme, ctx, ctx.info);
  const token: string = review.spec?.token ?? '';
  if (!token) throw badRequest('token is required for TokenReview in authentication');
  const { user, audiences, error } = core.authenticator.token(token, review.spec.audiences ?? []);
  if (!user) {
    return answered(core, ctx, review, {
      user: {},
      error: error ? `[invalid bearer token, ${error}]` : 'invalid bearer token',
    });
  }
  const { name, uid, groups, extra } = user;
  const shown = { username: name, ...(uid ? { uid } : undefined), groups, ...(extra ? { extra } : undefined) };
  return answered(core, ctx, review, { authenticated: true, user: shown, audiences });
}
