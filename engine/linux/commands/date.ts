// date: the virtual clock in any form.

import { FsError } from '../fs.ts';
import { filesOf } from '../host.ts';
import type { Process, Program } from '../types.ts';
import { fail, operands, parseOptions, put } from './options.ts';

const SPEC = {
  short: 'd:uRI::r:s:f:',
  long: {
    date: 'd',
    utc: 'u',
    universal: 'u',
    'rfc-email': 'R',
    'iso-8601': 'I',
    reference: 'r',
    'rfc-3339': 'rfc3339:',
    set: 's',
    file: 'f',
  },
  usage: '[OPTION]... [+FORMAT]',
};

export const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
export const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const DAY = 86_400_000;

export const date: Program = function* (process) {
  const options = parseOptions(process, SPEC);
  operands(process, options.args, 0, 1);
  if (options.has('s')) fail(process, 'cannot set date: Operation not permitted');
  if (options.has('f')) fail(process, '--file: dates from a file are not modelled');
  const now = process.host.sim.now;
  let time = now;
  if (options.has('d')) {
    const text = options.value('d') as string;
    const parsed = parseDate(text, now);
    if (parsed === undefined) fail(process, `invalid date ‘${text}’`);
    time = parsed;
  } else if (options.has('r')) {
    const path = options.value('r') as string;
    try {
      time = filesOf(process).stat(path).mtime;
    } catch (error) {
      if (error instanceof FsError) fail(process, `${path}: ${error.message}`);
      throw error;
    }
  }
  const format = options.args[0];
  if (format !== undefined && !format.startsWith('+')) fail(process, `invalid date ‘${format}’`);
  put(
    process,
    formatDate(
      format?.slice(1) ?? formatFor(process, options.last('RI') ?? '', options.value('I'), options.value('rfc3339')),
      time,
    ) + '\n',
  );
  return 0;
};

function formatFor(
  process: Process,
  letter: string,
  precision: string | undefined,
  rfc3339: string | undefined,
): string {
  if (rfc3339 !== undefined) {
    const forms: Record<string, string> = { date: '%F', seconds: '%F %T%:z', ns: '%F %T.%N%:z' };
    return forms[rfc3339] ?? fail(process, `invalid argument ‘${rfc3339}’ for ‘--rfc-3339’`);
  }
  if (letter === 'R') return '%a, %d %b %Y %T %z';
  if (letter === 'I') {
    const forms: Record<string, string> = {
      '': '%F',
      date: '%F',
      hours: '%FT%H%:z',
      minutes: '%FT%H:%M%:z',
      seconds: '%FT%T%:z',
      ns: '%FT%T,%N%:z',
    };
    return forms[precision ?? ''] ?? fail(process, `invalid argument ‘${precision}’ for ‘--iso-8601’`);
  }
  return process.host.userland === 'busybox' ? '%a %b %e %T UTC %Y' : '%a %b %e %T UTC %Y';
}

const FIELD = /%([-_0^#]*)(\d*)(:*)([A-Za-z%])/g;

/** Formats a time (ms since the epoch, UTC) as strftime does. */
export function formatDate(format: string, time: number): string {
  const d = new Date(Math.floor(time));
  const year = d.getUTCFullYear();
  const yearDay = Math.floor((Date.UTC(year, d.getUTCMonth(), d.getUTCDate()) - Date.UTC(year, 0, 1)) / DAY);
  const weekday = d.getUTCDay();
  const number = (value: number, width: number, fill = '0') => ({ text: String(value), width, fill });
  return format.replace(FIELD, (whole, flags: string, width: string, colons: string, letter: string) => {
    const field = pick();
    if (field === undefined) return whole;
    let text: string;
    if (typeof field === 'string') text = field;
    else {
      const fill = flags.includes('-') ? '' : flags.includes('_') ? ' ' : flags.includes('0') ? '0' : field.fill;
      text = fill ? field.text.padStart(Number(width) || field.width, fill) : field.text;
    }
    return flags.includes('^') ? text.toUpperCase() : text;

    function pick(): string | { text: string; width: number; fill: string } | undefined {
      switch (letter) {
        case '%':
          return '%';
        case 'n':
          return '\n';
        case 't':
          return '\t';
        case 'Y':
          return number(year, 4);
        case 'C':
          return number(Math.floor(year / 100), 2);
        case 'y':
          return number(year % 100, 2);
        case 'm':
          return number(d.getUTCMonth() + 1, 2);
        case 'd':
          return number(d.getUTCDate(), 2);
        case 'e':
          return number(d.getUTCDate(), 2, ' ');
        case 'H':
          return number(d.getUTCHours(), 2);
        case 'k':
          return number(d.getUTCHours(), 2, ' ');
        case 'I':
          return number(d.getUTCHours() % 12 || 12, 2);
        case 'l':
          return number(d.getUTCHours() % 12 || 12, 2, ' ');
        case 'M':
          return number(d.getUTCMinutes(), 2);
        case 'S':
          return number(d.getUTCSeconds(), 2);
        case 'N': {
          const nanos = String(Math.floor((time % 1000) * 1e6)).padStart(9, '0');
          return width ? nanos.slice(0, Number(width)) : nanos;
        }
        case 's':
          return number(Math.floor(time / 1000), 1);
        case 'j':
          return number(yearDay + 1, 3);
        case 'a':
          return DAYS[weekday].slice(0, 3);
        case 'A':
          return DAYS[weekday];
        case 'b':
        case 'h':
          return MONTHS[d.getUTCMonth()].slice(0, 3);
        case 'B':
          return MONTHS[d.getUTCMonth()];
        case 'p':
          return d.getUTCHours() < 12 ? 'AM' : 'PM';
        case 'P':
          return d.getUTCHours() < 12 ? 'am' : 'pm';
        case 'u':
          return number(weekday || 7, 1);
        case 'w':
          return number(weekday, 1);
        case 'U':
          return number(Math.floor((yearDay + 7 - weekday) / 7), 2);
        case 'W':
          return number(Math.floor((yearDay + 7 - ((weekday + 6) % 7)) / 7), 2);
        case 'V':
        case 'G': {
          const thursday = new Date(d.getTime() + (4 - (weekday || 7)) * DAY);
          if (letter === 'G') return number(thursday.getUTCFullYear(), 4);
          return number(Math.floor((thursday.getTime() - Date.UTC(thursday.getUTCFullYear(), 0, 1)) / DAY / 7) + 1, 2);
        }
        case 'z':
          return colons === ':' ? '+00:00' : '+0000';
        case 'Z':
          return 'UTC';
        case 'F':
          return formatDate('%Y-%m-%d', time);
        case 'T':
        case 'X':
          return formatDate('%H:%M:%S', time);
        case 'R':
          return formatDate('%H:%M', time);
        case 'r':
          return formatDate('%I:%M:%S %p', time);
        case 'D':
        case 'x':
          return formatDate('%m/%d/%y', time);
        case 'c':
          return formatDate('%a %b %e %T %Y', time);
      }
      return undefined;
    }
  });
}

const UNITS: Record<string, number> = {
  sec: 1000,
  second: 1000,
  min: 60_000,
  minute: 60_000,
  hour: 3_600_000,
  day: DAY,
  week: 7 * DAY,
  fortnight: 14 * DAY,
};

/** A date as people write it after `-d`; undefined when it is not understood. */
export function parseDate(text: string, now: number): number | undefined {
  let rest = text.trim().toLowerCase();
  const epoch = /^@(-?\d+(?:\.\d+)?)$/.exec(rest);
  if (epoch) return Number(epoch[1]) * 1000;
  let base = now;
  let dayGiven = false;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    const match = pattern.exec(rest);
    if (!match) return undefined;
    rest = (rest.slice(0, match.index) + ' ' + rest.slice(match.index + match[0].length)).trim();
    return match;
  };
  const midnight = (time: number) => Math.floor(time / DAY) * DAY;
  const iso = take(/(\d{4})-(\d{1,2})-(\d{1,2})t?/) ?? take(/\b(\d{4})(\d{2})(\d{2})\b/);
  if (iso) {
    const day = new Date(Date.UTC(Number(iso[1]), Number(iso[2]) - 1, Number(iso[3])));
    if (day.getUTCMonth() !== Number(iso[2]) - 1) return undefined;
    base = day.getTime();
    dayGiven = true;
  }
  const clock = take(/(\d{1,2}):(\d{2})(?::(\d{2})([.,]\d+)?)?\s*(am|pm)?/);
  let zone = 0;
  if (clock) {
    const offset = take(/^\s*([+-])(\d{2}):?(\d{2})\b/);
    if (offset) zone = (offset[1] === '-' ? 1 : -1) * (Number(offset[2]) * 60 + Number(offset[3])) * 60_000;
  }
  const month = MONTHS.map((name) => name.toLowerCase().slice(0, 3)).join('|');
  const named = take(new RegExp(`\\b(\\d{1,2})\\s+(${month})[a-z]*(?:\\s+(\\d{4}))?`)) ?? undefined;
  const american = named ? undefined : take(new RegExp(`\\b(${month})[a-z]*\\s+(\\d{1,2})(?:,?\\s+(\\d{4}))?`));
  const dayMonth = named
    ? [named[1], named[2], named[3]]
    : american
      ? [american[2], american[1], american[3]]
      : undefined;
  if (dayMonth) {
    const year = dayMonth[2] ? Number(dayMonth[2]) : new Date(now).getUTCFullYear();
    base = Date.UTC(
      year,
      MONTHS.findIndex((name) => name.toLowerCase().startsWith(dayMonth[1])),
      Number(dayMonth[0]),
    );
    dayGiven = true;
    take(/^(?:sun|mon|tue|wed|thu|fri|sat)[a-z]*,?/);
  }
  if (clock) {
    let hours = Number(clock[1]) % (clock[5] ? 12 : 24);
    if (clock[5] === 'pm') hours += 12;
    if (Number(clock[2]) > 59 || Number(clock[1]) > 23) return undefined;
    base = midnight(base) + (hours * 60 + Number(clock[2])) * 60_000 + Number(clock[3] ?? 0) * 1000 + zone;
  } else if (dayGiven) base = midnight(base);
  for (;;) {
    const unit = take(
      /^([+-]?\s*\d+|next|last|a|an)?\s*(sec|second|min|minute|hour|day|week|fortnight|month|year)s?\b(\s+ago)?/,
    );
    if (unit) {
      const count =
        unit[1] === 'last' ? -1 : !unit[1] || /[a-z]/.test(unit[1]) ? 1 : Number(unit[1].replace(/\s/g, ''));
      base = shift(base, unit[2], unit[3] ? -count : count);
      continue;
    }
    const word = take(/^(now|today|yesterday|tomorrow|midnight|noon|utc|gmt|z)\b/);
    if (!word) break;
    if (word[1] === 'yesterday') base -= DAY;
    else if (word[1] === 'tomorrow') base += DAY;
    else if (word[1] === 'midnight') base = midnight(base);
    else if (word[1] === 'noon') base = midnight(base) + DAY / 2;
  }
  const weekday = take(/^(next\s+|last\s+)?(sun|mon|tue|wed|thu|fri|sat)[a-z]*/);
  if (weekday) {
    const wanted = DAYS.findIndex((name) => name.toLowerCase().startsWith(weekday[2]));
    const ahead = (wanted - new Date(Math.floor(base)).getUTCDay() + 7) % 7;
    base = midnight(base) + ahead * DAY;
    if (weekday[1]?.startsWith('next') && ahead === 0) base += 7 * DAY;
    if (weekday[1]?.startsWith('last')) base -= 7 * DAY;
  }
  return rest === '' ? base : undefined;
}

function shift(time: number, unit: string, count: number): number {
  if (unit in UNITS) return time + count * UNITS[unit];
  const d = new Date(Math.floor(time));
  const months = unit === 'year' ? count * 12 : count;
  return Date.UTC(
    d.getUTCFullYear(),
    d.getUTCMonth() + months,
    d.getUTCDate(),
    d.getUTCHours(),
    d.getUTCMinutes(),
    d.getUTCSeconds(),
  );
}
