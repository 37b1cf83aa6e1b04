// How large and how deep a request's body may be.

import { utf8Length } from '../api/base64.ts';
import { badRequest, StatusError } from './status.ts';

/** --max-request-bytes of kube-apiserver for resource bodies. */
const MAX_BYTES = 3 * 1024 * 1024;
/** Deeper nesting would not fit the stack of a browser's sandbox; no real object comes near. */
const MAX_DEPTH = 200;
const MAX_OPERATIONS = 10_000;

const tooLarge = (why: string) =>
  new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: ${why}`, undefined);

/** Throws when the text is more than a server reads. */
export function checkBody(text: string) {
  if (text.length > MAX_BYTES || (text.length * 3 > MAX_BYTES && utf8Length(text) > MAX_BYTES))
    throw tooLarge(`limit is ${MAX_BYTES}`);
  // Counting is cheap; only where there are many brackets can they be nested deeply.
  if (text.split('{').length + text.split('[').length > MAX_DEPTH && depthOf(text) > MAX_DEPTH)
    throw badRequest('exceeded max depth');
}

/** A JSON patch of more steps than a server takes. */
export function checkOperations(count: number) {
  if (count > MAX_OPERATIONS)
    throw tooLarge(`The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${count}`);
}

/** How deeply brackets are nested outside of strings. */
function depthOf(text: string): number {
  let depth = 0;
  let most = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 34) {
      for (i++; i < text.length && text.charCodeAt(i) !== 34; i++) if (text.charCodeAt(i) === 92) i++;
    } else if (c === 123 || c === 91) {
      if (++depth > most) most = depth;
    } else if (c === 125 || c === 93) depth--;
  }
  return most;
}
