// What the checks of the Pod Security Standards have in common: what they look at and how they word what they find.

import type { Container, Pod, PodSpec, SecurityContext } from '../../../api/types.ts';

export interface Violation {
  reason: string;
  detail: string;
}

export interface Check {
  id: string;
  level: 'baseline' | 'restricted';
  /** First minor version of the standard that has it. */
  since: number;
  /** Baseline checks that this one makes superfluous at its level. */
  overrides?: string[];
  run(pod: PodView): Violation | undefined;
}

/** What checks look at: a Pod, or the template of a workload. */
export interface PodView {
  metadata: Pod['metadata'];
  spec: PodSpec;
  containers: Container[];
}

export function viewOf(metadata: Pod['metadata'], spec: PodSpec): PodView {
  const containers = [
    ...(spec.initContainers ?? []),
    ...(spec.containers ?? []),
    ...((spec.ephemeralContainers ?? []) as Container[]),
  ];
  return { metadata, spec, containers };
}

export const quote = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');
export const plural = (one: string, many: string, count: number): string => (count === 1 ? one : many);
export const named = (names: readonly string[]): string =>
  `${plural('container', 'containers', names.length)} ${quote(names)}`;

/** Names of the containers for which `bad` holds. */
export const bad = (view: PodView, test: (context: SecurityContext, container: Container) => boolean): string[] =>
  view.containers.filter((one) => test(one.securityContext ?? {}, one)).map((one) => one.name);

/** 'pod and container "c"': who sets something, the Pod itself among them. */
export function setters(pod: boolean, containers: readonly string[]): string | undefined {
  const all = pod ? ['pod'] : [];
  if (containers.length) all.push(named(containers));
  return all.length ? all.join(' and ') : undefined;
}

export const windows = ({ spec }: PodView): boolean => spec.os?.name === 'windows';
/** Root inside a user namespace is nobody outside (relaxed with v1.35). */
export const userNamespace = ({ spec }: PodView): boolean => spec.hostUsers === false;

export const distinct = (values: readonly string[]): string[] => [...new Set(values)].sort();

export const refusal = (reason: string, who: string | undefined, words: string): Violation | undefined =>
  who ? { reason, detail: `${who} ${words}` } : undefined;
