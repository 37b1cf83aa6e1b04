// ZooKeeper: an ensemble that keeps one tree of nodes. A write needs a majority of the servers, a server that comes back
// takes over what the others have, the data lie in its data directory. Clients (zkCli.sh) and servers speak in lines of
// JSON; the four-letter words are the real ones.

import { filesOf, LineReader, type Process, type Program, type Socket } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { app } from './app.ts';
import { clock, flagValue } from './service.ts';

export interface Znode {
  data: string;
  czxid: number;
  mzxid: number;
  pzxid: number;
  ctime: number;
  mtime: number;
  version: number;
  cversion: number;
}
type Tree = Record<string, Znode>;

interface Config {
  dataDir: string;
  clientPort: number;
  serverPort: number;
  /** Hosts by number; none: it stands alone. */
  servers: Record<number, string>;
  myid: number;
}

/** `create /a text`: what a client asks, and what is passed on to the other servers as it was decided. */
interface Command {
  op: 'create' | 'set' | 'delete' | 'get' | 'ls' | 'stat';
  path: string;
  data?: string;
  at?: number;
  zxid?: number;
}
export interface Reply {
  error?: string;
  data?: string;
  children?: string[];
  node?: Znode;
}

/** The first epoch; the first client's session has taken its first number. */
const FIRST_ZXID = 0x100000001;
const BOOT = 2_500;
const WRITES = ['create', 'set', 'delete'];

export function* ask(process: Process, host: string, port: number, line: string): Co<string | undefined> {
  const addresses = yield* process.host.resolve(host);
  if (!addresses?.length) return undefined;
  const socket = yield* process.host.net.connect(addresses[0], port, { timeout: 1_500 });
  if (typeof socket === 'string') return undefined;
  socket.writer.write(`${line}\n`);
  const answer = yield* new LineReader(socket.reader).line();
  socket.close();
  return answer;
}

const parentOf = (path: string) => path.slice(0, path.lastIndexOf('/')) || '/';
const childrenOf = (tree: Tree, path: string) =>
  Object.keys(tree)
    .filter((one) => one !== '/' && parentOf(one) === path)
    .map((one) => one.slice(one.lastIndexOf('/') + 1))
    .sort();

/** What a command may not do, by the names of ZooKeeper's exceptions. */
function refusal(tree: Tree, { op, path }: Command): string | undefined {
  if (!path.startsWith('/')) return `Path must start with / character`;
  if (op === 'create') {
    if (tree[path]) return `Node already exists: ${path}`;
    return tree[parentOf(path)] ? undefined : `Node does not exist: ${path}`;
  }
  if (!tree[path]) return `Node does not exist: ${path}`;
  return op === 'delete' && childrenOf(tree, path).length ? `Node not empty: ${path}` : undefined;
}

function apply(tree: Tree, { op, path, data = '', at = 0, zxid = 0 }: Command) {
  const old = tree[path];
  const parent = tree[parentOf(path)];
  if (op === 'create') {
    tree[path] = { data, czxid: zxid, mzxid: zxid, pzxid: zxid, ctime: at, mtime: at, version: 0, cversion: 0 };
  } else if (op === 'set') tree[path] = { ...old, data, mzxid: zxid, mtime: at, version: old.version + 1 };
  else delete tree[path];
  if (op !== 'set' && parent) tree[parentOf(path)] = { ...parent, pzxid: zxid, cversion: parent.cversion + 1 };
}

const server = (version: string, config: (process: Process) => Config): Program =>
  function* (process): Co<number> {
    const { dataDir, clientPort, serverPort, servers, myid } = config(process);
    const { sim } = process.host;
    const fs = filesOf(process);
    const log = (text: string) =>
      process.stdout.write(
        `${clock(process).plain},000 [myid:${myid || ''}] - INFO  [main:QuorumPeer@127] - ${text}\n`,
      );
    const file = `${dataDir}/version-2/snapshot`;
    let tree: Tree = {};
    let last = FIRST_ZXID;
    const others = Object.keys(servers)
      .map(Number)
      .filter((id) => id !== myid);
    const majority = Math.floor((others.length + 1) / 2) + 1;
    let leader = others.length ? 0 : myid;
    const take = (text: string | undefined) => {
      if (!text) return;
      const read = JSON.parse(text) as { last: number; tree: Tree };
      if (read.last >= last) ({ last, tree } = read);
    };
    const save = () => fs.writeFile(file, JSON.stringify({ last, tree }));
    try {
      fs.mkdir(`${dataDir}/version-2`, { recursive: true });
      if (fs.exists(file)) take(fs.readFile(file));
      const root = { data: '', czxid: 0, mzxid: 0, pzxid: 0, ctime: 0, mtime: 0, version: 0, cversion: 0 };
      tree['/'] ??= root;
      tree['/zookeeper'] ??= root;
      save();
    } catch {
      process.stderr.write(
        `ERROR [main:QuorumPeerMain@89] - Unable to access datadir, exiting abnormally: Unable to create data directory ${dataDir}/version-2\n`,
      );
      return 3;
    }

    /** How many servers answer, this one among them; those that answer say who leads. */
    function* reachable(): Co<number[]> {
      const up = [myid];
      let said = 0;
      for (const id of others) {
        const answer = yield* ask(process, servers[id], serverPort, '"leader"');
        if (answer === undefined) continue;
        up.push(id);
        said ||= Number(answer);
      }
      if (up.length < majority) leader = 0;
      else if (!up.includes(leader)) leader = up.includes(said) ? said : Math.max(...up);
      return up;
    }

    function* decide(command: Command): Co<Reply> {
      if (others.length && (yield* reachable()).length < majority) return { error: 'ConnectionLoss' };
      const error = refusal(tree, command);
      if (error) return { error };
      const node = tree[command.path];
      if (!WRITES.includes(command.op)) return { data: node.data, node, children: childrenOf(tree, command.path) };
      const decided = { ...command, at: sim.now, zxid: last + 1 };
      let votes = 1;
      for (const id of others) {
        if ((yield* ask(process, servers[id], serverPort, JSON.stringify(decided))) === 'ack') votes++;
      }
      if (votes < majority) return { error: 'ConnectionLoss' };
      commit(decided);
      return { node: tree[command.path] };
    }
    function commit(command: Command) {
      apply(tree, command);
      last = command.zxid as number;
      save();
    }

    function* peer(socket: Socket): Co {
      const line = yield* new LineReader(socket.reader).line();
      if (line === '"leader"') socket.writer.write(`${leader}\n`);
      else if (line === '"state"') socket.writer.write(`${JSON.stringify({ last, tree })}\n`);
      else if (line?.startsWith('{')) {
        const command = JSON.parse(line) as Command;
        // A server that has missed something takes the whole state before it agrees again.
        if (command.zxid === last + 1 && !refusal(tree, command)) {
          commit(command);
          socket.writer.write('ack\n');
        }
      }
      socket.close();
    }

    function* mode(): Co<string | undefined> {
      if (others.length === 0) return 'standalone';
      const up = yield* reachable();
      if (up.length < majority) return undefined;
      return leader === myid ? 'leader' : 'follower';
    }
    function* words(word: string): Co<string> {
      if (word === 'ruok') {
        const old = /^3\.[0-4]/.test(version);
        return old || myid ? 'imok' : 'ruok is not executed because it is not in the whitelist.\n';
      }
      const role = yield* mode();
      if (!role) return 'This ZooKeeper instance is not currently serving requests\n';
      return `Zookeeper version: ${version}\nLatency min/avg/max: 0/0/0\nReceived: 1\nSent: 0\nConnections: 1\nOutstanding: 0\nZxid: 0x${last.toString(16)}\nMode: ${role}\nNode count: ${Object.keys(tree).length}\n`;
    }
    function* talk(socket: Socket): Co {
      const text = (yield* socket.reader.read()) ?? '';
      if (text.startsWith('{')) {
        const reply = yield* decide(JSON.parse(text) as Command);
        socket.writer.write(`${JSON.stringify(reply)}\n`);
      } else if (/^(ruok|srvr|stat|mntr)/.test(text)) socket.writer.write(yield* words(text.slice(0, 4)));
      socket.close();
    }

    process.argv = [
      'java',
      `-Dzookeeper.log.dir=${dataDir}`,
      '-Dzookeeper.root.logger=INFO,CONSOLE',
      'org.apache.zookeeper.server.quorum.QuorumPeerMain',
    ];
    log(`Starting ${others.length ? 'quorum peer' : 'server'}, myid=${myid}`);
    yield BOOT;
    for (const id of others) take(yield* ask(process, servers[id], serverPort, '"state"'));
    save();
    return yield* app({
      ports: [
        { port: clientPort, talk },
        ...(others.length ? [{ port: serverPort, talk: peer }, { port: serverPort + 1000 }] : []),
      ],
      ready: () =>
        `${clock(process).plain},000 [myid:${myid || ''}] - INFO  [main:NIOServerCnxnFactory@89] - binding to port 0.0.0.0/0.0.0.0:${clientPort}\n`,
      status: 143,
    })(process);
  };

// ---- how the images start it ------------------------------------------------------------------------------------

/** The name and the domain by which the Pod knows itself: `zk-0`, `zk-hs.default.svc.cluster.local`. */
function names({ host }: Process): { name: string; domain: string } {
  const hosts = host.fs.exists('/etc/hosts') ? host.fs.readFile('/etc/hosts') : '';
  const full = hosts.split(/\s+/).find((word) => word.startsWith(`${host.hostname}.`)) ?? host.hostname;
  return { name: host.hostname, domain: full.slice(host.hostname.length + 1) };
}

export const LOGGING =
  'zookeeper.root.logger=CONSOLE\nzookeeper.console.threshold=INFO\nlog4j.rootLogger=${zookeeper.root.logger}\nlog4j.appender.CONSOLE=org.apache.log4j.ConsoleAppender\nlog4j.appender.CONSOLE.Threshold=${zookeeper.console.threshold}\nlog4j.appender.CONSOLE.layout=org.apache.log4j.PatternLayout\nlog4j.appender.CONSOLE.layout.ConversionPattern=%d{ISO8601} [myid:%X{myid}] - %-5p [%t:%C{1}@%L] - %m%n\n';

/** start-zookeeper of the documentation's image: writes zoo.cfg and myid from its flags and the Pod's ordinal. */
export const startZookeeper: Program = function* (process): Co<number> {
  const flag = (key: string, fallback: string) => flagValue(process.argv, `--${key}`) ?? fallback;
  const { name, domain } = names(process);
  const ordinal = /^(.*)-(\d+)$/.exec(name);
  if (!ordinal) {
    process.stderr.write(`Failed to parse name and ordinal of Pod ${name}\n`);
    return 1;
  }
  const fs = filesOf(process);
  const dataDir = flag('data_dir', '/var/lib/zookeeper/data');
  const confDir = flag('conf_dir', '/opt/zookeeper/conf');
  const clientPort = Number(flag('client_port', '2181'));
  const serverPort = Number(flag('server_port', '2888'));
  const myid = Number(ordinal[2]) + 1;
  const servers: Record<number, string> = {};
  const count = Number(flag('servers', '1'));
  for (let id = 1; id <= count; id++) servers[id] = `${ordinal[1]}-${id - 1}${domain && `.${domain}`}`;
  const config = [
    '#This file was autogenerated DO NOT EDIT',
    `clientPort=${clientPort}`,
    `dataDir=${dataDir}`,
    `dataLogDir=${flag('data_log_dir', '/var/lib/zookeeper/log')}`,
    `tickTime=${flag('tick_time', '2000')}`,
    `initLimit=${flag('init_limit', '10')}`,
    `syncLimit=${flag('sync_limit', '5')}`,
    `maxClientCnxns=${flag('max_client_cnxns', '60')}`,
    `minSessionTimeout=${flag('min_session_timeout', '4000')}`,
    `maxSessionTimeout=${flag('max_session_timeout', '40000')}`,
    `autopurge.snapRetainCount=${flag('snap_retain_count', '3')}`,
    `autopurge.purgeInterval=${flag('purge_interval', '0')}`,
    ...(count > 1
      ? Object.keys(servers).map(
          (id) => `server.${id}=${servers[Number(id)]}:${serverPort}:${flag('election_port', '3888')}`,
        )
      : []),
  ];
  try {
    for (const dir of [dataDir, confDir]) fs.mkdir(dir, { recursive: true });
    fs.writeFile(`${confDir}/zoo.cfg`, config.join('\n') + '\n');
    fs.writeFile(`${confDir}/log4j.properties`, LOGGING);
    fs.writeFile(`${dataDir}/myid`, `${myid}\n`);
  } catch {
    process.stderr.write(`mkdir: cannot create directory '${dataDir}': Permission denied\n`);
    return 1;
  }
  return yield* server('3.4.10', () => ({ dataDir, clientPort, serverPort, servers: count > 1 ? servers : {}, myid }))(
    process,
  );
};

/** The official image: ZOO_MY_ID, ZOO_SERVERS (`server.1=zoo1:2888:3888;2181 …`). */
export const official = (version: string): Program =>
  server(version, ({ env }) => {
    const servers: Record<number, string> = {};
    for (const entry of (env.ZOO_SERVERS ?? '').split(/\s+/)) {
      const match = /^server\.(\d+)=([^:]+):/.exec(entry);
      if (match) servers[Number(match[1])] = match[2];
    }
    return {
      dataDir: env.ZOO_DATA_DIR ?? '/data',
      clientPort: 2181,
      serverPort: 2888,
      servers,
      myid: Number(env.ZOO_MY_ID ?? 0),
    };
  });

/** zookeeper-ready: the answer to `ruok`. */
export const ready: Program = function* (process): Co<number> {
  const socket = yield* process.host.net.connect('127.0.0.1', Number(process.argv[1] ?? 2181), { timeout: 2_000 });
  if (typeof socket === 'string') return 1;
  socket.writer.write('ruok');
  const answer = yield* socket.reader.read();
  socket.close();
  return answer === 'imok' ? 0 : 1;
};
