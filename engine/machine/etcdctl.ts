// etcdctl of etcd 3.6: reads and changes the store through an endpoint, past the API server.

import type { Etcd, KeyValue } from '../etcd/index.ts';
import type { EtcdData } from '../kubeadm/etcd-data.ts';
import type { EtcdMembers, Member } from '../kubeadm/etcd-members.ts';
import {
  decode,
  encode,
  filesOf,
  FsError,
  hostPort,
  isAddress,
  isLoopback,
  type Process,
  type Program,
  toBase64,
} from '../linux/index.ts';
import { part } from '../parts/index.ts';
import type { Co } from '../sim/index.ts';
import { boxed, die, readFlags, type Flags } from './flags.ts';

export interface EtcdTargets {
  store: Etcd;
  /** The bytes of a value that the API server wrote; undefined where they are not modelled. */
  stored: (kv: KeyValue) => Uint8Array | undefined;
  members: EtcdMembers;
  /** Where snapshots are known from. */
  data: EtcdData;
  /** Of the members: 3.6.6. */
  version: string;
}

const FLAGS = {
  endpoints: 'string',
  cacert: 'string',
  cert: 'string',
  key: 'string',
  'write-out': 'string',
  'command-timeout': 'string',
  cluster: 'bool',
  prefix: 'bool',
  'keys-only': 'bool',
  'print-value-only': 'bool',
  'count-only': 'bool',
  limit: 'string',
  rev: 'string',
} as const;

/** --command-timeout. */
const TIMEOUT_MS = 5000;
/** One request and its answer. */
const ROUND_TRIP = 3;

/** What was put by etcdctl itself; the API server's values are objects. */
class Text {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export const etcdctl = (targets: EtcdTargets): Program =>
  function* (process): Co<number> {
    return yield* new Run(process, targets).run();
  };

class Run {
  private readonly process: Process;
  private readonly targets: EtcdTargets;
  private readonly flags: Flags;

  constructor(process: Process, targets: EtcdTargets) {
    this.process = process;
    this.targets = targets;
    this.flags = readFlags(process.argv.slice(1), FLAGS, { w: 'write-out' }, (text) => die(process, `Error: ${text}`));
    for (const name of ['endpoints', 'cacert', 'cert', 'key']) {
      const value = process.env[`ETCDCTL_${name.toUpperCase()}`];
      if (value && !this.flags.has(name)) this.flags.set(name, value);
    }
  }

  private say(text: string) {
    this.process.stdout.write(text);
  }

  private get form(): string {
    return this.flags.string('write-out') ?? 'simple';
  }

  *run(): Co<number> {
    const { args } = this.flags;
    const [command, ...rest] = args;
    if (!['simple', 'json', 'table'].includes(this.form)) {
      die(this.process, `Error: the output format ${this.form} is not modelled by this engine`);
    }
    switch (command) {
      case 'version':
        this.say(`etcdctl version: ${this.targets.version}\nAPI version: ${this.targets.version.slice(0, 3)}\n`);
        return 0;
      case 'get':
        return yield* this.get(rest);
      case 'put':
        return yield* this.put(rest);
      case 'del':
        return yield* this.del(rest);
      case 'member':
        return yield* this.memberList(rest);
      case 'endpoint':
        return yield* this.endpoint(rest);
      case 'snapshot':
        return yield* this.snapshot(rest);
      default:
        die(this.process, `Error: unknown command ${JSON.stringify(command ?? '')} for "etcdctl"`);
    }
  }

  // ---- connections ---------------------------------------------------------------------------------------------

  private get endpoints(): string[] {
    if (this.flags.bool('cluster')) return this.targets.members.all.map(({ ip }) => `https://${hostPort(ip, 2379)}`);
    return (this.flags.string('endpoints') ?? '127.0.0.1:2379').split(',');
  }

  private read(name: 'cacert' | 'cert' | 'key'): string | undefined {
    const path = this.flags.string(name);
    if (path === undefined) return undefined;
    try {
      return filesOf(this.process).readFile(path);
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      return die(this.process, `Error: open ${path}: ${error.message.toLowerCase()}`);
    }
  }

  /** The member behind an endpoint, or why there is none, in gRPC's words. */
  private *dial(endpoint: string): Co<Member | string> {
    const match = /^(?:(https?):\/\/)?(\[[^\]]+\]|[^:/]+):(\d+)$/.exec(endpoint);
    if (!match) return `invalid endpoint ${endpoint}`;
    const [, scheme, name, port] = match;
    const host = name.replace(/^\[|\]$/g, '');
    const { host: machine } = this.process;
    const [cacert, cert, key] = [this.read('cacert'), this.read('cert'), this.read('key')];
    const addresses = isAddress(host) ? [host] : yield* machine.resolve(host);
    if (!addresses?.length) return `dial tcp: lookup ${host}: no such host`;
    const socket = yield* machine.net.connect(addresses[0], Number(port), { timeout: TIMEOUT_MS });
    const place = hostPort(addresses[0], port);
    if (socket === 'ECONNREFUSED') return `dial tcp ${place}: connect: connection refused`;
    if (typeof socket === 'string') return `dial tcp ${place}: i/o timeout`;
    const { tls } = socket;
    socket.close();
    const secure = scheme === 'https' || cacert !== undefined || cert !== undefined;
    if (tls && !secure) return 'error reading server preface: EOF';
    if (!tls && secure)
      return 'transport: authentication handshake failed: tls: first record does not look like a TLS handshake';
    if (tls && cacert?.trim() !== tls.ca.trim()) {
      return 'transport: authentication handshake failed: tls: failed to verify certificate: x509: certificate signed by unknown authority';
    }
    if (tls && !trusts(tls.ca, cert, key)) {
      return 'error reading server preface: remote error: tls: certificate required';
    }
    const ip = isLoopback(addresses[0]) ? undefined : addresses[0];
    const { all } = this.targets.members;
    const member = all.find((one) => (ip ? one.ip === ip : machine.net.addresses.includes(one.ip)));
    return member ?? 'error reading server preface: EOF';
  }

  /** A member that answers what needs a majority; the command ends when there is none in time. */
  private *connect(method: string): Co<Member> {
    let why = '';
    const begin = this.process.host.sim.now;
    for (const endpoint of this.endpoints) {
      const member = yield* this.dial(endpoint);
      yield ROUND_TRIP;
      if (typeof member === 'string') why = `connection error: desc = ${JSON.stringify(member)}`;
      else if (this.targets.members.quorumOf(member.name)) return member;
      else why = '';
    }
    yield Math.max(1, begin + TIMEOUT_MS - this.process.host.sim.now);
    return this.expired(method, this.endpoints[0], why);
  }

  private expired(method: string, endpoint: string, why: string): never {
    const iso = new Date(this.process.host.sim.now).toISOString();
    const error = why
      ? `rpc error: code = DeadlineExceeded desc = latest balancer error: last connection error: ${why}`
      : 'rpc error: code = DeadlineExceeded desc = context deadline exceeded';
    const line = {
      level: 'warn',
      ts: iso.replace('Z', '000Z'),
      logger: 'etcd-client',
      caller: `v3@v${this.targets.version}/retry_interceptor.go:65`,
      msg: 'retrying of unary invoker failed',
      target: `etcd-endpoints://0xc000002000/${endpoint.replace(/^https?:\/\//, '')}`,
      method,
      attempt: 0,
      error,
    };
    return die(this.process, `${JSON.stringify(line)}\nError: context deadline exceeded`);
  }

  // ---- keys ----------------------------------------------------------------------------------------------------

  private *get([key, end]: string[]): Co<number> {
    if (key === undefined)
      die(this.process, 'Error: get command needs one argument as key and an optional argument as range_end');
    if (end !== undefined) die(this.process, 'Error: a range_end is not modelled by this engine; use --prefix');
    const member = yield* this.connect('/etcdserverpb.KV/Range');
    const { store } = this.targets;
    const revision = Number(this.flags.string('rev') ?? 0) || undefined;
    const limit = Number(this.flags.string('limit') ?? 0);
    const found = store.range(key, { revision, limit: this.flags.bool('prefix') ? limit : 0 });
    const kvs = this.flags.bool('prefix') ? found.kvs : found.kvs.filter((kv) => kv.key === key);
    const count = this.flags.bool('prefix') ? found.count : kvs.length;
    const keysOnly = this.flags.bool('keys-only') || this.flags.bool('count-only');
    if (this.form === 'json') {
      const list = kvs.map((kv) => this.jsonOf(kv, keysOnly));
      this.say(
        `{"header":${this.header(member)}${list.length && !this.flags.bool('count-only') ? `,"kvs":[${list.join(',')}]` : ''}${count ? `,"count":${count}` : ''}}\n`,
      );
      return 0;
    }
    if (this.flags.bool('count-only')) return 0;
    for (const kv of kvs) {
      if (!this.flags.bool('print-value-only')) this.say(`${kv.key}\n`);
      this.say(keysOnly ? '\n' : `${decode(this.valueOf(kv))}\n`);
    }
    return 0;
  }

  /** As it stands in the store. */
  private valueOf(kv: KeyValue): Uint8Array {
    if (kv.value instanceof Text) return encode(kv.value.text);
    const bytes = this.targets.stored(kv);
    if (bytes) return bytes;
    return die(
      this.process,
      `Error: the API server stores ${kv.key} in protobuf, which this engine does not write; --keys-only leaves the value out`,
    );
  }

  private jsonOf(kv: KeyValue, keysOnly: boolean): string {
    const head = `{"key":"${toBase64(encode(kv.key))}","create_revision":${kv.createRevision},"mod_revision":${kv.modRevision},"version":${kv.version}`;
    const lease = kv.lease ? `,"lease":${kv.lease}` : '';
    return keysOnly ? `${head}${lease}}` : `${head},"value":"${toBase64(this.valueOf(kv))}"${lease}}`;
  }

  private header({ id }: Member): string {
    const { members, store } = this.targets;
    const number = (hex: string) => BigInt(`0x${hex}`).toString();
    return `{"cluster_id":${number(members.clusterId)},"member_id":${number(id)},"revision":${store.revision},"raft_term":${members.term}}`;
  }

  private *put([key, value]: string[]): Co<number> {
    if (value === undefined)
      die(this.process, 'Error: put command needs 1 argument and input from stdin or 2 arguments');
    if (key.startsWith('/registry/')) {
      die(
        this.process,
        'Error: what the API server reads it writes itself; other values under /registry are not modelled by this engine',
      );
    }
    yield* this.connect('/etcdserverpb.KV/Put');
    this.targets.store.put(key, new Text(value));
    this.say('OK\n');
    return 0;
  }

  private *del([key]: string[]): Co<number> {
    if (key === undefined)
      die(this.process, 'Error: del command needs one argument as key and an optional argument as range_end');
    yield* this.connect('/etcdserverpb.KV/DeleteRange');
    const { store } = this.targets;
    const keys = this.flags.bool('prefix') ? store.range(key).kvs.map((kv) => kv.key) : [key];
    let count = 0;
    for (const one of keys) if (store.delete(one)) count++;
    this.say(`${count}\n`);
    return 0;
  }

  // ---- members -------------------------------------------------------------------------------------------------

  private *memberList([command = '']: string[]): Co<number> {
    if (command !== 'list') die(this.process, `Error: etcdctl member ${command} is not modelled by this engine`);
    const member = yield* this.connect('/etcdserverpb.Cluster/MemberList');
    const rows = this.targets.members.all.map(({ id, name, ip, isLearner }) => [
      id,
      'started',
      name,
      `https://${hostPort(ip, 2380)}`,
      `https://${hostPort(ip, 2379)}`,
      String(isLearner ?? false),
    ]);
    if (this.form === 'table')
      this.say(boxed([['ID', 'STATUS', 'NAME', 'PEER ADDRS', 'CLIENT ADDRS', 'IS LEARNER'], ...rows]));
    else if (this.form === 'json') {
      const list = this.targets.members.all.map(
        ({ id, name, ip }) =>
          `{"ID":${BigInt(`0x${id}`)},"name":"${name}","peerURLs":["https://${hostPort(ip, 2380)}"],"clientURLs":["https://${hostPort(ip, 2379)}"]}`,
      );
      this.say(`{"header":${this.header(member)},"members":[${list.join(',')}]}\n`);
    } else for (const row of rows) this.say(`${row.join(', ')}\n`);
    return 0;
  }

  private *endpoint([command = '']: string[]): Co<number> {
    if (command === 'health') return yield* this.health();
    if (command !== 'status') die(this.process, `Error: etcdctl endpoint ${command} is not modelled by this engine`);
    const rows: string[][] = [];
    const json: string[] = [];
    let failed = false;
    const { members, version, store } = this.targets;
    for (const endpoint of this.endpoints) {
      const member = yield* this.dial(endpoint);
      yield ROUND_TRIP;
      if (typeof member === 'string') {
        failed = true;
        yield TIMEOUT_MS;
        this.process.stderr.write(`Failed to get the status of endpoint ${endpoint} (context deadline exceeded)\n`);
        continue;
      }
      const leads = members.leader === member;
      // Every change of the store is one entry of the log, and every election.
      const index = String(store.revision + members.term);
      const errors = members.quorumOf(member.name) ? '' : 'etcdserver: no leader';
      const leader = errors ? '0' : BigInt(`0x${members.leader?.id ?? '0'}`).toString();
      rows.push([endpoint, member.id, version, String(leads), String(members.term), index, index, errors]);
      json.push(
        `{"Endpoint":"${endpoint}","Status":{"header":${this.header(member)},"version":"${version}","leader":${leader},"raftIndex":${index},"raftTerm":${members.term},"raftAppliedIndex":${index}${errors ? `,"errors":["${errors}"]` : ''}}}`,
      );
    }
    if (this.form === 'json') this.say(`[${json.join(',')}]\n`);
    else
      die(this.process, 'Error: sizes on disk are not modelled by this engine; the output format json leaves them out');
    return failed ? 1 : 0;
  }

  private *health(): Co<number> {
    let unhealthy = false;
    const { sim } = this.process.host;
    for (const endpoint of this.endpoints) {
      const begin = sim.now;
      const member = yield* this.dial(endpoint);
      yield ROUND_TRIP;
      const well = typeof member !== 'string' && this.targets.members.quorumOf(member.name);
      if (!well) yield Math.max(1, begin + TIMEOUT_MS - sim.now);
      const took = `took = ${well ? `${sim.now - begin}ms` : `${((sim.now - begin) / 1000).toFixed(3)}s`}`;
      if (well) this.say(`${endpoint} is healthy: successfully committed proposal: ${took}\n`);
      else
        this.process.stderr.write(`${endpoint} is unhealthy: failed to commit proposal: context deadline exceeded\n`);
      unhealthy ||= !well;
    }
    if (unhealthy) die(this.process, 'Error: unhealthy cluster');
    return 0;
  }

  /** A file with all keys: revision, keys and their values. */
  private *snapshot([command = '', path]: string[]): Co<number> {
    if (command !== 'save') {
      die(this.process, `Error: unknown command ${JSON.stringify(command)} for "etcdctl snapshot"`);
    }
    if (!path) die(this.process, 'Error: snapshot save expects one argument');
    yield* this.connect('/etcdserverpb.Maintenance/Snapshot');
    const { data, stored } = this.targets;
    const { state } = data;
    const { kvs, revision } = state;
    const values = kvs.map((kv) => {
      const bytes = kv.value instanceof Text ? undefined : stored(kv);
      return bytes ? { ...kv, value: decode(bytes) } : kv;
    });
    const text = JSON.stringify({ revision, kvs: values });
    data.keep(text, state);
    filesOf(this.process).writeFile(path, text);
    this.say(`Snapshot saved at ${path}\nServer version ${this.targets.version.slice(0, 3)}.0\n`);
    return 0;
  }
}

/** Whether a client's certificate and key are a pair that the members' authority has signed. */
function trusts(ca: string, cert: string | undefined, key: string | undefined): boolean {
  if (!cert || !key) return false;
  const { readPem, readCertificate, isSignedBy, privateKeyOf, publicInfoOf } = part('pki');
  const [own, authority] = [readPem(cert), readPem(ca)];
  if (!own || !authority) return false;
  const certificate = readCertificate(own.bytes);
  const secret = privateKeyOf(key);
  if (!secret || !isSignedBy(certificate, readCertificate(authority.bytes).publicKeyInfo)) return false;
  return publicInfoOf(secret).join() === certificate.publicKeyInfo.join();
}
