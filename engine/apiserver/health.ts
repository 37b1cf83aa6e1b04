// /healthz, /livez and /readyz: each check by name, and all of them. A server that answers at all is well.

import type { Egress } from './egress.ts';
import type { ApiRequest, ApiResponse } from './types.ts';

const hooks = () =>
  (
    'start-apiserver-admission-initializer generic-apiserver-start-informers priority-and-fairness-config-consumer ' +
    'priority-and-fairness-filter storage-object-count-tracker-hook start-apiextensions-informers ' +
    'start-apiextensions-controllers crd-informer-synced start-system-namespaces-controller ' +
    'start-cluster-authentication-info-controller start-kube-apiserver-identity-lease-controller ' +
    'start-kube-apiserver-identity-lease-garbage-collector start-legacy-token-tracking-controller ' +
    'start-service-ip-repair-controllers rbac/bootstrap-roles scheduling/bootstrap-system-priority-classes ' +
    'priority-and-fairness-config-producer bootstrap-controller aggregator-reload-proxy-client-cert ' +
    'start-kube-aggregator-informers apiservice-status-local-available-controller ' +
    'apiservice-status-remote-available-controller apiservice-registration-controller apiservice-discovery-controller ' +
    'kube-apiserver-autoregistration'
  )
    .split(' ')
    .map((name) => `poststarthook/${name}`);
const LATE = ['autoregister-completion', 'poststarthook/apiservice-openapi-controller'];
const OPENAPI_V3 = 'poststarthook/apiservice-openapiv3-controller';

/** In the order in which they are told. */
export const CHECKS: Record<string, () => readonly string[]> = {
  healthz: () => ['ping', 'log', 'etcd', ...hooks(), ...LATE, OPENAPI_V3],
  livez: () => ['ping', 'log', 'etcd', ...hooks(), ...LATE, OPENAPI_V3],
  readyz: () => ['ping', 'log', 'etcd', 'etcd-readiness', 'informer-sync', ...hooks(), ...LATE, OPENAPI_V3, 'shutdown'],
};

const text = (body: string, code = 200): ApiResponse => ({
  code,
  headers: {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-cache, private',
    'x-content-type-options': 'nosniff',
  },
  body,
});

/** Undefined when the path asks for no check that there is. `further`: one that only this server has. */
export function health(path: string, query: ApiRequest['query'], further?: Egress['check']): ApiResponse | undefined {
  const [, name, ...rest] = path.split('/');
  if (!CHECKS[name]) return undefined;
  const checks = () => (further ? [...CHECKS[name](), further.name] : CHECKS[name]());
  const failure = further?.failure();
  if (rest.length > 0) {
    const asked = rest.join('/');
    if (failure !== undefined && asked === further?.name) return text(`internal server error: ${failure}\n`, 500);
    return checks().includes(asked) ? text('ok') : undefined;
  }
  const excluded = new Set([query?.exclude ?? []].flat());
  const failed = failure !== undefined && !excluded.has(further?.name ?? '');
  if (query?.verbose === undefined && !failed) return text('ok');
  let lines = '';
  for (const check of checks()) {
    if (failed && check === further?.name) lines += `[-]${check} failed: reason withheld\n`;
    else lines += excluded.delete(check) ? `[+]${check} excluded: ok\n` : `[+]${check} ok\n`;
  }
  if (excluded.size) {
    const names = [...excluded].map((one) => JSON.stringify(one)).join(', ');
    lines += `warn: some health checks cannot be excluded: no matches for ${names}\n`;
  }
  return failed ? text(`${lines}${name} check failed\n`, 500) : text(`${lines}${name} check passed\n`);
}
