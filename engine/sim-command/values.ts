// Reading and showing what is given to `sim`: durations, amounts, tables.

import { QuantityError, quantityMilli, quantityValue } from '../api/index.ts';
import { SimError } from './types.ts';

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const LONGEST = 10 * 365 * 86_400_000;

/** `5m`, `1h30m`, `90` (seconds), in ms. */
export function duration(text: string): number {
  let ms = 0;
  let rest = text;
  if (/^\d+(\.\d+)?$/.test(text)) ms = Number(text) * 1000;
  else {
    while (rest) {
      const part = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)/.exec(rest);
      if (!part) throw new SimError(`${JSON.stringify(text)} is no duration; write 30s, 5m, 1h30m or 2d`);
      ms += Number(part[1]) * UNITS[part[2]];
      rest = rest.slice(part[0].length);
    }
    if (text === '') throw new SimError('a duration is missing; write 30s, 5m, 1h30m or 2d');
  }
  if (ms > LONGEST) throw new SimError(`${text} is longer than ten years`);
  return Math.round(ms);
}

/** Whole seconds from one second on. */
export function durationText(ms: number): string {
  let rest = ms < 1000 ? Math.round(ms) : Math.round(ms / 1000) * 1000;
  let out = '';
  for (const unit of ['d', 'h', 'm', 's', 'ms']) {
    const n = Math.floor(rest / UNITS[unit]);
    rest -= n * UNITS[unit];
    if (n) out += `${n}${unit}`;
  }
  return out || '0s';
}

/** `200Mi` in bytes. */
export const bytes = (text: string): number => quantity(text, quantityValue);
/** `500m` in millicores. */
export const millicores = (text: string): number => quantity(text, quantityMilli);

function quantity(text: string, read: (text: string) => number): number {
  try {
    return read(text);
  } catch (error) {
    if (!(error instanceof QuantityError)) throw error;
    throw new SimError(`${JSON.stringify(text)} is no quantity; write 200Mi, 1Gi, 500m or 2`);
  }
}

export function whole(text: string, what: string, least: number, most: number): number {
  const n = Number(text);
  if (!/^\d+$/.test(text) || n < least || n > most) {
    throw new SimError(`${what} must be a whole number from ${least} to ${most}, not ${JSON.stringify(text)}`);
  }
  return n;
}

/** Columns as wide as their widest cell, three blanks apart. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] + 3)))
      .join('')
      .trimEnd(),
  );
}

/** `2026-01-05 09:05:00 UTC`. */
export const clockText = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
