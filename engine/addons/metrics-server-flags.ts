// metrics-server's command line: what has an effect here, and what is refused.

import { goDurationMs } from '../api/duration.ts';
import { parseLabelSelector, SelectorError, type LabelRequirement } from '../api/selectors.ts';

export interface MetricsServerFlags {
  /** Nothing is asked for more often, ms. */
  resolution: number;
  securePort: number;
  certDir: string;
  /** Types of nodes' addresses, the best first. */
  addressTypes: readonly string[];
  /** Where kubelets listen; undefined: the Node says it. */
  kubeletPort: number | undefined;
  /** Nodes that are asked. */
  nodes: readonly LabelRequirement[];
}

/** Of v0.8: those that are switches, and all others that are not modelled. */
const SWITCHES = new Set(['kubelet-insecure-tls', 'kubelet-use-node-status-port', 'help', 'version']);
const UNMODELLED = new Set(
  (
    'audit-log-path audit-policy-file authentication-kubeconfig authentication-skip-lookup authorization-kubeconfig ' +
    'authorization-always-allow-paths bind-address client-ca-file contention-profiling disable-http2-serving feature-gates ' +
    'http2-max-streams-per-connection kubeconfig kubelet-certificate-authority kubelet-client-certificate ' +
    'kubelet-client-key kubelet-request-timeout log-flush-frequency logging-format permit-address-sharing ' +
    'permit-port-sharing profiling requestheader-allowed-names requestheader-client-ca-file ' +
    'requestheader-extra-headers-prefix requestheader-group-headers requestheader-username-headers shutdown-delay-duration ' +
    'tls-cert-file tls-cipher-suites tls-min-version tls-private-key-file tls-sni-cert-key track-pod-metrics v version vmodule'
  ).split(' '),
);
const LEAST_RESOLUTION = 10_000;

/** A string: the line with which the program ends. */
export function metricsServerFlags(argv: readonly string[]): MetricsServerFlags | string {
  const given: Record<string, string> = {};
  for (let i = 1; i < argv.length; i++) {
    const [, name = '', , value] = /^--([a-z][-a-z0-9]*)(=(.*))?$/s.exec(argv[i]) ?? [];
    if (!name) return `Error: unknown command ${JSON.stringify(argv[i])} for "metrics-server"`;
    if (UNMODELLED.has(name)) return `metrics-server: the flag --${name} is not modelled by this engine`;
    if (!Object.hasOwn(READERS, name) && !SWITCHES.has(name)) return `Error: unknown flag: --${name}`;
    if (value === undefined && !SWITCHES.has(name) && ++i === argv.length)
      return `Error: flag needs an argument: --${name}`;
    given[name] = value ?? (SWITCHES.has(name) ? 'true' : argv[i]);
  }
  const flags: MetricsServerFlags = {
    resolution: 60_000,
    securePort: 443,
    certDir: 'apiserver.local.config/certificates',
    addressTypes: ['Hostname', 'InternalDNS', 'InternalIP', 'ExternalDNS', 'ExternalIP'],
    kubeletPort: given['kubelet-use-node-status-port'] === 'true' ? undefined : 10250,
    nodes: [],
  };
  for (const name in given) {
    const problem = READERS[name]?.(flags, given[name]);
    if (problem) return problem;
  }
  return flags;
}

const invalid = (name: string, value: string, why: string) =>
  `Error: invalid argument ${JSON.stringify(value)} for "--${name}" flag: ${why}`;

function port(name: string, value: string, take: (port: number) => void): string | undefined {
  if (!/^\d+$/.test(value))
    return invalid(name, value, `strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
  take(Number(value));
  return undefined;
}

const READERS: Readonly<Record<string, (flags: MetricsServerFlags, value: string) => string | undefined>> = {
  'cert-dir': (flags, value) => void (flags.certDir = value),
  'kubelet-port': (flags, value) =>
    port('kubelet-port', value, (number) => {
      if (flags.kubeletPort !== undefined) flags.kubeletPort = number;
    }),
  'kubelet-preferred-address-types': (flags, value) => void (flags.addressTypes = value.split(',')),
  'metric-resolution'(flags, value) {
    const ms = goDurationMs(value);
    if (ms === undefined) return invalid('metric-resolution', value, `time: invalid duration ${JSON.stringify(value)}`);
    if (ms < LEAST_RESOLUTION)
      return `Error: metric-resolution should be a time duration at least 10s, but value ${value} provided`;
    flags.resolution = ms;
    return undefined;
  },
  'node-selector'(flags, value) {
    try {
      flags.nodes = parseLabelSelector(value);
    } catch (error) {
      if (!(error instanceof SelectorError)) throw error;
      return `Error: unable to parse node selector: ${error.message}`;
    }
    return undefined;
  },
  'secure-port': (flags, value) => port('secure-port', value, (number) => (flags.securePort = number)),
};
