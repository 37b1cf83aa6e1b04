// POSIX regular expressions, basic and extended, as JavaScript ones.

/** Names of the classes in brackets, as the inside of a JavaScript class. */
/** POSIX character classes ([:alpha:]) as what stands in a JavaScript class. */
export const CHARACTER_CLASSES: Record<string, string> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: 'A-Za-z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: '\\s',
  blank: ' \\t',
  punct: '!-\\/:-@\\[-`{-~',
  xdigit: '0-9A-Fa-f',
  cntrl: '\\x00-\\x1f\\x7f',
  print: ' -~',
  graph: '!-~',
  word: '\\w',
};

const cache = new Map<string, RegExp | string>();

/** The expression, or what is wrong with it. Flags are JavaScript's. */
export function ereToRegExp(source: string, flags: string): RegExp | string {
  return cached('E', source, flags);
}

export function breToRegExp(source: string, flags: string): RegExp | string {
  return cached('B', source, flags);
}

function cached(kind: 'E' | 'B', source: string, flags: string): RegExp | string {
  const key = `${kind}${flags}/${source}`;
  let result = cache.get(key);
  if (result === undefined) {
    const translated = translate(source, kind === 'E');
    try {
      result = typeof translated === 'string' ? new RegExp(translated, flags) : translated.error;
    } catch {
      result = 'Invalid regular expression';
    }
    if (cache.size > 200) cache.clear();
    cache.set(key, result);
  }
  return result;
}

/** Replaces every match of a global expression, as POSIX tools do: no empty match right after another match. */
export function replaceMatches(text: string, regexp: RegExp, replacement: (match: RegExpExecArray) => string): string {
  if (!regexp.global) {
    const match = regexp.exec(text);
    return match ? text.slice(0, match.index) + replacement(match) + text.slice(match.index + match[0].length) : text;
  }
  let out = '';
  let copied = 0;
  let lastEnd = -1;
  regexp.lastIndex = 0;
  for (let match = regexp.exec(text); match; match = regexp.exec(text)) {
    const end = match.index + match[0].length;
    if (match[0] === '') regexp.lastIndex++;
    if (match[0] === '' && match.index === lastEnd) continue;
    out += text.slice(copied, match.index) + replacement(match);
    copied = lastEnd = end;
  }
  return out + text.slice(copied);
}

function literal(c: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(c) ? '\\' + c : c;
}

/** A bracket expression from `[` on, and where it ends. */
function bracket(source: string, start: number): { text: string; end: number } | undefined {
  let i = start + 1;
  let text = '[';
  if (source[i] === '^') {
    text += '^';
    i++;
  }
  for (let first = true; ; first = false) {
    const c = source[i];
    if (c === undefined) return undefined;
    if (c === ']' && !first) return { text: text + ']', end: i + 1 };
    const named = c === '[' ? /^\[([:.=])(.*?)\1\]/.exec(source.slice(i)) : undefined;
    if (named) {
      text += named[1] === ':' ? (CHARACTER_CLASSES[named[2]] ?? '') : literal(named[2]);
      i += named[0].length;
      continue;
    }
    if (c === '\\' && /[ntrfvdwsDWS\]\\]/.test(source[i + 1] ?? '')) {
      // GNU reads \n and \t in brackets; a backslash before anything else is itself.
      if (/[ntrfv]/.test(source[i + 1])) {
        text += '\\' + source[i + 1];
        i += 2;
        continue;
      }
    }
    text += c === '\\' || c === '[' || c === ']' || (c === '^' && first) ? '\\' + c : c;
    i++;
  }
}

function translate(source: string, extended: boolean): string | { error: string } {
  let out = '';
  let depth = 0;
  let i = 0;
  /** At the start of an alternative a star is a star. */
  let start = true;
  while (i < source.length) {
    const c = source[i];
    const next = source[i + 1];
    if (c === '[') {
      const found = bracket(source, i);
      if (!found) return { error: 'Invalid regular expression' };
      out += found.text === '[]' ? '(?!)' : found.text;
      i = found.end;
      start = false;
      continue;
    }
    if (c === '\\') {
      if (next === undefined) return { error: 'Trailing backslash' };
      i += 2;
      if (!extended && '(){}|+?'.includes(next)) {
        const step = operator(next, true);
        if (typeof step === 'object') return step;
        continue;
      }
      if (/[1-9]/.test(next)) out += '\\' + next;
      else if (/[wWsSbBntrfv]/.test(next)) out += '\\' + next;
      else if (next === '<') out += '\\b(?=\\w)';
      else if (next === '>') out += '\\b(?<=\\w)';
      else if (next === '`') out += '^';
      else if (next === "'") out += '$';
      else out += literal(next);
      start = false;
      continue;
    }
    i++;
    if (extended && '(){}|+?'.includes(c)) {
      const step = operator(c, false);
      if (typeof step === 'object') return step;
      continue;
    }
    if (c === '*') {
      out += start ? '\\*' : '*';
      start = false;
    } else if (c === '^') {
      const anchor = extended || start;
      out += anchor ? '^' : '\\^';
    } else if (c === '$') {
      const anchor = extended || i === source.length || source.startsWith('\\)', i) || source.startsWith('\\|', i);
      out += anchor ? '$' : '\\$';
      start = false;
    } else if (c === '.') {
      out += '.';
      start = false;
    } else {
      out += literal(c);
      start = false;
    }
  }
  if (depth > 0) return { error: 'Unmatched ( or \\(' };
  return out;

  function operator(c: string, basic: boolean): { error: string } | undefined {
    switch (c) {
      case '(':
        depth++;
        out += '(';
        start = true;
        return undefined;
      case ')':
        if (depth === 0) {
          if (basic) return { error: 'Unmatched ) or \\)' };
          out += '\\)';
        } else {
          depth--;
          out += ')';
        }
        start = false;
        return undefined;
      case '|':
        out += '|';
        start = true;
        return undefined;
      case '{': {
        const close = basic ? '\\}' : '}';
        const end = source.indexOf(close, i);
        const body = end < 0 ? undefined : source.slice(i, end);
        const bounds = body === undefined ? undefined : /^(\d*)(,?)(\d*)$/.exec(body);
        if (!bounds || start || (!bounds[1] && !bounds[2])) {
          if (basic) return { error: end < 0 ? 'Unmatched { or \\{' : 'Invalid content of \\{\\}' };
          out += '\\{';
          return undefined;
        }
        out += `{${bounds[1] || '0'}${bounds[2]}${bounds[3]}}`;
        i = end + close.length;
        return undefined;
      }
      case '}':
        out += '\\}';
        return undefined;
      default:
        out += start ? '\\' + c : c;
        start = false;
        return undefined;
    }
  }
}
