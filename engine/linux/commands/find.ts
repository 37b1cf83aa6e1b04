// find: walks trees and prints, deletes or hands on what its expression selects.

import type { Co } from '../../sim/index.ts';
import { basename, FsError, type FileSystem, type Stat } from '../fs.ts';
import { filesOf } from '../host.ts';
import { ereToRegExp, breToRegExp } from '../regex.ts';
import type { Process, Program } from '../types.ts';
import { formatDate } from './date.ts';
import { modeText } from './ls.ts';
import { complain, emit, fail, isBusybox } from './options.ts';
import { parseMode } from './permissions.ts';
import { resolveProgram, run } from './spawn.ts';
import { groupId, groupName, userId, userName } from './users.ts';

interface Item {
  path: string;
  stat: Stat;
  depth: number;
  /** The operand below which it lies. */
  root: string;
}

type Test = (item: Item) => Co<boolean>;

interface Walk {
  most: number;
  least: number;
  depthFirst: boolean;
  pruned: boolean;
  stopped: boolean;
  out: string;
  status: number;
  finish: (() => Co)[];
}

export const find: Program = function* (process) {
  const { argv } = process;
  let i = 1;
  let follow = false;
  for (; /^-[HLP]$/.test(argv[i] ?? ''); i++) follow = argv[i] === '-L';
  const roots: string[] = [];
  for (; i < argv.length && !/^[-(!]/.test(argv[i]); i++) roots.push(argv[i]);
  const fs = filesOf(process);
  const walk: Walk = {
    most: Infinity,
    least: 0,
    depthFirst: false,
    pruned: false,
    stopped: false,
    out: '',
    status: 0,
    finish: [],
  };
  const expression = new Expression(process, fs, argv.slice(i), walk);
  const test = expression.parse();
  for (const root of roots.length ? roots : ['.']) {
    if (walk.stopped) break;
    if (!fs.find(root, false)) {
      complain(
        process,
        isBusybox(process) ? `${root}: No such file or directory` : `‘${root}’: No such file or directory`,
      );
      walk.status = 1;
      continue;
    }
    yield* visit(process, fs, { path: root, stat: fs.lstat(root), depth: 0, root }, test, walk, follow);
  }
  for (const finish of walk.finish) yield* finish();
  yield* emit(process, walk.out);
  return walk.status;
};

function* visit(process: Process, fs: FileSystem, item: Item, test: Test, walk: Walk, follow: boolean): Co {
  if (walk.stopped || item.depth > 64) return;
  walk.pruned = false;
  if (!walk.depthFirst && item.depth >= walk.least) yield* test(item);
  const descend = item.stat.kind === 'dir' && !walk.pruned && item.depth < walk.most && !walk.stopped;
  if (descend) {
    try {
      for (const name of fs.readdir(item.path)) {
        const path = item.path.endsWith('/') ? item.path + name : `${item.path}/${name}`;
        if (!fs.find(path, false)) continue;
        const stat = follow && fs.exists(path) ? fs.stat(path) : fs.lstat(path);
        yield* visit(process, fs, { path, stat, depth: item.depth + 1, root: item.root }, test, walk, follow);
      }
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      complain(process, isBusybox(process) ? `${item.path}: ${error.message}` : `‘${item.path}’: ${error.message}`);
      walk.status = 1;
    }
  }
  if (walk.depthFirst && item.depth >= walk.least) yield* test(item);
  if (walk.out.length > 4096) {
    const { out } = walk;
    walk.out = '';
    yield* emit(process, out);
  }
}

/** `+5`, `-5`, `5`: more, less, exactly. */
function compare(text: string): ((value: number) => boolean) | undefined {
  const match = /^([+-]?)(\d+(?:\.\d+)?)$/.exec(text);
  if (!match) return undefined;
  const wanted = Number(match[2]);
  return match[1] === '+' ? (v) => v > wanted : match[1] === '-' ? (v) => v < wanted : (v) => v === wanted;
}

const SIZE_UNITS: Record<string, number> = { c: 1, w: 2, b: 512, k: 1024, M: 1024 ** 2, G: 1024 ** 3 };
const TYPES: Record<string, Stat['kind']> = { f: 'file', d: 'dir', l: 'link', b: 'block', c: 'device', p: 'fifo' };

class Expression {
  private i = 0;
  private acts = false;
  private readonly process: Process;
  private readonly fs: FileSystem;
  private readonly args: string[];
  private readonly walk: Walk;

  constructor(process: Process, fs: FileSystem, args: string[], walk: Walk) {
    this.process = process;
    this.fs = fs;
    this.args = args;
    this.walk = walk;
  }

  parse(): Test {
    const { walk } = this;
    if (!this.args.length) return this.print('\n');
    const test = this.or();
    if (this.i < this.args.length) fail(this.process, `paths must precede expression: \`${this.args[this.i]}'`);
    if (this.acts) return test;
    return function* (item) {
      if (!(yield* test(item))) return false;
      walk.out += item.path + '\n';
      return true;
    };
  }

  private or(): Test {
    let left = this.and();
    while (this.args[this.i] === '-o' || this.args[this.i] === '-or') {
      this.i++;
      const a = left;
      const b = this.and();
      left = function* (item) {
        return (yield* a(item)) || (yield* b(item));
      };
    }
    return left;
  }

  private and(): Test {
    let left = this.not();
    for (;;) {
      const next = this.args[this.i];
      if (next === undefined || next === '-o' || next === '-or' || next === ')') return left;
      if (next === '-a' || next === '-and') this.i++;
      const a = left;
      const b = this.not();
      left = function* (item) {
        return (yield* a(item)) && (yield* b(item));
      };
    }
  }

  private not(): Test {
    const word = this.args[this.i];
    if (word === '!' || word === '-not') {
      this.i++;
      const inner = this.not();
      return function* (item) {
        return !(yield* inner(item));
      };
    }
    if (word === '(') {
      this.i++;
      const inner = this.or();
      if (this.args[this.i++] !== ')')
        fail(this.process, "invalid expression; I was expecting to find a ')' somewhere but did not see one.");
      return inner;
    }
    return this.primary();
  }

  private argument(name: string): string {
    const value = this.args[this.i++];
    if (value === undefined) fail(this.process, `missing argument to \`${name}'`);
    return value;
  }

  private primary(): Test {
    const { process, fs, walk } = this;
    const name = this.args[this.i++];
    if (name === undefined) fail(process, 'invalid expression; an operand is missing');
    switch (name) {
      case '-name':
      case '-iname': {
        const regexp = wildcard(this.argument(name), name === '-iname');
        return plain((item) => regexp.test(basename(item.path)));
      }
      case '-path':
      case '-wholename':
      case '-ipath': {
        const regexp = wildcard(this.argument(name), name === '-ipath');
        return plain((item) => regexp.test(item.path));
      }
      case '-regex':
      case '-iregex': {
        const source = this.argument(name);
        const found = breToRegExp(
          `^\\(?:${source}\\)$`.replace('\\(?:', '\\(').replace(/\?:/, ''),
          name === '-iregex' ? 'i' : '',
        );
        const regexp = typeof found === 'string' ? ereToRegExp(source, '') : found;
        if (typeof regexp === 'string') fail(process, regexp);
        return plain((item) => regexp.test(item.path));
      }
      case '-type': {
        const kinds = this.argument(name)
          .split(',')
          .map((letter) => TYPES[letter] ?? fail(process, `Unknown argument to -type: ${letter}`));
        return plain((item) => kinds.includes(item.stat.kind));
      }
      case '-size': {
        const text = this.argument(name);
        const unit = SIZE_UNITS[text[text.length - 1]];
        const test = compare(unit ? text.slice(0, -1) : text) ?? fail(process, `Invalid argument \`${text}' to -size`);
        return plain((item) => test(Math.ceil(item.stat.size / (unit ?? 512))));
      }
      case '-empty':
        return plain(({ stat }) =>
          stat.node.kind === 'dir' ? stat.node.empty : stat.kind === 'file' && stat.size === 0,
        );
      case '-mtime':
      case '-mmin': {
        const test = compare(this.argument(name)) ?? fail(process, `invalid argument to \`${name}'`);
        const unit = name === '-mtime' ? 86_400_000 : 60_000;
        return plain((item) => test(Math.floor((process.host.sim.now - item.stat.mtime) / unit)));
      }
      case '-newer': {
        const path = this.argument(name);
        const node = fs.find(path) ?? fail(process, `‘${path}’: No such file or directory`);
        return plain((item) => item.stat.mtime > node.mtime);
      }
      case '-perm':
        return this.permission(this.argument(name));
      case '-user': {
        const text = this.argument(name);
        const id = /^\d+$/.test(text)
          ? Number(text)
          : (userId(process, text) ?? fail(process, `‘${text}’ is not the name of a known user`));
        return plain((item) => item.stat.uid === id);
      }
      case '-group': {
        const text = this.argument(name);
        const id = /^\d+$/.test(text)
          ? Number(text)
          : (groupId(process, text) ?? fail(process, `‘${text}’ is not the name of an existing group`));
        return plain((item) => item.stat.gid === id);
      }
      case '-executable':
        return plain((item) => fs.access(item.path, 1));
      case '-true':
        return plain(() => true);
      case '-false':
        return plain(() => false);
      case '-maxdepth':
        walk.most = Number(this.argument(name));
        return plain(() => true);
      case '-mindepth':
        walk.least = Number(this.argument(name));
        return plain(() => true);
      case '-depth':
        walk.depthFirst = true;
        return plain(() => true);
      case '-prune':
        return plain(() => (walk.pruned = true));
      case '-quit':
        this.acts = true;
        return plain(() => (walk.stopped = true));
      case '-print':
      case '-print0':
        this.acts = true;
        return this.print(name === '-print' ? '\n' : '\0');
      case '-printf': {
        this.acts = true;
        const format = this.argument(name);
        return plain((item) => {
          walk.out += printed(process, format, item);
          return true;
        });
      }
      case '-delete':
        this.acts = true;
        walk.depthFirst = true;
        return plain((item) => this.remove(item));
      case '-exec':
      case '-execdir':
      case '-ok':
        return this.exec(name);
    }
    return fail(
      process,
      isBusybox(process)
        ? `unrecognized: ${name}`
        : name.startsWith('-')
          ? `unknown predicate \`${name}'`
          : `paths must precede expression: \`${name}'`,
    );
  }

  private print(end: string): Test {
    const { walk } = this;
    return plain((item) => {
      walk.out += item.path + end;
      return true;
    });
  }

  private remove(item: Item): boolean {
    if (item.path === '.') return true;
    try {
      if (item.stat.kind === 'dir') this.fs.rmdir(item.path);
      else this.fs.unlink(item.path);
      return true;
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      complain(this.process, `cannot delete ‘${item.path}’: ${error.message}`);
      this.walk.status = 1;
      return false;
    }
  }

  private permission(text: string): Test {
    const { process } = this;
    const kind = text[0] === '-' || text[0] === '/' ? text[0] : '';
    const mode = parseMode(kind ? text.slice(1) : text, 0, false, 0) ?? fail(process, `invalid mode ‘${text}’`);
    return plain(({ stat }) =>
      kind === '-'
        ? (stat.mode & mode) === mode
        : kind === '/'
          ? mode === 0 || (stat.mode & mode) !== 0
          : stat.mode === mode,
    );
  }

  private exec(name: string): Test {
    const { process, walk } = this;
    if (name === '-ok') fail(process, '-ok: asking before each command is not modelled');
    this.acts = true;
    const command: string[] = [];
    for (;;) {
      const word = this.args[this.i++];
      if (word === undefined) fail(process, `missing argument to \`${name}'`);
      if (word === ';') break;
      if (word === '+' && command[command.length - 1] === '{}') return this.execMany(command.slice(0, -1));
      command.push(word);
    }
    const inside = name === '-execdir';
    return function* (item) {
      const path = inside ? `./${basename(item.path)}` : item.path;
      const cwd = inside ? filesOf(process).absolute(item.path.replace(/\/?[^/]*$/, '') || '.') : process.cwd;
      const argv = command.map((word) => word.replaceAll('{}', () => path));
      yield* flush(process, walk);
      if (!resolveProgram(process, argv)) {
        complain(process, `‘${argv[0]}’: No such file or directory`);
        walk.status = 1;
        return false;
      }
      return (yield* run(process, argv, { cwd })) === 0;
    };
  }

  private execMany(command: string[]): Test {
    const { process, walk } = this;
    const paths: string[] = [];
    walk.finish.push(function* () {
      if (!paths.length) return;
      yield* flush(process, walk);
      const status = yield* run(process, [...command, ...paths]);
      if (status === 127) complain(process, `‘${command[0]}’: No such file or directory`);
      if (status !== 0) walk.status = 1;
    });
    return plain((item) => paths.push(item.path) > 0);
  }
}

function plain(test: (item: Item) => boolean): Test {
  // eslint-disable-next-line require-yield
  return function* (item) {
    return test(item);
  };
}

/** What was printed so far comes before what the command prints. */
function* flush(process: Process, walk: Walk): Co {
  const { out } = walk;
  walk.out = '';
  yield* emit(process, out);
}

function wildcard(pattern: string, ignoreCase: boolean): RegExp {
  let out = '';
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i];
    const close = c === '[' ? pattern.indexOf(']', i + 2) : -1;
    if (c === '*') out += '.*';
    else if (c === '?') out += '.';
    else if (close > 0) {
      out +=
        '[' +
        pattern
          .slice(i + 1, close)
          .replace(/^!/, '^')
          .replace(/\\/g, '\\\\') +
        ']';
      i = close;
    } else out += (c === '\\' && i + 1 < pattern.length ? pattern[++i] : c).replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  }
  return new RegExp(`^${out}$`, ignoreCase ? 'is' : 's');
}

function printed(process: Process, format: string, { path, stat, depth, root }: Item): string {
  return format.replace(/\\([nt0\\])|%(?:T(.)|(\.?[a-zA-Z%]))/g, (whole, escape, time, directive) => {
    if (escape) return { n: '\n', t: '\t', 0: '\0', '\\': '\\' }[escape as 'n'];
    if (time) return time === '@' ? (stat.mtime / 1000).toFixed(10) : formatDate('%' + time, stat.mtime);
    switch (directive) {
      case '%':
        return '%';
      case 'p':
        return path;
      case 'f':
        return basename(path);
      case 'h':
        return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) || '/' : '.';
      case 'P':
        return path === root ? '' : path.slice(root.replace(/\/$/, '').length + 1);
      case 's':
        return String(stat.size);
      case 'd':
        return String(depth);
      case 'm':
        return stat.mode.toString(8);
      case 'M':
        return modeText(stat);
      case 'y':
        return stat.kind === 'file' ? 'f' : stat.kind === 'dir' ? 'd' : stat.kind === 'link' ? 'l' : 'c';
      case 'l':
        return stat.node.kind === 'link' ? stat.node.target : '';
      case 'U':
        return String(stat.uid);
      case 'G':
        return String(stat.gid);
      case 'u':
        return userName(process, stat.uid) ?? String(stat.uid);
      case 'g':
        return groupName(process, stat.gid) ?? String(stat.gid);
      case 't':
        return formatDate('%a %b %e %T.%N %Y', stat.mtime);
    }
    return whole;
  });
}
