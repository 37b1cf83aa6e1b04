// Two outputs of one command agree by shape when they differ only in what no two clusters share: names that are made up,
// ages and times, addresses, hashes and numbers of versions, and the widths of columns that follow from them.

const SAFE = '[bcdfghjklmnpqrstvwxz2456789]';

/** In this order: what stands first is not touched again. */
const VARYING: readonly [RegExp, string][] = [
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '<uid>'],
  [/\b(?:sha256:)?[0-9a-f]{64}\b/g, '<digest>'],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]+/g, '<token>'],
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z| ?[+-]\d\d:?\d\d)?(?: UTC)?/g, '<time>'],
  [/\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? \w{3} +\d+ \d\d:\d\d:\d\d(?: [+-]?\w+)? \d{4}(?: [+-]\d{4})?/g, '<time>'],
  [/\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d (?:[+-]\d{4}|GMT)/g, '<time>'],
  [/\b\d{1,3}(?:\.\d{1,3}){3}\b/g, '<address>'],
  [/\bfd[0-9a-f]{2}(?::[0-9a-f]{0,4}){2,7}\b/g, '<address>'],
  [/(resourceVersion"?: "?)\d+/g, '$1<version>'],
  [/\b(?:\d+(?:\.\d+)?(?:ms|[smhdy]))+\b/g, '<age>'],
  [/<age> ago\b/g, '<age>'],
  [/\(x\d+ over <age>\)/g, '(<times>)'],
  [/:3[0-2]\d{3}\b/g, ':<port>'],
  // What a generated name ends in: a hash of the template, and five letters.
  [new RegExp(`-${SAFE}{8,10}(?=[-"\\s,/)\\]:]|$)`, 'gm'), '-<hash>'],
  [new RegExp(`(?<=[a-z0-9>])-${SAFE}{5}(?=["\\s,/)\\]:]|$)`, 'gm'), '-<name>'],
];

/** `nodes`: names of the machines, which differ from cluster to cluster. */
export function shape(text: string, nodes: readonly string[] = []): string {
  let out = text;
  for (const [pattern, word] of VARYING) out = out.replace(pattern, word);
  for (const node of nodes) out = out.replaceAll(new RegExp(`(?<![\\w-])${escaped(node)}(?![\\w-])`, 'g'), '<node>');
  return out
    .split('\n')
    .map((line) => line.replace(/[ \t]+/g, ' ').trim())
    .filter(Boolean)
    .join('\n');
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
