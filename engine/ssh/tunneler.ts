// The API server's SSH tunnels: every 15 s one to each node's external address that has none yet, its own key on all
// machines every 5 min, and a look through every tunnel each minute (kubernetes v1.21: pkg/controlplane/tunneler, pkg/ssh).

import type { Node } from '../api/types.ts';
import type { Egress } from '../apiserver/egress.ts';
import { ApiError, type Client } from '../client/index.ts';
import type { Process } from '../linux/index.ts';
import type { Signal, Task } from '../sim/index.ts';
import { generateKey, publicLine } from './keys.ts';
import { TunnelList, type Log } from './tunnels.ts';

const SYNC_MS = 15_000;
const KEY_SYNC_MS = 300_000;
/** After so long without a success the server is not well, s. */
const SYNC_LAG = 600;
const KEY_LAG = 900;
const LONGEST_USER = 32;

export interface TunnelsOptions {
  process: Process;
  /** --ssh-user and --ssh-keyfile. */
  user: string;
  keyfile: string;
  /** The server's own client. */
  client: Client;
  /** Puts a key on all machines, and says whether it is new there; undefined: the server has no cloud provider that could. */
  install: ((user: string, line: string) => boolean) | undefined;
  log: Log;
  /** Fired when the server's health has changed. */
  changed: Signal;
}

export interface Tunnels extends Egress {
  stop(): void;
}

export function openTunnels({ process, user: given, keyfile, client, install, log, changed }: TunnelsOptions): Tunnels {
  const { sim, fs } = process.host;
  const started = sim.now;
  let synced = started;
  let keySynced = started;
  if (given.length > LONGEST_USER) log('W', 'ssh.go:109', 'SSH User is too long, truncating to 32 chars');
  const user = given.slice(0, LONGEST_USER);
  log('I', 'ssh.go:112', `Setting up proxy: ${user} ${keyfile}`);
  const publicKey = `${keyfile}.pub`;
  if (!fs.exists(publicKey)) {
    log('I', 'ssh.go:120', "Key doesn't exist, attempting to create");
    if (fs.exists(keyfile)) log('I', 'ssh.go:210', 'Private key exists, but public key does not');
    const problem = generateKey(sim, fs, keyfile);
    if (problem) log('E', 'ssh.go:122', `Failed to create key pair: ${problem}`);
  }
  const list = new TunnelList({ process, user, keyfile, log });

  const syncKey = () => {
    if (!install) return log('E', 'ssh.go:161', "Won't attempt to install ssh key: InstallSSHKey function is nil");
    const line = publicLine(fs, publicKey);
    if (typeof line !== 'string') return log('E', 'ssh.go:166', `Failed to load public key: ${line.problem}`);
    if (install(user, line)) log('I', 'gce_instances.go:411', 'Successfully added sshKey to project metadata');
    else log('I', 'gce_instances.go:384', 'SSHKey already in project metadata');
    keySynced = sim.now;
  };
  const syncNodes = () => {
    const addresses = externalAddresses(client);
    if ('problem' in addresses) log('E', 'ssh.go:190', `Failed to getAddresses: ${addresses.problem}`);
    list.update('problem' in addresses ? [] : addresses);
    synced = sim.now;
    const isWell = failure() === undefined;
    if (isWell !== wasWell) changed.fire();
    wasWell = isWell;
  };
  const seconds = (since: number) => Math.floor(sim.now / 1000) - Math.floor(since / 1000);
  const failure = () => {
    const lag = seconds(synced);
    if (lag > SYNC_LAG) return `tunnel sync is taking too long: ${lag}`;
    const keyLag = seconds(keySynced);
    return keyLag > KEY_LAG ? `SSHKey sync is taking too long: ${keyLag}` : undefined;
  };
  let wasWell = true;
  const tasks: Task<unknown>[] = [
    sim.spawn('ssh-key-sync', forever(KEY_SYNC_MS, syncKey)),
    sim.spawn('ssh-nodes-sync', forever(SYNC_MS, syncNodes)),
    sim.spawn('ssh-health-check', list.checkForever()),
  ];
  return {
    reach: (ip, port) => list.reach(ip, port),
    connect: (ip, port, timeout) => list.connect(ip, port, timeout),
    way: (ip) => list.way(ip),
    check: { name: 'SSH Tunnel Check', failure },
    metrics: () => METRICS.map(([name, type, help, value]) => metric(name, type, help, value(list, seconds(synced)))),
    stop() {
      for (const task of tasks) task.kill();
      list.close();
    },
  };
}

function* forever(period: number, act: () => void) {
  for (;;) {
    act();
    yield period;
  }
}

/** The nodes' ExternalIP: tunnels go to no other. */
function externalAddresses(client: Client): string[] | { problem: string } {
  let nodes: Node[];
  try {
    nodes = client.of<Node>('v1', 'nodes', false).list('');
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { problem: error.message };
  }
  const found: string[] = [];
  for (const { status } of nodes) {
    const external = status?.addresses?.find(({ type }) => type === 'ExternalIP');
    if (external) found.push(external.address);
  }
  if (found.length || !nodes.length) return found;
  const last = nodes[nodes.length - 1].status?.addresses ?? [];
  const known = last.map(({ type, address }) => `{${type} ${address}}`).join(' ');
  return { problem: `no preferred addresses found; known addresses: [${known}]` };
}

type Metric = readonly [string, 'counter' | 'gauge', string, (list: TunnelList, lag: number) => number];
const LAG = 'The time since the last successful synchronization of the SSH tunnels for proxy requests.';
const METRICS: readonly Metric[] = [
  ['apiserver_proxy_tunnel_sync_duration_seconds', 'gauge', `[ALPHA] ${LAG}`, (_, lag) => lag],
  ['apiserver_proxy_tunnel_sync_latency_secs', 'gauge', `[ALPHA] (Deprecated since 1.14.0) ${LAG}`, (_, lag) => lag],
  ['ssh_tunnel_open_count', 'counter', '[ALPHA] Counter of ssh tunnel total open attempts', ({ opened }) => opened],
  [
    'ssh_tunnel_open_fail_count',
    'counter',
    '[ALPHA] Counter of ssh tunnel failed open attempts',
    ({ failed }) => failed,
  ],
];

const metric = (name: string, type: string, help: string, value: number): string =>
  `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${value}`;
