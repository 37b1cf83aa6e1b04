// awk's values: numbers, texts, and texts from the input that look like numbers.

import { formatFloat, formatInteger, pad } from './printf.ts';

/** Text from the input that reads as a number: compared as one. */
export class NumericText {
  readonly text: string;
  readonly number: number;
  constructor(text: string, number: number) {
    this.text = text;
    this.number = number;
  }
}

/** Undefined: never assigned, both '' and 0. */
export type Value = number | string | NumericText | undefined;

const NUMBER = /^[ \t\r\n]*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?[ \t\r\n]*$/;

/** A value for text that came from outside. */
export function fromInput(text: string): Value {
  const c = text.charCodeAt(0);
  // Most fields are words: decided without an expression.
  if (c > 57 || text === '') return text;
  return NUMBER.test(text) ? new NumericText(text, Number(text)) : text;
}

export function toNumber(value: Value): number {
  if (typeof value === 'number') return value;
  if (value === undefined) return 0;
  if (typeof value !== 'string') return value.number;
  const match = /^[ \t\r\n]*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)/.exec(value);
  return match ? Number(match[1]) : 0;
}

export function toText(value: Value, format = '%.6g'): string {
  if (typeof value === 'string') return value;
  if (value === undefined) return '';
  if (typeof value !== 'number') return value.text;
  if (Number.isInteger(value)) return Math.abs(value) < 1e21 ? String(value) : BigInt(value).toString();
  if (Number.isNaN(value)) return 'nan';
  return format === '%.6g' ? formatFloat(value, 'g', '', 6) : sprintf(format, [value]);
}

export function truth(value: Value): boolean {
  if (typeof value === 'number') return value !== 0;
  if (value === undefined) return false;
  return typeof value === 'string' ? value !== '' : value.number !== 0;
}

/** Below zero, zero or above; as numbers when neither is a text of the program. */
export function compare(a: Value, b: Value): number {
  if (typeof a !== 'string' && typeof b !== 'string') return toNumber(a) - toNumber(b);
  const left = toText(a);
  const right = toText(b);
  return left < right ? -1 : left > right ? 1 : 0;
}

const DIRECTIVE = /%([-+ #0]*)(\*|\d+)?(?:\.(\*|\d+)?)?[hlLqjzt]*([a-zA-Z%])/g;

export function sprintf(format: string, args: Value[]): string {
  let next = 0;
  return format.replace(
    DIRECTIVE,
    (whole: string, flags: string, width: string | undefined, precision: string | undefined, kind: string) => {
      if (kind === '%') return '%';
      let columns = width === '*' ? toNumber(args[next++]) : Number(width ?? 0);
      let sign = flags;
      if (columns < 0) {
        sign += '-';
        columns = -columns;
      }
      const digits =
        precision === '*'
          ? toNumber(args[next++])
          : precision !== undefined
            ? Number(precision)
            : whole.includes('.')
              ? 0
              : undefined;
      const value = args[next++];
      let text: string;
      if (kind === 's') {
        text = toText(value);
        if (digits !== undefined) text = text.slice(0, digits);
      } else if (kind === 'c') {
        text =
          typeof value === 'number' || value instanceof NumericText
            ? String.fromCodePoint(Math.max(0, Math.trunc(toNumber(value))))
            : toText(value).slice(0, 1);
      } else if ('diouxX'.includes(kind))
        text = formatInteger(toNumber(value), kind === 'i' ? 'd' : kind, sign, digits);
      else if ('feEgGF'.includes(kind)) text = formatFloat(toNumber(value), kind, sign, digits);
      else return whole;
      return pad(
        text,
        columns,
        sign,
        kind === 's' || kind === 'c' || (digits !== undefined && 'diouxX'.includes(kind)),
      );
    },
  );
}
