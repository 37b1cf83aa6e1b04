// kubectl create deployment, job, cronjob, namespace, serviceaccount, quota, poddisruptionbudget, priorityclass.

import type { KubeObject } from '../../../api/types.ts';
import { CommandError } from '../../errors.ts';
import type { Args } from '../../flags.ts';
import type { Kubectl } from '../../kubectl.ts';
import { findAll } from '../../resource/builder.ts';
import { checkQuantity } from '../../resource/quantity.ts';
import { parseSelector } from '../../resource/selector.ts';
import { generator, intOrString, keyValues, plain } from './generator.ts';

const commandOf = (args: Args) => (args.dash >= 0 ? args.args.slice(args.dash) : []);

/** `nginx` of `registry.example/library/nginx:1.25`, as a container's name; where it must be changed, made unique. */
function containerName(kubectl: Kubectl, image: string): string {
  const name = image
    .slice(image.lastIndexOf('/') + 1)
    .split(':')[0]
    .split('@')[0];
  if (!/[._]/.test(name)) return name;
  return `${name.replace(/[._]+/g, '-')}-${kubectl.process.host.sim.random('kubectl create').suffix()}`;
}

export const namespace = generator({
  name: 'namespace',
  aliases: ['ns'],
  short: 'Create a namespace with the specified name',
  usage: 'NAME [--dry-run=server|client|none]',
  clusterScoped: true,
  build: plain((_, name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name }, spec: {}, status: {} })),
});

export const deployment = generator({
  name: 'deployment',
  aliases: ['deploy'],
  short: 'Create a deployment with the specified name',
  usage: 'NAME --image=image -- [COMMAND] [args...]',
  flags: [
    {
      name: 'image',
      type: 'strings',
      required: true,
      usage: 'Image names to run. A deployment can have multiple images set for multi-container pod.',
    },
    { name: 'port', type: 'int', default: -1, usage: 'The containerPort that this deployment exposes.' },
    { name: 'replicas', short: 'r', type: 'int', default: 1, usage: 'Number of replicas to create. Default is 1.' },
  ],
  takesCommand: true,
  failure: 'failed to create deployment',
  build: plain((args, name, kubectl): KubeObject => {
    const images = args.strings('image');
    const command = commandOf(args);
    if (images.length > 1 && command.length)
      throw new CommandError('cannot specify multiple --image options and command');
    if (args.int('replicas') < 0) throw new CommandError(`replicas must be greater than or equal to 0`);
    const port = args.int('port');
    const containers = images.map((image, i) => ({
      name: containerName(kubectl, image),
      image,
      resources: {},
      ...(command.length ? { command } : {}),
      ...(i === 0 && port >= 0 ? { ports: [{ containerPort: port }] } : {}),
    }));
    const labels = { app: name };
    return {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, labels },
      spec: {
        replicas: args.int('replicas'),
        selector: { matchLabels: labels },
        strategy: {},
        template: { metadata: { labels }, spec: { containers } },
      },
      status: {},
    };
  }),
});

const podSpecOf = (args: Args, name: string, restartPolicy: string) => ({
  containers: [
    {
      name,
      image: args.string('image'),
      resources: {},
      ...(commandOf(args).length ? { command: commandOf(args) } : {}),
    },
  ],
  restartPolicy,
});

export const job = generator({
  name: 'job',
  short: 'Create a job with the specified name',
  usage: 'NAME --image=image [--from=cronjob/name] -- [COMMAND] [args...]',
  flags: [
    { name: 'image', type: 'string', usage: 'Image name to run.' },
    {
      name: 'from',
      type: 'string',
      usage: 'The name of the resource to create a Job from (only cronjob is supported).',
    },
  ],
  takesCommand: true,
  failure: 'failed to create job',
  *build(kubectl, args, name) {
    const from = args.string('from');
    if ((args.string('image') === '') === (from === ''))
      throw new CommandError('either --image or --from must be specified');
    if (from && commandOf(args).length) throw new CommandError('cannot specify --from and command');
    const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name }, spec: {}, status: {} };
    if (!from) return { ...job, spec: { template: { metadata: {}, spec: podSpecOf(args, name, 'Never') } } };
    const found = yield* findAll(kubectl, { args: [from], latest: true });
    if (found.length !== 1) throw new CommandError('from must be an existing cronjob');
    const cronJob = found[0].object;
    if (cronJob.kind !== 'CronJob') throw new CommandError('from must be an existing cronjob');
    const { metadata, spec } = cronJob.spec.jobTemplate;
    return {
      ...job,
      metadata: {
        name,
        annotations: { ...metadata?.annotations, 'cronjob.kubernetes.io/instantiate': 'manual' },
        labels: metadata?.labels,
        ownerReferences: [
          {
            apiVersion: 'batch/v1',
            kind: 'CronJob',
            name: cronJob.metadata.name as string,
            uid: cronJob.metadata.uid as string,
            controller: true,
          },
        ],
      },
      spec,
    };
  },
});

export const cronjob = generator({
  name: 'cronjob',
  aliases: ['cj'],
  short: 'Create a cron job with the specified name',
  usage: "NAME --image=image --schedule='0/5 * * * ?' -- [COMMAND] [args...]",
  flags: [
    { name: 'image', type: 'string', required: true, usage: 'Image name to run.' },
    {
      name: 'schedule',
      type: 'string',
      required: true,
      usage: 'A schedule in the Cron format the job should be run with.',
    },
    { name: 'restart', type: 'string', usage: "job's restart policy. supported values: OnFailure, Never" },
  ],
  takesCommand: true,
  failure: 'failed to create cronjob',
  build: plain((args, name): KubeObject => ({
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name },
    spec: {
      schedule: args.string('schedule'),
      jobTemplate: {
        metadata: { name },
        spec: { template: { metadata: {}, spec: podSpecOf(args, name, args.string('restart') || 'OnFailure') } },
      },
    },
    status: {},
  })),
});

export const serviceaccount = generator({
  name: 'serviceaccount',
  aliases: ['sa'],
  short: 'Create a service account with the specified name',
  usage: 'NAME',
  failure: 'failed to create serviceaccount',
  build: plain((_, name) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } })),
});

export const quota = generator({
  name: 'quota',
  aliases: ['resourcequota'],
  short: 'Create a quota with the specified name',
  usage: 'NAME [--hard=key1=value1,key2=value2] [--scopes=Scope1,Scope2]',
  flags: [
    {
      name: 'hard',
      type: 'string',
      usage: 'A comma-delimited set of resource=quantity pairs that define a hard limit.',
    },
    {
      name: 'scopes',
      type: 'string',
      usage: 'A comma-delimited set of quota scopes that must all match each object tracked by the quota.',
    },
  ],
  failure: 'failed to create quota',
  build: plain((args, name): KubeObject => {
    const spec: Record<string, unknown> = {};
    const hard = keyValues(
      args.string('hard') ? args.string('hard').split(',') : [],
      (e) => `Invalid argument syntax ${e}, expected <resource>=<value>`,
    );
    for (const name in hard) hard[name] = checkQuantity(hard[name]);
    if (args.string('hard')) spec.hard = hard;
    if (args.string('scopes')) spec.scopes = args.string('scopes').split(',');
    return { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name }, spec, status: {} };
  }),
});

export const poddisruptionbudget = generator({
  name: 'poddisruptionbudget',
  aliases: ['pdb'],
  short: 'Create a pod disruption budget with the specified name',
  usage: 'NAME --selector=SELECTOR --min-available=N',
  flags: [
    {
      name: 'selector',
      type: 'string',
      usage: 'A label selector to use for this budget. Only equality-based selector requirements are supported.',
    },
    {
      name: 'min-available',
      type: 'string',
      usage: 'The minimum number or percentage of available pods this budget requires.',
    },
    {
      name: 'max-unavailable',
      type: 'string',
      usage: 'The maximum number or percentage of unavailable pods this budget requires.',
    },
  ],
  failure: 'failed to create poddisruptionbudgets',
  build: plain((args, name): KubeObject => {
    const [selector, min, max] = [
      args.string('selector'),
      args.string('min-available'),
      args.string('max-unavailable'),
    ];
    if (!selector) throw new CommandError('a selector must be specified');
    if (!min && !max) throw new CommandError('one of min-available or max-unavailable must be specified');
    if (min && max) throw new CommandError('min-available and max-unavailable cannot be both specified');
    for (const flag of ['min-available', 'max-unavailable'])
      if (args.string(flag) && !/^[0-9]+%?$/.test(args.string(flag)))
        throw new CommandError(`invalid format specified for ${flag}`);
    const matchLabels: Record<string, string> = {};
    for (const r of parseSelector(selector)) matchLabels[r.key] = r.values[0] ?? '';
    return {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name },
      spec: {
        ...(min ? { minAvailable: intOrString(min) } : { maxUnavailable: intOrString(max) }),
        selector: { matchLabels },
      },
      status: { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 },
    };
  }),
});

export const priorityclass = generator({
  name: 'priorityclass',
  aliases: ['pc'],
  short: 'Create a priority class with the specified name',
  usage: 'NAME --value=VALUE --global-default=BOOL',
  clusterScoped: true,
  flags: [
    { name: 'value', type: 'int', usage: 'the value of this priority class.' },
    {
      name: 'global-default',
      type: 'bool',
      usage: 'global-default specifies whether this PriorityClass should be considered as the default priority.',
    },
    {
      name: 'description',
      type: 'string',
      usage:
        'description is an arbitrary string that usually provides guidelines on when this priority class should be used.',
    },
    {
      name: 'preemption-policy',
      type: 'string',
      default: 'PreemptLowerPriority',
      usage: 'preemption-policy is the policy for preempting pods with lower priority.',
    },
  ],
  failure: 'failed to create priorityclass',
  build: plain((args, name): KubeObject => ({
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name },
    value: args.int('value'),
    preemptionPolicy: args.string('preemption-policy'),
    ...(args.bool('global-default') ? { globalDefault: true } : {}),
    ...(args.string('description') ? { description: args.string('description') } : {}),
  })),
});
