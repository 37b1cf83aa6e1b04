// The logs on the node's disk: /var/log/pods, one directory a Pod and one file a start of a container, and the links to
// them in /var/log/containers. They are listed when something looks; Pods that nobody looks at cost nothing.

import { DirNode, type FsNode, LinkNode } from '../linux/index.ts';
import type { Container } from './container.ts';
import { ensureDirectory } from './place.ts';
import type { PodWorker } from './pod-worker.ts';

const PODS = '/var/log/pods';

/** A directory whose entries are computed anew at each look. */
class Listing extends DirNode {
  private readonly list: () => Map<string, FsNode>;
  constructor(list: () => Map<string, FsNode>) {
    super();
    this.list = list;
  }
  override get(name: string) {
    return this.list().get(name);
  }
  override peek(name: string) {
    return this.list().get(name);
  }
  override names() {
    return [...this.list().keys()].sort();
  }
}

/** Puts both directories into a node's file system. */
export function placeLogFiles(root: DirNode, workers: ReadonlyMap<string, PodWorker>) {
  const log = ensureDirectory(root, '/var/log');
  log?.set('pods', new Listing(() => pods(workers)));
  log?.set('containers', new Listing(() => links(workers)));
}

function pods(workers: ReadonlyMap<string, PodWorker>): Map<string, FsNode> {
  const entries = new Map<string, FsNode>();
  workers.forEach((worker) => {
    if (worker.records.size) entries.set(directory(worker), new Listing(() => containers(worker)));
  });
  return entries;
}

function containers(worker: PodWorker): Map<string, FsNode> {
  const entries = new Map<string, FsNode>();
  worker.records.forEach((_record, name) => entries.set(name, new Listing(() => starts(worker, name))));
  return entries;
}

/** The newest instance's file and that of the one before; older ones are removed with their containers. */
function starts(worker: PodWorker, name: string): Map<string, FsNode> {
  const entries = new Map<string, FsNode>();
  each(worker, name, (container, number) => entries.set(`${number}.log`, container.log.file()));
  return entries;
}

function links(workers: ReadonlyMap<string, PodWorker>): Map<string, FsNode> {
  const entries = new Map<string, FsNode>();
  workers.forEach((worker) => {
    const { name: pod, namespace } = worker.pod.metadata ?? {};
    worker.records.forEach((_record, name) => {
      each(worker, name, (container, number) => {
        const link = `${pod}_${namespace}_${name}-${container.id}.log`;
        entries.set(link, new LinkNode(`${PODS}/${directory(worker)}/${name}/${number}.log`));
      });
    });
  });
  return entries;
}

function each(worker: PodWorker, name: string, visit: (container: Container, number: number) => void) {
  const record = worker.records.get(name);
  if (record?.last) visit(record.last, record.restarts - 1);
  if (record?.current) visit(record.current, record.restarts);
}

function directory(worker: PodWorker): string {
  const { name, namespace } = worker.pod.metadata ?? {};
  return `${namespace}_${name}_${worker.uid}`;
}
