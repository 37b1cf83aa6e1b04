// What the `sim` command acts on, and what one of its sub-commands is.

import type { Egress } from '../apiserver/egress.ts';
import type { LoggedRequest } from '../apiserver/request-log.ts';
import type { Client } from '../client/index.ts';
import type { Provider } from '../cloud/provider.ts';
import type { ImageFaults } from '../images/faults.ts';
import type { Kubelet } from '../kubelet/index.ts';
import type { Host, Process } from '../linux/index.ts';
import type { Decision } from '../scheduler/index.ts';
import type { Co, Sim } from '../sim/index.ts';

/** The parts of a cluster that can be looked at and disturbed from outside. */
export interface SimTargets {
  sim: Sim;
  kubelets: ReadonlyMap<string, Kubelet>;
  /** Nodes by name. */
  machines: ReadonlyMap<string, Host>;
  images: ImageFaults;
  plugged(node: string): boolean;
  /** Takes a machine off the network, or plugs it in again. */
  plug(node: string, connected: boolean): void;
  /** The API as it is stored, whether or not its server can be reached. */
  client: Client;
  /** Requests of the last command line; `all`: also what the components of the cluster sent meanwhile. */
  requests(all: boolean): LoggedRequest[];
  /** How the API server's connections leave for nodes, Pods and Services; undefined: there is none. */
  egress(): Egress | undefined;
  /** Where the API server asks a node's kubelet; undefined: there is no such node. */
  kubeletAddress(node: string): string | undefined;
  /** The provider of the machines, where there is one. */
  cloud: Provider | undefined;
  /** The scheduler's last decision on the Pod 'namespace/name'. */
  explain(pod: string): Decision | undefined;
}

/** What went wrong, in a sentence; the command ends with status 1. */
export class SimError extends Error {}

export interface Flag {
  name: string;
  /** What stands after it, for the help; absent: a switch. */
  value?: string;
  short?: string;
  help: string;
}

export interface SubCommand {
  name: string;
  /** Arguments as the help shows them. */
  usage: string;
  help: string;
  flags?: readonly Flag[];
  /** Fewest and most arguments. */
  args: readonly [number, number];
  run(call: Call): Co<number | void>;
}

/** One call of a sub-command. */
export interface Call {
  targets: SimTargets;
  process: Process;
  args: string[];
  /** Values of flags; switches are 'true'. */
  flags: Readonly<Record<string, string | undefined>>;
  line(text?: string): void;
}
