// flanneld with the backend host-gw: a route to every other node's range by way of that node (or with vxlan.ts), and the rules that let
// Pods' packets pass and hide them from the world outside. The backend alloc leaves the routes to somebody else.

import type { Node } from '../api/types.ts';
import { type Client, Informer } from '../client/index.ts';
import { clock, untilSignal } from '../images/service.ts';
import {
  ACCEPT,
  type Cidr,
  ipText,
  masquerade,
  match,
  parseCidr,
  type Process,
  type Program,
  RETURN,
  Rule,
  type RuleSpec,
  type Table,
} from '../linux/index.ts';
import { part } from '../parts/index.ts';
import { type Co, Signal } from '../sim/index.ts';
import type { VxlanConfig } from './vxlan.ts';

/** How long it waits for the node's range. */
const LEASE_MS = 5_000;
const CONFIG = '/etc/kube-flannel/net-conf.json';
const SUBNET_FILE = '/run/flannel/subnet.env';
/** Of IPv4 and of IPv6. */
const MULTICAST = [parseCidr('224.0.0.0/4'), parseCidr('ff00::/8')];

interface FlannelNetwork {
  Network?: string;
  EnableIPv4?: boolean;
  EnableIPv6?: boolean;
  IPv6Network?: string;
  Backend?: VxlanConfig;
}

/** What of a backend is not modelled. */
function refusal(backend: string, config: VxlanConfig, six: boolean): string | undefined {
  if (backend === 'host-gw' || backend === 'alloc') return undefined;
  if (backend !== 'vxlan') return `the backend ${backend} is not modelled by this engine`;
  return six ? 'the backend vxlan with IPv6 is not modelled by this engine' : part('networks').vxlanProblem(config);
}

export function flanneld(connect: (process: Process) => Client | undefined): Program {
  return function* (process): Co<number> {
    const { fs, net, hostname } = process.host;
    const log = (where: string, text: string, level = 'I') => {
      const time = clock(process).klog.slice(1);
      process.stderr.write(`${level}${time} ${String(process.pid).padStart(7)} ${where}] ${text}\n`);
    };
    yield 20;
    const conf = fs.exists(CONFIG) ? fs.readFile(CONFIG) : '';
    /** Of IPv4 and of IPv6, as far as they are enabled. */
    let networks: (Cidr | undefined)[] = [];
    let backend = '';
    let backendConfig: VxlanConfig = {};
    try {
      const parsed = JSON.parse(conf) as FlannelNetwork;
      networks = [
        parsed.EnableIPv4 === false ? undefined : parseCidr(parsed.Network ?? ''),
        parsed.EnableIPv6 ? parseCidr(parsed.IPv6Network ?? '') : undefined,
      ];
      backendConfig = parsed.Backend ?? {};
      backend = backendConfig.Type ?? 'udp';
    } catch {
      networks = [];
    }
    if (!networks.some(Boolean)) {
      log(
        'main.go:232',
        `Failed to create SubnetManager: error parsing subnet config: ${conf ? 'invalid character' : `open ${CONFIG}: no such file or directory`}`,
        'E',
      );
      return 1;
    }
    const refused = refusal(backend, backendConfig, networks[1] !== undefined);
    if (refused) {
      log('main.go:362', `Error fetching backend: ${refused}`, 'E');
      return 1;
    }
    const client = connect(process);
    if (!client) {
      log(
        'main.go:232',
        'Failed to create SubnetManager: fail to create kubernetes config: unable to load in-cluster configuration',
        'E',
      );
      return 1;
    }
    const node = process.env.NODE_NAME ?? hostname;
    const uplink = net.links.find(({ kind }) => kind === 'device');
    log('match.go:211', `Determining IP address of default interface`);
    log('match.go:264', `Using interface with name ${uplink?.name} and address ${uplink?.address}`);
    const tunnel =
      backend === 'vxlan' && uplink ? new (part('networks').VxlanBackend)(net, uplink, backendConfig) : undefined;
    const nodes = new Informer<Node>();
    const mine = new Signal();
    let subnets: (Cidr | undefined)[] | undefined;
    /** One of each family that flannel serves. */
    const ofFamilies = <T>(all: readonly T[], text: (one: T) => string): (T | undefined)[] =>
      networks.map((network, i) => network && all.find((one) => text(one).includes(':') === (i === 1)));
    const rangesOf = ({ spec }: Node) =>
      ofFamilies(spec?.podCIDRs ?? (spec?.podCIDR ? [spec.podCIDR] : []), (range) => range).map((range) =>
        parseCidr(range ?? ''),
      );
    const seen = (object: Node) => {
      const ranges = rangesOf(object);
      if (object.metadata.name === node) {
        // Both or neither: without the range of a family that is enabled there is no lease.
        if (!subnets && networks.every((network, i) => !network || ranges[i])) {
          subnets = ranges;
          mine.fire();
        }
        return;
      }
      if (!uplink || backend === 'alloc') return;
      const internal = (object.status?.addresses ?? []).filter(({ type }) => type === 'InternalIP');
      ofFamilies(internal, ({ address }) => address).forEach((via, i) => {
        const destination = ranges[i];
        if (!destination || !via) return;
        if (tunnel) tunnel.add(destination, via.address);
        else net.routes.add({ destination, via: via.address, link: uplink, protocol: 'boot' });
      });
    };
    nodes.on({
      add: seen,
      update: seen,
      delete(object) {
        if (backend === 'alloc') return;
        const ranges = object.spec?.podCIDRs ?? [];
        net.routes.remove(({ destination, via }) => via !== undefined && ranges.includes(destination.text));
      },
    });
    nodes.start(client, 'v1', 'nodes', {});
    try {
      if (!subnets) yield { signals: [mine], timeout: LEASE_MS };
      if (!subnets) {
        log(
          'main.go:359',
          `Error registering network: failed to acquire lease: node "${node}" pod cidr not assigned`,
          'E',
        );
        return 1;
      }
      log('main.go:518', `Found network config - Backend type: ${backend}`);
      const rules = net.rules();
      let lease = '';
      for (let i = 0; i < networks.length; i++) {
        const network = networks[i];
        const subnet = subnets[i];
        if (!network || !subnet) continue;
        tunnel?.own(subnet);
        setUpRules((name) => (i === 1 ? rules.table6(name) : rules.table(name)), network, subnet, MULTICAST[i]);
        const first = `${ipText(subnet.base + 1)}/${subnet.bits}`;
        const family = i === 1 ? 'IPV6_' : '';
        lease += `FLANNEL_${family}NETWORK=${network.text}\nFLANNEL_${family}SUBNET=${first}\n`;
      }
      fs.mkdir('/run/flannel', { recursive: true });
      fs.writeFile(
        SUBNET_FILE,
        `${lease}FLANNEL_MTU=${tunnel?.link.mtu ?? uplink?.mtu ?? 1500}\nFLANNEL_IPMASQ=true\n`,
      );
      log('main.go:445', `Wrote subnet file to ${SUBNET_FILE}`);
      log('main.go:449', 'Running backend.');
      yield* untilSignal(process, ['TERM', 'INT']);
    } finally {
      nodes.stop();
    }
    log('main.go:468', 'shutdownHandler sent cancel signal...');
    return 0;
  };
}

function setUpRules(
  table: (name: 'nat' | 'filter') => Table,
  network: Cidr,
  subnet: Cidr,
  multicast: Cidr | undefined,
) {
  const nat = table('nat');
  const filter = table('filter');
  const masq = match.comment('flanneld masq');
  const forward = match.comment('flanneld forward');
  const line = (spec: RuleSpec) => new Rule({ ...spec, matches: [masq] });
  const out = { source: network, notSource: true };
  const hide = masquerade(true);
  nat
    .ensure('FLANNEL-POSTRTG')
    .set([
      new Rule({ target: RETURN, matches: [match.mark(0x4000, 0x4000), masq] }),
      line({ source: subnet, destination: network, target: RETURN }),
      line({ source: network, destination: subnet, target: RETURN }),
      line({ ...out, destination: subnet, target: RETURN }),
      line({ source: network, destination: multicast, notDestination: true, target: hide }),
      line({ ...out, destination: network, target: hide }),
    ]);
  filter
    .ensure('FLANNEL-FWD')
    .set([
      new Rule({ source: network, target: ACCEPT, matches: [forward] }),
      new Rule({ destination: network, target: ACCEPT, matches: [forward] }),
    ]);
  const jumps = [
    [nat, 'POSTROUTING', 'FLANNEL-POSTRTG', masq],
    [filter, 'FORWARD', 'FLANNEL-FWD', forward],
  ] as const;
  for (const [own, hook, name, comment] of jumps) {
    const chain = own.ensure(name);
    const from = own.ensure(hook);
    if (!from.rules.some(({ spec }) => spec.jump === chain)) from.append(new Rule({ jump: chain, matches: [comment] }));
  }
}
