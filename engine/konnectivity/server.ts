// konnectivity-server: beside the API server on the control plane. Agents connect to its port 8132; the API server comes
// by a Unix socket.

import type { ApiRequest, Handle } from '../apiserver/types.ts';
import type { TokenReview } from '../api/types.ts';
import { untilSignal } from '../images/service.ts';
import { FileNode, type Listener, type Process, type Program, type Socket } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { gauge, health, serve } from './endpoints.ts';
import { readFlags, SERVER_FLAGS } from './flags.ts';
import { agentTls, invalidOptions } from './server-options.ts';
import { agentsOf, logger, Server, unixListeners, type Backend, type Log } from './tunnel.ts';

export interface ServerOptions {
  handle: Handle;
  /** The request as it comes over a connection with a client certificate and its key (base64 of PEM). */
  connected: (request: ApiRequest, certificate: string | undefined, key: string | undefined) => ApiRequest;
}

export const server = ({ handle, connected }: ServerOptions): Program =>
  function* (process): Co<number> {
    const { argv, host } = process;
    const { sim, fs, net } = host;
    yield 20;
    const failed = (problem: string) => {
      process.stderr.write(`Error: ${problem}\n`);
      return 1;
    };
    const flags = readFlags(argv, SERVER_FLAGS);
    if ('problem' in flags) return failed(flags.problem);
    const flag = (name: string) => flags.get(name) ?? '';
    const log = logger(process, Number(flag('v')));
    const invalid = invalidOptions(process, flag);
    if (invalid) return failed(`failed to validate server options with ${invalid}`);
    const path = flag('uds-name');
    if (!path || flag('mode') !== 'grpc' || flag('cluster-ca-cert'))
      return failed(
        'other ways to the server than --mode=grpc over --uds-name, and agents with certificates, are not modelled by this engine',
      );
    const id = flag('server-id') || sim.random('konnectivity/server').uuid();
    const self = new Server(process, log, id, flag('proxy-strategies').split(','));
    const review = reviewer(process, { handle, connected }, flag);
    log(1, 'main.go:139', 'Starting frontend server for client connections.');
    const listens = (why: string) =>
      failed(
        `failed to run the frontend server: failed to get uds listener: failed to listen(unix) name ${path}: listen unix ${path}: bind: ${why}`,
      );
    if (fs.exists(path)) {
      if (flag('delete-existing-uds-file') !== 'true') return listens('address already in use');
      fs.remove(path);
    }
    if (fs.find(path.slice(0, path.lastIndexOf('/')))?.kind !== 'dir') return listens('no such file or directory');
    fs.writeFile(path, '');
    const file = fs.find(path);
    if (file instanceof FileNode) unixListeners.set(file, self);
    const opened: Listener[] = [];
    try {
      log(1, 'main.go:145', 'Starting agent server for tunnel connections.');
      const tls = agentTls(process, flag('cluster-cert'), flag('cluster-key'));
      if (typeof tls === 'string') return failed(`failed to run the agent server: ${tls}`);
      const port = flag('agent-port');
      const listener = net.listen(
        Number(port),
        (socket) => void sim.spawn('konnectivity-server', accept(self, socket, review, log)),
        { tls, process },
      );
      if (!listener)
        return failed(
          `failed to run the agent server: failed to listen on :${port}: listen tcp :${port}: bind: address already in use`,
        );
      opened.push(listener);
      const ports: [string, Listener | undefined][] = [];
      log(1, 'main.go:151', 'Starting admin server for debug connections.');
      const count = gauge(
        CONNECTED,
        'Number of konnectivity agent connected to the proxy server',
        () => self.backends.size,
      );
      const admin = flag('admin-bind-address');
      ports.push(['admin', serve(process, Number(flag('admin-port')), { '/metrics': count }, admin)]);
      log(1, 'main.go:157', 'Starting health server for healthchecks.');
      const unready = () =>
        self.backends.size ? undefined : { status: 500, body: 'no connection to any proxy agent' };
      ports.push(['health', serve(process, Number(flag('health-port')), health(unready))]);
      for (const [name, one] of ports) {
        if (one) opened.push(one);
        else log('E', 'main.go:400', `"${name} server could not listen" err="bind: address already in use"`);
      }
      yield* untilSignal(process, ['TERM', 'INT']);
      log(1, 'main.go:172', 'Shutting down server.');
      return 0;
    } finally {
      for (const listener of opened) listener.close();
      if (file instanceof FileNode) unixListeners.delete(file);
      for (const { socket } of self.backends) socket.close();
      self.backends.clear();
    }
  };

const CONNECTED = 'konnectivity_network_proxy_server_ready_backend_connections';

/** Why an agent's token is not accepted; undefined: it is. */
type Review = (token: string) => string | undefined;

function reviewer({ host: { fs } }: Process, options: ServerOptions, flag: (name: string) => string): Review {
  const namespace = flag('agent-namespace');
  if (!namespace) return () => undefined;
  const account = flag('agent-service-account');
  const audience = flag('authentication-audience');
  const config = flag('kubeconfig') ? fs.readFile(flag('kubeconfig')) : '';
  const [certificate, key] = ['client-certificate-data', 'client-key-data'].map(
    (name) => new RegExp(`${name}: (\\S+)`).exec(config)?.[1],
  );
  return (token) => {
    const request: ApiRequest = {
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/tokenreviews',
      headers: { 'user-agent': 'proxy-server/v0.33.0 (linux/amd64) kubernetes' },
      body: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        metadata: {},
        spec: { token, audiences: [audience] },
      },
    };
    const { code, body } = options.handle(options.connected(request, certificate, key));
    if (code >= 400) return `Failed to authenticate request. err:${(body as { message?: string }).message}`;
    const { authenticated, error, user } = (body as unknown as TokenReview).status ?? {};
    if (error) return `lookup failed: ${error}`;
    if (!authenticated) return 'lookup failed: service account jwt not valid';
    const [, , space, name] = (user?.username ?? '').split(':');
    if (space !== namespace)
      return `lookup failed: incoming request from "${space}" namespace. Expected "${namespace}"`;
    if (name !== account)
      return `lookup failed: incoming request from "${name}" service account. Expected "${account}"`;
    return undefined;
  };
}

/** One agent's connection, from its first words to its end. */
function* accept(self: Server, socket: Socket, review: Review, log: Log): Co {
  const hello = yield* socket.reader.read();
  let said: { agentID: string; identifiers: string; token: string } | undefined;
  try {
    said = JSON.parse(hello ?? '');
  } catch {
    said = undefined;
  }
  const agent = said && agentsOf(self.sim).get(said.agentID);
  if (!said || !agent) return socket.close();
  const { agentID, identifiers } = said;
  const refused = review(said.token);
  if (refused) {
    const text = `Failed to validate authentication token, err:${refused}`;
    log('E', 'server.go:640', `"Client authentication failed" err=${JSON.stringify(text)} agentID="${agentID}"`);
    socket.writer.write(`${text}\n`);
    return socket.close();
  }
  const hosts = identifiers.split('&').map((one) => one.replace(/^(ipv4|ipv6|host)=/, ''));
  const backend: Backend = { agent, socket, hosts };
  self.backends.add(backend);
  log(2, 'server.go:651', `"Agent connected" agentID="${agentID}" serverID="${self.id}"`);
  socket.writer.write(`server ${self.id}\n`);
  while ((yield* socket.reader.read()) !== undefined);
  self.backends.delete(backend);
  log(2, 'server.go:680', `"Receive stream from agent is closed" agentID="${agentID}"`);
  socket.close();
}
