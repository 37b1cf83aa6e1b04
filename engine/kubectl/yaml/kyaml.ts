// KYAML: the dialect of YAML with braces, quoted strings and trailing commas that `-o kyaml` prints.

import { sortedKeys, numberText } from './emit.ts';
import { resolve } from './parse.ts';

/** One document without its `---`, with the final newline. The keys are sorted, or stand as they are. */
export function toKyaml(value: unknown, asTheyAre = false): string {
  return render(value, '', asTheyAre ? Object.keys : sortedKeys) + '\n';
}

function render(value: unknown, indent: string, keysOf: (map: Record<string, unknown>) => string[]): string {
  const inner = indent + '  ';
  if (typeof value === 'string') return text(value, indent);
  if (typeof value === 'number') return numberText(value);
  if (value === null || typeof value !== 'object') return String(value ?? null);
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    // Lists of nothing but maps or lists hug their elements.
    if (value.every((v) => v !== null && typeof v === 'object'))
      return `[${value.map((v) => render(v, indent, keysOf)).join(', ')}]`;
    return `[\n${value.map((v) => `${inner}${render(v, inner, keysOf)},\n`).join('')}${indent}]`;
  }
  const map = value as Record<string, unknown>;
  const keys = keysOf(map);
  if (keys.length === 0) return '{}';
  return `{\n${keys.map((k) => `${inner}${key(k)}: ${render(map[k], inner, keysOf)},\n`).join('')}${indent}}`;
}

const key = (name: string) =>
  /^[A-Za-z_][A-Za-z0-9_./-]*$/.test(name) && typeof resolve(name) === 'string' ? name : JSON.stringify(name);

/** Strings of several lines are written line by line, each ended by an escaped newline. */
function text(value: string, indent: string): string {
  if (!value.includes('\n')) return escaped(value, false);
  const rows = value.split('\n');
  const pad = indent + '   ';
  const last = rows.pop() as string;
  const body = rows.map((row) => `${pad}${/^[ \t]/.test(row) ? '\\' : ' '}${escaped(row, true)}\\n\\\n`).join('');
  return `"\\\n${body}${last === '' ? indent + '  ' : `${pad}${/^[ \t]/.test(last) ? '\\' : ' '}${escaped(last, true)}\\\n${indent}  `}"`;
}

function escaped(value: string, bare: boolean): string {
  const json = JSON.stringify(value).replaceAll('\\t', '\t');
  return bare ? json.slice(1, -1) : json;
}
