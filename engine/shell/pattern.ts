// Shell patterns: `*`, `?`, `[…]`, bash's `@(a|b)`; matched against text or against the names of files.

import { CHARACTER_CLASSES as CLASSES } from '../linux/regex.ts';
import type { FileSystem } from '../linux/fs.ts';

const cache = new Map<string, RegExp>();

/** A regular expression for the whole of a text. In the pattern a backslash makes the next character literal. */
export function patternToRegExp(pattern: string, extended = true): RegExp {
  const key = (extended ? 'e' : 'p') + pattern;
  let regexp = cache.get(key);
  if (!regexp) {
    regexp = new RegExp(`^(?:${patternSource(pattern, extended)})$`, 'su');
    if (cache.size > 500) cache.clear();
    cache.set(key, regexp);
  }
  return regexp;
}

export function matches(pattern: string, text: string, extended = true): boolean {
  if (pattern === '*') return true;
  return patternToRegExp(pattern, extended).test(text);
}

export function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

function escapeInBracket(c: string, dash: boolean): string {
  return /[\\[\]^$(){}*+?.|/]/.test(c) || (dash && c === '-') ? '\\' + c : c;
}

/** The body of a bracket expression from `[` on, as regular expression source, and where it ends. */
export function bracketSource(
  pattern: string,
  start: number,
  backslash = true,
): { source: string; end: number } | undefined {
  let i = start + 1;
  let source = '[';
  if (pattern[i] === '!' || pattern[i] === '^') {
    source += '^';
    i++;
  }
  for (let first = true; ; first = false) {
    const c = pattern[i];
    if (c === undefined) return undefined;
    if (c === ']' && !first) break;
    const named = c === '[' ? /^\[:(\w+):\]/.exec(pattern.slice(i, i + 12)) : undefined;
    if (named && CLASSES[named[1]]) {
      source += CLASSES[named[1]];
      i += named[0].length;
      continue;
    }
    if (c === '\\' && backslash && pattern[i + 1] !== undefined) {
      source += escapeInBracket(pattern[i + 1], true);
      i += 2;
      continue;
    }
    source += escapeInBracket(c, false);
    i++;
  }
  return { source: source + ']', end: i + 1 };
}

export function patternSource(pattern: string, extended: boolean): string {
  let out = '';
  let i = 0;
  while (i < pattern.length) {
    const c = pattern[i];
    if (extended && pattern[i + 1] === '(' && '?*+@!'.includes(c)) {
      const end = closing(pattern, i + 1);
      if (end !== undefined) {
        const options = split(pattern.slice(i + 2, end)).map((part) => patternSource(part, true));
        const group = `(?:${options.join('|')})`;
        out += c === '!' ? `(?!${group}$).*` : group + (c === '@' ? '' : c);
        i = end + 1;
        continue;
      }
    }
    if (c === '*') out += '.*';
    else if (c === '?') out += '.';
    else if (c === '[') {
      const bracket = bracketSource(pattern, i);
      if (bracket) {
        out += bracket.source;
        i = bracket.end;
        continue;
      }
      out += '\\[';
    } else if (c === '\\' && i + 1 < pattern.length) {
      out += escapeRegExp(pattern[++i]);
    } else {
      const point = String.fromCodePoint(pattern.codePointAt(i) as number);
      out += escapeRegExp(point);
      i += point.length;
      continue;
    }
    i++;
  }
  return out;
}

function closing(pattern: string, open: number): number | undefined {
  let depth = 0;
  for (let i = open; i < pattern.length; i++) {
    if (pattern[i] === '\\') i++;
    else if (pattern[i] === '(') depth++;
    else if (pattern[i] === ')' && --depth === 0) return i;
  }
  return undefined;
}

function split(text: string): string[] {
  const out: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '(') depth++;
    else if (text[i] === ')') depth--;
    else if (text[i] === '|' && depth === 0) {
      out.push(text.slice(from, i));
      from = i + 1;
    }
  }
  out.push(text.slice(from));
  return out;
}

/** Takes the backslashes out of a pattern. */
export function unescapePattern(pattern: string): string {
  return pattern.includes('\\') ? pattern.replace(/\\([\s\S])/g, '$1') : pattern;
}

/** Paths that a pattern names, sorted; none when nothing matches. */
export function glob(fs: FileSystem, pattern: string): string[] {
  const absolute = pattern.startsWith('/');
  const parts = pattern.split('/').filter((part, i, all) => part !== '' || i === all.length - 1);
  let found = [absolute ? '/' : ''];
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i];
    const last = i === parts.length - 1;
    const next: string[] = [];
    for (const base of found) {
      if (part === '') {
        if (fs.isDirectory(base || '.')) next.push(base);
      } else if (!/[*?[]/.test(part)) {
        const path = base + unescapePattern(part);
        if (fs.find(path, false)) next.push(last ? path : path + '/');
      } else {
        const dir = fs.find(base || '.');
        if (dir?.kind !== 'dir' || !fs.may(dir, 4)) continue;
        const regexp = patternToRegExp(part);
        for (const name of fs.readdir(base || '.')) {
          if (name.startsWith('.') && !part.startsWith('.')) continue;
          if (!regexp.test(name)) continue;
          const path = base + name;
          if (last) next.push(path);
          else if (fs.isDirectory(path)) next.push(path + '/');
        }
      }
    }
    found = next;
  }
  return found.filter(Boolean).sort();
}
