// What a request asks for, as the authorizers see it.

import { parseFieldSelector } from '../../api/selectors.ts';
import { param } from '../context.ts';
import type { Route } from '../route.ts';
import type { ApiRequest } from '../types.ts';
import type { Attributes } from './types.ts';

/** Verbs of requests that a selector narrows. */
const SELECTING = new Set(['list', 'watch', 'deletecollection']);

export function attributesOf(asked: Route | undefined, request: ApiRequest): Attributes {
  if (!asked) return nonResource(request.method.toLowerCase(), request.path);
  if (!request.query || !SELECTING.has(asked.verb)) return asked;
  const fieldSelector = param(request, 'fieldSelector');
  if (!fieldSelector) return asked;
  // A list of the one object of a name is allowed to who may read that object.
  return { ...asked, fieldSelector, name: asked.name || exactName(fieldSelector) };
}

const nonResource = (verb: string, path: string): Attributes => ({
  verb,
  group: '',
  resource: '',
  subresource: '',
  namespace: '',
  name: '',
  path,
});

function exactName(selector: string): string {
  try {
    const term = parseFieldSelector(selector).find(({ field, equal }) => field === 'metadata.name' && equal);
    return term?.value ?? '';
  } catch {
    // The handler says what is wrong with it.
    return '';
  }
}
