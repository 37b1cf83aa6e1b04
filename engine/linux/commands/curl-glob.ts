// curl's patterns in URLs: {one,two}, [1-30], [a-z], [001-100:10]. Each stands for several URLs; --output can name what it
// stands for as #1, #2, ….

export interface Globbed {
  url: string;
  /** What the patterns stand for in this URL. */
  parts: string[];
}

/** More URLs than these are refused. */
const MOST = 100_000;

/** All URLs, the last pattern counting fastest; a text says what is wrong with a pattern. */
export function globUrl(text: string): Globbed[] | string {
  let all: Globbed[] = [{ url: '', parts: [] }];
  for (let at = 0; at < text.length;) {
    const c = text[at];
    if (c === '\\' && '{}[]'.includes(text[at + 1] ?? '-')) {
      for (const one of all) one.url += text[at + 1];
      at += 2;
      continue;
    }
    const address = c === '[' ? /^\[[0-9a-fA-F]*:[0-9a-fA-F:.]*(%[^\]]*)?\]/.exec(text.slice(at)) : undefined;
    if (c === '}' || c === ']') return `unmatched close brace/bracket in URL position ${at + 1}:${pointer(text, at)}`;
    if (address || (c !== '{' && c !== '[')) {
      const plain = address ? address[0] : c;
      for (const one of all) one.url += plain;
      at += plain.length;
      continue;
    }
    const end = text.indexOf(c === '{' ? '}' : ']', at);
    if (end < 0) {
      return c === '{'
        ? `unmatched brace in URL position ${text.length + 1}:${pointer(text, text.length)}`
        : `bad range in URL position ${at + 2}:${pointer(text, at + 1)}`;
    }
    const inside = text.slice(at + 1, end);
    const values = c === '{' ? inside.split(',') : rangeOf(inside);
    if (!values) return `bad range in URL position ${at + 2}:${pointer(text, at + 1)}`;
    if (all.length * values.length > MOST) return `too many URLs in ${text}`;
    all = all.flatMap(({ url, parts }) => values.map((value) => ({ url: url + value, parts: [...parts, value] })));
    at = end + 1;
  }
  return all;
}

const pointer = (text: string, at: number) => `\n${text}\n${' '.repeat(at)}^`;

/** '1-30', '001-100:10', 'a-z:2'. */
function rangeOf(text: string): string[] | undefined {
  const match = /^(?:(\d+)-(\d+)|([a-z])-([a-z])|([A-Z])-([A-Z]))(?::(\d+))?$/.exec(text);
  if (!match) return undefined;
  const [, low, high, ...rest] = match;
  const step = Number(rest[4] ?? 1);
  const letters = [rest[0] ?? rest[2], rest[1] ?? rest[3]];
  const first = low === undefined ? letters[0].charCodeAt(0) : Number(low);
  const last = high === undefined ? letters[1].charCodeAt(0) : Number(high);
  if (step < 1 || first > last || (last - first) / step > MOST) return undefined;
  const width = low?.startsWith('0') ? low.length : 0;
  const out: string[] = [];
  for (let n = first; n <= last; n += step)
    out.push(low === undefined ? String.fromCharCode(n) : String(n).padStart(width, '0'));
  return out;
}
