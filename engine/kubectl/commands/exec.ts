// kubectl exec and kubectl attach: a process inside a container, with its streams.

import type { ExecSession } from '../../apiserver/types.ts';
import type { Pod } from '../../api/types.ts';
import { terminalOf } from '../../linux/terminal.ts';
import type { Co } from '../../sim/index.ts';
import type { Command } from '../command.ts';
import { CommandError } from '../errors.ts';
import type { Flag } from '../flags.ts';
import type { Kubectl } from '../kubectl.ts';
import { findAll } from '../resource/builder.ts';
import { containerNames, defaultContainer, onePod } from '../resource/pods.ts';

const STREAM_FLAGS: readonly Flag[] = [
  {
    name: 'container',
    short: 'c',
    type: 'string',
    usage:
      'Container name. If omitted, use the kubectl.kubernetes.io/default-container annotation for selecting the container to be attached or the first container in the pod will be chosen',
  },
  {
    name: 'pod-running-timeout',
    type: 'duration',
    default: 60_000,
    usage: 'The length of time (like 5s, 2m, or 3h, higher than zero) to wait until at least one pod is running',
  },
  { name: 'quiet', short: 'q', type: 'bool', usage: 'Only print output from the remote session' },
  { name: 'stdin', short: 'i', type: 'bool', usage: 'Pass stdin to the container' },
  { name: 'tty', short: 't', type: 'bool', usage: 'Stdin is a TTY' },
];

export const exec: Command = {
  name: 'exec',
  short: 'Execute a command in a container',
  group: 'Troubleshooting and Debugging Commands',
  usage: '(POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...]',
  examples: ['kubectl exec web-0 -- date', 'kubectl exec deploy/web -c nginx -- ls /etc'],
  flags: [
    ...STREAM_FLAGS,
    { name: 'filename', short: 'f', type: 'strings', usage: 'A file that names the object to use' },
  ],
  *run(kubectl, args) {
    const dash = args.dash;
    const words = args.args;
    const files = args.strings('filename');
    if (files.length === 0 && (words.length === 0 || dash === 0))
      throw new CommandError('pod, type/name or --filename must be specified');
    if (dash < 0 && words.length > (files.length ? 0 : 1)) {
      throw new CommandError(
        "exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead\nSee 'kubectl exec -h' for help and examples",
      );
    }
    const command = dash < 0 ? [] : words.slice(dash);
    if (command.length === 0) throw new CommandError('you must specify at least one command for the container');
    const named = files.length ? yield* namedIn(kubectl, files) : words[0];
    const pod = yield* onePod(kubectl, named, args.duration('pod-running-timeout'));
    if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') {
      throw new CommandError(`cannot exec into a container in a completed pod; current phase is ${pod.status.phase}`);
    }
    // Whether a container that is named exists is for the server to say.
    const container = args.string('container') || defaultContainer(kubectl, pod, args.bool('quiet'));
    const stdin = args.bool('stdin');
    const tty = ttyOf(kubectl, args.bool('tty'), stdin, args.bool('quiet'));
    const query: Record<string, string | string[]> = { command, container, stdout: 'true', stderr: String(!tty) };
    if (stdin) query.stdin = 'true';
    if (tty) query.tty = 'true';
    const session = yield* connect(kubectl, pod, 'exec', query);
    const status = yield* run(kubectl, session, stdin);
    if (status) kubectl.warn(`command terminated with exit code ${status}`);
    return status;
  },
};

/** TYPE/NAME of the object in a file. */
function* namedIn(kubectl: Kubectl, filenames: readonly string[]): Co<string> {
  const infos = yield* findAll(kubectl, { filenames });
  if (infos.length !== 1) throw new CommandError('exactly one object must be named by --filename');
  return `${infos[0].mapping.resource}/${infos[0].name}`;
}

export const attach: Command = {
  name: 'attach',
  short: 'Attach to a running container',
  group: 'Troubleshooting and Debugging Commands',
  usage: '(POD | TYPE/NAME) -c CONTAINER',
  flags: [...STREAM_FLAGS],
  *run(kubectl, args) {
    if (args.args.length === 0) throw new CommandError('at least 1 argument is required for attach');
    if (args.args.length > 2)
      throw new CommandError(
        `expected POD, TYPE/NAME, or TYPE NAME, (at most 2 arguments) saw ${args.args.length}: [${args.args.join(' ')}]`,
      );
    const target = args.args.length === 2 ? `${args.args[0]}/${args.args[1]}` : args.args[0];
    const pod = yield* onePod(kubectl, target, args.duration('pod-running-timeout'));
    if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') {
      throw new CommandError(`cannot attach a container in a completed pod; current phase is ${pod.status.phase}`);
    }
    const container = containerFor(kubectl, pod, args.string('container'), args.bool('quiet'));
    yield* attachTo(kubectl, pod, container, {
      stdin: args.bool('stdin'),
      tty: args.bool('tty'),
      quiet: args.bool('quiet'),
    });
    return 0;
  },
};

/** Attaches to the main process of a container, with the terminal when both have one. */
export function* attachTo(
  kubectl: Kubectl,
  pod: Pod,
  container: string,
  options: { stdin: boolean; tty: boolean; quiet: boolean },
): Co {
  const { stdin, quiet } = options;
  const { spec } = pod;
  const ephemeral = spec?.ephemeralContainers?.find(({ name }) => name === container);
  const target =
    ephemeral ?? [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].find(({ name }) => name === container);
  if (options.tty && !target?.tty && !quiet)
    kubectl.warn(`error: Unable to use a TTY - container ${container} did not allocate one`);
  const tty = ttyOf(kubectl, target?.tty ?? false, stdin, quiet);
  const query: Record<string, string> = { container, stdout: 'true', stderr: String(!tty) };
  if (stdin) query.stdin = 'true';
  if (tty) query.tty = 'true';
  if (!quiet) {
    kubectl.warn(
      'All commands and output from this session will be recorded in container logs, including credentials and sensitive information passed through the command prompt.',
    );
    kubectl.warn("If you don't see a command prompt, try pressing enter.");
  }
  const session = yield* connect(kubectl, pod, 'attach', query);
  // How the process ended is not told to those who were attached to it.
  yield* run(kubectl, session, stdin);
  if (tty && !quiet && spec?.restartPolicy === 'Always') {
    const again = `'kubectl attach ${pod.metadata.name} -c ${container} -i -t'`;
    kubectl.line(
      ephemeral
        ? `Session ended, the ephemeral container will not be restarted but may be reattached using ${again} if it is still running`
        : `Session ended, resume using ${again} command when the pod is running`,
    );
  }
}

function containerFor(kubectl: Kubectl, pod: Pod, named: string, quiet: boolean): string {
  if (!named) return defaultContainer(kubectl, pod, quiet);
  if (!containerNames(pod).includes(named))
    throw new CommandError(`cannot attach to the container: container ${named} not found in pod ${pod.metadata.name}`);
  return named;
}

function ttyOf(kubectl: Kubectl, asked: boolean, stdin: boolean, quiet: boolean): boolean {
  if (!asked) return false;
  if (!stdin) return false;
  if (!kubectl.process.tty) {
    if (!quiet) kubectl.warn('Unable to use a TTY - input is not a terminal or the right kind of file');
    return false;
  }
  return true;
}

export function* connect(
  kubectl: Kubectl,
  pod: Pod,
  what: 'exec' | 'attach',
  query: Record<string, string | string[]>,
): Co<ExecSession> {
  const path = `/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}/${what}`;
  return (yield* kubectl.send({ method: 'POST', path, query })).exec as ExecSession;
}

/** Carries the streams until the process has ended; its exit status is ours. */
export function* run(kubectl: Kubectl, session: ExecSession, stdin: boolean): Co<number> {
  const { stdout, stderr } = session;
  const input = stdin && session.stdin ? session.stdin : undefined;
  const { process } = kubectl;
  // The other end learns the size of this terminal before anything else.
  const terminal = terminalOf(process);
  if (terminal) session.resize?.(terminal.columns, terminal.rows);
  const feeder = input ? process.host.sim.spawn('exec stdin', feed(kubectl, input)) : undefined;
  try {
    for (;;) {
      kubectl.out(stdout.take());
      if (stderr !== stdout) {
        const text = stderr.take();
        if (text) process.stderr.write(text);
      }
      if (session.exitCode !== undefined && stdout.size === 0 && stderr.size === 0) break;
      if (session.error !== undefined) break;
      yield { signals: [stdout.changed, stderr.changed, session.exited] };
    }
  } finally {
    feeder?.kill();
    if (session.exitCode === undefined) session.kill();
  }
  if (session.error !== undefined) throw remoteError(session.error);
  return session.exitCode ?? 0;
}

/** Over WebSockets the API server wraps what the kubelet says, itself an internal error, into one of its own. */
export const remoteError = (error: string) => new CommandError(`Internal error occurred: ${error}`);

function* feed(kubectl: Kubectl, input: NonNullable<ExecSession['stdin']>): Co {
  for (;;) {
    const text = yield* kubectl.process.stdin.read();
    if (text === undefined) break;
    input.write(text);
  }
  input.end();
}
