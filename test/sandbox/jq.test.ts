// The real jq, with the arguments that a reader types: its output untouched, its errors its own.
import { loadJq } from 'jq-wasm';
import { expect, test } from 'vitest';
import { runJq } from '../../src/sandbox/jq.ts';

const jq = (args: string[], input = '') => runJq(loadJq, args, input);

test('keeps leading blanks and empty last lines of raw output', async () => {
  expect((await jq(['-r', '.[]'], '["  a", ""]')).stdout).toBe('  a\n\n');
});

test('passes positional values after the filter', async () => {
  expect((await jq(['-nc', '$ARGS.positional', '--args', 'p', 'q'])).stdout).toBe('["p","q"]\n');
});

test('answers a table that is not JSON with jq’s own words and status 5', async () => {
  const result = await jq(['.items'], 'NAME READY\nweb 1/1\n');
  expect(result).toEqual({
    stdout: '',
    stderr: 'jq: parse error: Invalid numeric literal at line 1, column 5\n',
    exitCode: 5,
  });
});

test('a syntax error has status 3, and the next run works', async () => {
  expect((await jq(['{name: .a, .b}'], '{}')).exitCode).toBe(3);
  expect((await jq(['.a'], '{"a":2}')).stdout).toBe('2\n');
});
