import { createScheme } from '../../engine/api/index.ts';
import { ApiServer } from '../../engine/apiserver/index.ts';
import type { ApiRequest, ApiResponse } from '../../engine/apiserver/types.ts';
import { Sim } from '../../engine/sim/index.ts';

export const BIRTH = Date.UTC(2026, 0, 5, 9);
const ADMIN = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] };

/** A server with a namespace `default` in which Pods can be made; requests as a client sends them, bodies as text. */
export function serve(version?: string) {
  const sim = new Sim({ seed: 7, start: BIRTH });
  const server = new ApiServer({ sim, scheme: createScheme(), freeze: true, version });
  server.bootstrap();
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  const send = (
    method: ApiRequest['method'],
    path: string,
    body?: unknown,
    rest: Partial<ApiRequest> = {},
  ): ApiResponse & { body: any } => {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const headers = { accept: 'application/json', 'content-type': 'application/json', ...rest.headers };
    return server.handle({ method, path, user: ADMIN, ...rest, headers, body: text as string }) as never;
  };
  const patch = (
    path: string,
    type: 'merge' | 'strategic-merge' | 'json',
    body: unknown,
    query?: ApiRequest['query'],
  ) => send('PATCH', path, body, { headers: { 'content-type': `application/${type}-patch+json` }, query });
  const watch = (path: string, query: Record<string, string> = {}) => {
    const events: string[] = [];
    const stream = send('GET', path, undefined, { query: { ...query, watch: 'true' } }).watch!;
    stream.pipe((type, object) => events.push(`${type} ${object.metadata.name}`));
    return { events, stream };
  };
  send('POST', '/api/v1/namespaces/default/serviceaccounts', account('default'));
  return { sim, server, send, patch, watch };
}

export const account = (name: string) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } });
export const configMap = (name: string, labels?: Record<string, string>, data?: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels },
  data,
});
export const pod = (name: string, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'nginx' }], ...spec },
});
export const deployment = (name: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
  },
});

export const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';
export const PODS = '/api/v1/namespaces/default/pods';
export const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
