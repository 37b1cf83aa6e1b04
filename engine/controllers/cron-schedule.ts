// Cron schedules: five fields, names, steps, ranges, lists, and @hourly and its kin (robfig/cron, standard parser).
// Times are UTC.

const FIELDS: readonly { min: number; max: number; names?: readonly string[] }[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] },
  { min: 0, max: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
];
const NAMED: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const HORIZON_DAYS = 5 * 366;
const UNITS: Readonly<Record<string, number>> = { h: 3600_000, m: MINUTE, s: 1000 };

/** A schedule that cannot be read; the message is the parser's. */
export class ScheduleError extends Error {}

export interface Schedule {
  /** The first time after `time` (ms since the epoch); undefined when there is none within five years. */
  next(time: number): number | undefined;
}

const parsed = new Map<string, Schedule>();

export function parseSchedule(text: string): Schedule {
  let schedule = parsed.get(text);
  if (!schedule) parsed.set(text, (schedule = read(text)));
  return schedule;
}

function read(text: string): Schedule {
  if (text.startsWith('@every ')) return every(text);
  const spec = text.startsWith('@') ? NAMED[text] : text;
  if (spec === undefined) throw new ScheduleError(`unrecognized descriptor: ${text}`);
  const fields = spec.trim().split(/\s+/);
  if (spec.trim() === '') throw new ScheduleError('empty spec string');
  if (fields.length !== 5)
    throw new ScheduleError(`expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`);
  const [minutes, hours, days, months, weekdays] = fields.map((field, i) => readField(field, i));
  const star = (i: number) => fields[i].startsWith('*') || fields[i].startsWith('?');
  const dayMatches = (date: Date): boolean => {
    const byDay = days.has(date.getUTCDate());
    const byWeekday = weekdays.has(date.getUTCDay());
    // When both are restricted, either will do.
    return star(2) || star(4) ? byDay && byWeekday : byDay || byWeekday;
  };
  return {
    next(time) {
      let at = Math.floor(time / MINUTE) * MINUTE + MINUTE;
      for (let day = 0; day < HORIZON_DAYS; day++) {
        const midnight = Math.floor(at / DAY) * DAY;
        const date = new Date(midnight);
        if (months.has(date.getUTCMonth() + 1) && dayMatches(date)) {
          for (let hour = Math.floor((at - midnight) / (60 * MINUTE)); hour < 24; hour++) {
            if (!hours.has(hour)) continue;
            const start = midnight + hour * 60 * MINUTE;
            const from = at > start ? (at - start) / MINUTE : 0;
            for (let minute = from; minute < 60; minute++) if (minutes.has(minute)) return start + minute * MINUTE;
          }
        }
        at = midnight + DAY;
      }
      return undefined;
    },
  };
}

function every(text: string): Schedule {
  const duration = text.slice('@every '.length).trim();
  const match = /^(?:\d+(?:\.\d+)?[hms])+$/.test(duration) ? duration.match(/[\d.]+[hms]/g) : null;
  if (!match) throw new ScheduleError(`failed to parse duration ${text}: time: invalid duration "${duration}"`);
  const period = Math.max(
    1000,
    match.reduce((sum, part) => sum + Number(part.slice(0, -1)) * UNITS[part.slice(-1)], 0),
  );
  return { next: (time) => Math.floor(time / 1000) * 1000 + Math.floor(period / 1000) * 1000 };
}

function readField(field: string, index: number): Set<number> {
  const { min, max, names } = FIELDS[index];
  const values = new Set<number>();
  const number = (text: string): number => {
    const named = names?.indexOf(text.toLowerCase()) ?? -1;
    if (named >= 0) return named + min;
    if (!/^\d+$/.test(text))
      throw new ScheduleError(`failed to parse int from ${text}: strconv.Atoi: parsing "${text}": invalid syntax`);
    return Number(text);
  };
  for (const part of field.split(',')) {
    const [range, step, ...rest] = part.split('/');
    if (rest.length > 0) throw new ScheduleError(`too many slashes: ${part}`);
    let [first, last] = [min, max];
    if (range !== '*' && range !== '?') {
      const ends = range.split('-');
      if (ends.length > 2) throw new ScheduleError(`too many hyphens: ${part}`);
      first = number(ends[0]);
      last = ends.length === 2 ? number(ends[1]) : step === undefined ? first : max;
    }
    const by = step === undefined ? 1 : number(step);
    if (first < min) throw new ScheduleError(`beginning of range (${first}) below minimum (${min}): ${part}`);
    if (last > max) throw new ScheduleError(`end of range (${last}) above maximum (${max}): ${part}`);
    if (first > last) throw new ScheduleError(`beginning of range (${first}) beyond end of range (${last}): ${part}`);
    if (by === 0) throw new ScheduleError(`step of range should be a positive number: ${part}`);
    for (let value = first; value <= last; value += by) values.add(value);
  }
  return values;
}
