// The portmap plug-in: hostPorts as DNAT rules of the node, one chain a Pod.

import type { Container, Pod, PodSpec } from '../api/types.ts';
import {
  Chain,
  type Cidr,
  dnat,
  masquerade,
  match,
  type NetworkNamespace,
  parseCidr,
  Rule,
  setXmark,
  type Table,
} from '../linux/net/index.ts';

const MARK = 0x2000;
const LOOPBACK = parseCidr('127.0.0.1') as Cidr;

interface PortMapping {
  protocol: 'tcp' | 'udp' | 'sctp';
  hostPort: number;
  containerPort: number;
  hostIP: string;
}

function mappings(containers: readonly Container[]): PortMapping[] {
  const out: PortMapping[] = [];
  for (const container of containers) {
    for (const { hostPort, containerPort, hostIP, protocol = 'TCP' } of container.ports ?? []) {
      if (!hostPort) continue;
      const address = hostIP && hostIP !== '0.0.0.0' && hostIP !== '::' ? hostIP : '';
      out.push({ protocol: protocol.toLowerCase() as 'tcp', hostPort, containerPort, hostIP: address });
    }
  }
  return out;
}

const opens = ({ ports }: Container): boolean => ports !== undefined && ports.some(({ hostPort }) => hostPort);
const NONE: readonly Container[] = [];

/**
 * ADD: opens the Pod's ports on its node, in each family that it has an address of; closing the Pod's namespace takes them
 * away again. `subnets`: of the families, with a comma.
 */
export function mapPorts(node: NetworkNamespace, pod: NetworkNamespace, owner: Pod, subnets: string) {
  const { initContainers = NONE, containers = NONE } = owner.spec ?? ({} as PodSpec);
  if (!containers.some(opens) && !initContainers.some(opens)) return;
  const wanted = mappings([...initContainers, ...containers]);
  const id = node.network.sim.random('sandbox').hex(64);
  const ranges = subnets.split(',');
  pod.addresses.forEach((ip, i) => mapFamily(node, pod, ip, wanted, ranges[i], id));
}

function mapFamily(
  node: NetworkNamespace,
  pod: NetworkNamespace,
  ip: string,
  all: readonly PortMapping[],
  subnet: string,
  id: string,
) {
  const six = ip.includes(':');
  const wanted = all.filter(({ hostIP }) => !hostIP || hostIP.includes(':') === six);
  if (wanted.length === 0) return;
  const nat = six ? node.rules().table6('nat') : node.rules().table('nat');
  const { setMark, jumpsTo } = shared(nat);
  const chain = new Chain(`CNI-DN-${id.slice(0, 21)}`);
  nat.chains.set(chain.name, chain);
  chain.set(
    wanted.flatMap(({ protocol, hostPort, containerPort, hostIP }) => {
      const destination = hostIP ? parseCidr(hostIP) : undefined;
      const matches = [match.ports(protocol, { from: hostPort, to: hostPort })];
      const spec = { protocol, destination, matches };
      return [
        new Rule({ ...spec, source: parseCidr(subnet), jump: setMark }),
        // The kernel has no way out of ::1.
        ...(six ? [] : [new Rule({ ...spec, source: LOOPBACK, jump: setMark })]),
        new Rule({ ...spec, target: dnat(ip, containerPort) }),
      ];
    }),
  );
  const jumps = (['tcp', 'udp', 'sctp'] as const).flatMap((protocol) => {
    const ports = wanted
      .filter((one) => one.protocol === protocol)
      .map(({ hostPort }) => ({ from: hostPort, to: hostPort }));
    if (ports.length === 0) return [];
    const comment = match.comment(`dnat name: "cbr0" id: "${id}"`);
    return [new Rule({ protocol, matches: [comment, match.multiport('dports', ports)], jump: chain })];
  });
  jumpsTo.append(...jumps);
  pod.onClose(() => {
    jumpsTo.set(jumpsTo.rules.filter((rule) => !jumps.includes(rule)));
    nat.drop(chain);
  });
}

/** The chains that all Pods' ports share. */
function shared(nat: Table): { setMark: Chain; jumpsTo: Chain } {
  const known = nat.chains.has('CNI-HOSTPORT-DNAT');
  const setMark = nat.ensure('CNI-HOSTPORT-SETMARK');
  const jumpsTo = nat.ensure('CNI-HOSTPORT-DNAT');
  if (known) return { setMark, jumpsTo };
  const masq = nat.ensure('CNI-HOSTPORT-MASQ');
  setMark.set([new Rule({ matches: [match.comment('CNI portfwd masquerade mark')], target: setXmark(MARK, MARK) })]);
  masq.set([new Rule({ matches: [match.mark(MARK, MARK)], target: masquerade() })]);
  for (const hook of ['PREROUTING', 'OUTPUT']) {
    nat.ensure(hook).append(new Rule({ matches: [match.addrtype('dst', 'LOCAL')], jump: jumpsTo }));
  }
  nat
    .ensure('POSTROUTING')
    .append(new Rule({ matches: [match.comment('CNI portfwd requiring masquerade')], jump: masq }));
  return { setMark, jumpsTo };
}
