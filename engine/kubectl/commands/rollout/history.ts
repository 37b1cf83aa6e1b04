// kubectl rollout history and undo: the revisions of a workload, and the way back to one. A Deployment keeps them as
// ReplicaSets, the others as ControllerRevisions.

import { formatLabelSelector } from '../../../api/selectors.ts';
import type { KubeObject, PodTemplateSpec } from '../../../api/types.ts';
import { strategicMerge } from '../../../apiserver/patch/strategic-merge.ts';
import type { Co } from '../../../sim/index.ts';
import type { Command } from '../../command.ts';
import { podTemplate } from '../../describe/pod.ts';
import { DescribeWriter } from '../../describe/writer.ts';
import type { Mapping } from '../../discovery.ts';
import { CommandError, quote, throwAll } from '../../errors.ts';
import type { Args } from '../../flags.ts';
import { type Kubectl, builtinScheme } from '../../kubectl.ts';
import { PRINT_FLAGS, changePrinter, outputPrinter } from '../../output/printers.ts';
import { TableWriter } from '../../output/table.ts';
import { deepEqual } from '../../patch/three-way.ts';
import { FILENAME_FLAGS, type Info, SELECTOR_FLAG } from '../../resource/builder.ts';
import { listItems, listObjects, patchObject } from '../../resource/rest.ts';
import { DRY_RUN_FLAG, LAST_APPLIED, dryRunOf } from '../../write-flags.ts';
import { findRollout } from './find.ts';

const REVISION = 'deployment.kubernetes.io/revision';
const CHANGE_CAUSE = 'kubernetes.io/change-cause';
const HASH_LABEL = 'pod-template-hash';

/** Annotations that stay the Deployment's own when its template goes back. */
const OWN_ANNOTATIONS = [
  LAST_APPLIED,
  REVISION,
  'deployment.kubernetes.io/revision-history',
  'deployment.kubernetes.io/desired-replicas',
  'deployment.kubernetes.io/max-replicas',
  'deprecated.deployment.rollback.to',
];

type Annotations = Record<string, string>;
const annotationsOf = (object: KubeObject) => (object.metadata.annotations ?? {}) as Annotations;

interface Revision {
  number: number;
  /** The ReplicaSet or ControllerRevision. */
  object: KubeObject;
  template: PodTemplateSpec;
}

/** Revisions of a workload, oldest first. */
function* revisionsOf(kubectl: Kubectl, info: Info): Co<Revision[]> {
  const { object, mapping } = info;
  const isDeployment = object.kind === 'Deployment';
  const keeper: Mapping = yield* kubectl.mappingFor(isDeployment ? 'replicasets.apps' : 'controllerrevisions.apps');
  const list = yield* listObjects(kubectl, keeper, info.namespace, {
    labelSelector: formatLabelSelector(object.spec.selector),
  });
  const revisions: Revision[] = [];
  for (const item of listItems(list)) {
    if (!item.metadata.ownerReferences?.some((o) => o.controller && o.uid === object.metadata.uid)) continue;
    if (isDeployment) {
      const number = Number(annotationsOf(item)[REVISION]);
      if (number) revisions.push({ number, object: item, template: item.spec.template });
    } else
      revisions.push({ number: item.revision, object: item, template: restored(mapping, object, item).spec.template });
  }
  return revisions.sort((a, b) => a.number - b.number);
}

/** The workload as a ControllerRevision remembers it. */
function restored(mapping: Mapping, object: KubeObject, revision: KubeObject): KubeObject {
  const scheme = builtinScheme();
  const info = scheme.kind(mapping.group, mapping.version, mapping.kind);
  return info ? (strategicMerge(scheme, info, object, revision.data) as KubeObject) : object;
}

/** Kinds that kubectl has a place for in such commands; for some of them there is nothing it can do. */
const VISITED = ['ReplicaSet', 'ReplicationController', 'Pod', 'Job', 'CronJob'];
const SUPPORTED = ['Deployment', 'DaemonSet', 'StatefulSet'];

function templateText(template: PodTemplateSpec): string {
  const writer = new DescribeWriter();
  podTemplate(writer, template);
  return writer.unaligned;
}

export const history: Command = {
  name: 'history',
  short: 'View rollout history',
  usage: '(TYPE NAME | TYPE/NAME) [flags]',
  flags: [
    ...FILENAME_FLAGS,
    SELECTOR_FLAG,
    ...PRINT_FLAGS,
    { name: 'revision', type: 'int', usage: 'See the details, including podTemplate of the revision specified' },
  ],
  *run(kubectl, args) {
    const wanted = args.int('revision');
    if (wanted < 0) throw new CommandError(`revision must be a positive integer: ${wanted}`);
    const errors: Error[] = [];
    const found = yield* findRollout(kubectl, args, errors);
    for (const info of found) {
      if (!SUPPORTED.includes(info.mapping.kind)) {
        const kind = kindOf(info);
        const { group } = info.mapping;
        errors.push(
          new CommandError(
            VISITED.includes(info.mapping.kind)
              ? `no history viewer has been implemented for ${quote(kind)}`
              : `error retrieving history for ${quote(kind)}, no visitor method exists for {${group} ${info.mapping.kind}}`,
          ),
        );
        continue;
      }
      const revisions = yield* revisionsOf(kubectl, info);
      if (args.string('output')) {
        printRevisions(kubectl, args, revisions, wanted);
        continue;
      }
      const text = historyText(info, revisions, wanted);
      changePrinter(kubectl, args, `${wanted > 0 ? `with revision #${wanted}` : ''}\n${text}`).print(info.object);
    }
    throwAll(errors);
  },
};

/** -o: the ReplicaSets or ControllerRevisions themselves, all or the wanted one. */
function printRevisions(kubectl: Kubectl, args: Args, revisions: Revision[], wanted: number) {
  const printer = outputPrinter(kubectl, args);
  const shown = wanted > 0 ? revisions.filter((r) => r.number === wanted) : revisions;
  if (wanted > 0 && shown.length === 0) throw new CommandError('unable to find the specified revision');
  for (const { object } of shown) printer.print(object);
  printer.end?.();
}

const kindOf = (info: Info) => `${info.mapping.kind}${info.mapping.group ? '.' + info.mapping.group : ''}`;

function historyText(info: Info, revisions: Revision[], wanted: number): string {
  if (revisions.length === 0) return 'No rollout history found.';
  if (wanted > 0) {
    const revision = revisions.find((r) => r.number === wanted);
    if (!revision) throw new CommandError('unable to find the specified revision');
    const cause = annotationsOf(revision.object)[CHANGE_CAUSE];
    if (!cause || info.object.kind !== 'Deployment') return templateText(revision.template);
    const { metadata } = revision.template;
    return templateText({
      ...revision.template,
      metadata: { ...metadata, annotations: { ...metadata?.annotations, [CHANGE_CAUSE]: cause } },
    });
  }
  const table = new TableWriter(0, 2);
  table.row(['REVISION', 'CHANGE-CAUSE']);
  for (const { number, object } of revisions)
    table.row([String(number), annotationsOf(object)[CHANGE_CAUSE] || '<none>']);
  return table.flush();
}

export const undo: Command = {
  name: 'undo',
  short: 'Undo a previous rollout',
  usage: '(TYPE NAME | TYPE/NAME) [flags]',
  flags: [
    ...FILENAME_FLAGS,
    SELECTOR_FLAG,
    ...PRINT_FLAGS,
    DRY_RUN_FLAG,
    { name: 'to-revision', type: 'int', usage: 'The revision to rollback to. Default to 0 (last revision).' },
  ],
  *run(kubectl, args) {
    const errors: Error[] = [];
    const dryRun = dryRunOf(args);
    const found = yield* findRollout(kubectl, args, errors);
    for (const info of found) {
      try {
        if (!SUPPORTED.includes(info.mapping.kind))
          throw new CommandError(`no rollbacker has been implemented for ${quote(kindOf(info))}`);
        const result = yield* rollBack(kubectl, args, info);
        changePrinter(kubectl, args, result, dryRun).print(info.object);
      } catch (error) {
        errors.push(error as Error);
      }
    }
    throwAll(errors);
  },
};

function* rollBack(kubectl: Kubectl, args: Args, info: Info): Co<string> {
  const wanted = args.int('to-revision');
  const notFound = () => new CommandError(`unable to find specified revision ${wanted} in history`);
  if (wanted < 0) throw notFound();
  const { object } = info;
  const isDeployment = object.kind === 'Deployment';
  const revisions = yield* revisionsOf(kubectl, info);
  if (wanted === 0 && revisions.length < 2) {
    throw new CommandError(
      isDeployment ? `no rollout history found for deployment ${quote(info.name)}` : 'no last revision to roll back to',
    );
  }
  const target = wanted === 0 ? revisions[revisions.length - 2] : revisions.find((r) => r.number === wanted);
  if (!target) throw notFound();
  const dryRun = dryRunOf(args);
  if (dryRun === 'client') return `${isDeployment ? '' : 'will roll back to '}${templateText(target.template)}`;
  if (isDeployment && object.spec.paused) {
    throw new CommandError(
      "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again",
    );
  }
  if (deepEqual(withoutHash(target.template), withoutHash(object.spec.template))) {
    return `skipped rollback (current template already matches revision ${wanted})`;
  }
  const { mapping, namespace, name } = info;
  if (isDeployment)
    yield* patchObject(kubectl, mapping, namespace, name, 'json', deploymentPatch(object, target), { dryRun });
  else yield* patchObject(kubectl, mapping, namespace, name, 'strategic', target.object.data, { dryRun });
  return 'rolled back';
}

function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const { [HASH_LABEL]: _, ...labels } = (template.metadata?.labels ?? {}) as Record<string, string>;
  return { ...template, metadata: { ...template.metadata, labels } };
}

function deploymentPatch(deployment: KubeObject, target: Revision): object[] {
  const annotations: Annotations = {};
  const own = annotationsOf(deployment);
  for (const key of OWN_ANNOTATIONS) if (own[key] !== undefined) annotations[key] = own[key];
  const other = annotationsOf(target.object);
  for (const key in other) if (!OWN_ANNOTATIONS.includes(key)) annotations[key] = other[key];
  return [
    { op: 'replace', path: '/spec/template', value: withoutHash(target.template) },
    { op: 'replace', path: '/metadata/annotations', value: annotations },
  ];
}
