// Query parameters that every request may have: what is wrong at a glance, and what needs a closer look.

import { badRequest } from './status.ts';
import type { ApiRequest } from './types.ts';

/** Numbers among the parameters must be numbers. */
export function checkParameters(query: NonNullable<ApiRequest['query']>) {
  for (const name of ['timeoutSeconds', 'limit', 'gracePeriodSeconds']) {
    const value = query[name];
    if (typeof value === 'string' && value !== '' && !/^-?\d+$/.test(value)) {
      throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
    }
  }
}

const FIELD_MANAGER = /^[ -~]{0,128}$/;
const FIELD_VALIDATIONS: Record<string, boolean> = { '': true, Ignore: true, Strict: true, Warn: true };

/** Whether the options of a write need no closer look. */
export function isUsual({ query, headers }: ApiRequest): boolean {
  // An apply must name its manager, and alone may force.
  const isApply = headers?.['content-type']?.startsWith('application/apply') === true;
  if (!query) return !isApply;
  const { dryRun, fieldManager, fieldValidation, force } = query;
  if (isApply ? !fieldManager || (force !== undefined && force !== 'true' && force !== 'false') : force !== undefined)
    return false;
  return (
    (dryRun === undefined || dryRun === 'All') &&
    (fieldManager === undefined || (typeof fieldManager === 'string' && FIELD_MANAGER.test(fieldManager))) &&
    (fieldValidation === undefined ||
      (typeof fieldValidation === 'string' && FIELD_VALIDATIONS[fieldValidation] === true))
  );
}
