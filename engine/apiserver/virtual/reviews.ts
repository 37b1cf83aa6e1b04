// Access reviews ask the authorizer, token reviews the authenticator; the answer is the review with its status.

import type { FieldError, KubeObject } from '../../api/types.ts';
import { readObject } from '../body.ts';
import type { Context } from '../context.ts';
import type { Core } from '../handlers/types.ts';
import { badRequest, invalid } from '../status.ts';
import type { ApiResponse, UserInfo } from '../types.ts';

const answered = (review: KubeObject, status: object): ApiResponse => ({
  code: 201,
  headers: {},
  body: { ...review, metadata: review.metadata ?? {}, status },
});

const AUTHORIZATION = { group: 'authorization.k8s.io', kind: '' };
const fault = (field: string, message: string): FieldError => ({ type: 'FieldValueInvalid', field, message });

function refuse(errors: FieldError[]) {
  if (errors.length) throw invalid(AUTHORIZATION, '', errors);
}

function checkAttributes({ spec }: KubeObject): FieldError[] {
  if (spec?.resourceAttributes && spec.nonResourceAttributes) {
    const { path = '', verb = '' } = spec.nonResourceAttributes;
    const shown = `authorization.NonResourceAttributes{Path:${JSON.stringify(path)}, Verb:${JSON.stringify(verb)}}`;
    return [
      fault(
        'spec.nonResourceAttributes',
        `Invalid value: ${shown}: cannot be specified in combination with resourceAttributes`,
      ),
    ];
  }
  if (!spec?.resourceAttributes && !spec?.nonResourceAttributes) {
    return [
      fault(
        'spec.resourceAttributes',
        'Invalid value: "null": exactly one of nonResourceAttributes or resourceAttributes must be specified',
      ),
    ];
  }
  return [];
}

/** The authorizer's word on a review's attributes. */
function decide(core: Core, { spec }: KubeObject, user: UserInfo): object {
  const resource = spec.resourceAttributes ?? {};
  const { allowed, reason } = core.authorizer.authorize({
    user,
    verb: resource.verb ?? spec.nonResourceAttributes?.verb ?? '',
    group: resource.group ?? '',
    version: resource.version ?? '',
    resource: resource.resource ?? '',
    subresource: resource.subresource ?? '',
    namespace: resource.namespace ?? '',
    name: resource.name ?? '',
    path: spec.nonResourceAttributes?.path ?? '',
  });
  return reason ? { allowed, reason } : { allowed };
}

export function selfSubjectAccessReview(core: Core, ctx: Context): ApiResponse {
  const review = readObject(core.scheme, ctx, ctx.info);
  refuse(checkAttributes(review));
  return answered(review, decide(core, review, ctx.user));
}

const subjectOf = ({ spec }: KubeObject): UserInfo => ({
  name: spec.user ?? '',
  uid: spec.uid,
  groups: spec.groups ?? [],
  extra: spec.extra,
});

function checkSubject(review: KubeObject): FieldError[] {
  const errors = checkAttributes(review);
  if (!review.spec?.user && !review.spec?.groups?.length) {
    errors.push(fault('spec.user', 'Invalid value: "": at least one of user or group must be specified'));
  }
  return errors;
}

export function subjectAccessReview(core: Core, ctx: Context): ApiResponse {
  const review = readObject(core.scheme, ctx, ctx.info);
  refuse(checkSubject(review));
  return answered(review, decide(core, review, subjectOf(review)));
}

export function localSubjectAccessReview(core: Core, ctx: Context): ApiResponse {
  const sent = readObject(core.scheme, ctx, ctx.info);
  const { namespace } = ctx.route;
  const review: KubeObject = { ...sent, metadata: { ...sent.metadata, namespace } };
  const errors = checkSubject(review);
  const asked = review.spec?.resourceAttributes?.namespace;
  if (review.spec?.resourceAttributes && asked !== namespace) {
    errors.push(
      fault(
        'spec.resourceAttributes.namespace',
        `Invalid value: ${JSON.stringify(asked ?? '')}: must match metadata.namespace`,
      ),
    );
  }
  refuse(errors);
  return answered(review, decide(core, review, subjectOf(review)));
}

export function selfSubjectRulesReview(core: Core, ctx: Context): ApiResponse {
  const review = readObject(core.scheme, ctx, ctx.info);
  const namespace: string = review.spec?.namespace ?? '';
  if (!namespace) throw badRequest('no namespace on request');
  return answered({ ...review, spec: {} }, { incomplete: false, ...core.authorizer.rules(ctx.user, namespace) });
}

export function selfSubjectReview(core: Core, ctx: Context): ApiResponse {
  const review = readObject(core.scheme, ctx, ctx.info);
  const { name, uid, groups, extra } = ctx.user;
  const userInfo: Record<string, unknown> = { username: name };
  if (uid) userInfo.uid = uid;
  if (groups.length) userInfo.groups = groups;
  if (extra && Object.keys(extra).length) userInfo.extra = extra;
  return answered({ ...review, metadata: { creationTimestamp: ctx.time } }, { userInfo });
}

export function tokenReview(core: Core, ctx: Context): ApiResponse {
  const review = readObject(core.scheme, ctx, ctx.info);
  const user = core.tokens.token(review.spec?.token ?? '');
  if (!user) return answered(review, { user: {}, error: 'invalid bearer token' });
  const { name, uid, groups } = user;
  return answered(review, {
    authenticated: true,
    user: { username: name, uid, groups },
    audiences: [core.tokens.issuer],
  });
}
