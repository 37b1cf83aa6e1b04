// Regular expressions of Go's flavour (RE2), as schemas and CEL have them, as JavaScript's.

/** By their text; null for those that cannot be read. */
const patterns = new Map<string, RegExp | null>();

export function goRegExp(text: string): RegExp | null {
  let pattern = patterns.get(text);
  if (pattern === undefined) {
    pattern = null;
    // (?i) at the front is a flag here; \A, \z and \pL are written otherwise.
    const flags = /^\(\?([ims]+)\)/.exec(text);
    const body = (flags ? text.slice(flags[0].length) : text)
      .replace(/\\A/g, '^')
      .replace(/\\z/g, '$')
      .replace(/\(\?P</g, '(?<')
      .replace(/\[\[:(\w+):\]\]/g, (_all, name: string) => `[${POSIX[name] ?? ''}]`);
    const set = `${flags?.[1] ?? ''}${/\\[pP]/.test(body) ? 'u' : ''}`;
    try {
      pattern = new RegExp(body, set);
    } catch {
      pattern = null;
    }
    if (patterns.size < 1000) patterns.set(text, pattern);
  }
  return pattern;
}

const POSIX: Record<string, string> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: 'A-Za-z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: '\\s',
  word: '\\w',
};
