// redis: server and client with the commands that people try first, over real sockets.

import { LineReader, type Process, type Program, type Socket } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { clock, execArguments, flagValue, untilSignal } from './service.ts';
import { DEBIAN_COMMANDS } from './tools.ts';
import type { Repository } from './types.ts';
import { series, variants } from './versions.ts';

type Reply = string | number | null | Reply[] | { error: string } | { status: string };
type Value = string | string[] | Map<string, string> | Set<string>;

const OK = { status: 'OK' };
const WRONG_TYPE = { error: 'WRONGTYPE Operation against a key holding the wrong kind of value' };

/** The data of one server: a database of keys with their times to live. */
class Store {
  private readonly values = new Map<string, Value>();
  private readonly expires = new Map<string, number>();
  private readonly now: () => number;
  private readonly config: Record<string, string>;
  readonly info: () => string;

  constructor(now: () => number, config: Record<string, string>, info: () => string) {
    this.now = now;
    this.config = config;
    this.info = info;
  }

  private get(key: string): Value | undefined {
    const until = this.expires.get(key);
    if (until !== undefined && until <= this.now()) this.remove(key);
    return this.values.get(key);
  }

  private remove(key: string): boolean {
    this.expires.delete(key);
    return this.values.delete(key);
  }

  private keys(): string[] {
    return [...this.values.keys()].filter((key) => this.get(key) !== undefined);
  }

  private list(key: string): string[] | undefined {
    const value = this.get(key);
    if (value === undefined) return [];
    return Array.isArray(value) ? value : undefined;
  }

  run(words: readonly string[]): Reply {
    const name = words[0].toLowerCase();
    const args = words.slice(1);
    const command = COMMANDS[name];
    if (!command) {
      const shown = args.map((arg) => `'${arg}' `).join('');
      return { error: `ERR unknown command '${words[0]}', with args beginning with: ${shown}` };
    }
    if (args.length < command.min) return { error: `ERR wrong number of arguments for '${name}' command` };
    return command.run.call(this, args);
  }

  get commands() {
    return COMMANDS;
  }

  static table = {
    ping: at(0, (_, args) => args[0] ?? { status: 'PONG' }),
    echo: at(1, (_, args) => args[0]),
    select: at(1, () => OK),
    auth: at(1, () => OK),
    hello: at(0, () => ['server', 'redis', 'proto', 2]),
    command: at(0, () => []),
    client: at(0, () => OK),
    dbsize: at(0, (store) => store.keys().length),
    flushall: at(0, (store) => {
      store.values.clear();
      return OK;
    }),
    flushdb: at(0, (store) => {
      store.values.clear();
      return OK;
    }),
    info: at(0, (store) => store.info()),
    config: at(2, (store, [verb, pattern]) => {
      if (verb.toLowerCase() !== 'get') return { error: 'ERR only CONFIG GET is modelled by this engine' };
      const test = glob(pattern);
      return Object.entries(store.config).filter(([key]) => test(key)).flat();
    }),
    get: at(1, (store, [key]) => {
      const value = store.get(key);
      return value === undefined ? null : typeof value === 'string' ? value : WRONG_TYPE;
    }),
    set: at(2, (store, [key, value, ...options]) => {
      const flags = options.map((option) => option.toUpperCase());
      const exists = store.get(key) !== undefined;
      if ((flags.includes('NX') && exists) || (flags.includes('XX') && !exists)) return null;
      store.remove(key);
      store.values.set(key, value);
      const ex = flags.indexOf('EX');
      const px = flags.indexOf('PX');
      if (ex >= 0) store.expires.set(key, store.now() + Number(options[ex + 1]) * 1000);
      if (px >= 0) store.expires.set(key, store.now() + Number(options[px + 1]));
      return OK;
    }),
    append: at(2, (store, [key, value]) => {
      const text = String(store.get(key) ?? '') + value;
      store.values.set(key, text);
      return text.length;
    }),
    del: at(1, (store, keys) => keys.filter((key) => store.remove(key)).length),
    exists: at(1, (store, keys) => keys.filter((key) => store.get(key) !== undefined).length),
    keys: at(1, (store, [pattern]) => store.keys().filter(glob(pattern))),
    type: at(1, (store, [key]) => {
      const value = store.get(key);
      const type = value === undefined ? 'none' : typeof value === 'string' ? 'string' : Array.isArray(value) ? 'list' : value instanceof Map ? 'hash' : 'set';
      return { status: type };
    }),
    expire: at(2, (store, [key, seconds]) => {
      if (store.get(key) === undefined) return 0;
      store.expires.set(key, store.now() + Number(seconds) * 1000);
      return 1;
    }),
    ttl: at(1, (store, [key]) => {
      if (store.get(key) === undefined) return -2;
      const until = store.expires.get(key);
      return until === undefined ? -1 : Math.round((until - store.now()) / 1000);
    }),
    incr: at(1, (store, [key]) => store.add(key, 1)),
    decr: at(1, (store, [key]) => store.add(key, -1)),
    incrby: at(2, (store, [key, by]) => store.add(key, Number(by))),
    decrby: at(2, (store, [key, by]) => store.add(key, -Number(by))),
    mget: at(1, (store, keys) => keys.map((key) => (typeof store.get(key) === 'string' ? (store.get(key) as string) : null))),
    mset: at(2, (store, args) => {
      for (let i = 0; i + 1 < args.length; i += 2) store.values.set(args[i], args[i + 1]);
      return OK;
    }),
    lpush: at(2, (store, [key, ...items]) => store.push(key, items, true)),
    rpush: at(2, (store, [key, ...items]) => store.push(key, items, false)),
    lpop: at(1, (store, [key]) => store.list(key)?.shift() ?? null),
    rpop: at(1, (store, [key]) => store.list(key)?.pop() ?? null),
    llen: at(1, (store, [key]) => store.list(key)?.length ?? WRONG_TYPE),
    lrange: at(3, (store, [key, from, to]) => {
      const list = store.list(key);
      if (!list) return WRONG_TYPE;
      const end = Number(to) < 0 ? list.length + Number(to) + 1 : Number(to) + 1;
      return list.slice(Number(from), end);
    }),
    hset: at(3, (store, [key, ...pairs]) => {
      const value = store.get(key) ?? new Map<string, string>();
      if (!(value instanceof Map)) return WRONG_TYPE;
      store.values.set(key, value);
      const before = value.size;
      for (let i = 0; i + 1 < pairs.length; i += 2) value.set(pairs[i], pairs[i + 1]);
      return value.size - before;
    }),
    hget: at(2, (store, [key, field]) => {
      const value = store.get(key);
      return value instanceof Map ? (value.get(field) ?? null) : value === undefined ? null : WRONG_TYPE;
    }),
    hgetall: at(1, (store, [key]) => {
      const value = store.get(key);
      return value instanceof Map ? [...value].flat() : value === undefined ? [] : WRONG_TYPE;
    }),
    sadd: at(2, (store, [key, ...members]) => {
      const value = store.get(key) ?? new Set<string>();
      if (!(value instanceof Set)) return WRONG_TYPE;
      store.values.set(key, value);
      const before = value.size;
      for (const member of members) value.add(member);
      return value.size - before;
    }),
    smembers: at(1, (store, [key]) => {
      const value = store.get(key);
      return value instanceof Set ? [...value] : value === undefined ? [] : WRONG_TYPE;
    }),
  };

  private add(key: string, by: number): Reply {
    const value = Number(store(this.get(key)));
    if (!Number.isInteger(value)) return { error: 'ERR value is not an integer or out of range' };
    this.values.set(key, String(value + by));
    return value + by;
  }

  private push(key: string, items: string[], front: boolean): Reply {
    const list = this.list(key);
    if (!list) return WRONG_TYPE;
    for (const item of items) {
      if (front) list.unshift(item);
      else list.push(item);
    }
    this.values.set(key, list);
    return list.length;
  }
}

function store(value: Value | undefined): string {
  return value === undefined ? '0' : typeof value === 'string' ? value : 'x';
}

interface Command {
  min: number;
  run: (this: Store, args: string[]) => Reply;
}

function at(min: number, run: (store: Store, args: string[]) => Reply): Command {
  return {
    min,
    run(args) {
      return run(this, args);
    },
  };
}

const COMMANDS: Record<string, Command | undefined> = Store.table;

function glob(pattern: string): (text: string) => boolean {
  const regexp = new RegExp(`^${pattern.replace(/[.+^$(){}|\\]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.')}$`);
  return (text) => regexp.test(text);
}

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

function* serveClient(socket: Socket, data: Store): Co {
  const lines = new LineReader(socket.reader);
  for (;;) {
    const words = yield* readRequest(lines);
    if (!words) break;
    if (words.length === 0) continue;
    if (words[0].toLowerCase() === 'quit') {
      socket.writer.write('+OK\r\n');
      break;
    }
    socket.writer.write(encode(data.run(words)));
  }
  socket.close();
}

const server = (version: string): Program =>
  function* (process): Co<number> {
    const upstream = version.split('-')[0];
    const { argv, host } = process;
    const files = argv.slice(1).filter((arg) => arg.startsWith('/') || arg.endsWith('.conf'));
    const config: Record<string, string> = { maxmemory: '0', 'maxmemory-policy': 'noeviction', appendonly: 'no', port: '6379' };
    for (const file of files) {
      const node = host.fs.find(file);
      if (node?.kind !== 'file') {
        process.stderr.write(`\n*** FATAL CONFIG FILE ERROR (Redis ${upstream}) ***\nFatal error, can't open config file '${file}': No such file or directory\n`);
        return 1;
      }
      for (const line of node.text.split('\n')) {
        const [key, ...rest] = line.trim().split(/\s+/);
        if (key && !key.startsWith('#')) config[key.toLowerCase()] = rest.join(' ');
      }
    }
    const memory = /^(\d+)([kmg]b?)?$/i.exec(config.maxmemory);
    if (memory) config.maxmemory = String(Number(memory[1]) * ({ k: 1000, kb: 1024, m: 1e6, mb: 1024 ** 2, g: 1e9, gb: 1024 ** 3 }[(memory[2] ?? '').toLowerCase()] ?? 1));
    const port = Number(flagValue(argv, '--port') ?? config.port);
    const log = (mark: string, text: string) => process.stdout.write(`${process.pid}:${mark === 'C' ? 'C' : 'M'} ${clock(process).redis} ${mark === 'C' ? '*' : mark} ${text}\n`);
    const began = host.sim.now;
    const info = () =>
      `# Server\r\nredis_version:${upstream}\r\nredis_mode:standalone\r\nos:Linux 6.12.57+deb13-amd64 x86_64\r\nprocess_id:${process.pid}\r\ntcp_port:${port}\r\nuptime_in_seconds:${Math.floor((host.sim.now - began) / 1000)}\r\n\r\n# Replication\r\nrole:master\r\nconnected_slaves:0\r\n`;
    const data = new Store(() => host.sim.now, config, info);
    log('C', 'oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo');
    log('C', `Redis version=${upstream}, bits=64, commit=00000000, modified=0, pid=${process.pid}, just started`);
    if (files.length) log('C', 'Configuration loaded');
    else process.stdout.write(`${process.pid}:C ${clock(process).redis} # Warning: no config file specified, using the default config. In order to specify a config file use redis-server /path/to/redis.conf\n`);
    const listener = host.net.listen(port, (socket) => void host.sim.spawn('redis client', serveClient(socket, data)));
    if (!listener) {
      log('#', `Warning: Could not create server TCP listening socket *:${port}: bind: Address already in use`);
      log('#', 'Failed listening on port 6379 (tcp), aborting.');
      return 1;
    }
    log('*', 'monotonic clock: POSIX clock_gettime');
    log('*', `Running mode=standalone, port=${port}.`);
    log('*', 'Server initialized');
    log('*', 'Ready to accept connections tcp');
    const name = yield* untilSignal(process, ['TERM', 'INT']);
    process.stdout.write(`${process.pid}:signal-handler (${Math.floor(host.sim.now / 1000)}) Received SIG${name} scheduling shutdown...\n`);
    log('*', 'User requested shutdown...');
    log('#', 'Redis is now ready to exit, bye bye...');
    listener.close();
    return 0;
  };

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
  const addresses = yield* host.net.resolve(target);
  if (!addresses?.length) {
    process.stderr.write(`Could not connect to Redis at ${target}:${port}: Name or service not known\n`);
    return 1;
  }
  const socket = yield* host.net.connect(addresses[0], port, { timeout: 10_000 });
  if (typeof socket === 'string') {
    const why = { ECONNREFUSED: 'Connection refused', ETIMEDOUT: 'Connection timed out', EHOSTUNREACH: 'No route to host' }[socket];
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
    tags: variants(TAGS, 'alpine', 'bookworm'),
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
