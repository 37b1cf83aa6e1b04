// ListOptions of a list or a watch that says which resource versions match, and the tokens of lists in pages.

import { base64Text, utf8Base64 } from '../api/base64.ts';
import { jsonError } from '../api/json-error.ts';
import type { FieldError } from '../api/types.ts';
import { param } from './context.ts';
import { badRequest, expired, invalid } from './status.ts';
import type { ApiRequest } from './types.ts';

const MATCH = 'resourceVersionMatch';
const forbidden = (field: string, why: string): FieldError => ({
  type: 'FieldValueForbidden',
  field,
  message: `Forbidden: ${why}`,
});
const unsupported = (match: string, supported: readonly string[]): FieldError => ({
  type: 'FieldValueNotSupported',
  field: MATCH,
  message: `Unsupported value: ${JSON.stringify(match)}: supported values: ${supported.map((one) => JSON.stringify(one)).join(', ')}`,
});

/** Throws what the server answers to options that do not go together. */
export function checkListOptions(request: ApiRequest, watching: boolean) {
  const faults = watching ? watchFaults(request) : listFaults(request);
  if (faults.length) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', faults);
}

function listFaults(request: ApiRequest): FieldError[] {
  const faults: FieldError[] = [];
  const match = param(request, MATCH);
  const version = param(request, 'resourceVersion');
  if (match) {
    if (!version) faults.push(forbidden(MATCH, `${MATCH} is forbidden unless resourceVersion is provided`));
    if (param(request, 'continue')) faults.push(forbidden(MATCH, `${MATCH} is forbidden when continue is provided`));
    if (match !== 'Exact' && match !== 'NotOlderThan') faults.push(unsupported(match, ['Exact', 'NotOlderThan', '']));
    if (match === 'Exact' && version === '0')
      faults.push(forbidden(MATCH, `${MATCH} "exact" is forbidden for resourceVersion "0"`));
  }
  if (param(request, 'sendInitialEvents'))
    faults.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  return faults;
}

function watchFaults(request: ApiRequest): FieldError[] {
  const faults: FieldError[] = [];
  const match = param(request, MATCH);
  const initial = param(request, 'sendInitialEvents');
  if (initial && match !== 'NotOlderThan')
    faults.push(forbidden(MATCH, `sendInitialEvents requires setting ${MATCH} to NotOlderThan`));
  if (match) {
    if (!initial) faults.push(forbidden(MATCH, `${MATCH} is forbidden for watch unless sendInitialEvents is provided`));
    if (match !== 'NotOlderThan') faults.push(unsupported(match, ['NotOlderThan']));
    if (param(request, 'continue')) faults.push(forbidden(MATCH, `${MATCH} is forbidden when continue is provided`));
  }
  return faults;
}

const TOKEN_VERSION = 'meta.k8s.io/v1';

/** `revision`: -1 for the latest, where the one of the first page is forgotten. */
export function writeToken(revision: number, start: string): string {
  return utf8Base64(JSON.stringify({ v: TOKEN_VERSION, rv: revision, start }))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');
}

export function readToken(token: string): { revision: number; start: string } {
  const bad = (why: string) => badRequest(`invalid continue token: continue key is not valid: ${why}`);
  const odd = token.search(/[^\w-]/);
  if (odd >= 0 || token.length % 4 === 1) {
    throw bad(`illegal base64 data at input byte ${odd >= 0 ? odd : token.length - 1}`);
  }
  const text = base64Text(token.replaceAll('-', '+').replaceAll('_', '/'));
  let value: { v?: string; rv?: number; start?: string };
  try {
    value = (JSON.parse(text) ?? {}) as typeof value;
  } catch {
    throw bad(jsonError(text));
  }
  const { v = '', rv, start } = value;
  if (v !== TOKEN_VERSION) throw bad(`server does not recognize this encoded version ${JSON.stringify(v)}`);
  if (!rv) throw bad(`incorrect encoded start resourceVersion (version ${TOKEN_VERSION})`);
  if (!start) throw bad(`encoded start key empty (version ${TOKEN_VERSION})`);
  // No way out of what is listed.
  if (start.split('/').some((name, i) => name === '..' || name === '.' || (name === '' && i > 0))) throw bad(start);
  return { revision: rv, start };
}

const TOO_OLD =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter';

/** The pages' revision is forgotten: the rest can be had as it is now. */
export function expiredPage(start: string) {
  const error = expired(
    `${TOO_OLD}, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.`,
  );
  error.status.metadata = { continue: writeToken(-1, start) };
  return error;
}
