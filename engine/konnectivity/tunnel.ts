// The two ends of Konnectivity's tunnels: agents that dial inside the nodes' network, and the server that picks one of
// them for every connection. A tunnel is the agent's TCP connection to the server; without one nothing is dialled.

import { dialError } from '../apiserver/egress.ts';
import { clock } from '../images/service.ts';
import type { FileNode, Link, NetworkNamespace, Process, RouteEntry, Socket } from '../linux/index.ts';
import type { Co, Sim } from '../sim/index.ts';

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

  private pick(host: string): Backend | undefined {
    const all = [...this.backends];
    for (const strategy of this.strategies) {
      const found =
        strategy === 'destHost'
          ? all.filter(({ hosts }) => hosts.includes(host))
          : strategy === 'defaultRoute'
            ? all.filter(({ hosts }) => hosts.includes(DEFAULT_ROUTE))
            : all;
      if (found.length) return found[found.length === 1 ? 0 : this.sim.random('konnectivity').int(found.length)];
    }
    return undefined;
  }

  /** The agent that shall dial, after the server has told it to; an error's text when there is none. */
  private ask(ip: string, port: number): Agent | { error: string; lost?: boolean } {
    const dialID = this.sim.random('konnectivity/dial').int(2 ** 48);
    const address = `${ip.includes(':') ? `[${ip}]` : ip}:${port}`;
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
    const { open } = agent;
    open.add(socket);
    return {
      ...socket,
      close() {
        open.delete(socket);
        socket.close();
      },
    };
  }
}

const NO_AGENT = 'No agent available';
const LOST = 'dial timeout, backstop';
const DEFAULT_ROUTE = 'default-route=true';

/** Whether packets of an open connection get from a namespace to an address: every wire on the way is up. */
function carries(net: NetworkNamespace, ip: string): boolean {
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
