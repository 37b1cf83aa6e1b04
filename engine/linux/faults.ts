// What has been done to a program on purpose: ports that refuse or hang, HTTP answers that it would not give by itself.

import type { NetworkNamespace } from './net/index.ts';

export interface PortFault {
  /** Connections are refused, or accepted and never served. */
  connect?: 'refuse' | 'hang';
  /** Status of the answers to requests whose path begins with `path`. */
  answers?: { path: string; status: number }[];
}

const faults = new WeakMap<NetworkNamespace, Map<number, PortFault>>();

/** Undefined takes the fault away. */
export function setPortFault(net: NetworkNamespace, port: number, fault: PortFault | undefined) {
  let ports = faults.get(net);
  if (!ports) faults.set(net, (ports = new Map()));
  if (fault) ports.set(port, fault);
  else ports.delete(port);
}

export const portFault = (net: NetworkNamespace, port: number): PortFault | undefined => faults.get(net)?.get(port);

/** The status that a request gets instead of its answer. */
export function faultyStatus(fault: PortFault | undefined, target: string): number | undefined {
  const path = target.split('?', 1)[0];
  return fault?.answers?.find((answer) => path === answer.path || path.startsWith(`${answer.path.replace(/\/$/, '')}/`))
    ?.status;
}
