import { expect, test } from 'vitest';
import { exact, exactJson, INEXACT } from '../../engine/api/exact-numbers.ts';
import { parseYaml } from '../../engine/kubectl/yaml/parse.ts';

test('a whole number is read as it stands, or not at all', () => {
  expect(exactJson('[9007199254740991, "9007199254740993", 1.5]')).toEqual([9007199254740991, '9007199254740993', 1.5]);
  expect(() => exactJson('{"a": [9007199254740993]}')).toThrow(INEXACT);
  expect(() => exact({ a: 9007199254740992 }, 'a: 9007199254740993')).toThrow(INEXACT);
});

test('what no 64 bits hold is left to who reads the field', () => {
  expect(exactJson('{"a": 99999999999999999999}')).toEqual({ a: 1e20 });
});

test('the same holds of YAML, where digits in quotes and octal numbers are other things', () => {
  expect(() => parseYaml('a: 9007199254740993\n')).toThrow(INEXACT);
  expect(parseYaml('a: "9007199254740993"\nb: 0777\n')).toEqual({ a: '9007199254740993', b: 511 });
});
