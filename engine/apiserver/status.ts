// Answers that are no success, as meta/v1 Status: one constructor for each reason, worded as apimachinery words them.

import type { FieldError, ResourceInfo } from '../api/types.ts';
import type { Status } from './types.ts';

/** Thrown anywhere in the pipeline; becomes the response. */
export class StatusError extends Error {
  readonly status: Status;
  constructor(code: number, reason: string, message: string, details?: Status['details']) {
    super(message);
    this.status = failure(code, reason, message, details);
  }
}

export function failure(code: number, reason: string, message: string, details?: Status['details']): Status {
  const status: Status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message };
  if (reason) status.reason = reason;
  if (details) status.details = details;
  status.code = code;
  return status;
}

type GroupResource = Pick<ResourceInfo, 'group' | 'resource'>;

/** 'pods', 'deployments.apps'. */
export const qualified = (info: GroupResource): string =>
  info.group ? `${info.resource}.${info.group}` : info.resource;

function detailsOf(info: GroupResource, name: string): NonNullable<Status['details']> {
  const details: NonNullable<Status['details']> = {};
  if (name) details.name = name;
  if (info.group) details.group = info.group;
  details.kind = info.resource;
  return details;
}

export const notFound = (info: GroupResource, name: string) =>
  new StatusError(404, 'NotFound', `${qualified(info)} "${name}" not found`, detailsOf(info, name));

export const alreadyExists = (info: GroupResource, name: string, deleting = false) =>
  new StatusError(
    409,
    'AlreadyExists',
    `${deleting ? 'object is being deleted: ' : ''}${qualified(info)} "${name}" already exists`,
    detailsOf(info, name),
  );

/** generateName found no free name. */
export const generatedNameTaken = (info: GroupResource, name: string) =>
  new StatusError(
    409,
    'AlreadyExists',
    `${qualified(info)} "${name}" already exists, the server was not able to generate a unique name for the object`,
    { ...detailsOf(info, name), retryAfterSeconds: 1 },
  );

export const MODIFIED = 'the object has been modified; please apply your changes to the latest version and try again';

export const conflict = (info: GroupResource, name: string, why: string = MODIFIED) =>
  new StatusError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(info)} "${name}": ${why}`,
    detailsOf(info, name),
  );

export const forbidden = (info: GroupResource, name: string, why: string) =>
  new StatusError(
    403,
    'Forbidden',
    name ? `${qualified(info)} "${name}" is forbidden: ${why}` : `${qualified(info)} is forbidden: ${why}`,
    detailsOf(info, name),
  );

/** `kind` may carry another group than the resource's (Scale, Eviction). */
export function invalid(kind: { group: string; kind: string }, name: string, errors: readonly FieldError[]) {
  const texts: string[] = [];
  for (const error of errors) {
    const text = error.field ? `${error.field}: ${error.message}` : error.message;
    if (!texts.includes(text)) texts.push(text);
  }
  const all = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  const details: NonNullable<Status['details']> = {};
  if (name) details.name = name;
  if (kind.group) details.group = kind.group;
  if (kind.kind) details.kind = kind.kind;
  details.causes = errors.map((error) => ({ reason: error.type, message: error.message, field: error.field }));
  const qualifiedKind = kind.group ? `${kind.kind}.${kind.group}` : kind.kind;
  return new StatusError(422, 'Invalid', `${qualifiedKind} "${name}" is invalid: ${all}`, details);
}

/** An error that no reason was found for: what a handler answers when something fails in a way it did not expect. */
export const unexpected = (message: string) => new StatusError(500, '', message);

export const badRequest = (message: string) => new StatusError(400, 'BadRequest', message);
export const unauthorized = () => new StatusError(401, 'Unauthorized', 'Unauthorized');
export const internalError = (message: string) =>
  new StatusError(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] });
export const expired = (message: string) => new StatusError(410, 'Expired', message);
export const tooManyRequests = (message: string, details?: Status['details']) =>
  new StatusError(429, 'TooManyRequests', message, details);

/** A path that leads to nothing in a group that is served. */
export const noResource = () =>
  new StatusError(404, 'NotFound', 'the server could not find the requested resource', {});
export const methodNotAllowed = () =>
  new StatusError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});
/** A verb that the resource itself has not. */
export const methodNotSupported = (info: GroupResource, verb: string) =>
  new StatusError(405, 'MethodNotAllowed', `${verb} is not supported on resources of kind "${qualified(info)}"`, {
    ...(info.group ? { group: info.group } : undefined),
    kind: info.resource,
  });
export const unknownForm = (accepted: readonly string[]) =>
  new StatusError(406, 'NotAcceptable', `only the following media types are accepted: ${accepted.join(', ')}`);
export const notAcceptable = (accepted: readonly string[]) =>
  new StatusError(406, 'NotAcceptable', `406: Not Acceptable\n\nAvailable representations: ${accepted.join(', ')}`, {});
export const unsupportedMediaType = (accepted: readonly string[]) =>
  new StatusError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  );
