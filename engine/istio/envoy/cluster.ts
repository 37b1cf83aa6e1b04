// A group of endpoints that calls go to: which of them gets the next, which are ejected, and how many connections there
// may be.

import { type Socket } from '../../linux/index.ts';
import { Signal, type Co, type Random, type Sim } from '../../sim/index.ts';
import { milliseconds, selects, type Endpoint, type Locality } from '../types.ts';
import type { Hello } from '../wire.ts';
import type { TrafficPolicy, View } from './view.ts';

/** A connection to an endpoint. */
export interface Upstream {
  socket: Socket;
  /** The other proxy, when there is mTLS. */
  peer: Hello | undefined;
  requests: number;
}

export interface Host {
  readonly key: string;
  endpoint: Endpoint;
  /** Requests, or TCP connections, under way. */
  active: number;
  readonly idle: Upstream[];
  connections: number;
  successive: { all: number; gateway: number };
  ejectedUntil: number;
  ejections: number;
  /** Has been given requests, errors among them. */
  requests: number;
  errors: number;
}

const NOWHERE: Locality = { region: '', zone: '', subzone: '' };
const MANY = 2 ** 32 - 1;
/** Envoy: a level of priority takes all traffic while so much of it is healthy. */
const OVERPROVISIONING = 1.4;

export class Cluster {
  readonly name: string;
  readonly service: string;
  readonly port: number;
  readonly subset: string;
  policy: TrafficPolicy = {};
  connections = 0;
  pending = 0;
  readonly freed = new Signal();
  readonly counters: Record<string, number> = {};
  /** By priority. */
  private levels: Host[][] = [];
  private readonly hosts = new Map<string, Host>();
  private view: View | undefined;
  private fixed: { ip: string; port: number } | undefined;
  private turn = 0;
  private sweeping = false;
  private readonly sim: Sim;
  private readonly random: Random;

  /** `service`: a host; with an address behind it the cluster of that address alone (see `only`). */
  constructor(sim: Sim, random: Random, service: string, port: number, subset: string) {
    this.sim = sim;
    this.random = random;
    [this.service] = service.split(' ');
    this.port = port;
    this.subset = subset;
    this.name = `outbound|${port}|${subset}|${this.service}`;
  }

  count(name: string, by = 1) {
    this.counters[name] = (this.counters[name] ?? 0) + by;
  }

  /** Follows the mesh's present version. */
  use(view: View): this {
    if (view === this.view) return this;
    this.view = view;
    this.policy = view.policy(this.service, this.port, this.subset);
    const all = this.fixed
      ? [this.toFixed(this.fixed, view)]
      : (view.service(this.service)?.endpoints.get(this.port) ?? []);
    const labels = this.subset ? view.subset(this.service, this.subset)?.labels : undefined;
    const known = new Set<string>();
    const present: Host[] = [];
    for (const endpoint of all) {
      if (!selects(labels, endpoint.labels)) continue;
      const key = `${endpoint.ip}:${endpoint.port}`;
      known.add(key);
      let host = this.hosts.get(key);
      if (host) host.endpoint = endpoint;
      else this.hosts.set(key, (host = fresh(key, endpoint)));
      present.push(host);
    }
    this.hosts.forEach((host, key) => {
      if (known.has(key)) return;
      this.hosts.delete(key);
      for (const { socket } of host.idle) this.closed(host, socket);
    });
    const rank = this.ranks(view);
    this.levels = [];
    for (const host of present) (this.levels[rank(host.endpoint.locality)] ??= []).push(host);
    this.levels = this.levels.filter((level) => level !== undefined);
    return this;
  }

  /** Of one address, whatever the service's endpoints are. */
  only({ ip, port }: { ip: string; port: number }) {
    if (this.fixed) return;
    this.fixed = { ip, port };
    const { view } = this;
    this.view = undefined;
    if (view) this.use(view);
  }

  /** The endpoint of an address; what nobody has declared is taken as it is. */
  private toFixed({ ip, port }: { ip: string; port: number }, view: View): Endpoint {
    const workload = view.snapshot.services.has(this.service) ? view.snapshot.workloads.get(ip) : undefined;
    return { ip, port, labels: workload?.labels ?? {}, locality: workload?.locality ?? NOWHERE, workload };
  }

  all(): Host[] {
    return this.levels.flat();
  }

  /** Nearer endpoints first, but only where ejection tells which of them are well. */
  private ranks({ self }: View): (of: Locality) => number {
    const { outlierDetection, loadBalancer } = this.policy;
    const setting = loadBalancer?.localityLbSetting ?? {};
    if (!outlierDetection || setting.enabled === false || !self.locality.region) return () => 0;
    const { region, zone, subzone } = self.locality;
    const next: string | undefined = setting.failover?.find((one: { from: string }) => one.from === region)?.to;
    return (of) => {
      if (of.region !== region) return of.region === next ? 4 : 5;
      if (of.zone !== zone) return 2;
      return of.subzone === subzone ? 0 : 1;
    };
  }

  /** The next host; undefined: none is healthy. `tried` are avoided where that is possible. */
  pick(tried: ReadonlySet<Host>, hash: string | undefined): Host | undefined {
    const well = (host: Host) => host.ejectedUntil <= 0;
    let left = 1;
    let chosen: Host[] | undefined;
    const at = this.levels.length > 1 ? this.random.float() : 0;
    for (const level of this.levels) {
      const healthy = level.filter(well);
      const share = Math.min(left, (healthy.length / level.length) * OVERPROVISIONING);
      if (healthy.length) chosen = healthy;
      left -= share;
      if (at < 1 - left || left <= 0) break;
    }
    if (!chosen) return undefined;
    const others = tried.size ? chosen.filter((host) => !tried.has(host)) : chosen;
    return this.among(others.length ? others : chosen, hash);
  }

  private among(hosts: Host[], hash: string | undefined): Host {
    if (hash !== undefined) return hosts[hashOf(hash) % hosts.length];
    const any = () => hosts[this.random.int(hosts.length)];
    switch (this.policy.loadBalancer?.simple) {
      case 'ROUND_ROBIN':
        return hosts[this.turn++ % hosts.length];
      case 'RANDOM':
        return any();
      default: {
        // LEAST_REQUEST: the less busy one of two.
        if (hosts.length === 1) return hosts[0];
        const [one, other] = [any(), any()];
        return other.active < one.active ? other : one;
      }
    }
  }

  /** What consistentHash looks at. */
  get hashOn(): TrafficPolicy | undefined {
    return this.policy.loadBalancer?.consistentHash;
  }

  // ---- connections -----------------------------------------------------------------------------------------

  get connectTimeout(): number {
    return milliseconds(this.policy.connectionPool?.tcp?.connectTimeout, 10_000);
  }

  get maxRequestsPerConnection(): number {
    return this.policy.connectionPool?.http?.maxRequestsPerConnection || MANY;
  }

  /** Waits for a place for one more connection; false: too many wait already. */
  *place(host: Host): Co<Upstream | boolean> {
    const { tcp, http } = this.policy.connectionPool ?? {};
    const most = tcp?.maxConnections ?? MANY;
    const queue = http?.http1MaxPendingRequests ?? MANY;
    const idle = host.idle.pop();
    if (idle) return idle;
    // Whatever the limit is, each host may have one.
    const allowed = () => this.connections < most || host.connections === 0;
    if (allowed()) return this.taken(host);
    if (this.pending >= queue) {
      this.count('upstream_rq_pending_overflow');
      return false;
    }
    this.pending++;
    this.count('upstream_rq_pending_total');
    try {
      for (;;) {
        yield this.freed;
        const free = host.idle.pop();
        if (free) return free;
        if (allowed()) return this.taken(host);
      }
    } finally {
      this.pending--;
    }
  }

  private taken(host: Host): true {
    this.connections++;
    host.connections++;
    this.count('upstream_cx_total');
    return true;
  }

  /** A connection that may serve another request, or not. */
  give(host: Host, upstream: Upstream, usable: boolean) {
    if (usable && this.hosts.get(host.key) === host && upstream.requests < this.maxRequestsPerConnection) {
      host.idle.push(upstream);
      this.freed.fire();
    } else this.closed(host, upstream.socket);
  }

  closed(host: Host, socket?: Socket) {
    socket?.close();
    this.connections--;
    host.connections--;
    this.freed.fire();
  }

  // ---- outlier detection -----------------------------------------------------------------------------------

  /** A request has come to this end; status 0: no connection was to be had. */
  result(host: Host, status: number) {
    host.requests++;
    const detection = this.policy.outlierDetection;
    const gateway = status === 0 || (status >= 502 && status <= 504);
    const failed = status === 0 || status >= 500;
    if (failed) host.errors++;
    if (!detection) return;
    host.successive.all = failed ? host.successive.all + 1 : 0;
    host.successive.gateway = gateway ? host.successive.gateway + 1 : 0;
    if (!failed || host.ejectedUntil > 0) return;
    const most = (value: number | undefined, preset: number) => value ?? preset;
    const many = (count: number, limit: number) => limit > 0 && count >= limit;
    if (
      many(host.successive.all, most(detection.consecutive5xxErrors, 5)) ||
      many(host.successive.gateway, most(detection.consecutiveGatewayErrors, 0))
    )
      this.eject(host);
  }

  private eject(host: Host) {
    const detection = this.policy.outlierDetection;
    const hosts = this.all();
    const out = hosts.filter(({ ejectedUntil }) => ejectedUntil > 0).length;
    host.successive = { all: 0, gateway: 0 };
    if (out > 0 && (100 * out) / hosts.length >= (detection.maxEjectionPercent ?? 10)) {
      this.count('outlier_detection.ejections_overflow');
      return;
    }
    host.ejections++;
    host.ejectedUntil = this.sim.now + milliseconds(detection.baseEjectionTime, 30_000) * host.ejections;
    this.count('outlier_detection.ejections_enforced_total');
    this.count('outlier_detection.ejections_enforced_consecutive_5xx');
    if (!this.sweeping) this.sim.spawn('outlier detection', this.sweep());
  }

  /** Every interval, those whose time is over come back. */
  private *sweep(): Co {
    this.sweeping = true;
    while (this.all().some(({ ejectedUntil }) => ejectedUntil > 0)) {
      yield milliseconds(this.policy.outlierDetection?.interval, 10_000);
      for (const host of this.all())
        if (host.ejectedUntil > 0 && host.ejectedUntil <= this.sim.now) host.ejectedUntil = 0;
    }
    this.sweeping = false;
  }
}

const fresh = (key: string, endpoint: Endpoint): Host => ({
  key,
  endpoint,
  active: 0,
  idle: [],
  connections: 0,
  successive: { all: 0, gateway: 0 },
  ejectedUntil: 0,
  ejections: 0,
  requests: 0,
  errors: 0,
});

function hashOf(text: string): number {
  let hash = 2166136261;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619) >>> 0;
  return hash;
}
