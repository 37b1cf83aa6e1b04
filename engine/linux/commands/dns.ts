// nslookup (busybox's and BIND's), host, dig: questions to name servers.

import type { Co } from '../../sim/index.ts';
import { filesOf } from '../host.ts';
import {
  ask,
  candidates,
  type DnsFailure,
  type DnsMessage,
  type DnsRecord,
  isAddress,
  lookup,
  messageSize,
  query,
  type RecordType,
  readResolverConfig,
  resolveName,
  type ResolverConfig,
  reverseName,
} from '../net/index.ts';
import type { Process, Program } from '../types.ts';
import { formatDate } from './date.ts';
import { fail, isBusybox, operands, parseOptions, put, usageError } from './options.ts';

const TYPES = new Set<string>(['A', 'AAAA', 'CNAME', 'SRV', 'PTR', 'NS', 'SOA', 'TXT', 'MX', 'ANY']);
const UNREACHABLE = ';; connection timed out; no servers could be reached\n';

const withoutDot = (name: string) => (name.length > 1 && name.endsWith('.') ? name.slice(0, -1) : name);

/** The resolver's settings, with the server that the command line names. */
function* settings(process: Process, server: string | undefined): Co<ResolverConfig> {
  const config = readResolverConfig(filesOf(process));
  if (server === undefined) return config;
  const { fs, net } = process.host;
  const addresses = yield* resolveName(fs, net, server);
  if (!addresses?.length) fail(process, `couldn't get address for '${server}': not found`);
  return { ...config, servers: addresses.slice(0, 1) };
}

/** A record as nslookup prints it. */
function nslookupLine({ name, type, data }: DnsRecord): string {
  const owner = withoutDot(name);
  switch (type) {
    case 'A':
    case 'AAAA':
      return `Name:\t${owner}\nAddress: ${data}\n`;
    case 'CNAME':
      return `${owner}\tcanonical name = ${data}\n`;
    case 'PTR':
      return `${owner}\tname = ${data}\n`;
    case 'NS':
      return `${owner}\tnameserver = ${data}\n`;
    case 'SRV':
      return `${owner}\tservice = ${data}\n`;
    case 'TXT':
      return `${owner}\ttext = ${data}\n`;
    case 'MX':
      return `${owner}\tmail exchanger = ${data}\n`;
    default: {
      const [origin, mail, serial, refresh, retry, expire, minimum] = data.split(' ');
      return `${owner}\n\torigin = ${withoutDot(origin)}\n\tmail addr = ${withoutDot(mail)}\n\tserial = ${serial}\n\trefresh = ${refresh}\n\tretry = ${retry}\n\texpire = ${expire}\n\tminimum = ${minimum}\n`;
    }
  }
}

export const nslookup: Program = (process) => lookUp(process, isBusybox(process));

/** BIND's, which some images of busybox' userland have. */
export const bindNslookup: Program = (process) => lookUp(process, false);

function* lookUp(process: Process, busybox: boolean): Co<number> {
  const args: string[] = [];
  let type: RecordType | undefined;
  for (const arg of process.argv.slice(1)) {
    const option = /^-(?:type|querytype|query|q|ty)=(.*)$/i.exec(arg);
    if (option) {
      const asked = option[1].toUpperCase();
      if (!TYPES.has(asked)) {
        if (busybox) fail(process, `invalid query type "${option[1]}"`);
        put(process, `unknown query type: ${option[1]}\n`);
      } else type = asked as RecordType;
    } else if (arg.startsWith('-') && arg.length > 1) {
      if (arg !== '-debug' && !/^-(timeout|retry)=\d+$/.test(arg))
        usageError(process, `*** Invalid option: ${arg.slice(1)}`);
    } else args.push(arg);
  }
  operands(process, args, 1, 2);
  const config = yield* settings(process, args[1]);
  return yield* busybox
    ? nslookupBusybox(process, config, args[0], type)
    : nslookupBind(process, config, args[0], type);
}

/**
 * busybox: names without a dot are asked for under every search domain at once, others as they are; the answers are
 * shown as they come.
 */
function* nslookupBusybox(
  process: Process,
  config: ResolverConfig,
  name: string,
  type: RecordType | undefined,
): Co<number> {
  const { net, sim } = process.host;
  const reverse = type === undefined && isAddress(name);
  const full = reverse ? withoutDot(reverseName(name)) : name;
  const types: RecordType[] = type ? [type] : reverse ? ['PTR'] : ['A', 'AAAA'];
  const searched = !reverse && config.search.length > 0 && !name.includes('.');
  const names = searched ? config.search.map((domain) => `${full}.${withoutDot(domain)}`) : [withoutDot(full)];
  const questions: [string, RecordType][] = [];
  for (const kind of types) for (const each of names) questions.push([each, kind]);
  let status = 0;
  for (const server of config.servers) {
    const tasks = questions.map(([each, kind]) => {
      const message = query(sim.random('dns-id').int(65536), each, kind);
      return sim.spawn('nslookup', ask(net, server, message, config.timeout));
    });
    let replies = 0;
    for (let i = 0; i < tasks.length; i++) {
      while (!tasks[i].done) yield tasks[i].exited;
      const answer = tasks[i].result;
      if (answer === undefined || typeof answer === 'string') continue;
      if (replies++ === 0) put(process, `Server:\t\t${server}\nAddress:\t${server}:53\n\n`);
      if (answer.code !== 'NOERROR') {
        put(process, `** server can't find ${questions[i][0]}: ${answer.code}\n\n`);
        status = 1;
        continue;
      }
      if (!answer.authoritative) put(process, 'Non-authoritative answer:\n');
      put(
        process,
        `${answer.answers.map((record) => nslookupLine({ ...record, data: withoutDot(record.data) })).join('')}\n`,
      );
    }
    if (replies === 0) continue;
    const silent = questions.filter((_question, i) => typeof tasks[i].result === 'string');
    for (const [each] of silent) put(process, `*** Can't find ${each}: No answer\n`);
    if (silent.length) put(process, '\n');
    return silent.length ? 1 : status;
  }
  put(process, `${UNREACHABLE}\n`);
  return 1;
}

function* nslookupBind(
  process: Process,
  config: ResolverConfig,
  name: string,
  type: RecordType | undefined,
): Co<number> {
  const { net } = process.host;
  const reverse = type === undefined && isAddress(name);
  const asked = reverse ? reverseName(name) : name;
  let found = yield* lookup(net, config, asked, type ?? (reverse ? 'PTR' : 'A'));
  // Without a type addresses of both families are asked for; where there is no IPv6 nothing comes of it.
  const withSix = type === undefined && !reverse && net.addresses.some((ip) => ip.includes(':'));
  const six = withSix && found.answer ? yield* lookup(net, config, asked, 'AAAA') : undefined;
  const more = six?.answer?.answers.filter((record) => record.type === 'AAAA') ?? [];
  if (six && more.length && !found.answer?.answers.length)
    found = { ...six, answer: { ...six.answer, answers: [] } as DnsMessage };
  const { answer, server } = found;
  if (!answer) {
    put(process, `${failureLines(found.failure, server, asked)}\n`);
    return 1;
  }
  let out = reverse ? '' : `Server:\t\t${server}\nAddress:\t${server}#53\n\n`;
  if (answer.code !== 'NOERROR') {
    const shown = answer.code === 'NXDOMAIN' ? asked : found.name;
    put(process, `${out}** server can't find ${withoutDot(shown)}: ${answer.code}\n\n`);
    return 1;
  }
  if (!answer.authoritative && !reverse) out += 'Non-authoritative answer:\n';
  const answers = [...answer.answers, ...more];
  for (const record of answers) out += nslookupLine(record);
  if (!answers.length) out += `*** Can't find ${name}: No answer\n`;
  put(process, `${out}\n`);
  return answers.length ? 0 : 1;
}

function failureLines(failure: DnsFailure | undefined, server: string, name: string): string {
  if (failure === 'refused') {
    return (
      `;; communications error to ${server}#53: connection refused\n`.repeat(3) + `;; no servers could be reached\n`
    );
  }
  if (failure === 'unreachable')
    return `;; UDP setup with ${server}#53(${server}) for ${name} failed: network unreachable.\n`;
  return `;; communications error to ${server}#53: timed out\n`.repeat(3) + `;; no servers could be reached\n`;
}

/** busybox before 1.29: what the C library found, the server looked up backwards. */
export const classicNslookup: Program = function* (process) {
  const args = process.argv.slice(1);
  operands(process, args, 1, 2);
  const { fs, net } = process.host;
  const config = yield* settings(process, args[1]);
  const [server] = config.servers;
  const serverName = yield* lookup(net, { ...config, attempts: 1 }, reverseName(server), 'PTR');
  const shown = serverName.answer?.answers[0]?.data;
  let out = `Server:    ${server}\nAddress 1: ${server}${shown ? ` ${withoutDot(shown)}` : ''}\n\n`;
  const [name] = args;
  const found = args[1] ? yield* lookup(net, config, name, 'A') : undefined;
  const addresses = found
    ? (found.answer?.answers ?? []).filter(({ type }) => type === 'A').map(({ data }) => data)
    : yield* resolveName(fs, net, name);
  if (!addresses?.length) {
    put(process, out);
    process.stderr.write(`nslookup: can't resolve '${name}'\n`);
    return 1;
  }
  out += `Name:      ${name}\n`;
  for (let i = 0; i < addresses.length; i++) {
    const back = yield* lookup(net, config, reverseName(addresses[i]), 'PTR');
    const owner = back.answer?.answers[0]?.data;
    out += `Address ${i + 1}: ${addresses[i]}${owner ? ` ${withoutDot(owner)}` : ''}\n`;
  }
  put(process, out);
  return 0;
};

const HOST_WORDS: Partial<Record<RecordType, string>> = {
  A: 'has address',
  AAAA: 'has IPv6 address',
  CNAME: 'is an alias for',
  PTR: 'domain name pointer',
  SRV: 'has SRV record',
  TXT: 'descriptive text',
  NS: 'name server',
  MX: 'mail is handled by',
  SOA: 'has SOA record',
};

export const host: Program = function* (process) {
  const options = parseOptions(process, { short: 't:av', usage: 'NAME [SERVER]' });
  operands(process, options.args, 1, 2);
  const [name, server] = options.args;
  const { net } = process.host;
  const config = yield* settings(process, server);
  const type = options.value('t')?.toUpperCase();
  if (type !== undefined && !TYPES.has(type)) fail(process, `invalid type: ${options.value('t')}`);
  if (server !== undefined) {
    put(process, `Using domain server:\nName: ${server}\nAddress: ${config.servers[0]}#53\nAliases: \n\n`);
  }
  const reverse = isAddress(name);
  const types = type ? [type as RecordType] : reverse ? (['PTR'] as const) : (['A', 'AAAA', 'MX'] as const);
  let shown = 0;
  let asked = reverse ? reverseName(name) : name;
  for (const kind of types) {
    const found = yield* lookup(net, config, asked, kind);
    // What follows is asked of the name that the search has found.
    if (found.answer?.code === 'NOERROR' && shown === 0) asked = found.name;
    if (!found.answer) {
      put(process, failureLines(found.failure, found.server, name));
      return 1;
    }
    if (found.answer.code !== 'NOERROR') {
      const { code } = found.answer;
      const number = { SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5, NOTIMP: 4, FORMERR: 1, NOERROR: 0 }[code];
      put(process, `Host ${reverse ? asked : name} not found: ${number}(${code})\n`);
      return 1;
    }
    for (const { name: owner, type: of, data } of found.answer.answers) {
      if (of === 'CNAME' && shown > 0) continue;
      put(process, `${withoutDot(owner)} ${HOST_WORDS[of]} ${data}\n`);
      shown++;
    }
    if (type && !found.answer.answers.length) put(process, `${withoutDot(found.name)} has no ${type} record\n`);
  }
  return 0;
};

const SWITCHES = new Set(
  'short search noall answer cmd comments question stats authority additional recurse tcp vc edns cookie all'.split(
    ' ',
  ),
);

export const dig: Program = function* (process) {
  const args = process.argv.slice(1);
  const shows = {
    cmd: true,
    comments: true,
    question: true,
    answer: true,
    authority: true,
    additional: true,
    stats: true,
  };
  const on = { short: false, search: false, recurse: true, edns: true, cookie: true };
  let timeout: number | undefined;
  let tries: number | undefined;
  let server: string | undefined;
  let type: RecordType | undefined;
  let name: string | undefined;
  let port = 53;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (arg.startsWith('@')) server = arg.slice(1);
    else if (arg.startsWith('+')) {
      const [, no, word, value] = /^\+(no)?([a-z]+)(?:=(\d+))?$/.exec(arg) ?? [];
      if (word === 'time' || word === 'timeout') timeout = Number(value) * 1000;
      else if (word === 'tries' || word === 'retry') tries = Number(value) + (word === 'retry' ? 1 : 0);
      else if (!SWITCHES.has(word)) {
        process.stderr.write(
          `Invalid option: ${arg}\nUsage:  dig [@global-server] [domain] [q-type] [q-class] {q-opt}\n`,
        );
        return 1;
      } else if (word === 'tcp' || word === 'vc') fail(process, `${arg}: queries over TCP are not modelled`);
      else if (word === 'all') for (const part in shows) shows[part as keyof typeof shows] = !no;
      else if (word in shows) shows[word as keyof typeof shows] = !no;
      else on[word as keyof typeof on] = !no;
    } else if (arg === '-x') {
      name = reverseName(args[++i] ?? '');
      type = 'PTR';
    } else if (arg === '-t') type = args[++i]?.toUpperCase() as RecordType;
    else if (arg === '-p') port = Number(args[++i]);
    else if (arg === '-4' || arg.toUpperCase() === 'IN') continue;
    else if (TYPES.has(arg.toUpperCase()) && name !== undefined) type = arg.toUpperCase() as RecordType;
    else if (TYPES.has(arg.toUpperCase()) && type === undefined) type = arg.toUpperCase() as RecordType;
    else if (arg.startsWith('-')) {
      process.stderr.write(
        `Invalid option: ${arg}\nUsage:  dig [@global-server] [domain] [q-type] [q-class] {q-opt}\n`,
      );
      return 1;
    } else name = arg;
  }
  const config = yield* settings(process, server);
  const { net, sim } = process.host;
  const asked = type ?? (name === undefined ? 'NS' : 'A');
  const names = on.search ? candidates(config, name ?? '.') : [name ?? '.'];
  let answer: DnsMessage | DnsFailure = 'timeout';
  let used = config.servers[0];
  let took = 0;
  for (const each of names) {
    attempts: for (let attempt = 0; attempt < (tries ?? 3); attempt++) {
      for (used of config.servers) {
        const started = sim.now;
        const message = query(sim.random('dns-id').int(65536), each, asked, on.recurse);
        if (on.edns) message.opt = on.cookie ? 23 : 11;
        answer = yield* ask(net, used, message, timeout ?? config.timeout, port);
        took = sim.now - started;
        if (typeof answer !== 'string') break attempts;
      }
    }
    if (typeof answer !== 'string' && answer.answers.length) break;
  }
  const greeting = `\n; <<>> DiG 9.20.15-1~deb13u1-Debian <<>> ${args.join(' ')}\n`;
  if (typeof answer === 'string') {
    const what =
      answer === 'refused' ? 'connection refused' : answer === 'timeout' ? 'timed out' : 'network unreachable';
    const error = `;; communications error to ${used}#${port}: ${what}\n`.repeat(tries ?? 3);
    put(
      process,
      `${error}${on.short ? '' : greeting}${on.short ? '' : ';; global options: +cmd\n'};; no servers could be reached\n`,
    );
    return 9;
  }
  if (on.short) {
    for (const { data } of answer.answers) put(process, `${data}\n`);
    return 0;
  }
  let out = shows.cmd ? `${greeting};; global options: +cmd\n` : '';
  if (shows.comments) out += digHeader(answer, on.edns, on.cookie ? sim.random('dig-cookie').hex(16) : '');
  if (shows.question) {
    out += shows.comments ? ';; QUESTION SECTION:\n' : '';
    out += `;${columns(answer.question.name, `IN\t${answer.question.type}`, 2)}\n${shows.comments ? '\n' : ''}`;
  }
  const section = (title: string, records: readonly DnsRecord[], show: boolean) => {
    if (!show || !records.length) return;
    if (shows.comments) out += `;; ${title} SECTION:\n`;
    for (const record of records) {
      out += `${columns(record.name, `${record.ttl}\tIN\t${record.type}\t${record.data}`, 3)}\n`;
    }
    if (shows.comments) out += '\n';
  };
  section('ANSWER', answer.answers, shows.answer);
  section('AUTHORITY', answer.authority, shows.authority);
  section('ADDITIONAL', answer.additional, shows.additional);
  if (shows.stats) {
    out += `;; Query time: ${Math.round(took)} msec\n;; SERVER: ${used}#${port}(${used}) (UDP)\n`;
    out += `;; WHEN: ${formatDate('%a %b %d %T UTC %Y', sim.now)}\n;; MSG SIZE  rcvd: ${messageSize(answer)}\n\n`;
  }
  put(process, out);
  return 0;
};

function digHeader(answer: DnsMessage, edns: boolean, cookie: string): string {
  const flags = ['qr'];
  if (answer.authoritative) flags.push('aa');
  if (answer.recursionDesired) flags.push('rd');
  if (answer.recursionAvailable) flags.push('ra');
  let out = ';; Got answer:\n';
  if (/\.local\.$/.test(answer.question.name)) {
    out +=
      ';; WARNING: .local is reserved for Multicast DNS\n;; You are currently testing what happens when an mDNS query is leaked to DNS\n';
  }
  out += `;; ->>HEADER<<- opcode: QUERY, status: ${answer.code}, id: ${answer.id}\n`;
  const extra = answer.additional.length + (edns ? 1 : 0);
  out += `;; flags: ${flags.join(' ')}; QUERY: 1, ANSWER: ${answer.answers.length}, AUTHORITY: ${answer.authority.length}, ADDITIONAL: ${extra}\n`;
  if (answer.recursionDesired && !answer.recursionAvailable) {
    out += ';; WARNING: recursion requested but not available\n';
  }
  out += '\n';
  if (edns) {
    out += `;; OPT PSEUDOSECTION:\n; EDNS: version: 0, flags:; udp: 1232\n${cookie ? `; COOKIE: ${cookie} (echoed)\n` : ''}`;
  }
  return out;
}

/** dig's table: the owner's name in columns of 8 up to the 24th. */
function columns(name: string, rest: string, tabs: number): string {
  const missing = tabs - Math.floor((name.length + (tabs === 2 ? 1 : 0)) / 8);
  return `${name}${missing > 0 ? '\t'.repeat(missing) : ' '}${rest}`;
}
