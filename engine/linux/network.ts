// Sockets between network namespaces: addresses, listeners, connections with latency, names. What lies
// between two namespaces (service addresses, rules, partitions) hooks in through `translate` and `route`.

import { Signal, type Co, type Sim } from '../sim/index.ts';
import { PIPE_CAPACITY } from './io.ts';
import { Pipe } from './pipe.ts';
import type { Reader, Writer } from './types.ts';

export type ConnectError = 'ECONNREFUSED' | 'ETIMEDOUT' | 'EHOSTUNREACH';

export interface Address {
  ip: string;
  port: number;
}

/** What a server shows of itself under TLS; the words of certificates are not modelled, who issued them is. */
export interface Tls {
  /** PEM text of the authority that signed the certificate. */
  ca: string;
  /** DNS names and addresses that the certificate is good for. */
  names: string[];
}

/** One end of a connection. */
export interface Socket {
  readonly local: Address;
  readonly remote: Address;
  /** Set on both ends of a connection to a TLS port. */
  readonly tls?: Tls;
  readonly reader: Reader;
  readonly writer: Writer;
  /** Ends both directions. */
  close(): void;
}

export interface Listener {
  readonly port: number;
  readonly address: string;
  readonly tls?: Tls;
  onConnect(socket: Socket): void;
  close(): void;
}

export interface ListenOptions {
  /** Only connections to this address (default: any of the namespace's). */
  address?: string;
  tls?: Tls;
}

/** How long Linux tries to connect to a silent address: six SYNs. */
export const CONNECT_TIMEOUT = 127_000;

/** Where a packet for an address ends: a namespace, an error at once, or silence. */
export type Route = NetworkNamespace | 'EHOSTUNREACH' | 'ECONNREFUSED' | 'drop';

/** All namespaces that can reach each other. */
export class Network {
  readonly sim: Sim;
  /** One way, ms. */
  latency = 0.2;
  /** Decides where packets go; the default looks the address up and drops what nobody has. */
  route: (from: NetworkNamespace, ip: string, port: number) => Route = (_from, ip) => this.byAddress.get(ip) ?? 'drop';
  readonly byAddress = new Map<string, NetworkNamespace>();

  constructor(sim: Sim) {
    this.sim = sim;
  }

  namespace(addresses: string[] = []): NetworkNamespace {
    return new NetworkNamespace(this, addresses);
  }
}

const ANY = '0.0.0.0';

export function isLoopback(ip: string): boolean {
  return ip.startsWith('127.') || ip === '::1';
}

export class NetworkNamespace {
  readonly network: Network;
  readonly addresses: string[] = [];
  /** Rewrites a destination before it is routed (service addresses); undefined leaves it as it is. */
  translate: ((to: Address) => Address | 'ECONNREFUSED' | 'drop' | undefined) | undefined;
  /** Asks the name servers; undefined: no such name. */
  resolver: ((name: string) => Co<string[] | undefined>) | undefined;
  /** Text of /etc/hosts. */
  hosts: (() => string) | undefined;
  private readonly listeners = new Map<string, Listener>();
  private readonly open = new Set<Socket>();
  private nextPort = 32768;

  constructor(network: Network, addresses: string[]) {
    this.network = network;
    for (const ip of addresses) this.addAddress(ip);
  }

  addAddress(ip: string) {
    this.addresses.push(ip);
    this.network.byAddress.set(ip, this);
  }

  /** Takes the namespace off the network; its connections break. */
  close() {
    for (const ip of this.addresses) {
      if (this.network.byAddress.get(ip) === this) this.network.byAddress.delete(ip);
    }
    this.listeners.clear();
    for (const socket of [...this.open]) socket.close();
  }

  /** Accepts connections on a port; undefined when it is taken (EADDRINUSE). */
  listen(port: number, onConnect: (socket: Socket) => void, options: ListenOptions = {}): Listener | undefined {
    const address = options.address ?? ANY;
    const key = `${address}:${port}`;
    if (this.listeners.has(key) || (address !== ANY && this.listeners.has(`${ANY}:${port}`))) return undefined;
    const close = () => void this.listeners.delete(key);
    const listener: Listener = { port, address, tls: options.tls, onConnect, close };
    this.listeners.set(key, listener);
    return listener;
  }

  listener(ip: string, port: number): Listener | undefined {
    return this.listeners.get(`${ip}:${port}`) ?? this.listeners.get(`${ANY}:${port}`);
  }

  listening(): Listener[] {
    return [...this.listeners.values()];
  }

  /** Opens a connection, or says why not; a silent address costs `timeout` ms. */
  *connect(ip: string, port: number, options: { timeout?: number } = {}): Co<Socket | ConnectError> {
    const { network } = this;
    const timeout = options.timeout ?? CONNECT_TIMEOUT;
    const to = this.destination(ip, port);
    if (to === 'ECONNREFUSED') return to;
    const target = to === 'drop' ? to : this.reach(to.ip, to.port);
    if (to === 'drop' || target === 'drop') {
      yield timeout;
      return 'ETIMEDOUT';
    }
    const local = target === this;
    yield local ? 0 : 2 * network.latency;
    if (typeof target === 'string') return target;
    const listener = target.listener(to.ip, to.port);
    if (!listener) return 'ECONNREFUSED';
    const from: Address = {
      ip: local && isLoopback(to.ip) ? to.ip : (this.addresses[0] ?? '127.0.0.1'),
      port: this.nextPort++,
    };
    if (this.nextPort > 60999) this.nextPort = 32768;
    const delay = local ? 0 : network.latency;
    const there = new Pipe();
    const back = new Pipe();
    const client = this.socket(from, { ip, port }, listener.tls, back, there, delay);
    const server = target.socket(to, from, listener.tls, there, back, delay);
    listener.onConnect(server);
    return client;
  }

  /** Round-trip time in ms to an address, or undefined when nothing comes back. */
  ping(ip: string): number | undefined {
    const target = this.reach(ip, 0);
    if (typeof target === 'string') return undefined;
    return target === this ? 0.05 : 2 * this.network.latency;
  }

  /** Addresses of a name: itself when it is one, /etc/hosts, then the name servers. */
  *resolve(name: string): Co<string[] | undefined> {
    if (isAddress(name)) return [name];
    const local = this.inHosts(name);
    if (local.length) return local;
    return this.resolver ? yield* this.resolver(name) : undefined;
  }

  private inHosts(name: string): string[] {
    const found: string[] = [];
    for (const line of (this.hosts?.() ?? '').split('\n')) {
      const fields = line.split('#', 1)[0].split(/\s+/).filter(Boolean);
      if (fields.indexOf(name, 1) > 0) found.push(fields[0]);
    }
    if (!found.length && name === 'localhost') return ['127.0.0.1'];
    return found;
  }

  private destination(ip: string, port: number): Address | 'ECONNREFUSED' | 'drop' {
    const to = { ip: ip === ANY ? '127.0.0.1' : ip, port };
    return this.translate?.(to) ?? to;
  }

  private reach(ip: string, port: number): Route {
    return isLoopback(ip) || this.addresses.includes(ip) ? this : this.network.route(this, ip, port);
  }

  private socket(
    local: Address,
    remote: Address,
    tls: Tls | undefined,
    incoming: Pipe,
    outgoing: Pipe,
    delay: number,
  ): Socket {
    const { sim } = this.network;
    const arrived = new Signal();
    let flying = 0;
    const writer: Writer = {
      write: (text) => {
        if (outgoing.broken || outgoing.ended) return false;
        flying += text.length;
        sim.after(delay, () => {
          flying -= text.length;
          outgoing.write(text);
          arrived.fire();
        });
        return true;
      },
      *drain() {
        while (outgoing.size + flying > PIPE_CAPACITY && !outgoing.broken) {
          yield { signals: [outgoing.changed, arrived] };
        }
      },
      close: () => void sim.after(delay, () => outgoing.end()),
    };
    const socket: Socket = {
      local,
      remote,
      tls,
      reader: {
        read: () => incoming.read(),
        unread: (text) => incoming.unread(text),
        close: () => incoming.closeReader(),
      },
      writer,
      close: () => {
        this.open.delete(socket);
        writer.close();
        incoming.closeReader();
      },
    };
    this.open.add(socket);
    return socket;
  }
}

/** Whether the text is an IPv4 or IPv6 address. */
export function isAddress(text: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+$/.test(text) || (text.includes(':') && /^[0-9a-fA-F:.]+$/.test(text));
}
