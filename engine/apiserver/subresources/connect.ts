// Admission of a connection (exec, attach, port-forward, proxy): its options, which come in the query, as an object that
// webhooks and policies see and may change.

import type { KubeObject } from '../../api/types.ts';
import { param, type Context } from '../context.ts';
import type { Core } from '../handlers/types.ts';
import { isTrue } from '../route.ts';
import type { ApiRequest } from '../types.ts';
import { admitted } from './admit.ts';

/** Options of exec and attach that are on or off. */
const FLAGS = ['stdin', 'stdout', 'stderr', 'tty'];
const OPTIONS = [...FLAGS, 'container', 'command', 'ports'];

/** The connection as it is to be opened; throws when it may not be. */
export function admitConnection(core: Core, ctx: Context): Context {
  const { kind = '', group = '', version = 'v1' } = ctx.sub ?? {};
  const options = optionsOf(ctx, kind);
  const { object, validate } = admitted(core, ctx, 'CONNECT', { group, version, kind }, options);
  validate();
  return object === options ? ctx : { ...ctx, request: requestOf(ctx, options, object) };
}

function optionsOf({ request, route }: Context, kind: string): KubeObject {
  const options: KubeObject = { kind, apiVersion: 'v1' } as KubeObject;
  const { query } = request;
  const listed = (name: string) => [query?.[name] ?? []].flat();
  if (kind === 'PodPortForwardOptions') {
    const ports = listed('ports').map(Number);
    return ports.length ? { ...options, ports } : options;
  }
  if (kind.endsWith('ProxyOptions')) return route.rest ? { ...options, path: route.rest } : options;
  for (const name of FLAGS) if (isTrue(query?.[name])) options[name] = true;
  const container = param(request, 'container');
  if (container) options.container = container;
  return kind === 'PodExecOptions' ? { ...options, command: listed('command') } : options;
}

/** The request as if the client had sent these options. */
function requestOf({ request }: Context, before: KubeObject, options: KubeObject): ApiRequest {
  const { path, query } = request;
  if (before.path !== options.path) {
    const end = path.indexOf('/proxy') + '/proxy'.length;
    return { ...request, path: `${path.slice(0, end)}/${String(options.path ?? '').replace(/^\//, '')}` };
  }
  const next: NonNullable<ApiRequest['query']> = { ...query };
  for (const name of OPTIONS) {
    const value: unknown = options[name];
    if (value === undefined) delete next[name];
    else next[name] = Array.isArray(value) ? value.map(String) : String(value);
  }
  return { ...request, query: next };
}
