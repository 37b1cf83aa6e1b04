// Stores, queues and search: what they check before they start, where they listen, their health and their simple
// HTTP interfaces. Their own protocols are not spoken, and their clients say so.

import type { Process, Program } from '../linux/index.ts';
import { utf8Base64 } from '../api/base64.ts';
import type { Co } from '../sim/index.ts';
import { app, html, json, pathOf, redirect, text, type Route } from './app.ts';
import { flagValue, refuse } from './service.ts';
import { BUSYBOX_COMMANDS, DEBIAN_COMMANDS } from './tools.ts';
import type { Repository } from './types.ts';
import { releases, variants } from './versions.ts';

const debian = {
  userland: 'gnu',
  commands: DEBIAN_COMMANDS,
  os: 'Debian GNU/Linux 13 (trixie)',
} as const satisfies Partial<Repository>;
const alpine = { userland: 'busybox', commands: BUSYBOX_COMMANDS } as const satisfies Partial<Repository>;

/** A command that asks whether the server in the same container listens. */
const pings = (port: number, yes: string, no: string): Program =>
  function* (process): Co<number> {
    yield 30;
    const up = process.host.net.listener('127.0.0.1', port) !== undefined;
    process[up ? 'stdout' : 'stderr'].write(up ? yes : no);
    return up ? 0 : 1;
  };

/** A client whose words are known and whose protocol is not. */
const client = (what: string): Program => refuse(`${what} are not modelled by this engine`);

// ---- Vault, Consul, MinIO ---------------------------------------------------------------------------------------

const vault = (version: string): Program =>
  function* (process): Co<number> {
    if (!process.argv.includes('server')) {
      if (process.argv.includes('version') || process.argv.includes('-v')) {
        process.stdout.write(`Vault v${version}\n`);
        return 0;
      }
      if (process.argv[1] === 'status') return yield* vaultStatus(process, version);
      return yield* client('commands of Vault other than server and status')(process);
    }
    if (!process.argv.includes('-dev')) {
      process.stderr.write('vault: only the server of development mode (-dev) is modelled by this engine\n');
      return 1;
    }
    const { env, host } = process;
    const token =
      flagValue(process.argv, '-dev-root-token-id') ??
      env.VAULT_DEV_ROOT_TOKEN_ID ??
      `hvs.${host.sim.random('vault').hex(24)}`;
    const port = Number(
      (flagValue(process.argv, '-dev-listen-address') ?? env.VAULT_DEV_LISTEN_ADDRESS ?? ':8200').split(':').pop(),
    );
    const secrets = new Map<string, { data: unknown; version: number }>();
    const secret: Route = (request) => {
      const given = request.headers.find(([name]) => name.toLowerCase() === 'x-vault-token')?.[1];
      if (given !== token) return json({ errors: ['permission denied'] }, 403);
      const path = pathOf(request);
      const old = secrets.get(path);
      if (request.method === 'GET') {
        return old ? json({ data: { data: old.data, metadata: { version: old.version } } }) : json({ errors: [] }, 404);
      }
      try {
        const { data } = JSON.parse(request.body) as { data: unknown };
        const version = (old?.version ?? 0) + 1;
        secrets.set(path, { data, version });
        return json({ data: { version, destroyed: false } });
      } catch {
        return json({ errors: ['failed to parse JSON input'] }, 400);
      }
    };
    const state = { initialized: true, sealed: false, standby: false, version, cluster_name: 'vault-cluster-dev' };
    return yield* app({
      ports: [
        {
          port,
          http: {
            '/': redirect('/ui/'),
            '/ui/*': html('Vault'),
            '/v1/sys/health': json(state),
            '/v1/sys/seal-status': json({ ...state, type: 'shamir', t: 1, n: 1 }),
            '/v1/secret/data/*': secret,
            '/v1/*': json({ errors: ['this path is not modelled by this engine'] }, 501),
          },
        },
      ],
      start: `==> Vault server configuration:\n\n             Api Address: http://0.0.0.0:${port}\n                 Version: Vault v${version}\n\n`,
      ready: `==> Vault server started! Log data will stream in below:\n\nWARNING! dev mode is enabled! In this mode, Vault runs entirely in-memory\nand starts unsealed with a single unseal key.\n\nRoot Token: ${token}\n\nDevelopment mode should NOT be used in production installations!\n\n`,
      stop: '==> Vault shutdown triggered\n',
    })(process);
  };

/** `vault status` of the development server in the same container: it is never sealed, and all it keeps is in memory. */
function* vaultStatus(process: Process, version: string): Co<number> {
  yield 40;
  const { env, host } = process;
  const address = flagValue(process.argv, '-address') ?? env.VAULT_ADDR ?? 'https://127.0.0.1:8200';
  const [, scheme, name, port = '8200'] = /^(\w+):\/\/([^:/]+)(?::(\d+))?/.exec(address) ?? [];
  const failed = (why: string) => {
    process.stderr.write(`Error checking seal status: Get "${address}/v1/sys/seal-status": ${why}\n`);
    return 1;
  };
  if (!host.net.listener(name === 'localhost' ? '127.0.0.1' : name, Number(port)))
    return failed(`dial tcp ${name}:${port}: connect: connection refused`);
  if (scheme === 'https') return failed('http: server gave HTTP response to HTTPS client');
  const rows = [
    ['Seal Type', 'shamir'],
    ['Initialized', 'true'],
    ['Sealed', 'false'],
    ['Total Shares', '1'],
    ['Threshold', '1'],
    ['Version', version],
    ['Storage Type', 'inmem'],
    ['Cluster Name', 'vault-cluster-dev'],
    ['HA Enabled', 'false'],
  ];
  const line = ([key, value]: readonly string[]) => `${key.padEnd(16)}${value}\n`;
  process.stdout.write([['Key', 'Value'], ['---', '-----'], ...rows].map(line).join(''));
  return 0;
}

const consul = (version: string): Program =>
  function* (process): Co<number> {
    if (process.argv[1] !== 'agent') return yield* client('commands of Consul other than agent')(process);
    const keys = new Map<string, string>();
    return yield* app({
      ports: [
        {
          port: 8500,
          http: {
            '/': redirect('/ui/', 301),
            '/ui/*': html('Consul by HashiCorp'),
            '/v1/status/leader': '"127.0.0.1:8300"',
            '/v1/status/peers': '["127.0.0.1:8300"]',
            '/v1/catalog/services': json({ consul: [] }),
            '/v1/kv/*': (request) => {
              const key = pathOf(request).slice('/v1/kv/'.length);
              if (request.method === 'PUT') keys.set(key, request.body);
              else if (request.method === 'DELETE') keys.delete(key);
              else if (!keys.has(key)) return { status: 404, body: '' };
              else return json([{ Key: key, Flags: 0, Value: utf8Base64(keys.get(key) as string) }]);
              return json(true);
            },
          },
        },
        { port: 8600 },
        { port: 8301 },
      ],
      start: `==> Starting Consul agent...\n              Version: '${version}'\n`,
      ready: '==> Log data will now stream in as it occurs:\n\n{iso} [INFO]  agent: Consul agent running!\n',
      stop: '{iso} [INFO]  agent: Exit code: code=0\n',
    })(process);
  };

const denied = text(
  '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>\n',
  403,
);
const minio = (version: string): Program =>
  function* (process): Co<number> {
    const { argv, env } = process;
    const words = argv.slice(1).filter((word) => !word.startsWith('-'));
    if (words[0] !== 'server' || words.length < 2) {
      process.stderr.write('NAME:\n  minio - High Performance Object Storage\n\nUSAGE:\n  minio server DIR\n');
      return 1;
    }
    const console = Number((flagValue(argv, '--console-address') ?? ':9001').split(':').pop());
    const port = Number((flagValue(argv, '--address') ?? ':9000').split(':').pop());
    const user = env.MINIO_ROOT_USER ?? env.MINIO_ACCESS_KEY;
    const password = env.MINIO_ROOT_PASSWORD ?? env.MINIO_SECRET_KEY;
    if (user !== undefined && (user.length < 3 || (password ?? '').length < 8)) {
      process.stderr.write(
        'FATAL Unable to validate credentials inherited from the shell environment: Invalid credentials\n',
      );
      return 1;
    }
    return yield* app({
      ports: [
        { port, http: { '/minio/health/*': { status: 200, body: '' }, '/*': denied } },
        { port: console, http: { '/*': html('MinIO Console') } },
      ],
      ready: `MinIO Object Storage Server\nVersion: ${version}\n\nAPI: http://{ip}:${port}  http://127.0.0.1:${port} \nWebUI: http://{ip}:${console} http://127.0.0.1:${console} \n`,
      stop: 'Exiting on signal: TERMINATED\n',
    })(process);
  };

// ---- others -------------------------------------------------------------------------------------------------

const mssql = app({
  ports: [{ port: 1433 }],
  check: ({ env }) => {
    if (!/^(y|yes)$/i.test(env.ACCEPT_EULA ?? '')) {
      return 'The SQL Server End-User License Agreement (EULA) must be accepted before SQL\nServer can start. The license terms for this product can be downloaded from\nhttp://go.microsoft.com/fwlink/?LinkId=746388.\n\nYou can accept the EULA by specifying the --accept-eula command line option,\nsetting the ACCEPT_EULA environment variable, or using the mssql-conf tool.\n';
    }
    const password = env.MSSQL_SA_PASSWORD ?? env.SA_PASSWORD ?? '';
    const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^a-zA-Z\d]/].filter((kind) => kind.test(password)).length;
    return password.length >= 8 && kinds >= 3
      ? undefined
      : 'ERROR: Unable to set system administrator password: Password validation failed. The password does not meet SQL Server password policy requirements because it is too short. The password must be at least 8 characters..\n';
  },
  boot: 6_000,
  start: '{plain}.00 Server      Microsoft SQL Server 2022 (RTM-CU22) - 16.0.4225.2 (X64)\n',
  ready:
    '{plain}.00 spid45s     SQL Server is now ready for client connections. This is an informational message; no user action is required.\n',
});

export const storeRepositories: Repository[] = [
  {
    ...alpine,
    names: ['docker.io/hashicorp/vault', 'docker.io/library/vault'],
    tags: () => releases('1.13.3', '1.14.10', '1.15.6', '1.16.3', '1.17.6', '1.18.5', '1.19.5', '1.20.4', '1.21.1'),
    size: 170_000_000,
    entrypoint: ['docker-entrypoint.sh'],
    cmd: ['server', '-dev'],
    exposedPorts: ['8200/tcp'],
    memory: 110_000_000,
    versionedPrograms: (version) => ({
      '/usr/local/bin/docker-entrypoint.sh': vaultEntry(vault(version)),
      '/bin/vault': vault(version),
    }),
  },
  {
    ...alpine,
    names: ['docker.io/hashicorp/consul', 'docker.io/library/consul'],
    tags: () => releases('1.11.11', '1.13.9', '1.15.4', '1.17.3', '1.19.2', '1.20.6', '1.21.5', '1.22.2'),
    size: 75_000_000,
    entrypoint: ['docker-entrypoint.sh'],
    cmd: ['agent', '-dev', '-client', '0.0.0.0'],
    exposedPorts: ['8500/tcp', '8600/tcp', '8300/tcp', '8301/tcp'],
    memory: 60_000_000,
    versionedPrograms: (version) => ({
      '/usr/local/bin/docker-entrypoint.sh': consul(version),
      '/bin/consul': consul(version),
    }),
  },
  {
    ...debian,
    names: ['docker.io/minio/minio', 'quay.io/minio/minio'],
    tags: Object.fromEntries(
      ['RELEASE.2023-09-04T19-57-37Z', 'RELEASE.2024-12-18T13-15-44Z', 'RELEASE.2025-04-22T22-12-26Z', 'RELEASE.2025-09-07T16-13-09Z', 'latest'].map((tag, _i, all) => [tag, tag === 'latest' ? all[all.length - 2] : tag]), // prettier-ignore
    ),
    size: 63_000_000,
    entrypoint: ['/usr/bin/docker-entrypoint.sh'],
    cmd: ['minio'],
    exposedPorts: ['9000/tcp'],
    memory: 90_000_000,
    commands: DEBIAN_COMMANDS.concat('curl'),
    versionedPrograms: (version) => ({
      *'/usr/bin/docker-entrypoint.sh'(process: Process): Co<number> {
        if (process.argv[1] === 'minio') process.argv = process.argv.slice(1);
        return yield* minio(version)(process);
      },
      '/usr/bin/minio': minio(version),
    }),
  },
  {
    ...debian,
    names: ['docker.io/library/influxdb'],
    tags: () => variants(releases('1.8.10', '1.12.2', '2.7.12', '2.8.0'), 'alpine'),
    size: 130_000_000,
    entrypoint: ['/entrypoint.sh'],
    cmd: ['influxd'],
    exposedPorts: ['8086/tcp'],
    memory: 60_000_000,
    commands: DEBIAN_COMMANDS.concat('curl'),
    versionedPrograms: (version) => ({
      '/entrypoint.sh': app({
        ports: [
          {
            port: 8086,
            http: {
              '/ping': { status: 204, headers: [['X-Influxdb-Version', version.split('-')[0]]], body: '' },
              '/health': json({
                name: 'influxdb',
                message: 'ready for queries and writes',
                status: 'pass',
                version: `v${version.split('-')[0]}`,
              }),
              '/': html('InfluxDB'),
              '/*': json(
                { code: 'not implemented', message: 'queries and writes are not modelled by this engine' },
                501,
              ),
            },
          },
        ],
        boot: 800,
        ready:
          '{iso}\tinfo\tListening\t{"service": "tcp-listener", "transport": "http", "addr": ":8086", "port": 8086}\n',
      }),
    }),
  },
  {
    ...debian,
    names: ['docker.io/library/couchdb'],
    tags: () => releases('3.2.3', '3.3.3', '3.4.3', '3.5.1'),
    size: 100_000_000,
    entrypoint: ['tini', '--', '/docker-entrypoint.sh'],
    cmd: ['/opt/couchdb/bin/couchdb'],
    exposedPorts: ['4369/tcp', '5984/tcp', '9100/tcp'],
    memory: 70_000_000,
    commands: DEBIAN_COMMANDS.concat('curl'),
    versionedPrograms: (version) => ({
      '/usr/bin/tini': app(
        {
          ports: [
            {
              port: 5984,
              http: {
                '/': json({
                  couchdb: 'Welcome',
                  version,
                  git_sha: '2f4d8f1',
                  vendor: { name: 'The Apache Software Foundation' },
                }),
                '/_up': json({ status: 'ok', seeds: {} }),
                '/_utils*': html('Project Fauxton'),
                '/*': json({ error: 'not_implemented', reason: 'databases are not modelled by this engine' }, 501),
              },
            },
          ],
          check: ({ env }) =>
            (env.COUCHDB_USER && env.COUCHDB_PASSWORD) || Number(version[0]) < 3
              ? undefined
              : '*************************************************************\nERROR: CouchDB 3.0+ will no longer run in "Admin Party"\n       mode. You *MUST* specify an admin user and\n       password, either via your own .ini file mapped\n       into the container at /opt/couchdb/etc/local.ini\n       or inside /opt/couchdb/etc/local.d, or with\n       "-e COUCHDB_USER=admin -e COUCHDB_PASSWORD=password"\n       to set it via "docker run".\n*************************************************************\n',
          boot: 1500,
          ready: '[info] {iso} nonode@nohost <0.255.0> -------- Apache CouchDB has started. Time to relax.\n',
        },
        version,
      ),
    }),
  },
  {
    ...debian,
    names: ['mcr.microsoft.com/mssql/server', 'mcr.microsoft.com/mssql/rhel/server'],
    tags: Object.fromEntries(
      ['2017-latest', '2019-latest', '2022-latest', '2025-latest', 'latest'].map((tag) => [tag, tag]),
    ),
    size: 600_000_000,
    user: '10001',
    entrypoint: ['/opt/mssql/bin/launch_sqlservr.sh'],
    cmd: ['/opt/mssql/bin/sqlservr'],
    exposedPorts: ['1433/tcp'],
    memory: 700_000_000,
    programs: {
      '/opt/mssql/bin/launch_sqlservr.sh': mssql,
      '/opt/mssql-tools18/bin/sqlcmd': client('queries to SQL Server'),
      '/opt/mssql/bin/sqlservr': mssql,
    },
  },
  {
    ...debian,
    names: ['docker.io/library/etcd', 'quay.io/coreos/etcd', 'gcr.io/etcd-development/etcd'],
    tags: Object.fromEntries(
      ['v3.3.27', 'v3.4.37', 'v3.5.0', 'v3.5.26', 'v3.6.6', 'latest'].map((tag) => [
        tag,
        tag === 'latest' ? 'v3.6.6' : tag,
      ]),
    ),
    size: 25_000_000,
    cmd: ['/usr/local/bin/etcd'],
    exposedPorts: ['2379/tcp', '2380/tcp'],
    memory: 30_000_000,
    versionedPrograms: (version) => ({
      '/usr/local/bin/etcd': app({
        ports: [
          {
            port: 2379,
            http: {
              '/health': json({ health: 'true', reason: '' }),
              '/version': json({ etcdserver: version.slice(1), etcdcluster: `${version.slice(1, 4)}.0` }),
              '/*': text('keys of this etcd are not modelled by this engine\n', 501),
            },
          },
          { port: 2380 },
        ],
        stream: 'stderr',
        boot: 300,
        start: '{"level":"info","ts":"{iso}","caller":"etcdmain/etcd.go:64","msg":"Running: ","args":["etcd"]}\n',
        ready: '{"level":"info","ts":"{iso}","caller":"embed/serve.go:208","msg":"ready to serve client requests"}\n',
      }),
      '/usr/local/bin/etcdctl': pings(
        2379,
        '127.0.0.1:2379 is healthy: successfully committed proposal: took = 1.2ms\n',
        'Error: unhealthy cluster\n',
      ),
    }),
  },
];

/** The entry point of Vault's image: its arguments are Vault's. */
function vaultEntry(program: Program): Program {
  return function* (process): Co<number> {
    const [path, ...words] = process.argv;
    process.argv = words[0] === 'vault' ? words : [path, ...words];
    return yield* program(process);
  };
}
