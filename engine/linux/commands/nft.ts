// nft: shows the tables of nftables, and takes them away. Rules are written by programs of this engine, not by hand.

import { capable } from '../capabilities.ts';
import { type NftChain, type NftMap, type NftSet, type NftTable, verdictText } from '../net/nft.ts';
import type { Process, Program } from '../types.ts';
import { fail, put } from './options.ts';

const FAMILIES = ['ip', 'ip6', 'inet', 'arp', 'bridge', 'netdev'];

export const nft: Program = function* (process) {
  const words = process.argv.slice(1).filter((word) => word !== '-n' && word !== '-nn' && word !== '-a');
  if (!capable(process, 'NET_ADMIN')) {
    fail(
      process,
      'Operation not permitted (you must be root)\nnetlink: Error: cache initialization failed: Operation not permitted',
      1,
    );
  }
  const [command, what = '', ...operands] = words;
  const family = FAMILIES.includes(operands[0]) ? operands[0] : undefined;
  const rest = family === undefined ? operands : operands.slice(1);
  const key = `${family ?? 'ip'} ${rest[0] ?? ''}`;
  const tables = process.host.net.netfilter?.nft?.tables ?? new Map<string, NftTable>();
  if (command === 'flush' && what === 'ruleset') {
    tables.clear();
    return 0;
  }
  if (command === 'delete' && what === 'table') {
    return tables.delete(key) ? 0 : missing(process, words);
  }
  if (command !== 'list') {
    const models = 'list, flush ruleset and delete table';
    fail(process, `nft: of the commands of nft this engine models ${models}, not ${words.slice(0, 2).join(' ')}`, 1);
  }
  const listed = [...tables.values()].filter((table) => family === undefined || table.family === family);
  if (what === 'tables') put(process, listed.map((table) => `table ${table.family} ${table.name}\n`).join(''));
  else if (what === 'ruleset') put(process, listed.map(tableText).join('\n'));
  else if (what === 'chains')
    put(process, listed.map((table) => within(table, [...table.chains.values()].map(headText))).join(''));
  else if (what === 'table' || what === 'chain' || what === 'map' || what === 'set') {
    const [, name = ''] = rest;
    const table = tables.get(key);
    if (!table) return missing(process, words);
    if (what === 'table') put(process, tableText(table));
    else {
      const text = part(table, what, name);
      if (text === undefined) return missing(process, words);
      put(process, within(table, [text]));
    }
  } else fail(process, `nft: there is no ${what} to list in this engine`, 1);
  return 0;
};

function missing(process: Process, words: readonly string[]): number {
  const line = words.join(' ');
  const last = words[words.length - 1];
  const at = line.length - last.length;
  return fail(process, `Error: No such file or directory\n${line}\n${' '.repeat(at)}${'^'.repeat(last.length)}`, 1);
}

function part(table: NftTable, what: string, name: string): string | undefined {
  const chain = table.chains.get(name);
  const map = table.maps.get(name);
  const set = table.sets.get(name);
  if (what === 'chain') return chain && chainText(chain);
  if (what === 'map') return map && mapText(map);
  return set && setText(set);
}

const within = ({ family, name }: NftTable, parts: readonly string[]) =>
  `table ${family} ${name} {\n${parts.join('\n')}}\n`;

function tableText(table: NftTable): string {
  const head = table.comment ? [`\tcomment "${table.comment}"\n`] : [];
  return within(table, [
    ...head,
    ...[...table.sets.values()].map(setText),
    ...[...table.maps.values()].map(mapText),
    ...[...table.chains.values()].map(chainText),
  ]);
}

/** Names with characters beyond those of a word are fine: nft prints them as they are. */
function baseText({ base }: NftChain): string {
  return base
    ? `\t\ttype ${base.stage === 'nat' ? 'nat' : 'filter'} hook ${base.hook.toLowerCase()} priority ${base.priority}; policy accept;\n`
    : '';
}

const headText = (chain: NftChain) => `\tchain ${chain.name} {\n${baseText(chain)}\t}\n`;

const chainText = (chain: NftChain) =>
  `\tchain ${chain.name} {\n${baseText(chain)}${chain.rules.map(({ text }) => `\t\t${text}\n`).join('')}\t}\n`;

function elements(list: readonly string[]): string {
  return list.length ? `\t\telements = { ${list.join(`,\n\t\t\t     `)} }\n` : '';
}

const commentText = (comment: string | undefined) => (comment ? `\t\tcomment "${comment}"\n` : '');

function setText({ name, type, comment, timeout, elements: members }: NftSet): string {
  const flags =
    timeout === undefined ? '' : `\t\tsize 65535\n\t\tflags dynamic,timeout\n\t\ttimeout ${span(timeout)}\n`;
  return `\tset ${name} {\n\t\ttype ${type}\n${flags}${commentText(comment)}${elements([...members.keys()])}\t}\n`;
}

function mapText({ name, type, comment, elements: entries }: NftMap): string {
  const list: string[] = [];
  entries.forEach((verdict, key) => list.push(`${key} : ${verdictText(verdict)}`));
  return `\tmap ${name} {\n\t\ttype ${type}\n${commentText(comment)}${elements(list)}\t}\n`;
}

function span(ms: number): string {
  let rest = Math.round(ms / 1000);
  let out = '';
  for (const [unit, seconds] of [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    const count = Math.floor(rest / seconds);
    rest -= count * seconds;
    if (count) out += `${count}${unit}`;
  }
  return out || '0s';
}
