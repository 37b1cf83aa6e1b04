// cloud-node controller: what the provider knows of a new node's machine goes into its Node, then its taint goes
// (k8s.io/cloud-provider/controllers/node).

import { isConflict, isNotFound, keyOf } from '../client/index.ts';
import type { Node, NodeAddress } from '../api/types.ts';
import { UNINITIALIZED, type CloudContext, type CloudController } from './context.ts';
import { REGION, type Machine } from './provider.ts';

/** --node-status-update-frequency */
const UPDATE_MS = 300_000;

export const cloudNode: CloudController = {
  name: 'cloud-node-controller',
  start(context) {
    const { nodes } = context;
    const queue = context.queue(
      (name) => initialize(context, name),
      (name, error) =>
        context.log('node_controller.go:285', `error syncing '${name}': ${(error as Error).message}, requeuing`, 'E'),
    );
    const seen = (node: Node) => {
      if (isNew(node)) queue.add(keyOf(node));
    };
    nodes.on({ add: seen, update: seen });
    context.every(UPDATE_MS, () => {
      for (const node of nodes.list()) if (!isNew(node)) writeAddresses(context, node);
    });
  },
};

const isNew = ({ spec }: Node): boolean => spec?.taints?.some(({ key }) => key === UNINITIALIZED) === true;

function initialize(context: CloudContext, name: string) {
  const { nodes, provider, client, log } = context;
  const node = nodes.byKey(name);
  if (!node || !isNew(node)) return;
  log('node_controller.go:429', `Initializing node ${name} with cloud provider`);
  const machine = provider.machines.get(name);
  if (!machine || machine.state === 'terminated')
    throw new Error(`failed to get instance metadata for node ${name}: instance not found`);
  const { zone, type } = machine;
  const labels = {
    ...node.metadata.labels,
    'beta.kubernetes.io/instance-type': type,
    'node.kubernetes.io/instance-type': type,
    'failure-domain.beta.kubernetes.io/zone': zone,
    'topology.kubernetes.io/zone': zone,
    'failure-domain.beta.kubernetes.io/region': REGION,
    'topology.kubernetes.io/region': REGION,
  };
  const taints = node.spec?.taints?.filter(({ key }) => key !== UNINITIALIZED);
  const { taints: _old, ...spec } = node.spec ?? {};
  const written = client.of<Node>('v1', 'nodes', false).update('', name, {
    ...node,
    metadata: { ...node.metadata, labels },
    spec: {
      ...spec,
      providerID: spec.providerID ?? provider.providerID(machine),
      ...(taints?.length ? { taints } : undefined),
    },
  });
  writeAddresses(context, written);
  log('node_controller.go:502', `Successfully initialized node ${name} with cloud provider`);
  context.recorder('cloud-node-controller').event(node, 'Normal', 'Synced', 'Node synced successfully');
}

const addressesOf = ({ ips, publicIP, name, zone }: Machine): NodeAddress[] => [
  ...ips.map((address) => ({ type: 'InternalIP', address })),
  ...(publicIP ? [{ type: 'ExternalIP', address: publicIP }] : []),
  { type: 'InternalDNS', address: `${name}.${zone}.internal` },
  { type: 'Hostname', address: name },
];

function writeAddresses({ provider, client }: CloudContext, node: Node) {
  const name = keyOf(node);
  const machine = provider.machines.get(name);
  if (!machine || machine.state === 'terminated') return;
  const addresses = addressesOf(machine);
  if (JSON.stringify(addresses) === JSON.stringify(node.status?.addresses)) return;
  // Two of one type would be merged into one.
  const written = machine.ips.length > 1 ? [{ $patch: 'replace' }, ...addresses] : addresses;
  try {
    const status = { addresses: written };
    client.of<Node>('v1', 'nodes', false).patch('', name, 'strategic', { status }, 'status');
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}
