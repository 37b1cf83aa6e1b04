// konnectivity-agent: a Pod of the nodes' side that opens a connection to the server and dials for it.

import { flagValue, untilSignal } from '../images/service.ts';
import { type Process, type Program, serveHttp, type Socket } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { healthy, unknownFlag } from './flags.ts';
import { agentsOf, logger, type Agent } from './tunnel.ts';

const FLAGS = [
  'logtostderr',
  'ca-cert',
  'proxy-server-host',
  'proxy-server-port',
  'admin-server-port',
  'health-server-port',
  'service-account-token-path',
  'agent-id',
  'agent-identifiers',
  'v',
];
/** --sync-interval and its cap, ms; between failures it grows by half. */
const SYNC = 1_000;
const SYNC_CAP = 10_000;
const GROWTH = 1.5;
const DIAL_TIMEOUT = 20_000;

export const agent: Program = function* (process): Co<number> {
  const { argv, host } = process;
  const { sim, net } = host;
  yield 20;
  const unknown = unknownFlag(argv, FLAGS);
  if (unknown) {
    process.stderr.write(`Error: unknown flag: --${unknown}\n`);
    return 1;
  }
  const log = logger(process, Number(flagValue(argv, '--v') ?? 0));
  const id = flagValue(argv, '--agent-id') ?? sim.random('konnectivity/agent').uuid();
  const self: Agent = { id, net, log, open: new Set() };
  const agents = agentsOf(sim);
  agents.set(id, self);
  const health = serveHttp(sim, net, Number(flagValue(argv, '--health-server-port') ?? 8134), healthy);
  const task = sim.spawn('konnectivity-agent', sync(process, self));
  try {
    yield* untilSignal(process, ['TERM', 'INT']);
    return 0;
  } finally {
    task.kill();
    health?.close();
    if (agents.get(id) === self) agents.delete(id);
  }
};

/** Keeps a connection to the server, for ever. */
function* sync(process: Process, self: Agent): Co {
  let wait = SYNC;
  for (;;) {
    const socket = yield* connect(process, self);
    if (typeof socket === 'string') {
      const desc = JSON.stringify(`rpc error: code = ${socket}`);
      self.log('E', 'clientset.go:193', `"cannot connect once" err=${desc}`);
      yield wait;
      wait = Math.min(wait * GROWTH, SYNC_CAP);
      continue;
    }
    wait = SYNC;
    yield* serve(socket, self);
    yield SYNC;
  }
}

/** The tunnel, or why there is none, as gRPC says it. */
function* connect({ argv, host }: Process, self: Agent): Co<Socket | string> {
  const { fs, net } = host;
  const server = flagValue(argv, '--proxy-server-host') ?? '127.0.0.1';
  const port = Number(flagValue(argv, '--proxy-server-port') ?? 8091);
  const tokenPath = flagValue(argv, '--service-account-token-path');
  const caPath = flagValue(argv, '--ca-cert');
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
    return unavailable(`Error while dialing: dial tcp ${ip}:${port}: ${why}`);
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
    identifiers: flagValue(argv, '--agent-identifiers') ?? '',
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
function* serve(socket: Socket, { id, log, open }: Agent): Co {
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
