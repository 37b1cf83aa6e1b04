// Global flags that speak of the program kubectl itself, not of the server: what each comes to here.

import type { Co } from '../sim/index.ts';
import { CommandError } from './errors.ts';
import type { Args, Flag } from './flags.ts';
import type { Kubectl } from './kubectl.ts';

const PROFILES = ['none', 'cpu', 'heap', 'goroutine', 'threadcreate', 'block', 'mutex', 'trace'];

export const CLIENT_FLAGS: readonly Flag[] = [
  { name: 'cache-dir', type: 'string', usage: 'Default cache directory: what was discovered is kept for each' },
  {
    name: 'disable-compression',
    type: 'bool',
    usage: 'If true, opt-out of response compression for all requests to the server (none is compressed here)',
  },
  { name: 'kuberc', type: 'string', usage: 'Path to the kuberc file to use for preferences.' },
  {
    name: 'log-flush-frequency',
    type: 'duration',
    default: 5000,
    usage: 'Maximum number of seconds between log flushes (each line is written at once here)',
  },
  { name: 'match-server-version', type: 'bool', usage: 'Require server version to match client version' },
  {
    name: 'profile',
    type: 'string',
    default: 'none',
    usage: `Name of profile to capture. One of (${PROFILES.join('|')})`,
  },
  {
    name: 'profile-output',
    type: 'string',
    default: 'profile.pprof',
    usage: 'Name of the file to write the profile to',
  },
  { name: 'vmodule', type: 'string', usage: 'comma-separated list of pattern=N settings for file-filtered logging' },
];

/** Refuses what this kubectl has not; asks for the server's version where it must match. */
export function* checkClient(kubectl: Kubectl, globals: Args): Co {
  const profile = globals.string('profile');
  if (!PROFILES.includes(profile)) throw new CommandError(`unknown profile '${profile}'`);
  if (profile !== 'none')
    throw new CommandError(
      `--profile=${profile} is not possible: this kubectl is no Go program that could be profiled`,
    );
  if (globals.string('vmodule'))
    throw new CommandError('--vmodule is not possible: the log has one level for all files, which -v sets');
  if (!globals.bool('match-server-version')) return;
  const { gitVersion } = (yield* kubectl.send({ method: 'GET', path: '/version' })).body as { gitVersion: string };
  const own = kubectl.options.version;
  if (gitVersion !== own) throw new CommandError(`server version (${gitVersion}) differs from client version (${own})`);
}
