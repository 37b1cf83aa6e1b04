// kubectl debug: an ephemeral container in a running Pod, or a copy of a Pod with another container beside it.

import type { Container, KubeObject, Pod, PodSpec } from '../../api/types.ts';
import type { Co } from '../../sim/index.ts';
import type { Command } from '../command.ts';
import { CommandError } from '../errors.ts';
import type { Args } from '../flags.ts';
import type { Kubectl } from '../kubectl.ts';
import { type Info, findAll } from '../resource/builder.ts';
import { containerNames } from '../resource/pods.ts';
import { createObject, patchObject } from '../resource/rest.ts';
import { waitFor } from '../resource/waiting.ts';
import { attachTo } from './exec.ts';

const PROFILES = ['general', 'baseline', 'restricted', 'netadmin', 'sysadmin', 'legacy'];
/** How long to wait for the new container, ms. */
const START_TIMEOUT = 60_000;

export const debug: Command = {
  name: 'debug',
  short: 'Create debugging sessions for troubleshooting workloads and nodes',
  group: 'Troubleshooting and Debugging Commands',
  usage: '(POD | TYPE[[.VERSION].GROUP]/NAME) [ -- COMMAND [args...] ]',
  examples: [
    'kubectl debug mypod -it --image=busybox',
    'kubectl debug mypod -it --copy-to=my-debugger --image=debian -- bash',
  ],
  flags: [
    {
      name: 'arguments-only',
      type: 'bool',
      usage: 'If specified, everything after -- will be passed to the new container as Args instead of Command.',
    },
    {
      name: 'attach',
      type: 'bool',
      usage: 'If true, wait for the container to start running, and then attach as if kubectl attach were called.',
    },
    { name: 'container', short: 'c', type: 'string', usage: 'Container name to use for debug container.' },
    { name: 'copy-to', type: 'string', usage: 'Create a copy of the target Pod with this name.' },
    { name: 'env', type: 'array', usage: 'Environment variables to set in the container.' },
    { name: 'image', type: 'string', usage: 'Container image to use for debug container.' },
    { name: 'image-pull-policy', type: 'string', usage: 'The image pull policy for the container.' },
    {
      name: 'keep-labels',
      type: 'bool',
      usage: 'If true, keep the original pod labels.(This flag only works when used with --copy-to)',
    },
    { name: 'keep-annotations', type: 'bool', usage: 'If true, keep the original pod annotations in a copy.' },
    { name: 'keep-init-containers', type: 'bool', default: true, usage: 'Run the init containers in a copy.' },
    { name: 'keep-liveness', type: 'bool', usage: 'If true, keep the liveness probes in a copy.' },
    { name: 'keep-readiness', type: 'bool', usage: 'If true, keep the readiness probes in a copy.' },
    { name: 'keep-startup', type: 'bool', usage: 'If true, keep the startup probes in a copy.' },
    {
      name: 'profile',
      type: 'string',
      default: 'legacy',
      usage: 'Options are "general", "baseline", "restricted", "netadmin", "sysadmin" or "legacy".',
    },
    { name: 'quiet', short: 'q', type: 'bool', usage: 'If true, suppress informational messages.' },
    { name: 'replace', type: 'bool', usage: "When used with '--copy-to', delete the original Pod." },
    {
      name: 'same-node',
      type: 'bool',
      usage: "When used with '--copy-to', schedule the copy of target Pod on the same node.",
    },
    {
      name: 'set-image',
      type: 'strings',
      usage: "When used with '--copy-to', a list of name=image pairs for changing container images.",
    },
    {
      name: 'share-processes',
      type: 'bool',
      default: true,
      usage: "When used with '--copy-to', enable process namespace sharing in the copy.",
    },
    {
      name: 'stdin',
      short: 'i',
      type: 'bool',
      usage: 'Keep stdin open on the container(s) in the pod, even if nothing is attached.',
    },
    {
      name: 'target',
      type: 'string',
      usage: 'When using an ephemeral container, target processes in this container name.',
    },
    { name: 'tty', short: 't', type: 'bool', usage: 'Allocate a TTY for the debugging container.' },
  ],
  *run(kubectl, args) {
    check(args);
    const names = args.dash >= 0 ? args.args.slice(0, args.dash) : args.args;
    if (names.length === 0) throw new CommandError('NAME or TYPE/NAME is required for debug');
    if (args.string('profile') === 'legacy')
      kubectl.warn(
        '--profile=legacy is deprecated and will be removed in the future. It is recommended to explicitly specify a profile, for example "--profile=general".',
      );
    const words = names[0].includes('/') ? names : ['pods', ...names];
    let status = 0;
    const found = yield* findAll(kubectl, { args: words, latest: true });
    for (const info of found) {
      if (info.object.kind === 'Node')
        throw new CommandError(
          'debugging a node is not possible: its Pod would need the file system and the namespaces of the node, which containers here do not share',
        );
      if (info.object.kind !== 'Pod') throw new CommandError(`${info.object.kind} not supported by debug`);
      const session = args.string('copy-to')
        ? yield* copyPod(kubectl, args, info)
        : yield* addEphemeral(kubectl, args, info);
      if (!args.bool('attach') && !args.bool('stdin')) continue;
      status = yield* attachWhenRunning(kubectl, args, info, session);
    }
    return status;
  },
};

function check(args: Args) {
  const copy = args.string('copy-to');
  if (!copy && !args.string('image')) throw new CommandError('you must specify --image when not using --copy-to.');
  if (copy && args.string('target'))
    throw new CommandError('--target is incompatible with --copy-to. Use --share-processes instead.');
  if (copy && !args.string('image') && !args.strings('set-image').length && args.dash < 0) {
    throw new CommandError('you must specify --image, --set-image or command arguments.');
  }
  for (const flag of ['replace', 'same-node', 'keep-labels'])
    if (!copy && args.bool(flag)) throw new CommandError(`--${flag} may only be used with --copy-to.`);
  if (!copy && args.strings('set-image').length) throw new CommandError('--set-image may only be used with --copy-to.');
  if (args.bool('tty') && !args.bool('stdin'))
    throw new CommandError('-i/--stdin is required for containers with -t/--tty=true');
  if (!PROFILES.includes(args.string('profile'))) throw new CommandError(`unknown profile: ${args.string('profile')}`);
  const policy = args.string('image-pull-policy');
  if (policy && !['Always', 'IfNotPresent', 'Never'].includes(policy))
    throw new CommandError(`invalid image pull policy: ${policy}`);
}

interface Session {
  pod: Pod;
  info: Info;
  container: string;
}

function newName(kubectl: Kubectl, args: Args, pod: Pod): string {
  if (args.string('container')) return args.string('container');
  const random = kubectl.process.host.sim.random('kubectl debug');
  for (;;) {
    const name = `debugger-${random.suffix()}`;
    if (containerNames(pod).includes(name)) continue;
    if (!args.bool('quiet')) kubectl.line(`Defaulting debug container name to ${name}.`);
    return name;
  }
}

function debugContainer(args: Args, name: string): Container {
  const container: Container = { name, image: args.string('image'), terminationMessagePolicy: 'File' };
  if (args.string('image-pull-policy')) container.imagePullPolicy = args.string('image-pull-policy');
  const words = args.dash >= 0 ? args.args.slice(args.dash) : [];
  if (words.length && args.bool('arguments-only')) container.args = words;
  else if (words.length) container.command = words;
  if (args.bool('stdin')) container.stdin = true;
  if (args.bool('tty')) container.tty = true;
  const env = args.strings('env').map((entry) => {
    const equals = entry.indexOf('=');
    if (equals <= 0) throw new CommandError(`invalid env: ${entry}`);
    return { name: entry.slice(0, equals), value: entry.slice(equals + 1) };
  });
  if (env.length) container.env = env;
  const context = SECURITY[args.string('profile')];
  if (context) container.securityContext = context;
  return container;
}

/** What a profile gives to the new container. */
const SECURITY: Record<string, Container['securityContext']> = {
  general: { capabilities: { add: ['SYS_PTRACE'] } },
  restricted: {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
  },
  netadmin: { capabilities: { add: ['NET_ADMIN', 'NET_RAW'] } },
  sysadmin: { privileged: true },
};

function* addEphemeral(kubectl: Kubectl, args: Args, info: Info): Co<Session> {
  const pod = info.object as unknown as Pod;
  const container = newName(kubectl, args, pod);
  const target = args.string('target');
  if (target && !args.bool('quiet')) {
    kubectl.line(
      `Targeting container "${target}". If you don't see processes from this container it may be because the container runtime doesn't support this feature.`,
    );
  }
  const ephemeral = { ...debugContainer(args, container), ...(target ? { targetContainerName: target } : {}) };
  const patch = { spec: { ephemeralContainers: [ephemeral] } };
  const patched = yield* patchObject(kubectl, info.mapping, info.namespace, info.name, 'strategic', patch, {
    subresource: 'ephemeralcontainers',
  });
  return { pod: patched as unknown as Pod, info, container };
}

function* copyPod(kubectl: Kubectl, args: Args, info: Info): Co<Session> {
  const pod = info.object as unknown as Pod;
  const { nodeName, ephemeralContainers: _, ...spec } = pod.spec as PodSpec;
  const images = new Map(args.strings('set-image').map((pair) => pair.split('=') as [string, string]));
  let containers = spec.containers.map((c) => {
    const image = images.get(c.name) ?? images.get('*');
    return {
      ...c,
      ...(args.bool('keep-liveness') ? {} : { livenessProbe: undefined }),
      ...(args.bool('keep-readiness') ? {} : { readinessProbe: undefined }),
      ...(args.bool('keep-startup') ? {} : { startupProbe: undefined }),
      ...(image ? { image } : {}),
    };
  });
  const existing = containers.find((c) => c.name === args.string('container'));
  let container: string;
  if (existing || !args.string('image')) {
    // No new container: one of the copy's own gets another command or image.
    container = existing?.name ?? containers[0].name;
    const words = args.dash >= 0 ? args.args.slice(args.dash) : [];
    const image = args.string('image');
    containers = containers.map((c) =>
      c.name !== container
        ? c
        : {
            ...c,
            ...(image ? { image } : {}),
            ...(words.length ? { command: words, args: undefined } : {}),
            stdin: args.bool('stdin') || undefined,
            tty: args.bool('tty') || undefined,
          },
    );
  } else {
    container = newName(kubectl, args, pod);
    containers = [
      ...containers,
      {
        ...debugContainer(args, container),
      },
    ];
  }
  const name = args.string('copy-to');
  const object: KubeObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: info.namespace,
      ...(args.bool('keep-labels') ? { labels: pod.metadata.labels } : {}),
      ...(args.bool('keep-annotations') ? { annotations: pod.metadata.annotations } : {}),
    },
    spec: {
      ...spec,
      containers,
      ...(args.bool('keep-init-containers') ? {} : { initContainers: undefined }),
      shareProcessNamespace: args.bool('share-processes') || undefined,
      ...(args.bool('same-node') ? { nodeName } : {}),
    },
  };
  if (args.bool('replace'))
    yield* kubectl.send({ method: 'DELETE', path: `/api/v1/namespaces/${info.namespace}/pods/${info.name}` });
  const created = yield* createObject(kubectl, info.mapping, info.namespace, object);
  return { pod: created as unknown as Pod, info: { ...info, name, object: created }, container };
}

function* attachWhenRunning(kubectl: Kubectl, args: Args, _: Info, { info, container }: Session): Co<number> {
  const pod = yield* waitFor(kubectl, info.mapping, info.namespace, info.name, START_TIMEOUT, (object) => {
    if (!object) return 'gone' as const;
    const status = object.status as Pod['status'];
    const all = [...(status?.containerStatuses ?? []), ...(status?.ephemeralContainerStatuses ?? [])];
    const own = all.find((c) => c.name === container);
    return own?.state?.running || own?.state?.terminated ? (object as unknown as Pod) : undefined;
  });
  if (pod === 'gone' || pod === undefined) throw new CommandError('timed out waiting for the condition');
  const all = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.ephemeralContainerStatuses ?? [])];
  const ended = all.find((c) => c.name === container)?.state?.terminated;
  if (ended) {
    const path = `/api/v1/namespaces/${info.namespace}/pods/${info.name}/log`;
    const { body, text } = yield* kubectl.send({ method: 'GET', path, query: { container } });
    kubectl.out(text ? text.take() : String(body ?? ''));
    return 0;
  }
  return yield* attachTo(kubectl, pod, container, {
    stdin: args.bool('stdin'),
    tty: args.bool('tty') && kubectl.process.tty,
    quiet: args.bool('quiet'),
  });
}
