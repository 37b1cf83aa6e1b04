// nc: a connection from the command line.

import { type Co, Signal } from '../../sim/index.ts';
import { isAddress } from '../net/index.ts';
import type { Process, Program } from '../types.ts';
import { emit, fail, isBusybox, parseOptions, usageError } from './options.ts';

const REASONS = {
  ECONNREFUSED: 'Connection refused',
  ETIMEDOUT: 'Connection timed out',
  EHOSTUNREACH: 'No route to host',
};

export const nc: Program = function* (process) {
  const options = parseOptions(process, { short: 'lp:zvw:nue:q:kN', usage: '[options] [destination] [port]' });
  const { sim, net } = process.host;
  if (options.has('u') || options.has('e'))
    fail(process, `-${options.has('u') ? 'u: UDP' : 'e: running a program on a connection'} is not modelled`);
  if (options.has('l'))
    return yield* listen(
      process,
      Number(options.value('p') ?? options.args[options.args.length - 1]),
      options.has('k'),
      options.has('v'),
    );
  const [host, ports] = options.args;
  if (host === undefined || ports === undefined) usageError(process, 'missing port number');
  const verbose = options.has('v');
  const timeout = options.has('w') ? Number(options.value('w')) * 1000 : undefined;
  const addresses = yield* process.host.resolve(host);
  if (!addresses?.length) {
    if (isBusybox(process)) fail(process, `bad address '${host}'`);
    fail(process, `getaddrinfo for host "${host}" port ${ports}: Name or service not known`);
  }
  const [ip] = addresses;
  const range = /^(\d+)(?:-(\d+))?$/.exec(ports);
  if (!range) fail(process, `port number invalid: ${ports}`);
  let status = 1;
  for (let port = Number(range[1]); port <= Number(range[2] ?? range[1]); port++) {
    const socket = yield* net.connect(ip, port, { timeout });
    const label = isAddress(host) ? `${host} ${port}` : `${host} (${ip}) ${port}`;
    if (typeof socket === 'string') {
      const words =
        socket === 'ETIMEDOUT' && timeout !== undefined
          ? 'timed out: Operation now in progress'
          : `failed: ${REASONS[socket]}`;
      if (isBusybox(process)) {
        if (verbose || !options.has('z'))
          process.stderr.write(
            `nc: ${socket === 'ETIMEDOUT' && timeout !== undefined ? 'timed out' : `${ip} (${ip}:${port}): ${REASONS[socket]}`}\n`,
          );
      } else if (verbose)
        process.stderr.write(`nc: connect to ${host}${host === ip ? '' : ` (${ip})`} port ${port} (tcp) ${words}\n`);
      continue;
    }
    status = 0;
    if (verbose)
      process.stderr.write(
        isBusybox(process)
          ? `${host === ip ? ip : `${host} (${ip}`}${host === ip ? ` (${ip}:${port})` : `:${port})`} open\n`
          : `Connection to ${label} port [tcp/*] succeeded!\n`,
      );
    if (options.has('z')) {
      socket.close();
      continue;
    }
    const sender = sim.spawn(
      'nc',
      pump(
        process,
        (text) => socket.writer.write(text),
        () => (options.has('N') || options.has('q')) && socket.writer.close(),
      ),
    );
    const deadline = timeout;
    for (;;) {
      const task = sim.spawn('nc read', socket.reader.read());
      const until = deadline === undefined ? undefined : sim.now + deadline;
      while (!task.done && (until === undefined || sim.now < until))
        yield { signals: [task.exited], timeout: until === undefined ? undefined : until - sim.now };
      const text = task.done ? task.result : undefined;
      if (!task.done) task.kill();
      if (text === undefined) break;
      yield* emit(process, text);
    }
    sender.kill();
    socket.close();
  }
  return status;
};

function* pump(process: Process, write: (text: string) => unknown, end: () => unknown): Co {
  for (let text = yield* process.stdin.read(); text !== undefined; text = yield* process.stdin.read()) write(text);
  end();
}

function* listen(process: Process, port: number, keep: boolean, verbose: boolean): Co<number> {
  const { sim, net } = process.host;
  if (!Number.isInteger(port)) usageError(process, 'missing port number');
  const waiting: Parameters<Parameters<typeof net.listen>[1]>[0][] = [];
  const arrived = new Signal();
  const listener = net.listen(port, (socket) => {
    waiting.push(socket);
    arrived.fire();
  });
  if (!listener) fail(process, 'Address already in use');
  if (verbose) process.stderr.write(`Listening on 0.0.0.0 ${port}\n`);
  try {
    do {
      while (!waiting.length) yield arrived;
      const socket = waiting.shift()!;
      if (verbose) process.stderr.write(`Connection received on ${socket.remote.ip} ${socket.remote.port}\n`);
      const sender = sim.spawn(
        'nc',
        pump(
          process,
          (text) => socket.writer.write(text),
          () => socket.writer.close(),
        ),
      );
      for (let text = yield* socket.reader.read(); text !== undefined; text = yield* socket.reader.read())
        yield* emit(process, text);
      sender.kill();
      socket.close();
    } while (keep);
  } finally {
    listener.close();
  }
  return 0;
}
