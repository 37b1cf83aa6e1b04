// What kubectl top prints: the use of CPU and memory that metrics.k8s.io tells, of nodes against what they have.

import { quantityMilli, quantityValue } from '../../api/quantity.ts';
import type { Node } from '../../api/types.ts';
import type { Co } from '../../sim/index.ts';
import { CommandError } from '../errors.ts';
import type { Args } from '../flags.ts';
import type { Kubectl } from '../kubectl.ts';
import { TableWriter } from '../output/table.ts';

const API = '/apis/metrics.k8s.io/v1beta1';

interface Amount {
  /** Millicores and bytes. */
  cpu: number;
  memory: number;
  swap: number;
}

interface Metrics {
  metadata: { name: string; namespace?: string };
  usage?: Record<string, string>;
  containers?: { name: string; usage: Record<string, string> }[];
}

const amountOf = (usage: Record<string, string>): Amount => ({
  cpu: Math.ceil(quantityMilli(usage.cpu ?? '0')),
  memory: quantityValue(usage.memory ?? '0'),
  swap: quantityValue(usage.swap ?? '0'),
});
const NONE: Amount = { cpu: 0, memory: 0, swap: 0 };
const plus = (a: Amount, b: Amount): Amount => ({
  cpu: a.cpu + b.cpu,
  memory: a.memory + b.memory,
  swap: a.swap + b.swap,
});
const total = ({ usage, containers = [] }: Metrics): Amount =>
  usage ? amountOf(usage) : containers.map((one) => amountOf(one.usage)).reduce(plus, NONE);

/** Each cell is followed by a tab, the last one too. */
const rowOf = (table: TableWriter) => (cells: string[]) => table.row([...cells, '']);

const mebibytes = (bytes: number) => `${Math.floor(bytes / 1048576)}Mi`;
const cells = ({ cpu, memory, swap }: Amount, withSwap: boolean): string[] => [
  `${cpu}m`,
  mebibytes(memory),
  ...(withSwap ? [mebibytes(swap)] : []),
];

function queryOf(args: Args): Record<string, string> {
  const query: Record<string, string> = {};
  if (args.string('selector')) query.labelSelector = args.string('selector');
  if (args.has('field-selector') && args.string('field-selector')) query.fieldSelector = args.string('field-selector');
  return query;
}

/** One object by name, or the list. */
function* ask(kubectl: Kubectl, args: Args, path: string): Co<Metrics[]> {
  const [name] = args.args;
  const { body } = yield* kubectl.send({ method: 'GET', path: name ? `${path}/${name}` : path, query: queryOf(args) });
  return name ? [body as unknown as Metrics] : (body as unknown as { items: Metrics[] }).items;
}

function sort(list: Metrics[], by: string) {
  const key = ({ metadata }: Metrics) => `${metadata.namespace ?? ''}/${metadata.name}`;
  list.sort((a, b) => {
    if (by === 'cpu') return total(b).cpu - total(a).cpu;
    if (by === 'memory') return total(b).memory - total(a).memory;
    return key(a) < key(b) ? -1 : 1;
  });
}

export function* topNodes(kubectl: Kubectl, args: Args): Co<void> {
  const metrics = yield* ask(kubectl, args, `${API}/nodes`);
  if (metrics.length === 0) throw new CommandError('metrics not available yet');
  const selector: Record<string, string> = args.string('selector') ? { labelSelector: args.string('selector') } : {};
  const listed = yield* kubectl.send({ method: 'GET', path: '/api/v1/nodes', query: selector });
  const share = args.bool('show-capacity') ? 'capacity' : 'allocatable';
  const withSwap = args.bool('show-swap');
  const available = new Map<string, Record<string, string>>();
  for (const { metadata, status } of (listed.body as unknown as { items: Node[] }).items) {
    const swap = String(status?.nodeInfo?.swap?.capacity ?? 0);
    available.set(metadata.name as string, { ...status?.[share], swap });
  }
  sort(metrics, args.string('sort-by'));
  const table = new TableWriter();
  const row = rowOf(table);
  if (!args.bool('no-headers'))
    row([
      ...['NAME', 'CPU(cores)', 'CPU(%)', 'MEMORY(bytes)', 'MEMORY(%)'],
      ...(withSwap ? ['SWAP(bytes)', 'SWAP(%)'] : []),
    ]);
  const percent = (used: number, of: number) => (of > 0 ? `${Math.floor((used * 100) / of)}%` : '<unknown>');
  for (const one of metrics) {
    const amount = total(one);
    const { cpu = '0', memory = '0', swap = '0' } = available.get(one.metadata.name) ?? {};
    const [cores, bytes, swapped] = cells(amount, withSwap);
    available.delete(one.metadata.name);
    row([
      one.metadata.name,
      cores,
      percent(amount.cpu, quantityMilli(cpu)),
      bytes,
      percent(amount.memory, quantityValue(memory)),
      // A machine without swap uses none of it.
      ...(withSwap ? [swapped, swap === '0' ? '0%' : percent(amount.swap, quantityValue(swap))] : []),
    ]);
  }
  const unknown = Array<string>(withSwap ? 6 : 4).fill('<unknown>');
  if (!args.args.length) for (const name of [...available.keys()].sort()) row([name, ...unknown]);
  kubectl.out(table.flush());
}

export function* topPods(kubectl: Kubectl, args: Args): Co<void> {
  const everywhere = args.bool('all-namespaces') && !args.args.length;
  const path = everywhere ? `${API}/pods` : `${API}/namespaces/${kubectl.namespace}/pods`;
  const metrics = yield* ask(kubectl, args, path);
  if (metrics.length === 0) {
    const pods = everywhere ? '/api/v1/pods' : `/api/v1/namespaces/${kubectl.namespace}/pods`;
    const { body } = yield* kubectl.send({ method: 'GET', path: pods, query: queryOf(args) });
    if ((body as unknown as { items: unknown[] }).items.length > 0) throw new CommandError('metrics not available yet');
    kubectl.warn(everywhere ? 'No resources found' : `No resources found in ${kubectl.namespace} namespace.`);
    return;
  }
  sort(metrics, args.string('sort-by'));
  const withSwap = args.bool('show-swap');
  const byContainer = args.bool('containers');
  const namespaced = args.bool('all-namespaces');
  const lead = (one: Metrics) => (namespaced ? [one.metadata.namespace ?? ''] : []);
  const table = new TableWriter();
  const row = rowOf(table);
  if (!args.bool('no-headers')) {
    const names = byContainer ? ['POD', 'NAME'] : ['NAME'];
    row([
      ...(namespaced ? ['NAMESPACE'] : []),
      ...names,
      'CPU(cores)',
      'MEMORY(bytes)',
      ...(withSwap ? ['SWAP(bytes)'] : []),
    ]);
  }
  let sum = NONE;
  for (const one of metrics) {
    const amount = total(one);
    sum = plus(sum, amount);
    if (!byContainer) row([...lead(one), one.metadata.name, ...cells(amount, withSwap)]);
    else
      for (const { name, usage } of one.containers ?? [])
        row([...lead(one), one.metadata.name, name, ...cells(amountOf(usage), withSwap)]);
  }
  if (args.bool('sum')) {
    const blank = Array<string>((namespaced ? 1 : 0) + (byContainer ? 2 : 1)).fill('');
    row([...blank, ...Array<string>(withSwap ? 3 : 2).fill('________')]);
    row([...blank, ...cells(sum, withSwap)]);
  }
  kubectl.out(table.flush());
}
