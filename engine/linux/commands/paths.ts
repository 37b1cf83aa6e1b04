// pwd, basename, dirname, realpath, readlink, which: about paths.

import { basename as lastPart, dirname as directoryOf, FsError } from '../fs.ts';
import { filesOf } from '../host.ts';
import type { Program } from '../types.ts';
import { complain, operands, parseOptions, put, usageError } from './options.ts';

export const pwd: Program = function* (process) {
  const options = parseOptions(process, { short: 'LP', usage: '[OPTION]...' });
  put(process, `${options.has('L') ? process.cwd : filesOf(process).realpath(process.cwd)}\n`);
  return 0;
};

export const basename: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'as:z',
    long: { multiple: 'a', suffix: 's', zero: 'z' },
    usage: 'NAME [SUFFIX]',
    ordered: true,
  });
  const { args } = options;
  operands(process, args, 1);
  const many = options.has('a') || options.has('s');
  if (!many && args.length > 2) usageError(process, `extra operand ‘${args[2]}’`);
  const suffix = options.value('s') ?? (many ? '' : (args[1] ?? ''));
  const end = options.has('z') ? '\0' : '\n';
  for (const path of many ? args : args.slice(0, 1)) {
    const name = lastPart(path);
    put(process, (suffix && name !== suffix && name.endsWith(suffix) ? name.slice(0, -suffix.length) : name) + end);
  }
  return 0;
};

export const dirname: Program = function* (process) {
  const options = parseOptions(process, { short: 'z', long: { zero: 'z' }, usage: 'NAME...' });
  operands(process, options.args, 1);
  for (const path of options.args) put(process, directoryOf(path) + (options.has('z') ? '\0' : '\n'));
  return 0;
};

export const realpath: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'emqsz',
    long: {
      'canonicalize-existing': 'e',
      'canonicalize-missing': 'm',
      quiet: 'q',
      'no-symlinks': 's',
      strip: 's',
      zero: 'z',
    },
    usage: '[OPTION]... FILE...',
  });
  operands(process, options.args, 1);
  const fs = filesOf(process);
  let status = 0;
  for (const path of options.args) {
    try {
      const full = options.has('s')
        ? fs.absolute(path)
        : options.has('m') && !fs.exists(path)
          ? fs.absolute(path)
          : fs.realpath(path, options.has('e'));
      put(process, full + (options.has('z') ? '\0' : '\n'));
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      if (!options.has('q')) complain(process, `${path}: ${error.message}`);
      status = 1;
    }
  }
  return status;
};

export const readlink: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'femnqsvz',
    long: {
      canonicalize: 'f',
      'canonicalize-existing': 'e',
      'canonicalize-missing': 'm',
      'no-newline': 'n',
      verbose: 'v',
      quiet: 'q',
      zero: 'z',
    },
    usage: '[OPTION]... FILE...',
  });
  operands(process, options.args, 1);
  const fs = filesOf(process);
  let status = 0;
  const end = options.has('n') ? '' : options.has('z') ? '\0' : '\n';
  for (const path of options.args) {
    try {
      const way = options.last('fem');
      const text = !way
        ? fs.readlink(path)
        : way === 'm' && !fs.exists(path)
          ? fs.absolute(path)
          : fs.realpath(path, way === 'e');
      put(process, text + end);
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      if (options.has('v')) complain(process, `${path}: ${error.message}`);
      status = 1;
    }
  }
  return status;
};

export const which: Program = function* (process) {
  const options = parseOptions(process, { short: 'as', usage: '[-a] args' });
  const fs = filesOf(process);
  let status = 0;
  for (const name of options.args) {
    const paths = name.includes('/')
      ? [name]
      : (process.env.PATH ?? '').split(':').map((dir) => `${dir || '.'}/${name}`);
    const found = paths.filter((path) => {
      const node = fs.find(path);
      return node?.kind === 'file' && fs.may(node, 1);
    });
    if (!found.length) status = 1;
    if (!options.has('s')) for (const path of options.has('a') ? found : found.slice(0, 1)) put(process, `${path}\n`);
  }
  return status;
};
