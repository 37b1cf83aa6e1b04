// The Corefile: server blocks with their directives, as CoreDNS reads them.

export interface Directive {
  name: string;
  args: string[];
  /** Lines of its block, word by word. */
  block: string[][];
  line: number;
}

export interface ServerBlock {
  /** Zones as written: `.`, `example.local`; in lower case, ending with a dot. */
  zones: { name: string; port: number }[];
  directives: Directive[];
}

/** What is wrong, in CoreDNS's words. */
export class CorefileError extends Error {}

interface Token {
  text: string;
  line: number;
}

function tokens(text: string): Token[] {
  const out: Token[] = [];
  text.split('\n').forEach((raw, i) => {
    for (const found of raw.matchAll(/"((?:[^"\\]|\\.)*)"|#.*|[^\s#]+/g)) {
      if (found[0].startsWith('#')) break;
      out.push({ text: found[1] ?? found[0], line: i + 1 });
    }
  });
  return out;
}

export function parseCorefile(text: string, path: string): ServerBlock[] {
  const all = tokens(text);
  const blocks: ServerBlock[] = [];
  let i = 0;
  const wrong = (line: number, message: string): never => {
    throw new CorefileError(`${path}:${line} - Error during parsing: ${message}`);
  };
  while (i < all.length) {
    const zones: ServerBlock['zones'] = [];
    const begin = all[i].line;
    while (i < all.length && all[i].text !== '{') {
      const word = all[i++].text.replace(/,$/, '');
      if (word) zones.push(zoneOf(word));
    }
    if (i >= all.length) wrong(all[all.length - 1]?.line ?? begin, "Unexpected token '', expecting '{'");
    i++;
    const directives: Directive[] = [];
    while (i < all.length && all[i].text !== '}') {
      const { text: name, line } = all[i++];
      const args: string[] = [];
      while (i < all.length && all[i].line === line && all[i].text !== '{' && all[i].text !== '}')
        args.push(all[i++].text);
      const block: string[][] = [];
      if (all[i]?.text === '{' && all[i].line === line) {
        i++;
        while (i < all.length && all[i].text !== '}') {
          const at = all[i].line;
          const words: string[] = [];
          while (i < all.length && all[i].line === at && all[i].text !== '}') words.push(all[i++].text);
          block.push(words);
        }
        if (i >= all.length) wrong(all[all.length - 1].line, 'Unexpected EOF');
        i++;
      }
      directives.push({ name, args, block, line });
    }
    if (i >= all.length) wrong(all[all.length - 1].line, 'Unexpected EOF');
    i++;
    blocks.push({ zones, directives });
  }
  return blocks;
}

function zoneOf(word: string): { name: string; port: number } {
  const bare = word.replace(/^dns:\/\//, '');
  const found = /^(.*?)(?::(\d+))?$/.exec(bare) as RegExpExecArray;
  const name = found[1] === '' || found[1] === '.' ? '.' : `${found[1].replace(/\.$/, '').toLowerCase()}.`;
  return { name, port: Number(found[2] ?? 53) };
}

/** Whether a full name lies in a zone. */
export function inZone(name: string, zone: string): boolean {
  return zone === '.' || name === zone || name.endsWith(`.${zone}`);
}
