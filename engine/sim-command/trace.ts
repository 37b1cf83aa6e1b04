// sim trace FROM TO: the first packet of a connection on its way: interfaces, routes, rules, rewrites, and its end.

import type { Pod, Service } from '../api/types.ts';
import type { Passage, Way } from '../apiserver/egress.ts';
import { type Fate, type Hop, type Host, isAddress, type Protocol, resolveName, type Trace } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { table } from './values.ts';
import { SimError, type Call, type SubCommand } from './types.ts';

const KINDS = ['tunnel', 'link', 'bridge', 'route', 'rule', 'rewrite', 'verdict'] as const;
/** A step of the packet, or of what carries the connection to where the packet starts. */
type Step = Hop | (Omit<Passage, 'where'> & { namespace: string; link: ''; kind: 'tunnel'; idle?: undefined });
const APISERVER = 'apiserver';
const KUBELET_PORT = '10250';

export const trace: SubCommand = {
  name: 'trace',
  usage: 'FROM TO',
  help: 'Send one packet from pod/NAME, node/NAME, workstation or apiserver (as for logs and exec) to pod/NAME:PORT, service/NAME, ADDRESS..., and show its way',
  flags: [
    { name: 'namespace', short: 'n', value: 'NAME', help: 'The namespace of Pods and Services (default: default)' },
    { name: 'udp', help: 'A datagram, not the first packet of a TCP connection (TO without a port: ICMP)' },
    { name: 'all', help: 'Also rules that matched and did nothing' },
    { name: 'only', value: 'STEPS', help: `Show these steps only, out of ${KINDS.join(',')}` },
    { name: 'output', short: 'o', value: 'FORMAT', help: 'json: as an object' },
  ],
  args: [2, 2],
  *run(call) {
    const { args, flags, line } = call;
    if (flags.output !== undefined && flags.output !== 'json') {
      throw new SimError(`there is no output format ${JSON.stringify(flags.output)}; there is json`);
    }
    const only = flags.only?.split(',') ?? KINDS;
    const unknown = only.find((kind) => !(KINDS as readonly string[]).includes(kind));
    if (unknown !== undefined) {
      throw new SimError(`there are no steps ${JSON.stringify(unknown)}; there are ${KINDS.join(', ')}`);
    }
    const isServer = args[0] === APISERVER;
    const from = isServer ? undefined : hostOf(call, args[0]);
    const { ip, port, protocol } = yield* destination(call, from ?? call.process.host, args[1], isServer);
    if (isServer && protocol !== 'tcp') throw new SimError('the API server opens TCP connections only; name a port');
    const way = from ? { passages: [], from: from.net } : wayOut(call, ip, port);
    const found = way.from?.trace(protocol, ip, port);
    const tunnel = way.passages.map(({ where, ...passage }): Step => ({
      namespace: where,
      link: '',
      kind: 'tunnel',
      ...passage,
    }));
    const hops = [...tunnel, ...(found?.hops ?? [])].filter(
      ({ kind, idle }) => only.includes(kind) && (!idle || flags.all !== undefined),
    );
    const end = found ? outcome(found) : notSent(way.error ?? '', protocol, ip, port);
    if (flags.output === 'json') {
      const { compared = 0, lookups = 0 } = found ?? {};
      line(JSON.stringify({ hops, rulesCompared: compared, lookups, ...end }, null, 2));
      return;
    }
    const rows = hops.map((hop) => [
      hop.namespace,
      hop.link || '-',
      hop.kind,
      hop.kind === 'tunnel' ? `${hop.by}: ${hop.text}` : hop.text,
    ]);
    for (const row of table([['WHERE', 'INTERFACE', 'STEP', 'WHAT'], ...rows])) line(row);
    line();
    if (!found) return line(`${end.result}.`);
    const lookups = found.lookups ? ` and ${found.lookups} look-up${found.lookups > 1 ? 's' : ''} in a table` : '';
    line(`${end.result}, after a comparison with ${found.compared} rules${lookups}.`);
  },
};

/** How a connection of the API server's gets to where it is dialled. */
function wayOut({ targets }: Call, ip: string, port: number): Way {
  const way = targets.egress()?.way(ip, port);
  if (!way) throw new SimError('there is no API server');
  return way;
}

const notSent = (error: string, protocol: Protocol, destination: string, dport: number) => ({
  result: `Not sent: ${error}`,
  fate: 'not sent',
  at: '',
  packet: { protocol, destination, dport },
});

function hostOf({ targets, flags, process }: Call, text: string): Host {
  if (text === 'workstation') return process.host;
  const [kind, name] = typed(text) ?? [];
  if (kind === 'node') {
    const machine = targets.machines.get(name as string);
    if (!machine) throw new SimError(`there is no node ${JSON.stringify(name)}`);
    return machine;
  }
  if (kind !== 'pod') {
    throw new SimError(
      `a packet comes from pod/NAME, node/NAME, workstation or apiserver, not from ${JSON.stringify(text)}`,
    );
  }
  const namespace = flags.namespace ?? 'default';
  const pod = podOf(targets, namespace, name as string);
  for (const { name: container } of pod.spec?.containers ?? []) {
    const running = targets.kubelets.get(pod.spec?.nodeName ?? '')?.container(namespace, name as string, container);
    if (running?.state === 'running' && running.host) return running.host;
  }
  throw new SimError(`no container of pod ${name} runs`);
}

/** `kind/name` with the kind's long name; undefined for what is neither Pod, node nor Service. */
function typed(text: string): [string, string] | undefined {
  const found = /^(pods?|po|nodes?|no|services?|svc)\/([^/]+)$/.exec(text);
  return found ? [found[1][0] === 'p' ? 'pod' : found[1][0] === 'n' ? 'node' : 'service', found[2]] : undefined;
}

function podOf({ client }: Call['targets'], namespace: string, name: string): Pod {
  const pod = client.of<Pod>('v1', 'pods').find(namespace, name);
  if (!pod) throw new SimError(`there is no pod ${JSON.stringify(name)} in namespace ${namespace}`);
  return pod;
}

/** `kubelet`: a node without a port is its kubelet, at the address where the API server asks it. */
function* destination(
  call: Call,
  from: Host,
  text: string,
  kubelet: boolean,
): Co<{ ip: string; port: number; protocol: Protocol }> {
  const { targets, flags } = call;
  // An address of IPv6 stands between brackets when a port follows.
  const parts = isAddress(text) ? [text, text] : /^(?:https?:\/\/)?(\[[^\]]+\]|[^:]+?)(?::([\w-]+))?\/?$/.exec(text);
  if (!parts) throw new SimError(`${JSON.stringify(text)} is nowhere that a packet can go to`);
  const [kind, name] = typed(parts[1]) ?? ['', parts[1].replace(/^\[|\]$/g, '')];
  let ip: string | undefined;
  let port: string | undefined = parts[2];
  const namespace = flags.namespace ?? 'default';
  if (kind === 'pod') {
    ip = podOf(targets, namespace, name).status?.podIP;
    if (!ip) throw new SimError(`pod ${name} has no address yet`);
  } else if (kind === 'node') {
    ip = kubelet ? targets.kubeletAddress(name) : targets.machines.get(name)?.net.addresses[0];
    if (kubelet) port ??= KUBELET_PORT;
    if (!ip) throw new SimError(`there is no node ${JSON.stringify(name)}`);
  } else if (kind === 'service') {
    const service = targets.client.of<Service>('v1', 'services').find(namespace, name);
    if (!service) throw new SimError(`there is no service ${JSON.stringify(name)} in namespace ${namespace}`);
    ip = service.spec?.clusterIP;
    if (!ip || ip === 'None') throw new SimError(`service ${name} has no cluster IP; name a Pod behind it`);
    const { ports = [] } = service.spec ?? {};
    const wanted = port;
    const one = ports.find((each) => wanted === undefined || each.name === wanted || String(each.port) === wanted);
    port = one ? String(one.port) : wanted;
  } else if (isAddress(name)) ip = name;
  else {
    const found = yield* resolveName(from.fs, from.net, name);
    if (!found) throw new SimError(`the name ${name} is not known there`);
    [ip] = found;
  }
  if (port !== undefined && !/^\d+$/.test(port)) throw new SimError(`${JSON.stringify(port)} is no port of ${name}`);
  const protocol = port === undefined ? 'icmp' : flags.udp ? 'udp' : 'tcp';
  return { ip, port: Number(port ?? 0), protocol };
}

/** What came of it, in a sentence and for programs. */
function outcome({ fate, packet }: Trace): { result: string; fate: Fate['kind']; at: string; packet: object } {
  const { protocol, source, sport, destination: to, dport } = packet;
  const icmp = protocol === 'icmp';
  const sent = icmp ? { protocol, source, destination: to } : { protocol, source, sport, destination: to, dport };
  const end = (result: string, at = '') => ({ result, fate: fate.kind, at, packet: sent });
  switch (fate.kind) {
    case 'delivered': {
      const { namespace } = fate;
      const open =
        icmp ||
        (protocol === 'tcp' ? namespace.listener(to, dport) : namespace.datagramSocket(to, dport)) !== undefined;
      const heard = icmp ? '' : open ? `, port ${dport}` : `, where nobody listens on port ${dport}`;
      return end(`Delivered to ${namespace.name}${heard}`, namespace.name);
    }
    case 'rejected':
      return end(`Rejected by ${fate.by.name} with ${fate.with}`, fate.by.name);
    case 'unreachable':
      return end(`Unreachable, as ${fate.by.name} finds out`, fate.by.name);
    case 'expired':
      return end(`Its time to live is over at ${fate.by.name}`, fate.by.name);
    default:
      return end('Dropped: the sender hears nothing');
  }
}
