// cloud-node-lifecycle controller: of nodes that are not ready it asks the provider. Is the machine gone, the Node goes
// too; is it off, the Node is tainted (k8s.io/cloud-provider/controllers/nodelifecycle).

import { ApiError, isNotFound, keyOf, timestamp } from '../client/index.ts';
import type { Node } from '../api/types.ts';
import { SHUTDOWN, UNINITIALIZED, type CloudContext, type CloudController } from './context.ts';

/** --node-monitor-period */
const PERIOD_MS = 5000;
/** So long a node that the provider does not know yet is waited for. */
const NEW_MS = 60_000;

export const cloudNodeLifecycle: CloudController = {
  name: 'cloud-node-lifecycle-controller',
  start(context) {
    const look = () => {
      for (const node of context.nodes.list()) examine(context, node);
    };
    look();
    context.every(PERIOD_MS, look);
  },
};

function examine(context: CloudContext, node: Node) {
  const { sim, provider, client, recorder, log } = context;
  const name = keyOf(node);
  const taints = node.spec?.taints ?? [];
  const marked = taints.some(({ key }) => key === SHUTDOWN);
  const ready = node.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
  if (ready === 'True') {
    if (marked)
      setTaints(
        context,
        node,
        taints.filter(({ key }) => key !== SHUTDOWN),
      );
    return;
  }
  const age = sim.now - Date.parse(node.metadata.creationTimestamp as string);
  if (!node.spec?.providerID && taints.some(({ key }) => key === UNINITIALIZED) && age < NEW_MS) return;
  const state = provider.machines.get(name)?.state ?? 'terminated';
  if (state === 'stopped') {
    if (!marked)
      setTaints(context, node, [...taints, { key: SHUTDOWN, effect: 'NoSchedule', timeAdded: timestamp(sim.now) }]);
    return;
  }
  if (state !== 'terminated') return;
  const events = recorder('cloud-node-lifecycle-controller');
  const text = `Deleting node ${name} because it does not exist in the cloud provider`;
  events.event(node, 'Normal', 'DeletingNode', text);
  try {
    client.of<Node>('v1', 'nodes', false).delete('', name);
  } catch (error) {
    if (!(error instanceof ApiError) || isNotFound(error)) return;
    log('node_lifecycle_controller.go:190', `unable to delete node "${name}": ${error.message}`, 'E');
    events.event(node, 'Warning', 'DeletingNodeFailed', `Failed deleting node ${name}: ${error.message}`);
  }
}

function setTaints({ client, log }: CloudContext, node: Node, taints: NonNullable<Node['spec']>['taints'] & object) {
  const { name, resourceVersion } = node.metadata;
  try {
    client.of<Node>('v1', 'nodes', false).patch('', name as string, 'merge', {
      metadata: { resourceVersion },
      spec: { taints: taints.length ? taints : null },
    });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    log('node_lifecycle_controller.go:147', `error patching node taints: ${error.message}`, 'E');
  }
}
