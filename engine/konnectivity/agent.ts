// konnectivity-agent: a Pod of the nodes' side that opens a connection to the server and dials for it.

import { goDurationMs } from '../api/duration.ts';
import { untilSignal } from '../images/service.ts';
import {
  type FileSystem,
  header,
  hostPort,
  type HttpRequest,
  type HttpResponse,
  type Process,
  type Program,
  type Socket,
} from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { gauge, health, serve } from './endpoints.ts';
import { AGENT_FLAGS, readFlags } from './flags.ts';
import { agentsOf, logger, type Agent } from './tunnel.ts';

/** Between failures the time to the next try grows by half. */
const GROWTH = 1.5;
const DIAL_TIMEOUT = 20_000;

type FlagOf = (name: string) => string;

export const agent: Program = function* (process): Co<number> {
  const { argv, host } = process;
  const { sim, net, fs } = host;
  yield 20;
  const failed = (problem: string) => {
    process.stderr.write(`Error: ${problem}\n`);
    return 1;
  };
  const flags = readFlags(argv, AGENT_FLAGS);
  if ('problem' in flags) return failed(flags.problem);
  const flag: FlagOf = (name) => flags.get(name) ?? '';
  const invalid = invalidOptions(fs, flag);
  if (invalid) return failed(`failed to validate agent options with ${invalid}`);
  const log = logger(process, Number(flag('v')));
  const id = flag('agent-id') || sim.random('konnectivity/agent').uuid();
  const self: Agent = { id, net, log, open: new Set() };
  const agents = agentsOf(sim);
  agents.set(id, self);
  let connected = 0;
  const count = (by: number) => void (connected += by);
  const unready = () =>
    connected ? undefined : { status: 503, body: '[+]ping ok\n[-]server-connected failed: no servers connected\n' };
  const healthPort = flag('health-server-port');
  const listeners = [
    serve(process, Number(healthPort), {
      ...health(unready),
      '/metrics': gauge(
        'konnectivity_network_proxy_agent_open_server_connections',
        'Current number of open server connections.',
        () => connected,
      ),
    }),
    serve(
      process,
      Number(flag('admin-server-port')),
      { '/metrics': elsewhere(healthPort) },
      flag('admin-bind-address'),
    ),
  ];
  const task = sim.spawn('konnectivity-agent', sync(process, flag, self, count));
  try {
    yield* untilSignal(process, ['TERM', 'INT']);
    return 0;
  } finally {
    task.kill();
    for (const listener of listeners) listener?.close();
    if (agents.get(id) === self) agents.delete(id);
  }
};

/** The figures have moved to the health server's port. */
const elsewhere =
  (port: string) =>
  ({ headers }: HttpRequest): HttpResponse => {
    const host = (header(headers, 'host') ?? '').replace(/:\d+$/, '');
    return { status: 301, headers: [['Location', `http://${host}:${port}/metrics`]], body: '' };
  };

const IDENTIFIERS = ['ipv4', 'ipv6', 'host', 'cidr', 'default-route'];

/** Why the options are none that it accepts (cmd/agent/app/options: Validate); undefined: they are. */
function invalidOptions(fs: FileSystem, flag: FlagOf): string | undefined {
  const missing = (path: string) => path && !fs.exists(path) && `got stat ${path}: no such file or directory`;
  const ca = missing(flag('ca-cert'));
  if (ca) return `error checking agent CA cert ${flag('ca-cert')}, ${ca}`;
  for (const [name, what] of PORTS)
    if (Number(flag(name)) <= 0) return `${what} port ${flag(name)} must be greater than 0`;
  const [interval, cap] = ['sync-interval', 'sync-interval-cap'];
  if ((goDurationMs(flag(interval)) ?? 0) > (goDurationMs(flag(cap)) ?? 0))
    return `sync interval ${flag(interval)} must be less than sync interval cap ${flag(cap)}`;
  const token = missing(flag('service-account-token-path'));
  if (token) return `error checking service account token path ${flag('service-account-token-path')}, ${token}`;
  const types = flag('agent-identifiers').split('&').filter(Boolean);
  const unknown = types.map((one) => one.split('=', 1)[0]).find((type) => !IDENTIFIERS.includes(type));
  return unknown === undefined ? undefined : `agent address is invalid: unknown address type: ${unknown}`;
}

const PORTS = [
  ['proxy-server-port', 'proxy server'],
  ['health-server-port', 'health server'],
  ['admin-server-port', 'admin server'],
] as const;

/** Keeps a connection to the server, for ever. */
function* sync(process: Process, flag: FlagOf, self: Agent, count: (by: number) => void): Co {
  const interval = goDurationMs(flag('sync-interval')) as number;
  const cap = goDurationMs(flag('sync-interval-cap')) as number;
  let wait = interval;
  for (;;) {
    const socket = yield* connect(process, flag, self);
    if (typeof socket === 'string') {
      const desc = JSON.stringify(`rpc error: code = ${socket}`);
      self.log('E', 'clientset.go:193', `"cannot connect once" err=${desc}`);
      yield wait;
      wait = Math.min(wait * GROWTH, cap);
      continue;
    }
    wait = interval;
    count(1);
    yield* answer(socket, self);
    count(-1);
    yield interval;
  }
}

/** The tunnel, or why there is none, as gRPC says it. */
function* connect({ host }: Process, flag: FlagOf, self: Agent): Co<Socket | string> {
  const { fs, net } = host;
  const server = flag('proxy-server-host');
  const port = Number(flag('proxy-server-port'));
  const tokenPath = flag('service-account-token-path');
  const caPath = flag('ca-cert');
  for (const path of [tokenPath, caPath]) {
    if (path && !fs.exists(path)) return `Unknown desc = open ${path}: no such file or directory`;
  }
  const unavailable = (why: string) => `Unavailable desc = connection error: desc = "transport: ${why}"`;
  const addresses = yield* host.resolve(server);
  if (!addresses?.length) return unavailable(`Error while dialing: dial tcp: lookup ${server}: no such host`);
  const [ip] = addresses;
  const socket = yield* net.connect(ip, port, { timeout: DIAL_TIMEOUT });
  if (typeof socket === 'string') {
    const why = socket === 'ETIMEDOUT' ? 'i/o timeout' : socket === 'ECONNREFUSED' ? REFUSED : UNREACHABLE;
    return unavailable(`Error while dialing: dial tcp ${hostPort(ip, port)}: ${why}`);
  }
  const handshake = (why: string) => {
    socket.close();
    return unavailable(`authentication handshake failed: ${why}`);
  };
  const { tls } = socket;
  if (!tls) return handshake('tls: first record does not look like a TLS handshake');
  if (caPath && fs.readFile(caPath).trim() !== tls.ca.trim())
    return handshake('tls: failed to verify certificate: x509: certificate signed by unknown authority');
  if (!tls.names.includes(server))
    return handshake(
      `tls: failed to verify certificate: x509: certificate is valid for ${tls.names.join(', ')}, not ${server}`,
    );
  const hello = {
    agentID: self.id,
    identifiers: flag('agent-identifiers'),
    token: tokenPath ? fs.readFile(tokenPath) : '',
  };
  socket.writer.write(`${JSON.stringify(hello)}\n`);
  const answer = yield* socket.reader.read();
  if (answer?.startsWith('server ')) {
    self.log(2, 'client.go:208', `"Connect to server" serverID="${answer.slice('server '.length).trim()}"`);
    return socket;
  }
  socket.close();
  return answer === undefined ? unavailable('error reading from server: EOF') : `Unknown desc = ${answer.trim()}`;
}

const REFUSED = 'connect: connection refused';
const UNREACHABLE = 'connect: no route to host';

/** Until the server's end of the connection is gone. */
function* answer(socket: Socket, { id, log, open }: Agent): Co {
  log(2, 'client.go:358', `"Start serving" agentID="${id}"`);
  try {
    while ((yield* socket.reader.read()) !== undefined);
    log(2, 'client.go:377', `"received EOF, exit" agentID="${id}"`);
  } finally {
    for (const one of open) one.close();
    open.clear();
    socket.close();
  }
}
