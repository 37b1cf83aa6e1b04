// iptables, iptables-save, iptables-restore: the rules of this machine's network namespace.

import { capable } from '../capabilities.ts';
import { readAll } from '../io.ts';
import type { Chain, Netfilter, Table, TableName } from '../net/index.ts';
import { filesOf } from '../host.ts';
import type { Process, Program } from '../types.ts';
import { formatDate } from './date.ts';
import { listChain, type Listing, parseRule, RuleError, saveRule } from './iptables-rules.ts';
import { put } from './options.ts';

const VERSION = 'v1.8.11';
const TABLES: readonly TableName[] = ['raw', 'mangle', 'nat', 'filter', 'security'];
const NO_CHAIN = 'No chain/target/match by that name.';

/** The lines of a command line's error; status 1, or 2 for what it does not understand. */
class Failure extends Error {
  readonly status: number;
  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}

const usage = (message: string) =>
  new Failure(`${message}\nTry \`iptables -h' or 'iptables --help' for more information.`, 2);

/** ip6tables looks at the tables of IPv6. */
const isSix = ({ argv }: Process) => /ip6tables[^/]*$/.test(argv[0]);
const tool = (process: Process) => (isSix(process) ? 'ip6tables' : 'iptables');

function tableOf(netfilter: Netfilter, name: string, six: boolean): Table {
  if (!TABLES.includes(name as TableName)) {
    throw new Failure(
      `can't initialize iptables table \`${name}': Table does not exist (do you need to insmod?)\nPerhaps iptables or your kernel needs to be upgraded.`,
      3,
    );
  }
  const table = six ? netfilter.table6(name as TableName) : netfilter.table(name as TableName);
  table.settle();
  return table;
}

/** Built-in chains first, the others by name. */
function chainsOf(table: Table): Chain[] {
  const all = [...table.chains.values()];
  const own = all.filter(({ policy }) => !policy).sort((a, b) => (a.name < b.name ? -1 : 1));
  return [...all.filter(({ policy }) => policy), ...own];
}

function need(table: Table, name: string | undefined): Chain {
  const chain = name === undefined ? undefined : table.chains.get(name);
  if (!chain) throw new Failure(NO_CHAIN);
  return chain;
}

const COMMANDS: Record<string, string> = {
  '--append': '-A',
  '--insert': '-I',
  '--delete': '-D',
  '--check': '-C',
  '--replace': '-R',
  '--list': '-L',
  '--list-rules': '-S',
  '--flush': '-F',
  '--new-chain': '-N',
  '--new': '-N',
  '--delete-chain': '-X',
  '--policy': '-P',
  '--zero': '-Z',
  '--rename-chain': '-E',
};

export const iptables: Program = function* (process) {
  const words = process.argv.slice(1);
  if (words.includes('--version') || words.includes('-V')) {
    put(process, `${tool(process)} ${VERSION} (nf_tables)\n`);
    return 0;
  }
  try {
    if (!capable(process, 'NET_ADMIN'))
      throw new Failure('Could not fetch rule set generation id: Permission denied (you must be root)', 4);
    put(process, run(process, words));
    return 0;
  } catch (error) {
    if (error instanceof RuleError) {
      const hint = `\nTry \`${tool(process)} -h' or '${tool(process)} --help' for more information.`;
      process.stderr.write(`${tool(process)} ${VERSION} (nf_tables): ${error.message}${hint}\n`);
      return 2;
    }
    if (!(error instanceof Failure)) throw error;
    const plain = error.status === 1 && error.message !== '';
    process.stderr.write(
      plain ? `${tool(process)}: ${error.message}\n` : `${tool(process)} ${VERSION} (nf_tables): ${error.message}\n`,
    );
    return error.status;
  }
};

function run(process: Process, words: string[]): string {
  const how: Listing = { verbose: false, numeric: false, exact: false, lineNumbers: false };
  let tableName = 'filter';
  let command: string | undefined;
  const rest: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    const short = COMMANDS[word] ?? word;
    if (word === '-t' || word === '--table') tableName = words[++i] ?? '';
    else if (word === '-w' || word === '--wait') {
      if (/^\d+$/.test(words[i + 1] ?? '')) i++;
    } else if (word === '--line-numbers') how.lineNumbers = true;
    else if (word === '--numeric') how.numeric = true;
    else if (word === '--verbose') how.verbose = true;
    else if (word === '--exact') how.exact = true;
    else if (command === undefined && Object.values(COMMANDS).includes(short)) command = short;
    else if (/^-[nvxLSFZ]{2,}$/.test(word) || /^-[nvx]$/.test(word)) {
      // Letters together: -nvL.
      for (const letter of word.slice(1)) {
        if (letter === 'n') how.numeric = true;
        else if (letter === 'v') how.verbose = true;
        else if (letter === 'x') how.exact = true;
        else command = `-${letter}`;
      }
    } else rest.push(word);
  }
  const table = tableOf(process.host.net.rules(), tableName, isSix(process));
  const [name, ...args] = rest;
  switch (command) {
    case '-L':
    case '-S': {
      const chains = name === undefined ? chainsOf(table) : [need(table, name)];
      if (command === '-S') return listRules(table, chains, how.verbose);
      const references = table.references();
      return chains.map((chain) => listChain(table, chain, references.get(chain) ?? 0, how)).join('\n');
    }
    case '-A':
      need(table, name).append(parseRule(args, table));
      return '';
    case '-I': {
      const at = /^\d+$/.test(args[0] ?? '') ? Number(args.shift()) : 1;
      const chain = need(table, name);
      if (at < 1 || at > chain.rules.length + 1) throw new Failure('Index of insertion too big.');
      chain.insert(at - 1, parseRule(args, table));
      return '';
    }
    case '-D':
    case '-C': {
      const chain = need(table, name);
      if (command === '-D' && args.length === 1 && /^\d+$/.test(args[0])) {
        if (Number(args[0]) < 1 || Number(args[0]) > chain.rules.length)
          throw new Failure('Index of deletion too big.');
        chain.remove(Number(args[0]) - 1);
        return '';
      }
      const text = saveRule(table, chain, parseRule(args, table));
      const at = chain.rules.findIndex((rule) => saveRule(table, chain, rule) === text);
      if (at < 0) throw new Failure('Bad rule (does a matching rule exist in that chain?).');
      if (command === '-D') chain.remove(at);
      return '';
    }
    case '-R': {
      const chain = need(table, name);
      const at = Number(args.shift());
      if (!(at >= 1 && at <= chain.rules.length)) throw new Failure('Index of replacement too big.');
      const fresh = parseRule(args, table);
      chain.set(chain.rules.map((rule, i) => (i === at - 1 ? fresh : rule)));
      return '';
    }
    case '-F':
      for (const chain of name === undefined ? chainsOf(table) : [need(table, name)]) chain.set([]);
      return '';
    case '-Z':
      for (const chain of name === undefined ? chainsOf(table) : [need(table, name)]) {
        chain.packets = chain.bytes = 0;
        for (const rule of chain.rules) rule.packets = rule.bytes = 0;
      }
      return '';
    case '-N':
      if (name === undefined) throw usage('option "-N" requires an argument');
      if (table.chains.has(name)) throw new Failure('Chain already exists.');
      table.ensure(name);
      return '';
    case '-X': {
      const references = table.references();
      for (const chain of name === undefined ? chainsOf(table).filter(({ policy }) => !policy) : [need(table, name)]) {
        if (chain.policy) throw new Failure("can't delete a built-in chain.");
        if (references.get(chain))
          throw new Failure('CHAIN_DEL failed (Device or resource busy): chain ' + chain.name, 4);
        if (chain.rules.length) throw new Failure('Directory not empty.');
        table.drop(chain);
      }
      return '';
    }
    case '-P': {
      const chain = need(table, name);
      if (!chain.policy) throw new Failure('Bad built-in chain name.');
      if (args[0] !== 'ACCEPT' && args[0] !== 'DROP')
        throw new Failure("Bad policy name. Run `dmesg' for more information.");
      chain.policy = args[0];
      return '';
    }
  }
  throw usage(command === undefined ? 'no command specified' : `the command ${command} is not modelled`);
}

function listRules(table: Table, chains: readonly Chain[], counters: boolean): string {
  let out = '';
  for (const chain of chains) {
    const counted = counters && chain.policy ? ` -c ${chain.packets} ${chain.bytes}` : '';
    out += chain.policy ? `-P ${chain.name} ${chain.policy}${counted}\n` : `-N ${chain.name}\n`;
  }
  for (const chain of chains) {
    for (const rule of chain.rules) {
      const text = saveRule(table, chain, rule);
      out += counters ? `${text.replace(/( -[jg] )/, ` -c ${rule.packets} ${rule.bytes}$1`)}\n` : `${text}\n`;
    }
  }
  return out;
}

export const iptablesSave: Program = function* (process) {
  const args = process.argv.slice(1);
  const at = args.findIndex((arg) => arg === '-t' || arg === '--table');
  const only = at < 0 ? undefined : args[at + 1];
  const counters = args.includes('-c') || args.includes('--counters');
  const netfilter = process.host.net.rules();
  const time = formatDate('%a %b %e %T %Y', process.host.sim.now);
  let out = '';
  for (const name of ['mangle', 'raw', 'filter', 'nat', 'security'] as const) {
    const table = (isSix(process) ? netfilter.tables6 : netfilter.tables)[name];
    if (!table || (only !== undefined && only !== name)) continue;
    table.settle();
    out += `# Generated by ${tool(process)}-save ${VERSION} on ${time}\n*${name}\n`;
    const chains = chainsOf(table);
    for (const chain of chains) out += `:${chain.name} ${chain.policy ?? '-'} [${chain.packets}:${chain.bytes}]\n`;
    for (const chain of chains) {
      for (const rule of chain.rules) {
        out += `${counters ? `[${rule.packets}:${rule.bytes}] ` : ''}${saveRule(table, chain, rule)}\n`;
      }
    }
    out += `COMMIT\n# Completed on ${time}\n`;
  }
  put(process, out);
  return 0;
};

/** Splits a line into words as a shell would; only double quotes matter. */
function split(line: string): string[] {
  const out: string[] = [];
  for (const found of line.matchAll(/"((?:[^"\\]|\\.)*)"|\S+/g))
    out.push(found[1]?.replace(/\\(.)/g, '$1') ?? found[0]);
  return out;
}

export const iptablesRestore: Program = function* (process) {
  const args = process.argv.slice(1);
  const keep = args.includes('-n') || args.includes('--noflush');
  const file = args.find((arg) => !arg.startsWith('-'));
  const text =
    file === undefined
      ? yield* readAll(process.stdin)
      : filesOf(process).readFile(file.startsWith('/') ? file : `${process.cwd}/${file}`);
  const netfilter = process.host.net.rules();
  let table: Table | undefined;
  let number = 0;
  try {
    for (const line of text.split('\n')) {
      number++;
      if (line === '' || line.startsWith('#')) continue;
      if (line.startsWith('*')) {
        table = tableOf(netfilter, line.slice(1), false);
        if (keep) continue;
        for (const chain of chainsOf(table)) {
          chain.set([]);
          if (!chain.policy) table.drop(chain);
        }
      } else if (line === 'COMMIT') table = undefined;
      else if (!table) throw new Failure(`line ${number} failed`);
      else if (line.startsWith(':')) {
        const [name, policy] = line.slice(1).split(/\s+/);
        const chain = table.ensure(name);
        chain.set([]);
        if (policy === 'ACCEPT' || policy === 'DROP') chain.policy = policy;
      } else run(process, ['-t', table.name, ...split(line.replace(/^\[\d+:\d+\] /, ''))]);
    }
    return 0;
  } catch (error) {
    if (!(error instanceof RuleError) && !(error instanceof Failure)) throw error;
    process.stderr.write(
      `iptables-restore ${VERSION} (nf_tables): ${error.message}\nError occurred at line: ${number}\nTry \`iptables-restore -h' or 'iptables-restore --help' for more information.\n`,
    );
    return error instanceof Failure ? error.status : 2;
  }
};
