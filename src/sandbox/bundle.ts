// Builds the engine into the one script that the sandbox evaluates. Node only.

import { build, type BuildOptions } from 'esbuild';
import { fileURLToPath } from 'node:url';

const ENTRY = fileURLToPath(new URL('../../engine/index.ts', import.meta.url));

/** How the engine is built, whoever builds it. */
export const engineBuild = {
  entryPoints: [ENTRY],
  bundle: true,
  // Not minifySyntax: it moves a constant's `yield*` into the head of a for-of loop, which QuickJS cannot compile.
  minifyWhitespace: true,
  minifyIdentifiers: true,
  format: 'iife',
  target: 'es2023',
  platform: 'neutral',
  mainFields: ['browser', 'module', 'main'],
  conditions: ['browser'],
  legalComments: 'none',
  logLevel: 'error',
} satisfies BuildOptions;

/** The engine as a classic script that leaves `globalThis.kubebook` behind. */
export async function buildEngine(): Promise<string> {
  const result = await build({ ...engineBuild, write: false });
  return result.outputFiles[0].text;
}
