// redis: server and client with the commands that people try first, over real sockets.

import { LineReader, stringReader, type Process, type Program, type Socket } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { Store, type Reply } from './redis-store.ts';
import { clock, execArguments, flagValue, untilSignal } from './service.ts';
import { DEBIAN_COMMANDS } from './tools.ts';
import type { Repository } from './types.ts';
import { series, variants } from './versions.ts';

// ---- protocol ------------------------------------------------------------------------------------------------

function encode(reply: Reply): string {
  if (reply === null) return '$-1\r\n';
  if (typeof reply === 'number') return `:${reply}\r\n`;
  if (typeof reply === 'string') return `$${reply.length}\r\n${reply}\r\n`;
  if (Array.isArray(reply)) return `*${reply.length}\r\n${reply.map(encode).join('')}`;
  return 'error' in reply ? `-${reply.error}\r\n` : `+${reply.status}\r\n`;
}

/** One request: an array of bulk strings, or words on a line. */
function* readRequest(lines: LineReader): Co<string[] | undefined> {
  const first = yield* lines.line();
  if (first === undefined) return undefined;
  const line = first.replace(/\r$/, '');
  if (!line.startsWith('*')) return line.split(/\s+/).filter(Boolean);
  const words: string[] = [];
  for (let n = Number(line.slice(1)); n > 0; n--) {
    const size = Number((yield* lines.line())?.slice(1));
    let text = (yield* lines.line())?.replace(/\r$/, '') ?? '';
    while (text.length < size) {
      const more = yield* lines.line();
      if (more === undefined) break;
      text += `\n${more.replace(/\r$/, '')}`;
    }
    words.push(text);
  }
  return words;
}

/** What a client got, as redis-cli prints it to a terminal or to a pipe. */
function* readReply(lines: LineReader, tty: boolean, indent = ''): Co<string> {
  const line = ((yield* lines.line()) ?? '-ERR server closed the connection').replace(/\r$/, '');
  const rest = line.slice(1);
  switch (line[0]) {
    case '+':
      return rest;
    case '-':
      return tty ? `(error) ${rest}` : rest;
    case ':':
      return tty ? `(integer) ${rest}` : rest;
    case '$': {
      const size = Number(rest);
      if (size < 0) return tty ? '(nil)' : '';
      let text = ((yield* lines.line()) ?? '').replace(/\r$/, '');
      while (text.length < size) text += `\n${((yield* lines.line()) ?? '').replace(/\r$/, '')}`;
      return tty ? JSON.stringify(text) : text;
    }
    case '*': {
      const count = Number(rest);
      if (count <= 0) return tty ? '(empty array)' : '';
      const items: string[] = [];
      for (let i = 1; i <= count; i++) {
        const item = yield* readReply(lines, tty, `${indent}   `);
        items.push(tty ? `${i > 1 ? indent : ''}${i}) ${item}` : item);
      }
      return items.join('\n');
    }
  }
  return line;
}

function* serveClient(socket: Socket, run: (words: string[]) => Reply): Co {
  const lines = new LineReader(socket.reader);
  for (;;) {
    const words = yield* readRequest(lines);
    if (!words) break;
    if (words.length === 0) continue;
    if (words[0].toLowerCase() === 'quit') {
      socket.writer.write('+OK\r\n');
      break;
    }
    socket.writer.write(encode(run(words)));
  }
  socket.close();
}

/** Directives that act here, or that `CONFIG GET` shows as they were given. */
const DIRECTIVES = [
  'port',
  'dir',
  'appendonly',
  'appendfsync',
  'maxmemory',
  'maxmemory-policy',
  'bind',
  'protected-mode',
  'save',
];
/** Commands whose effect the append-only file keeps. */
const WRITES = new Set(
  'set append del expire incr decr incrby decrby mset lpush rpush lpop rpop hset sadd flushall flushdb'.split(' '),
);

/** `--name value…` of the command line, as lines of a configuration. */
function optionsOf(argv: readonly string[]): [string, string][] {
  const out: [string, string][] = [];
  for (const arg of argv) {
    if (arg.startsWith('--')) out.push([arg.slice(2).toLowerCase(), '']);
    else if (out.length) out[out.length - 1][1] += (out[out.length - 1][1] && ' ') + arg;
  }
  return out;
}

const server = (version: string): Program =>
  function* (process): Co<number> {
    const upstream = version.split('-')[0];
    const { argv, host } = process;
    const flags = argv.findIndex((arg) => arg.startsWith('--'));
    const files = argv
      .slice(1, flags < 0 ? undefined : flags)
      .filter((arg) => arg.startsWith('/') || arg.endsWith('.conf'));
    const config: Record<string, string> = {
      maxmemory: '0',
      'maxmemory-policy': 'noeviction',
      appendonly: 'no',
      port: '6379',
      dir: process.cwd,
    };
    const given = flags < 0 ? [] : optionsOf(argv.slice(flags));
    for (const file of files) {
      const node = host.fs.find(file);
      if (node?.kind !== 'file') {
        process.stderr.write(
          `\n*** FATAL CONFIG FILE ERROR (Redis ${upstream}) ***\nFatal error, can't open config file '${file}': No such file or directory\n`,
        );
        return 1;
      }
      for (const line of node.text.split('\n')) {
        const [key, ...rest] = line.trim().split(/\s+/);
        if (key && !key.startsWith('#')) given.unshift([key.toLowerCase(), rest.join(' ')]);
      }
    }
    for (const [name, value] of given) {
      const wrong = name === 'appendonly' && !/^(yes|no)$/.test(value);
      if (!DIRECTIVES.includes(name) || wrong) {
        const why = wrong ? "argument must be 'yes' or 'no'" : 'unknown, or not modelled by this engine';
        process.stderr.write(
          `\n*** FATAL CONFIG FILE ERROR (Redis ${upstream}) ***\nReading the configuration file, at line ${given.findIndex(([n]) => n === name) + 1}\n>>> '${name} "${value}"'\n${why}\n`,
        );
        return 1;
      }
      config[name] = value;
    }
    const memory = /^(\d+)([kmg]b?)?$/i.exec(config.maxmemory);
    if (memory)
      config.maxmemory = String(
        Number(memory[1]) *
          ({ k: 1000, kb: 1024, m: 1e6, mb: 1024 ** 2, g: 1e9, gb: 1024 ** 3 }[(memory[2] ?? '').toLowerCase()] ?? 1),
      );
    const port = Number(config.port);
    const log = (mark: string, text: string) =>
      process.stdout.write(
        `${process.pid}:${mark === 'C' ? 'C' : 'M'} ${clock(process).redis} ${mark === 'C' ? '*' : mark} ${text}\n`,
      );
    const began = host.sim.now;
    const info = () =>
      `# Server\r\nredis_version:${upstream}\r\nredis_mode:standalone\r\nos:Linux 6.12.57+deb13-amd64 x86_64\r\nprocess_id:${process.pid}\r\ntcp_port:${port}\r\nuptime_in_seconds:${Math.floor((host.sim.now - began) / 1000)}\r\n\r\n# Replication\r\nrole:master\r\nconnected_slaves:0\r\n`;
    const data = new Store(() => host.sim.now, config, info);
    log('C', 'oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo');
    log('C', `Redis version=${upstream}, bits=64, commit=00000000, modified=0, pid=${process.pid}, just started`);
    if (files.length || given.length) log('C', 'Configuration loaded');
    else
      process.stdout.write(
        `${process.pid}:C ${clock(process).redis} # Warning: no config file specified, using the default config. In order to specify a config file use redis-server /path/to/redis.conf\n`,
      );
    const kept = config.appendonly === 'yes' ? yield* appendOnly(process, config.dir, data) : undefined;
    const run = (words: string[]): Reply => {
      const reply = data.run(words);
      const refused = reply !== null && typeof reply === 'object' && 'error' in reply;
      if (kept && !refused && WRITES.has(words[0].toLowerCase())) kept(words);
      return reply;
    };
    const listener = host.net.listen(port, (socket) => void host.sim.spawn('redis client', serveClient(socket, run)));
    if (!listener) {
      log('#', `Warning: Could not create server TCP listening socket *:${port}: bind: Address already in use`);
      log('#', 'Failed listening on port 6379 (tcp), aborting.');
      return 1;
    }
    process.argv = [`${argv[0]} *:${port}`];
    log('*', 'monotonic clock: POSIX clock_gettime');
    log('*', `Running mode=standalone, port=${port}.`);
    log('*', 'Server initialized');
    log('*', 'Ready to accept connections tcp');
    const name = yield* untilSignal(process, ['TERM', 'INT']);
    process.stdout.write(
      `${process.pid}:signal-handler (${Math.floor(host.sim.now / 1000)}) Received SIG${name} scheduling shutdown...\n`,
    );
    log('*', 'User requested shutdown...');
    log('#', 'Redis is now ready to exit, bye bye...');
    listener.close();
    return 0;
  };

/** Replays what earlier runs wrote into `dir`; the returned function appends a command. */
function* appendOnly(process: Process, dir: string, data: Store): Co<(words: readonly string[]) => void> {
  const { fs } = process.host;
  const folder = `${dir}/appendonlydir`;
  const path = `${folder}/appendonly.aof.1.incr.aof`;
  fs.mkdir(folder, { recursive: true });
  const node = fs.find(path);
  const lines = new LineReader(stringReader(node?.kind === 'file' ? node.text : ''));
  for (let words = yield* readRequest(lines); words; words = yield* readRequest(lines)) data.run(words);
  if (node?.kind !== 'file') fs.writeFile(path, '');
  return (words) => fs.writeFile(path, encode([...words]), { append: true });
}

const cli: Program = function* (process): Co<number> {
  const { argv, host } = process;
  const target = flagValue(argv, '-h') ?? '127.0.0.1';
  const port = Number(flagValue(argv, '-p') ?? 6379);
  const words: string[] = [];
  for (let i = 1; i < argv.length; i++) {
    if (words.length === 0 && ['-h', '-p', '-a', '-n', '--user'].includes(argv[i])) i++;
    else if (words.length === 0 && ['--raw', '--no-auth-warning', '--no-raw'].includes(argv[i])) continue;
    else if (words.length === 0 && argv[i].startsWith('-')) {
      process.stderr.write(`Unrecognized option or bad number of args for: '${argv[i]}'\n`);
      return 1;
    } else words.push(argv[i]);
  }
  const addresses = yield* host.resolve(target);
  if (!addresses?.length) {
    process.stderr.write(`Could not connect to Redis at ${target}:${port}: Name or service not known\n`);
    return 1;
  }
  const socket = yield* host.net.connect(addresses[0], port, { timeout: 10_000 });
  if (typeof socket === 'string') {
    const why = {
      ECONNREFUSED: 'Connection refused',
      ETIMEDOUT: 'Connection timed out',
      EHOSTUNREACH: 'No route to host',
    }[socket];
    process.stderr.write(`Could not connect to Redis at ${target}:${port}: ${why}\n`);
    return 1;
  }
  const tty = process.tty && !argv.includes('--raw');
  const lines = new LineReader(socket.reader);
  const send = function* (request: string[]): Co {
    socket.writer.write(encode(request));
    process.stdout.write(`${yield* readReply(lines, tty)}\n`);
  };
  if (words.length) yield* send(words);
  else {
    const input = new LineReader(process.stdin);
    for (;;) {
      if (process.tty) process.stdout.write(`${target}:${port}> `);
      const line = yield* input.line();
      if (line === undefined || /^(quit|exit)$/i.test(line.trim())) break;
      const request = (line.match(/"[^"]*"|'[^']*'|\S+/g) ?? []).map((word) => word.replace(/^(["'])(.*)\1$/, '$2'));
      if (request.length) yield* send(request);
    }
  }
  socket.close();
  return 0;
};

const TAGS = {
  ...series('4.0', 14),
  ...series('5.0', 14),
  ...series('6.0', 20),
  ...series('6.2', 21),
  ...series('7.0', 15),
  ...series('7.2', 12),
  ...series('7.4', 7),
  ...series('8.0', 5),
  ...series('8.2', 3),
  ...series('8.4', 0),
  '4': '4.0.14',
  '5': '5.0.14',
  '6': '6.2.21',
  '7': '7.4.7',
  '8': '8.4.0',
  latest: '8.4.0',
};

const common = {
  userland: 'gnu',
  commands: DEBIAN_COMMANDS,
  os: 'Debian GNU/Linux 12 (bookworm)',
  entrypoint: ['docker-entrypoint.sh'],
  cmd: ['redis-server'],
  exposedPorts: ['6379/tcp'],
  workingDir: '/data',
  memory: 7_000_000,
  versionedPrograms: (version: string) => ({
    '/usr/local/bin/redis-server': server(version),
    '/usr/local/bin/redis-cli': cli,
    '/usr/local/bin/docker-entrypoint.sh': execArguments('redis-server'),
  }),
} as const satisfies Partial<Repository>;

export const redisRepositories: Repository[] = [
  {
    ...common,
    names: ['docker.io/library/redis'],
    tags: () => variants(TAGS, 'alpine', 'bookworm'),
    size: (version) => (version.includes('alpine') ? 17_300_000 : 49_900_000),
    env: (version) => ({ REDIS_VERSION: version.split('-')[0] }),
  },
  {
    ...common,
    names: ['docker.io/valkey/valkey'],
    tags: { '7.2': '7.2.11', '8.0': '8.0.6', '8.1': '8.1.4', '9.0': '9.0.0', latest: '9.0.0' },
    size: 45_500_000,
    versionedPrograms: (version) => ({
      '/usr/local/bin/valkey-server': server(version),
      '/usr/local/bin/valkey-cli': cli,
      '/usr/local/bin/docker-entrypoint.sh': execArguments('valkey-server'),
    }),
    cmd: ['valkey-server'],
  },
  {
    ...common,
    names: ['registry.k8s.io/redis', 'k8s.gcr.io/redis', 'gcr.io/google_containers/redis'],
    tags: { e2e: '4.0.14', v1: '4.0.14' },
    size: 41_000_000,
  },
];
