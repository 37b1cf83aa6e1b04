// Versions of a custom resource that a webhook converts: it cannot be called, so that requests for them fail as when it is
// not there. Watches, which only tell that something changed, see objects as they are stored.

import type { JsonObject } from '../../api/types.ts';
import { webhookFailure } from '../admission/webhook-call.ts';
import type { Context } from '../context.ts';
import type { Core } from '../handlers/types.ts';
import { watch } from '../handlers/watch.ts';
import { negotiate, watchViewOf } from '../respond.ts';
import { unexpected } from '../status.ts';
import type { Virtual } from '../virtual/index.ts';

const TIMEOUT_SECONDS = 30;

/** Serves a version that is not stored. `stored`: 'group/version' that is. */
export const convertedByWebhook =
  (webhook: JsonObject, stored: string): Virtual =>
  (core: Core, ctx: Context) => {
    const { info, request, route } = ctx;
    if (route.verb === 'watch')
      return { code: 200, headers: {}, watch: watch(core, ctx, watchViewOf(core, info, request, negotiate(request))) };
    const hook = { clientConfig: webhook.clientConfig, timeoutSeconds: TIMEOUT_SECONDS };
    throw unexpected(`conversion webhook for ${stored}, Kind=${info.kind} failed: ${webhookFailure(hook, core)}`);
  };
