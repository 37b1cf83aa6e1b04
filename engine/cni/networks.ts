// Pod networks beside flannel: the bridge plug-in by itself, a routed network as Calico makes it, and kubenet, which
// kubelets before v1.24 had built in. Each is known by what stands in /etc/cni/net.d.

import type { Pod } from '../api/types.ts';
import {
  ACCEPT,
  type Cidr,
  DEFAULT_ROUTE,
  ipText,
  macOf,
  masquerade,
  match,
  type NetworkNamespace,
  parseCidr,
  Rule,
  vethPair,
} from '../linux/net/index.ts';
import { attachPod } from './bridge.ts';
import { BIN_DIR, CONF_DIR, pluginFiles, type PodNetwork } from './config.ts';
import { mapPorts } from './portmap.ts';

type Json = Record<string, any>;

const PORTMAP = { type: 'portmap', capabilities: { portMappings: true } };
const CALICO = {
  type: 'calico',
  log_level: 'info',
  datastore_type: 'kubernetes',
  mtu: 0,
  ipam: { type: 'host-local', subnet: 'usePodCidr' },
  policy: { type: 'k8s' },
  kubernetes: { kubeconfig: '/etc/cni/net.d/calico-kubeconfig' },
};
const text = (name: string, plugins: object[]) =>
  `${JSON.stringify({ cniVersion: '0.3.1', name, plugins }, undefined, 2)}\n`;

const bridgePlugin = (subnet: string) => ({
  type: 'bridge',
  bridge: 'cni0',
  isGateway: true,
  ipMasq: true,
  hairpinMode: true,
  ipam: { type: 'host-local', ranges: [[{ subnet }]], routes: [{ dst: '0.0.0.0/0' }] },
});

const FLAGS_FILE = '/var/lib/kubelet/kubeadm-flags.env';
const KUBENET_FLAG = '--network-plugin=kubenet';

/** The files of a node whose Pods get `subnet`, by the cluster's setting `cni`. */
export function networkFiles(cni: string, subnet: string): Record<string, string> {
  const files = pluginFiles();
  if (cni === 'bridge') files[`${CONF_DIR}/10-bridge.conflist`] = text('bridge', [bridgePlugin(subnet), PORTMAP]);
  if (cni === 'kubenet')
    files[FLAGS_FILE] = `KUBELET_KUBEADM_ARGS="${KUBENET_FLAG} --non-masquerade-cidr=10.244.0.0/16"\n`;
  if (cni === 'calico') {
    files[`${CONF_DIR}/10-calico.conflist`] = text('k8s-pod-network', [CALICO, { ...PORTMAP, snat: true }]);
    for (const name of ['calico', 'calico-ipam']) files[`${BIN_DIR}/${name}`] = '\x7fELF';
  }
  return files;
}

const REFUSED = 'the field is not modelled by this engine';

/** What a configuration's plug-ins do; a text when they cannot be had. */
export function readNetwork(plugins: readonly Json[]): PodNetwork | string {
  const [main, ...chained] = plugins;
  const other = chained.find(({ type }) => type !== 'portmap');
  if (other) return `the chained plug-in ${JSON.stringify(other.type)} is not modelled by this engine`;
  const ports = chained.length > 0;
  if (main.type === 'bridge') return readBridge(main, ports);
  if (main.type === 'calico') return readCalico(main, ports);
  return `the plug-in ${JSON.stringify(main.type)} is not modelled by this engine`;
}

const called = (main: string, ports: boolean, ...delegates: string[]): PodNetwork['called'] => [
  ['loopback', ''],
  [main, ''],
  ...delegates.map((name) => [name, `plugin type="${main}" failed (add): `] as const),
  ...(ports ? [['portmap', ''] as const] : []),
];

function readBridge(main: Json, ports: boolean): PodNetwork | string {
  const known = ['type', 'bridge', 'isGateway', 'isDefaultGateway', 'ipMasq', 'hairpinMode', 'ipam'];
  const strange = Object.keys(main).find((name) => !known.includes(name));
  if (strange) return `plugin type="bridge": ${strange}: ${REFUSED}`;
  const { ipam = {} } = main;
  if (ipam.type !== 'host-local') return `plugin type="bridge": ipam ${JSON.stringify(ipam.type ?? '')}: ${REFUSED}`;
  const subnet: unknown = ipam.subnet ?? ipam.ranges?.[0]?.[0]?.subnet;
  const range = typeof subnet === 'string' ? parseCidr(subnet) : undefined;
  if (!range) return `plugin type="bridge" failed (add): invalid CIDR address: ${String(subnet ?? '')}`;
  const gateway = main.isDefaultGateway === true || (ipam.routes ?? []).some(({ dst }: Json) => dst === '0.0.0.0/0');
  if (!gateway || main.isGateway === false) return `plugin type="bridge": a bridge that is no gateway: ${REFUSED}`;
  return {
    called: called('bridge', ports, 'host-local'),
    full: `plugin type="bridge" failed (add): failed to allocate for range 0: no IP addresses available in range set: ${ends(range)}`,
    subnet: range.text,
    attach(node, pod, owner) {
      attachPod(node, pod, owner, range.text, { bridge: main.bridge ?? 'cni0', hairpin: !!main.hairpinMode, ports });
      if (main.ipMasq) hideFromOutside(node, pod, owner, range);
    },
  };
}

/** The first and the last address that Pods get. */
const ends = ({ base, mask }: Cidr): string => `${ipText(base + 1)}-${ipText(((base | ~mask) >>> 0) - 1)}`;

/** ipMasq: a chain of the Pod's own hides its packets to whatever is outside of the node's range. */
function hideFromOutside(node: NetworkNamespace, pod: NetworkNamespace, owner: Pod, range: Cidr) {
  const nat = node.rules().table('nat');
  const [ip] = pod.addresses;
  const comment = match.comment(`name: "bridge" id: "${owner.metadata.uid}"`);
  const chain = nat.ensure(`CNI-${node.network.sim.random('cni-chain').hex(24)}`);
  chain.set([
    new Rule({ destination: range, target: ACCEPT, matches: [comment] }),
    new Rule({ destination: MULTICAST, notDestination: true, target: masquerade(), matches: [comment] }),
  ]);
  const hook = nat.ensure('POSTROUTING');
  const jump = new Rule({ source: parseCidr(ip), jump: chain, matches: [comment] });
  hook.append(jump);
  pod.onClose(() => {
    hook.set(hook.rules.filter((rule) => rule !== jump));
    nat.drop(chain);
  });
}

const MULTICAST = parseCidr('224.0.0.0/4');
/** What Pods take for their router: the other end of their pair answers ARP for it. */
const ROUTER = '169.254.1.1';
const MAC = 'ee:ee:ee:ee:ee:ee';

function readCalico(main: Json, ports: boolean): PodNetwork | string {
  const { nodename: _own, ...rest } = main;
  if (JSON.stringify(rest) !== JSON.stringify(CALICO))
    return 'of the plug-in calico this engine models the configuration that it is installed with';
  return {
    called: called('calico', ports, 'host-local'),
    full: 'plugin type="calico" failed (add): failed to allocate for range 0: no IP addresses available in range set',
    attach(node, pod, owner, subnet) {
      const [ip] = pod.addresses;
      pod.name = `${owner.metadata.namespace}/${owner.metadata.name}`;
      pod.unplug();
      const name = `cali${node.network.sim.random('veth').hex(11)}`;
      const [inside, outside] = vethPair(
        { namespace: pod, name: 'eth0', mac: macOf(ip) },
        { namespace: node, name, mac: MAC },
      );
      pod.assign(inside, ip, 32);
      pod.routes.add({ destination: parseCidr(ROUTER) as Cidr, link: inside, protocol: 'boot' });
      pod.routes.add({ destination: DEFAULT_ROUTE, via: ROUTER, link: inside, protocol: 'boot' });
      node.routes.add({ destination: parseCidr(ip) as Cidr, link: outside, protocol: 'boot' });
      if (ports) mapPorts(node, pod, owner, subnet);
    },
  };
}

/** kubenet: the kubelet itself wires Pods up, with the plug-ins in /opt/cni/bin and no configuration. */
export const kubenet: PodNetwork = {
  chosen: (fs) => fs.exists(FLAGS_FILE) && fs.readFile(FLAGS_FILE).includes(KUBENET_FLAG),
  called: ['loopback', 'bridge', 'host-local'].map((name) => [name, ''] as const),
  unready:
    'runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:docker: network plugin is not ready: Kubenet does not have netConfig. This is most likely due to lack of PodCIDR',
  full: 'kubenet: failed to allocate for range 0: no IP addresses available in range set',
  attach(node, pod, owner, subnet) {
    attachPod(node, pod, owner, subnet, { bridge: 'cbr0', hairpin: true, ports: true });
  },
};

/** What a node has before its first Pod. `nodes`: all, with their ranges. */
export function prepare(
  cni: string,
  net: NetworkNamespace,
  clusterCIDR: string,
  nodes: () => readonly { ip: string; subnet: string }[],
) {
  if (cni === 'kubenet') prepareKubenet(net, clusterCIDR);
  if (cni === 'kubenet' || cni === 'bridge') staticRoutes(net, nodes());
}

/** kubenet's rule for packets that leave the cluster (--non-masquerade-cidr). */
function prepareKubenet(net: NetworkNamespace, clusterCIDR: string) {
  const comment = match.comment('kubenet: SNAT for outbound traffic from cluster');
  net
    .rules()
    .table('nat')
    .ensure('POSTROUTING')
    .append(
      new Rule({
        destination: parseCidr(clusterCIDR),
        notDestination: true,
        matches: [comment, match.addrtype('dst', 'LOCAL', true)],
        target: masquerade(),
      }),
    );
}

/** The routes that somebody has to set where no program of the network does: each node's range by way of the node. */
function staticRoutes(net: NetworkNamespace, nodes: readonly { ip: string; subnet: string }[]) {
  const link = net.link('eth0');
  if (!link) return;
  for (const { ip, subnet } of nodes) {
    if (!net.owns(ip)) net.routes.add({ destination: parseCidr(subnet) as Cidr, via: ip, link, protocol: 'static' });
  }
}
