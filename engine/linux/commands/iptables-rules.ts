// Rules between text and objects: what `iptables -A` reads, and what -S, -L and iptables-save print.

import {
  ACCEPT,
  type Chain,
  dnat,
  DROP,
  type Match,
  match,
  masquerade,
  parseCidr,
  redirect,
  reject,
  RETURN,
  Rule,
  type RuleSpec,
  setXmark,
  snat,
  type Table,
  type Target,
} from '../net/index.ts';

/** iptables' words for what it cannot use. */
export class RuleError extends Error {}

interface Range {
  from: number;
  to: number;
  not?: boolean;
}

const FIXED: Record<string, Target> = { ACCEPT, DROP, RETURN };

const unknown = (option: string): never => {
  throw new RuleError(`unknown option "${option}"`);
};

function rangeOf(text: string, not: boolean): Range {
  const found = /^(\d+)?(?:(:)(\d+)?)?$/.exec(text);
  if (!found || text === '') throw new RuleError(`invalid port/service \`${text}' specified`);
  const from = Number(found[1] ?? 0);
  const to = found[2] ? Number(found[3] ?? 65535) : from;
  if (to > 65535 || from > 65535) throw new RuleError(`invalid port/service \`${text}' specified`);
  return { from, to, not };
}

function valueAndMask(text: string): [number, number] {
  const [value, mask] = text.split('/');
  const read = (word: string | undefined, preset: number) => (word === undefined ? preset : Number(word) >>> 0);
  if (Number.isNaN(Number(value)) || Number.isNaN(Number(mask ?? 0)))
    throw new RuleError(`mark: bad value for option "--mark", or out of range (0-4294967295).`);
  return [read(value, 0), read(mask, 0xffffffff)];
}

/** Reads the words of a rule after its chain. */
export function parseRule(words: readonly string[], table: Table): Rule {
  const spec: { -readonly [Key in keyof RuleSpec]: RuleSpec[Key] } = {};
  const matches: Match[] = [];
  let module = '';
  let not = false;
  let dport: Range | undefined;
  let sport: Range | undefined;
  const recent: { list: string; seconds?: number; reap?: boolean; set: boolean } = { list: 'DEFAULT', set: false };
  const statistic: { mode?: string; probability?: number; every?: number; packet?: number } = {};
  let target: string | undefined;
  const to: Record<string, string> = {};
  let i = 0;
  const value = () => {
    const word = words[++i];
    if (word === undefined) throw new RuleError(`option "${words[i - 1]}" requires an argument`);
    return word;
  };
  const address = (text: string) => {
    const cidr = parseCidr(text);
    if (!cidr || (cidr.upper !== undefined) !== table.six) throw new RuleError(`host/network \`${text}' not found`);
    return cidr;
  };
  for (; i < words.length; i++) {
    const word = words[i];
    if (word === '!') {
      not = true;
      continue;
    }
    switch (word) {
      case '-p':
      case '--protocol':
      case '--proto': {
        const name = value();
        const echo = table.six ? ['icmpv6', 'ipv6-icmp', 'icmp6'] : ['icmp'];
        if (![...echo, 'tcp', 'udp', 'sctp', 'all'].includes(name))
          throw new RuleError(`unknown protocol "${name}" specified`);
        if (name !== 'all') spec.protocol = echo.includes(name) ? 'icmp' : (name as RuleSpec['protocol']);
        spec.notProtocol = not || undefined;
        break;
      }
      case '-s':
      case '--source':
      case '--src':
        spec.source = address(value());
        spec.notSource = not || undefined;
        break;
      case '-d':
      case '--destination':
      case '--dst':
        spec.destination = address(value());
        spec.notDestination = not || undefined;
        break;
      case '-i':
      case '--in-interface':
        spec.in = value();
        spec.notIn = not || undefined;
        break;
      case '-o':
      case '--out-interface':
        spec.out = value();
        spec.notOut = not || undefined;
        break;
      case '-j':
      case '--jump':
        target = value();
        break;
      case '-g':
      case '--goto':
        target = value();
        spec.goto = true;
        break;
      case '-m':
      case '--match':
        module = value();
        break;
      case '--comment':
        matches.push(match.comment(value()));
        break;
      case '--dport':
      case '--destination-port':
        dport = rangeOf(value(), not);
        break;
      case '--sport':
      case '--source-port':
        sport = rangeOf(value(), not);
        break;
      case '--dports':
      case '--sports': {
        const ranges = value()
          .split(',')
          .map((text) => rangeOf(text, false));
        matches.push(match.multiport(word.slice(2) as 'dports' | 'sports', ranges, not));
        break;
      }
      case '--ctstate':
      case '--state':
        matches.push(match.ctstate(value().split(','), not));
        break;
      case '--mark': {
        const [number, mask] = valueAndMask(value());
        matches.push(match.mark(number, mask, not));
        break;
      }
      case '--src-type':
      case '--dst-type': {
        const type = value();
        if (type !== 'LOCAL' && type !== 'UNICAST') throw new RuleError(`the address type ${type} is not modelled`);
        matches.push(match.addrtype(word === '--src-type' ? 'src' : 'dst', type, not));
        break;
      }
      case '--uid-owner':
      case '--gid-owner':
        matches.push(match.owner(word.slice(2, 5) as 'uid' | 'gid', Number(value()), not));
        break;
      case '--mode':
        statistic.mode = value();
        break;
      case '--probability':
        statistic.probability = Number(value());
        break;
      case '--every':
        statistic.every = Number(value());
        break;
      case '--packet':
        statistic.packet = Number(value());
        break;
      case '--name':
        recent.list = value();
        break;
      case '--set':
        recent.set = true;
        break;
      case '--rcheck':
      case '--rsource':
        break;
      case '--mask':
        value();
        break;
      case '--seconds':
        recent.seconds = Number(value());
        break;
      case '--reap':
        recent.reap = true;
        break;
      case '--physdev-is-bridged':
        matches.push(match.bridged(not));
        break;
      case '--to-destination':
      case '--to-source':
      case '--to-ports':
      case '--reject-with':
      case '--set-xmark':
      case '--set-mark':
      case '--or-mark':
        to[word.slice(2)] = value();
        break;
      case '--random-fully':
        to['random-fully'] = '';
        break;
      default:
        unknown(word);
    }
    not = false;
    // A module's conditions stand where the module was named.
    if (module === 'recent' && (words[i + 1] === undefined || words[i + 1] === '-m' || words[i + 1] === '-j')) {
      matches.push(
        match.recent({
          ...(recent.set ? { list: recent.list } : { ...recent, seconds: recent.seconds ?? 0 }),
          six: table.six,
        }),
      );
      module = '';
    }
    if (module === 'statistic' && statistic.mode === 'random' && statistic.probability !== undefined) {
      matches.push(match.probability(statistic.probability));
      module = '';
    } else if (module === 'statistic' && statistic.every !== undefined && words[i + 1] !== '--packet') {
      matches.push(match.everyNth(statistic.every, statistic.packet ?? 0));
      module = '';
    }
  }
  if (dport || sport) {
    if (spec.protocol !== 'tcp' && spec.protocol !== 'udp' && spec.protocol !== 'sctp')
      unknown(dport ? '--dport' : '--sport');
    matches.push(match.ports(spec.protocol as 'tcp', dport, sport));
  }
  if (matches.length) spec.matches = matches;
  if (target !== undefined) {
    const chain = table.chain(target);
    if (chain && !chain.policy) spec.jump = chain;
    else spec.target = targetOf(target, to);
  }
  return new Rule(spec);
}

function targetOf(name: string, to: Record<string, string>): Target {
  if (FIXED[name]) return FIXED[name];
  const [ip, port] = (to['to-destination'] ?? '').split(':');
  switch (name) {
    case 'REJECT':
      return reject(to['reject-with']);
    case 'MARK': {
      const text = to['set-xmark'] ?? to['set-mark'] ?? to['or-mark'];
      if (text === undefined)
        throw new RuleError('MARK: One of the --set-xmark, --{and,or,xor,set}-mark options is required');
      const [value, mask] = valueAndMask(text);
      return to['or-mark'] === undefined ? setXmark(value, mask) : setXmark(value, value);
    }
    case 'DNAT':
      if (!ip) throw new RuleError('DNAT: option "--to-destination" must be specified');
      return dnat(ip, port === undefined ? undefined : Number(port));
    case 'SNAT':
      if (!to['to-source']) throw new RuleError('SNAT: option "--to-source" must be specified');
      return snat(to['to-source']);
    case 'MASQUERADE':
      return masquerade('random-fully' in to);
    case 'REDIRECT':
      return redirect(to['to-ports'] === undefined ? undefined : Number(to['to-ports']));
  }
  throw new RuleError(`Couldn't load target \`${name}':No such file or directory\n`);
}

const protocolText = ({ six }: Table, { protocol }: RuleSpec): string | undefined =>
  six && protocol === 'icmp' ? 'ipv6-icmp' : protocol;

/** `-A CHAIN …` as -S and iptables-save print it. */
export function saveRule(table: Table, chain: Chain, { spec }: Rule): string {
  let out = `-A ${chain.name}`;
  const part = (flag: string, value: string | undefined, not: boolean | undefined) => {
    if (value) out += `${not ? ' !' : ''} ${flag} ${value}`;
  };
  part('-s', spec.source?.text, spec.notSource);
  part('-d', spec.destination?.text, spec.notDestination);
  part('-i', spec.in, spec.notIn);
  part('-o', spec.out, spec.notOut);
  part('-p', protocolText(table, spec), spec.notProtocol);
  for (const each of spec.matches ?? []) out += ` ${each.save()}`;
  if (spec.jump) out += ` ${spec.goto ? '-g' : '-j'} ${spec.jump.name}`;
  else if (spec.target) out += ` -j ${spec.target.name}${spec.target.save()}`;
  return out;
}

export interface Listing {
  verbose: boolean;
  numeric: boolean;
  exact: boolean;
  lineNumbers: boolean;
}

/** Counts as iptables shortens them: 12345K, 12M. */
export function count(number: number, exact: boolean): string {
  if (exact || number <= 99_999) return String(number);
  let value = number;
  for (const unit of ['K', 'M', 'G']) {
    value = Math.round(value / 1000);
    if (value <= 9999) return `${value}${unit}`;
  }
  return `${value}T`;
}

export function listChain(table: Table, chain: Chain, references: number, how: Listing): string {
  const { verbose, exact, lineNumbers } = how;
  const counters = verbose ? ` ${count(chain.packets, exact)} packets, ${count(chain.bytes, exact)} bytes` : '';
  const about = chain.policy ? `policy ${chain.policy}${counters}` : `${references} references`;
  let out = `Chain ${chain.name} (${about})\n`;
  if (lineNumbers) out += 'num  ';
  if (verbose) out += exact ? '    pkts      bytes ' : ' pkts bytes ';
  out += `target     prot opt ${verbose ? 'in     out     ' : ''}source               destination         \n`;
  chain.rules.forEach((rule, i) => (out += listRule(table, rule, i + 1, how)));
  return out;
}

function listRule(table: Table, rule: Rule, number: number, how: Listing): string {
  const { spec, packets, bytes } = rule;
  const { verbose, exact, numeric, lineNumbers } = how;
  const width = exact ? 8 : 5;
  const not = (flag: boolean | undefined, text: string) => (flag ? `!${text}` : text);
  const place = (cidr: RuleSpec['source']) => {
    if (!cidr) return !numeric ? 'anywhere' : table.six ? '::/0' : '0.0.0.0/0';
    return cidr.bits === (table.six ? 128 : 32) ? cidr.text.slice(0, cidr.text.indexOf('/')) : cidr.text;
  };
  let line = lineNumbers ? `${String(number).padEnd(4)} ` : '';
  if (verbose) line += `${count(packets, exact).padStart(width)} ${count(bytes, exact).padStart(exact ? 10 : 5)} `;
  const to = spec.jump?.name ?? spec.target?.name ?? '';
  line += `${to.padEnd(9)}  ${not(spec.notProtocol, protocolText(table, spec) || 'all').padEnd(4)} ${table.six ? '  ' : '--'} `;
  if (verbose) line += ` ${not(spec.notIn, spec.in ?? '*').padEnd(6)} ${not(spec.notOut, spec.out ?? '*').padEnd(6)} `;
  line += ` ${not(spec.notSource, place(spec.source)).padEnd(19)}  ${not(spec.notDestination, place(spec.destination)).padEnd(19)} `;
  if (spec.goto) line += ' [goto]';
  for (const each of spec.matches ?? []) line += ` ${each.list(numeric)}`;
  const extra = spec.target?.list();
  return `${line}${extra ? ` ${extra}` : ''}\n`;
}
