// stat, du, df, mount, umount, file: what files take and where they are.

import { ComputedDir } from '../computed-dir.ts';
import { FsError, type FsNode } from '../fs.ts';
import { filesOf } from '../host.ts';
import { mountTable, type MountRow } from '../mount-table.ts';
import type { Process, Program } from '../types.ts';
import { formatDate } from './date.ts';
import { blocksOf, humanSize, inode, modeText } from './ls.ts';
import { complain, eachPath, fail, isBusybox, operands, parseOptions, put } from './options.ts';
import { groupName, userName } from './users.ts';

const KINDS = {
  file: 'regular file',
  dir: 'directory',
  link: 'symbolic link',
  device: 'character special file',
  block: 'block special file',
  fifo: 'fifo',
};

export const stat: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'c:L',
    long: { format: 'c', printf: 'printf:', dereference: 'L' },
    usage: '[OPTION]... FILE...',
  });
  operands(process, options.args, 1);
  const format = options.value('c');
  return eachPath(
    process,
    options.args,
    (path, fs) => {
      const info = options.has('L') ? fs.stat(path) : fs.lstat(path);
      const kind = info.kind === 'file' && info.size === 0 ? 'regular empty file' : KINDS[info.kind];
      const user = userName(process, info.uid) ?? 'UNKNOWN';
      const group = groupName(process, info.gid) ?? 'UNKNOWN';
      const time = formatDate('%F %T.%N %z', info.mtime);
      const octal = info.mode.toString(8);
      const values: Record<string, string> = {
        n: path,
        N: info.kind === 'link' ? `'${path}' -> '${fs.readlink(path)}'` : `'${path}'`,
        s: String(info.size),
        a: octal,
        A: modeText(info),
        F: kind,
        u: String(info.uid),
        U: user,
        g: String(info.gid),
        G: group,
        y: time,
        Y: String(Math.floor(info.mtime / 1000)),
        x: time,
        X: String(Math.floor(info.mtime / 1000)),
        z: time,
        Z: String(Math.floor(info.mtime / 1000)),
        b: String(blocksOf(info) * 2),
        B: '512',
        i: String(inode(path)),
        h: '1',
        o: '4096',
        '%': '%',
      };
      const fill = (text: string) =>
        text.replace(
          /%([a-zA-Z%])/g,
          (whole, letter) => values[letter] ?? fail(process, `${whole}: this directive is not modelled`),
        );
      if (format !== undefined) return put(process, fill(format) + '\n');
      const printf = options.value('printf');
      if (printf !== undefined) return put(process, fill(printf).replace(/\\n/g, '\n').replace(/\\t/g, '\t'));
      const target = info.kind === 'link' ? ` -> ${fs.readlink(path)}` : '';
      put(
        process,
        `  File: ${path}${target}\n  Size: ${String(info.size).padEnd(10)}\tBlocks: ${String(blocksOf(info) * 2).padEnd(10)} IO Block: 4096   ${kind}\n` +
          `Device: 0,50\tInode: ${String(inode(path)).padEnd(11)} Links: 1\n` +
          `Access: (${octal.padStart(4, '0')}/${modeText(info)})  Uid: (${String(info.uid).padStart(5)}/${user.padStart(8)})   Gid: (${String(info.gid).padStart(5)}/${group.padStart(8)})\n` +
          `Access: ${time}\nModify: ${time}\nChange: ${time}\n Birth: -\n`,
      );
    },
    (path, error) =>
      isBusybox(process) ? `can't stat '${path}': ${error.message}` : `cannot statx '${path}': ${error.message}`,
  );
};

export const du: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'ahskbcd:m',
    long: {
      all: 'a',
      'human-readable': 'h',
      summarize: 's',
      bytes: 'b',
      'apparent-size': 'apparent',
      total: 'c',
      'max-depth': 'd',
    },
    usage: '[OPTION]... [FILE]...',
  });
  const fs = filesOf(process);
  const apparent = options.has('b') || options.has('apparent');
  const most = options.has('s') ? 0 : Number(options.value('d') ?? Infinity);
  const size = (node: FsNode) =>
    apparent
      ? node.size
      : node.kind === 'dir'
        ? 4096
        : node.kind === 'file' && !node.device
          ? Math.ceil(node.size / 4096) * 4096
          : 0;
  const show = (bytes: number) => {
    if (options.has('h')) return bytes === 0 ? '0' : humanSize(bytes);
    return String(options.has('b') ? bytes : options.has('m') ? Math.ceil(bytes / 1048576) : Math.ceil(bytes / 1024));
  };
  let out = '';
  const visit = (path: string, node: FsNode, depth: number): number => {
    let sum = size(node);
    if (node.kind === 'dir' && depth < 64) {
      for (const name of fs.readdir(path)) {
        const child = `${path.replace(/\/$/, '')}/${name}`;
        const below = fs.find(child, false);
        if (below) sum += visit(child, below, depth + 1);
      }
    }
    if ((node.kind === 'dir' && depth <= most) || depth === 0 || (options.has('a') && depth <= most))
      out += `${show(sum)}\t${path}\n`;
    return sum;
  };
  let total = 0;
  let status = 0;
  for (const path of options.args.length ? options.args : ['.']) {
    try {
      total += visit(path, fs.node(path, false), 0);
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      complain(process, isBusybox(process) ? `${path}: ${error.message}` : `cannot access '${path}': ${error.message}`);
      status = 1;
    }
  }
  if (options.has('c')) out += `${show(total)}\ttotal\n`;
  put(process, out);
  return status;
};

export const df: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'hkTaPmi',
    long: { 'human-readable': 'h', 'print-type': 'T', all: 'a', portability: 'P' },
    usage: '[OPTION]... [FILE]...',
  });
  const busybox = isBusybox(process);
  const fs = filesOf(process);
  const mounts = mountTable(process.host);
  let rows = mounts;
  if (options.args.length) {
    rows = [];
    for (const path of options.args) {
      if (!fs.exists(path))
        fail(process, busybox ? `${path}: can't find mount point` : `${path}: No such file or directory`);
      const real = fs.realpath(path);
      const holders = mounts.filter(({ path: at }) => real === at || real.startsWith(at.replace(/\/?$/, '/')));
      rows.push(holders.reduce((best, row) => (row.path.length >= best.path.length ? row : best)));
    }
  } else if (!busybox && !options.has('a')) rows = onePerDevice(mounts);
  const isHuman = options.has('h');
  const isMega = options.has('m');
  const unit = (bytes: number) =>
    isHuman
      ? busybox
        ? decimalSize(bytes)
        : bytes === 0
          ? '0'
          : humanSize(bytes)
      : String(Math.ceil(bytes / (isMega ? 1048576 : 1024)));
  const sizes = isHuman ? 'Size' : isMega ? '1M-blocks' : options.has('P') ? '1024-blocks' : '1K-blocks';
  const free = isHuman && !busybox ? 'Avail' : 'Available';
  const type = (text: string) => (options.has('T') ? [text] : []);
  if (options.has('i')) {
    put(process, gnuTable(inodeTable(process, rows), false));
    return 0;
  }
  const table = [
    ['Filesystem', ...type('Type'), sizes, 'Used', free, options.has('P') ? 'Capacity' : 'Use%', 'Mounted on'],
  ];
  for (const row of rows) {
    const { size, used } = row;
    const share = size === 0 ? 0 : (used / size) * 100;
    const percent = `${busybox ? Math.round(share) : Math.ceil(share)}%`;
    table.push([row.device, ...type(row.type), unit(size), unit(used), unit(size - used), percent, row.path]);
  }
  put(process, busybox ? busyboxTable(table, options.has('T')) : gnuTable(table, options.has('T')));
  return 0;
};

/** mke2fs: a file for so many bytes. */
const INODE_RATIO = 16_384;

/** Of a disk as many as it was made with; one for each file that is there. */
function inodeTable(process: Process, rows: readonly MountRow[]): string[][] {
  const fs = filesOf(process);
  const table = [['Filesystem', 'Inodes', 'IUsed', 'IFree', 'IUse%', 'Mounted on']];
  for (const { device, path, size } of rows) {
    const all = Math.floor(size / INODE_RATIO);
    const node = fs.find(path);
    const used = node ? Math.min(all, countNodes(node, 0)) : 0;
    const share = all === 0 ? '-' : `${Math.ceil((used / all) * 100)}%`;
    table.push([device, String(all), String(used), String(all - used), share, path]);
  }
  return table;
}

function countNodes(node: FsNode, depth: number): number {
  if (node.kind !== 'dir' || node instanceof ComputedDir || depth > 64) return 1;
  return node.names().reduce((sum, name) => {
    const child = node.peek(name);
    return child ? sum + countNodes(child, depth + 1) : sum;
  }, 1);
}

/** GNU's df shows each file system once, where its mount point is shortest. */
function onePerDevice(rows: MountRow[]): MountRow[] {
  const best = new Map<string, MountRow>();
  for (const row of rows) {
    // Those in memory are each their own.
    const key = row.device.startsWith('/') ? row.device : row.path;
    const known = best.get(key);
    if (!known || row.path.length < known.path.length) best.set(key, row);
  }
  return [...best.values()];
}

/** `1.9G`, `64.0M`. */
function decimalSize(bytes: number): string {
  let value = bytes;
  let power = 0;
  for (; value >= 1024 && power < 5; power++) value /= 1024;
  return power === 0 ? String(bytes) : `${value.toFixed(1)}${' KMGTP'[power]}`;
}

function gnuTable(table: string[][], typed: boolean): string {
  const left = typed ? 2 : 1;
  const last = table[0].length - 1;
  const least = [14, ...(typed ? [4] : []), 5, 5, 5, 4, 0];
  const widths = table[0].map((_cell, i) => Math.max(least[i], ...table.map((row) => row[i].length)));
  const cell = (text: string, i: number) =>
    i === last ? text : i < left ? text.padEnd(widths[i]) : text.padStart(widths[i]);
  return table.map((row) => row.map(cell).join(' ') + '\n').join('');
}

function busyboxTable(table: string[][], typed: boolean): string {
  let out = '';
  for (const [device, ...cells] of table) {
    const kind = typed ? `${(cells.shift() as string).padEnd(10)} ` : '';
    const [size, used, free, percent, path] = cells;
    // A long name has a line of its own.
    const name = device.length > 20 && out ? `${device}\n${' '.repeat(20)}` : device.padEnd(20);
    out += `${name} ${kind}${size.padStart(9)} ${used.padStart(9)} ${free.padStart(9)} ${percent.padStart(4)} ${path}\n`;
  }
  return out;
}

export const mount: Program = function* (process) {
  const options = parseOptions(process, { short: 't:o:l', long: { types: 't', options: 'o' }, usage: '[OPTION]...' });
  if (options.args.length) fail(process, 'mounting by hand is not modelled', 32);
  let out = '';
  for (const { path, device, type, readOnly } of mountTable(process.host)) {
    if (options.has('t') && options.value('t') !== type) continue;
    out += `${device} on ${path} type ${type} (${readOnly ? 'ro' : 'rw'},relatime)\n`;
  }
  put(process, out);
  return 0;
};

export const file: Program = function* (process) {
  const options = parseOptions(process, { short: 'bi', long: { brief: 'b' }, usage: '[OPTION]... [FILE]...' });
  if (options.has('i')) fail(process, '-i: media types are not modelled');
  operands(process, options.args, 1);
  const fs = filesOf(process);
  const width = Math.max(...options.args.map((path) => path.length));
  for (const path of options.args) {
    const node = fs.find(path, false);
    put(process, `${options.has('b') ? '' : `${path}: `.padEnd(width + 2)}${describe(process, path, node)}\n`);
  }
  return 0;
};

function describe(process: Process, path: string, node: FsNode | undefined): string {
  if (!node) return `cannot open \`${path}' (No such file or directory)`;
  if (node.kind === 'dir') return 'directory';
  if (node.kind === 'link') return `${filesOf(process).exists(path) ? '' : 'broken '}symbolic link to ${node.target}`;
  if (node.device) return 'character special (1/3)';
  if (node.block) return 'block special (8/16)';
  if (node.fifo) return 'fifo (named pipe)';
  if (node.program) return 'ELF 64-bit LSB pie executable, x86-64, version 1 (SYSV), dynamically linked, stripped';
  const { text } = node;
  if (text === '') return 'empty';
  const script = /^#!\s*(\S+)/.exec(text);
  const kind = /[\udc80-\udcff]/.test(text)
    ? 'data'
    : /[^\x00-\x7f]/.test(text)
      ? 'Unicode text, UTF-8 text'
      : text.includes('\0')
        ? 'data'
        : 'ASCII text';
  if (script)
    return `${script[1].includes('bash') ? 'Bourne-Again shell' : script[1].endsWith('sh') ? 'POSIX shell' : `a ${script[1]}`} script, ${kind} executable`;
  if (/^\s*[[{]/.test(text)) {
    try {
      JSON.parse(text);
      return 'JSON text data';
    } catch {
      return kind;
    }
  }
  if (text.startsWith('-----BEGIN CERTIFICATE-----')) return 'PEM certificate';
  return kind + (text.endsWith('\n') ? '' : ', with no line terminators');
}
