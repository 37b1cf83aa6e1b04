// One server block at work: the plug-ins in the order in which CoreDNS asks them.

import type { Process } from '../linux/index.ts';
import {
  ask,
  type Datagram,
  type DnsMessage,
  type DnsRecord,
  hostPort,
  messageSize,
  query,
  type RecordType,
  type UdpSocket,
} from '../linux/net/index.ts';
import { part } from '../parts/index.ts';
import type { Co } from '../sim/index.ts';
import { CorefileError, type Directive, inZone, type ServerBlock } from './corefile.ts';
import { ReplyCache } from './cache.ts';
import type { ClusterView } from './cluster-view.ts';
import { forward, type Forward, FORWARD_TIMEOUT } from './forward.ts';
import { kubernetes } from './kubernetes.ts';
import type { Backend, Block, Reply } from './plugin.ts';
import type { Rewrite } from './rewrite.ts';

/** Plug-ins of the standard build that this engine does not have. */
const UNMODELLED = new Set(
  'acl any auto autopath azure bind bufsize cancel chaos clouddns debug dns64 dnssec dnstap erratic etcd file geoip grpc grpc_server header import k8s_external local metadata minimal multisocket nomad nsid pprof quic root route53 secondary sign sign template timeouts tls trace transfer tsig view whoami'.split(
    ' ',
  ),
);
/** A chain of aliases is followed so far. */
const MAX_ALIASES = 8;

export interface Surroundings {
  process: Process;
  view: ClusterView | undefined;
  /** The Corefile is the one that the cluster came with. */
  isInstalled: boolean;
  fatal: (message: string) => void;
}

/** The order of plugin.cfg. */
const ORDER: readonly Backend['name'][] = ['hosts', 'kubernetes', 'forward'];

export interface Page {
  port: number;
  path: string;
  answer: () => { status: number; body: string };
}

export function buildServers(blocks: readonly ServerBlock[], path: string, around: Surroundings): Server[] {
  const servers: Server[] = [];
  for (const block of blocks) {
    for (const { name, port } of block.zones) servers.push(new Server(name, port, block.directives, path, around));
  }
  return servers;
}

export class Server {
  readonly zone: string;
  readonly port: number;
  readonly pages: Page[] = [];
  lameduck = 0;
  reloads = false;
  private readonly around: Surroundings;
  private readonly path: string;
  private readonly backends: Backend[] = [];
  private readonly rewrites: Rewrite[] = [];
  private upstreams: Forward['upstreams'] = [];
  private logs = false;
  private errors = false;
  private balances = false;
  private loopName: string | undefined;
  private cache: ReplyCache | undefined;
  private requests = 0;

  constructor(zone: string, port: number, directives: readonly Directive[], path: string, around: Surroundings) {
    this.zone = zone;
    this.port = port;
    this.path = path;
    this.around = around;
    for (const directive of directives) this.configure(directive);
    this.backends.sort((a, b) => ORDER.indexOf(a.name) - ORDER.indexOf(b.name));
  }

  /** Whether the question falls into this block's zone. */
  serves({ payload }: Datagram): boolean {
    return inZone((payload as DnsMessage).question.name.toLowerCase(), this.zone);
  }

  /** What a plug-in sees of this block. */
  private block(wrong: Block['wrong']): Block {
    const { zone, around } = this;
    const errors = () => this.errors;
    return {
      zone,
      process: around.process,
      view: around.view,
      get errors() {
        return errors();
      },
      wrong,
      resolve: (name, type, depth) => this.resolve(name, type, depth),
    };
  }

  private configure(directive: Directive) {
    const { name, args, block, line } = directive;
    const { process } = this.around;
    const wrong = (message: string): never => {
      throw new CorefileError(`${this.path}:${line} - Error during parsing: ${message}`);
    };
    const around: Block = this.block(wrong);
    const unread = this.around.isInstalled ? undefined : part('dns').unheeded(directive);
    if (unread) wrong(unread);
    switch (name) {
      case 'errors':
        this.errors = true;
        return;
      case 'log':
        this.logs = true;
        return;
      case 'reload':
        this.reloads = true;
        return;
      case 'loadbalance':
        this.balances = true;
        return;
      case 'loop':
        this.loopName = `${process.host.sim.random('dns-loop').bits()}.${process.host.sim.random('dns-loop').bits()}.`;
        return;
      case 'health': {
        const lameduck = block.find(([word]) => word === 'lameduck')?.[1];
        this.lameduck = lameduck ? parseFloat(lameduck) * 1000 : 0;
        this.pages.push({ port: portOf(args[0], 8080), path: '/health', answer: () => ({ status: 200, body: 'OK' }) });
        return;
      }
      case 'ready':
        this.pages.push({
          port: portOf(args[0], 8181),
          path: '/ready',
          answer: () => {
            if (this.around.view?.synced !== false) return { status: 200, body: 'OK' };
            process.stdout.write('[INFO] plugin/ready: Plugins not ready: "kubernetes"\n');
            return { status: 503, body: 'kubernetes' };
          },
        });
        return;
      case 'prometheus':
        this.pages.push({
          port: portOf(args[0], 9153),
          path: '/metrics',
          answer: () => ({ status: 200, body: this.metrics() }),
        });
        return;
      case 'cache':
        this.cache = new ReplyCache(process.host.sim, directive, this.zone);
        return;
      case 'rewrite':
        this.rewrites.push(part('dns').rewrite(args, wrong));
        return;
      case 'hosts':
        this.backends.push(part('dns').hosts(directive, around));
        return;
      case 'kubernetes':
        this.backends.push(kubernetes(directive, around));
        return;
      case 'forward': {
        const made = forward(directive, around);
        if (made.upstreams.length) this.upstreams = made.upstreams;
        this.backends.push(made);
        return;
      }
    }
    if (UNMODELLED.has(name)) wrong(`the plugin '${name}' is not modelled by this engine`);
    wrong(`Unknown directive '${name}'`);
  }

  /** Asks the plug-ins, and follows an alias that one of them gave. */
  private *resolve(name: string, type: RecordType, depth: number): Co<Reply | undefined> {
    for (const backend of this.backends) {
      if (!backend.zones.some((zone) => inZone(name, zone))) continue;
      if (depth > MAX_ALIASES) return undefined;
      const reply = yield* backend.answer(name, type, depth);
      if (reply) return reply;
    }
    return undefined;
  }

  take({ from, to, payload }: Datagram, socket: UdpSocket) {
    const message = payload as DnsMessage;
    if (message.response) return;
    const { process, fatal } = this.around;
    if (this.loopName !== undefined && message.question.name === this.loopName) {
      fatal(
        `plugin/loop: Loop (${hostPort(from.ip, from.port)} -> :${this.port}) detected for zone "${this.zone}", see https://coredns.io/plugins/loop#troubleshooting. Query: "HINFO ${this.loopName}"`,
      );
      return;
    }
    const { sim } = process.host;
    sim.spawn(
      'dns',
      this.answer(message, from, (reply) => void socket.send(from, reply, messageSize(reply), to.ip)),
    );
  }

  private *answer(message: DnsMessage, from: { ip: string; port: number }, send: (reply: DnsMessage) => void): Co {
    const { process } = this.around;
    const { sim } = process.host;
    const started = sim.now;
    const { name, type } = message.question;
    let asked = name.toLowerCase();
    const rewritten = this.rewrites.find(({ from: pattern }) => pattern.test(asked));
    if (rewritten) asked = asked.replace(rewritten.from, rewritten.to);
    this.requests++;
    let reply = this.cache?.get(asked, type);
    if (!reply) {
      const resolved = (yield* this.resolve(asked, type, 0)) ?? {
        code: 'SERVFAIL',
        authoritative: false,
        recursionAvailable: false,
        answers: [],
      };
      reply = this.cache?.keep(asked, type, resolved) ?? resolved;
    }
    let { answers } = reply;
    if (rewritten?.answers) {
      answers = answers.map((record) => (record.name === asked ? { ...record, name } : record));
    }
    if (this.balances) answers = this.shuffle(answers);
    const out: DnsMessage = {
      ...message,
      response: true,
      code: reply.code,
      authoritative: reply.authoritative,
      recursionAvailable: reply.recursionAvailable,
      answers,
      authority: reply.authority ?? [],
      additional: reply.additional ?? [],
    };
    send(out);
    if (!this.logs) return;
    const flags = ['qr', out.authoritative && 'aa', out.recursionDesired && 'rd', out.recursionAvailable && 'ra'];
    const took = ((sim.now - started) / 1000 + 0.000087).toFixed(9);
    process.stdout.write(
      `[INFO] ${hostPort(from.ip, from.port)} - ${message.id} "${type} IN ${name} udp ${messageSize(message)} false ${message.opt ? 1232 : 512}" ${out.code} ${flags.filter(Boolean).join(',')} ${messageSize(out)} ${took}s\n`,
    );
  }

  /** Round robin: addresses in an order of chance, aliases first. */
  private shuffle(answers: readonly DnsRecord[]): readonly DnsRecord[] {
    if (answers.length < 2) return answers;
    const random = this.around.process.host.sim.random('dns-loadbalance');
    const addresses = answers.filter(({ type }) => type === 'A' || type === 'AAAA');
    for (let i = addresses.length - 1; i > 0; i--) {
      const k = random.int(i + 1);
      const one = addresses[i];
      addresses[i] = addresses[k];
      addresses[k] = one;
    }
    return [...answers.filter(({ type }) => type !== 'A' && type !== 'AAAA'), ...addresses];
  }

  /** The plug-in `loop`: a question that comes back means that upstream is this server. */
  *probe(): Co {
    const { loopName } = this;
    if (loopName === undefined) return;
    const { net, sim } = this.around.process.host;
    for (const { ip, port } of this.upstreams) {
      yield* ask(net, ip, query(sim.random('dns-id').int(65536), loopName, 'ANY'), FORWARD_TIMEOUT, port);
    }
    this.loopName = undefined;
  }

  private metrics(): string {
    const labels = `proto="udp",server="dns://:${this.port}",zone="${this.zone}"`;
    return `# HELP coredns_dns_requests_total Counter of DNS requests made per zone, protocol and family.\n# TYPE coredns_dns_requests_total counter\ncoredns_dns_requests_total{family="1",${labels}} ${this.requests}\n`;
  }
}

function portOf(text: string | undefined, preset: number): number {
  const found = /:(\d+)$/.exec(text ?? '');
  return found ? Number(found[1]) : preset;
}
