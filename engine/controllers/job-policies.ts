// What a Job's policies make of its Pods: podFailurePolicy for each that failed, successPolicy for the indexes done
// (kubernetes/pkg/controller/job: pod_failure_policy, success_policy).

import { parseIndexes } from './job-indexes.ts';
import type { ContainerStatus, Job, Pod, PodFailurePolicyRule } from '../api/types.ts';

export interface Verdict {
  action: 'FailJob' | 'FailIndex' | 'Ignore' | 'Count';
  message: string;
}

/** The first rule that matches the failed Pod; without one it counts. */
export function judgeFailure(job: Job, pod: Pod): Verdict {
  const rules = job.spec?.podFailurePolicy?.rules ?? [];
  for (let index = 0; index < rules.length; index++) {
    const message = matchRule(rules[index], index, pod);
    if (message !== undefined) return { action: rules[index].action as Verdict['action'], message };
  }
  return { action: 'Count', message: '' };
}

function matchRule(rule: PodFailurePolicyRule, index: number, pod: Pod): string | undefined {
  const name = `${pod.metadata.namespace}/${pod.metadata.name}`;
  if (rule.onExitCodes) {
    const { containerName, operator, values } = rule.onExitCodes;
    const statuses: ContainerStatus[] = [
      ...(pod.status?.containerStatuses ?? []),
      ...(pod.status?.initContainerStatuses ?? []),
    ];
    for (const status of statuses) {
      if (containerName !== undefined && status.name !== containerName) continue;
      const exitCode = status.state?.terminated?.exitCode;
      if (exitCode === undefined || exitCode === 0) continue;
      if (values.includes(exitCode) === (operator === 'In')) {
        return `Container ${status.name} for pod ${name} failed with exit code ${exitCode} matching ${rule.action} rule at index ${index}`;
      }
    }
  }
  for (const pattern of rule.onPodConditions ?? []) {
    const found = pod.status?.conditions?.some(
      ({ type, status }) => type === pattern.type && status === (pattern.status ?? 'True'),
    );
    if (found) return `Pod ${name} has condition ${pattern.type} matching ${rule.action} rule at index ${index}`;
  }
  return undefined;
}

/** The words for the first rule of successPolicy that the finished indexes meet. */
export function judgeSuccess(job: Job, done: ReadonlySet<number>): string | undefined {
  const rules = job.spec?.successPolicy?.rules ?? [];
  for (let index = 0; index < rules.length; index++) {
    const { succeededIndexes, succeededCount } = rules[index];
    const wanted = succeededIndexes === undefined ? undefined : parseIndexes(succeededIndexes, Infinity);
    let met = 0;
    if (wanted) wanted.forEach((i) => (met += done.has(i) ? 1 : 0));
    else met = done.size;
    if (met >= (succeededCount ?? wanted?.size ?? Infinity)) return `Matched rules at index ${index}`;
  }
  return undefined;
}
