// Cron schedules: five fields, names, steps, ranges, lists, and @hourly and its kin, with the words of the parser that
// Kubernetes uses (robfig/cron). Validation and the CronJob controller read them here.

import { timeZone, type TimeZone } from './time-zones.ts';

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
interface Bounds {
  min: number;
  max: number;
  names?: readonly string[];
}
const FIELDS: readonly Bounds[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: WEEKDAYS },
];
const DESCRIPTORS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};
const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const HORIZON = 5 * 366 * DAY;

/** A schedule that cannot be read; the message is the parser's. */
export class ScheduleError extends Error {}

export interface Schedule {
  /** The first time after `time` (ms since the epoch), by the clock of a zone; undefined when there is none within five years. */
  next(time: number, zone?: TimeZone): number | undefined;
}

const parsed = new Map<string, Schedule>();

/** `TZ=zone` in front says by whose clock. Throws ScheduleError. */
export function parseSchedule(text: string): Schedule {
  let schedule = parsed.get(text);
  if (!schedule) parsed.set(text, (schedule = read(text)));
  return schedule;
}

/** What is wrong with a schedule, or nothing. */
export function scheduleFault(text: string): string | undefined {
  try {
    parseSchedule(text);
    return undefined;
  } catch (error) {
    if (error instanceof ScheduleError) return error.message;
    throw error;
  }
}

function read(text: string): Schedule {
  const zoned = /^(?:CRON_)?TZ=(\S*) (.*)$/.exec(text);
  if (zoned) {
    const zone = timeZone(zoned[1] || 'UTC');
    if (!zone) throw new ScheduleError(`provided bad location ${zoned[1]}: unknown time zone ${zoned[1]}`);
    const inner = read(zoned[2].trim());
    return { next: (time) => inner.next(time, zone) };
  }
  if (text.startsWith('@every ')) return every(text);
  const spec = text.startsWith('@') ? DESCRIPTORS[text] : text;
  if (spec === undefined) throw new ScheduleError(`unrecognized descriptor: ${text}`);
  const fields = spec.split(/\s+/).filter(Boolean);
  if (fields.length === 0) throw new ScheduleError('empty spec string');
  if (fields.length !== 5)
    throw new ScheduleError(`expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`);
  const [minutes, hours, days, months, weekdays] = fields.map((field, i) => readField(field, FIELDS[i]));
  const star = (i: number) => fields[i].split(',').some((part) => /^[*?](\/1)?$/.test(part));
  const either = !star(2) && !star(4);
  const dayMatches = (date: Date): boolean => {
    const byDay = days.has(date.getUTCDate());
    const byWeekday = weekdays.has(date.getUTCDay());
    // When both are restricted, either will do.
    return either ? byDay || byWeekday : byDay && byWeekday;
  };
  return {
    next(time, zone) {
      let at = Math.floor(time / MINUTE) * MINUTE + MINUTE;
      for (const end = time + HORIZON; at < end;) {
        const local = zone ? at + zone.offset(at) : at;
        const date = new Date(local);
        if (!months.has(date.getUTCMonth() + 1) || !dayMatches(date)) at = midnightAfter(at, local, zone);
        else if (!hours.has(date.getUTCHours())) at += HOUR - (local % HOUR);
        else if (!minutes.has(date.getUTCMinutes())) at += MINUTE;
        else return at;
      }
      return undefined;
    },
  };
}

/** The start of the next day by the zone's clock, also when the clock is changed in between. */
function midnightAfter(at: number, local: number, zone: TimeZone | undefined): number {
  const next = at + DAY - (local % DAY);
  if (!zone) return next;
  const shown = (next + zone.offset(next)) % DAY;
  if (shown === 0) return next;
  return shown > DAY / 2 ? next + DAY - shown : next - shown;
}

function every(text: string): Schedule {
  const duration = text.slice('@every '.length);
  const parts = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/.test(duration) ? duration.match(/[\d.]+|[a-zµ]+/g) : null;
  if (!parts)
    throw new ScheduleError(`failed to parse duration ${text}: time: invalid duration ${JSON.stringify(duration)}`);
  let period = 0;
  for (let i = 0; i < parts.length; i += 2) period += Number(parts[i]) * UNITS[parts[i + 1]];
  const seconds = Math.max(1, Math.floor(period / 1000));
  return { next: (time) => (Math.floor(time / 1000) + seconds) * 1000 };
}

function readField(field: string, bounds: Bounds): Set<number> {
  const values = new Set<number>();
  for (const part of field.split(',').filter(Boolean)) {
    const [first, last, step] = readRange(part, bounds);
    for (let value = first; value <= last; value += step) values.add(value);
  }
  return values;
}

function readRange(text: string, bounds: Bounds): [first: number, last: number, step: number] {
  const [range, step, ...more] = text.split('/');
  const ends = range.split('-');
  const open = ends[0] === '*' || ends[0] === '?';
  let first = bounds.min;
  let last = bounds.max;
  if (!open) {
    first = readNumber(ends[0], bounds);
    if (ends.length > 2) throw new ScheduleError(`too many hyphens: ${text}`);
    last = ends.length === 2 ? readNumber(ends[1], bounds) : first;
  }
  let by = 1;
  if (more.length > 0) throw new ScheduleError(`too many slashes: ${text}`);
  if (step !== undefined) {
    by = readNumber(step, bounds);
    if (ends.length === 1 && !open) last = bounds.max;
  }
  if (first < bounds.min)
    throw new ScheduleError(`beginning of range (${first}) below minimum (${bounds.min}): ${text}`);
  if (last > bounds.max) throw new ScheduleError(`end of range (${last}) above maximum (${bounds.max}): ${text}`);
  if (first > last) throw new ScheduleError(`beginning of range (${first}) beyond end of range (${last}): ${text}`);
  if (by === 0) throw new ScheduleError(`step of range should be a positive number: ${text}`);
  return [first, last, by];
}

function readNumber(text: string, { min, names }: Bounds): number {
  const named = names?.indexOf(text.toLowerCase()) ?? -1;
  if (named >= 0) return named + min;
  if (!/^[-+]?\d+$/.test(text)) {
    const shown = JSON.stringify(text);
    throw new ScheduleError(`failed to parse int from ${text}: strconv.Atoi: parsing ${shown}: invalid syntax`);
  }
  if (Number(text) < 0) throw new ScheduleError(`negative number (${Number(text)}) not allowed: ${text}`);
  return Number(text);
}
