// What Ingresses say, as a table of hosts and paths in the order in which nginx looks.

import type { HTTPIngressPath, Ingress, IngressBackend, IngressClass } from '../api/types.ts';

export const CONTROLLER = 'k8s.io/ingress-nginx';
const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
const DEFAULT_CLASS = 'ingressclass.kubernetes.io/is-default-class';
const PREFIX = 'nginx.ingress.kubernetes.io/';

export interface Location {
  path: string;
  type: string;
  pattern: RegExp | undefined;
  namespace: string;
  ingress: string;
  backend: IngressBackend;
  rewrite: string | undefined;
  /** Plain HTTP is sent to HTTPS. */
  redirect: boolean;
}

export interface Routes {
  hosts: Map<string, Location[]>;
  /** Of Ingresses without rules for a request. */
  fallback: Location | undefined;
  tls: { host: string; namespace: string; secret: string }[];
}

/** Whether this controller is the one that an Ingress asks for. */
export function isOurs(ingress: Ingress, classes: readonly IngressClass[]): boolean {
  const ours = classes.filter(({ spec }) => spec?.controller === CONTROLLER);
  const annotated = ingress.metadata.annotations?.[CLASS_ANNOTATION];
  if (annotated !== undefined) return annotated === 'nginx';
  const name = ingress.spec?.ingressClassName;
  if (name !== undefined) return ours.some(({ metadata }) => metadata.name === name);
  return ours.some(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS] === 'true');
}

export function routesOf(ingresses: readonly Ingress[]): Routes {
  const routes: Routes = { hosts: new Map(), fallback: undefined, tls: [] };
  // One rewritten path makes patterns of all paths of its host.
  const patterns = new Set<string>();
  const older = (a: Ingress, b: Ingress) =>
    (a.metadata.creationTimestamp ?? '') < (b.metadata.creationTimestamp ?? '') ? -1 : 1;
  for (const ingress of [...ingresses].sort(older)) {
    const { namespace = '', name = '', annotations = {} } = ingress.metadata;
    const secured = new Set<string>();
    for (const { hosts = [''], secretName = '' } of ingress.spec?.tls ?? []) {
      for (const host of hosts) {
        secured.add(host);
        routes.tls.push({ host, namespace, secret: secretName });
      }
    }
    const forced = annotations[`${PREFIX}force-ssl-redirect`] === 'true';
    const wanted = annotations[`${PREFIX}ssl-redirect`] !== 'false';
    const rewrite = annotations[`${PREFIX}rewrite-target`];
    const location = (backend: IngressBackend, path: HTTPIngressPath | undefined, host: string): Location => {
      const text = path?.path || '/';
      if (annotations[`${PREFIX}use-regex`] === 'true' || (rewrite && rewrite !== text)) patterns.add(host);
      return {
        path: text,
        type: path?.pathType ?? 'Prefix',
        pattern: undefined,
        namespace,
        ingress: name,
        backend,
        rewrite,
        redirect: forced || (wanted && secured.has(host)),
      };
    };
    for (const { host = '', http } of ingress.spec?.rules ?? []) {
      const list = routes.hosts.get(host) ?? [];
      routes.hosts.set(host, list);
      for (const path of http?.paths ?? []) list.push(location(path.backend, path, host));
      if (ingress.spec?.defaultBackend) list.push(location(ingress.spec.defaultBackend, undefined, host));
    }
    if (ingress.spec?.defaultBackend && !ingress.spec.rules?.length) {
      routes.fallback ??= location(ingress.spec.defaultBackend, undefined, '');
    }
  }
  // An exact path comes first, then the longest; of patterns the longest.
  const rank = ({ type, path, pattern }: Location) => (type === 'Exact' && !pattern ? 1e6 : 0) + path.length;
  routes.hosts.forEach((list, host) => {
    if (patterns.has(host)) list.forEach((one) => (one.pattern = patternOf(one.path)));
    list.sort((a, b) => rank(b) - rank(a));
  });
  return routes;
}

/** `location ~* "^PATH"`; what is no regular expression is taken word for word, and nginx would not have loaded it. */
function patternOf(path: string): RegExp {
  try {
    return new RegExp(`^${path}`, 'i');
  } catch {
    return new RegExp(`^${path.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}`, 'i');
  }
}

/** Whether a host belongs to a name: `*.example.com` are those one label below. */
export const covers = (name: string, host: string) =>
  name === host || (name.startsWith('*.') && host.slice(host.indexOf('.')) === name.slice(1));

/** The location for a request: by host, by wildcard, or for all hosts. */
export function findLocation(routes: Routes, host: string, path: string): Location | undefined {
  const wildcard = `*${host.slice(host.indexOf('.') < 0 ? host.length : host.indexOf('.'))}`;
  const list = routes.hosts.get(host) ?? routes.hosts.get(wildcard) ?? routes.hosts.get('');
  return list?.find((location) => matches(location, path)) ?? routes.fallback;
}

function matches({ path, type, pattern }: Location, asked: string): boolean {
  if (pattern) return pattern.test(asked);
  if (type === 'Exact') return asked === path;
  if (type === 'ImplementationSpecific') return asked.startsWith(path);
  const whole = path.endsWith('/') ? path.slice(0, -1) : path;
  return asked === whole || asked.startsWith(`${whole}/`) || whole === '';
}
