// What the four controllers of a cloud-controller-manager have in common.

import type { EventRecorder, Client, Informer, WorkQueue } from '../client/index.ts';
import type { Node } from '../api/types.ts';
import type { Cidr } from '../linux/net/index.ts';
import type { Sim } from '../sim/index.ts';
import type { Provider } from './provider.ts';

export const UNINITIALIZED = 'node.cloudprovider.kubernetes.io/uninitialized';
export const SHUTDOWN = 'node.cloudprovider.kubernetes.io/shutdown';

export interface CloudContext {
  sim: Sim;
  provider: Provider;
  client: Client;
  /** --cluster-cidr */
  clusterCIDRs: readonly Cidr[];
  nodes: Informer<Node>;
  informer<T extends object>(groupVersion: string, plural: string): Informer<T>;
  recorder(component: string): EventRecorder;
  queue(reconcile: (key: string) => void, onError?: (key: string, error: unknown) => void): WorkQueue;
  every(period: number, fn: () => void): void;
  /** A line of the log. */
  log(where: string, text: string, level?: 'I' | 'W' | 'E'): void;
}

export interface CloudController {
  /** As `--controllers` names it. */
  readonly name: string;
  /** Whether the flags let it run. */
  enabled?(flags: Readonly<Record<string, string>>): boolean;
  start(context: CloudContext): void;
}
