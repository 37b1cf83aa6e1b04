// Databases and other servers that start, listen and stay: their protocols are not spoken, and clients say so.

import type { Process, Program, Socket } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { clock, execArguments, flagValue, refuse, untilSignal } from './service.ts';
import { DEBIAN_COMMANDS } from './tools.ts';
import type { Repository } from './types.ts';
import { series, variants } from './versions.ts';

/** Prepares for a while, listens, waits for the end. `check` may refuse to start. */
function server(options: {
  port: number;
  start: (process: Process) => string;
  ready: (process: Process) => string;
  stop?: (process: Process) => string;
  /** ms from start to ready. */
  boot: number;
  check?: (process: Process) => string | undefined;
  onConnect?: (socket: Socket, process: Process) => void;
}): Program {
  return function* (process): Co<number> {
    const problem = options.check?.(process);
    if (problem) {
      process.stderr.write(problem);
      return 1;
    }
    process.stderr.write(options.start(process));
    yield options.boot;
    const listener = process.host.net.listen(options.port, (socket) => options.onConnect?.(socket, process));
    if (!listener) {
      process.stderr.write(`bind: Address already in use (port ${options.port})\n`);
      return 1;
    }
    process.stderr.write(options.ready(process));
    yield* untilSignal(process);
    listener.close();
    process.stderr.write(options.stop?.(process) ?? '');
    return 0;
  };
}

const pgTime = (process: Process) => `${clock(process).plain}.${clock(process).iso.slice(20, 23)} UTC [${process.pid}]`;
const postgres = (version: string) =>
  server({
    port: 5432,
    boot: 1500,
    check: ({ env }) =>
      env.POSTGRES_PASSWORD || env.POSTGRES_PASSWORD_FILE || env.POSTGRES_HOST_AUTH_METHOD === 'trust'
        ? undefined
        : 'Error: Database is uninitialized and superuser password is not specified.\n       You must specify POSTGRES_PASSWORD to a non-empty value for the\n       superuser. For example, "-e POSTGRES_PASSWORD=password" on "docker run".\n\n       You may also use "POSTGRES_HOST_AUTH_METHOD=trust" to allow all\n       connections without a password. This is *not* recommended.\n\n       See PostgreSQL documentation about "trust":\n       https://www.postgresql.org/docs/current/auth-trust.html\n',
    start: () =>
      'The files belonging to this database system will be owned by user "postgres".\n\nPostgreSQL init process complete; ready for start up.\n\n',
    ready: (process) => {
      const stamp = pgTime(process);
      return `${stamp} LOG:  starting PostgreSQL ${version} (Debian ${version}-1.pgdg13+1) on x86_64-pc-linux-gnu, compiled by gcc (Debian 14.2.0-19) 14.2.0, 64-bit\n${stamp} LOG:  listening on IPv4 address "0.0.0.0", port 5432\n${stamp} LOG:  database system is ready to accept connections\n`;
    },
    stop: (process) =>
      `${pgTime(process)} LOG:  received fast shutdown request\n${pgTime(process)} LOG:  database system is shut down\n`,
  });

const mysqlLine = (process: Process, text: string) =>
  `${clock(process).iso.slice(0, 23)}000Z 0 [System] [MY-010116] [Server] ${text}\n`;
const entry = (process: Process, text: string) =>
  `${clock(process).plain.replace(' ', ' ')}+00:00 [Note] [Entrypoint]: ${text}\n`;
const mysql = (version: string) =>
  server({
    port: 3306,
    boot: 6000,
    check: (process) =>
      [
        'MYSQL_ROOT_PASSWORD',
        'MYSQL_ALLOW_EMPTY_PASSWORD',
        'MYSQL_RANDOM_ROOT_PASSWORD',
        'MARIADB_ROOT_PASSWORD',
        'MARIADB_ALLOW_EMPTY_ROOT_PASSWORD',
        'MYSQL_ROOT_PASSWORD_FILE',
      ].some((name) => process.env[name])
        ? undefined
        : `${entry(process, `Entrypoint script for MySQL Server ${version}-1.el9 started.`)}${clock(process).plain}+00:00 [ERROR] [Entrypoint]: Database is uninitialized and password option is not specified\n    You need to specify one of the following as an environment variable:\n    - MYSQL_ROOT_PASSWORD\n    - MYSQL_ALLOW_EMPTY_PASSWORD\n    - MYSQL_RANDOM_ROOT_PASSWORD\n`,
    start: (process) =>
      entry(process, `Entrypoint script for MySQL Server ${version}-1.el9 started.`) +
      entry(process, 'Initializing database files'),
    ready: (process) =>
      mysqlLine(
        process,
        `/usr/sbin/mysqld: ready for connections. Version: '${version}'  socket: '/var/run/mysqld/mysqld.sock'  port: 3306  MySQL Community Server - GPL.`,
      ),
    stop: (process) =>
      mysqlLine(process, `/usr/sbin/mysqld: Shutdown complete (mysqld ${version})  MySQL Community Server - GPL.`),
  });

const mongoLine = (process: Process, id: number, ctx: string, text: string) =>
  `{"t":{"$date":"${clock(process).iso.slice(0, 23)}+00:00"},"s":"I",  "c":"CONTROL",  "id":${id},   "ctx":"${ctx}","msg":"${text}"}\n`;
const mongo = server({
  port: 27017,
  boot: 900,
  start: (process) => mongoLine(process, 4615611, 'initandlisten', 'MongoDB starting'),
  ready: (process) => mongoLine(process, 23016, 'listener', 'Waiting for connections'),
  stop: (process) => mongoLine(process, 23138, 'SignalHandler', 'Shutting down'),
  onConnect: (socket, process) => {
    process.host.sim.spawn('mongo client', talk());
    function* talk(): Co {
      const text = yield* socket.reader.read();
      if (text !== undefined && /^(GET|HEAD|POST|PUT) /.test(text)) {
        const body = 'It looks like you are trying to access MongoDB over HTTP on the native driver port.\r\n';
        socket.writer.write(
          `HTTP/1.0 200 OK\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        );
      }
      socket.close();
    }
  },
});

/** memcached answers `version` and `stats` and refuses to keep data. */
const memcached = (version: string) =>
  server({
    port: 11211,
    boot: 20,
    start: () => '',
    ready: () => '',
    onConnect: (socket, process) => {
      process.host.sim.spawn('memcached client', talk());
      function* talk(): Co {
        for (;;) {
          const text = yield* socket.reader.read();
          if (text === undefined || /^quit/.test(text)) break;
          if (/^version/.test(text)) socket.writer.write(`VERSION ${version}\r\n`);
          else if (/^stats/.test(text))
            socket.writer.write(`STAT pid ${process.pid}\r\nSTAT version ${version}\r\nEND\r\n`);
          else socket.writer.write('SERVER_ERROR this command is not modelled by this engine\r\n');
        }
        socket.close();
      }
    },
  });

const queries = (name: string) => refuse(`queries to ${name} are not modelled by this engine`);

/** A connection to a server, or why there is none. */
function* reach(process: Process, name: string, port: number): Co<Socket | 'unknown host' | 'unreachable'> {
  const { host } = process;
  const addresses = yield* host.resolve(name);
  if (!addresses?.length) return 'unknown host';
  const socket = yield* host.net.connect(addresses[0], port, { timeout: 10_000 });
  return typeof socket === 'string' ? 'unreachable' : socket;
}

const PING =
  /^\s*db\.(?:getSiblingDB\(["']\w+["']\)\.)?(?:runCommand|adminCommand)\(\s*(?:["']ping["']|\{\s*["']?ping["']?\s*:\s*1\s*\})\s*\)(\.ok)?\s*;?\s*$/;

/** `mongosh --eval 'db.adminCommand("ping")'`, by which probes ask whether the server answers; the rest is refused. */
const mongoClient = (legacy: boolean): Program =>
  function* (process): Co<number> {
    const { argv } = process;
    const ping = PING.exec(flagValue(argv, '--eval') ?? '');
    if (!ping) return yield* queries('MongoDB')(process);
    const place = argv
      .slice(1)
      .find((word) => /^(mongodb:\/\/)?[\w.-]+(:\d+)?(\/\w*)?$/.test(word) && /[:/.]/.test(word));
    const [, at = '', ownPort] = /^(?:mongodb:\/\/)?([\w.-]+)(?::(\d+))?/.exec(place ?? '') ?? [];
    const name = flagValue(argv, '--host') ?? (at || '127.0.0.1');
    const port = Number(flagValue(argv, '--port') ?? ownPort ?? 27017);
    const socket = yield* reach(process, name, port);
    if (typeof socket === 'string') {
      const why = socket === 'unknown host' ? `getaddrinfo ENOTFOUND ${name}` : `connect ECONNREFUSED ${name}:${port}`;
      process.stderr.write(`MongoNetworkError: ${why}\n`);
      return 1;
    }
    socket.close();
    process.stdout.write(`${ping[1] ? '1' : legacy ? '{ "ok" : 1 }' : '{ ok: 1 }'}\n`);
    return 0;
  };

/** `mysql -h HOST -e 'SELECT 1'`, by which probes ask whether the server answers; other queries are refused. */
const mysqlClient: Program = function* (process): Co<number> {
  const { argv } = process;
  const constant = /^\s*select\s+(\d+)\s*;?\s*$/i.exec(flagValue(argv, '-e', '--execute') ?? '');
  if (!constant) return yield* queries('MySQL')(process);
  const attached = argv.find((word) => /^-h./.test(word))?.slice(2);
  const server = attached ?? flagValue(argv, '-h', '--host') ?? '127.0.0.1';
  const socket = yield* reach(process, server, 3306);
  if (typeof socket === 'string') {
    process.stderr.write(
      socket === 'unreachable'
        ? `ERROR 2003 (HY000): Can't connect to MySQL server on '${server}:3306' (111)\n`
        : `ERROR 2005 (HY000): Unknown MySQL server host '${server}' (-2)\n`,
    );
    return 1;
  }
  socket.close();
  process.stdout.write(`${constant[1]}\n${constant[1]}\n`);
  return 0;
};

const base = {
  userland: 'gnu',
  commands: DEBIAN_COMMANDS,
  os: 'Debian GNU/Linux 13 (trixie)',
} as const satisfies Partial<Repository>;

export const databaseRepositories: Repository[] = [
  {
    ...base,
    names: ['docker.io/library/postgres'],
    tags: () => ({
      ...series('9.6', 24, 24),
      ...series('11', 22, 22),
      ...series('12', 22, 20),
      ...series('13', 23, 10),
      ...series('14', 20, 5),
      ...series('15', 15),
      ...series('16', 11),
      ...series('17', 7),
      ...series('18', 1),
      alpine: '18.1-alpine',
      '16-alpine': '16.11-alpine',
      '17-alpine': '17.7-alpine',
      latest: '18.1',
    }),
    size: (version) => (version.includes('alpine') ? 108_000_000 : 161_000_000),
    entrypoint: ['docker-entrypoint.sh'],
    cmd: ['postgres'],
    stopSignal: 'INT',
    exposedPorts: ['5432/tcp'],
    env: (version) => ({
      PG_MAJOR: version.split('.')[0],
      PG_VERSION: version,
      PGDATA: `/var/lib/postgresql/${version.split('.')[0]}/docker`,
      LANG: 'en_US.utf8',
    }),
    memory: 40_000_000,
    versionedPrograms: (version) => ({
      '/usr/local/bin/docker-entrypoint.sh': execArguments('postgres'),
      '/usr/local/bin/postgres': postgres(version.split('-')[0]),
      '/usr/local/bin/psql': queries('PostgreSQL'),
      *'/usr/local/bin/pg_isready'(process: Process): Co<number> {
        const up = process.host.net.listener('127.0.0.1', 5432) !== undefined;
        yield 5;
        process.stdout.write(
          up ? '/var/run/postgresql:5432 - accepting connections\n' : '/var/run/postgresql:5432 - no response\n',
        );
        return up ? 0 : 2;
      },
    }),
  },
  {
    ...base,
    names: ['docker.io/library/mysql', 'docker.io/library/mariadb'],
    tags: () => ({
      ...series('5.6', 51, 51),
      ...series('5.7', 44, 36),
      ...series('8.0', 44, 30),
      ...series('8.4', 7),
      ...series('9.5', 0),
      ...series('10.11', 15, 14),
      ...series('11.8', 5),
      '5': '5.7.44',
      '8': '8.4.7',
      '9': '9.5.0',
      '10': '10.11.15',
      '11': '11.8.5',
      lts: '8.4.7',
      latest: '9.5.0',
    }),
    size: 277_000_000,
    entrypoint: ['docker-entrypoint.sh'],
    cmd: ['mysqld'],
    exposedPorts: ['3306/tcp', '33060/tcp'],
    memory: 360_000_000,
    versionedPrograms: (version) => ({
      '/usr/local/bin/docker-entrypoint.sh': execArguments('mysqld'),
      '/usr/sbin/mysqld': mysql(version),
      '/usr/sbin/mariadbd': mysql(version),
      '/usr/bin/mysql': mysqlClient,
      *'/usr/bin/mysqladmin'(process: Process): Co<number> {
        const up = process.host.net.listener('127.0.0.1', 3306) !== undefined;
        yield 5;
        if (process.argv.includes('ping') && up) {
          process.stdout.write('mysqld is alive\n');
          return 0;
        }
        process.stderr.write(
          up
            ? 'mysqladmin: only ping is modelled by this engine\n'
            : "mysqladmin: connect to server at 'localhost' failed\n",
        );
        return 1;
      },
    }),
  },
  {
    ...base,
    names: ['docker.io/library/mongo'],
    tags: () => ({
      ...series('4.0', 28, 28),
      ...series('4.2', 24, 24),
      ...series('4.4', 30, 29),
      ...series('5.0', 32, 31),
      ...series('6.0', 27),
      ...series('7.0', 28),
      ...series('8.0', 17),
      ...series('8.2', 3),
      '4': '4.4.30',
      '5': '5.0.32',
      '6': '6.0.27',
      '7': '7.0.28',
      '8': '8.2.3',
      latest: '8.2.3',
    }),
    size: 290_000_000,
    entrypoint: ['docker-entrypoint.sh'],
    cmd: ['mongod'],
    exposedPorts: ['27017/tcp'],
    memory: 90_000_000,
    programs: {
      '/usr/local/bin/docker-entrypoint.sh': execArguments('mongod'),
      '/usr/bin/mongod': mongo,
      '/usr/bin/mongosh': mongoClient(false),
      '/usr/bin/mongo': mongoClient(true),
    },
  },
  {
    ...base,
    names: ['docker.io/library/memcached'],
    tags: () =>
      variants(
        {
          ...series('1.4', 39, 39),
          ...series('1.5', 22, 22),
          ...series('1.6', 40, 9),
          '1': '1.6.40',
          latest: '1.6.40',
        },
        'alpine',
      ),
    size: 31_900_000,
    entrypoint: ['docker-entrypoint.sh'],
    cmd: ['memcached'],
    user: 'memcache',
    exposedPorts: ['11211/tcp'],
    memory: 3_000_000,
    versionedPrograms: (version) => ({
      '/usr/local/bin/docker-entrypoint.sh': execArguments('memcached'),
      '/usr/local/bin/memcached': memcached(version.split('-')[0]),
    }),
  },
];
