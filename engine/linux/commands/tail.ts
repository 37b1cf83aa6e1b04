// tail: the last lines or bytes, or everything from a line on; -f goes on with what is added.

import type { Co } from '../../sim/index.ts';
import { decode, encode } from '../bytes.ts';
import type { FileNode } from '../fs.ts';
import { filesOf } from '../host.ts';
import { readAll } from '../io.ts';
import type { Process, Program, Reader } from '../types.ts';
import { complain, emit, numberOption, openInput, parseOptions } from './options.ts';

const SPEC = {
  short: 'n:c:fFqvs:z',
  long: {
    lines: 'n',
    bytes: 'c',
    follow: 'follow::',
    retry: 'retry',
    quiet: 'q',
    silent: 'q',
    verbose: 'v',
    'sleep-interval': 's',
    pid: 'pid:',
    'zero-terminated': 'z',
  },
  usage: '[OPTION]... [FILE]...',
  digits: 'n',
};

export const tail: Program = function* (process) {
  const { argv } = process;
  // `tail +5` is old but typed.
  if (/^\+\d+$/.test(argv[1] ?? '')) process.argv = [argv[0], '-n', argv[1], ...argv.slice(2)];
  const options = parseOptions(process, SPEC);
  if (options.has('pid')) {
    complain(process, '--pid: following until a process ends is not modelled');
    return 1;
  }
  const unit = options.last('nc') ?? 'n';
  const text = options.value(unit) ?? '10';
  const count = Math.abs(numberOption(process, text, unit === 'n' ? 'number of lines' : 'number of bytes'));
  const fromStart = text.startsWith('+');
  const follow = options.has('f') || options.has('F') || options.has('follow');
  const paths = options.args.length ? options.args : ['-'];
  const titles = options.has('v') || (paths.length > 1 && !options.has('q'));
  const title = (path: string) => `==> ${path === '-' ? 'standard input' : path} <==\n`;
  const separator = options.has('z') ? '\0' : '\n';
  const pick = (all: string) =>
    unit === 'c' ? lastBytes(all, count, fromStart) : lastLines(all, count, fromStart, separator);
  const byName = options.has('F') || options.has('retry');
  const followed: Followed[] = [];
  let status = 0;
  let first = true;
  for (const path of paths) {
    const reader = openInput(process, path);
    if (!reader) {
      status = 1;
      // By name: it may come yet.
      if (follow && byName) followed.push({ path, node: undefined, seen: 0 });
      continue;
    }
    if (titles) yield* emit(process, (first ? '' : '\n') + title(path));
    first = false;
    if (path === '-' && follow) {
      yield* followStream(process, reader);
      continue;
    }
    const all = yield* readAll(reader);
    yield* emit(process, pick(all));
    const node = path === '-' ? undefined : (filesOf(process).node(path) as FileNode);
    if (node && follow) followed.push({ path, node, seen: node.text.length });
  }
  if (follow && followed.length) yield* followFiles(process, followed, titles ? title : undefined, byName);
  return status;
};

function lastLines(text: string, count: number, fromStart: boolean, separator: string): string {
  if (fromStart) {
    let at = 0;
    for (let i = 1; i < count; i++) {
      at = text.indexOf(separator, at) + 1;
      if (at === 0) return '';
    }
    return text.slice(at);
  }
  if (count === 0) return '';
  let at = text.endsWith(separator) ? text.length - 1 : text.length;
  for (let i = 0; i < count && at > 0; i++) {
    at = text.lastIndexOf(separator, at - 1);
    if (at < 0) return text;
  }
  return at > 0 || text.startsWith(separator) ? text.slice(at + 1) : text;
}

function lastBytes(text: string, count: number, fromStart: boolean): string {
  const bytes = encode(text);
  return decode(fromStart ? bytes.subarray(Math.max(0, count - 1)) : bytes.subarray(Math.max(0, bytes.length - count)));
}

function* followStream(process: Process, reader: Reader): Co {
  for (let text = yield* reader.read(); text !== undefined; text = yield* reader.read()) yield* emit(process, text);
}

/** A file that is followed; `node` is missing until it is there. */
interface Followed {
  path: string;
  node: FileNode | undefined;
  seen: number;
}

/** Goes on for ever with what is appended; by name (-F) a file that was replaced is taken up again. */
function* followFiles(
  process: Process,
  files: Followed[],
  title: ((path: string) => string) | undefined,
  byName: boolean,
): Co {
  let shown = files[files.length - 1].path;
  for (;;) {
    for (const file of files) {
      if (byName) {
        const now = filesOf(process).find(file.path);
        if (now?.kind === 'file' && now !== file.node) {
          const how = file.node ? 'been replaced' : 'appeared';
          complain(process, `'${file.path}' has ${how};  following new file`);
          file.node = now;
          file.seen = 0;
        }
      }
      if (!file.node) continue;
      const { text } = file.node;
      if (text.length < file.seen) {
        complain(process, `${file.path}: file truncated`);
        file.seen = 0;
      }
      if (text.length === file.seen) continue;
      if (title && shown !== file.path) yield* emit(process, '\n' + title(file.path));
      shown = file.path;
      const added = text.slice(file.seen);
      file.seen = text.length;
      yield* emit(process, added);
    }
    yield { signals: files.flatMap(({ node }) => node?.changed ?? []), timeout: byName ? 1000 : undefined };
  }
}
