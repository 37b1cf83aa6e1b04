// The portmap plug-in: hostPorts as DNAT rules of the node, one chain a Pod.

import type { Pod } from '../api/types.ts';
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

function mappings(pod: Pod): PortMapping[] {
  const out: PortMapping[] = [];
  for (const container of [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]) {
    for (const { hostPort, containerPort, hostIP, protocol = 'TCP' } of container.ports ?? []) {
      if (!hostPort) continue;
      const address = hostIP && hostIP !== '0.0.0.0' ? hostIP : '';
      out.push({ protocol: protocol.toLowerCase() as 'tcp', hostPort, containerPort, hostIP: address });
    }
  }
  return out;
}

/** ADD: opens the Pod's ports on its node; closing the Pod's namespace takes them away again. */
export function mapPorts(node: NetworkNamespace, pod: NetworkNamespace, owner: Pod, subnet: string) {
  const wanted = mappings(owner);
  if (wanted.length === 0) return;
  const [ip] = pod.addresses;
  const nat = node.rules().table('nat');
  const { setMark, all } = shared(nat);
  const id = node.network.sim.random('sandbox').hex(64);
  const chain = new Chain(`CNI-DN-${id.slice(0, 21)}`);
  nat.chains.set(chain.name, chain);
  chain.set(
    wanted.flatMap(({ protocol, hostPort, containerPort, hostIP }) => {
      const destination = hostIP ? parseCidr(hostIP) : undefined;
      const matches = [match.ports(protocol, { from: hostPort, to: hostPort })];
      const spec = { protocol, destination, matches };
      return [
        new Rule({ ...spec, source: parseCidr(subnet), jump: setMark }),
        new Rule({ ...spec, source: LOOPBACK, jump: setMark }),
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
  all.append(...jumps);
  pod.onClose(() => {
    all.set(all.rules.filter((rule) => !jumps.includes(rule)));
    nat.drop(chain);
  });
}

/** The chains that all Pods' ports share. */
function shared(nat: Table): { setMark: Chain; all: Chain } {
  const known = nat.chains.has('CNI-HOSTPORT-DNAT');
  const setMark = nat.ensure('CNI-HOSTPORT-SETMARK');
  const all = nat.ensure('CNI-HOSTPORT-DNAT');
  if (known) return { setMark, all };
  const masq = nat.ensure('CNI-HOSTPORT-MASQ');
  setMark.set([new Rule({ matches: [match.comment('CNI portfwd masquerade mark')], target: setXmark(MARK, MARK) })]);
  masq.set([new Rule({ matches: [match.mark(MARK, MARK)], target: masquerade() })]);
  for (const hook of ['PREROUTING', 'OUTPUT']) {
    nat.ensure(hook).append(new Rule({ matches: [match.addrtype('dst', 'LOCAL')], jump: all }));
  }
  nat
    .ensure('POSTROUTING')
    .append(new Rule({ matches: [match.comment('CNI portfwd requiring masquerade')], jump: masq }));
  return { setMark, all };
}
