// What Konnectivity's two programs have in common: they refuse flags that they do not know, and say that they live.

import type { HttpResponse } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';

/** The first flag that is not among the known ones. */
export function unknownFlag(argv: readonly string[], known: readonly string[]): string | undefined {
  for (const arg of argv.slice(1)) {
    const name = /^--?([-a-z0-9]+)/.exec(arg)?.[1];
    if (name && !known.includes(name)) return name;
  }
  return undefined;
}

const PLAIN: [string, string][] = [['Content-Type', 'text/plain; charset=utf-8']];

// eslint-disable-next-line require-yield
export function* healthy({ target }: { target: string }): Co<HttpResponse> {
  return /^\/(healthz|readyz|ready)(\?|$)/.test(target)
    ? { status: 200, headers: PLAIN, body: 'ok' }
    : { status: 404, headers: PLAIN, body: '404 page not found\n' };
}
