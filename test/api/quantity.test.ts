import { expect, test } from 'vitest';
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  quantityMilli,
  quantityValue,
  subtractQuantities,
} from '../../engine/api/index.ts';

test.each([
  ['0.5', '500m'],
  ['1000m', '1'],
  ['1024Ki', '1Mi'],
  ['1.5Gi', '1536Mi'],
  ['0', '0'],
  ['0Gi', '0'],
  ['100000', '100k'],
  ['1e3', '1e3'],
  ['1500e3', '1500e3'],
  ['0.1', '100m'],
  ['0.0000000001', '1n'],
  ['-5', '-5'],
  ['.5Ki', '512'],
  ['1E', '1E'],
  ['129e6', '129e6'],
])('%s is stored as %s', (text, canonical) => {
  expect(canonicalQuantity(text)).toBe(canonical);
});

test.each(['', 'x', '1.2.3', '1 Gi', '--1', '1Gii'])('%j is refused', (text) => {
  expect(() => canonicalQuantity(text)).toThrow(/quantit/);
});

test('an unknown suffix has a message of its own', () => {
  expect(() => canonicalQuantity('1mm')).toThrow("unable to parse quantity's suffix");
});

test('quantities compare across units and formats', () => {
  expect(compareQuantities('1Gi', '1024Mi')).toBe(0);
  expect(compareQuantities('1G', '1Gi')).toBeLessThan(0);
  expect(compareQuantities('100m', '0.09')).toBeGreaterThan(0);
});

test('sums keep the format of the first operand that is not zero', () => {
  expect(addQuantities('512Mi', '512Mi')).toBe('1Gi');
  expect(addQuantities('0', '64Mi')).toBe('64Mi');
  expect(addQuantities('250m', '0.75')).toBe('1');
  expect(subtractQuantities('1', '250m')).toBe('750m');
});

test('numbers round up', () => {
  expect(quantityValue('1500m')).toBe(2);
  expect(quantityMilli('0.0001')).toBe(1);
  expect(quantityValue('1Ki')).toBe(1024);
});
