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
}

interface Metrics {
  metadata: { name: string; namespace?: string };
  usage?: Record<string, string>;
  containers?: { name: string; usage: Record<string, string> }[];
}

const amountOf = (usage: Record<string, string>): Amount => ({
  cpu: Math.ceil(quantityMilli(usage.cpu ?? '0')),
  memory: quantityValue(usage.memory ?? '0'),
});
const total = ({ usage, containers = [] }: Metrics): Amount =>
  usage
    ? amountOf(usage)
    : containers
        .map((one) => amountOf(one.usage))
        .reduce((a, b) => ({ cpu: a.cpu + b.cpu, memory: a.memory + b.memory }), { cpu: 0, memory: 0 });

/** Each cell is followed by a tab, the last one too. */
const rowOf = (table: TableWriter) => (cells: string[]) => table.row([...cells, '']);

const cells = ({ cpu, memory }: Amount): string[] => [`${cpu}m`, `${Math.floor(memory / 1048576)}Mi`];

/** One object by name, or the list. */
function* ask(kubectl: Kubectl, args: Args, path: string): Co<Metrics[]> {
  const [name] = args.args;
  const query: Record<string, string> = {};
  if (args.string('selector')) query.labelSelector = args.string('selector');
  if (args.has('field-selector') && args.string('field-selector')) query.fieldSelector = args.string('field-selector');
  const { body } = yield* kubectl.send({ method: 'GET', path: name ? `${path}/${name}` : path, query });
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
  const available = new Map<string, Record<string, string>>();
  for (const node of (listed.body as unknown as { items: Node[] }).items)
    available.set(node.metadata.name as string, node.status?.[share] ?? {});
  sort(metrics, args.string('sort-by'));
  const table = new TableWriter();
  const row = rowOf(table);
  if (!args.bool('no-headers')) row(['NAME', 'CPU(cores)', 'CPU(%)', 'MEMORY(bytes)', 'MEMORY(%)']);
  const percent = (used: number, of: number) => (of > 0 ? `${Math.floor((used * 100) / of)}%` : '<unknown>');
  for (const one of metrics) {
    const amount = total(one);
    const { cpu = '0', memory = '0' } = available.get(one.metadata.name) ?? {};
    const [cores, bytes] = cells(amount);
    available.delete(one.metadata.name);
    row([
      one.metadata.name,
      cores,
      percent(amount.cpu, quantityMilli(cpu)),
      bytes,
      percent(amount.memory, quantityValue(memory)),
    ]);
  }
  const unknown = Array<string>(4).fill('<unknown>');
  if (!args.args.length) for (const name of [...available.keys()].sort()) row([name, ...unknown]);
  kubectl.out(table.flush());
}

export function* topPods(kubectl: Kubectl, args: Args): Co<void> {
  const everywhere = args.bool('all-namespaces') && !args.args.length;
  const path = everywhere ? `${API}/pods` : `${API}/namespaces/${kubectl.namespace}/pods`;
  const metrics = yield* ask(kubectl, args, path);
  if (metrics.length === 0) {
    const pods = everywhere ? '/api/v1/pods' : `/api/v1/namespaces/${kubectl.namespace}/pods`;
    const { body } = yield* kubectl.send({ method: 'GET', path: pods });
    if ((body as unknown as { items: unknown[] }).items.length > 0) throw new CommandError('metrics not available yet');
    kubectl.warn(everywhere ? 'No resources found' : `No resources found in ${kubectl.namespace} namespace.`);
    return;
  }
  sort(metrics, args.string('sort-by'));
  const byContainer = args.bool('containers');
  const namespaced = args.bool('all-namespaces');
  const lead = (one: Metrics) => (namespaced ? [one.metadata.namespace ?? ''] : []);
  const table = new TableWriter();
  const row = rowOf(table);
  if (!args.bool('no-headers')) {
    const names = byContainer ? ['POD', 'NAME'] : ['NAME'];
    row([...(namespaced ? ['NAMESPACE'] : []), ...names, 'CPU(cores)', 'MEMORY(bytes)']);
  }
  const sum: Amount = { cpu: 0, memory: 0 };
  for (const one of metrics) {
    const amount = total(one);
    sum.cpu += amount.cpu;
    sum.memory += amount.memory;
    if (!byContainer) row([...lead(one), one.metadata.name, ...cells(amount)]);
    else
      for (const { name, usage } of one.containers ?? [])
        row([...lead(one), one.metadata.name, name, ...cells(amountOf(usage))]);
  }
  if (args.bool('sum')) {
    const blank = Array<string>((namespaced ? 1 : 0) + (byContainer ? 2 : 1)).fill('');
    row([...blank, '________', '________']);
    row([...blank, ...cells(sum)]);
  }
  kubectl.out(table.flush());
}
