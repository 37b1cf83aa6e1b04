// One server block at work: the plug-ins in the order in which CoreDNS asks them.

import type { Process } from '../linux/index.ts';
import {
  ask,
  type Datagram,
  type DnsFailure,
  type DnsMessage,
  type DnsRecord,
  hostPort,
  messageSize,
  query,
  readResolverConfig,
  type RecordType,
  type ResponseCode,
  type UdpSocket,
} from '../linux/net/index.ts';
import { part } from '../parts/index.ts';
import type { Co } from '../sim/index.ts';
import { CorefileError, type Directive, inZone, type ServerBlock } from './corefile.ts';
import type { ClusterView } from './cluster-view.ts';
import type { Answer, KubernetesOptions, KubernetesZone } from './records.ts';

/** Plug-ins of the standard build that this engine does not have. */
const UNMODELLED = new Set(
  'acl any auto autopath azure bind bufsize cancel chaos clouddns debug dns64 dnssec dnstap erratic etcd file geoip grpc grpc_server header import k8s_external local metadata minimal multisocket nomad nsid pprof quic root route53 secondary sign sign template timeouts tls trace transfer tsig view whoami'.split(
    ' ',
  ),
);
const FORWARD_TIMEOUT = 2_000;
const FORWARD_TRIES = 2;
/** A chain of aliases is followed so far. */
const MAX_ALIASES = 8;

export interface Surroundings {
  process: Process;
  view: ClusterView | undefined;
  /** The Corefile is the one that the cluster came with. */
  isInstalled: boolean;
  fatal: (message: string) => void;
}

interface Reply {
  code: ResponseCode;
  authoritative: boolean;
  recursionAvailable: boolean;
  answers: readonly DnsRecord[];
  authority?: readonly DnsRecord[];
  additional?: readonly DnsRecord[];
}

type PluginName = 'hosts' | 'kubernetes' | 'forward';

/** One that may answer; undefined passes the question on. */
interface Backend {
  name: PluginName;
  zones: readonly string[];
  /** `depth`: how many aliases have led here. */
  answer(name: string, type: RecordType, depth: number): Co<Reply | undefined>;
}

/** The order of plugin.cfg. */
const ORDER: readonly PluginName[] = ['hosts', 'kubernetes', 'forward'];

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

const zonesOf = (words: readonly string[], preset: string): string[] =>
  words.length ? words.map((word) => (word === '.' ? '.' : `${word.replace(/\.$/, '').toLowerCase()}.`)) : [preset];

/** How long replies of a kind are kept, s, and in which zones they are not. */
interface Kept {
  ttl: number;
  uncached: readonly string[];
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
  private readonly rewrites: { from: RegExp; to: string; answers: boolean }[] = [];
  private upstreams: { ip: string; port: number }[] = [];
  private logs = false;
  private errors = false;
  private balances = false;
  private loopName: string | undefined;
  private cache:
    | {
        success: Kept;
        denial: Kept;
        entries: Map<string, { reply: Reply; at: number; ttl: number }>;
      }
    | undefined;
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

  private configure(directive: Directive) {
    const { name, args, block, line } = directive;
    const { process } = this.around;
    const wrong = (message: string): never => {
      throw new CorefileError(`${this.path}:${line} - Error during parsing: ${message}`);
    };
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
      case 'cache': {
        const whole = args[0] ? Number(args[0]) : 3600;
        // CAPACITY [TTL]: how many entries fit is nowhere near.
        const ttlOf = (kind: string, most: number): number =>
          Number(block.find(([word]) => word === kind)?.[2] ?? Math.min(whole, most));
        const uncached = (kind: string): string[] =>
          block
            .filter(([word, what]) => word === 'disable' && what === kind)
            .flatMap((words) => zonesOf(words.slice(2), this.zone));
        this.cache = {
          success: { ttl: ttlOf('success', 3600), uncached: uncached('success') },
          denial: { ttl: ttlOf('denial', 1800), uncached: uncached('denial') },
          entries: new Map(),
        };
        return;
      }
      case 'rewrite':
        this.rewrite(args, wrong);
        return;
      case 'hosts':
        this.backends.push(this.hosts(directive));
        return;
      case 'kubernetes':
        this.backends.push(this.kubernetes(directive, wrong));
        return;
      case 'forward':
        this.backends.push(this.forward(directive, wrong));
        return;
    }
    if (UNMODELLED.has(name)) wrong(`the plugin '${name}' is not modelled by this engine`);
    wrong(`Unknown directive '${name}'`);
  }

  private rewrite(words: string[], wrong: (message: string) => never) {
    const args = ['stop', 'continue'].includes(words[0]) ? words.slice(1) : words;
    if (args[0] !== 'name') wrong(`rewriting by '${args[0]}' is not modelled by this engine`);
    const rest = args.slice(1);
    const kinds = ['exact', 'prefix', 'suffix', 'substring', 'regex'];
    const kind = kinds.includes(rest[0]) ? (rest.shift() as string) : 'exact';
    const [from, to] = rest;
    if (!from || !to) wrong('name rules must have at least two arguments');
    const text = from.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    const dotted = kind === 'suffix' || kind === 'exact' ? text.replace(/(\\\.)?$/, '\\.') : text;
    const pattern = { exact: `^${dotted}$`, prefix: `^${text}`, suffix: `${dotted}$`, substring: text, regex: from }[
      kind
    ] as string;
    const full = kind === 'suffix' || kind === 'exact' ? `${to.replace(/\.$/, '')}.` : to;
    this.rewrites.push({
      from: new RegExp(pattern),
      to: kind === 'regex' ? full.replace(/\{(\d+)\}/g, '$$$1') : full,
      answers: rest.includes('auto') || kind === 'exact',
    });
  }

  private hosts({ args, block }: Directive): Backend {
    const { process } = this.around;
    const file = args[0];
    const zones = zonesOf(args.slice(1), this.zone);
    const fallthrough = block.some(([word]) => word === 'fallthrough');
    const inline = block.filter(([word]) => /^[\d:]/.test(word)).map((words) => words.join(' '));
    const ttl = Number(block.find(([word]) => word === 'ttl')?.[1] ?? 3600);
    const reverse = !block.some(([word]) => word === 'no_reverse');
    return {
      name: 'hosts',
      zones,
      // eslint-disable-next-line require-yield
      *answer(name, type) {
        const { fs } = process.host;
        const path = file ?? '/etc/hosts';
        const lines = [...(fs.exists(path) ? fs.readFile(path).split('\n') : []), ...inline];
        const answers: DnsRecord[] = [];
        let known = false;
        for (const line of lines) {
          const [ip, ...names] = line.split('#', 1)[0].trim().split(/\s+/);
          if (type === 'PTR' && reverse && name === `${ip.split('.').reverse().join('.')}.in-addr.arpa.`) {
            known = true;
            for (const one of names) answers.push({ name, type, ttl, data: `${one.toLowerCase()}.` });
            continue;
          }
          if (!names.some((one) => `${one.toLowerCase()}.` === name)) continue;
          known = true;
          if ((ip.includes(':') ? 'AAAA' : 'A') === type) answers.push({ name, type, ttl, data: ip });
        }
        if (!answers.length && (fallthrough || !known)) {
          if (fallthrough) return undefined;
          return { code: 'NXDOMAIN', authoritative: true, recursionAvailable: false, answers };
        }
        return { code: 'NOERROR', authoritative: true, recursionAvailable: false, answers };
      },
    };
  }

  private kubernetes({ args, block }: Directive, wrong: (message: string) => never): Backend {
    const { view, process } = this.around;
    const zones = zonesOf(args, this.zone);
    const own = zones.find((zone) => !zone.endsWith('.arpa.'));
    const option = (word: string) => block.find((words) => words[0] === word);
    const pods = option('pods')?.[1] ?? 'disabled';
    if (pods !== 'disabled' && pods !== 'insecure' && pods !== 'verified') {
      return wrong(`wrong value for pods: ${pods},  must be one of: disabled, verified, insecure`);
    }
    const through = option('fallthrough');
    const falls = through ? zonesOf(through.slice(1), '.') : [];
    const options: KubernetesOptions = {
      zone: own ?? 'cluster.local.',
      pods,
      ttl: Number(option('ttl')?.[1] ?? 5),
      endpointPodNames: option('endpoint_pod_names') !== undefined,
    };
    // Made for the first question.
    let cluster: KubernetesZone | undefined;
    const resolve = (name: string, type: RecordType, depth: number) => this.resolve(name, type, depth);
    return {
      name: 'kubernetes',
      zones,
      *answer(name, type, depth) {
        if (!view?.synced) return { code: 'SERVFAIL', authoritative: true, recursionAvailable: false, answers: [] };
        cluster ??= new (part('dns').KubernetesZone)(view, options);
        const found: Answer | undefined =
          own && inZone(name, own) ? cluster.lookup(name, type) : type === 'PTR' ? cluster.reverse(name) : undefined;
        if (!found || found.code === 'NXDOMAIN') {
          if (falls.some((zone) => inZone(name, zone))) return undefined;
        }
        const reply: Reply = {
          code: found?.code ?? 'NXDOMAIN',
          authoritative: true,
          recursionAvailable: false,
          answers: found?.answers ?? [],
          additional: found?.additional,
        };
        if (found?.follow) {
          const rest = yield* resolve(found.follow, type, depth + 1);
          if (rest) return { ...reply, answers: [...reply.answers, ...rest.answers] };
        }
        if (!reply.answers.length) return { ...reply, authority: [cluster.soa(process.host.sim.now)] };
        return reply;
      },
    };
  }

  private forward({ args, block }: Directive, wrong: (message: string) => never): Backend {
    const { process } = this.around;
    const [from, ...to] = args;
    if (from === undefined || to.length === 0) return wrong('wrong argument count or unexpected line ending');
    const excepted = block.find(([word]) => word === 'except');
    const except = excepted ? zonesOf(excepted.slice(1), this.zone) : [];
    const upstreams: { ip: string; port: number }[] = [];
    for (const word of to) {
      if (word.startsWith('/')) {
        for (const ip of readResolverConfig(process.host.fs).servers) upstreams.push({ ip, port: 53 });
        continue;
      }
      const found = /^(?:dns:\/\/)?(\d+\.\d+\.\d+\.\d+)(?::(\d+))?$/.exec(word);
      if (!found) return wrong(`not an IP address or file: "${word}"`);
      upstreams.push({ ip: found[1], port: Number(found[2] ?? 53) });
    }
    if (from === '.') this.upstreams = upstreams;
    const policy = block.find(([word]) => word === 'policy')?.[1] ?? 'random';
    const limit = Number(block.find(([word]) => word === 'max_concurrent')?.[1] ?? 0);
    let running = 0;
    let next = 0;
    const choose = (attempt: number): number => {
      if (policy === 'random') return process.host.sim.random('dns-forward').int(upstreams.length);
      return (policy === 'sequential' ? attempt : next++) % upstreams.length;
    };
    const complain = (name: string, type: RecordType, why: string) => {
      if (this.errors) process.stdout.write(`[ERROR] plugin/errors: 2 ${name} ${type}: ${why}\n`);
    };
    return {
      name: 'forward',
      zones: zonesOf([from], this.zone),
      *answer(name, type): Co<Reply | undefined> {
        if (except.some((zone) => inZone(name, zone))) return undefined;
        const { net, sim } = process.host;
        let why: DnsFailure = 'timeout';
        let used = upstreams[0];
        if (limit > 0 && running >= limit) {
          complain(name, type, `concurrent queries exceeded maximum ${limit}`);
          return { code: 'REFUSED', authoritative: false, recursionAvailable: true, answers: [] };
        }
        running++;
        try {
          for (let i = 0; i < FORWARD_TRIES; i++) {
            used = upstreams[choose(i)];
            const message = query(sim.random('dns-id').int(65536), name, type);
            const answer = yield* ask(net, used.ip, message, FORWARD_TIMEOUT, used.port);
            if (typeof answer !== 'string') return answer;
            why = answer;
          }
        } finally {
          running--;
        }
        const text = {
          timeout: 'i/o timeout',
          refused: 'read: connection refused',
          unreachable: 'read: no route to host',
        }[why];
        const flow = `${hostPort(net.addresses[0], 32768 + sim.random('dns-id').int(28000))}->${hostPort(used.ip, used.port)}`;
        complain(name, type, `read udp ${flow}: ${text}`);
        return { code: 'SERVFAIL', authoritative: false, recursionAvailable: true, answers: [] };
      },
    };
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
    for (const { from: pattern, to } of this.rewrites) {
      if (!pattern.test(asked)) continue;
      asked = asked.replace(pattern, to);
      break;
    }
    this.requests++;
    let reply = this.cached(asked, type);
    if (!reply) {
      const resolved = (yield* this.resolve(asked, type, 0)) ?? {
        code: 'SERVFAIL',
        authoritative: false,
        recursionAvailable: false,
        answers: [],
      };
      reply = this.remember(asked, type, resolved);
    }
    let { answers } = reply;
    if (asked !== name.toLowerCase()) {
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

  private cached(name: string, type: RecordType): Reply | undefined {
    const entry = this.cache?.entries.get(`${name} ${type}`);
    if (!entry) return undefined;
    const age = Math.floor((this.around.process.host.sim.now - entry.at) / 1000);
    if (age >= entry.ttl) {
      this.cache?.entries.delete(`${name} ${type}`);
      return undefined;
    }
    const older = (record: DnsRecord) => ({ ...record, ttl: Math.max(0, Math.min(record.ttl, entry.ttl) - age) });
    return { ...entry.reply, answers: entry.reply.answers.map(older), authority: entry.reply.authority?.map(older) };
  }

  /** Keeps the reply, and gives it with the time to live that it has in the cache, for zones that are left out too. */
  private remember(name: string, type: RecordType, reply: Reply): Reply {
    const { cache } = this;
    if (!cache || (reply.code !== 'NOERROR' && reply.code !== 'NXDOMAIN')) return reply;
    const records = reply.answers.length ? reply.answers : (reply.authority ?? []);
    const { ttl: most, uncached } = reply.answers.length ? cache.success : cache.denial;
    const ttl = Math.min(most, ...records.map((record) => record.ttl), records.length ? Infinity : most);
    if (ttl > 0 && !uncached.some((zone) => inZone(name, zone))) {
      cache.entries.set(`${name} ${type}`, { reply, at: this.around.process.host.sim.now, ttl });
    }
    const capped = (record: DnsRecord) => (record.ttl > ttl ? { ...record, ttl } : record);
    return { ...reply, answers: reply.answers.map(capped), authority: reply.authority?.map(capped) };
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
