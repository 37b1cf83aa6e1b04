// flanneld with the backend host-gw: a route to every other node's range by way of that node, and the rules that let
// Pods' packets pass and hide them from the world outside. The backend alloc leaves the routes to somebody else.

import type { Node } from '../api/types.ts';
import { type Client, Informer } from '../client/index.ts';
import { clock, untilSignal } from '../images/service.ts';
import {
  ACCEPT,
  type Cidr,
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
import { type Co, Signal } from '../sim/index.ts';

/** How long it waits for the node's range. */
const LEASE_MS = 5_000;
const CONFIG = '/etc/kube-flannel/net-conf.json';
const SUBNET_FILE = '/run/flannel/subnet.env';
const MULTICAST = parseCidr('224.0.0.0/4');
const MULTICAST6 = parseCidr('ff00::/8');

interface FlannelNetwork {
  Network?: string;
  EnableIPv6?: boolean;
  IPv6Network?: string;
  Backend?: { Type?: string };
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
    let network: Cidr | undefined;
    let network6: Cidr | undefined;
    let backend = '';
    try {
      const parsed = JSON.parse(conf) as FlannelNetwork;
      network = parseCidr(parsed.Network ?? '');
      if (parsed.EnableIPv6) network6 = parseCidr(parsed.IPv6Network ?? '');
      backend = parsed.Backend?.Type ?? 'udp';
    } catch {
      network = undefined;
    }
    if (!network) {
      log(
        'main.go:232',
        `Failed to create SubnetManager: error parsing subnet config: ${conf ? 'invalid character' : `open ${CONFIG}: no such file or directory`}`,
        'E',
      );
      return 1;
    }
    if (backend !== 'host-gw' && backend !== 'alloc') {
      log('main.go:362', `Error fetching backend: the backend ${backend} is not modelled by this engine`, 'E');
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
    const nodes = new Informer<Node>();
    const mine = new Signal();
    let subnet: Cidr | undefined;
    let subnet6: Cidr | undefined;
    const seen = (object: Node) => {
      const range = parseCidr(object.spec?.podCIDR ?? '');
      if (object.metadata.name === node) {
        if (range && !subnet) {
          subnet6 = parseCidr(object.spec?.podCIDRs?.[1] ?? '');
          subnet = range;
          mine.fire();
        }
        return;
      }
      const [via, via6] = (object.status?.addresses ?? [])
        .filter(({ type }) => type === 'InternalIP')
        .map(({ address }) => address);
      if (!range || !via || !uplink || backend === 'alloc') return;
      net.routes.add({ destination: range, via, link: uplink, protocol: 'boot' });
      const range6 = network6 && parseCidr(object.spec?.podCIDRs?.[1] ?? '');
      if (range6 && via6) net.routes.add({ destination: range6, via: via6, link: uplink, protocol: 'boot' });
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
      if (!subnet) yield { signals: [mine], timeout: LEASE_MS };
      if (!subnet) {
        log(
          'main.go:359',
          `Error registering network: failed to acquire lease: node "${node}" pod cidr not assigned`,
          'E',
        );
        return 1;
      }
      log('main.go:518', `Found network config - Backend type: ${backend}`);
      const rules = net.rules();
      setUpRules((name) => rules.table(name), network, subnet, MULTICAST);
      if (network6 && subnet6) setUpRules((name) => rules.table6(name), network6, subnet6, MULTICAST6);
      const first = subnet.text.replace(/\.0\/(\d+)$/, '.1/$1');
      fs.mkdir('/run/flannel', { recursive: true });
      fs.writeFile(
        SUBNET_FILE,
        `FLANNEL_NETWORK=${network.text}\nFLANNEL_SUBNET=${first}\nFLANNEL_MTU=1500\nFLANNEL_IPMASQ=true\n`,
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
