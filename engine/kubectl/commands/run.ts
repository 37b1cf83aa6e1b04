// kubectl run: a Pod from flags; with -i or --attach its output until it ends, with --rm nothing is left.

import type { JsonObject, KubeObject, Pod } from '../../api/types.ts';
import type { Co } from '../../sim/index.ts';
import type { Command } from '../command.ts';
import { CommandError, StatusError, quote, usageError } from '../errors.ts';
import type { Args } from '../flags.ts';
import type { Kubectl } from '../kubectl.ts';
import { PRINT_FLAGS, changePrinter, outputFormat } from '../output/printers.ts';
import { FILENAME_FLAGS, type Info, infoOf, localMapping } from '../resource/builder.ts';
import { createObject, deleteObject } from '../resource/rest.ts';
import { waitFor } from '../resource/waiting.ts';
import { DRY_RUN_FLAG, SAVE_CONFIG_FLAG, dryRunOf, fieldManagerFlag, withLastApplied } from '../write-flags.ts';
import { keyValues } from './create/generator.ts';
import { DELETE_FLAGS, cascadeOf, printDeleted } from './delete.ts';
import { attachTo } from './exec.ts';
import { OVERRIDE_FLAGS, equalities, overridden, serviceOf } from './expose.ts';

const PATH = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const DOMAIN = '[a-zA-Z0-9]+(?:-+[a-zA-Z0-9]+)*(?:\\.[a-zA-Z0-9]+(?:-+[a-zA-Z0-9]+)*)*(?::[0-9]+)?';
/** distribution/reference: [domain/]path[:tag][@digest] */
const IMAGE = new RegExp(
  `^(?:${DOMAIN}/)?${PATH}(?:/${PATH})*(?::\\w[\\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*:[0-9a-fA-F]{32,})?$`,
);

export const run: Command = {
  name: 'run',
  typed: true,
  short: 'Run a particular image on the cluster',
  group: 'Basic Commands (Beginner)',
  usage:
    'NAME --image=image [--env="key=value"] [--port=port] [--dry-run=server|client] [--overrides=inline-json] [--command] -- [COMMAND] [args...]',
  examples: ['kubectl run nginx --image=nginx', 'kubectl run -i -t busybox --image=busybox --restart=Never --rm -- sh'],
  flags: [
    ...FILENAME_FLAGS,
    ...PRINT_FLAGS,
    DRY_RUN_FLAG,
    SAVE_CONFIG_FLAG,
    fieldManagerFlag('kubectl-run'),
    ...DELETE_FLAGS.map((f) => (f.name === 'wait' ? { ...f, default: false } : f)),
    ...OVERRIDE_FLAGS,
    { name: 'annotations', type: 'array', usage: 'Annotations to apply to the pod.' },
    { name: 'attach', type: 'bool', usage: 'If true, wait for the Pod to start running, and then attach to the Pod.' },
    {
      name: 'command',
      type: 'bool',
      usage:
        "If true and extra arguments are present, use them as the 'command' field in the container, rather than the 'args' field which is the default.",
    },
    { name: 'env', type: 'array', usage: 'Environment variables to set in the container.' },
    {
      name: 'expose',
      type: 'bool',
      usage: 'If true, create a ClusterIP service associated with the pod. Requires `--port`.',
    },
    { name: 'image', type: 'string', required: true, usage: 'The image for the container to run.' },
    { name: 'image-pull-policy', type: 'string', usage: 'The image pull policy for the container.' },
    {
      name: 'labels',
      short: 'l',
      type: 'string',
      usage: 'Comma separated labels to apply to the pod. Will override previous values.',
    },
    {
      name: 'leave-stdin-open',
      type: 'bool',
      usage:
        'If the pod is started in interactive mode or with stdin, leave stdin open after the first attach completes.',
    },
    {
      name: 'pod-running-timeout',
      type: 'duration',
      default: 60_000,
      usage: 'The length of time to wait until at least one pod is running',
    },
    { name: 'port', type: 'string', usage: 'The port that this container exposes.' },
    { name: 'privileged', type: 'bool', usage: 'If true, run the container in privileged mode.' },
    { name: 'quiet', short: 'q', type: 'bool', usage: 'If true, suppress prompt messages.' },
    {
      name: 'restart',
      type: 'string',
      default: 'Always',
      usage: 'The restart policy for this Pod. Legal values [Always, OnFailure, Never].',
    },
    {
      name: 'rm',
      type: 'bool',
      usage: 'If true, delete the pod after it exits. Only valid when attaching to the container.',
    },
    {
      name: 'stdin',
      short: 'i',
      type: 'bool',
      usage: 'Keep stdin open on the container in the pod, even if nothing is attached.',
    },
    { name: 'tty', short: 't', type: 'bool', usage: 'Allocate a TTY for the container in the pod.' },
  ],
  *run(kubectl, args): Co<number> {
    const dryRun = dryRunOf(args);
    const attach = args.changed('attach') ? args.bool('attach') : args.bool('stdin');
    check(kubectl, args, attach);
    const [name] = args.args;
    const pod = placed(kubectl, overridden(args, podOf(args, name)));
    const create = function* (object: KubeObject): Co<KubeObject> {
      if (dryRun === 'client') return object;
      const sent = args.bool('save-config') ? withLastApplied(object) : object;
      return yield* createObject(kubectl, localMapping(sent), kubectl.namespace, sent, {
        dryRun,
        fieldManager: args.string('field-manager'),
      });
    };
    const made: Info[] = [];
    const created = yield* create(pod);
    made.push(infoOf(localMapping(created), created, ''));
    const printer = changePrinter(kubectl, args, 'created', dryRun);
    if (args.bool('expose')) {
      const labels = args.string('labels') ? equalities(args.string('labels')) : { run: name };
      const port = Number(args.string('port'));
      const service = yield* create(
        placed(kubectl, serviceOf(args, name, labels, [{ port, protocol: 'TCP', targetPort: port }], {})),
      );
      made.push(infoOf(localMapping(service), service, ''));
      printer.print(service);
      if (outputFormat(args).format === 'yaml') kubectl.line('---');
    }
    if (!attach) {
      printer.print(created);
      return 0;
    }
    try {
      return yield* attachUntilEnd(kubectl, args, created as Pod & KubeObject);
    } finally {
      if (args.bool('rm')) yield* remove(kubectl, args, made);
    }
  },
};

function placed(kubectl: Kubectl, object: KubeObject): KubeObject {
  if (!kubectl.connection.namespaceExplicit) return object;
  return { ...object, metadata: { ...object.metadata, namespace: kubectl.namespace } };
}

function check(kubectl: Kubectl, args: Args, attach: boolean) {
  if (args.args.length === 0 || args.dash === 0) throw usageError(kubectl.path, 'NAME is required for run');
  const image = args.string('image');
  if (!image) throw usageError(kubectl.path, '--image is required');
  if (!IMAGE.test(image)) throw new CommandError(`Invalid image name ${quote(image)}: invalid reference format`);
  if (args.bool('tty') && !args.bool('stdin'))
    throw usageError(kubectl.path, '-i/--stdin is required for containers with -t/--tty=true');
  if (args.bool('expose') && !args.string('port'))
    throw usageError(kubectl.path, '--port must be set when exposing a service');
  if (!['Always', 'OnFailure', 'Never'].includes(args.string('restart')))
    throw usageError(kubectl.path, `invalid restart policy: ${args.string('restart')}`);
  if (!attach && args.bool('rm')) throw usageError(kubectl.path, '--rm should only be used for attached containers');
  if (attach && dryRunOf(args) !== 'none')
    throw usageError(
      kubectl.path,
      "--dry-run=[server|client] can't be used with attached containers options (--attach, --stdin, or --tty)",
    );
  const policy = args.string('image-pull-policy');
  if (policy && !['Always', 'IfNotPresent', 'Never'].includes(policy))
    throw usageError(kubectl.path, `invalid image pull policy: ${policy}`);
}

function podOf(args: Args, name: string): KubeObject {
  const container: JsonObject = { name, image: args.string('image'), resources: {} };
  const words = args.args.slice(1);
  if (words.length) container[args.bool('command') ? 'command' : 'args'] = words;
  if (args.string('port')) {
    if (!/^\d+$/.test(args.string('port')))
      throw new CommandError(`strconv.Atoi: parsing ${quote(args.string('port'))}: invalid syntax`);
    container.ports = [{ containerPort: Number(args.string('port')) }];
  }
  const env = args.strings('env');
  if (env.length) {
    container.env = env.map((text) => {
      const equals = text.indexOf('=');
      if (equals <= 0) throw new CommandError(`invalid env: ${text}`);
      return { name: text.slice(0, equals), value: text.slice(equals + 1) };
    });
  }
  if (args.string('image-pull-policy')) container.imagePullPolicy = args.string('image-pull-policy');
  if (args.bool('privileged')) container.securityContext = { privileged: true };
  if (args.bool('stdin')) {
    container.stdin = true;
    if (!args.bool('leave-stdin-open')) container.stdinOnce = true;
  }
  if (args.bool('tty')) container.tty = true;
  const labels = args.string('labels') ? equalities(args.string('labels')) : { run: name };
  const annotations = keyValues(args.strings('annotations'), (e) => `Invalid annotation format: ${e}`);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels, ...(args.strings('annotations').length ? { annotations } : {}) },
    spec: { containers: [container], dnsPolicy: 'ClusterFirst', restartPolicy: args.string('restart') },
    status: {},
  };
}

const isDone = (pod: KubeObject) => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
const isReady = (pod: KubeObject) =>
  pod.status?.phase === 'Running' &&
  (pod.status.conditions ?? []).some((c: JsonObject) => c.type === 'Ready' && c.status === 'True');

/** Shows what the Pod says until it ends; its exit status is ours when it does not restart. */
function* attachUntilEnd(kubectl: Kubectl, args: Args, pod: Pod & KubeObject): Co<number> {
  const mapping = localMapping(pod);
  const name = pod.metadata.name as string;
  const namespace = pod.metadata.namespace ?? kubectl.namespace;
  const timeout = args.duration('pod-running-timeout');
  const until = function* (test: (pod: KubeObject) => boolean): Co<KubeObject> {
    const met = yield* waitFor(kubectl, mapping, namespace, name, timeout, (object) => {
      if (!object) throw new CommandError('pods "" not found');
      return test(object) ? object : undefined;
    });
    if (!met) throw new CommandError('timed out waiting for the condition');
    return met;
  };
  const started = yield* until((p) => isDone(p) || isReady(p));
  const container = started.spec.containers[0].name as string;
  let shown = false;
  if (!isDone(started)) {
    try {
      const options = { stdin: args.bool('stdin'), tty: args.bool('tty'), quiet: args.bool('quiet') };
      yield* attachTo(kubectl, started as Pod & KubeObject, container, options);
      shown = true;
    } catch (error) {
      if (!(error instanceof StatusError) && !(error instanceof CommandError)) throw error;
      kubectl.warn(`warning: couldn't attach to pod/${name}, falling back to streaming logs: ${error.message}`);
    }
  }
  if (!shown) {
    const response = yield* kubectl.send({
      method: 'GET',
      path: `/api/v1/namespaces/${namespace}/pods/${name}/log`,
      query: { container },
    });
    if (response.text) kubectl.out(yield* response.text.readAll());
    else if (typeof response.body === 'string') kubectl.out(response.body);
  }
  if (args.bool('leave-stdin-open') || args.string('restart') === 'Always') return 0;
  const ended = yield* until((p) => (args.string('restart') === 'Never' ? isDone(p) : p.status?.phase === 'Succeeded'));
  return exitStatus(kubectl, ended);
}

function exitStatus(kubectl: Kubectl, pod: KubeObject): number {
  if (pod.status.phase === 'Succeeded') return 0;
  const name = `${pod.metadata.namespace}/${pod.metadata.name}`;
  const terminated = pod.status.containerStatuses?.[0]?.state?.terminated;
  if (!terminated?.exitCode) throw new CommandError(`pod ${name} failed with unknown exit code`);
  kubectl.process.stderr.write(
    `pod ${name} terminated (${terminated.reason ?? ''})\n${terminated.message ?? ''}${terminated.message ? '\n' : ''}`,
  );
  return terminated.exitCode;
}

function* remove(kubectl: Kubectl, args: Args, infos: Info[]): Co {
  for (const info of infos) {
    yield* deleteObject(kubectl, info.mapping, info.namespace, info.name, {
      propagationPolicy: cascadeOf(kubectl, args),
    });
    if (!args.bool('quiet')) printDeleted(kubectl, info, false, '', false);
  }
}
