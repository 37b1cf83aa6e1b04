// The command line of a program of the control plane: the flags that kubeadm writes, as it writes them, and those that the
// engine heeds. Whatever else would change what the program does is refused, in the program's own words when it has no such
// flag.

import { goDurationMs } from '../api/duration.ts';
import { part } from '../parts/index.ts';
import type { ComponentName } from './control-plane-manifests.ts';

/** Why the program ends: the whole text for what it cannot read, else the reason that its log gives. */
export type Refusal = { line: string } | { reason: string };

export interface CommandLine {
  component: ComponentName;
  argv: readonly string[];
  /** What kubeadm writes for this machine. */
  standard: Readonly<Record<string, string>>;
  /** Flags that may have any value: whoever asks reads it. */
  heeded: () => ReadonlySet<string>;
  /** Of the release. */
  minor: number;
  /** Flags of `standard` may be left out: the program does not serve the cluster. */
  apart?: boolean;
}

/** The flags by name; one that is given twice as a list. */
export function readFlags({
  component,
  argv,
  standard,
  heeded,
  minor,
  apart,
}: CommandLine): Map<string, string> | Refusal {
  const given = new Map<string, string>();
  for (let i = 1; i < argv.length; i++) {
    const match = /^--?([a-z][-a-z0-9]*)(?:=(.*))?$/s.exec(argv[i]);
    if (!match) {
      const rest = JSON.stringify(argv[i]);
      return {
        line:
          component === 'etcd'
            ? `'${argv[i]}' is not a valid flag`
            : `Error: "${component}" does not take any arguments, got [${rest}]`,
      };
    }
    const name = match[1];
    let value = match[2];
    if (value === undefined || value !== standard[name]) {
      const flag = part('control-plane').flagOf(component, name, minor);
      if (!flag) return { line: unknown(component, name) };
      const needsNone = flag.preset === 'true' || flag.preset === 'false';
      if (value === undefined && needsNone) value = 'true';
      if (value === undefined && i + 1 === argv.length) return { line: `Error: flag needs an argument: --${name}` };
      value ??= argv[++i];
      if (
        !heeded().has(name) &&
        value !== standard[name] &&
        !(standard[name] === undefined && same(value, flag.preset))
      ) {
        return { reason: `the flag --${name}=${value} is not modelled by this engine` };
      }
    }
    const before = given.get(name);
    given.set(name, before === undefined || !LISTS.has(name) ? value : `${before},${value}`);
  }
  if (apart) return given;
  for (const name in standard) {
    if (given.has(name) || heeded().has(name)) continue;
    const flag = part('control-plane').flagOf(component, name, minor);
    if (!flag || !same(standard[name], flag.preset))
      return { reason: `${component} without the flag --${name} is not modelled by this engine` };
  }
  return given;
}

/** Flags that may be repeated. */
const LISTS = new Set(['oidc-required-claim', 'oidc-signing-algs']);

function unknown(component: ComponentName, name: string): string {
  // Go's own flag package, which prints the usage too.
  return component === 'etcd'
    ? `flag provided but not defined: -${name}\n${ETCD_USAGE}`
    : `Error: unknown flag: --${name}`;
}

const ETCD_USAGE =
  'Usage:\n\n  etcd [flags]\n    Start an etcd server.\n\n  etcd --version\n    Show the version of etcd.\n\n  etcd -h | --help\n    Show the help information about etcd.\n\n  etcd --config-file\n    Path to the server configuration file. Note that if a configuration file is provided, other command line flags and environment variables will be ignored.\n\n  etcd gateway\n    Run the stateless pass-through etcd TCP connection forwarding proxy.\n\n  etcd grpc-proxy\n    Run the stateless etcd v3 gRPC L7 reverse proxy.\n';

/** Whether two values say the same: durations may be written in several ways. */
function same(a: string, b: string): boolean {
  if (a === b) return true;
  const ms = goDurationMs(a);
  return ms !== undefined && ms === goDurationMs(b);
}
