// PodSecurity: what the labels of a namespace demand of its Pods, enforced on Pods and warned about on their owners.

import type { FieldError, KubeObject, Pod, PodSpec, ResourceInfo } from '../../../api/types.ts';
import { part } from '../../../parts/index.ts';
import { equal } from '../../equal.ts';
import { forbidden, invalid } from '../../status.ts';
import { Selection } from '../../storage/selection.ts';
import { NOTHING_ELSE, type AdmissionHost, type AdmissionPlugin, type Attributes } from '../types.ts';
import { viewOf, type PodView, type Violation } from './view.ts';

type Level = 'privileged' | 'baseline' | 'restricted';
type Mode = 'enforce' | 'audit' | 'warn';
interface Policy {
  level: Level;
  /** Minor version; Infinity for latest. */
  minor: number;
  text: string;
}

const PREFIX = 'pod-security.kubernetes.io/';
const LEVELS: readonly string[] = ['privileged', 'baseline', 'restricted'];
const MODES: readonly Mode[] = ['enforce', 'audit', 'warn'];
const PRIVILEGED: Policy = { level: 'privileged', minor: Infinity, text: 'privileged:latest' };

/** Where a workload keeps its Pod template. */
const TEMPLATES: Record<string, (object: KubeObject) => { metadata?: object; spec?: PodSpec } | undefined> = {
  podtemplates: (object) => object.template,
  replicationcontrollers: (object) => object.spec?.template,
  'replicasets.apps': (object) => object.spec?.template,
  'deployments.apps': (object) => object.spec?.template,
  'statefulsets.apps': (object) => object.spec?.template,
  'daemonsets.apps': (object) => object.spec?.template,
  'jobs.batch': (object) => object.spec?.template,
  'cronjobs.batch': (object) => object.spec?.jobTemplate?.spec?.template,
};

const nameOf = (info: ResourceInfo): string => (info.group ? `${info.resource}.${info.group}` : info.resource);

export const podSecurity: AdmissionPlugin = {
  name: 'PodSecurity',
  handles(operation, info, subresource) {
    if (operation === 'DELETE') return false;
    const name = nameOf(info);
    if (name === 'pods') return subresource === '' || subresource === 'ephemeralcontainers';
    return subresource === '' && (name === 'namespaces' || name in TEMPLATES);
  },
  findings(creation, host) {
    const labels = labelsOf(creation, host);
    return policyOf(labels, 'enforce', []) || policyOf(labels, 'warn', []) ? undefined : NOTHING_ELSE;
  },
  validate(attributes, host) {
    const name = nameOf(attributes.info);
    if (name === 'namespaces') checkNamespace(attributes, host);
    else if (name === 'pods') checkPod(attributes, host);
    else checkTemplate(attributes, host, TEMPLATES[name](attributes.object as KubeObject));
  },
};

/** The policy of a mode as the labels say it; undefined when they do not. A broken label is an error. */
function policyOf(labels: Record<string, string> | undefined, mode: Mode, errors: FieldError[]): Policy | undefined {
  const level = labels?.[PREFIX + mode];
  const version = labels?.[`${PREFIX}${mode}-version`];
  const fault = (label: string, value: string, why: string) =>
    errors.push({
      type: 'FieldValueInvalid',
      field: `metadata.labels[${label}]`,
      message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
    });
  if (level !== undefined && !LEVELS.includes(level)) {
    fault(PREFIX + mode, level, 'must be one of privileged, baseline, restricted');
  }
  const match = version === undefined ? undefined : /^v1\.(0|[1-9]\d*)$/.exec(version);
  if (version !== undefined && version !== 'latest' && !match) {
    fault(`${PREFIX}${mode}-version`, version, 'must be "latest" or "v1.x"');
  }
  if (level === undefined || !LEVELS.includes(level)) return undefined;
  return {
    level: level as Level,
    minor: match ? Number(match[1]) : Infinity,
    text: `${level}:${match ? version : 'latest'}`,
  };
}

function evaluate(policy: Policy, view: PodView): Violation[] {
  if (policy.level === 'privileged') return [];
  const active = part('pod-security').CHECKS.filter(
    (check) => check.since <= policy.minor && (check.level === 'baseline' || policy.level === 'restricted'),
  );
  const overridden = new Set(active.flatMap((check) => check.overrides ?? []));
  const found: Violation[] = [];
  for (const check of active) {
    const violation = overridden.has(check.id) ? undefined : check.run(view);
    if (violation) found.push(violation);
  }
  return found;
}

const reasons = (violations: readonly Violation[]): string => violations.map(({ reason }) => reason).join(', ');
const details = (violations: readonly Violation[]): string =>
  violations.map(({ reason, detail }) => (detail ? `${reason} (${detail})` : reason)).join(', ');

function labelsOf(
  { namespace }: Pick<Attributes, 'namespace'>,
  { scheme, storage }: AdmissionHost,
): Record<string, string> | undefined {
  const info = scheme.resource('', 'v1', 'namespaces');
  return info && storage.get(info, '', namespace)?.metadata.labels;
}

function checkPod(attributes: Attributes, host: AdmissionHost) {
  const labels = labelsOf(attributes, host);
  const enforce = policyOf(labels, 'enforce', []);
  const warn = policyOf(labels, 'warn', []);
  if (!enforce && !warn) return;
  const pod = attributes.object as unknown as Pod;
  if (!pod.spec || (attributes.old && !significant(pod, attributes.old as unknown as Pod))) return;
  const view = viewOf(pod.metadata, pod.spec);
  const refused = enforce ? evaluate(enforce, view) : [];
  if (refused.length) {
    const { info, name } = attributes;
    throw forbidden(info, name, `violates PodSecurity "${enforce?.text}": ${details(refused)}`);
  }
  if (warn) warnAbout(attributes, warn, view);
}

/** Updates that touch nothing the standards speak of are not looked at. */
function significant({ spec }: Pod, { spec: old }: Pod): boolean {
  return (
    !equal(spec?.containers, old?.containers) ||
    !equal(spec?.initContainers, old?.initContainers) ||
    !equal(spec?.ephemeralContainers, old?.ephemeralContainers)
  );
}

function warnAbout(attributes: Attributes, policy: Policy, view: PodView) {
  const violations = evaluate(policy, view);
  if (violations.length) attributes.warn(`would violate PodSecurity "${policy.text}": ${details(violations)}`);
}

function checkTemplate(
  attributes: Attributes,
  host: AdmissionHost,
  template: { metadata?: object; spec?: PodSpec } | undefined,
) {
  if (!template?.spec) return;
  const labels = labelsOf(attributes, host);
  // Without a level to warn at, the enforced one is warned about: the Pods will not come.
  const policy = policyOf(labels, 'warn', []) ?? policyOf(labels, 'enforce', []);
  if (policy) warnAbout(attributes, policy, viewOf(template.metadata ?? {}, template.spec));
}

function checkNamespace(attributes: Attributes, host: AdmissionHost) {
  const { object, old, info, name } = attributes;
  const labels = object?.metadata.labels;
  const errors: FieldError[] = [];
  const policies = MODES.map((mode) => policyOf(labels, mode, errors));
  const before = old?.metadata.labels;
  if (errors.length) {
    // What was broken before stays possible to update.
    const oldErrors: FieldError[] = [];
    for (const mode of MODES) policyOf(before, mode, oldErrors);
    const fresh = errors.filter((error) => !oldErrors.some((other) => equal(error, other)));
    if (fresh.length) throw invalid(info, name, fresh);
  }
  if (!old) return;
  const now = policies[0] ?? PRIVILEGED;
  const then = policyOf(before, 'enforce', []) ?? PRIVILEGED;
  if (now.level === 'privileged' || now.text === then.text) return;
  if (now.minor === then.minor && LEVELS.indexOf(now.level) < LEVELS.indexOf(then.level)) return;
  warnAboutPresent(attributes, host, now);
}

/** Pods that the new level would not have admitted stay; the one who changes the level is told. */
function warnAboutPresent(attributes: Attributes, { scheme, storage }: AdmissionHost, policy: Policy) {
  const pods = scheme.resource('', 'v1', 'pods');
  if (!pods) return;
  const groups = new Map<string, string[]>();
  for (const pod of storage.cache(pods).list(new Selection(attributes.name, undefined, [], []))) {
    const violations = evaluate(policy, viewOf(pod.metadata, pod.spec));
    if (violations.length === 0) continue;
    const text = reasons(violations);
    const names = groups.get(text) ?? [];
    names.push(pod.metadata.name as string);
    groups.set(text, names);
  }
  if (groups.size === 0) return;
  attributes.warn(
    `existing pods in namespace "${attributes.name}" violate the new PodSecurity enforce level "${policy.text}"`,
  );
  groups.forEach((names, text) => {
    const others = names.length - 1;
    const more = others === 0 ? '' : others === 1 ? ' (and 1 other pod)' : ` (and ${others} other pods)`;
    attributes.warn(`${names[0]}${more}: ${text}`);
  });
}
