// The plug-in `rewrite`: asks for another name than the one that was asked for.

import type { Block } from './plugin.ts';

export interface Rewrite {
  from: RegExp;
  to: string;
  /** Answers get the name that was asked for back. */
  answers: boolean;
}

export function rewrite(words: readonly string[], wrong: Block['wrong']): Rewrite {
  const args = ['stop', 'continue'].includes(words[0]) ? words.slice(1) : words;
  if (args[0] !== 'name') wrong(`rewriting by '${args[0]}' is not modelled by this engine`);
  const rest = args.slice(1);
  const kinds = ['exact', 'prefix', 'suffix', 'substring', 'regex'];
  const kind = kinds.includes(rest[0]) ? (rest.shift() as string) : 'exact';
  const [from, to] = rest;
  if (!from || !to) return wrong('name rules must have at least two arguments');
  const text = from.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const dotted = kind === 'suffix' || kind === 'exact' ? text.replace(/(\\\.)?$/, '\\.') : text;
  const pattern = { exact: `^${dotted}$`, prefix: `^${text}`, suffix: `${dotted}$`, substring: text, regex: from }[
    kind
  ] as string;
  const full = kind === 'suffix' || kind === 'exact' ? `${to.replace(/\.$/, '')}.` : to;
  return {
    from: new RegExp(pattern),
    to: kind === 'regex' ? full.replace(/\{(\d+)\}/g, '$$$1') : full,
    answers: rest.includes('auto') || kind === 'exact',
  };
}
