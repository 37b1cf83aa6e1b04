// chroot: a command run with another directory as the root of its files.

import { capable } from '../capabilities.ts';
import { FileSystem } from '../fs.ts';
import { createHost, filesOf, waitFor } from '../host.ts';
import type { Program } from '../types.ts';
import { fail, isBusybox, operands, parseOptions } from './options.ts';

export const chroot: Program = function* (process) {
  const options = parseOptions(process, {
    short: '',
    usage: '[OPTION]... NEWROOT [COMMAND [ARG]...]',
    status: 125,
    ordered: true,
  });
  operands(process, options.args, 1);
  const [path, ...command] = options.args;
  const argv = command.length ? command : [process.env.SHELL ?? '/bin/sh', '-i'];
  const files = filesOf(process);
  const root = files.find(path);
  const { host } = process;
  const cannot = (why: string) =>
    fail(
      process,
      isBusybox(process)
        ? `can't change root directory to '${path}': ${why}`
        : `cannot change root directory to '${path}': ${why}`,
      125,
    );
  if (!root) cannot('No such file or directory');
  if (root?.kind !== 'dir') return cannot('Not a directory');
  if (!capable(process, 'SYS_CHROOT')) cannot('Operation not permitted');
  const fs = new FileSystem({ root, now: () => host.sim.now });
  const below = files.realpath(path).replace(/\/$/, '');
  for (const { path: at, node, ...mount } of files.mounts())
    if (at.startsWith(`${below}/`)) fs.mount(at.slice(below.length), node, mount);
  // The same machine but for its files: PATH is looked up among the new ones.
  const inside = createHost({
    sim: host.sim,
    hostname: host.hostname,
    kernel: host.kernel,
    fs,
    net: host.net,
    env: { ...process.env },
    userland: fs.exists('/bin/busybox') ? 'busybox' : 'gnu',
    pids: host.pids,
    capabilities: host.capabilities,
    confinement: host.confinement,
    sysctls: host.sysctls,
  });
  inside.others = host.others;
  const program = inside.program(argv[0]);
  if (!program)
    return fail(
      process,
      isBusybox(process)
        ? `can't execute '${argv[0]}': No such file or directory`
        : `failed to run command '${argv[0]}': No such file or directory`,
      127,
    );
  const { stdin, stdout, stderr, env, tty, uid, gid, groups, umask } = process;
  const child = inside.spawn({
    program,
    argv,
    parent: process,
    stdin,
    stdout,
    stderr,
    env,
    tty,
    uid,
    gid,
    groups,
    umask,
    cwd: '/',
  });
  try {
    return yield* waitFor(child);
  } finally {
    if (child.status === undefined) child.signal('TERM');
  }
};
