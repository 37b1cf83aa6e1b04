// metrics.k8s.io/v1beta1: its resources, how they are printed, and the answers from what a source knows of the cluster's
// use of CPU and memory.

import type { CustomKind, ResourceInfo } from '../api/index.ts';
import type { KubeObject } from '../api/types.ts';
import type { Context } from '../apiserver/context.ts';
import type { Core } from '../apiserver/handlers/types.ts';
import { listBody, negotiate, viewOf } from '../apiserver/respond.ts';
import { notFound } from '../apiserver/status.ts';
import { selection } from '../apiserver/storage/selection.ts';
import type { ApiResponse } from '../apiserver/types.ts';
import { serveVirtually } from '../apiserver/virtual/index.ts';

const GROUP = 'metrics.k8s.io';

function resource(name: string, kind: string, namespaced: boolean): ResourceInfo {
  return {
    group: GROUP,
    version: 'v1beta1',
    groupVersion: `${GROUP}/v1beta1`,
    kind,
    listKind: `${kind}List`,
    resource: name,
    singular: '',
    shortNames: [],
    categories: [],
    namespaced,
    verbs: ['get', 'list'],
    subresources: {},
    storagePrefix: '',
  };
}

const NODES = resource('nodes', 'NodeMetrics', false);
const PODS = resource('pods', 'PodMetrics', true);
const BOTH = [NODES, PODS];

/** Use of resources, in the quantities that metrics-server writes. */
export interface Usage {
  cpu: string;
  memory: string;
}

export interface NodeMetrics extends KubeObject {
  usage: Usage;
}

export interface PodMetrics extends KubeObject {
  containers: { name: string; usage: Usage }[];
}

export interface MetricsSource {
  nodes(): NodeMetrics[];
  /** Those of one namespace, or of all ('') . */
  pods(namespace: string): PodMetrics[];
}

const column = (name: string, description: string) => ({ name, type: 'string', format: '', description, priority: 0 });

const KIND: CustomKind = {
  decode: (value) => ({ object: value as KubeObject, strict: [] }),
  table: (objects) => ({
    columnDefinitions: [
      { ...column('Name', 'Name of the resource'), format: 'name' },
      column('cpu', 'CPU in use'),
      column('memory', 'Memory in use'),
      column('Window', 'Time over which it was measured'),
    ],
    rows: objects.map((object) => {
      const { usage, containers = [] } = object as unknown as { usage?: Usage; containers?: { usage: Usage }[] };
      const { cpu, memory } = usage ?? sum(containers.map((one) => one.usage));
      return { cells: [object.metadata.name ?? '', cpu, memory, (object as unknown as { window: string }).window] };
    }),
  }),
};

/** Millicores and bytes as metrics-server writes them. */
export const usageOf = (cpuMillis: number, memoryBytes: number): Usage => ({
  cpu: cpuMillis === 0 ? '0' : `${Math.round(cpuMillis * 1e6)}n`,
  memory: `${Math.ceil(memoryBytes / 1024)}Ki`,
});

function sum(parts: readonly Usage[]): Usage {
  let nanos = 0;
  let kibibytes = 0;
  for (const { cpu, memory } of parts) {
    nanos += parseInt(cpu, 10);
    kibibytes += parseInt(memory, 10);
  }
  return { cpu: nanos === 0 ? '0' : `${nanos}n`, memory: `${kibibytes}Ki` };
}

/** Servers that stand behind the group: a new one may come before the old one has gone. */
const sources = new WeakMap<Core, MetricsSource[]>();

/** Serves the group from now on; answers how to stop. */
export function serveMetrics(core: Core, source: MetricsSource): () => void {
  let known = sources.get(core);
  if (!known) sources.set(core, (known = []));
  const list = known;
  list.push(source);
  if (list.length === 1) serveVirtually(core, BOTH, KIND, (_core, ctx) => answer(core, ctx, list[list.length - 1]));
  return () => {
    list.splice(list.indexOf(source), 1);
    if (list.length) return;
    for (const info of BOTH) {
      core.scheme.removeResource(info.group, info.version, info.resource);
      core.served.delete(info);
    }
  };
}

function answer(core: Core, ctx: Context, source: MetricsSource): ApiResponse {
  const { info, request, route } = ctx;
  const accepted = negotiate(request);
  const all: KubeObject[] = info === NODES ? source.nodes() : source.pods(route.namespace);
  if (route.name) {
    const object = all.find(({ metadata }) => metadata.name === route.name);
    // metrics-server names the kind here, not the resource.
    if (!object && info === PODS)
      throw notFound({ group: GROUP, resource: 'podmetrics' }, `${route.namespace}/${route.name}`);
    if (!object) throw notFound({ group: GROUP, resource: 'nodemetrics' }, route.name);
    return { code: 200, headers: {}, body: viewOf(core, info, request, accepted)?.(object) ?? object };
  }
  const text = (name: string) => String(request.query?.[name] ?? '');
  const wanted = selection(core.scheme, info, route.namespace, text('labelSelector'), text('fieldSelector'));
  const items = all.filter((object) => wanted.matches(object));
  return { code: 200, headers: {}, body: listBody(core, info, request, accepted, { items, metadata: {} as never }) };
}
