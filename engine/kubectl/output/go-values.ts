// Values as Go's fmt shows them: templates and error messages of kubectl print them so.

import { quote } from '../errors.ts';
import { sortedKeys } from '../yaml/emit.ts';

/** A value as Go's %v shows maps: map[a:1 b:[x y]]. */
export function goMap(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goMap).join(' ')}]`;
  if (typeof value === 'object') {
    const map = value as Record<string, unknown>;
    return `map[${sortedKeys(map)
      .map((k) => `${k}:${goMap(map[k])}`)
      .join(' ')}]`;
  }
  return String(value);
}

/** A value as Go's %#v shows it. */
export function goSyntax(value: unknown): string {
  if (value === null || value === undefined) return 'interface {}(nil)';
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  if (typeof value === 'string') return quote(value);
  if (typeof value !== 'object') return String(value);
  const map = value as Record<string, unknown>;
  return `map[string]interface {}{${sortedKeys(map)
    .map((k) => `${quote(k)}:${goSyntax(map[k])}`)
    .join(', ')}}`;
}
