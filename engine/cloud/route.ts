// route controller: every node's Pod range gets a route in the provider's network, and the node's condition
// NetworkUnavailable says whether it has one (k8s.io/cloud-provider/controllers/route).

import { ApiError, keyOf, timestamp } from '../client/index.ts';
import type { Node } from '../api/types.ts';
import { inCidr, ipNumber } from '../linux/net/index.ts';
import type { CloudContext, CloudController } from './context.ts';
import { CloudError } from './provider.ts';

/** --route-reconciliation-period */
const PERIOD_MS = 10_000;

export const route: CloudController = {
  name: 'node-route-controller',
  enabled: (flags) => flags['allocate-node-cidrs'] !== 'false' && flags['configure-cloud-routes'] !== 'false',
  start(context) {
    const look = () => reconcile(context);
    look();
    context.every(PERIOD_MS, look);
  },
};

function reconcile(context: CloudContext) {
  const { nodes, provider, log } = context;
  const wanted = new Map<string, { node: Node; cidr: string; name: string }>();
  for (const node of nodes.list()) {
    const uid = node.metadata.uid as string;
    node.spec?.podCIDRs?.forEach((cidr, i) =>
      wanted.set(`${keyOf(node)} ${cidr}`, { node, cidr, name: i ? `${uid}-${i}` : uid }),
    );
  }
  for (const { name, cidr, machine } of [...provider.routes.values()]) {
    // A route to somewhere else is somebody else's.
    if (
      wanted.has(`${machine} ${cidr}`) ||
      !context.clusterCIDRs.some((range) => inCidr(range, ipNumber(cidr.split('/')[0])))
    )
      continue;
    log('route_controller.go:255', `Deleting route ${name} ${cidr}`);
    provider.deleteRoute(name);
  }
  const present = new Set([...provider.routes.values()].map(({ cidr, machine }) => `${machine} ${cidr}`));
  wanted.forEach(({ node, cidr, name }, key) => {
    const machine = keyOf(node);
    try {
      if (!present.has(key)) {
        log('route_controller.go:304', `Creating route for node ${machine} ${cidr} with hint ${name}, throttled 0s`);
        provider.createRoute({ name, cidr, machine });
        log('route_controller.go:324', `Created route for node ${machine} ${cidr} with hint ${name} after 0s`);
      }
      setCondition(context, node, true);
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      const text = `Could not create route ${name} ${cidr} for node ${machine} after 0s: ${error.message}`;
      const subject = { kind: 'Node', name: machine, uid: machine };
      context.recorder('route_controller').event(subject, 'Warning', 'FailedToCreateRoute', text);
      setCondition(context, node, false);
    }
  });
}

function setCondition({ client, sim }: CloudContext, node: Node, created: boolean) {
  const type = 'NetworkUnavailable';
  const status = created ? 'False' : 'True';
  if (node.status?.conditions?.find((one) => one.type === type)?.status === status) return;
  const now = timestamp(sim.now);
  const condition = {
    type,
    status,
    reason: created ? 'RouteCreated' : 'NoRouteCreated',
    message: created ? 'RouteController created a route' : 'RouteController failed to create a route',
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  };
  try {
    client
      .of<Node>('v1', 'nodes', false)
      .patch('', keyOf(node), 'strategic', { status: { conditions: [condition] } }, 'status');
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}
