// Starts an engine for the command line, the tests and the benchmark: inside QuickJS, or straight on Node.

import variant from '@jitl/quickjs-wasmfile-release-sync';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { loadJq } from 'jq-wasm';
import { buildEngine } from '../sandbox/bundle.ts';
import { runJq } from '../sandbox/jq.ts';
import { QuickJSEngine, type EngineCode } from '../sandbox/quickjs.ts';
import { Runner, type EngineHandle } from '../sandbox/runner.ts';
import type { ClusterOptions } from '../sandbox/types.ts';

let bundle: Promise<EngineCode> | undefined;

/** The engine's scripts, built once a process. */
export const engineCode = () => (bundle ??= buildEngine());

export async function quickjsEngine(): Promise<QuickJSEngine> {
  return QuickJSEngine.create(variant, await engineCode());
}

/** The same engine on this JavaScript: for debugging, and to see what the sandbox costs. */
export async function nodeEngine(): Promise<EngineHandle> {
  const [{ createEngine }] = await Promise.all([import('../../engine/engine.ts'), import('../../engine/parts/all.ts')]);
  const engine = createEngine();
  return { call: (method, json) => engine.call(method, json) };
}

export const hostCall = (call: { args: string[]; input: string }) => runJq(loadJq, call.args, call.input);

export interface StartOptions {
  cluster?: ClusterOptions;
  /** A folder whose files are copied into the working directory. */
  files?: string;
  unsandboxed?: boolean;
}

export async function start(options: StartOptions = {}): Promise<Runner> {
  const engine = options.unsandboxed ? await nodeEngine() : await quickjsEngine();
  const runner = new Runner(engine, hostCall);
  runner.boot(options.cluster ?? {});
  if (options.files) copyFiles(runner, options.files);
  return runner;
}

export function readCluster(file: string | undefined): ClusterOptions {
  if (!file) return {};
  const text = readFileSync(file, 'utf8');
  let options: unknown;
  try {
    options = parseYaml(text) ?? {};
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message.replace(/:?\n.*/s, '')}`, { cause: error });
  }
  if (typeof options !== 'object' || Array.isArray(options))
    throw new Error(`${file}: settings are written as \`name: value\``);
  return options as ClusterOptions;
}

function copyFiles(runner: Runner, dir: string, from = dir) {
  for (const name of readdirSync(from)) {
    const path = join(from, name);
    if (statSync(path).isDirectory()) copyFiles(runner, dir, path);
    else runner.writeFile(relative(dir, path), readFileSync(path, 'utf8'));
  }
}
