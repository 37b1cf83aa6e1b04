// The engine's promise: nothing in it knows the wall clock, chance, timers or promises.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const FORBIDDEN =
  /\bDate\.now\b|\bnew Date\(\)|\bsetTimeout\b|\bsetInterval\b|\bMath\.random\b|\bperformance\.now\b|\bPromise\b|\basync\b|\bawait\b/;

function sources(dir: string): string[] {
  return (readdirSync(dir, { recursive: true }) as string[]).filter((f) => f.endsWith('.ts')).map((f) => join(dir, f));
}

/** Code without comments and string literals, so that words in messages do not count. */
const code = (text: string) =>
  text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g, "''")
    .replace(/\/\/.*$/gm, '');

test('no file of the engine uses the wall clock, chance, timers or promises', () => {
  const found = sources('engine').flatMap((file) =>
    code(readFileSync(file, 'utf8'))
      .split('\n')
      .flatMap((line, i) => (FORBIDDEN.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : [])),
  );
  expect(found).toEqual([]);
});

test('the rule itself finds what it forbids', () => {
  expect(FORBIDDEN.test(code('const t = Date.now(); // why'))).toBe(true);
  expect(FORBIDDEN.test(code("const t = 'Promise'; // Date.now"))).toBe(false);
});
