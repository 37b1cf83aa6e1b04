// What may stand behind a plug-in's name in a Corefile: arguments and properties that have an effect here pass, those that
// CoreDNS has beside them are refused, and all else is an error in its own words.

import type { Directive } from './corefile.ts';

interface Allowed {
  /** The arguments, parted by spaces; absent: whatever the plug-in itself accepts. */
  args?: RegExp;
  /** Properties that are read, each with what may follow it, or anything. */
  read?: Readonly<Record<string, RegExp>>;
  /** Others that CoreDNS has. */
  others?: readonly string[];
  /** A property may be something else than a word. */
  free?: RegExp;
  /** How CoreDNS calls a property that it does not know. */
  named?: boolean;
}

const NOTHING = /^$/;
const ANY = /^/;

const ALLOWED: Readonly<Record<string, Allowed>> = {
  errors: { args: NOTHING, others: ['consolidate', 'stacktrace', 'show_first'] },
  log: { args: NOTHING, others: ['class'] },
  // CoreDNS looks every 30 s, give or take a share of 15 s; here without the chance.
  reload: { args: /^(30s( 15s)?)?$/ },
  loadbalance: { args: /^(round_robin)?$/, others: ['reload'] },
  loop: { args: NOTHING },
  health: { read: { lameduck: /^\d+(\.\d+)?s$/ } },
  ready: { others: ['monitor'] },
  prometheus: {},
  cache: {
    args: /^(\d+)?$/,
    read: { disable: /^(success|denial)\b/, success: /^\d+( \d+)?$/, denial: /^\d+( \d+)?$/ },
    others: ['prefetch', 'serve_stale', 'servfail', 'keepttl'],
  },
  rewrite: {},
  hosts: {
    read: { fallthrough: NOTHING, ttl: /^\d+$/, no_reverse: NOTHING },
    others: ['reload'],
    free: /^[\d:]/,
    named: true,
  },
  kubernetes: {
    read: { pods: ANY, fallthrough: ANY, ttl: /^\d+$/, endpoint_pod_names: NOTHING },
    others: [
      'apiserver_burst',
      'apiserver_max_inflight',
      'apiserver_qps',
      'endpoint',
      'ignore',
      'kubeconfig',
      'labels',
      'multicluster',
      'namespace_labels',
      'namespaces',
      'noendpoints',
      'startup_timeout',
      'tls',
    ],
    named: true,
  },
  forward: {
    read: { except: ANY, max_concurrent: /^\d+$/, policy: /^(random|round_robin|sequential)$/ },
    others: [
      'expire',
      'failfast_all_unhealthy_upstreams',
      'failover',
      'force_tcp',
      'health_check',
      'max_age',
      'max_connect_attempts',
      'max_fails',
      'max_idle_conns',
      'next',
      'prefer_udp',
      'tls',
      'tls_servername',
    ],
    named: true,
  },
};

/** Why a directive cannot be heeded; undefined: it can, as far as this table knows the plug-in. */
export function unheeded({ name, args, block }: Directive): string | undefined {
  const allowed = ALLOWED[name];
  if (!allowed) return undefined;
  const unmodelled = (what: string) => `plugin/${name}: ${what} is not modelled by this engine`;
  if (allowed.args && !allowed.args.test(args.join(' '))) return unmodelled(`the argument '${args.join(' ')}'`);
  for (const [word, ...rest] of block) {
    if (allowed.free?.test(word)) continue;
    const pattern = allowed.read?.[word];
    if (pattern?.test(rest.join(' '))) continue;
    if (pattern) return unmodelled(`the property '${[word, ...rest].join(' ')}'`);
    if (allowed.others?.includes(word)) return unmodelled(`the property '${word}'`);
    return allowed.named
      ? `unknown property '${word}'`
      : `Wrong argument count or unexpected line ending after '${word}'`;
  }
  return undefined;
}
