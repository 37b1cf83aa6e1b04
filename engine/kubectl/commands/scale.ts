// kubectl scale and kubectl autoscale.

import type { KubeObject } from '../../api/types.ts';
import type { Command } from '../command.ts';
import { CommandError, throwAll } from '../errors.ts';
import { PRINT_FLAGS, changePrinter } from '../output/printers.ts';
import { FILENAME_FLAGS, SELECTOR_FLAG, find, localMapping, selectionOf } from '../resource/builder.ts';
import { createObject, getObject, patchObject, replaceObject } from '../resource/rest.ts';
import { waitFor } from '../resource/waiting.ts';
import { DRY_RUN_FLAG, SAVE_CONFIG_FLAG, dryRunOf, fieldManagerFlag, withLastApplied } from '../write-flags.ts';

export const scale: Command = {
  name: 'scale',
  short: 'Set a new size for a deployment, replica set, or replication controller',
  group: 'Deploy Commands',
  usage: '[--resource-version=version] [--current-replicas=count] --replicas=COUNT (-f FILENAME | TYPE NAME)',
  flags: [
    ...FILENAME_FLAGS,
    SELECTOR_FLAG,
    ...PRINT_FLAGS,
    DRY_RUN_FLAG,
    { name: 'all', type: 'bool', usage: 'Select all resources in the namespace of the specified resource types' },
    {
      name: 'current-replicas',
      type: 'int',
      default: -1,
      usage: 'Precondition for current size. -1 (default) for no condition.',
    },
    { name: 'replicas', type: 'int', required: true, usage: 'The new desired number of replicas. Required.' },
    { name: 'resource-version', type: 'string', usage: 'Precondition for resource version.' },
    {
      name: 'timeout',
      type: 'duration',
      usage: "The length of time to wait before giving up on a scale operation, zero means don't wait.",
    },
  ],
  *run(kubectl, args) {
    const replicas = args.int('replicas');
    if (replicas < 0)
      throw new CommandError('The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0');
    if (args.int('current-replicas') < -1)
      throw new CommandError('The --current-replicas must specify an integer of -1 or greater');
    const dryRun = dryRunOf(args);
    const found = yield* find(kubectl, selectionOf(args, { latest: true }));
    const { infos, errors } = found;
    if (infos.length === 0 && errors.length === 0) throw new CommandError('no objects passed to scale');
    if (infos.length > 1 && args.string('resource-version'))
      throw new CommandError('cannot use --resource-version with multiple resources');
    const printer = changePrinter(kubectl, args, 'scaled', dryRun);
    for (const { mapping, namespace, name, object } of infos) {
      try {
        const options = { dryRun, subresource: 'scale' };
        const expected = args.int('current-replicas');
        const version = args.string('resource-version');
        if (dryRun !== 'client' && expected < 0 && !version) {
          yield* patchObject(kubectl, mapping, namespace, name, 'merge', { spec: { replicas } }, options);
        } else if (dryRun !== 'client') {
          const current = yield* getObject(kubectl, mapping, namespace, name, { subresource: 'scale' });
          if (expected >= 0 && current.spec.replicas !== expected) {
            throw new CommandError(`Expected replicas to be ${expected}, was ${current.spec.replicas}`);
          }
          if (version && current.metadata.resourceVersion !== version) {
            throw new CommandError(
              `Expected resource version to be ${version}, was ${current.metadata.resourceVersion}`,
            );
          }
          yield* replaceObject(kubectl, mapping, namespace, name, { ...current, spec: { replicas } }, options);
        }
        printer.print(object);
        if (args.duration('timeout') > 0 && dryRun === 'none') {
          const done = (o: KubeObject | undefined) =>
            o && o.status?.replicas === replicas && (o.status.observedGeneration ?? 0) >= (o.metadata.generation ?? 0)
              ? true
              : undefined;
          if (!(yield* waitFor(kubectl, mapping, namespace, name, args.duration('timeout'), done)))
            throw new CommandError('timed out waiting for the condition');
        }
      } catch (error) {
        errors.push(error as Error);
      }
    }
    throwAll(errors);
  },
};

export const autoscale: Command = {
  name: 'autoscale',
  short: 'Auto-scale a deployment, replica set, stateful set, or replication controller',
  group: 'Deploy Commands',
  usage: '(-f FILENAME | TYPE NAME | TYPE/NAME) [--min=MINPODS] --max=MAXPODS [--cpu=CPU]',
  flags: [
    ...FILENAME_FLAGS,
    ...PRINT_FLAGS,
    DRY_RUN_FLAG,
    SAVE_CONFIG_FLAG,
    fieldManagerFlag('kubectl-autoscale'),
    {
      name: 'cpu',
      type: 'string',
      usage: 'Target CPU utilization over all the pods: a percentage of the request (70%) or a quantity (500m).',
    },
    {
      name: 'cpu-percent',
      type: 'int',
      default: -1,
      usage: 'The target average CPU utilization (represented as a percent of requested CPU) over all the pods.',
    },
    {
      name: 'max',
      type: 'int',
      default: -1,
      required: true,
      usage: 'The upper limit for the number of pods that can be set by the autoscaler. Required.',
    },
    {
      name: 'memory',
      type: 'string',
      usage: 'Target memory over all the pods: a percentage of the request (70%) or a quantity (200Mi).',
    },
    {
      name: 'min',
      type: 'int',
      default: -1,
      usage: 'The lower limit for the number of pods that can be set by the autoscaler.',
    },
    {
      name: 'name',
      type: 'string',
      usage: 'The name for the newly created object. If not specified, the name of the input resource will be used.',
    },
  ],
  *run(kubectl, args) {
    const max = args.int('max');
    const min = args.int('min');
    if (max < 1) throw new CommandError(`--max=MAXPODS is required and must be at least 1, max: ${max}`);
    if (max < min)
      throw new CommandError(`--max=MAXPODS must be larger or equal to --min=MINPODS, max: ${max}, min: ${min}`);
    const percent = args.int('cpu-percent');
    if (percent !== -1)
      kubectl.warn(
        "Flag --cpu-percent has been deprecated, Use --cpu with percentage or resource quantity format (e.g., '70%' for utilization or '500m' for milliCPU).",
      );
    const metrics: object[] = [];
    const add = (name: string, text: string) => {
      const match = /^(\d+)%$/.exec(text);
      const target = match
        ? { type: 'Utilization', averageUtilization: Number(match[1]) }
        : { type: 'AverageValue', averageValue: text };
      if (text) metrics.push({ type: 'Resource', resource: { name, target } });
    };
    add('cpu', args.string('cpu') || (percent >= 0 ? `${percent}%` : ''));
    add('memory', args.string('memory'));
    const dryRun = dryRunOf(args);
    const found = yield* find(kubectl, selectionOf(args, { latest: true }));
    throwAll(found.errors);
    if (found.infos.length === 0) throw new CommandError('no objects passed to autoscale');
    for (const info of found.infos) {
      if (!info.mapping.subresources.includes('scale')) {
        const { mapping } = info;
        throw new CommandError(
          `cannot autoscale a ${mapping.kind}: could not find scale subresource for ${mapping.group ? mapping.groupVersion : '/' + mapping.version}, Resource=${mapping.resource} in discovery information`,
        );
      }
      const name = args.string('name') || info.name;
      let hpa: KubeObject = {
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        metadata: { name },
        spec: {
          ...(min > 0 ? { minReplicas: min } : {}),
          maxReplicas: max,
          scaleTargetRef: { apiVersion: info.mapping.groupVersion, kind: info.mapping.kind, name: info.name },
          ...(metrics.length ? { metrics } : {}),
        },
        status: { currentMetrics: null, desiredReplicas: 0 },
      };
      if (args.bool('save-config')) hpa = withLastApplied(hpa);
      const options = { dryRun, fieldManager: args.string('field-manager') };
      const created =
        dryRun === 'client' ? hpa : yield* createObject(kubectl, localMapping(hpa), info.namespace, hpa, options);
      changePrinter(kubectl, args, 'autoscaled', dryRun).print(created);
    }
  },
};
