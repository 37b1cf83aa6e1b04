// grep: lines that match. Basic and extended expressions, fixed strings, context, recursion.

import type { Co } from '../../sim/index.ts';
import { FsError, type FileSystem } from '../fs.ts';
import { filesOf } from '../host.ts';
import { LineReader } from '../io.ts';
import { breToRegExp, ereToRegExp } from '../regex.ts';
import type { Process, Program, Reader } from '../types.ts';
import {
  complain,
  emit,
  fail,
  isBusybox,
  nameOf,
  numberOption,
  openInput,
  type Options,
  parseOptions,
  usageError,
} from './options.ts';

const SPEC = {
  short: 'EFGPivcnoqrRwxsA:B:C:lLhHe:f:m:ab',
  long: {
    'extended-regexp': 'E',
    'fixed-strings': 'F',
    'basic-regexp': 'G',
    'perl-regexp': 'P',
    'ignore-case': 'i',
    'invert-match': 'v',
    count: 'c',
    'line-number': 'n',
    'only-matching': 'o',
    quiet: 'q',
    silent: 'q',
    recursive: 'r',
    'dereference-recursive': 'R',
    'word-regexp': 'w',
    'line-regexp': 'x',
    'no-messages': 's',
    'after-context': 'A',
    'before-context': 'B',
    context: 'C',
    'files-with-matches': 'l',
    'files-without-match': 'L',
    'no-filename': 'h',
    'with-filename': 'H',
    regexp: 'e',
    file: 'f',
    'max-count': 'm',
    text: 'a',
    'byte-offset': 'b',
    include: 'include:',
    exclude: 'exclude:',
    'exclude-dir': 'exclude-dir:',
    color: 'color::',
    colour: 'color::',
    'line-buffered': 'line-buffered',
  },
  usage: '[OPTION]... PATTERNS [FILE]...',
  status: 2,
  digits: 'C',
};

interface Search {
  options: Options;
  /** Finds the first match at or after `from`. */
  find: (line: string, from: number) => { index: number; length: number } | undefined;
  before: number;
  after: number;
  most: number;
  names: boolean;
}

export const grep: Program = function* (process) {
  const options = parseOptions(process, SPEC);
  const { args } = options;
  if (options.has('b')) fail(process, '-b: byte offsets are not modelled', 2);
  if (options.value('color') === 'always') fail(process, '--color=always: colours are not modelled', 2);
  const patterns = options.values('e');
  for (const path of options.values('f')) {
    const reader = openInput(process, path);
    if (!reader) return 2;
    const input = new LineReader(reader);
    for (let lines = yield* input.lines(); lines; lines = yield* input.lines()) patterns.push(...lines);
  }
  if (!options.has('e') && !options.has('f')) {
    if (!args.length) {
      if (isBusybox(process)) usageError(process, 'pattern expected', 2);
      process.stderr.write(
        `Usage: ${nameOf(process)} [OPTION]... PATTERNS [FILE]...\nTry '${nameOf(process)} --help' for more information.\n`,
      );
      return 2;
    }
    patterns.push(...(args.shift() as string).split('\n'));
  }
  const recursive = options.has('r') || options.has('R');
  const paths = args.length ? args : [recursive ? '.' : '-'];
  const context = (key: string) => {
    const text = options.value(key) ?? options.value('C') ?? '0';
    if (!/^\d+$/.test(text)) fail(process, `${text}: invalid context length argument`, 2);
    return Number(text);
  };
  const search: Search = {
    options,
    find: matcher(process, options, patterns),
    before: context('B'),
    after: context('A'),
    most: options.has('m') ? numberOption(process, options.value('m') as string, 'max count', 2) : Infinity,
    names: options.has('H') || (!options.has('h') && (paths.length > 1 || recursive)),
  };
  let found = false;
  let failed = false;
  const files = recursive ? expand(filesOf(process), paths, options, !args.length) : paths;
  for (const path of files) {
    if (filesOf(process).isDirectory(path) && path !== '-') {
      complain(process, `${path}: Is a directory`);
      failed = true;
      continue;
    }
    const reader =
      path !== '-' && options.has('s') && !filesOf(process).exists(path) ? undefined : openInput(process, path);
    if (!reader) {
      failed = true;
      continue;
    }
    if (yield* searchFile(process, reader, path, search)) {
      found = true;
      if (options.has('q')) return 0;
    }
  }
  return failed ? 2 : found ? 0 : 1;
};

/** Files below the operands, in the order of directories. */
function expand(fs: FileSystem, paths: string[], options: Options, implied: boolean): string[] {
  const out: string[] = [];
  const include = options.values('include').map(nameTest);
  const exclude = options.values('exclude').map(nameTest);
  const barred = options.values('exclude-dir').map(nameTest);
  const visit = (path: string, depth: number) => {
    if (depth > 64) return;
    for (const name of fs.readdir(path)) {
      const child = path === '.' && implied ? name : `${path.replace(/\/$/, '')}/${name}`;
      const node = fs.find(child, options.has('R'));
      if (node?.kind === 'dir') {
        if (!barred.some((test) => test.test(name))) visit(child, depth + 1);
      } else if (node?.kind === 'file' && !node.device && !node.program) {
        if (include.length && !include.some((test) => test.test(name))) continue;
        if (!exclude.some((test) => test.test(name))) out.push(child);
      }
    }
  };
  for (const path of paths) {
    try {
      if (fs.isDirectory(path)) visit(path, 0);
      else out.push(path);
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      out.push(path);
    }
  }
  return out;
}

function nameTest(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^(?:${source})$`);
}

function matcher(process: Process, options: Options, patterns: string[]): Search['find'] {
  const kind = nameOf(process) === 'egrep' ? 'E' : nameOf(process) === 'fgrep' ? 'F' : (options.last('EFGP') ?? 'G');
  const ignore = options.has('i');
  // The common case, a plain word, needs no expression.
  const plain = patterns.length === 1 && !ignore && !options.has('w') && !options.has('x');
  if (plain && (kind === 'F' || /^[\w \-/:,@="']+$/.test(patterns[0]))) {
    const [text] = patterns;
    return (line, from) => {
      const index = line.indexOf(text, from);
      return index < 0 ? undefined : { index, length: text.length };
    };
  }
  const sources: string[] = [];
  for (const pattern of patterns) {
    if (kind === 'F') sources.push(pattern.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
    else if (kind === 'P') sources.push(pattern);
    else {
      const regexp = kind === 'E' ? ereToRegExp(pattern, '') : breToRegExp(pattern, '');
      if (typeof regexp === 'string') fail(process, regexp, 2);
      // An empty pattern matches every line.
      sources.push(pattern === '' ? '' : regexp.source);
    }
  }
  let source = sources.map((one) => `(?:${one})`).join('|');
  if (options.has('w')) source = `(?<!\\w)(?:${source})(?!\\w)`;
  if (options.has('x')) source = `^(?:${source})$`;
  let regexp: RegExp;
  try {
    regexp = new RegExp(source, ignore ? 'gi' : 'g');
  } catch {
    return fail(process, 'this regular expression is not understood', 2);
  }
  return (line, from) => {
    regexp.lastIndex = from;
    const match = regexp.exec(line);
    return match ? { index: match.index, length: match[0].length } : undefined;
  };
}

function* searchFile(process: Process, reader: Reader, path: string, search: Search): Co<boolean> {
  const { options } = search;
  const label = path === '-' ? '(standard input)' : path;
  const inverted = options.has('v');
  const quiet = options.has('q') || options.has('l') || options.has('L') || options.has('c');
  const prefix = (number: number, mark: string) =>
    (search.names ? label + mark : '') + (options.has('n') ? number + mark : '');
  const input = new LineReader(reader);
  let number = 0;
  let count = 0;
  let pending = 0;
  let lastShown = 0;
  const held: string[] = [];
  for (let lines = yield* input.lines(); lines; lines = yield* input.lines()) {
    let out = '';
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i];
      number++;
      const match = search.find(line, 0);
      if ((match !== undefined) !== inverted && count < search.most) {
        count++;
        if (options.has('q') || options.has('l')) break;
        if (!quiet) {
          if (options.has('o')) out += inverted ? '' : onlyMatching(line, search, prefix(number, ':'));
          else {
            const first = number - held.length;
            if (lastShown && first > lastShown + 1 && (search.before || search.after)) out += '--\n';
            for (let k = 0; k < held.length; k++) out += `${prefix(first + k, '-')}${held[k]}\n`;
            out += `${prefix(number, ':')}${line}\n`;
            lastShown = number;
          }
        }
        held.length = 0;
        pending = search.after;
      } else if (!quiet && !options.has('o')) {
        if (pending > 0) {
          pending--;
          out += `${prefix(number, '-')}${line}\n`;
          lastShown = number;
        } else if (search.before && count < search.most) {
          held.push(line);
          if (held.length > search.before) held.shift();
        }
      }
    }
    yield* emit(process, out);
    if (count && (options.has('q') || options.has('l'))) break;
    if (count >= search.most && pending === 0) break;
  }
  if (options.has('L')) {
    if (!count) yield* emit(process, `${label}\n`);
    return count === 0;
  }
  if (options.has('l') && count && !options.has('q')) yield* emit(process, `${label}\n`);
  else if (options.has('c') && !options.has('q') && !options.has('l'))
    yield* emit(process, `${search.names ? label + ':' : ''}${count}\n`);
  return count > 0;
}

function onlyMatching(line: string, search: Search, prefix: string): string {
  let out = '';
  for (let from = 0; from <= line.length;) {
    const match = search.find(line, from);
    if (!match) break;
    if (match.length) out += `${prefix}${line.slice(match.index, match.index + match.length)}\n`;
    from = match.index + (match.length || 1);
  }
  return out;
}
