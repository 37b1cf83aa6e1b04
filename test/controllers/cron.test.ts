// Cron schedules by the clock of a zone.

import { describe, expect, test } from 'vitest';
import { parseSchedule, scheduleFault } from '../../engine/api/cron.ts';
import { timeZone, type TimeZone } from '../../engine/api/time-zones.ts';

const times = (schedule: string, from: string, count: number, zone?: string): string[] => {
  const found: string[] = [];
  let at = Date.parse(from);
  for (let i = 0; i < count; i++) {
    const next = parseSchedule(schedule).next(at, zone === undefined ? undefined : timeZone(zone));
    if (next === undefined) break;
    found.push(new Date(next).toISOString().slice(0, 16));
    at = next;
  }
  return found;
};

describe('a schedule', () => {
  test.each([
    ['*/20 9-10 * * *', ['2026-01-05T09:20', '2026-01-05T09:40', '2026-01-05T10:00']],
    ['0 0 31 * *', ['2026-01-31T00:00', '2026-03-31T00:00', '2026-05-31T00:00']],
    ['30 6 * * mon-wed', ['2026-01-06T06:30', '2026-01-07T06:30', '2026-01-12T06:30']],
    ['0 12 13 * fri', ['2026-01-09T12:00', '2026-01-13T12:00', '2026-01-16T12:00']],
    ['@monthly', ['2026-02-01T00:00', '2026-03-01T00:00', '2026-04-01T00:00']],
    ['@every 1h30m', ['2026-01-05T10:30', '2026-01-05T12:00', '2026-01-05T13:30']],
    ['0 0 29 feb *', ['2028-02-29T00:00']],
    ['0 0 31 feb *', []],
  ])('%s', (schedule, expected) => {
    expect(times(schedule, '2026-01-05T09:00:00Z', expected.length || 1)).toEqual(expected);
  });

  test.each([
    ['60 * * * *', 'end of range (60) above maximum (59): 60'],
    ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['5-1 * * * *', 'beginning of range (5) beyond end of range (1): 5-1'],
    ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
    ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
    ['@reboot', 'unrecognized descriptor: @reboot'],
    ['x * * * *', 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
  ])('%s is refused', (schedule, words) => {
    expect(scheduleFault(schedule)).toBe(words);
  });
});

describe('the clock of a zone', () => {
  test('is ahead of UTC or behind it, also by half hours', () => {
    expect(times('0 8 * * *', '2026-01-05T00:00:00Z', 1, 'Asia/Kolkata')).toEqual(['2026-01-05T02:30']);
    expect(times('0 8 * * *', '2026-01-05T00:00:00Z', 1, 'America/Los_Angeles')).toEqual(['2026-01-05T16:00']);
    expect(times('0 0 1 * *', '2026-01-05T00:00:00Z', 1, 'Asia/Tokyo')).toEqual(['2026-01-31T15:00']);
  });

  test('changes in spring and autumn', () => {
    expect(times('0 9 * * *', '2026-03-27T12:00:00Z', 3, 'Europe/Berlin')).toEqual([
      '2026-03-28T08:00',
      '2026-03-29T07:00',
      '2026-03-30T07:00',
    ]);
    expect(times('0 9 * * *', '2026-10-31T20:00:00Z', 2, 'America/New_York')).toEqual([
      '2026-11-01T14:00',
      '2026-11-02T14:00',
    ]);
    expect(times('0 9 * * *', '2026-04-04T00:00:00Z', 2, 'Australia/Sydney')).toEqual([
      '2026-04-04T23:00',
      '2026-04-05T23:00',
    ]);
  });

  test('skips the hour that does not exist', () => {
    expect(times('30 2 * * *', '2026-03-28T12:00:00Z', 2, 'Europe/Paris')).toEqual([
      '2026-03-30T00:30',
      '2026-03-31T00:30',
    ]);
  });

  test('agrees with the database that Node carries, hour by hour', () => {
    const names = [
      'Europe/London',
      'America/Chicago',
      'America/Havana',
      'Africa/Cairo',
      'Asia/Jerusalem',
      'Asia/Beirut',
    ];
    names.push(
      'Australia/Lord_Howe',
      'Pacific/Chatham',
      'America/Santiago',
      'America/Nuuk',
      'Asia/Kathmandu',
      'America/St_Johns',
      'Europe/Chisinau',
    );
    const wrong: string[] = [];
    for (const name of names) {
      const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
      for (let at = Date.UTC(2026, 0, 1); at < Date.UTC(2027, 0, 1); at += 3_600_000 * 7) {
        const text = format.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? '';
        const [, sign, hours, minutes] = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(text) ?? [];
        const offset = sign ? (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000 : 0;
        const ours = (timeZone(name) as TimeZone).offset(at);
        if (ours !== offset) wrong.push(`${name} ${new Date(at).toISOString()} ${ours / 60_000} ${offset / 60_000}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('is unknown for a name that is none', () => {
    expect(timeZone('Europe/Atlantis')).toBeUndefined();
  });
});
