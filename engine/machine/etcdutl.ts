// etcdutl of etcd 3.6: works on files of etcd, without a server: what a snapshot holds, and a data directory made of one.

import { databaseOf, type EtcdData } from '../kubeadm/etcd-data.ts';
import { byteLength, encode, filesOf, FsError, type Process, type Program } from '../linux/index.ts';
import { sha256 } from '../linux/sha256.ts';
import type { Co } from '../sim/index.ts';
import { boxed, die, readFlags, type Flags } from './flags.ts';

export interface EtcdutlTargets {
  data: EtcdData;
  version: string;
}

const FLAGS = {
  'write-out': 'string',
  'data-dir': 'string',
  name: 'string',
  'initial-cluster': 'string',
  'initial-cluster-token': 'string',
  'initial-advertise-peer-urls': 'string',
  'skip-hash-check': 'bool',
  'bump-revision': 'string',
  'mark-compacted': 'bool',
} as const;

export const etcdutl = ({ data, version }: EtcdutlTargets): Program =>
  function* (process): Co<number> {
    const wrong = (text: string) => die(process, `Error: ${text}`);
    const flags = readFlags(process.argv.slice(1), FLAGS, { w: 'write-out' }, wrong);
    const [command = '', sub = '', path] = flags.args;
    yield 20;
    if (command === 'version') {
      process.stdout.write(`etcdutl version: ${version}\nAPI version: ${version.slice(0, 3)}\n`);
      return 0;
    }
    if (command !== 'snapshot') return wrong(`unknown command ${JSON.stringify(command)} for "etcdutl"`);
    if (sub === 'status') {
      if (path === undefined) return wrong('snapshot status requires exactly one argument');
      return status(process, data, flags, path, version);
    }
    if (sub === 'restore') {
      if (path === undefined) return wrong('snapshot restore requires exactly one argument');
      return yield* restore(process, data, flags, path);
    }
    return wrong(`unknown command ${JSON.stringify(sub)} for "etcdutl snapshot"`);
  };

function read(process: Process, data: EtcdData, path: string) {
  let text: string;
  try {
    text = filesOf(process).readFile(path);
  } catch (error) {
    if (!(error instanceof FsError)) throw error;
    return die(process, `Error: stat ${path}: ${error.message.toLowerCase()}`);
  }
  const state = data.find(text);
  return state ? { text, state } : die(process, 'Error: snapshot file integrity check failed. invalid database');
}

function status(process: Process, data: EtcdData, flags: Flags, path: string, version: string): number {
  const { text, state } = read(process, data, path);
  const { revision, kvs } = state;
  const hash = sha256(encode(text)).slice(0, 8);
  const size = byteLength(text);
  const stored = `${version.slice(0, 3)}.0`;
  const row = [hash, String(revision), String(kvs.length), sizeText(size), stored];
  switch (flags.string('write-out') ?? 'simple') {
    case 'simple':
      process.stdout.write(`${row.join(', ')}\n`);
      return 0;
    case 'table':
      process.stdout.write(boxed([['HASH', 'REVISION', 'TOTAL KEYS', 'TOTAL SIZE', 'STORAGE VERSION'], row]));
      return 0;
    case 'json':
      process.stdout.write(
        `{"hash":${parseInt(hash, 16)},"revision":${revision},"totalKey":${kvs.length},"totalSize":${size},"version":"${stored}"}\n`,
      );
      return 0;
    default:
      return die(process, `Error: the output format ${flags.string('write-out')} is not modelled by this engine`);
  }
}

/** 2.1 MB */
function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return unit === 0 ? `${value} B` : `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

function* restore(process: Process, data: EtcdData, flags: Flags, path: string): Co<number> {
  const { text } = read(process, data, path);
  const fs = filesOf(process);
  const name = flags.string('name') ?? 'default';
  const directory = flags.string('data-dir') ?? `${name}.etcd`;
  if (fs.exists(directory) && (!fs.isDirectory(directory) || fs.readdir(directory).length > 0))
    return die(process, `Error: data-dir ${JSON.stringify(directory)} not empty or could not be read`);
  const log = (where: string, what: string, more: object) => {
    const time = new Date(process.host.sim.now).toISOString().slice(0, 19) + 'Z';
    process.stderr.write(`${time}\tinfo\t${where}\t${what}\t${JSON.stringify(more)}\n`);
  };
  const places = {
    path,
    'wal-dir': `${directory}/member/wal`,
    'data-dir': directory,
    'snap-dir': `${directory}/member/snap`,
    'initial-memory-map-size': 0,
  };
  log('snapshot/v3_snapshot.go:305', 'restoring snapshot', places);
  yield 300;
  try {
    for (const part of ['snap', 'wal']) fs.mkdir(`${directory}/member/${part}`, { recursive: true, mode: 0o700 });
    fs.writeFile(databaseOf(directory), text);
  } catch (error) {
    if (!(error instanceof FsError)) throw error;
    return die(process, `Error: mkdir ${directory}: ${error.message.toLowerCase()}`);
  }
  const peers = (flags.string('initial-advertise-peer-urls') ?? 'http://localhost:2380').split(',');
  log('membership/cluster.go:424', 'added member', { 'added-peer-peer-urls': peers });
  log('snapshot/v3_snapshot.go:333', 'restored snapshot', places);
  return 0;
}
