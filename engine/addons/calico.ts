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
/** Of the pool of addresses. */
const POOL = 'CALICO_IPV4POOL_CIDR';

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
  const pool = parseCidr(process.env[POOL] ?? '');
  say('startup/startup.go 432', `Using NODENAME environment for node name ${node}`);
  if (pool) hideFromOutside(process, pool);
  const uplink = net.link('eth0');
  const nodes = new Informer<Node>();
  const seen = ({ metadata, spec, status }: Node) => {
    const destination = parseCidr(spec?.podCIDR ?? '');
    const via = status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
    if (metadata.name !== node && destination && via && uplink)
      net.routes.add({ destination, via, link: uplink, protocol: 'bird' });
  };
  nodes.on({
    add: seen,
    update: seen,
    delete: ({ spec }) =>
      void net.routes.remove(({ destination, protocol }) => protocol === 'bird' && destination.text === spec?.podCIDR),
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
  const nat = net.rules().table('nat');
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
                  { name: POOL, value: clusterCIDR },
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
