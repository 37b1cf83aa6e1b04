// mkdir, touch, ln, mktemp, mkfifo: new entries in directories.

import { basename, FileNode, FsError } from '../fs.ts';
import { filesOf } from '../host.ts';
import { Pipe } from '../pipe.ts';
import type { Process, Program } from '../types.ts';
import { parseDate } from './date.ts';
import { parseMode } from './permissions.ts';
import { eachPath, fail, isBusybox, operands, parseOptions, put, usageError } from './options.ts';

export const mkdir: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'pvm:',
    long: { parents: 'p', verbose: 'v', mode: 'm' },
    usage: '[OPTION]... DIRECTORY...',
  });
  operands(process, options.args, 1);
  const text = options.value('m');
  const mode = text === undefined ? undefined : parseMode(text, 0o777, true, process.umask ?? 0o022);
  if (text !== undefined && mode === undefined) fail(process, `invalid mode ‘${text}’`);
  return eachPath(
    process,
    options.args,
    (path, fs) => {
      if (options.has('p') && fs.isDirectory(path)) return;
      fs.mkdir(path, { recursive: options.has('p') });
      if (mode !== undefined) fs.chmod(path, mode);
      if (options.has('v')) put(process, `mkdir: created directory '${path}'\n`);
    },
    (path, error) =>
      isBusybox(process)
        ? `can't create directory '${path}': ${error.message}`
        : `cannot create directory ‘${path}’: ${error.message}`,
  );
};

export const touch: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'acmd:r:t:h',
    long: { 'no-create': 'c', date: 'd', reference: 'r' },
    usage: '[OPTION]... FILE...',
  });
  operands(process, options.args, 1, Infinity, 'file operand');
  const time = touchTime(process, options.value('d'), options.value('r'), options.value('t'));
  return eachPath(
    process,
    options.args,
    (path, fs) => {
      if (!fs.exists(path)) {
        if (options.has('c')) return;
        fs.writeFile(path, '');
      }
      // Access times are not kept: -a alone changes nothing.
      if (!options.has('a') || options.has('m')) fs.utimes(path, time);
    },
    (path, error) => (isBusybox(process) ? `${path}: ${error.message}` : `cannot touch '${path}': ${error.message}`),
  );
};

function touchTime(
  process: Process,
  date: string | undefined,
  reference: string | undefined,
  stamp: string | undefined,
): number {
  const { now } = process.host.sim;
  if (reference !== undefined) {
    const node = filesOf(process).find(reference);
    return node ? node.mtime : fail(process, `failed to get attributes of '${reference}': No such file or directory`);
  }
  if (date !== undefined) return parseDate(date, now) ?? fail(process, `invalid date format ‘${date}’`);
  if (stamp === undefined) return now;
  const match = /^(?:(\d{2})?(\d{2}))?(\d{2})(\d{2})(\d{2})(\d{2})(?:\.(\d{2}))?$/.exec(stamp);
  if (!match) return fail(process, `invalid date format ‘${stamp}’`);
  const year = match[2] ? Number(`${match[1] ?? '20'}${match[2]}`) : new Date(Math.floor(now)).getUTCFullYear();
  return Date.UTC(
    year,
    Number(match[3]) - 1,
    Number(match[4]),
    Number(match[5]),
    Number(match[6]),
    Number(match[7] ?? 0),
  );
}

export const ln: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'sfnvTrt:',
    long: {
      symbolic: 's',
      force: 'f',
      'no-dereference': 'n',
      verbose: 'v',
      'no-target-directory': 'T',
      relative: 'r',
      'target-directory': 't',
    },
    usage: '[OPTION]... TARGET... LINK_NAME',
  });
  const { args } = options;
  const fs = filesOf(process);
  operands(process, args, 1);
  if (options.has('r')) fail(process, '--relative: links relative to their place are not modelled');
  const directory = options.value('t');
  const last = directory ?? (args.length > 1 ? args[args.length - 1] : '.');
  const targets = directory !== undefined || args.length === 1 ? args : args.slice(0, -1);
  const node = fs.find(last, !options.has('n') && !options.has('T'));
  const into = directory !== undefined || (node?.kind === 'dir' && !options.has('T'));
  if (targets.length > 1 && !into) usageError(process, `target '${last}' is not a directory`);
  return eachPath(
    process,
    targets,
    (target) => {
      const path = into ? `${last.replace(/\/+$/, '')}/${basename(target)}` : last;
      if (options.has('f') && fs.find(path, false)) fs.unlink(path);
      if (options.has('s')) fs.symlink(target, path);
      else fs.hardlink(target, path);
      if (options.has('v')) put(process, `'${path}' ${options.has('s') ? '->' : '=>'} '${target}'\n`);
    },
    (target, error) => {
      const path = into ? `${last.replace(/\/+$/, '')}/${basename(target)}` : last;
      if (isBusybox(process)) return `${path}: ${error.message}`;
      if (!options.has('s') && error.path === target) {
        return error.code === 'EPERM'
          ? `${target}: hard link not allowed for directory`
          : `failed to access '${target}': ${error.message}`;
      }
      return `failed to create ${options.has('s') ? 'symbolic' : 'hard'} link '${path}': ${error.message}`;
    },
  );
};

export const mktemp: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'dqup:t',
    long: { directory: 'd', quiet: 'q', 'dry-run': 'u', tmpdir: 'p' },
    usage: '[OPTION]... [TEMPLATE]',
  });
  operands(process, options.args, 0, 1);
  const given = options.args[0];
  const base = options.value('p') ?? process.env.TMPDIR ?? '/tmp';
  const template =
    given === undefined ? `${base}/tmp.XXXXXXXXXX` : options.has('p') || options.has('t') ? `${base}/${given}` : given;
  const match = /X{3,}(?=[^X/]*$)/.exec(template);
  if (!match) fail(process, `too few X's in template ‘${given}’`);
  const random = process.host.sim.random('mktemp');
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  const name = match[0].replace(/X/g, () => letters[random.int(letters.length)]);
  const path = template.slice(0, match.index) + name + template.slice(match.index + match[0].length);
  const fs = filesOf(process);
  try {
    if (options.has('u')) put(process, `${path}\n`);
    else {
      if (options.has('d')) fs.mkdir(path, { mode: 0o700 });
      else fs.writeFile(path, '', { mode: 0o600 });
      put(process, `${path}\n`);
    }
  } catch (error) {
    if (!(error instanceof FsError)) throw error;
    fail(
      process,
      `failed to create ${options.has('d') ? 'directory' : 'file'} via template ‘${template}’: ${error.message}`,
    );
  }
  return 0;
};

export const mkfifo: Program = function* (process) {
  const options = parseOptions(process, { short: '', usage: 'NAME...' });
  operands(process, options.args, 1);
  return eachPath(
    process,
    options.args,
    (path, fs) => {
      if (fs.find(path, false)) throw new FsError('EEXIST', path);
      const node = new FileNode('', { mode: 0o644 });
      node.fifo = new Pipe();
      fs.put(path, node);
    },
    (path, error) => `cannot create fifo '${path}': ${error.message}`,
  );
};
