// kubectl cp: copies files and directories between this machine and a container, with programs of the container.

import type { Pod } from '../../api/types.ts';
import { basename, dirname } from '../../linux/fs.ts';
import { singleQuoted } from '../../linux/quote.ts';
import type { Co } from '../../sim/index.ts';
import type { Command } from '../command.ts';
import { CommandError, Exit } from '../errors.ts';
import type { Args } from '../flags.ts';
import type { Kubectl } from '../kubectl.ts';
import { defaultContainer } from '../resource/pods.ts';
import { getObject } from '../resource/rest.ts';
import { connect, remoteError } from './exec.ts';

interface FileSpec {
  /** '' for this machine. */
  pod: string;
  namespace: string;
  path: string;
}

export const cp: Command = {
  name: 'cp',
  short: 'Copy files and directories to and from containers',
  group: 'Troubleshooting and Debugging Commands',
  usage: '<file-spec-src> <file-spec-dest>',
  examples: ['kubectl cp /tmp/foo my-pod:/tmp/bar -c my-container', 'kubectl cp my-namespace/my-pod:/tmp/foo /tmp/bar'],
  flags: [
    {
      name: 'container',
      short: 'c',
      type: 'string',
      usage:
        'Container name. If omitted, use the kubectl.kubernetes.io/default-container annotation or the first container in the pod.',
    },
    {
      name: 'no-preserve',
      type: 'bool',
      usage: "The copied file/directory's ownership and permissions will not be preserved in the container",
    },
    {
      name: 'retries',
      type: 'int',
      usage:
        'Set number of retries to complete a copy operation from a container. Specify 0 to disable or any negative value for infinite retrying.',
    },
  ],
  *run(kubectl, args) {
    if (args.args.length !== 2) throw new CommandError('source and destination are required');
    const from = fileSpec(kubectl, args.args[0]);
    const to = fileSpec(kubectl, args.args[1]);
    if (from.pod && to.pod) throw new CommandError('one of src or dest must be a local file specification');
    if (!from.path || !to.path) throw new CommandError('filepath can not be empty');
    if (from.pod) yield* fromPod(kubectl, args, from, to.path);
    else if (to.pod) yield* toPod(kubectl, args, from.path, to);
    else throw new CommandError('one of src or dest must be a remote file specification');
  },
};

function fileSpec(kubectl: Kubectl, text: string): FileSpec {
  const colon = text.indexOf(':');
  if (colon < 0) return { pod: '', namespace: '', path: text };
  if (colon === 0) throw new CommandError('filespec must match the canonical format: [[namespace/]pod:]file/path');
  const parts = text.slice(0, colon).split('/');
  if (parts.length > 2) throw new CommandError('filespec must match the canonical format: [[namespace/]pod:]file/path');
  const pod = parts[parts.length - 1];
  return { pod, namespace: parts.length === 2 ? parts[0] : kubectl.namespace, path: text.slice(colon + 1) };
}

interface Place {
  pod: Pod;
  container: string;
}

function* placeOf(kubectl: Kubectl, args: Args, spec: FileSpec): Co<Place> {
  const mapping = yield* kubectl.mappingFor('pods');
  const pod = (yield* getObject(kubectl, mapping, spec.namespace, spec.pod)) as unknown as Pod;
  return { pod, container: args.string('container') || defaultContainer(kubectl, pod) };
}

/** Runs a line of shell in the container; a failure ends the copy as it ends the real one. */
function* shell(kubectl: Kubectl, { pod, container }: Place, script: string, input?: string): Co<string> {
  const { out, err, code } = yield* capture(kubectl, pod, container, script, input);
  if (code === 0) return out;
  kubectl.process.stderr.write(err);
  kubectl.warn(`command terminated with exit code ${code}`);
  throw new Exit(code);
}

function* capture(
  kubectl: Kubectl,
  pod: Pod,
  container: string,
  script: string,
  input?: string,
): Co<{ out: string; err: string; code: number }> {
  const query: Record<string, string | string[]> = {
    command: ['sh', '-c', script],
    container,
    stdout: 'true',
    stderr: 'true',
  };
  if (input !== undefined) query.stdin = 'true';
  const session = yield* connect(kubectl, pod, 'exec', query);
  if (input !== undefined && session.stdin) {
    session.stdin.write(input);
    session.stdin.end();
  }
  let out = '';
  let err = '';
  for (;;) {
    out += session.stdout.take();
    if (session.stderr !== session.stdout) err += session.stderr.take();
    if (session.error !== undefined) throw remoteError(session.error);
    if (session.exitCode !== undefined && session.stdout.size === 0 && session.stderr.size === 0)
      return { out, err, code: session.exitCode };
    yield { signals: [session.stdout.changed, session.stderr.changed, session.exited] };
  }
}

const trimmed = (path: string) => (path.length > 1 ? path.replace(/\/+$/, '') : path);

function* toPod(kubectl: Kubectl, args: Args, source: string, to: FileSpec): Co {
  const { fs } = kubectl;
  if (!fs.exists(source)) throw new CommandError(`${source} doesn't exist in local filesystem`);
  const place = yield* placeOf(kubectl, args, to);
  const from = trimmed(source);
  let target = trimmed(to.path);
  // A directory that is there takes the copy in.
  const { code } = yield* capture(kubectl, place.pod, place.container, `test -d ${singleQuoted(target)}`);
  if (code === 0) target = `${target === '/' ? '' : target}/${basename(fs.absolute(from))}`;
  if (!fs.isDirectory(from)) {
    yield* shell(kubectl, place, `cat > ${singleQuoted(target)}`, fs.readFile(from));
    return;
  }
  const walk = function* (directory: string, at: string): Co {
    yield* shell(kubectl, place, `mkdir -p ${singleQuoted(at)}`);
    for (const name of fs.readdir(directory)) {
      const path = `${directory}/${name}`;
      if (fs.isDirectory(path)) yield* walk(path, `${at}/${name}`);
      else yield* shell(kubectl, place, `cat > ${singleQuoted(`${at}/${name}`)}`, fs.readFile(path));
    }
  };
  yield* walk(from, target);
}

function* fromPod(kubectl: Kubectl, args: Args, from: FileSpec, target: string): Co {
  const { fs } = kubectl;
  const place = yield* placeOf(kubectl, args, from);
  const source = trimmed(from.path);
  const listing = yield* shell(
    kubectl,
    place,
    `test -e ${singleQuoted(source)} || { echo "tar: ${source.replace(/^\/+/, '')}: Cannot stat: No such file or directory" >&2; exit 2; }; find ${singleQuoted(source)} -type f`,
  );
  if (source.startsWith('/')) kubectl.warn("tar: Removing leading `/' from member names");
  const files = listing.split('\n').filter(Boolean);
  if (files.length === 1 && files[0] === source) {
    if (fs.isDirectory(target)) throw new CommandError(`open ${target}: is a directory`);
    fs.mkdir(dirname(fs.absolute(target)), { recursive: true });
    fs.writeFile(target, yield* shell(kubectl, place, `cat ${singleQuoted(source)}`));
    return;
  }
  fs.mkdir(target, { recursive: true });
  for (const file of files) {
    const path = `${trimmed(target)}/${file.slice(source === '/' ? 1 : source.length + 1)}`;
    fs.mkdir(dirname(fs.absolute(path)), { recursive: true });
    fs.writeFile(path, yield* shell(kubectl, place, `cat ${singleQuoted(file)}`));
  }
}
