import { expect, test } from 'vitest';
import { humanDuration, shortHumanDuration, translateTimestampSince } from '../../engine/api/index.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

test.each([
  [0, '0s'],
  [-1 * SECOND, '0s'],
  [-2 * SECOND, '<invalid>'],
  [119 * SECOND, '119s'],
  [2 * MINUTE, '2m'],
  [2 * MINUTE + 5 * SECOND, '2m5s'],
  [10 * MINUTE + 5 * SECOND, '10m'],
  [179 * MINUTE, '179m'],
  [3 * HOUR, '3h'],
  [7 * HOUR + 59 * MINUTE, '7h59m'],
  [8 * HOUR + 59 * MINUTE, '8h'],
  [47 * HOUR, '47h'],
  [2 * DAY, '2d'],
  [7 * DAY + 23 * HOUR, '7d23h'],
  [8 * DAY + 1 * HOUR, '8d'],
  [2 * 365 * DAY, '2y'],
  [2 * 365 * DAY + 30 * DAY, '2y30d'],
  [9 * 365 * DAY, '9y'],
])('%d ms is %s', (ms, text) => {
  expect(humanDuration(ms)).toBe(text);
});

test('the short form has one unit', () => {
  expect(shortHumanDuration(2 * MINUTE + 5 * SECOND)).toBe('2m');
  expect(shortHumanDuration(400 * DAY)).toBe('1y');
});

test('a thing without a birth has an unknown age', () => {
  expect(translateTimestampSince(undefined, 0)).toBe('<unknown>');
  expect(translateTimestampSince('2026-01-05T09:00:00Z', Date.UTC(2026, 0, 5, 9, 5, 30))).toBe('5m30s');
});
