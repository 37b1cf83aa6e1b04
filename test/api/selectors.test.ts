import { describe, expect, test } from 'vitest';
import {
  SelectorError,
  formatLabelSelector,
  matchesLabels,
  matchesRequirements,
  matchesSelector,
  parseFieldSelector,
  parseLabelSelector,
} from '../../engine/api/index.ts';

const selects = (text: string, labels: Record<string, string>) => matchesRequirements(parseLabelSelector(text), labels);

describe('label selectors', () => {
  test.each([
    ['a=b', { a: 'b' }, true],
    ['a==b', { a: 'c' }, false],
    ['a!=b', {}, true],
    ['a!=b', { a: 'b' }, false],
    ['a', { a: '' }, true],
    ['!a', { b: 'x' }, true],
    ['a in (x,y)', { a: 'y' }, true],
    ['a notin (x,y)', { a: 'y' }, false],
    ['a notin (x,y)', {}, true],
    ['a=b,c in (d)', { a: 'b', c: 'd' }, true],
    ['a=b, c', { a: 'b' }, false],
    ['n>3', { n: '4' }, true],
    ['n<3', { n: '4' }, false],
    ['n>3', { n: 'x' }, false],
    ['a=', { a: '' }, true],
    ['example.com/tier=front', { 'example.com/tier': 'front' }, true],
    ['', {}, true],
  ] as [string, Record<string, string>, boolean][])('%j on %j: %s', (text, labels, expected) => {
    expect(selects(text, labels)).toBe(expected);
  });

  test.each([
    ['x in (y', "unable to parse requirement: found '', expected: ',' or ')'"],
    ['app=web,,tier=front', "found ',', expected: identifier after ','"],
    ['app=a=b', "found '=', expected: ',' or 'end of string'"],
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['app=web!', "found '!', expected: ',' or 'end of string'"],
    ['app===web', "unable to parse requirement: found '=', expected: identifier"],
    ['a in (', "unable to parse requirement: found '', expected: ',', ')' or identifier"],
    [
      'n>abc',
      "unable to parse requirement: values[0]: Invalid value: \"abc\": for 'Gt', 'Lt' operators, the value must be an integer",
    ],
    ['/x=y', 'unable to parse requirement: <nil>: Invalid value: "/x": prefix part must be non-empty'],
  ])("%j is refused in upstream's words", (text, words) => {
    expect(() => parseLabelSelector(text)).toThrow(new SelectorError(words));
  });
});

describe('LabelSelector objects', () => {
  test('an empty one selects everything, none selects nothing', () => {
    expect(matchesSelector({}, { a: 'b' })).toBe(true);
    expect(matchesSelector(undefined, { a: 'b' })).toBe(false);
  });

  test('labels and expressions hold together', () => {
    const selector = {
      matchLabels: { app: 'a' },
      matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['back'] }],
    };
    expect(matchesSelector(selector, { app: 'a', tier: 'front' })).toBe(true);
    expect(matchesSelector(selector, { app: 'a', tier: 'back' })).toBe(false);
  });

  test('they print sorted by key', () => {
    expect(formatLabelSelector({ matchLabels: { b: '2', a: '1' } })).toBe('a=1,b=2');
    expect(formatLabelSelector({ matchExpressions: [{ key: 'k', operator: 'In', values: ['y', 'x'] }] })).toBe(
      'k in (x,y)',
    );
    expect(formatLabelSelector({ matchExpressions: [{ key: 'k', operator: 'DoesNotExist' }] })).toBe('!k');
    expect(formatLabelSelector({})).toBe('<none>');
    expect(formatLabelSelector({ matchExpressions: [{ key: 'k', operator: 'Is' }] })).toBe('<error>');
  });

  test('a plain map with nothing in it selects nothing', () => {
    expect(matchesLabels({}, { a: 'b' })).toBe(false);
    expect(matchesLabels({ a: 'b' }, { a: 'b', c: 'd' })).toBe(true);
  });
});

describe('field selectors', () => {
  test('equality, inequality and escapes', () => {
    expect(parseFieldSelector('a=b,c!=d,e==f')).toEqual([
      { field: 'a', equal: true, value: 'b' },
      { field: 'c', equal: false, value: 'd' },
      { field: 'e', equal: true, value: 'f' },
    ]);
    expect(parseFieldSelector('a=b\\,c\\=d')).toEqual([{ field: 'a', equal: true, value: 'b,c=d' }]);
  });

  test('a term without an operator is refused', () => {
    expect(() => parseFieldSelector('foo')).toThrow("invalid selector: 'foo'; can't understand 'foo'");
  });
});
