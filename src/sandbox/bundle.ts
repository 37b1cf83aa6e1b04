// Builds the engine into the scripts that the sandbox evaluates: the core, and the parts that load when they are first
// needed (engine/parts). Node only.

import { build, type BuildOptions } from 'esbuild';
import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CORE, type EngineCode } from './quickjs.ts';

const ENGINE = fileURLToPath(new URL('../../engine/', import.meta.url));
/** Not parts: the table of them, and all of them for hosts without a sandbox. */
const NO_PARTS = ['index.ts', 'all.ts'];

const parts = readdirSync(`${ENGINE}parts`).filter((file) => !NO_PARTS.includes(file));

/** How the engine is built, whoever builds it. */
export const engineBuild = {
  entryPoints: [
    { in: `${ENGINE}index.ts`, out: basename(CORE, '.js') },
    ...parts.map((file) => ({ in: `${ENGINE}parts/${file}`, out: basename(file, '.ts') })),
  ],
  bundle: true,
  splitting: true,
  outdir: '.',
  chunkNames: 'shared-[hash]',
  // Not minifySyntax: it moves a constant's `yield*` into the head of a for-of loop, which QuickJS cannot compile.
  minifyWhitespace: true,
  minifyIdentifiers: true,
  format: 'esm',
  target: 'es2023',
  platform: 'neutral',
  mainFields: ['browser', 'module', 'main'],
  conditions: ['browser'],
  legalComments: 'none',
  logLevel: 'error',
} satisfies BuildOptions;

/** The engine's scripts by name. */
export async function buildEngine(options: BuildOptions = {}): Promise<EngineCode> {
  const { outputFiles } = await build({ ...engineBuild, ...options, write: false });
  return Object.fromEntries(outputFiles!.map((file) => [basename(file.path), file.text]));
}

/** The scripts that booting a cluster takes: the core and what it imports, in no particular order. */
export function coreScripts(code: EngineCode): string[] {
  const found = new Set([CORE]);
  for (const name of found) {
    for (const [, imported] of code[name].matchAll(/(?:\bfrom|\bimport)\s*"\.\/([^"]+)"/g)) found.add(imported);
  }
  return [...found];
}
