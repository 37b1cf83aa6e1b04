// Redirections: which files, descriptors, texts and connections a command's input and output go to.

import type { Co } from '../sim/index.ts';
import { FsError } from '../linux/fs.ts';
import { fileReader, fileWriter, stringReader } from '../linux/io.ts';
import type { Redirect } from './ast.ts';
import { type Context, expandInto, expandText } from './expand.ts';
import type { Descriptor, Descriptors, Shell } from './shell.ts';

/** A redirection that fails: the command does not run and its status is 1. */
export class RedirectError {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

const CONNECT_ERRORS = {
  ECONNREFUSED: 'Connection refused',
  ETIMEDOUT: 'Connection timed out',
  EHOSTUNREACH: 'No route to host',
};

/** The descriptors for a command with these redirections. */
export function* redirected(context: Context, redirects: Redirect[]): Co<Descriptors> {
  const fds = context.fds.slice();
  // Substitutions in a target write their errors to where the earlier redirections lead.
  const inner = { ...context, fds };
  for (let i = 0; i < redirects.length; i++) yield* apply(inner, redirects[i], fds);
  return fds;
}

function* apply(context: Context, redirect: Redirect, fds: Descriptors): Co {
  const { shell } = context;
  const { op, fd } = redirect;
  if (op === '<<' || op === '<<<') {
    const text = yield* expandText(context, redirect.target);
    fds[fd as number] = { reader: stringReader(op === '<<<' ? text + '\n' : text) };
    return;
  }
  const target = yield* targetName(context, redirect);
  if (op === '<&' || op === '>&') {
    if (target === '-') fds[fd as number] = undefined;
    else if (/^\d+-?$/.test(target)) {
      const source = fds[parseInt(target, 10)];
      if (!source) throw new RedirectError(`${parseInt(target, 10)}: Bad file descriptor`);
      fds[fd as number] = source;
      if (target.endsWith('-')) fds[parseInt(target, 10)] = undefined;
    } else if (op === '>&' && fd === 1 && shell.flavour.bashisms) fds[1] = fds[2] = open(shell, '>', target);
    else throw new RedirectError(shell.flavour.kind === 'bash' ? `${target}: ambiguous redirect` : `bad fd number`);
    return;
  }
  const tcp = shell.flavour.bashisms ? /^\/dev\/tcp\/([^/]+)\/(\d+)$/.exec(target) : undefined;
  const descriptor = tcp ? yield* connect(shell, target, tcp[1], Number(tcp[2])) : open(shell, op, target);
  if (fd === '&') fds[1] = fds[2] = descriptor;
  else fds[fd] = descriptor;
}

function* targetName(context: Context, redirect: Redirect): Co<string> {
  if (context.shell.flavour.kind !== 'bash') return yield* expandText(context, redirect.target);
  const fields: string[] = [];
  yield* expandInto(context, redirect.target, fields);
  if (fields.length !== 1) throw new RedirectError(`${redirect.target.raw}: ambiguous redirect`);
  return fields[0];
}

function open(shell: Shell, op: string, path: string): Descriptor {
  const { fs, process } = shell;
  const now = () => process.host.sim.now;
  try {
    if (op === '<') {
      const node = fs.openRead(path);
      return { reader: fileReader(node, process), tty: node.device === 'tty' };
    }
    if (op === '>' && shell.options.has('C') && fs.find(path)?.kind === 'file' && !device(shell, path)) {
      throw new RedirectError(`${path}: cannot overwrite existing file`);
    }
    const file = fs.openWrite(path, { append: op === '>>' || op === '<>' });
    const writer = fileWriter(file, now, process);
    return op === '<>' ? { writer, reader: fileReader(file, process) } : { writer };
  } catch (error) {
    if (!(error instanceof FsError)) throw error;
    if (shell.flavour.kind === 'bash') throw new RedirectError(`${path}: ${error.message}`);
    throw new RedirectError(openError(shell, op, path, error));
  }
}

/** ash says `can't open x: no such file`, dash `cannot open x: No such file`. */
function openError(shell: Shell, op: string, path: string, error: FsError): string {
  const dash = shell.flavour.kind === 'dash';
  const missing =
    op === '<' ? (dash ? 'No such file' : 'no such file') : dash ? 'Directory nonexistent' : 'nonexistent directory';
  return `${dash ? 'cannot' : "can't"} ${op === '<' ? 'open' : 'create'} ${path}: ${error.code === 'ENOENT' ? missing : error.message}`;
}

function device(shell: Shell, path: string): boolean {
  const node = shell.fs.find(path);
  return node?.kind === 'file' && (node.device !== undefined || node.fifo !== undefined);
}

/** bash's own `/dev/tcp/host/port`. */
function* connect(shell: Shell, path: string, host: string, port: number): Co<Descriptor> {
  const { net } = shell.process.host;
  const addresses = yield* shell.process.host.resolve(host);
  if (!addresses?.length) throw new RedirectError(`${host}: Name or service not known`);
  const socket = yield* net.connect(addresses[0], port);
  if (typeof socket !== 'string') return socket;
  throw new RedirectError(`connect: ${CONNECT_ERRORS[socket]}\n${shell.prefix()}${path}: ${CONNECT_ERRORS[socket]}`);
}
