// ls: what is in directories.

import { byteLength } from '../bytes.ts';
import { FsError, type FileSystem, type Stat } from '../fs.ts';
import { filesOf } from '../host.ts';
import type { Process, Program } from '../types.ts';
import { formatDate } from './date.ts';
import { complain, isBusybox, type Options, parseOptions, put } from './options.ts';
import { versionParts } from './sort.ts';
import { groupName, userName } from './users.ts';

const SPEC = {
  short: 'aA1lhdRrtSinFpsLCmvXUgoGHQ',
  long: {
    all: 'a',
    'almost-all': 'A',
    'human-readable': 'h',
    directory: 'd',
    recursive: 'R',
    reverse: 'r',
    inode: 'i',
    'numeric-uid-gid': 'n',
    classify: 'F',
    size: 's',
    dereference: 'L',
    'full-time': 'full-time',
    'time-style': 'time-style:',
    color: 'color::',
    'no-group': 'G',
    'group-directories-first': 'dirs-first',
    si: 'si',
  },
  usage: '[OPTION]... [FILE]...',
  status: 2,
};

interface Entry {
  name: string;
  path: string;
  stat: Stat;
}

/** `drwxr-xr-x` from kind and bits. */
export function modeText(stat: Stat): string {
  const letter = { file: '-', dir: 'd', link: 'l', device: 'c', block: 'b', fifo: 'p' }[stat.kind];
  const { mode } = stat;
  let out = letter;
  for (let shift = 6; shift >= 0; shift -= 3) {
    const bits = (mode >> shift) & 7;
    const special = mode & [0o1000, 0o2000, 0o4000][shift / 3];
    const mark = shift === 0 ? 't' : 's';
    out += (bits & 4 ? 'r' : '-') + (bits & 2 ? 'w' : '-');
    out += special ? (bits & 1 ? mark : mark.toUpperCase()) : bits & 1 ? 'x' : '-';
  }
  return out;
}

/** 1.5K, 12M: as ls, du and df -h round up. */
export function humanSize(bytes: number, base = 1024): string {
  if (bytes < base) return String(bytes);
  let value = bytes;
  let unit = -1;
  while (value >= base && unit < 5) {
    value /= base;
    unit++;
  }
  const suffix = (base === 1000 ? 'kMGTPE' : 'KMGTPE')[unit];
  const rounded = value < 10 ? Math.ceil(value * 10 - 1e-9) / 10 : Math.ceil(value - 1e-9);
  return (rounded < 10 ? rounded.toFixed(1) : String(Math.ceil(rounded))) + suffix;
}

export const ls: Program = function* (process) {
  const options = parseOptions(process, SPEC);
  if (options.value('color') === 'always') {
    complain(process, '--color=always: colours are not modelled');
    return 2;
  }
  const lister = new Lister(process, options);
  return lister.run();
};

class Lister {
  private readonly fs: FileSystem;
  private readonly long: boolean;
  private status = 0;
  private out = '';
  private readonly process: Process;
  private readonly options: Options;

  constructor(process: Process, options: Options) {
    this.process = process;
    this.options = options;
    this.fs = filesOf(process);
    this.long = ['l', 'n', 'g', 'o', 'full-time'].some((key) => options.has(key));
  }

  run(): number {
    const { options } = this;
    const paths = options.args.length ? options.args : ['.'];
    const files: Entry[] = [];
    const dirs: Entry[] = [];
    for (const path of paths) {
      const entry = this.entry(path, path, true);
      if (!entry) continue;
      (entry.stat.kind === 'dir' && !options.has('d') ? dirs : files).push(entry);
    }
    this.sort(files);
    this.sort(dirs);
    if (files.length) this.show(files);
    const titles = dirs.length + files.length > 1 || options.has('R') || paths.length > 1;
    let first = files.length === 0;
    for (const dir of dirs) {
      this.directory(dir.path, titles, first, 0);
      first = false;
    }
    put(this.process, this.out);
    return this.status;
  }

  private entry(name: string, path: string, operand: boolean): Entry | undefined {
    const { fs, options, process } = this;
    try {
      const follow =
        options.has('L') || (operand && !this.long && !options.has('d') && !options.has('F')) || options.has('H');
      let stat = fs.lstat(path);
      if (stat.kind === 'link' && follow && fs.exists(path)) stat = fs.stat(path);
      return { name, path, stat };
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      complain(process, isBusybox(process) ? `${path}: ${error.message}` : `cannot access '${path}': ${error.message}`);
      this.status = operand ? 2 : Math.max(this.status, 1);
      if (isBusybox(process)) this.status = 1;
      return undefined;
    }
  }

  private sort(entries: Entry[]) {
    const { options } = this;
    if (options.has('U')) return;
    const byName = (a: Entry, b: Entry) => collate(a.name, b.name);
    const order = options.last('tSXv');
    const compare: (a: Entry, b: Entry) => number =
      order === 't'
        ? (a, b) => b.stat.mtime - a.stat.mtime || byName(a, b)
        : order === 'S'
          ? (a, b) => b.stat.size - a.stat.size || byName(a, b)
          : order === 'X'
            ? (a, b) => collate(extension(a.name), extension(b.name)) || byName(a, b)
            : order === 'v'
              ? (a, b) => compareVersions(a.name, b.name)
              : byName;
    entries.sort(compare);
    if (options.has('r')) entries.reverse();
    if (options.has('dirs-first'))
      entries.sort((a, b) => Number(b.stat.kind === 'dir') - Number(a.stat.kind === 'dir'));
  }

  private directory(path: string, title: boolean, first: boolean, depth: number) {
    const { fs, options, process } = this;
    let names: string[];
    try {
      names = fs.readdir(path);
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      complain(
        process,
        isBusybox(process)
          ? `can't open '${path}': ${error.message}`
          : `cannot open directory '${path}': ${error.message}`,
      );
      this.status = depth ? Math.max(this.status, 1) : 2;
      return;
    }
    const hidden = options.last('aA');
    if (!hidden) names = names.filter((name) => !name.startsWith('.'));
    if (hidden === 'a') names = ['.', '..', ...names];
    const prefix = path.endsWith('/') ? path : path + '/';
    const entries: Entry[] = [];
    for (const name of names) {
      const entry = this.entry(name, prefix + name, false);
      if (entry) entries.push(entry);
    }
    this.sort(entries);
    if (title) this.out += `${first ? '' : '\n'}${path}:\n`;
    if (this.long || options.has('s')) {
      const blocks = entries.reduce((sum, entry) => sum + blocksOf(entry.stat), 0);
      this.out += `total ${options.has('h') ? humanSize(blocks * 1024) : blocks}\n`;
    }
    this.show(entries);
    if (!options.has('R') || depth > 64) return;
    for (const entry of entries) {
      if (entry.stat.kind === 'dir' && entry.name !== '.' && entry.name !== '..')
        this.directory(entry.path, true, false, depth + 1);
    }
  }

  private show(entries: Entry[]) {
    const { options } = this;
    if (this.long) return this.showLong(entries);
    const names = entries.map((entry) => this.prefix(entry) + this.label(entry));
    if (options.has('m')) this.out += names.join(', ') + (names.length ? '\n' : '');
    else if (options.has('C')) this.columns(names);
    else for (const name of names) this.out += name + '\n';
  }

  private prefix(entry: Entry): string {
    const { options } = this;
    const blocks = options.has('s')
      ? `${options.has('h') ? humanSize(blocksOf(entry.stat) * 1024) : blocksOf(entry.stat)} `
      : '';
    return (options.has('i') ? `${inode(entry.path)} ` : '') + blocks;
  }

  private label({ name, stat }: Entry): string {
    const { options } = this;
    const shown = options.has('Q') ? `"${name}"` : name;
    if (stat.kind === 'dir' && (options.has('F') || options.has('p'))) return shown + '/';
    if (!options.has('F')) return shown;
    if (stat.kind === 'link' && !this.long) return shown + '@';
    if (stat.kind === 'fifo') return shown + '|';
    return stat.kind === 'file' && stat.mode & 0o111 ? shown + '*' : shown;
  }

  /** Down, then across, in 80 columns. */
  private columns(names: string[]) {
    for (let rows = 1; rows <= names.length; rows++) {
      const widths: number[] = [];
      for (let i = 0; i < names.length; i += rows) {
        widths.push(Math.max(...names.slice(i, i + rows).map((name) => name.length)) + 2);
      }
      if (widths.reduce((sum, width) => sum + width, 0) - 2 > 80 && rows < names.length) continue;
      for (let row = 0; row < rows; row++) {
        let line = '';
        for (let column = 0; column < widths.length; column++) {
          const name = names[column * rows + row];
          if (name !== undefined) line += name.padEnd(widths[column]);
        }
        this.out += line.trimEnd() + '\n';
      }
      return;
    }
  }

  private showLong(entries: Entry[]) {
    const { process, options, fs } = this;
    const numeric = options.has('n');
    const rows = entries.map((entry) => {
      const { stat } = entry;
      const user = numeric ? String(stat.uid) : (userName(process, stat.uid) ?? String(stat.uid));
      const group = numeric ? String(stat.gid) : (groupName(process, stat.gid) ?? String(stat.gid));
      const size =
        stat.kind === 'device' || stat.kind === 'block'
          ? DEVICE_NUMBERS[stat.kind]
          : options.has('h')
            ? humanSize(stat.size)
            : options.has('si')
              ? humanSize(stat.size, 1000)
              : String(stat.size);
      const target = stat.kind === 'link' ? ` -> ${fs.readlink(entry.path)}` : '';
      return { entry, links: String(linksOf(stat)), user, group, size, target };
    });
    if (isBusybox(process)) {
      // Its columns have fixed widths.
      for (const { entry, links, user, group, size, target } of rows) {
        const columns = [modeText(entry.stat).padEnd(10), links.padStart(4)];
        if (!options.has('g')) columns.push(user.slice(0, 8).padEnd(8));
        columns.push(group.slice(0, 8).padEnd(8), size.padStart(options.has('h') ? 7 : 9));
        this.out +=
          this.prefix(entry) + columns.join(' ') + ` ${this.time(entry.stat.mtime)} ${this.label(entry)}${target}\n`;
      }
      return;
    }
    const width = (pick: (row: (typeof rows)[number]) => string) =>
      Math.max(0, ...rows.map((row) => byteLength(pick(row))));
    const links = width((row) => row.links);
    const users = width((row) => row.user);
    const groups = width((row) => row.group);
    const sizes = width((row) => row.size);
    for (const row of rows) {
      const columns = [modeText(row.entry.stat), row.links.padStart(links)];
      if (!options.has('g')) columns.push(numeric ? row.user.padStart(users) : row.user.padEnd(users));
      if (!options.has('o') && !options.has('G'))
        columns.push(numeric ? row.group.padStart(groups) : row.group.padEnd(groups));
      columns.push(row.size.padStart(sizes), this.time(row.entry.stat.mtime), this.label(row.entry));
      this.out += this.prefix(row.entry) + columns.join(' ') + row.target + '\n';
    }
  }

  private time(mtime: number): string {
    const { options, process } = this;
    const style = options.has('full-time') ? 'full-iso' : options.value('time-style');
    if (style === 'full-iso') return formatDate('%F %T.%N %z', mtime);
    if (style === 'long-iso') return formatDate('%F %H:%M', mtime);
    if (style === 'iso') return formatDate('%m-%d %H:%M', mtime);
    if (style?.startsWith('+')) return formatDate(style.slice(1), mtime);
    const age = process.host.sim.now - mtime;
    // Half a year, in either direction, changes the clock for the year.
    return formatDate(age > 15_778_476_000 || age < 0 ? '%b %e  %Y' : '%b %e %H:%M', mtime);
  }
}

const DEVICE_NUMBERS = { device: '1, 3', block: '8, 16' };

/** 1 KiB blocks in units of 4 KiB. */
export function blocksOf(stat: Stat): number {
  if (stat.kind === 'dir') return 4;
  return stat.kind === 'file' ? Math.ceil(stat.size / 4096) * 4 : 0;
}

function linksOf(stat: Stat): number {
  const { node } = stat;
  if (node.kind === 'dir') return 2 + node.names().filter((name) => node.get(name)?.kind === 'dir').length;
  return node.kind === 'file' ? node.nlink : 1;
}

/** A stable number for a path: nodes have no numbers of their own. */
export function inode(path: string): number {
  let hash = 2166136261;
  for (let i = 0; i < path.length; i++) hash = Math.imul(hash ^ path.charCodeAt(i), 16777619) >>> 0;
  return 100_000 + (hash % 900_000);
}

/** The C locale's order, which containers and nodes here have. */
function collate(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function extension(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(dot) : '';
}

function compareVersions(a: string, b: string): number {
  const left = versionParts(a);
  const right = versionParts(b);
  for (let i = 0; i < left.length && i < right.length; i++) {
    if (left[i] !== right[i]) return left[i] < right[i] ? -1 : 1;
  }
  return left.length - right.length;
}
