// The two ends of Konnectivity's tunnels: agents that dial inside the nodes' network, and the server that picks one of
// them for every connection. A tunnel is the agent's TCP connection to the server; without one nothing is dialled.

import { dialError, type Passage, type Way } from '../apiserver/egress.ts';
import { clock } from '../images/service.ts';
import type { FileNode, Link, NetworkNamespace, Process, RouteEntry, Socket } from '../linux/index.ts';
import type { Co, Sim } from '../sim/index.ts';
import { hostPort, keptIn } from '../linux/net/index.ts';

/** agent: how long it tries to connect. */
const DIAL_TIMEOUT = 5_000;
/** konnectivity-client: the backstop of a dial. */
const BACKSTOP = 30_000;
const MAX_HOPS = 16;

export type Log = (level: 0 | 1 | 2 | 3 | 'E', where: string, text: string) => void;

/** klog with --v; errors are always written. */
export function logger(process: Process, verbosity: number): Log {
  return (level, where, text) => {
    if (level !== 'E' && level > verbosity) return;
    const letter = level === 'E' ? 'E' : 'I';
    process.stderr.write(`${letter}${clock(process).klog.slice(1)}       1 ${where}] ${text}\n`);
  };
}

export interface Agent {
  id: string;
  net: NetworkNamespace;
  log: Log;
  /** Connections that it has dialled and not closed yet. */
  open: Set<Socket>;
}

/** Agents by cluster and name: whom a server speaks to over the connection that the agent has opened. */
const clusters = new WeakMap<Sim, Map<string, Agent>>();

export function agentsOf(sim: Sim): Map<string, Agent> {
  let agents = clusters.get(sim);
  if (!agents) clusters.set(sim, (agents = new Map()));
  return agents;
}

/** Servers by the file of the socket that they listen on. */
export const unixListeners = new WeakMap<FileNode, Server>();

/** An agent as its server knows it. */
export interface Backend {
  agent: Agent;
  /** The server's end of the tunnel. */
  socket: Socket;
  /** Hosts for which it is the one to ask (destHost). */
  hosts: readonly string[];
}

export class Server {
  readonly id: string;
  readonly backends = new Set<Backend>();
  readonly sim: Sim;
  private readonly net: NetworkNamespace;
  private readonly log: Log;
  private readonly strategies: readonly string[];

  constructor(process: Process, log: Log, id: string, strategies: readonly string[]) {
    this.sim = process.host.sim;
    this.net = process.host.net;
    this.log = log;
    this.id = id;
    this.strategies = strategies;
  }

  /** The agents that may be asked to dial a host, and the strategy that has found them. */
  private candidates(host: string): { strategy: string; found: Backend[] } {
    const all = [...this.backends];
    for (const strategy of this.strategies) {
      const found =
        strategy === 'destHost'
          ? all.filter(({ hosts }) => hosts.includes(host))
          : strategy === 'defaultRoute'
            ? all.filter(({ hosts }) => hosts.includes(DEFAULT_ROUTE))
            : all;
      if (found.length) return { strategy, found };
    }
    return { strategy: '', found: [] };
  }

  private pick(host: string): Backend | undefined {
    const { found } = this.candidates(host);
    return found[found.length < 2 ? 0 : this.sim.random('konnectivity').int(found.length)];
  }

  way(ip: string): Way {
    const { strategy, found } = this.candidates(ip);
    const here = { where: this.net.name, by: 'konnectivity-server' };
    if (!found.length)
      return { passages: [{ ...here, text: 'no agent is connected' }], from: undefined, error: NO_AGENT };
    const [{ agent, socket }] = found;
    const { local, remote } = socket;
    const connection = endsOf(socket);
    const which = found.length === 1 ? 'the agent' : `one of ${found.length} agents, here`;
    const passages: Passage[] = [
      { ...here, text: `strategy ${strategy}: ${which} ${agent.id}` },
      {
        ...here,
        connection,
        text: `TCP connection ${connection.local} to ${connection.remote}, opened by the agent`,
      },
    ];
    if (!carries(this.net, remote.ip) || !carries(agent.net, local.ip))
      return { passages, from: undefined, error: LOST };
    passages.push({ where: agent.net.name, by: 'konnectivity-agent', text: 'connects to the address' });
    return { passages, from: agent.net };
  }

  /** The agent that shall dial, after the server has told it to; an error's text when there is none. */
  private ask(ip: string, port: number): Agent | { error: string; lost?: boolean } {
    const dialID = this.sim.random('konnectivity/dial').int(2 ** 48);
    const address = hostPort(ip, port);
    this.log(3, 'server.go:441', `"Received DIAL_REQ" dialID=${dialID} dialAddress="${address}"`);
    const backend = this.pick(ip);
    if (!backend) {
      this.log('E', 'server.go:448', `"Failed to get a backend" err="${NO_AGENT}" dialID=${dialID}`);
      return { error: NO_AGENT };
    }
    const { agent, socket } = backend;
    if (!carries(this.net, socket.remote.ip) || !carries(agent.net, socket.local.ip))
      return { error: LOST, lost: true };
    agent.log(
      3,
      'client.go:402',
      `"Received DIAL_REQ" serverID="${this.id}" agentID="${agent.id}" dialID=${dialID} dialAddress="${address}"`,
    );
    return agent;
  }

  reach(ip: string, port: number): string | undefined {
    const agent = this.ask(ip, port);
    if ('error' in agent) return agent.error;
    const error = agent.net.reach('tcp', ip, port);
    return error && dialError(ip, port, error);
  }

  *connect(ip: string, port: number, timeout: number): Co<Socket | string> {
    const agent = this.ask(ip, port);
    if ('error' in agent) {
      if (agent.lost) yield Math.min(timeout, BACKSTOP);
      return agent.error;
    }
    yield 2 * this.net.network.latency;
    const socket = yield* agent.net.connect(ip, port, { timeout: Math.min(timeout, DIAL_TIMEOUT) });
    if (typeof socket === 'string') return dialError(ip, port, socket);
    // The bytes pass as they are; when the agent ends, so does the connection.
    return keptIn(agent.open, socket);
  }
}

const NO_AGENT = 'No agent available';
const LOST = 'dial timeout, backstop';
const DEFAULT_ROUTE = 'default-route=true';

/** Both ends of a connection, as the one sees them whose it is. */
export const endsOf = ({ local, remote }: Socket): { local: string; remote: string } => ({
  local: hostPort(local.ip, local.port),
  remote: hostPort(remote.ip, remote.port),
});

/** Whether packets of an open connection get from a namespace to an address: every wire on the way is up. */
export function carries(net: NetworkNamespace, ip: string): boolean {
  let at: NetworkNamespace | undefined = net;
  for (let hops = 0; at && hops < MAX_HOPS; hops++) {
    if (at.owns(ip)) return true;
    const route: RouteEntry | undefined = at.routes.find(ip);
    if (!route) return false;
    const { link, via = ip }: RouteEntry = route;
    const next: Link | undefined =
      link.kind === 'device' ? link.lan?.find(via) : link.kind === 'bridge' ? link.portOf(via)?.peer : link.peer;
    at = next?.up ? next.namespace : undefined;
  }
  return false;
}
