// sim app POD: what the program in a running container does from now on, until it is started again.

import type { Pod } from '../api/types.ts';
import type { Container } from '../kubelet/index.ts';
import { bytes, durationText, millicores, whole } from './values.ts';
import { SimError, type Call, type SubCommand } from './types.ts';

interface Behaviour {
  apply: (container: Container, call: Call, value: string) => void;
  /** How many of the arguments after the Pod belong to it. */
  takes?: number;
}

const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  exit: { apply: (container, _call, value) => container.exit(whole(value, 'an exit status', 0, 255)) },
  hang: { apply: (container) => container.misbehave({ connect: 'hang' }) },
  refuse: { apply: (container) => container.misbehave({ connect: 'refuse' }) },
  status: {
    takes: 1,
    apply(container, { args }, value) {
      const path = args[1] ?? '/';
      if (!path.startsWith('/')) throw new SimError(`a path begins with /, unlike ${JSON.stringify(path)}`);
      container.misbehave({ answers: [{ path, status: whole(value, 'an HTTP status', 200, 599) }] });
    },
  },
  alloc: { apply: (container, _call, value) => container.burden({ memory: bytes(value) }) },
  cpu: { apply: (container, _call, value) => container.burden({ cpu: millicores(value) }) },
  ok: { apply: (container) => container.behave() },
};

const SERVING = ['hang', 'refuse', 'status'];

export const app: SubCommand = {
  name: 'app',
  usage: 'POD [PATH]',
  help: "Drive the program in a Pod's container until it is started again",
  flags: [
    { name: 'namespace', short: 'n', value: 'NAME', help: "The Pod's namespace (default: default)" },
    { name: 'container', short: 'c', value: 'NAME', help: 'Which container (default: the first)' },
    { name: 'exit', value: 'STATUS', help: 'It ends now with this status' },
    { name: 'hang', help: 'It takes connections and answers none, and ignores SIGTERM' },
    { name: 'refuse', help: 'It refuses connections' },
    { name: 'status', value: 'CODE', help: 'HTTP requests to PATH and below (default: /) get this status' },
    { name: 'alloc', value: 'BYTES', help: 'It takes so much more memory, e.g. 200Mi' },
    { name: 'cpu', value: 'AMOUNT', help: 'It keeps so much more CPU busy, e.g. 500m' },
    { name: 'ok', help: 'It behaves as it was written' },
  ],
  args: [1, 2],
  // eslint-disable-next-line require-yield
  *run(call) {
    const { args, flags, line } = call;
    const asked = Object.keys(flags).filter((flag) => Object.hasOwn(BEHAVIOURS, flag));
    if (asked.length === 0) {
      throw new SimError(
        `what about it? One of ${Object.keys(BEHAVIOURS)
          .map((flag) => `--${flag}`)
          .join(', ')}`,
      );
    }
    if (args[1] !== undefined && !asked.some((flag) => BEHAVIOURS[flag].takes)) {
      throw new SimError(`unexpected argument ${JSON.stringify(args[1])}: a path goes with --status`);
    }
    const { container, pod } = find(call);
    const serving = asked.find((flag) => SERVING.includes(flag));
    if (serving && container.ports().length === 0) {
      throw new SimError(
        `container ${container.name} of pod ${pod} listens on no port, so --${serving} would do nothing`,
      );
    }
    for (const flag of asked) BEHAVIOURS[flag].apply(container, call, flags[flag] as string);
    const said = asked.map((flag) =>
      flags[flag] === 'true' ? flag : `${flag} ${flags[flag]}${flag === 'status' ? ` ${args[1] ?? '/'}` : ''}`,
    );
    line(`pod/${pod} container ${container.name}: ${said.join(', ')}`);
  },
};

function find({ targets, args, flags }: Call): { container: Container; pod: string } {
  const name = args[0].replace(/^pods?\//, '');
  const namespace = flags.namespace ?? 'default';
  const pod = targets.client.of<Pod>('v1', 'pods').find(namespace, name);
  if (!pod) throw new SimError(`there is no pod ${JSON.stringify(name)} in namespace ${namespace}`);
  const node = pod.spec?.nodeName;
  if (!node) throw new SimError(`pod ${name} is on no node yet`);
  const wanted = flags.container ?? pod.spec?.containers[0]?.name ?? '';
  const all = [
    ...(pod.spec?.containers ?? []),
    ...(pod.spec?.initContainers ?? []),
    ...(pod.spec?.ephemeralContainers ?? []),
  ];
  if (!all.some((container) => container.name === wanted)) {
    throw new SimError(
      `pod ${name} has no container ${JSON.stringify(wanted)}; it has ${all.map((container) => container.name).join(', ')}`,
    );
  }
  const container = targets.kubelets.get(node)?.container(namespace, name, wanted);
  if (container?.state !== 'running') {
    const ended =
      container?.state === 'exited' ? `; it ended ${durationText(targets.sim.now - container.finishedAt)} ago` : '';
    throw new SimError(`container ${wanted} of pod ${name} does not run${ended}`);
  }
  return { container, pod: name };
}
