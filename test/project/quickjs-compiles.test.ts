// QuickJS compiles every file of the engine. It cannot compile `for (const x of yield* f())` and says only
// "stack underflow" when the bundle loads; here the file is named.
import variant from '@jitl/quickjs-wasmfile-release-sync';
import { transform } from 'esbuild';
import { newQuickJSWASMModuleFromVariant } from 'quickjs-emscripten-core';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const module = await newQuickJSWASMModuleFromVariant(variant);

async function problem(source: string): Promise<string | undefined> {
  const { code } = await transform(source, { loader: 'ts', format: 'cjs', target: 'es2023' });
  const context = module.newContext();
  const result = context.evalCode(`(function (require, module, exports) {${code}\n})`);
  return result.error ? String(context.dump(result.error).message) : undefined;
}

test('every file of the engine compiles', async () => {
  const failed: string[] = [];
  for (const file of readdirSync('engine', { recursive: true }) as string[]) {
    if (!file.endsWith('.ts')) continue;
    const text = await problem(readFileSync(`engine/${file}`, 'utf8'));
    if (text) failed.push(`${file}: ${text}`);
  }
  expect(failed).toEqual([]);
});

test('a loop that waits in its head is found', async () => {
  expect(await problem('function* f() { for (const x of yield* f()) yield x; }')).toContain('stack underflow');
});
