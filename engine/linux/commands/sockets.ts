// nc, ping, nslookup, host, dig, getent: the network from the command line.

import { type Co, Signal } from '../../sim/index.ts';
import { filesOf } from '../host.ts';
import { isAddress } from '../network.ts';
import type { Process, Program } from '../types.ts';
import { emit, fail, isBusybox, operands, parseOptions, put, usageError } from './options.ts';

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
  const addresses = yield* net.resolve(host);
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

export const ping: Program = function* (process) {
  const options = parseOptions(process, { short: 'c:i:W:w:qs:n4', usage: '[options] <destination>' });
  const { sim, net } = process.host;
  operands(process, options.args, 1, 1);
  const [name] = options.args;
  const addresses = yield* net.resolve(name);
  if (!addresses?.length) {
    process.stderr.write(
      isBusybox(process) ? `ping: bad address '${name}'\n` : `ping: ${name}: Name or service not known\n`,
    );
    return isBusybox(process) ? 1 : 2;
  }
  const [ip] = addresses;
  const size = Number(options.value('s') ?? 56);
  const most = options.has('c') ? Number(options.value('c')) : Infinity;
  const interval = Number(options.value('i') ?? 1) * 1000;
  const deadline = options.has('w') ? sim.now + Number(options.value('w')) * 1000 : Infinity;
  const wait = Number(options.value('W') ?? 10) * 1000;
  put(
    process,
    `PING ${name} (${ip})${isBusybox(process) ? `: ${size} data bytes` : ` ${size}(${size + 28}) bytes of data.`}\n`,
  );
  const times: number[] = [];
  const started = sim.now;
  let sent = 0;
  let stop = false;
  process.handlers.set('INT', () => (stop = true));
  while (sent < most && sim.now < deadline && !stop) {
    sent++;
    const time = net.ping(ip);
    if (time !== undefined) {
      yield time;
      times.push(time);
      if (!options.has('q')) {
        put(
          process,
          isBusybox(process)
            ? `${size + 8} bytes from ${ip}: seq=${sent - 1} ttl=64 time=${time.toFixed(3)} ms\n`
            : `${size + 8} bytes from ${isAddress(name) ? ip : `${name} (${ip})`}: icmp_seq=${sent} ttl=64 time=${time.toFixed(3)} ms\n`,
        );
      }
    }
    if (sent < most) yield interval;
    else if (time === undefined) yield Math.min(wait, Math.max(0, deadline - sim.now));
  }
  const lost = Math.round(((sent - times.length) / sent) * 100);
  const elapsed = Math.round(sim.now - started);
  let out = `\n--- ${name} ping statistics ---\n`;
  out += `${sent} packets transmitted, ${times.length} ${isBusybox(process) ? 'packets ' : ''}received, ${lost}% packet loss${isBusybox(process) ? '' : `, time ${elapsed}ms`}\n`;
  if (times.length) {
    const least = Math.min(...times).toFixed(3);
    const greatest = Math.max(...times).toFixed(3);
    const mean = (times.reduce((sum, time) => sum + time, 0) / times.length).toFixed(3);
    out += isBusybox(process)
      ? `round-trip min/avg/max = ${least}/${mean}/${greatest} ms\n`
      : `rtt min/avg/max/mdev = ${least}/${mean}/${greatest}/0.000 ms\n`;
  }
  put(process, out);
  return times.length ? 0 : 1;
};

/** The first name server of /etc/resolv.conf. */
function nameServer(process: Process): string {
  const node = filesOf(process).find('/etc/resolv.conf');
  return (node?.kind === 'file' && /^nameserver\s+(\S+)/m.exec(node.text)?.[1]) || '127.0.0.53';
}

/** Names asked for, in order: with the search domains unless the name has enough dots. */
function candidates(process: Process, name: string): string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)];
  const node = filesOf(process).find('/etc/resolv.conf');
  const text = node?.kind === 'file' ? node.text : '';
  const domains = /^search\s+(.*)$/m.exec(text)?.[1].trim().split(/\s+/) ?? [];
  const ndots = Number(/ndots:(\d+)/.exec(text)?.[1] ?? 1);
  const dots = name.split('.').length - 1;
  const searched = domains.map((domain) => `${name}.${domain}`);
  return dots >= ndots ? [name, ...searched] : [...searched, name];
}

/** Asks the name servers; the full name that answered and its addresses. */
function* lookup(process: Process, name: string, search = true): Co<{ name: string; addresses: string[] } | undefined> {
  const { net } = process.host;
  if (!net.resolver) return undefined;
  for (const candidate of search ? candidates(process, name) : [name]) {
    const addresses = yield* net.resolver(candidate.endsWith('.') ? candidate : candidate + '.');
    if (addresses?.length) return { name: candidate, addresses };
  }
  return undefined;
}

export const nslookup: Program = function* (process) {
  const options = parseOptions(process, {
    short: '',
    long: { type: 'type:', query: 'type:' },
    usage: '[HOST] [SERVER]',
  });
  const args = options.args.filter((arg) => !/^-(?:type|query|q)=/i.test(arg));
  operands(process, args, 1, 2);
  const [name] = args;
  const server = args[1] ?? nameServer(process);
  let out = `Server:\t\t${server}\nAddress:\t${server}${isBusybox(process) ? ':53' : '#53'}\n\n`;
  const found = yield* lookup(process, name);
  if (!found) {
    out += `** server can't find ${name}: NXDOMAIN\n\n`;
    put(process, out);
    return 1;
  }
  for (const address of found.addresses) out += `Name:\t${found.name}\nAddress: ${address}\n`;
  put(process, out + '\n');
  return 0;
};

export const host: Program = function* (process) {
  const options = parseOptions(process, { short: '', usage: 'NAME [SERVER]' });
  operands(process, options.args, 1, 2);
  const found = yield* lookup(process, options.args[0]);
  if (!found) {
    put(process, `Host ${options.args[0]} not found: 3(NXDOMAIN)\n`);
    return 1;
  }
  for (const address of found.addresses) put(process, `${found.name} has address ${address}\n`);
  return 0;
};

export const dig: Program = function* (process) {
  const args = process.argv.slice(1);
  const plus = args.filter((arg) => arg.startsWith('+'));
  for (const flag of plus)
    if (!/^\+(?:short|search|noall|answer)$/.test(flag)) fail(process, `${flag}: is not modelled`);
  const server = args.find((arg) => arg.startsWith('@'))?.slice(1) ?? nameServer(process);
  const words = args.filter((arg) => !/^[+@]/.test(arg));
  const name = words.find((word) => !/^(?:A|IN)$/i.test(word)) ?? '.';
  const type = words.find((word) => /^(?:AAAA|SRV|MX|TXT|PTR|NS|CNAME)$/i.test(word));
  if (type) fail(process, `records of type ${type.toUpperCase()} are not modelled`);
  const found = yield* lookup(process, name, plus.includes('+search'));
  if (plus.includes('+short')) {
    for (const address of found?.addresses ?? []) put(process, `${address}\n`);
    return 0;
  }
  const answers = (found?.addresses ?? []).map((address) => `${found?.name}.\t\t30\tIN\tA\t${address}\n`).join('');
  if (plus.includes('+noall')) {
    put(process, answers);
    return 0;
  }
  const id = process.host.sim.random('dig').int(65536);
  put(
    process,
    `\n; <<>> DiG 9.20.11 <<>> ${args.join(' ')}\n;; global options: +cmd\n;; Got answer:\n;; ->>HEADER<<- opcode: QUERY, status: ${found ? 'NOERROR' : 'NXDOMAIN'}, id: ${id}\n` +
      `;; flags: qr aa rd; QUERY: 1, ANSWER: ${found?.addresses.length ?? 0}, AUTHORITY: 0, ADDITIONAL: 0\n\n;; QUESTION SECTION:\n;${(found?.name ?? name).replace(/\.$/, '')}.\t\tIN\tA\n\n` +
      (answers ? `;; ANSWER SECTION:\n${answers}\n` : '') +
      `;; Query time: 0 msec\n;; SERVER: ${server}#53(${server}) (UDP)\n\n`,
  );
  return 0;
};

export const getent: Program = function* (process) {
  const options = parseOptions(process, { short: '', usage: 'DATABASE [KEY...]' });
  operands(process, options.args, 1);
  const [database, ...keys] = options.args;
  if (database === 'hosts' || database === 'ahosts') {
    let status = 0;
    for (const key of keys) {
      const addresses = yield* process.host.net.resolve(key);
      if (!addresses?.length) status = 2;
      for (const address of addresses ?? []) put(process, `${address.padEnd(15)} ${key}\n`);
    }
    return status;
  }
  if (database !== 'passwd' && database !== 'group') {
    process.stderr.write(`Unknown database: ${database}\n`);
    return 1;
  }
  const node = filesOf(process).find(`/etc/${database}`);
  const lines = node?.kind === 'file' ? node.text.split('\n').filter(Boolean) : [];
  if (!keys.length) put(process, lines.map((line) => line + '\n').join(''));
  let status = 0;
  for (const key of keys) {
    const line = lines.find((one) => one.split(':')[0] === key || one.split(':')[2] === key);
    if (line) put(process, line + '\n');
    else status = 2;
  }
  return status;
};
