// Files and directories as kustomize sees them: every path is relative to the directory of its kustomization, files
// must stand in or below it.

import { type FileSystem, normalize } from '../../linux/fs.ts';
import { CommandError, quote } from '../errors.ts';

const FILE_NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

export class Loader {
  readonly root: string;
  private readonly fs: FileSystem;
  /** The directories on the way here, to find a cycle. */
  private readonly above: readonly string[];

  /** Files need not stand in or below the directory. */
  private readonly anywhere: boolean;

  private constructor(fs: FileSystem, root: string, above: readonly string[], anywhere: boolean) {
    this.fs = fs;
    this.anywhere = anywhere;
    this.root = root;
    this.above = above;
  }

  /** The directory that the user named. */
  static open(fs: FileSystem, path: string, anywhere = false): Loader {
    return new Loader(fs, directory(fs, fs.absolute(path), path), [], anywhere);
  }

  /** Another directory, named by a kustomization. */
  enter(path: string): Loader {
    if (path.startsWith('/')) throw new CommandError(`new root '${path}' cannot be absolute`);
    const full = directory(this.fs, this.resolve(path));
    const cycle = [...this.above, this.root].find((visited) => visited === full || visited.startsWith(`${full}/`));
    if (cycle !== undefined)
      throw new CommandError(`cycle detected: candidate root '${full}' contains visited root '${cycle}'`);
    return new Loader(this.fs, full, [...this.above, this.root], this.anywhere);
  }

  /** The text of kustomization.yaml. */
  kustomization(): string {
    const found = FILE_NAMES.filter((name) => this.fs.exists(`${this.root}/${name}`));
    if (found.length === 0)
      throw new CommandError(
        `unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '${this.root}'`,
      );
    if (found.length > 1) throw new CommandError(`Found multiple kustomization files under: ${this.root}\n`);
    return this.fs.readFile(`${this.root}/${found[0]}`);
  }

  read(path: string): string {
    if (/^https?:\/\//.test(path))
      throw new CommandError(`Get ${quote(path)}: dial tcp: lookup ${path.split('/')[2]}: no such host`);
    const full = this.resolve(path);
    if (!this.fs.exists(full)) throw new CommandError(missing(full));
    if (this.fs.isDirectory(full)) throw new CommandError(`'${full}' must resolve to a file`);
    if (!this.anywhere && !full.startsWith(this.root === '/' ? '/' : `${this.root}/`))
      throw new CommandError(`security; file '${full}' is not in or below '${this.root}'`);
    return this.fs.readFile(full);
  }

  private resolve(path: string): string {
    return normalize(path.startsWith('/') ? path : `${this.root}/${path}`);
  }
}

const missing = (path: string, name = path) =>
  `evalsymlink failure on '${name}' : lstat ${path}: no such file or directory`;

function directory(fs: FileSystem, full: string, name = full): string {
  if (!fs.exists(full))
    throw new CommandError(`must build at directory: not a valid directory: ${missing(full, name)}`);
  if (!fs.isDirectory(full)) throw new CommandError(`must build at directory: '${full}': file is not directory`);
  return fs.realpath(full);
}
