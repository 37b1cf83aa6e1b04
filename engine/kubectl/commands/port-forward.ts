// kubectl port-forward: listens on ports of this machine and carries every connection into a Pod's network.

import type { KubeObject, Pod, Service } from '../../api/types.ts';
import type { PortForward } from '../../apiserver/types.ts';
import { type NetworkNamespace, type Listener, type Socket } from '../../linux/index.ts';
import { Signal, type Co } from '../../sim/index.ts';
import type { Command } from '../command.ts';
import { CommandError, usageError } from '../errors.ts';
import type { Kubectl } from '../kubectl.ts';
import { find } from '../resource/builder.ts';
import { onePod } from '../resource/pods.ts';

interface Ports {
  local: number;
  remote: number;
}

const LOCALHOST = ['127.0.0.1', '::1'];
/** Linux hands out free ports from here on. */
const FIRST_FREE = 32768;
const LAST_FREE = 60999;

export const portForward: Command = {
  name: 'port-forward',
  short: 'Forward one or more local ports to a pod',
  group: 'Troubleshooting and Debugging Commands',
  usage: 'TYPE/NAME [options] [LOCAL_PORT:]REMOTE_PORT [...[LOCAL_PORT_N:]REMOTE_PORT_N]',
  examples: ['kubectl port-forward deployment/web 8080:80', 'kubectl port-forward service/web :http'],
  flags: [
    {
      name: 'address',
      type: 'strings',
      default: 'localhost',
      usage: 'Addresses to listen on (comma separated). Only accepts IP addresses or localhost as a value.',
    },
    {
      name: 'pod-running-timeout',
      type: 'duration',
      default: 60_000,
      usage: 'The length of time (like 5s, 2m, or 3h, higher than zero) to wait until at least one pod is running',
    },
  ],
  *run(kubectl, args) {
    if (args.args.length < 2) {
      throw usageError(kubectl.path, 'TYPE/NAME and list of ports are required for port-forward');
    }
    const [target, ...asked] = args.args;
    const addresses = addressesOf(args.strings('address'));
    const pod = yield* onePod(kubectl, target, args.duration('pod-running-timeout'));
    const object = yield* named(kubectl, target);
    const ports = asked.map((text) => parsePorts(asRemote(text, object, pod)));
    if (pod.status?.phase !== 'Running') {
      throw new CommandError(
        `unable to forward port because pod is not running. Current status=${pod.status?.phase ?? ''}`,
      );
    }
    const path = `/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}/portforward`;
    const forward = (yield* kubectl.send({ method: 'POST', path })).portForward as PortForward;
    return yield* new Forwarding(kubectl, forward).run(addresses, ports);
  },
};

/** The Service that is named, whose ports lead to others; undefined for everything else. */
function* named(kubectl: Kubectl, target: string): Co<KubeObject | undefined> {
  if (!/^(?:services?|svc)\//.test(target)) return undefined;
  const found = yield* find(kubectl, { args: [target], latest: true });
  return found.infos[0]?.object;
}

function addressesOf(given: readonly string[]): string[] {
  const all: string[] = [];
  for (const address of given) {
    if (address === 'localhost') all.push(...LOCALHOST);
    else if (/^[\d.]+$|:/.test(address)) all.push(address);
    else throw new CommandError(`${address} is not a valid IP`);
  }
  return [...new Set(all)];
}

/** `text` with the number of the container's port in place of a name or of a Service's port. */
function asRemote(text: string, object: KubeObject | undefined, pod: Pod): string {
  const at = text.lastIndexOf(':');
  const local = at < 0 ? undefined : text.slice(0, at);
  let remote = at < 0 ? text : text.slice(at + 1);
  if (object) {
    const { name } = object.metadata;
    const { ports = [], clusterIP } = (object as unknown as Service).spec ?? {};
    const number = Number(remote);
    const port = ports.find((one) => (Number.isNaN(number) ? one.name === remote : one.port === number));
    if (!port) {
      throw new CommandError(
        Number.isNaN(number)
          ? `Service '${name}' does not have a named port '${remote}'`
          : `Service ${name} does not have a service port ${remote}`,
      );
    }
    const targetPort = clusterIP === 'None' ? port.port : (port.targetPort ?? port.port);
    // Without a port of its own the local one is the Service's.
    return `${local ?? (Number.isNaN(number) ? port.port : remote)}:${typeof targetPort === 'number' ? targetPort : byName(pod, targetPort)}`;
  }
  if (!/^-?\d+$/.test(remote) && remote !== '') remote = String(byName(pod, remote));
  return local === undefined ? remote : `${local}:${remote}`;
}

function byName(pod: Pod, name: string): number {
  const { containers = [], initContainers = [] } = pod.spec ?? {};
  for (const container of [...containers, ...initContainers]) {
    const port = container.ports?.find((one) => one.name === name);
    if (port) return port.containerPort;
  }
  throw new CommandError(`Pod '${pod.metadata.name}' does not have a named port '${name}'`);
}

function parsePorts(text: string): Ports {
  const parts = text.split(':');
  if (parts.length > 2) throw new CommandError(`invalid port format '${text}'`);
  const [local, remote] = parts.length === 1 ? [text, text] : [parts[0] || '0', parts[1]];
  const number = (what: string, part: string) => {
    if (!/^\d+$/.test(part)) {
      throw new CommandError(
        `error parsing ${what} port '${part}': strconv.ParseUint: parsing ${JSON.stringify(part)}: invalid syntax`,
      );
    }
    if (Number(part) > 65535) {
      throw new CommandError(
        `error parsing ${what} port '${part}': strconv.ParseUint: parsing ${JSON.stringify(part)}: value out of range`,
      );
    }
    return Number(part);
  };
  const ports = { local: number('local', local), remote: number('remote', remote) };
  if (ports.remote === 0) throw new CommandError('remote port must be > 0');
  return ports;
}

class Forwarding {
  private readonly kubectl: Kubectl;
  private readonly forward: PortForward;
  private readonly lost = new Signal();
  private isLost = false;
  private readonly listeners: Listener[] = [];
  private readonly sockets = new Set<Socket>();

  constructor(kubectl: Kubectl, forward: PortForward) {
    this.kubectl = kubectl;
    this.forward = forward;
  }

  *run(addresses: readonly string[], all: readonly Ports[]): Co<number> {
    const { kubectl } = this;
    try {
      const open = all.filter((ports) => this.listen(addresses, ports));
      if (open.length === 0) {
        const tried = all.map(({ local, remote }) => `{${local} ${remote}}`).join(' ');
        throw new CommandError(`unable to listen on any of the requested ports: [${tried}]`);
      }
      while (!this.isLost) yield this.lost;
      throw new CommandError('lost connection to pod');
    } finally {
      for (const listener of this.listeners) listener.close();
      for (const socket of this.sockets) socket.close();
      kubectl.process.handlers.delete('INT');
    }
  }

  /** False when localhost could not be had at all, or an address that was asked for by itself. */
  private listen(addresses: readonly string[], { local, remote }: Ports): boolean {
    const { kubectl } = this;
    const { net } = kubectl.process.host;
    const port = local || freePort(kubectl, net);
    const errors: string[] = [];
    let lost = false;
    for (const address of addresses) {
      const loopback = LOCALHOST.includes(address);
      const foreign = !loopback && address !== '0.0.0.0' && address !== '::' && !net.owns(address);
      const shown = address.includes(':') ? `[${address}]` : address;
      const listener = !foreign && net.listen(port, (socket) => this.accept(socket, port, remote), { address });
      if (listener) {
        this.listeners.push(listener);
        kubectl.line(`Forwarding from ${shown}:${port} -> ${remote}`);
      } else {
        const version = address.includes(':') ? 'tcp6' : 'tcp4';
        errors.push(
          `unable to create listener: Error listen ${version} ${shown}:${port}: bind: ${foreign ? 'cannot assign requested address' : 'address already in use'}`,
        );
        lost ||= !loopback;
      }
    }
    if (!lost && errors.length < addresses.length) return true;
    kubectl.line(
      `Unable to listen on port ${port}: Listeners failed to create with the following errors: [${errors.join(' ')}]`,
    );
    return false;
  }

  private accept(socket: Socket, port: number, remote: number) {
    const { sim } = this.kubectl.process.host;
    this.kubectl.line(`Handling connection for ${port}`);
    this.sockets.add(socket);
    sim.spawn('port-forward', this.carry(socket, port, remote));
  }

  private *carry(socket: Socket, port: number, remote: number): Co {
    const { sim } = this.kubectl.process.host;
    const made = yield* this.forward.dial(remote);
    if (typeof made === 'string') {
      const what = JSON.stringify(`an error occurred forwarding ${port} -> ${remote}: ${made}`);
      this.kubectl.log('E', `portforward.go:424] "Unhandled Error" err=${what}`);
      socket.close();
      this.isLost = true;
      this.lost.fire();
      return;
    }
    this.sockets.add(made);
    const there = sim.spawn('port-forward', pump(socket, made));
    yield* pump(made, socket);
    there.kill();
    for (const one of [socket, made]) {
      one.close();
      this.sockets.delete(one);
    }
  }
}

/** Everything that comes from one end goes out at the other, and its end too. */
function* pump(from: Socket, to: Socket): Co {
  for (let text = yield* from.reader.read(); text !== undefined; text = yield* from.reader.read()) {
    if (!to.writer.write(text)) return;
    yield* to.writer.drain();
  }
  to.writer.close();
}

function freePort(kubectl: Kubectl, net: NetworkNamespace): number {
  const random = kubectl.process.host.sim.random('free-port');
  for (;;) {
    const port = FIRST_FREE + random.int(LAST_FREE - FIRST_FREE + 1);
    if (!net.listener('127.0.0.1', port)) return port;
  }
}
