// docker: the containers of a node whose kubelet speaks to Docker (by dockershim, until v1.24). Under Docker a Pod is
// nothing but containers with names that the kubelet has made.

import type { Container, Kubelet } from '../kubelet/index.ts';
import { pipeReader, waitFor, type Process, type Program } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { sandboxId, type Worker } from '../kubelet/pod-slices.ts';
import { ago, containersOf, size } from './crictl.ts';
import { columns, die, readFlags } from './flags.ts';
import type { KubeletOf } from './units.ts';

const FLAGS = {
  all: 'bool',
  quiet: 'bool',
  'no-trunc': 'bool',
  follow: 'bool',
  tail: 'string',
  timestamps: 'bool',
  interactive: 'bool',
  tty: 'bool',
  filter: 'string',
} as const;
const SHORTS = { a: 'all', q: 'quiet', f: 'follow', n: 'tail', t: 'timestamps', i: 'interactive' };
const SHORT = 12;
/** Commands that the kubelet would undo. */
const KUBELETS = [
  'run',
  'create',
  'start',
  'rm',
  'rmi',
  'build',
  'commit',
  'restart',
  'pull',
  'push',
  'network',
  'volume',
  'compose',
];

/** What Docker shows of one, a Pod's sandbox too. */
interface Row {
  id: string;
  name: string;
  image: string;
  command: string;
  createdAt: number;
  status: string;
  running: boolean;
  container: Container | undefined;
}

const PAUSE = 'k8s.gcr.io/pause:3.2';

/** dockershim: makeContainerName */
const nameOf = ({ pod, uid }: Worker, container: string, attempt: number): string =>
  `k8s_${container}_${pod.metadata?.name}_${pod.metadata?.namespace}_${uid}_${attempt}`;

function rows(kubelet: Kubelet): Row[] {
  const { now } = kubelet.sim;
  const list: Row[] = containersOf(kubelet).map(({ container, worker }) => {
    const { id, config, state, createdAt, startedAt, finishedAt, exitCode } = container;
    const status =
      state === 'running'
        ? `Up ${ago(now - startedAt).replace(/ ago$/, '')}`
        : state === 'created'
          ? 'Created'
          : `Exited (${exitCode}) ${ago(now - finishedAt)}`;
    const image = config.image.digest.slice('sha256:'.length, 'sha256:'.length + SHORT);
    const command = config.command.join(' ');
    const running = state === 'running';
    return {
      id,
      name: nameOf(worker, container.name, config.attempt),
      image,
      command,
      createdAt,
      status,
      running,
      container,
    };
  });
  for (const worker of kubelet.workers.values()) {
    if (!worker.sandbox) continue;
    const age = ago(now - worker.startTime).replace(/ ago$/, '');
    list.push({
      id: sandboxId(worker),
      name: nameOf(worker, 'POD', 0),
      image: PAUSE,
      command: '/pause',
      createdAt: worker.startTime,
      status: `Up ${age}`,
      running: true,
      container: undefined,
    });
  }
  return list.sort((a, b) => b.createdAt - a.createdAt);
}

export const docker = (kubeletOf: KubeletOf): Program =>
  function* (process): Co<number> {
    const wrong = (text: string): never => die(process, `docker: ${text}`, 125);
    const [, command = '', ...words] = process.argv;
    const kubelet = kubeletOf(process);
    yield 30;
    if (!kubelet.runtimeRuns)
      die(process, 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?');
    const at = command === 'exec' ? words.findIndex((word) => !word.startsWith('-')) : -1;
    const flagged = at < 0 ? words : [...words.slice(0, at), '--', ...words.slice(at)];
    const flags = readFlags(flagged, FLAGS, command === 'exec' ? { i: 'interactive', t: 'tty' } : SHORTS, wrong);
    const cut = (id: string) => (flags.bool('no-trunc') ? id : id.slice(0, SHORT));
    switch (command) {
      case 'ps': {
        const filter = flags.string('filter');
        if (filter !== undefined && !filter.startsWith('name='))
          wrong('only --filter name=… is modelled by this engine');
        const shown = rows(kubelet).filter(
          ({ running, name }) =>
            (running || flags.bool('all')) && (!filter || new RegExp(filter.slice('name='.length)).test(name)),
        );
        if (flags.bool('quiet')) process.stdout.write(shown.map(({ id }) => `${cut(id)}\n`).join(''));
        else
          process.stdout.write(
            columns(
              [
                ['CONTAINER ID', 'IMAGE', 'COMMAND', 'CREATED', 'STATUS', 'PORTS', 'NAMES'],
                ...shown.map(({ id, image, command: line, createdAt, status, name }) => [
                  cut(id),
                  image,
                  JSON.stringify(line.length > 20 && !flags.bool('no-trunc') ? `${line.slice(0, 19)}…` : line),
                  ago(kubelet.sim.now - createdAt),
                  status,
                  '',
                  name,
                ]),
              ],
              3,
            ),
          );
        return 0;
      }
      case 'images': {
        const list = kubelet.images.list().map(({ names = [], sizeBytes = 0 }) => {
          const digest = /@sha256:(.*)$/.exec(names[0] ?? '')?.[1] ?? '';
          const tagged = names.find((name) => !name.includes('@')) ?? `${names[0]?.split('@')[0]}:<none>`;
          const colon = tagged.lastIndexOf(':');
          const repository = tagged.slice(0, colon).replace(/^docker\.io\/(library\/)?/, '');
          return [repository, tagged.slice(colon + 1), cut(digest), size(sizeBytes)];
        });
        if (flags.bool('quiet')) process.stdout.write(list.map(([, , id]) => `${id}\n`).join(''));
        else process.stdout.write(columns([['REPOSITORY', 'TAG', 'IMAGE ID', 'SIZE'], ...list], 3));
        return 0;
      }
      case 'inspect':
        return inspect(process, kubelet, flags.args);
      case 'logs': {
        const { container } = find(process, kubelet, flags.args[0] ?? '');
        const tail = flags.string('tail');
        const reader = pipeReader(
          (container as Container).log.read(
            {
              follow: flags.bool('follow'),
              previous: false,
              timestamps: flags.bool('timestamps'),
              tailLines: tail === undefined || tail === 'all' ? undefined : Number(tail),
            },
            kubelet.sim.now,
          ),
        );
        for (;;) {
          const text = yield* reader.read();
          if (text === undefined || !process.stdout.write(text)) return 0;
        }
      }
      case 'exec':
        return yield* exec(process, kubelet, flags.args);
      case 'stop':
      case 'kill':
        for (const id of flags.args) {
          const { container } = find(process, kubelet, id);
          container?.signal(command === 'stop' ? 'TERM' : 'KILL');
          for (let waited = 0; container?.state === 'running'; waited += 10) {
            yield 10;
            if (waited === 10_000) container.signal('KILL');
          }
          process.stdout.write(`${id}\n`);
        }
        return 0;
      case 'version':
      case 'info': {
        const number = (kubelet.node.containerRuntimeVersion ?? kubelet.runtime.version).split('://')[1];
        if (command === 'version')
          process.stdout.write(
            `Client:\n Version:           ${number}\n\nServer:\n Engine:\n  Version:          ${number}\n`,
          );
        else {
          const all = rows(kubelet);
          const running = all.filter((one) => one.running).length;
          process.stdout.write(
            `Server:\n Containers: ${all.length}\n  Running: ${running}\n  Paused: 0\n  Stopped: ${all.length - running}\n Images: ${kubelet.images.list().length}\n Server Version: ${number}\n Storage Driver: overlay2\n Cgroup Driver: systemd\n Kernel Version: ${kubelet.machine.kernel.release}\n Name: ${kubelet.machine.hostname}\n`,
          );
        }
        return 0;
      }
      default:
        if (KUBELETS.includes(command))
          return wrong(
            `${command} is not modelled by this engine: what runs on a node is the kubelet's, ask for a Pod`,
          );
        return wrong(`'${command}' is not a docker command that this engine models.\nSee 'docker --help'`);
    }
  };

function find(process: Process, kubelet: Kubelet, word: string): Row {
  const found = word ? rows(kubelet).filter(({ id, name }) => id.startsWith(word) || name === word) : [];
  if (found.length !== 1) return die(process, `Error: No such container: ${word}`);
  return found[0];
}

function inspect(process: Process, kubelet: Kubelet, words: readonly string[]): number {
  const objects = words.map((word) => {
    const { id, name, container, createdAt } = find(process, kubelet, word);
    const time = (ms: number) => new Date(ms).toISOString();
    return {
      Id: id,
      Created: time(createdAt),
      Path: container?.config.command[0] ?? '/pause',
      Args: container?.config.command.slice(1) ?? [],
      State: {
        Status: container ? (container.state === 'exited' ? 'exited' : container.state) : 'running',
        Running: container ? container.state === 'running' : true,
        OOMKilled: container?.reason === 'OOMKilled',
        ExitCode: container?.exitCode ?? 0,
        StartedAt: time(container?.startedAt ?? createdAt),
      },
      Image: container?.config.image.digest ?? PAUSE,
      Name: `/${name}`,
      Config: container && {
        Env: Object.keys(container.config.env).map((key) => `${key}=${container.config.env[key]}`),
        Image: container.config.image.reference,
        WorkingDir: container.config.workingDir,
      },
    };
  });
  process.stdout.write(`${JSON.stringify(objects, null, 4)}\n`);
  return 0;
}

function* exec(process: Process, kubelet: Kubelet, [id = '', ...command]: string[]): Co<number> {
  const { container } = find(process, kubelet, id);
  const host = container?.host;
  if (!container || !host || container.state !== 'running')
    return die(process, `Error response from daemon: Container ${id} is not running`);
  const program = host.program(command[0] ?? '');
  if (!program)
    return die(
      process,
      `OCI runtime exec failed: exec failed: container_linux.go:370: starting container process caused: exec: "${command[0] ?? ''}": executable file not found in $PATH: unknown`,
      126,
    );
  const { uid, gid, groups, env, workingDir: cwd } = container.config;
  const { stdin, stdout, stderr, tty } = process;
  return yield* waitFor(host.spawn({ program, argv: command, env, cwd, stdin, stdout, stderr, tty, uid, gid, groups }));
}
