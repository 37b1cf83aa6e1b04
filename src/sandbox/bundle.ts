// Builds the engine into the scripts that the sandbox evaluates: the core, and the parts that load when they are first
// needed (engine/parts). Node only.

import { createHash } from 'node:crypto';
import { globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown, type OutputChunk } from 'rolldown';
import { minifySync } from 'rolldown/utils';
import { setAside } from './later.ts';
import { CORE, type EngineCode } from './quickjs.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ENGINE = `${ROOT}engine/`;
const ENTRY = `${ENGINE}index.ts`;
/** Not parts: the table of them, and all of them for hosts without a sandbox. */
const NO_PARTS = ['index.ts', 'all.ts'];

const parts = readdirSync(`${ENGINE}parts`).filter((file) => !NO_PARTS.includes(file));

/** What the scripts are made of. */
const SOURCES = ['engine/**/*.ts', 'src/sandbox/*.ts', 'package-lock.json'];
const CACHE = `${ROOT}node_modules/.cache/kubebook/`;
/** Builds that are kept, for going back and forth between sources. */
const KEPT = 8;

/** The engine's scripts by name, built once for the same sources. */
export async function buildEngine(): Promise<EngineCode> {
  const hash = createHash('sha256');
  for (const file of globSync(SOURCES, { cwd: ROOT }).sort()) hash.update(file).update(readFileSync(ROOT + file));
  const path = `${CACHE}engine-${hash.digest('hex').slice(0, 16)}.json`;
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as EngineCode;
  } catch {
    const code = withPlainExports(minify(await setAside(await bundle())));
    keep(path, JSON.stringify(code));
    return code;
  }
}

/** Several processes may do this at the same time. */
function keep(path: string, text: string) {
  mkdirSync(CACHE, { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  writeFileSync(unfinished, text);
  renameSync(unfinished, path);
  const age = (file: string) => statSync(CACHE + file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const builds = readdirSync(CACHE).filter((file) => /^engine-\w+\.json$/.test(file));
  for (const file of builds.toSorted((a, b) => age(b) - age(a)).slice(KEPT)) rmSync(CACHE + file, { force: true });
}

/** The engine's scripts as the source has them, with the names of files: the modules of the core in one; what parts share in others. */
export async function bundle(): Promise<EngineCode> {
  const build = await rolldown({
    cwd: ROOT,
    input: {
      [basename(CORE, '.js')]: ENTRY,
      ...Object.fromEntries(parts.map((file) => [basename(file, '.ts'), `${ENGINE}parts/${file}`])),
    },
    platform: 'neutral',
    resolve: { mainFields: ['browser', 'module', 'main'], conditionNames: ['browser'] },
    tsconfig: false,
    // QuickJS compiles a class with fields in time proportional to what the script has before it: fields become assignments
    // of the constructor.
    transform: {
      target: 'es2021',
      assumptions: { setPublicClassFields: true },
      typescript: { removeClassFieldsWithoutInitializer: true },
    },
    optimization: { inlineConst: false },
    logLevel: 'warn',
  });
  let core: Set<string> | undefined;
  const { output } = await build.generate({
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'shared-[hash].js',
    comments: { legal: false },
    codeSplitting: {
      groups: [
        {
          name(module, context) {
            core ??= closure([ENTRY], (id) => context.getModuleInfo(id)?.importedIds ?? []);
            return core.has(module) ? 'core' : null;
          },
          debugName: 'core',
        },
      ],
    },
  });
  await build.close();
  return Object.fromEntries((output as OutputChunk[]).map(({ fileName, code }) => [fileName, code]));
}

function minify(code: EngineCode): EngineCode {
  const options = { module: true, compress: { target: 'es2023' }, mangle: true };
  return Object.fromEntries(
    Object.entries(code).map(([name, text]) => {
      const { code, errors } = minifySync(name, text, options);
      if (errors.length) throw new Error(`${name}: ${errors[0].message}`);
      return [name, code];
    }),
  );
}

/** The core exports by the names that its variables have anyway; every further name would be one more in its script. */
function withPlainExports({ [CORE]: core, ...others }: EngineCode): EngineCode {
  const own = new Map<string, string>();
  const names = (list: string) => list.split(',').map((name) => name.trim().split(' as '));
  const plain = core.replace(/\bexport\s*\{([^}]*)\};?\s*$/, (_, list: string) => {
    for (const [name, exported = name] of names(list)) own.set(exported, name);
    return `export{${[...new Set(own.values())]}};`;
  });
  const imports = new RegExp(`(?<=\\bimport\\s*\\{)[^}]*(?=\\}\\s*from\\s*["'\`]\\./${CORE}["'\`])`, 'g');
  const renamed = (list: string) => String(names(list).map(([name, local = name]) => `${own.get(name)} as ${local}`));
  const rest = Object.entries(others).map(([name, text]) => [name, text.replace(imports, renamed)]);
  return { ...Object.fromEntries(rest), [CORE]: plain };
}

/** `first` and what they lead to, and so on. */
function closure(first: string[], next: (name: string) => readonly string[]): Set<string> {
  const found = new Set(first);
  for (const name of found) for (const further of next(name)) found.add(further);
  return found;
}

const importedBy = (code: EngineCode, name: string) =>
  [...code[name].matchAll(/(?:\bfrom|\bimport)\s*"\.\/([^"]+)"/g)].map(([, file]) => file);

/** The core, with what it imports, in no particular order. */
export const coreScripts = (code: EngineCode): string[] => [...closure([CORE], (name) => importedBy(code, name))];

/** The scripts that booting a default cluster takes. */
export const bootScripts = (code: EngineCode): Set<string> =>
  closure([CORE, 'apply.js'], (name) => importedBy(code, name));
