import { expect, test } from 'vitest';
import { serve } from '../apiserver/support.ts';
import { DEFINITIONS, FOOS, definition, foo, serveFoos } from './support.ts';

const rule = (text: string, more: object = {}) => ({ 'x-kubernetes-validations': [{ rule: text, ...more }] });
const SPEC = {
  min: { type: 'integer' },
  max: { type: 'integer' },
  list: { type: 'array', items: { type: 'string' } },
  when: { type: 'string', format: 'date-time' },
  size: { type: 'string' },
};

test.each([
  ['self.min <= self.max', { min: 5, max: 1 }, 'failed rule: self.min <= self.max'],
  [
    "!has(self.list) || self.list.all(x, x.startsWith('p'))",
    { list: ['q'] },
    "failed rule: !has(self.list) || self.list.all(x, x.startsWith('p'))",
  ],
  ['self.list.isSorted()', { list: ['b', 'a'] }, 'failed rule: self.list.isSorted()'],
  [
    "self.when > timestamp('2020-01-01T00:00:00Z')",
    { when: '2019-01-01T00:00:00Z' },
    "failed rule: self.when > timestamp('2020-01-01T00:00:00Z')",
  ],
  [
    "quantity(self.size).isLessThan(quantity('1Gi'))",
    { size: '2Gi' },
    "failed rule: quantity(self.size).isLessThan(quantity('1Gi'))",
  ],
  [
    "cidr('10.0.0.0/8').containsIP(self.size)",
    { size: '11.0.0.1' },
    "failed rule: cidr('10.0.0.0/8').containsIP(self.size)",
  ],
  ['self.min > 0', {}, 'no such key: min evaluating rule: self.min > 0'],
])('the rule %s is checked', (text, spec, detail) => {
  const { send } = serveFoos({ properties: SPEC, ...rule(text) });
  expect(send('POST', FOOS, foo('a', spec)).body.message).toBe(
    `Foo.example.com "a" is invalid: spec: Invalid value: "object": ${detail}`,
  );
});

test('a rule says its message, at a field and for a reason of its own', () => {
  const more = {
    messageExpression: "'at least ' + string(self.min)",
    fieldPath: '.max',
    reason: 'FieldValueForbidden',
  };
  const { send } = serveFoos({ properties: SPEC, ...rule('self.min <= self.max', more) });
  expect(send('POST', FOOS, foo('a', { min: 5, max: 1 })).body.details.causes).toEqual([
    { reason: 'FieldValueForbidden', message: 'Forbidden: at least 5', field: 'spec.max' },
  ]);
});

test('a rule that reads oldSelf guards updates', () => {
  const { send, patch } = serveFoos({
    properties: { n: { type: 'integer', ...rule('self >= oldSelf', { message: 'never less' }) } },
  });
  expect(send('POST', FOOS, foo('a', { n: 3 })).code).toBe(201);
  expect(patch(`${FOOS}/a`, 'merge', { spec: { n: 4 } }).code).toBe(200);
  expect(patch(`${FOOS}/a`, 'merge', { spec: { n: 1 } }).body.message).toContain(
    'spec.n: Invalid value: "integer": never less',
  );
});

test('rules wait for an object that is otherwise valid', () => {
  const { send } = serveFoos({ required: ['max'], properties: SPEC, ...rule('self.min <= self.max') });
  expect(send('POST', FOOS, foo('a', { min: 1 })).body.message).toBe(
    'Foo.example.com "a" is invalid: [spec.max: Required value, <nil>: Invalid value: "null": some validation rules were not checked because the object was invalid; correct the existing errors to complete validation]',
  );
});

test.each([
  ['self.min >', "<input>:1:11: Syntax error: mismatched input '<EOF>' expecting"],
  ['self.nope > 1', "<input>:1:5: undefined field 'nope'"],
  ['self.min.x > 1', "<input>:1:9: type 'int' does not support field selection"],
  ["self.min > 'x'", "<input>:1:10: found no matching overload for '_>_' applied to '(int, string)'"],
  ['nope(self.min)', "<input>:1:5: undeclared reference to 'nope' (in container '')"],
])('the rule %s does not compile, and the definition is refused', (text, error) => {
  const { send } = serve();
  const { code, body } = send('POST', DEFINITIONS, definition({ properties: SPEC, ...rule(text) }));
  expect(code).toBe(422);
  expect(body.details.causes[0].field).toBe(
    'spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule',
  );
  expect(body.message).toContain(`compilation failed: ERROR: ${error}`);
});

test('a rule that is no condition is refused', () => {
  const { send } = serve();
  expect(send('POST', DEFINITIONS, definition({ properties: SPEC, ...rule('self.min + 1') })).body.message).toContain(
    'cel expression must evaluate to a bool',
  );
});

test('a rule that could take too long is refused, unless lists are bounded', () => {
  const { send } = serve();
  const unique = (more: object) => ({
    properties: {
      l: { type: 'array', items: { type: 'string' }, ...more, ...rule('self.all(x, self.exists_one(y, x == y))') },
    },
  });
  expect(send('POST', DEFINITIONS, definition(unique({}))).body.message).toContain(
    'properties[l].x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)',
  );
  const bounded = unique({ maxItems: 10, items: { type: 'string', maxLength: 20 } });
  expect(send('POST', DEFINITIONS, definition(bounded)).code).toBe(201);
});

test('the keys of a map cost a rule nothing by their length', () => {
  const labels = { type: 'object', additionalProperties: { type: 'string', maxLength: 63 }, maxProperties: 100 };
  const checked = { ...labels, ...rule('self.all(x, !x.find("^([^/]+)").endsWith("kubernetes.io"))') };
  expect(serve().send('POST', DEFINITIONS, definition({ properties: { labels: checked } })).code).toBe(201);
});
