// kubectl debug: an ephemeral container in a running Pod, or a copy of a Pod with another container beside it.

import type { Container, KubeObject, Pod, PodSpec } from '../../api/types.ts';
import { strategicMerge } from '../../apiserver/patch/strategic-merge.ts';
import type { Co } from '../../sim/index.ts';
import type { Command } from '../command.ts';
import { CommandError } from '../errors.ts';
import type { Args } from '../flags.ts';
import { type Kubectl, builtinScheme } from '../kubectl.ts';
import { FILENAME_FLAGS, type Info, findAll } from '../resource/builder.ts';
import { containerNames } from '../resource/pods.ts';
import { createObject, patchObject } from '../resource/rest.ts';
import { waitFor } from '../resource/waiting.ts';
import { parseYaml } from '../yaml/parse.ts';
import { attachTo } from './exec.ts';

const PROFILES = ['general', 'baseline', 'restricted', 'netadmin', 'sysadmin', 'legacy'];
/** How long to wait for the new container, ms. */
const START_TIMEOUT = 60_000;

const FILES = FILENAME_FLAGS.filter(({ name }) => name === 'filename').map((flag) => ({
  ...flag,
  usage: 'identifying the resource to debug',
}));

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
    {
      name: 'custom',
      type: 'string',
      usage: 'Path to a JSON or YAML file containing a partial container spec to customize built-in debug profiles.',
    },
    ...FILES,
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
    const filenames = args.strings('filename');
    if (names.length === 0 && filenames.length === 0) throw new CommandError('NAME or TYPE/NAME is required for debug');
    if (args.string('profile') === 'legacy')
      kubectl.warn(
        '--profile=legacy is deprecated and will be removed in the future. It is recommended to explicitly specify a profile, for example "--profile=general".',
      );
    const words = !names.length || names[0].includes('/') ? names : ['pods', ...names];
    let status = 0;
    const custom = customOf(kubectl, args);
    const found = yield* findAll(kubectl, { args: words, filenames, latest: true });
    for (const info of found) {
      const debugged = DEBUGGED[info.object.kind as string];
      if (!debugged)
        throw new CommandError(`"${info.mapping.groupVersion}, Kind=${info.mapping.kind}" not supported by debug`);
      const session = yield* debugged(kubectl, args, info, custom);
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

type Make = (kubectl: Kubectl, args: Args, info: Info, custom: object) => Co<Session>;

const DEBUGGED: Record<string, Make> = {
  Node: nodePod,
  Pod: (kubectl, args, info, custom) =>
    args.string('copy-to') ? copyPod(kubectl, args, info, custom) : addEphemeral(kubectl, args, info, custom),
};

/** --custom: what the new container gets beside what its profile gives it. */
function customOf(kubectl: Kubectl, args: Args): object {
  const path = args.string('custom');
  if (!path) return {};
  const fail = (why: string) =>
    new CommandError(`must pass a valid container spec json file for custom profile: ${why}`);
  if (!kubectl.fs.exists(path)) throw fail(`open ${path}: no such file or directory`);
  let value: unknown;
  try {
    value = parseYaml(kubectl.fs.readFile(path));
  } catch (error) {
    throw fail((error as Error).message);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw fail('it holds no container');
  const refused = ['name', 'image', 'command', 'lifecycle', 'volumeDevices'].find((field) => field in value);
  if (refused) throw new CommandError(`${refused} can not be set in the custom profile`);
  return value;
}

function customized(container: Container, custom: object): Container {
  const scheme = builtinScheme();
  const pod = scheme.kind('', 'v1', 'Pod');
  if (!pod || !Object.keys(custom).length) return container;
  const holder = (one: object) => ({ apiVersion: 'v1', kind: 'Pod', metadata: {}, spec: { containers: [one] } });
  const patched = strategicMerge(scheme, pod, holder(container), holder({ ...custom, name: container.name }));
  return (patched as unknown as Pod).spec?.containers[0] as Container;
}

/** A Pod on the node, in the namespaces of the machine and with its files at /host, as the profile allows. */
function* nodePod(kubectl: Kubectl, args: Args, info: Info, custom: object): Co<Session> {
  const container = args.string('container') || 'debugger';
  const name = `node-debugger-${info.name}-${kubectl.process.host.sim.random('kubectl debug').suffix()}`;
  if (!args.bool('quiet'))
    kubectl.line(`Creating debugging pod ${name} with container ${container} on node ${info.name}.`);
  const profile = args.string('profile');
  const { securityContext, ...made } = debugContainer(args, container);
  const rooted = ['legacy', 'general', 'sysadmin'].includes(profile);
  const spec: PodSpec = {
    containers: [
      customized(
        {
          ...made,
          ...(securityContext && profile !== 'general' ? { securityContext } : {}),
          ...(rooted ? { volumeMounts: [{ name: 'host-root', mountPath: '/host' }] } : {}),
        },
        custom,
      ),
    ],
    nodeName: info.name,
    restartPolicy: 'Never',
    tolerations: [{ operator: 'Exists' }],
    ...(rooted ? { volumes: [{ name: 'host-root', hostPath: { path: '/' } }] } : {}),
    ...(rooted || profile === 'netadmin' ? { hostIPC: true, hostNetwork: true, hostPID: true } : {}),
  };
  const pods = yield* kubectl.mappingForKind('v1', 'Pod');
  const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: kubectl.namespace }, spec };
  const created = yield* createObject(kubectl, pods, kubectl.namespace, object as unknown as KubeObject);
  const own = { ...info, mapping: pods, namespace: kubectl.namespace, name, object: created };
  return { pod: created as unknown as Pod, info: own, container };
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

function* addEphemeral(kubectl: Kubectl, args: Args, info: Info, custom: object): Co<Session> {
  const pod = info.object as unknown as Pod;
  const target = args.string('target');
  if (target && !args.bool('quiet')) {
    kubectl.line(
      `Targeting container "${target}". If you don't see processes from this container it may be because the container runtime doesn't support this feature.`,
    );
  }
  const container = newName(kubectl, args, pod);
  const ephemeral = {
    ...customized(debugContainer(args, container), custom),
    ...(target ? { targetContainerName: target } : {}),
  };
  const order = [...(pod.spec?.ephemeralContainers ?? []), ephemeral].map(({ name }) => ({ name }));
  const patch = { spec: { '$setElementOrder/ephemeralContainers': order, ephemeralContainers: [ephemeral] } };
  const patched = yield* patchObject(kubectl, info.mapping, info.namespace, info.name, 'strategic', patch, {
    subresource: 'ephemeralcontainers',
  });
  return { pod: patched as unknown as Pod, info, container };
}

function* copyPod(kubectl: Kubectl, args: Args, info: Info, custom: object): Co<Session> {
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
    containers = [...containers, customized(debugContainer(args, container), custom)];
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
  yield* attachTo(kubectl, pod, container, {
    stdin: args.bool('stdin'),
    tty: args.bool('tty'),
    quiet: args.bool('quiet'),
  });
  return 0;
}
