// The registries that nodes pull from: finds an image of the catalogue by reference and makes of its entry
// what a runtime needs. What the catalogue neither lists nor makes likely does not exist, and the answer is the registry's.

import {
  DirNode,
  FileNode,
  LinkNode,
  devices,
  programFile,
  tree,
  type FsNode,
  type Program,
  type TreeEntry,
} from '../linux/index.ts';
import { Random, streamSeed } from '../sim/index.ts';
import { ImageFaults } from './faults.ts';
import { formatReference, parseReference } from './reference.ts';
import { execArguments } from './service.ts';
import { likelyVersion, tagsOf } from './versions.ts';
import { PullError, type Image, type ImageConfig, type Registry, type Repository } from './types.ts';

/** The images of the world, and of which one another is a copy. */
export interface World {
  catalogue: readonly Repository[];
  original(name: string): string | undefined;
  /** Programs that its images have besides, by path. */
  managersOf(repository: Repository): Record<string, Program>;
}

export interface RegistryOptions {
  repositories: readonly Repository[];
  /** What else there is, asked for when a name is not among them. */
  more(): World;
  /** The table of commands that images may contain. */
  programs: Readonly<Record<string, Program>>;
}

/** When the images were built, as their files show it. */
const BUILT = Date.UTC(2025, 10, 18, 2, 11, 40);
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Registries that answer, beside those of images that are listed. The name of any other does not resolve. */
const KNOWN_HOSTS = [
  'docker.io',
  'registry.k8s.io',
  'gcr.io',
  'quay.io',
  'ghcr.io',
  'us-docker.pkg.dev',
  'mcr.microsoft.com',
  'public.ecr.aws',
];
/** How each registry says that it has no such repository. */
const DENIED =
  'pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed';

export function createRegistry(options: RegistryOptions): Registry {
  const byName = new Map<string, Repository>();
  const hosts = new Set(KNOWN_HOSTS);
  const list = (repositories: readonly Repository[]) => {
    for (const repository of repositories) {
      for (const name of repository.names) {
        if (!byName.has(name)) byName.set(name, repository);
        hosts.add(name.slice(0, name.indexOf('/')));
      }
    }
  };
  list(options.repositories);
  let world: World | undefined;
  const repositoryOf = (name: string): Repository | undefined => {
    const listed = byName.get(name);
    if (listed) return listed;
    if (!world) list((world = options.more()).catalogue);
    return byName.get(name) ?? byName.get(world.original(name) ?? '');
  };
  const images = new Map<string, Image>();
  const trees = new Map<string, DirNode>();

  function build(repository: Repository, name: string, tag: string, version: string): Image {
    const digest = digestOf(repository, version);
    return {
      repository: name,
      tag,
      version,
      reference: `${name}:${tag}`,
      digest,
      size: typeof repository.size === 'number' ? repository.size : repository.size(version),
      config: configOf(repository, version),
      userland: repository.userland ?? 'gnu',
      memory: repository.memory ?? 1_500_000,
      cpu: repository.cpu ?? 0,
      tree() {
        let root = trees.get(digest);
        if (!root) {
          const managers = options.repositories.includes(repository) ? undefined : world?.managersOf(repository);
          trees.set(digest, (root = treeOf(repository, version, options.programs, managers)));
        }
        return root;
      },
      userId: (user) => repository.users?.[user]?.uid ?? USERS[user],
      groupsOf(uid) {
        for (const name in repository.users) {
          const user = repository.users[name];
          if (user.uid === uid) return Object.values(user.groups);
        }
        return [];
      },
    };
  }

  function find(repository: Repository, name: string, tag: string, digest: string): Image | undefined {
    const tags = tagsOf(repository);
    if (digest) {
      for (const known in tags) {
        const version = tags[known];
        if (digestOf(repository, version) !== digest) continue;
        return { ...build(repository, name, tag || known, version), reference: `${name}${tag && `:${tag}`}@${digest}` };
      }
      // What else a tag was when somebody wrote its digest down beside it is not known here: the tag it is, then.
      const named = tag ? find(repository, name, tag, '') : undefined;
      return named && { ...named, digest, reference: `${name}:${tag}@${digest}` };
    }
    const version = Object.hasOwn(tags, tag) ? tags[tag] : likelyVersion(tags, tag);
    return version === undefined ? undefined : build(repository, name, tag, version);
  }

  const faults = new ImageFaults();
  return {
    faults,
    pull(text) {
      const reference = parseReference(text);
      const full = formatReference(reference);
      if (faults.of(full)?.missing) return new PullError('NotFound', unresolved(full, `${full}: not found`));
      let image = images.get(full);
      if (image) return image;
      const fail = (code: string, why: string) => new PullError(code, unresolved(full, why));
      const host = reference.name.slice(0, reference.name.indexOf('/'));
      const repository = repositoryOf(reference.name);
      if (!repository) {
        const path = reference.name.slice(host.length + 1);
        if (host === 'docker.io') return fail('Unknown', DENIED);
        if (hosts.has(host)) return fail('NotFound', `${full}: not found`);
        const manifest = `https://${host}/v2/${path}/manifests/${reference.digest || reference.tag}`;
        const dial = `dial tcp: lookup ${host.replace(/:\d+$/, '')}: no such host`;
        return fail('Unknown', `failed to do request: Head "${manifest}": ${dial}`);
      }
      image = find(repository, reference.name, reference.tag, reference.digest);
      if (!image) return fail('NotFound', `${full}: not found`);
      images.set(full, image);
      return image;
    },
  };
}

const unresolved = (full: string, why: string) =>
  `failed to pull and unpack image "${full}": failed to resolve reference "${full}": ${why}`;

function digestOf(repository: Repository, version: string): string {
  return `sha256:${new Random(streamSeed(0x5eed, `${repository.names[0]}@${version}`)).hex(64)}`;
}

function configOf(repository: Repository, version: string): ImageConfig {
  const { entrypoint, env } = repository;
  return {
    entrypoint: (typeof entrypoint === 'function' ? entrypoint(version) : entrypoint) ?? [],
    cmd: repository.cmd ?? [],
    env: { PATH: DEFAULT_PATH, ...(typeof env === 'function' ? env(version) : env) },
    workingDir: repository.workingDir ?? '/',
    user: repository.user ?? '',
    exposedPorts: repository.exposedPorts ?? [],
    stopSignal: repository.stopSignal ?? 'TERM',
  };
}

// ---- files -------------------------------------------------------------------------------------------------

/** Users that images run as, with the numbers that the distributions give them. */
const USERS: Record<string, number> = {
  root: 0,
  daemon: 1,
  'www-data': 33,
  nginx: 101,
  curl_user: 100,
  memcache: 11211,
  redis: 999,
  postgres: 999,
  mysql: 999,
  mongodb: 999,
  nonroot: 65532,
  nobody: 65534,
};

const PASSWD = [
  'root:x:0:0:root:/root:/bin/sh',
  'daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin',
  'bin:x:2:2:bin:/bin:/usr/sbin/nologin',
  'www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin',
  'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
];
const GROUP = ['root:x:0:', 'daemon:x:1:', 'bin:x:2:', 'tty:x:5:', 'www-data:x:33:', 'nogroup:x:65534:'];
const DIRECTORIES = [
  '/boot/',
  '/etc/',
  '/home/',
  '/lib/',
  '/media/',
  '/mnt/',
  '/opt/',
  '/proc/',
  '/root/',
  '/run/',
  '/sbin/',
  '/srv/',
  '/sys/',
  '/usr/bin/',
  '/usr/local/bin/',
  '/usr/local/sbin/',
  '/usr/sbin/',
  '/var/log/',
  '/var/run/',
  '/var/tmp/',
];

/** Commands for the administrator, which scripts call by their full paths. */
const SYSTEM: ReadonlySet<string> = new Set(
  'arp bridge conntrack ethtool ifconfig ip ip6tables ipset iptables iptables-restore iptables-save ipvsadm nft route sysctl'.split(
    ' ',
  ),
);

function treeOf(
  repository: Repository,
  version: string,
  programs: Readonly<Record<string, Program>>,
  managers: Record<string, Program> | undefined,
): DirNode {
  const entries: Record<string, TreeEntry> = {};
  if (repository.artifact) return tree(repository.files?.(version) ?? {}, BUILT);
  if (repository.userland) {
    for (const path of DIRECTORIES) entries[path] = '';
    // Debian has merged /bin into /usr/bin.
    entries[repository.userland === 'gnu' ? '/bin' : '/bin/'] =
      repository.userland === 'gnu' ? new LinkNode('usr/bin') : '';
    const passwd = [...PASSWD];
    const group = [...GROUP];
    for (const name in repository.users) {
      const { uid, groups } = repository.users[name];
      passwd.push(`${name}:x:${uid}:${uid}::/home/${name}:/bin/sh`);
      group.push(`${name}:x:${uid}:`);
      for (const other in groups) group.push(`${other}:x:${groups[other]}:${name}`);
    }
    entries['/etc/passwd'] = passwd.join('\n') + '\n';
    entries['/etc/group'] = group.join('\n') + '\n';
    if (repository.os) entries['/etc/os-release'] = osRelease(repository.os);
  }
  Object.assign(entries, devices());
  entries['/dev/pts/'] = '';
  entries['/dev/shm/'] = '';
  entries['/tmp/'] = '';
  const binDir = repository.userland === 'gnu' ? '/usr/bin' : '/bin';
  for (const name of repository.commands ?? []) {
    const program = programs[name];
    if (!program) continue;
    entries[`${binDir}/${name}`] = programFile(program);
    if (!SYSTEM.has(name)) continue;
    if (repository.userland === 'gnu') entries[`/usr/sbin/${name}`] = programFile(program);
    // Alone among the images with busybox's commands its own has them all in one directory.
    if (!repository.names[0].endsWith('/busybox')) entries[`/sbin/${name}`] = programFile(program);
  }
  const own = { ...managers, ...repository.programs, ...repository.versionedPrograms?.(version) };
  for (const path in own) entries[path] = programFile(own[path]);
  if (repository.entrypointRuns)
    entries[repository.entrypointRuns] = script(execArguments(repository.flagsTo), '#!/bin/sh\nset -e\nexec "$@"\n');
  Object.assign(entries, repository.files?.(version));
  for (const path in entries) {
    const entry = entries[path];
    if (typeof entry === 'object') entry.mtime ||= BUILT;
  }
  const root = tree(entries, BUILT);
  const tmp: FsNode | undefined = root.get('tmp');
  if (tmp) tmp.mode = 0o1777;
  const home = root.get('root');
  if (home) home.mode = 0o700;
  return root;
}

function osRelease(pretty: string): string {
  const id = pretty.split(' ')[0].toLowerCase();
  return `PRETTY_NAME="${pretty}"\nNAME="${pretty.split(/ v?\d/)[0]}"\nID=${id}\n`;
}

/** A text file that may be executed (an entry point script): the program that it stands for runs. */
export function script(program: Program, text: string): FileNode {
  const file = new FileNode(text, { mode: 0o755 });
  file.program = program;
  return file;
}
