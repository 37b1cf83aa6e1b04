import { describe, expect, test } from 'vitest';
import { toYaml } from '../../engine/kubectl/yaml/emit.ts';
import { toKyaml } from '../../engine/kubectl/yaml/kyaml.ts';
import { parseYaml, splitDocuments } from '../../engine/kubectl/yaml/parse.ts';

describe('reading YAML', () => {
  const head = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n';

  // What kubectl v1.35 prints for each, after "error converting YAML to JSON: ".
  test.each([
    [
      'a key less indented than its siblings',
      `${head}data:\n  a: b\n c: d\n`,
      'yaml: line 6: did not find expected key',
    ],
    ['a tab as indentation', `${head}data:\n\ta: b\n`, 'yaml: line 6: found character that cannot start any token'],
    [
      'two colons in one line',
      `${head}data:\n  a: b: c\n`,
      'yaml: line 6: mapping values are not allowed in this context',
    ],
    ['an open bracket', `${head}data:\n  a: [b, c\n`, "yaml: line 6: did not find expected ',' or ']'"],
    ['an open brace', `${head}data:\n  a: {b: c\n`, "yaml: line 6: did not find expected ',' or '}'"],
    ['an open quote', `${head}data:\n  a: "b\n`, 'yaml: line 7: found unexpected end of stream'],
    ['a key among list items', `${head}data:\n  - a\n  b: c\n`, "yaml: line 6: did not find expected '-' indicator"],
    ['a list item among keys', `${head}data:\n  a: b\n  - c\n`, 'yaml: line 6: did not find expected key'],
    ['a key without a colon', `${head}data:\n  a: b\n  c\n`, "yaml: line 8: could not find expected ':'"],
    ['an unknown alias', `${head}data:\n  a: *b\n`, "yaml: unknown anchor 'b' referenced"],
    ['an unknown escape', `${head}data:\n  a: "\\q"\n`, 'yaml: line 6: found unknown escape character'],
    ['an at sign', `${head}data:\n  a: @b\n`, 'yaml: line 6: found character that cannot start any token'],
    ['a control character', `${head}data:\n  a: \u0001\n`, 'yaml: control characters are not allowed'],
    ['an error in the first line', 'a: b: c\n', 'yaml: mapping values are not allowed in this context'],
  ])('names the line of %s', (_, text, message) => {
    expect(() => parseYaml(text)).toThrow(message);
  });

  test('reads scalars as YAML 1.1 does', () => {
    expect(parseYaml('[yes, off, ~, 010, 0o17, 0x1F, 1_000, 1e3, .5, "1", 12:30, 2020-01-01, y]')).toEqual([
      ...[true, false, null, 8, 15, 31, 1000, 1000, 0.5, '1', '12:30', '2020-01-01', true],
    ]);
  });

  test('joins folded lines and keeps literal ones', () => {
    expect(parseYaml('a: >-\n  x\n  y\n\n  z\nb: |\n  x\n   y\nc: x\n  y\n')).toEqual({
      a: 'x y\nz',
      b: 'x\n y\n',
      c: 'x y',
    });
  });

  test('merges what << refers to, and own keys win', () => {
    expect(parseYaml('base: &b {a: 1, b: 2}\nuse:\n  <<: *b\n  b: 3\n')).toEqual({
      base: { a: 1, b: 2 },
      use: { a: 1, b: 3 },
    });
  });

  test('refuses documents that are too deep instead of overflowing', () => {
    expect(() => parseYaml('['.repeat(5000))).toThrow('exceeded max depth');
  });

  test('divides a file at its separators', () => {
    expect(splitDocuments('---\na: 1\n--- # second\nb: 2')).toEqual(['a: 1\n', 'b: 2\n']);
  });
});

describe('writing YAML', () => {
  test('sorts keys and puts lists at the column of their key', () => {
    expect(toYaml({ b: [{ y: 1, x: [] }], a: {}, c: [['x', 'y']] })).toBe(
      'a: {}\nb:\n- x: []\n  "y": 1\nc:\n- - x\n  - "y"\n',
    );
  });

  test.each([
    ['true', '"true"'],
    ['1', '"1"'],
    ['12:30', '"12:30"'],
    ['2024-01-01T00:00:00Z', '"2024-01-01T00:00:00Z"'],
    ['', '""'],
    ['a: b', "'a: b'"],
    ['*a', "'*a'"],
    ['- a', "'- a'"],
    ['-a', '-a'],
    ['a,b', 'a,b'],
    [' a', "' a'"],
    ["it's", "it's"],
    ['a\tb', '"a\\tb"'],
    ['😀', '"\\U0001F600"'],
    ['=', '='],
  ])('writes the string %j as %s', (text, yaml) => {
    expect(toYaml({ k: text })).toBe(`k: ${yaml}\n`);
    expect(parseYaml(`k: ${yaml}\n`)).toEqual({ k: text });
  });

  test('writes several lines as a literal block, with the chomping that keeps their end', () => {
    expect(toYaml({ a: 'x\ny', b: 'x\n', c: 'x\n\n', d: ' x\ny' })).toBe(
      'a: |-\n  x\n  y\nb: |\n  x\nc: |+\n  x\n\nd: |2-\n   x\n  y\n',
    );
  });

  test('folds long lines at 80 columns', () => {
    const text = 'word '.repeat(30).trim();
    const yaml = toYaml({ k: text });
    expect(Math.max(...yaml.split('\n').map((l) => l.length))).toBeLessThan(90);
    expect(parseYaml(yaml)).toEqual({ k: text });
  });

  test('writes KYAML with quotes, braces and trailing commas', () => {
    expect(toKyaml({ a: ['x'], b: [{ c: 1 }] })).toBe('{\n  a: [\n    "x",\n  ],\n  b: [{\n    c: 1,\n  }],\n}\n');
  });
});
