// Resource arithmetic and restart rules of a Pod's spec: pure questions.

import { quantityMilli, quantityValue } from '../api/quantity.ts';
import type { Container, PodSpec } from '../api/types.ts';

const NOTHING = { cpu: 0, memory: 0 };

/** What a Pod asks of its node: the larger of its containers' sum and each init container, plus overhead. */
export function podRequests(spec: PodSpec): { cpu: number; memory: number } {
  const { containers, initContainers } = spec;
  if (!spec.resources && !spec.overhead && !containers.some(asks) && !initContainers?.some(asks)) return NOTHING;
  const amount = (container: Pick<Container, 'resources'>, name: string) => {
    const request = container.resources?.requests?.[name] ?? container.resources?.limits?.[name] ?? '0';
    return name === 'cpu' ? quantityMilli(request) : quantityValue(request);
  };
  const total = (name: string) => {
    let sum = 0;
    for (const container of containers) sum += amount(container, name);
    let sidecars = 0;
    let peak = 0;
    for (const container of initContainers ?? []) {
      if (isSidecar(container)) sidecars += amount(container, name);
      peak = Math.max(peak, isSidecar(container) ? sidecars : sidecars + amount(container, name));
    }
    const overhead = amount({ resources: { requests: spec.overhead } }, name);
    // What is asked for the Pod as a whole stands for what its containers ask.
    if (spec.resources?.requests?.[name] !== undefined) return amount(spec, name) + overhead;
    return Math.max(sum + sidecars, peak) + overhead;
  };
  return { cpu: total('cpu'), memory: total('memory') };
}

const asks = ({ resources }: Container): boolean => !!(resources?.requests ?? resources?.limits);

export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always';
}

/** Whether a container that ended with `exitCode` is started again. */
export function shouldRestart(spec: PodSpec, container: Container, exitCode: number): boolean {
  for (const rule of container.restartPolicyRules ?? []) {
    const values = rule.exitCodes?.values ?? [];
    const matches = rule.exitCodes?.operator === 'NotIn' ? !values.includes(exitCode) : values.includes(exitCode);
    if (rule.exitCodes && matches) return rule.action === 'Restart';
  }
  const policy = container.restartPolicy ?? spec.restartPolicy ?? 'Always';
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

export function wantsHostPorts(spec: PodSpec): boolean {
  for (const { ports } of spec.containers) if (ports) for (const { hostPort } of ports) if (hostPort) return true;
  return false;
}

const EVERY = '0.0.0.0';

/** Whether two Pods want the same port of their node. */
export function portsClash(one: PodSpec, other: PodSpec): boolean {
  for (const { ports } of one.containers) {
    for (const { hostPort, hostIP = EVERY, protocol } of ports ?? []) {
      if (!hostPort) continue;
      for (const { ports: taken } of other.containers) {
        for (const port of taken ?? []) {
          const ip = port.hostIP ?? EVERY;
          if (port.hostPort !== hostPort || port.protocol !== protocol) continue;
          if (ip === hostIP || ip === EVERY || hostIP === EVERY) return true;
        }
      }
    }
  }
  return false;
}
