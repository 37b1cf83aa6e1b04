// jq's own cases, each through a pipe of the engine's shell: the program, the input and every output.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { start } from '../../src/cli/host.ts';
import type { Runner } from '../../src/sandbox/runner.ts';

interface Case {
  program: string;
  input: string;
  /** Outputs; of a program that must not compile, the lines of the message (none: any message). */
  expected: string[];
  fails: boolean;
}

const NO_FILE = (module: string) => `needs a module file, ${module}, and this build of jq opens no files`;
const TOO_DEEP = (what: string) => `${what} a value nested 10,000 levels, and the stack of this build ends before that`;

/** Every case that this build of jq does not pass upstream either, by its program, with what is in the way. */
const SKIPPED: Record<string, string> = {
  'import "a" as foo; import "b" as bar; def fooa: foo::a; [fooa, bar::a, bar::b, foo::a]': NO_FILE('a.jq'),
  'import "c" as foo; [foo::a, foo::c]': NO_FILE('c/c.jq'),
  'include "c"; [a, c]': NO_FILE('c/c.jq'),
  'import "data" as $e; import "data" as $d; [$d[].this,$e[].that,$d::d[].this,$e::e[].that]|join(";")':
    NO_FILE('data.json'),
  'import "data" as $a; import "data" as $b; def f: {$a, $b}; f': NO_FILE('data.json'),
  'include "shadow1"; e': NO_FILE('shadow1.jq'),
  'include "shadow1"; include "shadow2"; e': NO_FILE('shadow2.jq'),
  'import "shadow1" as f; import "shadow2" as f; import "shadow1" as e; [e::e, f::e]': NO_FILE('shadow1.jq'),
  modulemeta: NO_FILE('c/c.jq'),
  'modulemeta | .deps | length': NO_FILE('c/c.jq'),
  'modulemeta | .defs | length': NO_FILE('c/c.jq'),
  'import "test_bind_order" as check; check::check': NO_FILE('test_bind_order.jq'),
  'reduce range(9999) as $_ ([];[.]) | tojson | fromjson | flatten': TOO_DEEP('writes and flattens'),
  'reduce range(10000) as $_ ([];[.]) | tojson | try (fromjson) catch . | (contains("<skipped: too deep>") | not) and contains("Exceeds depth limit for parsing")':
    TOO_DEEP('writes'),
  'reduce range(10001) as $_ ([];[.]) | tojson | contains("<skipped: too deep>")': TOO_DEEP('writes'),
  'setpath([range(10000) | 0]; 0) | flatten': TOO_DEEP('makes'),
  'getpath([range(10000) | 0])': TOO_DEEP('walks a path into'),
  'try (reduce range(10001) as $_ ([]; [.]) as $x | $x | contains($x)) catch .': TOO_DEEP('searches'),
  'reduce range(10000) as $_ ({}; {a: .}) as $x | $x * $x | length': TOO_DEEP('merges'),
  'try (reduce range(10001) as $_ ({}; {a: .}) as $x | $x * $x) catch .': TOO_DEEP('merges'),
  'try ((reduce range(10001) as $_ ([]; [.])) as $x | (reduce range(10001) as $_ ([]; [.])) as $y | $x == $y) catch .':
    TOO_DEEP('compares'),
  'try ((reduce range(10001) as $_ ([]; [.])) as $x | [$x, $x] | sort) catch .': TOO_DEEP('sorts'),
  'try ((reduce range(10001) as $_ ([]; [.])) as $x | [$x, $x] | unique) catch .': TOO_DEEP('sorts'),
  'try ((reduce range(10001) as $_ ({}; {a: .})) as $x | [$x, $x] | sort) catch .': TOO_DEEP('sorts'),
  'try ((reduce range(10001) as $_ ({}; {a: .})) as $x | [$x, $x] | unique) catch .': TOO_DEEP('sorts'),
};
const skipped = ({ program, fails }: Case) => !fails && program in SKIPPED;

function readCases(text: string): Case[] {
  return text
    .trim()
    .split('\n\n')
    .map((block) => {
      const [first, second, ...rest] = block.split('\n');
      return first.startsWith('%%FAIL')
        ? { program: second, input: 'null', expected: first === '%%FAIL' ? rest : [], fails: true }
        : { program: first, input: second, expected: rest, fails: false };
    });
}

const GROUPS = readFileSync(join(import.meta.dirname, 'jq-official.txt'), 'utf8')
  .split(/^== /m)
  .slice(1)
  .map((part) => {
    const end = part.indexOf('\n');
    return [part.slice(0, end), readCases(part.slice(end))] as const;
  });

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
/** Numbers are compared as jq compares them. */
const values = (lines: readonly string[]): unknown[] =>
  lines.map((line) => JSON.parse(line, (_, value) => (value === 0 ? 0 : value)) as unknown);

let runner: Runner;
beforeAll(async () => {
  runner = await start({ unsandboxed: true });
  await runner.run('export PAGER=less');
});

async function outcome({ program, input, expected, fails }: Case) {
  const out = { stdout: '', stderr: '' };
  const line = `printf '%s\\n' ${quoted(input)} | jq -c -- ${quoted(program)}`;
  const { exitCode } = await runner.run(line, { onOutput: (stream, text) => (out[stream] += text) });
  if (fails) {
    const message = expected.join('\n');
    return { program, expected: [3, message], actual: [exitCode, out.stderr.includes(message) ? message : out.stderr] };
  }
  const printed = out.stdout.split('\n').filter(Boolean);
  // A program may end in an error after its outputs, and many cases do.
  return { program, expected: values(expected), actual: values(printed) };
}

describe.each(GROUPS)('jq’s own %s.test', (_, cases) => {
  test.skip.each(cases.filter(skipped).map(({ program }) => [program, SKIPPED[program]]))('%s: %s', () => {});

  test('what this build of jq passes upstream passes through a pipe', async () => {
    const outcomes = [];
    for (const one of cases) if (!skipped(one)) outcomes.push(await outcome(one));
    expect(outcomes.map(({ program, actual }) => ({ program, results: actual }))).toEqual(
      outcomes.map(({ program, expected }) => ({ program, results: expected })),
    );
  });
});

test('every case that is skipped is one of jq’s own, and fails in one of the two ways named', async () => {
  const cases = GROUPS.flatMap(([, group]) => group).filter(skipped);
  expect(cases.map(({ program }) => program).toSorted()).toEqual(Object.keys(SKIPPED).toSorted());
  for (const { program, input } of cases) {
    let said = '';
    const line = `printf '%s\\n' ${quoted(input)} | jq -c -- ${quoted(program)}`;
    await runner.run(line, { onOutput: (stream, text) => (said += stream === 'stderr' ? text : '') });
    expect({ program, said }).toEqual({ program, said: expect.stringMatching(/module not found|nests too deeply/) });
  }
});
