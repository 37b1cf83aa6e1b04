// kubectl autoscale: a HorizontalPodAutoscaler for what can be scaled.

import type { KubeObject } from '../../api/types.ts';
import type { Co } from '../../sim/index.ts';
import type { Command } from '../command.ts';
import { CommandError, StatusError, throwAll } from '../errors.ts';
import type { Args } from '../flags.ts';
import type { Kubectl } from '../kubectl.ts';
import { PRINT_FLAGS, changePrinter } from '../output/printers.ts';
import { FILENAME_FLAGS, type Info, find, localMapping, selectionOf } from '../resource/builder.ts';
import { checkQuantity } from '../resource/quantity.ts';
import { createObject } from '../resource/rest.ts';
import { DRY_RUN_FLAG, SAVE_CONFIG_FLAG, dryRunOf, fieldManagerFlag, withLastApplied } from '../write-flags.ts';

export const autoscale: Command = {
  name: 'autoscale',
  typed: true,
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
      hidden: true,
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
    if (percent > 0 && args.string('cpu')) throw new CommandError('--cpu-percent and --cpu are mutually exclusive');
    const cpu = percent > 0 ? `${percent}%` : args.string('cpu');
    const metrics = [metric('cpu', cpu, 'm'), metric('memory', args.string('memory'), 'Mi')].filter((m) => m);
    const found = yield* find(kubectl, selectionOf(args));
    const { errors } = found;
    if (found.infos.length === 0 && errors.length === 0) throw new CommandError('no objects passed to autoscale');
    for (const info of found.infos) {
      try {
        yield* scaleBy(kubectl, args, info, metrics);
      } catch (error) {
        errors.push(error as Error);
      }
    }
    throwAll(errors);
  },
};

/** Makes the autoscaler of one object. */
function* scaleBy(kubectl: Kubectl, args: Args, info: Info, metrics: readonly unknown[]): Co {
  const { mapping, name } = info;
  if (!mapping.subresources.includes('scale')) {
    throw new CommandError(
      `cannot autoscale a ${mapping.kind}: could not find scale subresource for ${mapping.group ? mapping.groupVersion : '/' + mapping.version}, Resource=${mapping.resource} in discovery information`,
    );
  }
  const min = args.int('min');
  const percent = args.int('cpu-percent');
  const namespace = kubectl.connection.namespaceExplicit ? { namespace: kubectl.namespace } : {};
  const base: KubeObject = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: args.string('name') || name, ...namespace },
    spec: {
      ...(min > 0 ? { minReplicas: min } : {}),
      maxReplicas: args.int('max'),
      scaleTargetRef: { apiVersion: mapping.groupVersion, kind: mapping.kind, name },
    },
  };
  try {
    const spec = { ...base.spec, ...(metrics.length ? { metrics } : {}) };
    yield* send(kubectl, args, { ...base, spec, status: { currentMetrics: null, desiredReplicas: 0 } });
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    // What autoscaling/v2 refuses may still be good for v1, which knows the use of CPU alone.
    const old = args.string('memory') === '' && (percent >= 0 || /%$/.test(args.string('cpu')));
    if (!args.string('cpu') || !old) {
      const why = args.string('cpu') ? '%!w(<nil>)' : 'empty input';
      throw new CommandError(
        `failed to create autoscaling/v2 HPA and the configuration is incompatible with autoscaling/v1: ${why}`,
      );
    }
    const use = percent >= 0 ? { targetCPUUtilizationPercentage: percent } : {};
    yield* send(kubectl, args, {
      ...base,
      apiVersion: 'autoscaling/v1',
      spec: { ...base.spec, ...use },
      status: { currentReplicas: 0, desiredReplicas: 0 },
    });
  }
}

/** '70%' is of what was requested; a quantity is an average, a bare number one in `unit`. */
function metric(name: string, text: string, unit: string): object | undefined {
  if (!text) return undefined;
  const of = (target: object) => ({ type: 'Resource', resource: { name, target } });
  if (text.endsWith('%')) {
    const percent = text.slice(0, -1);
    if (!/^\d+$/.test(percent)) throw new CommandError(`invalid percentage value: ${percent}`);
    return of({ type: 'Utilization', averageUtilization: Number(percent) });
  }
  const quantity = /^\d+(\.\d+)?$/.test(text) ? Number(text) + unit : text;
  try {
    checkQuantity(quantity);
  } catch {
    throw new CommandError(`invalid resource ${name} value: ${text}`);
  }
  return of({ type: 'AverageValue', averageValue: quantity });
}

function* send(kubectl: Kubectl, args: Args, object: KubeObject): Co {
  const dryRun = dryRunOf(args);
  if (dryRun === 'client') {
    changePrinter(kubectl, args, 'created', dryRun).print(object);
    return;
  }
  const sent = args.bool('save-config') ? withLastApplied(object) : object;
  const options = { dryRun, fieldManager: args.string('field-manager') };
  const created = yield* createObject(kubectl, localMapping(sent), kubectl.namespace, sent, options);
  changePrinter(kubectl, args, 'autoscaled', dryRun).print(created);
}
