// Pod networks beside flannel: the bridge plug-in by itself, a routed network as Calico makes it, and kubenet, which
// kubelets before v1.24 had built in. Each is known by what stands in /etc/cni/net.d.

import type { Pod } from '../api/types.ts';
import {
  ACCEPT,
  type Cidr,
  DEFAULT_ROUTE,
  DEFAULT_ROUTE6,
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
const calicoPlugin = (ipam: object) => ({
  type: 'calico',
  log_level: 'info',
  datastore_type: 'kubernetes',
  mtu: 0,
  ipam: { type: 'host-local', ...ipam },
  policy: { type: 'k8s' },
  kubernetes: { kubeconfig: '/etc/cni/net.d/calico-kubeconfig' },
});
const isSix = (text: string): boolean => text.includes(':');
/** The plug-in takes the ranges from the Node, of each family that it is told of. */
const calicoFor = (subnets: readonly string[]) =>
  calicoPlugin(
    subnets.some(isSix)
      ? { ranges: subnets.map((subnet) => [{ subnet: isSix(subnet) ? 'usePodCidrIPv6' : 'usePodCidr' }]) }
      : { subnet: 'usePodCidr' },
  );
const text = (name: string, plugins: object[]) =>
  `${JSON.stringify({ cniVersion: '0.3.1', name, plugins }, undefined, 2)}\n`;

const ANYWHERE = ['0.0.0.0/0', '::/0'];
const bridgePlugin = (subnets: readonly string[]) => ({
  type: 'bridge',
  bridge: 'cni0',
  isGateway: true,
  ipMasq: true,
  hairpinMode: true,
  ipam: {
    type: 'host-local',
    ranges: subnets.map((subnet) => [{ subnet }]),
    routes: subnets.map((subnet) => ({ dst: ANYWHERE[Number(isSix(subnet))] })),
  },
});

const FLAGS_FILE = '/var/lib/kubelet/kubeadm-flags.env';
const KUBENET_FLAG = '--network-plugin=kubenet';

/** The files of a node whose Pods get `nodePods` of the cluster's `podCIDR`, both of two families with a comma; by the setting `cni`. */
export function networkFiles(cni: string, nodePods: string, podCIDR: string): Record<string, string> {
  const files = pluginFiles();
  const subnets = nodePods.split(',');
  if (cni === 'bridge') files[`${CONF_DIR}/10-bridge.conflist`] = text('bridge', [bridgePlugin(subnets), PORTMAP]);
  if (cni === 'kubenet')
    files[FLAGS_FILE] = `KUBELET_KUBEADM_ARGS="${KUBENET_FLAG} --non-masquerade-cidr=${podCIDR.split(',')[0]}"\n`;
  if (cni === 'calico') {
    files[`${CONF_DIR}/10-calico.conflist`] = text('k8s-pod-network', [calicoFor(subnets), { ...PORTMAP, snat: true }]);
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
  const sets: Json[][] = ipam.ranges ?? (ipam.subnet === undefined ? [] : [[{ subnet: ipam.subnet }]]);
  const ranges: Cidr[] = [];
  for (const [{ subnet = '' } = {}, ...more] of sets) {
    const range = parseCidr(String(subnet));
    if (!range || !String(subnet).includes('/'))
      return `plugin type="bridge" failed (add): invalid CIDR address: ${String(subnet)}`;
    if (more.length || ranges.some(({ upper }) => !upper === !range.upper))
      return `plugin type="bridge": ipam: more than one range of a family: ${REFUSED}`;
    ranges.push(range);
  }
  if (!ranges.length) return 'plugin type="bridge" failed (add): no IP ranges specified';
  const routed = (range: Cidr) => (ipam.routes ?? []).some(({ dst }: Json) => dst === ANYWHERE[Number(!!range.upper)]);
  if ((main.isDefaultGateway !== true && !ranges.every(routed)) || main.isGateway === false)
    return `plugin type="bridge": a bridge that is no gateway: ${REFUSED}`;
  const subnet = ranges.map(({ text }) => text).join();
  return {
    called: called('bridge', ports, 'host-local'),
    full: `plugin type="bridge" failed (add): failed to allocate for range 0: no IP addresses available in range set: ${ends(ranges[0])}`,
    subnet,
    attach(node, pod, owner, ips) {
      attachPod(node, pod, owner, ips, subnet, { bridge: main.bridge ?? 'cni0', hairpin: !!main.hairpinMode, ports });
      if (main.ipMasq) ips.forEach((ip, i) => hideFromOutside(node, pod, owner, ip, ranges[i]));
    },
  };
}

/** The first and the last address that Pods get. */
const ends = ({ base, bits, upper }: Cidr): string => {
  const last = 2 ** ((upper ? 128 : 32) - bits) - 2;
  // Of a large range of IPv6 nobody ever sees the end.
  return `${ipText(base + 1)}-${ipText(base + Math.min(last, 0xffff_fffe))}`;
};

/** ipMasq: a chain of the Pod's own hides its packets to whatever is outside of the node's range. */
function hideFromOutside(node: NetworkNamespace, pod: NetworkNamespace, owner: Pod, ip: string, range: Cidr) {
  const nat = range.upper ? node.rules().table6('nat') : node.rules().table('nat');
  const comment = match.comment(`name: "bridge" id: "${owner.metadata.uid}"`);
  const chain = nat.ensure(`CNI-${node.network.sim.random('cni-chain').hex(24)}`);
  chain.set([
    new Rule({ destination: range, target: ACCEPT, matches: [comment] }),
    new Rule({
      destination: MULTICAST[Number(!!range.upper)],
      notDestination: true,
      target: masquerade(),
      matches: [comment],
    }),
  ]);
  const hook = nat.ensure('POSTROUTING');
  const jump = new Rule({ source: parseCidr(ip), jump: chain, matches: [comment] });
  hook.append(jump);
  pod.onClose(() => {
    hook.set(hook.rules.filter((rule) => rule !== jump));
    nat.drop(chain);
  });
}

/** Of IPv4 and of IPv6. */
const MULTICAST = [parseCidr('224.0.0.0/4'), parseCidr('ff00::/8')];
/** What Pods take for their router: the other end of their pair, which answers ARP for it; of IPv6 its link-local address. */
const ROUTER = '169.254.1.1';
const MAC = 'ee:ee:ee:ee:ee:ee';
const ROUTER6 = 'fe80::ecee:eeff:feee:eeee';
/** Variants of the configuration by what `ipam` says. */
const CALICO = [['4'], [':'], ['4', ':'], [':', '4']].map((families) => JSON.stringify(calicoFor(families)));

function readCalico(main: Json, ports: boolean): PodNetwork | string {
  const { nodename: _own, ...rest } = main;
  if (!CALICO.includes(JSON.stringify(rest)))
    return 'of the plug-in calico this engine models the configuration that it is installed with';
  return {
    called: called('calico', ports, 'host-local'),
    full: 'plugin type="calico" failed (add): failed to allocate for range 0: no IP addresses available in range set',
    attach(node, pod, owner, ips, subnet) {
      pod.name = `${owner.metadata.namespace}/${owner.metadata.name}`;
      const name = `cali${node.network.sim.random('veth').hex(11)}`;
      const [inside, outside] = vethPair(
        { namespace: pod, name: 'eth0', mac: macOf(ips[0]) },
        { namespace: node, name, mac: MAC },
      );
      for (const ip of ips) {
        const six = isSix(ip);
        pod.assign(inside, ip, six ? 128 : 32);
        if (!six) pod.routes.add({ destination: parseCidr(ROUTER) as Cidr, link: inside, protocol: 'boot' });
        const way = six ? { destination: DEFAULT_ROUTE6, via: ROUTER6 } : { destination: DEFAULT_ROUTE, via: ROUTER };
        pod.routes.add({ ...way, link: inside, protocol: 'boot' });
        node.routes.add({ destination: parseCidr(ip) as Cidr, link: outside, protocol: 'boot' });
      }
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
  attach(node, pod, owner, ips, subnet) {
    attachPod(node, pod, owner, ips, subnet, { bridge: 'cbr0', hairpin: true, ports: true });
  },
};

/** What a node has before its first Pod. `nodes`: all, with their ranges. */
export function prepare(
  cni: string,
  net: NetworkNamespace,
  clusterCIDR: string,
  nodes: () => readonly { ips: readonly string[]; subnets: string }[],
) {
  if (cni === 'kubenet') prepareKubenet(net, clusterCIDR.split(',')[0]);
  if (cni === 'kubenet' || cni === 'bridge') staticRoutes(net, nodes());
}

/** kubenet's rule for packets that leave the cluster (--non-masquerade-cidr). */
function prepareKubenet(net: NetworkNamespace, clusterCIDR: string) {
  const comment = match.comment('kubenet: SNAT for outbound traffic from cluster');
  const rules = net.rules();
  (isSix(clusterCIDR) ? rules.table6('nat') : rules.table('nat')).ensure('POSTROUTING').append(
    new Rule({
      destination: parseCidr(clusterCIDR),
      notDestination: true,
      matches: [comment, match.addrtype('dst', 'LOCAL', true)],
      target: masquerade(),
    }),
  );
}

/** The routes that somebody has to set where no program of the network does: each node's range by way of the node. */
function staticRoutes(net: NetworkNamespace, nodes: readonly { ips: readonly string[]; subnets: string }[]) {
  const link = net.link('eth0');
  if (!link) return;
  for (const { ips, subnets } of nodes) {
    if (net.owns(ips[0])) continue;
    subnets
      .split(',')
      .forEach((subnet, i) =>
        net.routes.add({ destination: parseCidr(subnet) as Cidr, via: ips[i], link, protocol: 'static' }),
      );
  }
}
