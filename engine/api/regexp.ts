// Regular expressions of Go's flavour (RE2), as schemas, CEL and policies have them, as JavaScript's. RE2 lets flags
// change in the middle, which JavaScript does not, so they are carried along and spelt out.

/** By their text; null for those that cannot be read. */
const patterns = new Map<string, RegExp | null>();

export function goRegExp(text: string): RegExp | null {
  let pattern = patterns.get(text);
  if (pattern === undefined) {
    pattern = null;
    try {
      // Only a character class by property needs the stricter reading that goes with `u`.
      const source = spelt(text);
      if (source !== undefined) pattern = new RegExp(source, /\\[pP]|\\u\{/.test(source) ? 'u' : '');
    } catch {
      pattern = null;
    }
    if (patterns.size < 1000) patterns.set(text, pattern);
  }
  return pattern;
}

interface Flags {
  i: boolean;
  m: boolean;
  s: boolean;
  U: boolean;
}

const PLAIN: Flags = { i: false, m: false, s: false, U: false };
const LINE_START = '(?<![^\\n])';
const LINE_END = '(?![^\\n])';
const MAX_REPEAT = 1000;

/** The same expression as JavaScript writes it; undefined when RE2 does not take it. */
function spelt(text: string): string | undefined {
  if (isSame(text)) return text;
  let flags = PLAIN;
  const outside: Flags[] = [];
  let out = '';
  let at = 0;
  while (at < text.length) {
    const char = text[at];
    if (char === '(') {
      const group = /^\((?:\?(?:(P?<\w+>)|([imsU]*)(?:-([imsU]+))?([:)])))?/.exec(text.slice(at)) as RegExpExecArray;
      const [all, name, on = '', off = '', end] = group;
      // Looking ahead or behind: RE2 has none of it.
      if (all === '(' && text[at + 1] === '?') return undefined;
      if (end && end !== ':' && !on && !off) return undefined;
      if (end !== ')') outside.push(flags);
      if (end) flags = changed(flags, on, off);
      if (end === ':') out += '(?:';
      else if (end !== ')') out += name ? `(?${name.replace('P', '')}` : '(';
      at += all.length;
    } else if (char === ')') {
      flags = outside.pop() ?? flags;
      out += char;
      at++;
    } else if (char === '[') {
      const list = /^\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]/s.exec(text.slice(at));
      if (!list) return undefined;
      out += classOf(list[0], flags);
      at += list[0].length;
    } else if (char === '\\') {
      const escape = /^\\(?:Q[^]*?(?:\\E|$)|[pP](?:\{\^?\w+\}|\w)|x(?:\{[\da-fA-F]+\}|[\da-fA-F]{2})|[^])/.exec(
        text.slice(at),
      );
      if (!escape || /^\\(?:[1-9]|[pPQ]$|[^AabBCdDfnpPQrsStvwWxzE0-7\W_])/.test(escape[0])) return undefined;
      out += escaped(escape[0], flags);
      at += escape[0].length;
    } else if (char === '*' || char === '+' || char === '?' || /^\{\d+(?:,\d*)?\}/.test(text.slice(at))) {
      const [all, repeat, lazy] = /^([*+?]|\{\d+(?:,\d*)?\})(\??)/.exec(text.slice(at)) as RegExpExecArray;
      if ((repeat.match(/\d+/g) ?? []).some((count) => Number(count) > MAX_REPEAT)) return undefined;
      out += repeat + (Boolean(lazy) !== flags.U ? '?' : '');
      at += all.length;
    } else {
      out += char === '{' || char === '}' ? `\\${char}` : single(char, flags);
      at++;
    }
  }
  return out;
}

/** Whether both flavours write and mean the same: most expressions. */
const isSame = (text: string): boolean =>
  !/\(\?(?!:)|\\[^dDwWsSnrtbB.*+?()[\]{}|^$/\-]|\[:|\[\^?\]|(?:^|[^\\])\.|(?:[^\\]|^)\{(?!\d)|\d{4}/.test(text);

function changed(flags: Flags, on: string, off: string): Flags {
  const out = { ...flags };
  for (const flag of on) out[flag as keyof Flags] = true;
  for (const flag of off) out[flag as keyof Flags] = false;
  return out;
}

/** One character, or what stands for a place. */
function single(char: string, { i, m, s }: Flags): string {
  if (char === '.') return s ? '[^]' : '[^\\n]';
  if (char === '^') return m ? LINE_START : '^';
  if (char === '$') return m ? LINE_END : '$';
  return i && char.toLowerCase() !== char.toUpperCase() ? `[${char.toLowerCase()}${char.toUpperCase()}]` : char;
}

const ESCAPES: Record<string, string> = { '\\A': '^', '\\z': '$', '\\a': '\\x07', '\\C': '[^]' };

function escaped(escape: string, flags: Flags): string {
  if (escape.startsWith('\\Q'))
    return escape
      .slice(2)
      .replace(/\\E$/, '')
      .replace(/./gsu, (char) => (/[\w\s]/.test(char) ? single(char, { ...flags, m: false }) : `\\${char}`));
  // What needs no escape may have none beside a property.
  return ESCAPES[escape] ?? (/^\\(?:_|[^\w\s\\^$.*+?()[\]{}|/])$/.test(escape) ? escape[1] : property(escape));
}

/** \pL is \p{L} with JavaScript, and \p{Greek} says of which property it speaks. */
function property(escape: string): string {
  if (escape.startsWith('\\x{')) return `\\u${escape.slice(2)}`;
  const [, letter, not, name] = /^\\([pP])\{?(\^?)(\w+)\}?$/.exec(escape) ?? [];
  if (!name) return escape;
  const sense = not ? (letter === 'p' ? 'P' : 'p') : letter;
  return `\\${sense}{${name.length > 2 ? `Script=${name}` : name}}`;
}

/** A list of characters; a bracket that comes first stands for itself. */
function classOf(list: string, { i }: Flags): string {
  const [, not, inner] = /^\[(\^?)([^]*)\]$/.exec(list) as RegExpExecArray;
  let out = inner
    .replace(/^\]/, '\\]')
    .replace(/\[:(\^?)(\w+):\]/g, (_all, no: string, name: string) => (no ? '' : (POSIX[name] ?? '')))
    .replace(/\\(?:[pP](?:\{\^?\w+\}|\w)|x\{[\da-fA-F]+\}|a)/g, (one) => ESCAPES[one] ?? property(one))
    .replace(/\\(_|[^\w\s\\^\]\-[])/g, '$1')
    .replace(/\[/g, (bracket, offset: number, all: string) => (all[offset - 1] === '\\' ? bracket : '\\['));
  if (i) {
    const plain = out.replace(/\\./gs, '');
    const ranges = plain.match(/[a-zA-Z]-[a-zA-Z]/g) ?? [];
    const other = (char: string) => (char === char.toLowerCase() ? char.toUpperCase() : char.toLowerCase());
    out += ranges.map((range) => `${other(range[0])}-${other(range[2])}`).join('');
    for (const char of plain.replace(/[a-zA-Z]-[a-zA-Z]/g, '')) if (other(char) !== char) out += other(char);
  }
  return `[${not}${out}]`;
}

const POSIX: Record<string, string> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7F',
  blank: '\\t ',
  cntrl: '\\x00-\\x1F\\x7F',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};
