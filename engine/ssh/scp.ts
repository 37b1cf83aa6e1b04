// scp: files from one machine to another, by the protocol of sftp over SSH.

import { Exit, filesOf, normalize, type FileSystem, type Process, type Program } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { login, type Connection } from './client.ts';
import { destinationOf } from './destination.ts';
import { isPort, letters, SshOptions } from './options.ts';
import { answer, type SftpReply, type SftpRequest } from './sftp.ts';

const USAGE = `usage: scp [-346ABCOpqRrsTv] [-c cipher] [-D sftp_server_path] [-F ssh_config]
           [-i identity_file] [-J destination] [-l limit] [-o ssh_option]
           [-P port] [-S program] [-X sftp_option] source ... target
`;
const LETTERS = '346ABCOpqRrsTvc:D:F:i:J:l:o:P:S:X:';
const WITHOUT_EFFECT = '34ACqsTl';

/** The files of one side. */
interface Side {
  /** Absent: this machine. */
  connection?: Connection;
  ask(request: SftpRequest): Co<SftpReply>;
  close(): void;
}

interface Place {
  target: string | undefined;
  path: string;
}

/** `[user@]host:path`, `scp://`, or a path. */
function placeOf(text: string): Place {
  const url = /^scp:\/\/([^/]+)\/(.*)$/.exec(text);
  if (url) return { target: `ssh://${url[1]}`, path: url[2] };
  const match = /^((?:[^/:]|\[[^\]]*\])+):(.*)$/s.exec(text);
  return match ? { target: match[1].replace(/\[(.*)\]$/, '$1'), path: match[2] } : { target: undefined, path: text };
}

interface Flags {
  recursive: boolean;
  preserve: boolean;
}

export const scp: Program = function* (process): Co<number> {
  const usage = (message?: string): never => {
    if (message) process.stderr.write(`scp: ${message}\n`);
    process.stderr.write(USAGE);
    throw new Exit(1);
  };
  const { given, next } = letters(process.argv, 1, LETTERS, usage);
  const words = process.argv.slice(next);
  if (words.length < 2) return usage();
  const flags: Flags = { recursive: false, preserve: false };
  const settings: string[] = [];
  let configFile: string | undefined;
  let verbose = false;
  for (const [letter, value] of given) {
    if (letter === 'r') flags.recursive = true;
    else if (letter === 'p') flags.preserve = true;
    else if (letter === 'v') verbose = true;
    else if (letter === 'F') configFile = value;
    else if (letter === 'B') settings.push('BatchMode yes');
    else if (letter === 'i') settings.push(`IdentityFile ${value}`);
    else if (letter === 'J') settings.push(`ProxyJump ${value}`);
    else if (letter === 'o') settings.push(value);
    else if (letter === 'P') {
      if (!isPort(value)) return fail(process, `bad port "${value}"`);
      settings.push(`Port ${value}`);
    } else if (!WITHOUT_EFFECT.includes(letter)) return fail(process, `-${letter} is not modelled by this engine`);
  }
  const sides = new Map<string, Side>();
  const sideOf = function* (target: string | undefined): Co<Side> {
    const known = sides.get(target ?? '');
    if (known) return known;
    const options = new SshOptions(process);
    for (const text of settings) options.set(text, 'command-line: line 0');
    const side =
      target === undefined ? localSide(process) : yield* openSide(process, target, options, configFile, verbose);
    sides.set(target ?? '', side);
    return side;
  };
  const copier = new Copier(process, flags);
  try {
    const to = placeOf(words[words.length - 1]);
    const target = yield* sideOf(to.target);
    const from = words.slice(0, -1).map(placeOf);
    if (from.length > 1) {
      const stat = yield* target.ask({ ask: 'stat', path: to.path || '.' });
      if (stat.stat?.kind !== 'dir') return fail(process, `${to.path}: ${stat.error ?? 'Not a directory'}`);
    }
    for (const place of from) {
      const source = yield* sideOf(place.target);
      yield* copier.copy(source, place.path || '.', target, to.path || '.');
    }
    return copier.status;
  } finally {
    sides.forEach((side) => side.close());
  }
};

function fail(process: Process, message: string): number {
  process.stderr.write(`scp: ${message}\n`);
  return 1;
}

function localSide(process: Process): Side {
  const fs: FileSystem = filesOf(process);
  return {
    *ask(request) {
      return answer(fs, request);
    },
    close() {},
  };
}

function* openSide(
  process: Process,
  target: string,
  options: SshOptions,
  configFile: string | undefined,
  verbose: boolean,
): Co<Side> {
  let connection: Connection;
  try {
    connection = yield* login(process, destinationOf(process, { target, options, configFile, verbose }));
  } catch (error) {
    if (error instanceof Exit) process.stderr.write('scp: Connection closed\n');
    throw error;
  }
  const channel = connection.open({ session: { subsystem: 'sftp', env: {} } });
  yield* connection.opened(channel);
  let rest = '';
  return {
    connection,
    *ask(request) {
      connection.send(channel, `${JSON.stringify(request)}\n`);
      for (;;) {
        const text = yield* channel.out.read();
        if (text === undefined) {
          process.stderr.write('scp: Connection closed\n');
          throw new Exit(255);
        }
        rest += text;
        const at = rest.indexOf('\n');
        if (at < 0) continue;
        const line = rest.slice(0, at);
        rest = rest.slice(at + 1);
        return JSON.parse(line) as SftpReply;
      }
    },
    close: () => connection.disconnect(),
  };
}

class Copier {
  status = 0;
  private readonly process: Process;
  private readonly flags: Flags;

  constructor(process: Process, flags: Flags) {
    this.process = process;
    this.flags = flags;
  }

  private fail(message: string) {
    this.status = fail(this.process, message);
  }

  *copy(source: Side, pattern: string, target: Side, to: string): Co {
    const paths = source.connection ? yield* expand(source, pattern) : [pattern];
    if (paths.length === 0) return this.fail(`${pattern}: No such file or directory`);
    const there = yield* target.ask({ ask: 'stat', path: to });
    const isDirectory = there.stat?.kind === 'dir';
    if (paths.length > 1 && !isDirectory) return this.fail(`${to}: ${there.error ?? 'Not a directory'}`);
    for (const path of paths) {
      const place = isDirectory ? `${to.replace(/\/$/, '')}/${lastName(path)}` : to;
      yield* this.copyOne(source, path, target, place);
    }
  }

  private *copyOne(source: Side, path: string, target: Side, to: string): Co {
    const isRemote = source.connection !== undefined;
    const found = yield* source.ask({ ask: 'stat', path });
    if (!found.stat) return this.fail(isRemote ? `${path}: ${found.error}` : `stat local "${path}": ${found.error}`);
    const { kind, mode, mtime } = found.stat;
    if (kind === 'dir') {
      if (!this.flags.recursive)
        return this.fail(isRemote ? `download ${path}: not a regular file` : `local "${path}" is not a regular file`);
      const made = yield* target.ask({ ask: 'mkdir', path: to, mode });
      if (made.error) return this.fail(`realpath ${to}: ${made.error}`);
      const list = yield* source.ask({ ask: 'list', path });
      for (const name of list.names ?? []) yield* this.copyOne(source, `${path}/${name}`, target, `${to}/${name}`);
      return;
    }
    if (kind !== 'file') return this.fail(`local "${path}" is not a regular file`);
    const file = yield* source.ask({ ask: 'read', path });
    if (file.text === undefined) return this.fail(`${isRemote ? 'remote' : 'local'} open "${path}": ${file.error}`);
    if (file.isProgram) return this.fail(`${path}: programs are not copied to other machines by this engine`);
    const written = yield* target.ask({
      ask: 'write',
      path: to,
      text: file.text,
      mode: mode & 0o777,
      ...(this.flags.preserve && { mtime }),
    });
    if (!written.error) return;
    this.fail(`${target.connection ? 'dest open' : 'open local'} "${to}": ${written.error}`);
    if (target.connection) this.fail(`failed to upload file ${path} to ${to}`);
  }
}

const lastName = (path: string): string => normalize(path).replace(/.*\//, '') || '.';

/** Paths of the other side that a pattern names. */
function* expand(side: Side, pattern: string): Co<string[]> {
  if (!/[*?[]/.test(pattern)) return [pattern];
  let found = [pattern.startsWith('/') ? '' : '.'];
  for (const segment of pattern.split('/').filter(Boolean)) {
    const next: string[] = [];
    for (const base of found) {
      const join = (name: string) => (base === '.' ? name : `${base}/${name}`);
      if (!/[*?[]/.test(segment)) {
        next.push(join(segment));
        continue;
      }
      const list = yield* side.ask({ ask: 'list', path: base || '/' });
      const fits = new RegExp(
        `^${segment
          .replace(/[.+^${}()|\\]/g, '\\$&')
          .replace(/\*/g, '.*')
          .replace(/\?/g, '.')}$`,
      );
      for (const name of list.names ?? [])
        if (fits.test(name) && (!name.startsWith('.') || segment.startsWith('.'))) next.push(join(name));
    }
    found = next;
  }
  return found;
}
