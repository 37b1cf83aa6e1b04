// What an image is here: a name with tags, the configuration that a container starts from, a tree of files
// shared by all containers, and programs that do what the real ones are known for.

import type { DirNode, Program, TreeEntry, Userland } from '../linux/index.ts';
import type { ImageFaults } from './faults.ts';

/** One repository as the catalogue lists it; every file of this folder exports some. */
type Tags = Readonly<Record<string, string>>;

export interface Repository {
  /** Full names, e.g. `docker.io/library/nginx`; more than one when the image is published in several places. */
  names: readonly string[];
  /** Tag to version: `latest` and `1.29` may both be version `1.29.4`. Tags of one version share a digest. */
  tags: Tags | (() => Tags);
  /** Compressed bytes to pull, of a version. */
  size: number | ((version: string) => number);
  entrypoint?: readonly string[] | ((version: string) => readonly string[]);
  cmd?: readonly string[];
  env?: Readonly<Record<string, string>> | ((version: string) => Record<string, string>);
  workingDir?: string;
  /** `uid`, `uid:gid` or a user's name. */
  user?: string;
  exposedPorts?: readonly string[];
  /** Default TERM. */
  stopSignal?: string;
  /** Whose commands are in it; absent: it has no shell and no tools. */
  userland?: Userland;
  /** Names of the tools that it has, from the table of commands. */
  commands?: readonly string[];
  /** Programs of its own by absolute path. */
  programs?: Readonly<Record<string, Program>>;
  /** Path of an entry point script that prepares nothing one could see and becomes its arguments. */
  entrypointRuns?: string;
  /** The command that it puts before a first argument that is a flag. */
  flagsTo?: string;
  /** Those that differ from version to version. */
  versionedPrograms?: (version: string) => Record<string, Program>;
  /** Files beside those that every image has. */
  files?: (version: string) => Record<string, TreeEntry>;
  /** It is nothing but `files`: an OCI artifact. */
  artifact?: true;
  /** Users of its own beside those that every image has, with the groups that list them. */
  users?: Readonly<Record<string, { uid: number; groups: Readonly<Record<string, number>> }>>;
  /** What PRETTY_NAME says of its distribution. */
  os?: string;
  /** Bytes that the main process keeps in memory. */
  memory?: number;
  /** Millicores that it uses while nothing is asked of it; default 0. */
  cpu?: number;
}

export interface ImageConfig {
  entrypoint: readonly string[];
  cmd: readonly string[];
  env: Readonly<Record<string, string>>;
  workingDir: string;
  user: string;
  exposedPorts: readonly string[];
  stopSignal: string;
}

/** An image as a node's runtime holds it. */
export interface Image {
  /** `docker.io/library/nginx`. */
  repository: string;
  tag: string;
  version: string;
  /** `docker.io/library/nginx:1.27`. */
  reference: string;
  /** Of the manifest: `sha256:…`. */
  digest: string;
  /** Bytes, compressed. */
  size: number;
  config: ImageConfig;
  userland: Userland;
  memory: number;
  cpu: number;
  /** The files, made on first use; containers lie over it and never change it. */
  tree(): DirNode;
  /** Numbers of a user or group that the image's /etc/passwd knows. */
  userId(name: string): number | undefined;
  /** Groups that its /etc/group lists the user in. */
  groupsOf(uid: number): readonly number[];
}

/** Where a node pulls from. */
export interface Registry {
  /** Faults that were injected. */
  readonly faults: ImageFaults;
  /** The image behind a reference, or why it cannot be had, in containerd's words. */
  pull(reference: string): Image | PullError;
}

export class PullError {
  /** gRPC code: NotFound, Unknown… */
  readonly code: string;
  readonly message: string;
  constructor(code: string, message: string) {
    this.code = code;
    this.message = message;
  }
}
