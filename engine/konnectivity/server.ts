// konnectivity-server: beside the API server on the control plane. Agents connect to its port 8132; the API server comes
// by a Unix socket.

import type { ApiRequest, Handle } from '../apiserver/types.ts';
import type { TokenReview } from '../api/types.ts';
import { flagValue, untilSignal } from '../images/service.ts';
import { FileNode, type HttpResponse, type Process, type Program, serveHttp, type Socket } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { healthy, unknownFlag } from './flags.ts';
import { agentsOf, logger, Server, unixListeners, type Backend, type Log } from './tunnel.ts';

export interface ServerOptions {
  handle: Handle;
  /** The request as it comes over a connection with a client certificate and its key (base64 of PEM). */
  connected: (request: ApiRequest, certificate: string | undefined, key: string | undefined) => ApiRequest;
}

const FLAGS = [
  'logtostderr',
  'uds-name',
  'delete-existing-uds-file',
  'cluster-cert',
  'cluster-key',
  'mode',
  'server-port',
  'agent-port',
  'admin-port',
  'health-port',
  'agent-namespace',
  'agent-service-account',
  'kubeconfig',
  'authentication-audience',
  'proxy-strategies',
  'server-id',
  'v',
];
const STRATEGIES = ['default', 'destHost', 'defaultRoute'];

export const server = ({ handle, connected }: ServerOptions): Program =>
  function* (process): Co<number> {
    const { argv, host } = process;
    const { sim, fs, net } = host;
    yield 20;
    const flag = (name: string) => flagValue(argv, `--${name}`);
    const log = logger(process, Number(flag('v') ?? 0));
    const unknown = unknownFlag(argv, FLAGS);
    const problem = unknown ? `unknown flag: --${unknown}` : problemOf(process, flag);
    if (problem) {
      process.stderr.write(`Error: ${problem}\n`);
      return 1;
    }
    const id = flag('server-id') ?? sim.random('konnectivity/server').uuid();
    const self = new Server(process, log, id, (flag('proxy-strategies') ?? 'default').split(','));
    const review = reviewer(process, { handle, connected }, flag);
    const path = flag('uds-name') as string;
    if (fs.exists(path)) fs.remove(path);
    fs.writeFile(path, '');
    const file = fs.find(path);
    log(1, 'main.go:139', 'Starting frontend server for client connections.');
    if (file instanceof FileNode) unixListeners.set(file, self);
    log(1, 'main.go:145', 'Starting agent server for tunnel connections.');
    const certificate = flag('cluster-cert') as string;
    const ca = fs.readFile(`${certificate.slice(0, certificate.lastIndexOf('/'))}/ca.crt`);
    const port = Number(flag('agent-port') ?? 8091);
    const listener = net.listen(
      port,
      (socket) => void sim.spawn('konnectivity-server', accept(self, socket, review, log)),
      { tls: { ca, names: [host.hostname, 'kubernetes', ...net.addresses] }, process },
    );
    if (!listener) {
      process.stderr.write(
        `Error: failed to run the agent server: failed to listen on :${port}: listen tcp :${port}: bind: address already in use\n`,
      );
      return 1;
    }
    log(1, 'main.go:157', 'Starting health server for healthchecks.');
    const ready = function* (request: { target: string }): Co<HttpResponse> {
      if (!/^\/ready/.test(request.target) || self.backends.size) return yield* healthy(request);
      return { status: 500, body: 'no connection to any proxy agent' };
    };
    const health = serveHttp(sim, net, Number(flag('health-port') ?? 8092), ready, { process });
    try {
      yield* untilSignal(process, ['TERM', 'INT']);
      log(1, 'main.go:172', 'Shutting down server.');
      return 0;
    } finally {
      listener.close();
      health?.close();
      if (file instanceof FileNode) unixListeners.delete(file);
      for (const { socket } of self.backends) socket.close();
      self.backends.clear();
    }
  };

function problemOf({ argv, host: { fs } }: Process, flag: (name: string) => string | undefined): string | undefined {
  const uds = flag('uds-name');
  if (!uds || (flag('mode') ?? 'grpc') !== 'grpc')
    return 'other ways to the server than --mode=grpc over --uds-name are not modelled by this engine';
  const directory = uds.slice(0, uds.lastIndexOf('/'));
  if (fs.find(directory)?.kind !== 'dir')
    return `failed to run the frontend server: failed to get uds listener: failed to listen(unix) name ${uds}: listen unix ${uds}: bind: no such file or directory`;
  if (fs.exists(uds) && !argv.some((arg) => /^--delete-existing-uds-file(=true)?$/.test(arg)))
    return `failed to run the frontend server: failed to get uds listener: failed to listen(unix) name ${uds}: listen unix ${uds}: bind: address already in use`;
  const unknown = (flag('proxy-strategies') ?? 'default').split(',').find((one) => !STRATEGIES.includes(one));
  if (unknown) return `unknown proxy strategy: ${unknown}`;
  const [certificate, key] = [flag('cluster-cert') ?? '', flag('cluster-key') ?? ''];
  const missing = [certificate, key].find((path) => !fs.exists(path));
  if (missing !== undefined)
    return `failed to run the agent server: failed to load X509 key pair ${certificate} and ${key}: open ${missing}: no such file or directory`;
  const config = flag('kubeconfig') ?? '';
  if (flag('agent-namespace') && !fs.exists(config))
    return `failed to load kubernetes client config: stat ${config}: no such file or directory`;
  return undefined;
}

/** Why an agent's token is not accepted; undefined: it is. */
type Review = (token: string) => string | undefined;

function reviewer(
  { host: { fs } }: Process,
  options: ServerOptions,
  flag: (name: string) => string | undefined,
): Review {
  const namespace = flag('agent-namespace');
  if (!namespace) return () => undefined;
  const account = flag('agent-service-account');
  const audience = flag('authentication-audience');
  const config = fs.readFile(flag('kubeconfig') as string);
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
