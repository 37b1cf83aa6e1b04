// Which rule of a route a request meets: by host, path, method, headers and parameters, in the order that the Gateway API
// lays down, and what its filters make of it.

import { header, type Headers } from '../linux/index.ts';
import type { HeaderChange, PathChange, RoutedRule, RouteMatch, ValueMatch, VirtualHost } from './types.ts';

export interface Asked {
  method: string;
  host: string;
  path: string;
  /** Without the question mark. */
  query: string;
  headers: Headers;
}

/** Whether a name belongs to a pattern: '' is all, `*.example.com` everything below. */
export function covers(pattern: string, name: string): boolean {
  if (pattern === '' || pattern === name) return true;
  return pattern.startsWith('*.') && name.endsWith(pattern.slice(1)) && name.length > pattern.length - 1;
}

/** What a listener's and a route's hostname have in common: the narrower one; undefined: nothing. */
export function common(listener: string, route: string): string | undefined {
  if (listener === '' || (listener.startsWith('*.') && covers(listener, route.replace(/^\*/, 'x')))) return route;
  if (listener === route) return route;
  return route === '' || covers(route, listener) ? listener : undefined;
}

/** The most specific of the hosts that a name belongs to: it alone, then the longest wildcard. */
export function hostOf(hosts: readonly VirtualHost[], name: string): VirtualHost | undefined {
  const fitting = hosts.filter(({ hostname }) => covers(hostname, name));
  return (
    fitting.find(({ hostname }) => hostname === name) ??
    fitting.toSorted((a, b) => b.hostname.length - a.hostname.length)[0]
  );
}

const PATH_RANK: Record<string, number> = { Exact: 2, PathPrefix: 1, RegularExpression: 1 };

/** Sorts before what is less precise: an exact path, a longer one, a method, more headers, more parameters. */
export function moreSpecific(a: RouteMatch, b: RouteMatch): number {
  const rank = ({ path }: RouteMatch) => PATH_RANK[path?.type ?? 'PathPrefix'];
  const length = ({ path }: RouteMatch) => (path?.value ?? '/').length;
  return (
    rank(b) - rank(a) ||
    length(b) - length(a) ||
    Number(b.method !== undefined) - Number(a.method !== undefined) ||
    (b.headers?.length ?? 0) - (a.headers?.length ?? 0) ||
    (b.queryParams?.length ?? 0) - (a.queryParams?.length ?? 0)
  );
}

export function ruleFor({ rules }: VirtualHost, asked: Asked): RoutedRule | undefined {
  return rules.find(({ match }) => fits(match, asked));
}

function fits({ path, method, headers = [], queryParams = [] }: RouteMatch, asked: Asked): boolean {
  if (!pathFits(path?.type ?? 'PathPrefix', path?.value ?? '/', asked.path)) return false;
  if (method !== undefined && method !== asked.method) return false;
  if (!headers.every((each) => valueFits(each, header(asked.headers, each.name)))) return false;
  return queryParams.every((each) => valueFits(each, parameter(asked.query, each.name)));
}

function pathFits(type: string, value: string, path: string): boolean {
  if (type === 'Exact') return path === value;
  if (type === 'RegularExpression') return new RegExp(`^(?:${value})`).test(path);
  const prefix = value.endsWith('/') ? value.slice(0, -1) : value;
  return path === prefix || path.startsWith(`${prefix}/`);
}

function valueFits({ type, value }: ValueMatch, found: string | undefined): boolean {
  if (found === undefined) return false;
  return type === 'RegularExpression' ? new RegExp(value).test(found) : found === value;
}

function parameter(query: string, name: string): string | undefined {
  for (const part of query.split('&')) {
    const [key, value = ''] = part.split('=');
    if (key === name) return value;
  }
  return undefined;
}

export function changedHeaders(headers: Headers, { set = [], add = [], remove = [] }: HeaderChange): Headers {
  const gone = new Set([...remove, ...set.map(({ name }) => name)].map((name) => name.toLowerCase()));
  const out: Headers = headers.filter(([name]) => !gone.has(name.toLowerCase()));
  for (const { name, value } of set) out.push([name, value]);
  for (const { name, value } of add) {
    const at = out.findIndex(([known]) => known.toLowerCase() === name.toLowerCase());
    if (at < 0) out.push([name, value]);
    else out[at] = [out[at][0], `${out[at][1]},${value}`];
  }
  return out;
}

/** A path as a filter rewrites it; `prefix` is what the rule matched. */
export function changedPath(path: string, change: PathChange | undefined, prefix: string): string {
  if (!change) return path;
  if (change.type === 'ReplaceFullPath') return change.replaceFullPath ?? '/';
  const rest = path.slice(prefix.endsWith('/') ? prefix.length - 1 : prefix.length);
  const start = (change.replacePrefixMatch ?? '/').replace(/\/$/, '');
  return `${start}${rest}` || '/';
}
