// Who may call: AuthorizationPolicies as the proxy of the called workload evaluates them.

import type { JsonObject } from '../../api/types.ts';
import { header, inCidr, ipNumber, parseCidr, type Address } from '../../linux/index.ts';
import type { Request } from './routes.ts';
import type { View } from './view.ts';

/** Who calls, and what is known of the connection. */
export interface Caller {
  /** spiffe://…; '' without mTLS. */
  principal: string;
  remote: Address;
  /** Where to, as the caller has it. */
  ip: string;
  port: number;
  sni: string;
}

/** As policies write it, without the scheme. */
const plain = (principal: string) => principal.replace('spiffe://', '');

function fits(pattern: string, value: string): boolean {
  if (pattern === '*') return value !== '';
  if (pattern.startsWith('*')) return value.endsWith(pattern.slice(1));
  return pattern.endsWith('*') ? value.startsWith(pattern.slice(0, -1)) : pattern === value;
}

/** The lists `name` and `notName` of a part of a rule. */
function listed(part: JsonObject, name: string, value: string, test = fits): boolean {
  const not = `not${name[0].toUpperCase()}${name.slice(1)}`;
  const any = (list: string[] | undefined) => list?.some((pattern) => test(pattern, value));
  if (any(part[name]) === false) return false;
  return !any(part[not]);
}

const ofPrincipal = (principal: string, at: number) => plain(principal).split('/')[at] ?? '';

const inRange = (range: string, ip: string) => {
  const cidr = parseCidr(range);
  return !!cidr && inCidr(cidr, ipNumber(ip));
};

function sourceHolds(source: JsonObject, { principal, remote }: Caller): boolean {
  return (
    listed(source, 'principals', plain(principal)) &&
    listed(source, 'namespaces', ofPrincipal(principal, 2)) &&
    listed(source, 'serviceAccounts', `${ofPrincipal(principal, 2)}/${ofPrincipal(principal, 4)}`) &&
    listed(source, 'ipBlocks', remote.ip, inRange)
  );
}

const HTTP_ONLY = ['hosts', 'notHosts', 'methods', 'notMethods', 'paths', 'notPaths'];

function operationHolds(
  operation: JsonObject,
  caller: Caller,
  request: Request | undefined,
  denying: boolean,
): boolean {
  if (!listed(operation, 'ports', String(caller.port))) return false;
  // Without HTTP there is nothing to compare: an ALLOW rule cannot hold, of a DENY rule the rest counts.
  if (!request) return denying || !HTTP_ONLY.some((name) => operation[name]);
  const host = (header(request.headers, 'host') ?? '').toLowerCase();
  const anyHost = (pattern: string) =>
    fits(pattern.toLowerCase(), host) || fits(pattern.toLowerCase(), host.replace(/:\d+$/, ''));
  return (
    listed(operation, 'hosts', host, anyHost) &&
    listed(operation, 'methods', request.method) &&
    listed(operation, 'paths', request.target.split('?', 1)[0])
  );
}

function conditionHolds({ key, values, notValues }: JsonObject, caller: Caller, request: Request | undefined): boolean {
  const named = /^request\.headers\[(.+)\]$/.exec(key)?.[1];
  if (named && !request) return false;
  const { principal, remote } = caller;
  const known: Record<string, string> = {
    'source.ip': remote.ip,
    'source.namespace': ofPrincipal(principal, 2),
    'source.principal': plain(principal),
    'destination.ip': caller.ip,
    'destination.port': String(caller.port),
    'connection.sni': caller.sni,
  };
  const value = named ? (header(request?.headers ?? [], named) ?? '') : (known[key] ?? '');
  const test = key === 'source.ip' || key === 'destination.ip' ? inRange : fits;
  return listed({ values, notValues }, 'values', value, test);
}

function ruleHolds(rule: JsonObject, caller: Caller, request: Request | undefined, denying: boolean): boolean {
  const some = (list: JsonObject[] | undefined, test: (one: JsonObject) => boolean) => !list || list.some(test);
  return (
    some(rule.from, ({ source }) => sourceHolds(source ?? {}, caller)) &&
    some(rule.to, ({ operation }) => operationHolds(operation ?? {}, caller, request, denying)) &&
    ((rule.when ?? []) as JsonObject[]).every((condition) => conditionHolds(condition, caller, request))
  );
}

/** undefined: allowed; else why not, as access logs have it. */
export function denial(view: View, caller: Caller, request: Request | undefined): string | undefined {
  const policies = view.once('authorization', () =>
    view.concerning('AuthorizationPolicy', (spec) => spec.selector?.matchLabels),
  );
  if (!policies.length) return undefined;
  const matched = (action: string) => {
    for (const { metadata, spec } of policies) {
      if ((spec?.action ?? 'ALLOW') !== action) continue;
      const rules = (spec?.rules ?? []) as JsonObject[];
      const at = rules.findIndex((rule) => ruleHolds(rule, caller, request, action === 'DENY'));
      if (at >= 0) return `ns[${metadata.namespace}]-policy[${metadata.name}]-rule[${at}]`;
    }
    return undefined;
  };
  const denied = matched('DENY');
  if (denied) return `rbac_access_denied_matched_policy[${denied}]`;
  const allows = policies.some(({ spec }) => (spec?.action ?? 'ALLOW') === 'ALLOW');
  return !allows || matched('ALLOW') ? undefined : 'rbac_access_denied_matched_policy[none]';
}
