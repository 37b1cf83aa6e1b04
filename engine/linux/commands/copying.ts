// cp and mv: files and trees to other places.

import { basename, FsError, type FileSystem } from '../fs.ts';
import { filesOf } from '../host.ts';
import { readAll, fileReader } from '../io.ts';
import type { Co } from '../../sim/index.ts';
import type { Process, Program } from '../types.ts';
import { complain, isBusybox, type Options, parseOptions, put, usageError } from './options.ts';

const SHARED = {
  target: 't',
  'target-directory': 't',
  'no-target-directory': 'T',
  verbose: 'v',
  force: 'f',
  'no-clobber': 'n',
  update: 'u',
  interactive: 'i',
};
const CP = {
  short: 'aRrdpfnuvLPt:TisHl',
  long: {
    ...SHARED,
    archive: 'a',
    recursive: 'r',
    dereference: 'L',
    'no-dereference': 'P',
    'symbolic-link': 's',
    link: 'l',
    preserve: 'preserve::',
  },
  usage: '[OPTION]... SOURCE... DEST',
};
const MV = { short: 'fnuvt:Ti', long: SHARED, usage: '[OPTION]... SOURCE... DEST' };
const MAX_DEPTH = 64;

/** Sources and the place of each in the destination; ends the command when the operands do not fit. */
function plan(process: Process, options: Options): { from: string; to: string }[] {
  const fs = filesOf(process);
  const { args } = options;
  const directory = options.value('t');
  if (directory !== undefined) {
    if (!fs.isDirectory(directory))
      usageError(
        process,
        `target directory '${directory}': ${fs.exists(directory) ? 'Not a directory' : 'No such file or directory'}`,
      );
    return args.map((from) => ({ from, to: `${directory}/${basename(from)}` }));
  }
  if (!args.length) usageError(process, 'missing file operand');
  if (args.length === 1) usageError(process, `missing destination file operand after '${args[0]}'`);
  const last = args[args.length - 1];
  const sources = args.slice(0, -1);
  const into = fs.isDirectory(last) && !options.has('T');
  if (sources.length > 1 && !into) {
    if (isBusybox(process)) complainAndExit(process, `can't create directory '${last}'`);
    usageError(process, `target '${last}': ${fs.exists(last) ? 'Not a directory' : 'No such file or directory'}`);
  }
  return sources.map((from) => ({ from, to: into ? `${last.replace(/\/+$/, '') || ''}/${basename(from)}` : last }));
}

function complainAndExit(process: Process, message: string): never {
  return usageError(process, message);
}

export const cp: Program = function* (process) {
  const options = parseOptions(process, CP);
  if (options.has('i')) usageError(process, '-i: asking before overwriting is not modelled');
  const recursive = ['a', 'R', 'r'].some((key) => options.has(key));
  const keep = options.has('p') || options.has('a') || options.has('preserve');
  const links = (options.has('a') || options.has('d') || options.has('P') || recursive) && !options.has('L');
  const fs = filesOf(process);
  let status = 0;
  for (const { from, to } of plan(process, options)) {
    const node = fs.find(from, !links);
    if (!node) {
      complain(
        process,
        isBusybox(process)
          ? `can't stat '${from}': No such file or directory`
          : `cannot stat '${from}': No such file or directory`,
      );
      status = 1;
      continue;
    }
    if (node.kind === 'dir' && !recursive) {
      complain(
        process,
        isBusybox(process) ? `omitting directory '${from}'` : `-r not specified; omitting directory '${from}'`,
      );
      status = 1;
      continue;
    }
    if (options.has('n') && fs.exists(to)) continue;
    if (node.kind === 'dir' && (fs.absolute(to) + '/').startsWith(fs.absolute(from) + '/')) {
      complain(process, `cannot copy a directory, '${from}', into itself, '${to}'`);
      status = 1;
      continue;
    }
    if (fs.exists(to) && fs.realpath(from) === fs.realpath(to)) {
      complain(process, `'${from}' and '${to}' are the same file`);
      status = 1;
      continue;
    }
    try {
      if (options.has('s')) fs.symlink(from, to);
      else if (options.has('l')) fs.hardlink(from, to);
      else yield* copy(process, fs, from, to, links, keep, options, 0);
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      complain(process, copyError(process, error, from, to));
      status = 1;
    }
  }
  return status;
};

function copyError(process: Process, error: FsError, from: string, to: string): string {
  if (isBusybox(process))
    return error.path === from ? `can't open '${from}': ${error.message}` : `can't create '${to}': ${error.message}`;
  if (error.path === from) return `cannot open '${from}' for reading: ${error.message}`;
  if (error.code === 'EISDIR') return `cannot overwrite directory '${to}' with non-directory '${from}'`;
  if (error.code === 'EEXIST' || error.code === 'ENOTDIR')
    return `cannot overwrite non-directory '${to}' with directory '${from}'`;
  return `cannot create regular file '${to}': ${error.message}`;
}

function* copy(
  process: Process,
  fs: FileSystem,
  from: string,
  to: string,
  links: boolean,
  keep: boolean,
  options: Options,
  depth: number,
): Co {
  if (depth > MAX_DEPTH) return;
  const node = fs.node(from, !links);
  if (options.has('v')) put(process, `'${from}' -> '${to}'\n`);
  if (node.kind === 'link') {
    if (fs.find(to, false)) fs.unlink(to);
    fs.symlink(node.target, to);
    return;
  }
  if (node.kind === 'dir') {
    const there = fs.find(to);
    if (there && there.kind !== 'dir') throw new FsError('EEXIST', to);
    if (!there) fs.mkdir(to, { mode: node.mode });
    for (const name of fs.readdir(from))
      yield* copy(process, fs, `${from}/${name}`, `${to}/${name}`, links, keep, options, depth + 1);
  } else if (node.device && depth > 0) {
    fs.put(to, node.copy());
  } else {
    if (options.has('u') && (fs.find(to)?.mtime ?? -1) >= node.mtime) return;
    const source = fs.openRead(from);
    if (options.has('f') && fs.exists(to) && !fs.access(to, 2)) fs.unlink(to);
    const target = fs.openWrite(to, { mode: node.mode });
    target.text = source.device ? yield* readAll(fileReader(source, process)) : source.text;
    target.program = source.program;
    target.bytes = source.bytes;
  }
  if (!keep) return;
  fs.chmod(to, node.mode);
  if (fs.uid === 0) fs.chown(to, node.uid, node.gid);
  fs.utimes(to, node.mtime);
}

export const mv: Program = function* (process) {
  const options = parseOptions(process, MV);
  if (options.has('i')) usageError(process, '-i: asking before overwriting is not modelled');
  const fs = filesOf(process);
  let status = 0;
  for (const { from, to } of plan(process, options)) {
    const node = fs.find(from, false);
    if (!node) {
      complain(
        process,
        isBusybox(process)
          ? `can't rename '${from}': No such file or directory`
          : `cannot stat '${from}': No such file or directory`,
      );
      status = 1;
      continue;
    }
    if (options.has('n') && fs.find(to, false)) continue;
    if (options.has('u') && (fs.find(to)?.mtime ?? -1) >= node.mtime) continue;
    try {
      fs.rename(from, to);
      if (options.has('v')) put(process, `renamed '${from}' -> '${to}'\n`);
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      const words =
        error.code === 'EISDIR'
          ? `cannot overwrite directory '${to}' with non-directory '${from}'`
          : error.code === 'EINVAL'
            ? `cannot move '${from}' to a subdirectory of itself, '${to}'`
            : `cannot move '${from}' to '${to}': ${error.message}`;
      complain(process, isBusybox(process) ? `can't rename '${from}': ${error.message}` : words);
      status = 1;
    }
  }
  return status;
};
