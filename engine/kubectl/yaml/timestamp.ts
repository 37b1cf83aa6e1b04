// Times among YAML's plain scalars, in the forms that go-yaml knows.

import { formatTime } from '../../api/time.ts';

const TIME = /^(\d{4})-(\d\d?)-(\d\d?)(?:(?:([Tt])| )(\d\d?):(\d\d?):(\d\d?)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?)?$/;

/** `2026-01-01` is `2026-01-01T00:00:00Z`; undefined when the text is no time. */
export function timeInFull(text: string): string | undefined {
  const match = TIME.exec(text);
  if (!match) return undefined;
  const [, year, month, day, letter, hour, minute, second, fraction, zone] = match;
  // With a T there must be a zone, with a blank there must be none.
  if (hour !== undefined && (letter === undefined) !== (zone === undefined)) return undefined;
  const date = Date.UTC(+year, +month - 1, +day, +(hour ?? 0), +(minute ?? 0), +(second ?? 0));
  const iso = formatTime(date);
  const padded = (n: string | undefined) => (n ?? '0').padStart(2, '0');
  // Month 13 and the 30th of February are no times.
  const want = `${year}-${padded(month)}-${padded(day)}T${padded(hour)}:${padded(minute)}:${padded(second)}Z`;
  if (iso !== want) return undefined;
  const digits = (fraction ?? '').replace(/0+$/, '');
  return (
    iso.slice(0, -1) + (digits ? `.${digits}` : '') + (zone === '+00:00' || zone === '-00:00' ? 'Z' : (zone ?? 'Z'))
  );
}
