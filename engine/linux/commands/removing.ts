// rm, rmdir, unlink: files and directories away.

import { FsError } from '../fs.ts';
import { filesOf } from '../host.ts';
import type { Program } from '../types.ts';
import { complain, eachPath, isBusybox, operands, parseOptions, put, usageError } from './options.ts';

const RM = {
  short: 'rRfvdiI',
  long: {
    recursive: 'r',
    force: 'f',
    verbose: 'v',
    dir: 'd',
    'no-preserve-root': 'no-preserve-root',
    interactive: 'i',
  },
  usage: '[OPTION]... [FILE]...',
};

export const rm: Program = function* (process) {
  const options = parseOptions(process, RM);
  if (options.has('i') || options.has('I')) usageError(process, '-i: asking before each removal is not modelled');
  const recursive = options.has('r') || options.has('R');
  const force = options.has('f');
  if (!options.args.length) {
    if (force) return 0;
    operands(process, options.args, 1);
  }
  const fs = filesOf(process);
  let status = 0;
  for (const path of options.args) {
    const node = fs.find(path, false);
    const last = path.replace(/\/+$/, '').split('/').pop();
    const refuse = (message: string) => {
      complain(process, message);
      status = 1;
    };
    if (!node) {
      if (!force)
        refuse(
          isBusybox(process)
            ? `can't remove '${path}': No such file or directory`
            : `cannot remove '${path}': No such file or directory`,
        );
    } else if (last === '.' || last === '..') refuse(`refusing to remove '.' or '..' directory: skipping '${path}'`);
    else if (fs.absolute(path) === '/' && recursive && !options.has('no-preserve-root')) {
      refuse(
        `it is dangerous to operate recursively on '/'\n${'rm'}: use --no-preserve-root to override this failsafe`,
      );
    } else if (node.kind === 'dir' && !recursive && !(options.has('d') && node.empty)) {
      refuse(
        isBusybox(process)
          ? `'${path}' is a directory`
          : `cannot remove '${path}': ${options.has('d') ? 'Directory not empty' : 'Is a directory'}`,
      );
    } else {
      try {
        fs.remove(path);
        if (options.has('v'))
          put(process, node.kind === 'dir' ? `removed directory '${path}'\n` : `removed '${path}'\n`);
      } catch (error) {
        if (!(error instanceof FsError)) throw error;
        refuse(`${isBusybox(process) ? "can't" : 'cannot'} remove '${path}': ${error.message}`);
      }
    }
  }
  return status;
};

export const rmdir: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'pv',
    long: { parents: 'p', verbose: 'v', 'ignore-fail-on-non-empty': 'ignore' },
    usage: '[OPTION]... DIRECTORY...',
  });
  operands(process, options.args, 1);
  return eachPath(
    process,
    options.args,
    (path, fs) => {
      let at = path.replace(/\/+$/, '');
      for (;;) {
        try {
          fs.rmdir(at);
        } catch (error) {
          if (error instanceof FsError && error.code === 'ENOTEMPTY' && options.has('ignore')) return;
          throw error;
        }
        if (options.has('v')) put(process, `rmdir: removing directory, '${at}'\n`);
        if (!options.has('p') || !at.includes('/')) return;
        at = at.slice(0, at.lastIndexOf('/'));
        if (!at) return;
      }
    },
    (path, error) =>
      isBusybox(process) ? `'${path}': ${error.message}` : `failed to remove '${path}': ${error.message}`,
  );
};
