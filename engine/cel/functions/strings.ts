// What cel-go's strings extension has beyond the library's own functions.

import type { Environment } from '../library.ts';
import { define, FunctionError } from './define.ts';

function replace(text: string, old: string, by: string, limit: bigint): string {
  if (limit < 0n) return text.replaceAll(old, () => by);
  let out = text;
  let at = 0;
  for (let i = 0n; i < limit; i++) {
    const found = out.indexOf(old, at);
    if (found < 0) break;
    out = out.slice(0, found) + by + out.slice(found + old.length);
    at = found + by.length;
  }
  return out;
}

function charAt(text: string, index: bigint): string {
  const characters = [...text];
  if (index < 0n || index > BigInt(characters.length)) throw new FunctionError(`index out of range: ${index}`);
  return characters[Number(index)] ?? '';
}

/** `'%s is %d'.format([…])`. */
function format(text: string, args: readonly unknown[]): string {
  let next = 0;
  return text.replace(/%(%|(?:\.(\d+))?([sdfebxXo]))/g, (_all, whole: string, precision?: string, verb?: string) => {
    if (whole === '%') return '%';
    if (next >= args.length) throw new FunctionError(`index ${next} out of range`);
    const value = args[next++];
    switch (verb) {
      case 'd':
        return shown(value);
      case 'f':
        return Number(value).toFixed(precision === undefined ? 6 : Number(precision));
      case 'e':
        return Number(value)
          .toExponential(precision === undefined ? 6 : Number(precision))
          .replace(/e([+-])(\d)$/, 'e$10$2');
      case 'b':
        return typeof value === 'boolean' ? (value ? '1' : '0') : BigInt(value as bigint).toString(2);
      case 'o':
        return BigInt(value as bigint).toString(8);
      case 'x':
      case 'X': {
        const hex =
          typeof value === 'string'
            ? [...value].map((c) => (c.codePointAt(0) as number).toString(16)).join('')
            : BigInt(value as bigint).toString(16);
        return verb === 'X' ? hex.toUpperCase() : hex;
      }
      default:
        return shown(value);
    }
  });
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
  if (value instanceof Date) return value.toISOString().replace('.000Z', 'Z');
  if (value !== null && typeof value === 'object' && value.constructor === Object) {
    const map = value as Record<string, unknown>;
    return `{${Object.keys(map)
      .sort()
      .map((key) => `${key}: ${shown(map[key])}`)
      .join(', ')}}`;
  }
  return String(value);
}

export function strings(environment: Environment) {
  define(environment, {
    'string.charAt(int): string': charAt,
    'string.replace(string, string): string': (text: string, old: string, by: string) => replace(text, old, by, -1n),
    'string.replace(string, string, int): string': replace,
    'string.reverse(): string': (text: string) => [...text].reverse().join(''),
    'string.format(list<dyn>): string': format,
  });
}
