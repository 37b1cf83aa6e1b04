// Cassandra: nodes that find each other by their seeds and keep a list of the ring; `nodetool` shows it. Rows and CQL
// are not there. Nodes speak in lines of JSON at the port of the real gossip.

import { DirNode, LineReader, type Process, type Program, type Socket } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { app } from './app.ts';
import { clock, refuse } from './service.ts';
import { DEBIAN_COMMANDS } from './tools.ts';
import type { Repository } from './types.ts';
import { plain, releases } from './versions.ts';

interface Member {
  ip: string;
  id: string;
  dc: string;
  rack: string;
  tokens: number;
}

const GOSSIP = 7000;
const JMX = 7199;
const CQL = 9042;
/** A JVM with a Cassandra in it. */
const BOOT = 14_000;

/** One question to a node; undefined: it does not answer. */
function* ask(process: Process, ip: string, port: number, question: string): Co<string | undefined> {
  const socket = yield* process.host.net.connect(ip, port, { timeout: 2_000 });
  if (typeof socket === 'string') return undefined;
  socket.writer.write(`${question}\n`);
  const answer = yield* new LineReader(socket.reader).line();
  socket.close();
  return answer;
}

/** Which node this is: the number stays with the data. */
function hostId(process: Process, dir: string): string {
  const { fs, sim } = process.host;
  const path = `${dir}/host_id`;
  fs.mkdir(dir, { recursive: true });
  if (!fs.exists(path)) {
    const hex = sim.random('cassandra').hex(32);
    const parts = [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20)];
    fs.writeFile(path, `${parts.join('-')}\n`);
  }
  return fs.readFile(path).trim();
}

const cassandra = (dataDir: string): Program =>
  function* (process): Co<number> {
    const { env, host } = process;
    const ip = env.POD_IP ?? env.CASSANDRA_LISTEN_ADDRESS ?? host.net.addresses[0] ?? '127.0.0.1';
    const own: Member = {
      ip,
      id: hostId(process, dataDir),
      dc: env.CASSANDRA_DC ?? 'datacenter1',
      rack: env.CASSANDRA_RACK ?? 'rack1',
      tokens: Number(env.CASSANDRA_NUM_TOKENS ?? (env.CASSANDRA_DC?.includes('K8Demo') ? 32 : 16)),
    };
    const log = (where: string, text: string) => `INFO  [main] ${clock(process).plain},000 ${where} - ${text}\n`;
    const ring = new Map<string, Member>([[own.id, own]]);
    const learn = (members: readonly Member[]) => {
      for (const member of members) if (member.id !== own.id) ring.set(member.id, member);
    };
    const all = () => JSON.stringify([...ring.values()]);

    function* join(): Co<boolean> {
      const seeds: string[] = [];
      for (const name of (env.CASSANDRA_SEEDS ?? ip).split(',')) {
        const addresses = yield* host.resolve(name.trim());
        seeds.push(...(addresses ?? []));
      }
      let met = seeds.length === 0 || seeds.includes(ip);
      const asked = new Set([ip]);
      const others = () => seeds.concat([...ring.values()].map((member) => member.ip)).filter((one) => !asked.has(one));
      for (let next = others(); next.length; next = others()) {
        asked.add(next[0]);
        const answer = yield* ask(process, next[0], GOSSIP, all());
        if (answer === undefined) continue;
        learn(JSON.parse(answer) as Member[]);
        met = true;
      }
      return met;
    }

    function* gossip(socket: Socket): Co {
      const line = yield* new LineReader(socket.reader).line();
      if (line?.startsWith('[')) learn(JSON.parse(line) as Member[]);
      socket.writer.write(`${all()}\n`);
      socket.close();
    }
    function* jmx(socket: Socket): Co {
      const line = yield* new LineReader(socket.reader).line();
      if (line === 'drain') process.stdout.write(log('StorageService.java:1713', 'DRAINED'));
      const states: (Member & { up: boolean })[] = [];
      for (const member of ring.values()) {
        const up = member.id === own.id || (yield* ask(process, member.ip, GOSSIP, '')) !== undefined;
        states.push({ ...member, up });
      }
      socket.writer.write(`${JSON.stringify(states)}\n`);
      socket.close();
    }

    process.stdout.write(log('CassandraDaemon.java:490', `Hostname: ${host.hostname}`));
    process.stdout.write(
      log(
        'Config.java:555',
        `Node configuration:[cluster_name=${env.CASSANDRA_CLUSTER_NAME ?? 'Test Cluster'}; endpoint_snitch=${env.CASSANDRA_ENDPOINT_SNITCH ?? 'SimpleSnitch'}; seeds=${env.CASSANDRA_SEEDS ?? ip}]`,
      ),
    );
    yield BOOT;
    const met = yield* join();
    if (!met) {
      process.stderr.write(
        `Exception (java.lang.RuntimeException) encountered during startup: Unable to gossip with any peers\nERROR [main] ${clock(process).plain},000 CassandraDaemon.java:909 - Exception encountered during startup\njava.lang.RuntimeException: Unable to gossip with any peers\n`,
      );
      return 3;
    }
    return yield* app({
      ports: [{ port: GOSSIP, talk: gossip }, { port: JMX, talk: jmx }, { port: CQL }],
      ready: () =>
        log('StorageService.java:2785', `Node /${ip}:7000 state jump to NORMAL`) +
        log('PipelineConfigurator.java:126', `Starting listening for CQL clients on /0.0.0.0:${CQL} (unencrypted)...`) +
        log('CassandraDaemon.java:781', 'Startup complete'),
      status: 143,
    })(process);
  };

/** The ring as nodetool prints it, one table for each data centre. */
function table(members: readonly (Member & { up: boolean })[]): string {
  let out = '';
  for (const dc of new Set(members.map((member) => member.dc))) {
    const rows = members.filter((member) => member.dc === dc);
    const title = `Datacenter: ${dc}`;
    const width = Math.max(...rows.map(({ ip }) => ip.length), 7);
    out += `${title}\n${'='.repeat(title.length)}\nStatus=Up/Down\n|/ State=Normal/Leaving/Joining/Moving\n--  ${'Address'.padEnd(width)}  Load        Tokens  Owns (effective)  Host ID                               Rack\n`;
    const owns = `${(100 / rows.length).toFixed(1)}%`;
    for (const { ip, id, rack, tokens, up } of rows) {
      const load = `${(70 + (parseInt(id.slice(0, 4), 16) % 4_000) / 100).toFixed(2)} KiB`;
      out += `${up ? 'U' : 'D'}N  ${ip.padEnd(width)}  ${load.padEnd(10)}  ${String(tokens).padEnd(6)}  ${owns.padEnd(16)}  ${id}  ${rack}\n`;
    }
    out += '\n';
  }
  return out;
}

const nodetool: Program = function* (process): Co<number> {
  const word = process.argv.slice(1).find((one) => !one.startsWith('-')) ?? '';
  if (!['status', 'drain', 'ring', 'info', 'flush', 'version'].includes(word)) {
    return yield* refuse(`the command "${word}" is not modelled by this engine`)(process);
  }
  yield 600;
  const answer = yield* ask(process, '127.0.0.1', JMX, word);
  if (answer === undefined) {
    process.stderr.write(
      "nodetool: Failed to connect to '127.0.0.1:7199' - ConnectException: 'Connection refused (Connection refused)'.\n",
    );
    return 1;
  }
  if (word === 'status' || word === 'ring')
    process.stdout.write(table(JSON.parse(answer) as (Member & { up: boolean })[]));
  return 0;
};

/** The readiness check of the documentation's image: its own line of `nodetool status` says UN. */
const readyProbe: Program = function* (process): Co<number> {
  const answer = yield* ask(process, '127.0.0.1', JMX, 'status');
  const members = answer === undefined ? [] : (JSON.parse(answer) as (Member & { up: boolean })[]);
  const up = members.some((member) => member.up && member.ip === process.env.POD_IP);
  process.stdout.write(up ? 'UN\n' : 'Not Up\n');
  return up ? 0 : 1;
};

const base = {
  userland: 'gnu',
  commands: DEBIAN_COMMANDS.concat('ps'),
  exposedPorts: ['7000/tcp', '7001/tcp', '7199/tcp', '9042/tcp', '9160/tcp'],
  memory: 620_000_000,
} as const satisfies Partial<Repository>;

const clients: Record<string, Program> = {
  '/usr/bin/nodetool': nodetool,
  '/usr/bin/cqlsh': refuse('tables and queries of Cassandra are not modelled by this engine'),
};

export const cassandraRepositories: Repository[] = [
  {
    ...base,
    names: ['docker.io/library/cassandra'],
    tags: () => releases('2.2.19', '3.0.32', '3.11.19', '4.0.18', '4.1.10', '5.0.6'),
    size: 155_000_000,
    entrypoint: ['docker-entrypoint.sh'],
    cmd: ['cassandra', '-f'],
    entrypointRuns: '/usr/local/bin/docker-entrypoint.sh',
    env: (version) => ({ CASSANDRA_VERSION: version, CASSANDRA_HOME: '/opt/cassandra' }),
    programs: { ...clients, '/usr/bin/cassandra': cassandra('/var/lib/cassandra/data') },
  },
  {
    ...base,
    names: ['gcr.io/google-samples/cassandra', 'gcr.io/google_samples/cassandra'],
    tags: () => plain('v11', 'v12', 'v13', 'v14'),
    size: 112_000_000,
    cmd: ['/sbin/dumb-init', '/bin/bash', '/run.sh'],
    files: () => ({ '/cassandra_data': new DirNode({ uid: 999, gid: 999 }) }),
    programs: {
      ...clients,
      '/sbin/dumb-init': cassandra('/cassandra_data/data'),
      '/run.sh': cassandra('/cassandra_data/data'),
      '/ready-probe.sh': readyProbe,
    },
  },
];
