// Where an SSH client goes, as whom and by which way: from the command line and the files of settings.

import { filesOf, type Process } from '../linux/index.ts';
import { end, isPort, SshOptions } from './options.ts';
import { SSH_PORT } from './protocol.ts';
import { userNameOf } from './keys.ts';

export interface Destination {
  /** As it was typed, and as it is looked up. */
  shown: string;
  host: string;
  port: number;
  user: string;
  options: SshOptions;
  jump: Destination | undefined;
  /** A line for -v; `always`: for one v and more, without the prefix. */
  debug(text: string, bare?: boolean): void;
}

export interface Asked {
  /** `[user@]host`, or a ssh:// address. */
  target: string;
  options: SshOptions;
  configFile?: string;
  verbose?: boolean;
  /** Depth of jumps. */
  hops?: number;
}

const MOST_HOPS = 8;

/** The parts of `[user@]host` and `ssh://[user@]host[:port]`. */
export function splitTarget(text: string): { user?: string; host: string; port?: string } {
  const url = text.startsWith('ssh://');
  const rest = url ? text.slice('ssh://'.length).replace(/\/$/, '') : text;
  const at = rest.lastIndexOf('@');
  const user = at > 0 ? rest.slice(0, at) : undefined;
  const place = rest.slice(at + 1);
  const port = url ? /^(?:\[(.*)\]|([^:]*)):(\d+)$/.exec(place) : undefined;
  return port ? { user, host: port[1] ?? port[2], port: port[3] } : { user, host: place };
}

export function destinationOf(
  process: Process,
  { target, options, configFile, verbose, hops = 0 }: Asked,
): Destination {
  const { user, host, port } = splitTarget(target);
  if (!host || host.startsWith('-')) end(process, 'hostname contains invalid characters');
  if (user !== undefined) options.set(`User ${user}`, 'command-line: line 0');
  if (port !== undefined) options.set(`Port ${port}`, 'command-line: line 0');
  const fs = filesOf(process);
  const home = process.env.HOME ?? '/';
  if (configFile === undefined) {
    options.readFile(fs, `${home}/.ssh/config`, `${home}/.ssh/config`, host);
    options.readFile(fs, '/etc/ssh/ssh_config', '/etc/ssh/ssh_config', host);
  } else if (configFile !== 'none') options.readFile(fs, configFile, configFile, host, true);
  const name = (options.text('hostname') ?? host).replaceAll('%h', host);
  const via = options.text('proxyjump');
  if (hops > MOST_HOPS) end(process, 'ssh: too many jumps, one after the other');
  return {
    shown: name,
    host: name,
    port: Number(options.text('port') ?? SSH_PORT),
    user: options.text('user') ?? userNameOf(process),
    options,
    jump: via === undefined || via === 'none' ? undefined : jumpOf(process, via, { configFile, verbose, hops }),
    debug(text, bare = false) {
      if (verbose) process.stderr.write(`${bare ? '' : 'debug1: '}${text}\n`);
    },
  };
}

/** `-J a,b`: to b through a. */
function jumpOf(process: Process, text: string, asked: Pick<Asked, 'configFile' | 'verbose' | 'hops'>): Destination {
  const hops = text.split(',');
  const [, target, port] = /^(.*?)(?::(\d+))?$/.exec(hops[hops.length - 1]) ?? [];
  const options = new SshOptions(process);
  if (!target || (port !== undefined && !isPort(port))) end(process, `Invalid -J argument`);
  if (port) options.set(`Port ${port}`, 'command-line: line 0');
  if (hops.length > 1) options.set(`ProxyJump ${hops.slice(0, -1).join(',')}`, 'command-line: line 0');
  return destinationOf(process, { ...asked, target, options, hops: (asked.hops ?? 0) + 1 });
}
