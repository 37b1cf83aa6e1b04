// A routed Pod network as Calico's: calico-node on every node, which routes to the other nodes' ranges, gives nothing
// but routes to its Pods, and enforces NetworkPolicies.

import type { KubeObject, Node } from '../api/types.ts';
import type { Handle } from '../apiserver/types.ts';
import { type Client, Informer } from '../client/index.ts';
import { networkPolicies } from '../cni/network-policy.ts';
import { clock } from '../images/service.ts';
import type { Repository } from '../images/types.ts';
import { type Cidr, masquerade, match, parseCidr, type Process, Rule } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { inClusterClient } from './in-cluster.ts';

const NAME = 'calico-node';
const NAMESPACE = 'kube-system';
const VERSION = 'v3.31.3';
const RBAC = 'rbac.authorization.k8s.io';
/** Of the pools of addresses, of IPv4 and of IPv6. */
const POOLS = ['CALICO_IPV4POOL_CIDR', 'CALICO_IPV6POOL_CIDR'];

/** The program: BIRD's routes and Felix's rules, then the policies until it ends. */
function* calicoNode(process: Process, handle: Handle): Co<number> {
  const connect = (): Client | undefined => inClusterClient(process, handle, NAME);
  const client = connect();
  const { net, hostname } = process.host;
  const say = (what: string, text: string) =>
    void process.stdout.write(
      `${clock(process).plain}.${String(process.host.sim.now % 1000).padStart(3, '0')} [INFO][${process.pid}] ${what}: ${text}\n`,
    );
  if (!client) {
    process.stderr.write('Failed to create Kubernetes client: unable to load in-cluster configuration\n');
    return 1;
  }
  const node = process.env.NODENAME ?? hostname;
  say('startup/startup.go 432', `Using NODENAME environment for node name ${node}`);
  for (const name of POOLS) {
    const pool = parseCidr(process.env[name] ?? '');
    // Addresses of IPv6 are supposed to be good everywhere.
    const hidden = process.env[name.replace('CIDR', 'NAT_OUTGOING')] ?? String(!pool?.upper);
    if (pool && hidden === 'true') hideFromOutside(process, pool);
  }
  const uplink = net.link('eth0');
  const nodes = new Informer<Node>();
  const rangesOf = ({ spec }: Node): readonly string[] => spec?.podCIDRs ?? [];
  const seen = (object: Node) => {
    if (object.metadata.name === node || !uplink) return;
    const internal = (object.status?.addresses ?? []).filter(({ type }) => type === 'InternalIP');
    for (const range of rangesOf(object)) {
      const destination = parseCidr(range);
      const via = internal.find(({ address }) => address.includes(':') === range.includes(':'))?.address;
      if (destination && via) net.routes.add({ destination, via, link: uplink, protocol: 'bird' });
    }
  };
  nodes.on({
    add: seen,
    update: seen,
    delete: (object) =>
      void net.routes.remove(
        ({ destination, protocol }) => protocol === 'bird' && rangesOf(object).includes(destination.text),
      ),
  });
  nodes.start(client, 'v1', 'nodes', {});
  try {
    return yield* networkPolicies(() => client)(process);
  } finally {
    nodes.stop();
  }
}

/** natOutgoing: who is outside of the pool sees the node. */
function hideFromOutside({ host: { net } }: Process, pool: Cidr) {
  const nat = pool.upper ? net.rules().table6('nat') : net.rules().table('nat');
  const chain = nat.ensure('cali-nat-outgoing');
  chain.set([new Rule({ source: pool, destination: pool, notDestination: true, target: masquerade() })]);
  const hook = nat.ensure('POSTROUTING');
  if (!hook.rules.some(({ spec }) => spec.jump === chain))
    hook.append(new Rule({ jump: chain, matches: [match.comment('cali:O3lYWMrLQYEMJtB5')] }));
}

export const calicoImages = (handle: Handle): Repository[] => [
  {
    names: ['docker.io/calico/node', 'quay.io/calico/node'],
    tags: { [VERSION]: VERSION },
    size: 158_000_000,
    programs: { '/usr/sbin/start_runit': (process) => calicoNode(process, handle) },
    entrypoint: ['/usr/sbin/start_runit'],
    memory: 60_000_000,
    cpu: 10,
  },
];

export function calicoManifests({ clusterCIDR }: { clusterCIDR: string }): KubeObject[] {
  const labels = { 'k8s-app': NAME };
  const read = ['get', 'list', 'watch'];
  const ranges = clusterCIDR.split(',');
  const pools = ranges.map((value) => ({ name: POOLS[Number(value.includes(':'))], value }));
  if (ranges.some((range) => range.includes(':')))
    pools.push(
      { name: 'CALICO_IPV6POOL_NAT_OUTGOING', value: 'true' },
      { name: 'FELIX_IPV6SUPPORT', value: 'true' },
      { name: 'IP6', value: 'autodetect' },
    );
  if (!ranges.some((range) => range.includes('.')))
    pools.push({ name: 'CALICO_ROUTER_ID', value: 'hash' }, { name: 'IP', value: 'none' });
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: NAME, namespace: NAMESPACE } },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRole',
      metadata: { name: NAME },
      rules: [
        { apiGroups: [''], resources: ['pods', 'nodes', 'namespaces'], verbs: read },
        { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: ['watch', 'list'] },
        { apiGroups: [''], resources: ['nodes/status'], verbs: ['patch', 'update'] },
      ],
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: NAME },
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: NAME },
      subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: NAMESPACE }],
    },
    {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: NAME, namespace: NAMESPACE, labels },
      spec: {
        selector: { matchLabels: labels },
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
        template: {
          metadata: { labels },
          spec: {
            nodeSelector: { 'kubernetes.io/os': 'linux' },
            hostNetwork: true,
            tolerations: [
              { effect: 'NoSchedule', operator: 'Exists' },
              { key: 'CriticalAddonsOnly', operator: 'Exists' },
              { effect: 'NoExecute', operator: 'Exists' },
            ],
            serviceAccountName: NAME,
            terminationGracePeriodSeconds: 0,
            priorityClassName: 'system-node-critical',
            containers: [
              {
                name: NAME,
                image: `docker.io/calico/node:${VERSION}`,
                env: [
                  { name: 'DATASTORE_TYPE', value: 'kubernetes' },
                  { name: 'USE_POD_CIDR', value: 'true' },
                  { name: 'NODENAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
                  { name: 'CALICO_NETWORKING_BACKEND', value: 'bird' },
                  { name: 'CLUSTER_TYPE', value: 'k8s,bgp' },
                  { name: 'CALICO_IPV4POOL_IPIP', value: 'Never' },
                  ...pools,
                ],
                securityContext: { privileged: true },
                resources: { requests: { cpu: '250m' } },
              },
            ],
          },
        },
      },
    },
  ];
}
