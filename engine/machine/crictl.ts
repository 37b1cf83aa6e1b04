// crictl: the containers of a machine as its runtime has them, past the kubelet.

import { unreachable, type Container, type Kubelet } from '../kubelet/index.ts';
import { pipeReader, waitFor, type Process, type Program } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { formatReference, parseReference } from '../images/reference.ts';
import { PullError } from '../images/types.ts';
import { sandboxId, type Worker } from '../kubelet/pod-slices.ts';
import { info } from './crictl-info.ts';
import { inspect, inspectSandbox } from './crictl-inspect.ts';
import { config, withoutEndpoint } from './crictl-config.ts';
import { HELP, imageFsInfo, podStats, stats } from './crictl-stats.ts';
import { die, readFlags, type Flags } from './flags.ts';
import type { KubeletOf } from './units.ts';

interface Found {
  container: Container;
  worker: Worker;
}

const SHORT = 13;

const FLAGS = {
  all: 'bool',
  quiet: 'bool',
  'no-trunc': 'bool',
  label: 'string',
  name: 'string',
  namespace: 'string',
  pod: 'string',
  state: 'string',
  image: 'string',
  latest: 'bool',
  tail: 'string',
  timeout: 'string',
  output: 'string',
  id: 'string',
  follow: 'bool',
} as const;
const SHORTS = { a: 'all', q: 'quiet', t: 'timeout', p: 'pod', s: 'state', l: 'latest', o: 'output', f: 'follow' };
/** Commands that make what the kubelet would take away again, or take away what it would make. */
const KUBELETS = ['create', 'run', 'runp', 'rm', 'rmi', 'rmp', 'start', 'stopp', 'update', 'checkpoint'];
const EXEC_FLAGS = { interactive: 'bool', tty: 'bool', sync: 'bool', quiet: 'bool' } as const;
const EXEC_SHORTS = { i: 'interactive', t: 'tty', s: 'sync', q: 'quiet' };

/** Flags end at the container's ID. */
function beforeCommand(words: readonly string[]): string[] {
  const id = words.findIndex((word) => !word.startsWith('-'));
  return id < 0 ? [...words] : [...words.slice(0, id), '--', ...words.slice(id)];
}

/** Whether a Pod has all of the labels of `a=b,c=d`. */
function hasLabels({ pod }: Worker, text: string | undefined): boolean {
  return (text ?? '').split(',').every((pair) => {
    const [key, value] = pair.split('=');
    return key === '' || pod.metadata.labels?.[key] === value;
  });
}

export const crictl = (kubeletOf: KubeletOf): Program =>
  function* (process): Co<number> {
    const wrong = (text: string): never => die(process, `crictl: ${text}`);
    const [command = '', ...words] = withoutEndpoint(process);
    if (command === '' || command === '--help' || command === '-h' || command === 'help') {
      process.stdout.write(HELP);
      return 0;
    }
    if (command === '--version' || command === '-v') {
      process.stdout.write(`crictl version v1.35.0\n`);
      return 0;
    }
    if (command.startsWith('-')) wrong(`the flag ${command} is not modelled by this engine`);
    if (command === 'config') return config(process, words);
    if (KUBELETS.includes(command))
      wrong(`${command} is not modelled by this engine: what runs on a node is the kubelet's, ask for a Pod`);
    const kubelet = kubeletOf(process);
    yield 30;
    if (!kubelet.runtimeRuns)
      die(
        process,
        `FATA[0000] validate service connection: validate CRI v1 runtime API for endpoint "unix://${kubelet.runtime.socket}": ${unreachable(kubelet.runtime)}`,
      );
    // The command in a container has flags of its own.
    const flags =
      command === 'exec'
        ? readFlags(beforeCommand(words), EXEC_FLAGS, EXEC_SHORTS, wrong)
        : readFlags(words, FLAGS, SHORTS, wrong);
    switch (command) {
      case 'ps':
        return ps(process, kubelet, flags);
      case 'pods':
        return pods(process, kubelet, flags);
      case 'info':
        return info(process, kubelet);
      case 'images':
      case 'image':
      case 'img':
        return images(process, kubelet, flags);
      case 'stats':
        return stats(process, kubelet, flags);
      case 'statsp':
        return podStats(process, kubelet, flags);
      case 'imagefsinfo':
        return imageFsInfo(process, kubelet);
      case 'version':
        return version(process, kubelet);
      case 'logs':
        return yield* logs(process, kubelet, flags);
      case 'inspect': {
        const { container, worker } = find(process, kubelet, flags.args[0] ?? '');
        inspect(process, kubelet, container, worker, sandboxId(worker));
        return 0;
      }
      case 'inspectp': {
        const worker = findPod(process, kubelet, flags.args[0] ?? '');
        inspectSandbox(process, worker, sandboxId(worker));
        return 0;
      }
      case 'pull':
        return yield* pull(process, kubelet, flags.args[0] ?? '');
      case 'stop':
        return yield* stop(process, kubelet, flags.args);
      case 'exec':
        return yield* exec(process, kubelet, flags.args);
      default:
        return wrong(`${command} is not modelled by this engine`);
    }
  };

export function containersOf(kubelet: Kubelet): Found[] {
  const list: Found[] = [];
  kubelet.workers.forEach((worker) =>
    worker.records.forEach(({ current }) => {
      if (current) list.push({ container: current, worker });
    }),
  );
  return list.sort((a, b) => b.container.createdAt - a.container.createdAt);
}

function find(process: Process, kubelet: Kubelet, id: string): Found {
  const found = containersOf(kubelet).filter(({ container }) => container.id.startsWith(id));
  if (found.length === 1 && id) return found[0];
  return die(
    process,
    `E${' '.repeat(4)}rpc error: code = NotFound desc = an error occurred when try to find container "${id}": not found`,
  );
}

function findPod(process: Process, kubelet: Kubelet, id: string): Worker {
  const found = [...kubelet.workers.values()].filter((worker) => worker.sandbox && sandboxId(worker).startsWith(id));
  if (found.length === 1 && id) return found[0];
  return die(
    process,
    `FATA[0000] getting the status of the pod sandbox ${JSON.stringify(id)}: rpc error: code = NotFound desc = an error occurred when try to find sandbox: not found`,
  );
}

function* pull(process: Process, kubelet: Kubelet, name: string): Co<number> {
  if (!name) die(process, 'FATA[0000] Image reference is required');
  let full: string;
  try {
    full = formatReference(parseReference(name));
  } catch (error) {
    return die(
      process,
      `FATA[0000] pulling image: rpc error: code = InvalidArgument desc = failed to parse image reference ${JSON.stringify(name)}: ${(error as Error).message}`,
    );
  }
  const image = yield* kubelet.images.pull(full);
  if (image instanceof PullError)
    return die(process, `FATA[0000] pulling image: rpc error: code = ${image.code} desc = ${image.message}`);
  process.stdout.write(`Image is up to date for ${image.digest}\n`);
  return 0;
}

/** go-units: HumanDuration. */
export function ago(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.round(minutes / 60);
  if (seconds < 1) return 'Less than a second ago';
  if (seconds === 1) return '1 second ago';
  if (seconds < 60) return `${seconds} seconds ago`;
  if (minutes === 1) return 'About a minute ago';
  if (minutes < 60) return `${minutes} minutes ago`;
  if (hours === 1) return 'About an hour ago';
  return hours < 48 ? `${hours} hours ago` : `${Math.floor(hours / 24)} days ago`;
}

/** Columns of at least twenty characters, three of them empty. */
function show(process: Process, rows: readonly (readonly string[])[]) {
  const widths = rows[0].map((_, column) => Math.max(20, ...rows.map((row) => row[column].length + 3)));
  for (const row of rows) {
    const cells = row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at])));
    process.stdout.write(`${cells.join('')}\n`);
  }
}

const STATES = { created: 'Created', running: 'Running', exited: 'Exited' } as const;

function ps(process: Process, kubelet: Kubelet, flags: Flags): number {
  const name = flags.string('name');
  const pattern = name === undefined ? undefined : new RegExp(name);
  const state = flags.string('state')?.toLowerCase();
  const image = flags.string('image');
  const everything = flags.bool('all') || flags.bool('latest');
  let chosen = containersOf(kubelet).filter(
    ({ container, worker }) =>
      (state ? container.state === state : everything || container.state === 'running') &&
      (!pattern || pattern.test(container.name)) &&
      (!image || isNamed([container.config.image.reference], image)) &&
      sandboxId(worker).startsWith(flags.string('pod') ?? ''),
  );
  if (flags.bool('latest')) chosen = chosen.slice(0, 1);
  const cut = (id: string) => (flags.bool('no-trunc') ? id : id.slice(0, SHORT));
  if (flags.bool('quiet')) {
    for (const { container } of chosen) process.stdout.write(`${container.id}\n`);
    return 0;
  }
  const rows = chosen.map(({ container, worker }) => {
    const { image, attempt } = container.config;
    const { name: pod = '', namespace = '' } = worker.pod.metadata ?? {};
    return [
      cut(container.id),
      cut(image.digest.slice('sha256:'.length)),
      ago(kubelet.sim.now - container.createdAt),
      STATES[container.state],
      container.name,
      String(attempt),
      cut(sandboxId(worker)),
      pod,
      namespace,
    ];
  });
  show(process, [['CONTAINER', 'IMAGE', 'CREATED', 'STATE', 'NAME', 'ATTEMPT', 'POD ID', 'POD', 'NAMESPACE'], ...rows]);
  return 0;
}

function pods(process: Process, kubelet: Kubelet, flags: Flags): number {
  const workers = [...kubelet.workers.values()].filter((worker) => {
    const { sandbox, pod } = worker;
    const { name = '', namespace } = pod.metadata ?? {};
    const wanted = flags.string('name');
    return (
      sandbox &&
      (!wanted || new RegExp(wanted).test(name)) &&
      namespace === (flags.string('namespace') ?? namespace) &&
      hasLabels(worker, flags.string('label'))
    );
  });
  workers.sort((a, b) => b.startTime - a.startTime);
  if (flags.bool('quiet')) {
    for (const worker of workers) process.stdout.write(`${sandboxId(worker)}\n`);
    return 0;
  }
  const rows = workers.map((worker) => {
    const { name = '', namespace = '' } = worker.pod.metadata ?? {};
    return [
      sandboxId(worker).slice(0, SHORT),
      ago(kubelet.sim.now - worker.startTime),
      'Ready',
      name,
      namespace,
      '0',
      '(default)',
    ];
  });
  show(process, [['POD ID', 'CREATED', 'STATE', 'NAME', 'NAMESPACE', 'ATTEMPT', 'RUNTIME'], ...rows]);
  return 0;
}

/** As go-units prints bytes: three digits and a unit of a thousand. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1000 && unit < 3; unit++) value /= 1000;
  return `${Number(value.toPrecision(3))}${units[unit]}`;
}

function images(process: Process, kubelet: Kubelet, flags: Flags): number {
  const [wanted] = flags.args;
  const chosen = kubelet.images.list().filter(({ names = [] }) => wanted === undefined || isNamed(names, wanted));
  if (flags.bool('quiet')) {
    for (const { names = [] } of chosen) process.stdout.write(`${names[0]?.split('@')[1] ?? ''}\n`);
    return 0;
  }
  const rows = chosen.map(({ names = [], sizeBytes = 0 }) => {
    const digest = /@sha256:(.*)$/.exec(names[0] ?? '')?.[1] ?? '';
    const reference = names.find((name) => !name.includes('@')) ?? `${names[0]?.split('@')[0]}:<none>`;
    const colon = reference.lastIndexOf(':');
    return [reference.slice(0, colon), reference.slice(colon + 1), digest.slice(0, SHORT), size(sizeBytes)];
  });
  rows.sort((a, b) => (a[0] < b[0] ? -1 : 1));
  show(process, [['IMAGE', 'TAG', 'IMAGE ID', 'SIZE'], ...rows]);
  return 0;
}

/** `nginx` is docker.io/library/nginx of any tag. */
function isNamed(names: readonly string[], wanted: string): boolean {
  let full: string;
  try {
    full = formatReference(parseReference(wanted));
  } catch {
    return false;
  }
  const exact = /[:@]/.test(wanted.slice(wanted.lastIndexOf('/') + 1));
  const repository = full.slice(0, full.lastIndexOf(':'));
  return names.some((name) => (exact ? name === full : name.startsWith(`${repository}:`)));
}

function version(process: Process, { runtime, node }: Kubelet): number {
  const [name, number] = (node.containerRuntimeVersion ?? runtime.version).split('://');
  const shown = name === 'containerd' ? `v${number}` : number;
  process.stdout.write(`Version:  0.1.0\nRuntimeName:  ${name}\nRuntimeVersion:  ${shown}\nRuntimeApiVersion:  v1\n`);
  return 0;
}

function* logs(process: Process, kubelet: Kubelet, flags: Flags): Co<number> {
  const { container } = find(process, kubelet, flags.args[0] ?? '');
  const tail = flags.string('tail');
  const options = {
    follow: flags.bool('follow'),
    previous: false,
    timestamps: false,
    tailLines: tail === undefined ? undefined : Number(tail),
  };
  const reader = pipeReader(container.log.read(options, kubelet.sim.now));
  for (;;) {
    const text = yield* reader.read();
    if (text === undefined) return 0;
    process.stdout.write(text);
  }
}

/** Without --timeout the runtime does not wait for the program to end by itself. */
function* stop(process: Process, kubelet: Kubelet, ids: string[]): Co<number> {
  for (const id of ids) {
    const { container } = find(process, kubelet, id);
    if (container.state === 'running') container.signal('KILL');
    while (container.state === 'running') yield 10;
    process.stdout.write(`${id}\n`);
  }
  return 0;
}

function* exec(process: Process, kubelet: Kubelet, words: string[]): Co<number> {
  const { container } = find(process, kubelet, words[0] ?? '');
  const command = words.slice(1);
  const { host, config } = container;
  const program = host?.program(command[0] ?? '');
  if (!host || container.state !== 'running')
    return die(process, `FATA[0000] execing command in container: container is in ${STATES[container.state]} state`);
  if (!program) {
    return die(
      process,
      `FATA[0000] execing command in container: failed to exec in container: exec: "${command[0] ?? ''}": executable file not found in $PATH`,
    );
  }
  const { uid, gid, groups, env, workingDir } = config;
  const { stdin, stdout, stderr, tty } = process;
  const child = host.spawn({
    program,
    argv: command,
    env,
    cwd: workingDir,
    stdin,
    stdout,
    stderr,
    tty,
    uid,
    gid,
    groups,
  });
  return yield* waitFor(child);
}
