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

/** What this build of jq fails by itself: it opens no module files, and its stack is small. */
const OPENS_MODULES = /^(import|include) ".*;|^modulemeta/;
const NESTS_DEEPLY = /range\((9999|1000[01])\).*(json|flatten|\$x)|^getpath\(\[range/;
const unsupported = ({ program, fails }: Case) => !fails && (OPENS_MODULES.test(program) || NESTS_DEEPLY.test(program));

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
  test.skip.each(cases.filter(unsupported).map(({ program }) => program))('%s', () => {});

  test('what this build of jq passes upstream passes through a pipe', async () => {
    const outcomes = [];
    for (const one of cases) if (!unsupported(one)) outcomes.push(await outcome(one));
    expect(outcomes.map(({ program, actual }) => ({ program, results: actual }))).toEqual(
      outcomes.map(({ program, expected }) => ({ program, results: expected })),
    );
  });
});
