// flanneld with the backend host-gw: a route to every other node's range by way of that node, and the rules that let
// Pods' packets pass and hide them from the world outside.

import type { Node } from '../api/types.ts';
import { type Client, Informer } from '../client/index.ts';
import { clock, untilSignal } from '../images/service.ts';
import {
  ACCEPT,
  type Cidr,
  masquerade,
  match,
  type NetworkNamespace,
  parseCidr,
  type Process,
  type Program,
  RETURN,
  Rule,
  type RuleSpec,
} from '../linux/index.ts';
import { type Co, Signal } from '../sim/index.ts';

/** How long it waits for the node's range. */
const LEASE_MS = 5_000;
const CONFIG = '/etc/kube-flannel/net-conf.json';
const SUBNET_FILE = '/run/flannel/subnet.env';
const MULTICAST = parseCidr('224.0.0.0/4');

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
    let backend = '';
    try {
      const parsed = JSON.parse(conf) as { Network?: string; Backend?: { Type?: string } };
      network = parseCidr(parsed.Network ?? '');
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
    if (backend !== 'host-gw') {
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
    const seen = (object: Node) => {
      const range = parseCidr(object.spec?.podCIDR ?? '');
      if (object.metadata.name === node) {
        if (range && !subnet) {
          subnet = range;
          mine.fire();
        }
        return;
      }
      const via = object.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
      if (!range || !via || !uplink) return;
      net.routes.add({ destination: range, via, link: uplink, protocol: 'boot' });
    };
    nodes.on({
      add: seen,
      update: seen,
      delete: (object) => {
        const range = object.spec?.podCIDR;
        net.routes.remove(({ destination, via }) => via !== undefined && destination.text === range);
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
      log('main.go:518', `Found network config - Backend type: host-gw`);
      setUpRules(net, network, subnet);
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

function setUpRules(net: NetworkNamespace, network: Cidr, subnet: Cidr) {
  const nat = net.rules().table('nat');
  const filter = net.rules().table('filter');
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
      line({ source: network, destination: MULTICAST, notDestination: true, target: hide }),
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
  for (const [table, hook, name, comment] of jumps) {
    const chain = table.ensure(name);
    const from = table.ensure(hook);
    if (!from.rules.some(({ spec }) => spec.jump === chain)) from.append(new Rule({ jump: chain, matches: [comment] }));
  }
}
