// POST serviceaccounts/NAME/token: a token for a service account (TokenRequest).

import { readObject } from '../body.ts';
import type { Context } from '../context.ts';
import type { Core } from '../handlers/types.ts';
import { notFound } from '../status.ts';
import type { ApiResponse } from '../types.ts';

const DEFAULT_SECONDS = 3600;

export function token(core: Core, ctx: Context): ApiResponse {
  const { namespace, name } = ctx.route;
  const account = core.storage.get(ctx.info, namespace, name);
  if (!account) throw notFound(ctx.info, name);
  const info = core.scheme.kind('authentication.k8s.io', 'v1', 'TokenRequest') ?? {
    ...ctx.info,
    group: 'authentication.k8s.io',
    groupVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
  };
  const sent = readObject(core.scheme, ctx, info);
  const seconds: number = sent.spec?.expirationSeconds ?? DEFAULT_SECONDS;
  const expires = new Date(core.sim.now + seconds * 1000).toISOString().slice(0, 19) + 'Z';
  const text = core.tokens.issue(namespace, name, account.metadata.uid as string, core.sim.now + seconds * 1000);
  return {
    code: 201,
    headers: {},
    body: {
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: { name, namespace, creationTimestamp: ctx.time },
      spec: { ...sent.spec, audiences: sent.spec?.audiences ?? [core.tokens.issuer], expirationSeconds: seconds },
      status: { token: text, expirationTimestamp: expires },
    },
  };
}
