// Server-side apply.

import type { Context } from '../context.ts';
import { StatusError } from '../status.ts';
import type { Core } from './types.ts';
import type { Updated } from './update.ts';

export function apply(_core: Core, _ctx: Context): Updated {
  throw new StatusError(415, 'UnsupportedMediaType', 'server-side apply is not served by this API server', {});
}
