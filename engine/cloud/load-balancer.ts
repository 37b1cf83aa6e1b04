// One load balancer: takes packets for its public address and hands each flow to a machine that is healthy. Addresses
// stay as they are: the machine sees the client's, and answers it directly.

import { exchange, hostPort, type NetworkNamespace } from '../linux/index.ts';
import type { Link } from '../linux/net/index.ts';
import { parseCidr, type Cidr } from '../linux/net/index.ts';
import type { Co, Sim, Task } from '../sim/index.ts';

/** Health checks, ms: how often, how long for an answer; and after how many failures a target is left out. */
const CHECK_MS = 8000;
const TIMEOUT_MS = 1000;
const UNHEALTHY_AFTER = 3;

export interface BalancerSpec {
  ports: readonly { protocol: 'tcp' | 'udp'; port: number }[];
  /** Machines by name, with their addresses. */
  targets: ReadonlyMap<string, string>;
  /** What each target is asked: http://TARGET:PORT/PATH. */
  check: { port: number; path: string };
  /** All connections of one client go to one target. */
  sticky: boolean;
}

interface Target {
  ip: string;
  /** Checks that failed in a row; Infinity before the first one that did not. */
  failures: number;
}

export interface LoadBalancerOptions {
  sim: Sim;
  net: NetworkNamespace;
  /** Its public address. */
  ip: string;
  link: Link;
  readyAt: number;
}

export class LoadBalancer {
  readonly ip: string;
  readonly readyAt: number;
  spec: BalancerSpec = { ports: [], targets: new Map(), check: { port: 0, path: '' }, sticky: false };
  private readonly sim: Sim;
  private readonly net: NetworkNamespace;
  private readonly link: Link;
  private readonly targets = new Map<string, Target>();
  private readonly checker: Task;
  private healthyIPs: string[] = [];

  constructor({ sim, net, ip, link, readyAt }: LoadBalancerOptions) {
    this.sim = sim;
    this.net = net;
    this.ip = ip;
    this.link = link;
    this.readyAt = readyAt;
    net.network.lan.attach(link, ip);
    net.routes.add({
      destination: parseCidr(`${ip}/32`) as Cidr,
      link,
      protocol: 'static',
      choose: (packet) => this.choose(packet),
    });
    this.checker = sim.spawn(`load balancer ${ip}`, this.check());
  }

  configure(spec: BalancerSpec) {
    const { port, path } = this.spec.check;
    const sameCheck = port === spec.check.port && path === spec.check.path;
    this.spec = spec;
    this.targets.forEach((_target, name) => {
      if (!spec.targets.has(name)) this.targets.delete(name);
    });
    spec.targets.forEach((ip, name) => {
      const known = this.targets.get(name);
      if (known?.ip !== ip || !sameCheck) this.targets.set(name, { ip, failures: Infinity });
    });
    this.count();
  }

  /** Names of the machines, and whether they get traffic. */
  health(): { name: string; healthy: boolean }[] {
    return [...this.targets].map(([name, target]) => ({ name, healthy: isHealthy(target) }));
  }

  close() {
    this.checker.kill();
    this.net.network.lan.detach(this.link, this.ip);
    this.net.close();
  }

  private count() {
    this.healthyIPs = [...this.targets.values()].filter(isHealthy).map(({ ip }) => ip);
  }

  /** The machine for a flow; undefined: the packet is dropped. */
  private choose(packet: { protocol: string; source: string; sport: number; dport: number }): string | undefined {
    const { ports, sticky } = this.spec;
    const served = ports.some(({ protocol, port }) => port === packet.dport && protocol === packet.protocol);
    const { healthyIPs } = this;
    if (!served || healthyIPs.length === 0 || this.sim.now < this.readyAt) return undefined;
    let hash = sticky ? 0 : packet.sport;
    for (let i = 0; i < packet.source.length; i++) hash = (hash * 31 + packet.source.charCodeAt(i)) >>> 0;
    return healthyIPs[hash % healthyIPs.length];
  }

  private *check(): Co {
    for (;;) {
      for (const [name, target] of [...this.targets]) {
        const asked = this.sim.spawn(`health check ${target.ip}`, this.ask(target.ip));
        if (!asked.done) yield { signals: [asked.exited], timeout: TIMEOUT_MS };
        const answers = asked.result === true;
        asked.kill();
        if (this.targets.get(name) !== target) continue;
        target.failures = answers ? 0 : target.failures + 1;
        this.count();
      }
      yield CHECK_MS;
    }
  }

  private *ask(ip: string): Co<boolean> {
    const { port, path } = this.spec.check;
    const socket = yield* this.net.connect(ip, port, { timeout: TIMEOUT_MS });
    if (typeof socket === 'string') return false;
    const headers: [string, string][] = [
      ['Host', hostPort(ip, port)],
      ['Connection', 'close'],
    ];
    const answer = yield* exchange(socket, { method: 'GET', target: path, headers });
    socket.close();
    return answer?.status === 200;
  }
}

const isHealthy = ({ failures }: Target) => failures < UNHEALTHY_AFTER;
