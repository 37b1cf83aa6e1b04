// tar: archives in the ustar format, made, listed and unpacked. Compression is a program of its own, which is not there.

import { decode, encode } from '../bytes.ts';
import { basename, dirname, FsError, type FileSystem } from '../fs.ts';
import { filesOf } from '../host.ts';
import { Exit, readAll } from '../io.ts';
import type { Co } from '../../sim/index.ts';
import type { Process, Program } from '../types.ts';
import { modeText } from './ls.ts';
import { complain, emit, fail, isBusybox, openInput, type Options, parseOptions, usageError } from './options.ts';
import { groupId, groupName, userId, userName } from './users.ts';

const BLOCK = 512;
/** GNU's and busybox's archives are padded to so many bytes. */
const RECORD = 20 * BLOCK;

interface Member {
  name: string;
  kind: 'file' | 'dir' | 'link';
  mode: number;
  uid: number;
  gid: number;
  user: string;
  group: string;
  /** Milliseconds. */
  mtime: number;
  size: number;
  target: string;
  content: string;
}

export const tar: Program = function* (process) {
  const { argv } = process;
  // `tar cf a.tar b`: the first word's letters are options without a dash.
  const dashed = argv[1] !== undefined && /^[a-zA-Z]+$/.test(argv[1]) ? oldStyle(argv) : argv;
  const options = parseOptions(Object.assign(Object.create(process) as Process, { argv: dashed }), {
    short: 'ctxf:C:vzjJpmhoOk',
    long: {
      create: 'c',
      list: 't',
      extract: 'x',
      get: 'x',
      file: 'f:',
      directory: 'C:',
      verbose: 'v',
      gzip: 'z',
      bzip2: 'j',
      xz: 'J',
      'preserve-permissions': 'p',
      touch: 'm',
      dereference: 'h',
      'to-stdout': 'O',
      'keep-old-files': 'k',
      exclude: 'exclude:',
      'strip-components': 'strip:',
      'no-same-owner': 'o',
    },
    usage: '[OPTION]... [FILE]...',
    status: 2,
  });
  const operations = options.given.filter(([key]) => 'ctx'.includes(key));
  if (operations.length === 0) {
    if (isBusybox(process)) usageError(process, 'must specify one of -c, -x or -t');
    complain(process, "You must specify one of the '-Acdtrux', '--delete' or '--test-label' options");
    process.stderr.write("Try 'tar --help' or 'tar --usage' for more information.\n");
    return 2;
  }
  if (options.values('C').length > 1) fail(process, 'more than one -C is not modelled', 2);
  const packer = options.has('z') ? 'gzip' : options.has('j') ? 'bzip2' : options.has('J') ? 'xz' : undefined;
  if (packer) {
    process.stderr.write(
      `tar (child): ${packer}: Cannot exec: No such file or directory\ntar (child): Error is not recoverable: exiting now\n`,
    );
    complain(process, 'Child returned status 2');
    fatal(process);
  }
  const directory = options.value('C');
  let fs = filesOf(process);
  if (directory !== undefined) {
    if (!fs.isDirectory(directory)) {
      if (isBusybox(process)) fail(process, `can't change directory to '${directory}': No such file or directory`);
      complain(process, `${directory}: Cannot open: No such file or directory`);
      fatal(process);
    }
    const { uid, gid, groups, umask } = process;
    fs = process.host.fs.view({ cwd: fs.absolute(directory), uid, gid, groups, umask });
  }
  const archive = new Archive(process, options, fs);
  return operations[0][0] === 'c' ? yield* archive.create() : yield* archive.read(operations[0][0] === 'x');
};

/** `cfv a.tar d` to `-c -f a.tar -v d`: letters with a value take the words that follow in turn. */
function oldStyle(argv: readonly string[]): string[] {
  const rest = argv.slice(2);
  const words: string[] = [];
  for (const letter of argv[1]) {
    words.push(`-${letter}`);
    if ('fC'.includes(letter) && rest.length) words.push(rest.shift() as string);
  }
  return [argv[0], ...words, ...rest];
}

function fatal(process: Process): never {
  return fail(process, 'Error is not recoverable: exiting now', 2);
}

class Archive {
  private readonly process: Process;
  private readonly options: Options;
  private readonly fs: FileSystem;
  private failed = false;
  private warned = false;

  constructor(process: Process, options: Options, fs: FileSystem) {
    this.process = process;
    this.options = options;
    this.fs = fs;
  }

  // ---- writing -------------------------------------------------------------------------------------------

  *create(): Co<number> {
    const { process, options } = this;
    if (options.args.length === 0) {
      if (isBusybox(process)) fail(process, 'empty archive');
      complain(process, 'Cowardly refusing to create an empty archive');
      process.stderr.write("Try 'tar --help' or 'tar --usage' for more information.\n");
      return 2;
    }
    const blocks: string[] = [];
    let size = 0;
    for (const path of options.args) {
      for (const member of this.members(path, 0)) {
        const packed = pack(member) ?? this.tooLong(member.name);
        if (options.has('v')) this.tell(member, this.toStandardOutput);
        blocks.push(packed);
        size += BLOCK + rounded(member.size);
      }
    }
    blocks.push('\0'.repeat(2 * BLOCK + padding(size + 2 * BLOCK, RECORD)));
    const text = blocks.join('');
    if (this.toStandardOutput) yield* emit(process, text);
    else {
      try {
        filesOf(process).writeFile(options.value('f') as string, text);
      } catch (error) {
        if (!(error instanceof FsError)) throw error;
        complain(process, `${options.value('f')}: Cannot open: ${error.message}`);
        fatal(process);
      }
    }
    return this.end();
  }

  private get toStandardOutput(): boolean {
    return (this.options.value('f') ?? '-') === '-';
  }

  private tooLong(name: string): string {
    complain(this.process, `${name}: file name is too long (cannot be split); not dumped`);
    this.failed = true;
    return '';
  }

  private *members(path: string, depth: number): Generator<Member> {
    const { process, fs, options } = this;
    const name = this.memberName(path);
    if (options.values('exclude').some((pattern) => matches(pattern, name))) return;
    try {
      const stat = options.has('h') ? fs.stat(path) : fs.lstat(path);
      if (stat.kind !== 'file' && stat.kind !== 'dir' && stat.kind !== 'link') return;
      const member: Member = {
        name: stat.kind === 'dir' && !name.endsWith('/') ? `${name}/` : name,
        kind: stat.kind,
        mode: stat.mode & 0o7777,
        uid: stat.uid,
        gid: stat.gid,
        user: userName(process, stat.uid) ?? '',
        group: groupName(process, stat.gid) ?? '',
        mtime: stat.mtime,
        size: 0,
        target: stat.kind === 'link' ? fs.readlink(path) : '',
        content: stat.kind === 'file' ? fs.readFile(path) : '',
      };
      member.size = encode(member.content).length;
      if (depth > 100) fail(process, `${path}: too many nested directories`, 2);
      yield member;
      if (stat.kind !== 'dir') return;
      for (const inner of fs.readdir(path)) yield* this.members(`${path.replace(/\/+$/, '')}/${inner}`, depth + 1);
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      complain(process, isBusybox(process) ? `${path}: ${error.message}` : `${path}: Cannot stat: ${error.message}`);
      this.failed = true;
    }
  }

  /** Members have no leading slash, so that unpacking stays below the directory. */
  private memberName(path: string): string {
    if (!path.startsWith('/')) return path;
    if (!this.warned) {
      complain(
        this.process,
        isBusybox(this.process) ? "removing leading '/' from member names" : "Removing leading `/' from member names",
      );
    }
    this.warned = true;
    return path.replace(/^\/+/, '') || './';
  }

  // ---- reading -------------------------------------------------------------------------------------------

  *read(extract: boolean): Co<number> {
    const { process, options } = this;
    const path = options.value('f') ?? '-';
    let text: string;
    if (path !== '-' && !filesOf(process).exists(path)) {
      if (isBusybox(process)) fail(process, `can't open '${path}': No such file or directory`);
      complain(process, `${path}: Cannot open: No such file or directory`);
      fatal(process);
    } else {
      const reader = openInput(process, path);
      if (!reader) fatal(process);
      text = yield* readAll(reader);
    }
    const wanted = new Map(options.args.map((name) => [name.replace(/\/+$/, ''), false]));
    const bytes = encode(text);
    for (let at = 0; at + BLOCK <= bytes.length;) {
      if (bytes[at] === 0) break;
      const member = unpack(bytes, at);
      if (!member) {
        if (isBusybox(process)) fail(process, 'invalid tar magic');
        complain(process, 'This does not look like a tar archive');
        this.failed = true;
        break;
      }
      at += BLOCK + rounded(member.size);
      if (at > bytes.length) {
        if (isBusybox(process)) fail(process, 'short read');
        complain(process, 'Unexpected EOF in archive');
        fatal(process);
      }
      if (!isWanted(wanted, member.name)) continue;
      if (options.values('exclude').some((pattern) => matches(pattern, member.name))) continue;
      if (!extract || options.has('v')) this.tell(member, false);
      if (extract) yield* this.extract(member);
    }
    if (bytes.length < BLOCK) {
      if (isBusybox(process)) fail(process, 'short read');
      complain(process, 'This does not look like a tar archive');
      this.failed = true;
    }
    wanted.forEach((found, name) => {
      if (found) return;
      complain(process, isBusybox(process) ? `${name}: not found in archive` : `${name}: Not found in archive`);
      this.failed = true;
    });
    return this.end();
  }

  private *extract(member: Member): Co {
    const { process, options, fs } = this;
    if (options.has('O')) {
      if (member.kind === 'file') yield* emit(process, member.content);
      return;
    }
    const parts = this.memberName(member.name)
      .split('/')
      .filter((part) => part);
    const path = parts
      .slice(Number(options.value('strip') ?? 0))
      .filter((part) => part !== '.')
      .join('/');
    if (!path) return;
    if (path.split('/').includes('..')) {
      complain(process, `${member.name}: Member name contains '..'`);
      this.failed = true;
      return;
    }
    try {
      fs.mkdir(dirname(path), { recursive: true });
      if (options.has('k') && member.kind !== 'dir' && fs.look(path)) {
        complain(process, `${path}: Cannot open: File exists`);
        this.failed = true;
        return;
      }
      this.place(member, path);
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      complain(
        process,
        isBusybox(process) ? `can't open '${path}': ${error.message}` : `${path}: Cannot open: ${error.message}`,
      );
      this.failed = true;
    }
  }

  private place(member: Member, path: string) {
    const { process, options, fs } = this;
    const before = fs.look(path);
    if (before && member.kind !== 'dir' && before.kind !== 'dir') fs.unlink(path);
    if (member.kind === 'link') {
      fs.symlink(member.target, path);
      return;
    }
    if (member.kind === 'file') fs.writeFile(path, member.content);
    else if (!fs.isDirectory(path)) fs.mkdir(path);
    // root keeps modes and owners as they are packed, others their own umask.
    const asPacked = process.uid === 0 || options.has('p');
    fs.chmod(path, asPacked ? member.mode : member.mode & ~(process.umask ?? 0o022));
    if (process.uid === 0 && !options.has('o')) {
      const uid = userId(process, member.user) ?? member.uid;
      fs.chown(path, uid, groupId(process, member.group) ?? member.gid);
    }
    if (!options.has('m')) fs.utimes(path, member.mtime);
  }

  /** A line about a member: its name, with `-tv` as `ls -l` would show it. */
  private tell(member: Member, onStderr: boolean) {
    const { process, options } = this;
    let line = member.name;
    if (options.has('t') && options.has('v')) {
      const owner = `${member.user || member.uid}/${member.group || member.gid}`;
      const date = new Date(member.mtime).toISOString();
      const target = member.kind === 'link' ? ` -> ${member.target}` : '';
      const size = String(member.size).padStart(Math.max(1, 18 - owner.length));
      line = `${modeText({ ...member, nlink: 1 } as never)} ${owner} ${size} ${date.slice(0, 10)} ${date.slice(11, 16)} ${line}${target}`;
    }
    (onStderr ? process.stderr : process.stdout).write(`${line}\n`);
  }

  private end(): number {
    if (!this.failed) return 0;
    if (isBusybox(this.process)) throw new Exit(1);
    complain(this.process, 'Exiting with failure status due to previous errors');
    return 2;
  }
}

/** Named itself or by a directory above it; everything when nothing is named. */
function isWanted(wanted: Map<string, boolean>, name: string): boolean {
  if (wanted.size === 0) return true;
  let path = name.replace(/\/+$/, '');
  for (;;) {
    if (wanted.has(path)) {
      wanted.set(path, true);
      return true;
    }
    const slash = path.lastIndexOf('/');
    if (slash < 0) return false;
    path = path.slice(0, slash);
  }
}

/** `--exclude`: a pattern for the whole name or for what follows any slash. */
function matches(pattern: string, name: string): boolean {
  const expression = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`(?:^|/)${expression}/?$`).test(name) || basename(name) === pattern;
}

// ---- the format ------------------------------------------------------------------------------------------------

const padding = (size: number, to: number) => (to - (size % to)) % to;
const rounded = (size: number) => size + padding(size, BLOCK);
const TYPES = { file: '0', dir: '5', link: '2' } as const;
const octal = (value: number, width: number) => value.toString(8).padStart(width - 1, '0') + '\0';

/** A text of exactly `width` bytes. */
function field(text: string, width: number): string {
  const bytes = encode(text);
  return bytes.length <= width ? text + '\0'.repeat(width - bytes.length) : decode(bytes.slice(0, width));
}

/** Header and content; undefined for a name that fits nowhere. */
function pack(member: Member): string | undefined {
  let { name } = member;
  let prefix = '';
  if (encode(name).length > 100) {
    let slash = name.indexOf('/', Math.max(0, name.length - 101));
    if (slash === name.length - 1) slash = -1;
    if (slash < 0 || slash > 155) return undefined;
    prefix = name.slice(0, slash);
    name = name.slice(slash + 1);
  }
  const head = (checksum: string) =>
    field(name, 100) +
    octal(member.mode, 8) +
    octal(member.uid, 8) +
    octal(member.gid, 8) +
    octal(member.size, 12) +
    octal(Math.floor(member.mtime / 1000), 12) +
    checksum +
    TYPES[member.kind] +
    field(member.target, 100) +
    'ustar\x0000' +
    field(member.user, 32) +
    field(member.group, 32) +
    octal(0, 8) +
    octal(0, 8) +
    field(prefix, 167);
  const sum = encode(head(' '.repeat(8))).reduce((total, byte) => total + byte, 0);
  return head(`${octal(sum, 7)} `) + member.content + '\0'.repeat(padding(member.size, BLOCK));
}

const KINDS: Record<string, Member['kind']> = { '0': 'file', '\0': 'file', '5': 'dir', '2': 'link' };

/** The member whose header is at `at`; undefined when none is there. */
function unpack(bytes: Uint8Array, at: number): Member | undefined {
  const text = (from: number, width: number) => {
    const raw = bytes.subarray(at + from, at + from + width);
    const end = raw.indexOf(0);
    return decode(end < 0 ? raw : raw.subarray(0, end));
  };
  const number = (from: number, width: number) => parseInt(text(from, width).trim() || '0', 8);
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 32 : bytes[at + i];
  const kind = KINDS[String.fromCharCode(bytes[at + 156])];
  if (sum !== number(148, 8) || !kind) return undefined;
  const prefix = text(345, 155);
  const size = number(124, 12);
  const name = text(0, 100);
  return {
    name: prefix ? `${prefix}/${name}` : name,
    kind,
    mode: number(100, 8) & 0o7777,
    uid: number(108, 8),
    gid: number(116, 8),
    user: text(265, 32),
    group: text(297, 32),
    mtime: number(136, 12) * 1000,
    size,
    target: text(157, 100),
    content: decode(bytes.subarray(at + BLOCK, at + BLOCK + size)),
  };
}
