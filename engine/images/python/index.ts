// Python: a small interpreter of the language for the short programs that manifests and pages carry (`python3 -c …`).
// Classes, generators and most of the standard library are refused in a sentence.

import type { Process } from '../../linux/index.ts';
import type { Co } from '../../sim/index.ts';
import type { Runtime, Scope } from './scope.ts';
import { compile } from './statements.ts';
import { attribute, BUILTINS } from './methods.ts';
import { modules, open, print } from './modules.ts';
import { SyntaxProblem } from './tokens.ts';
import { Func, KINDS, Raised, str, Unmodelled, type Value } from './values.ts';

/** Steps of loops that take a virtual millisecond. */
const STEPS_PER_MS = 2000;
const START_MS = 20;

/** `python [-u] [-c code | file | -] [arguments]`: the status it ends with. */
export function* runPython(process: Process, version: string): Co<number> {
  const words = process.argv.slice(1);
  while (/^-[uBEsSOIq]+$/.test(words[0] ?? '')) words.shift();
  yield START_MS;
  const [how] = words;
  if (how === '-c') return yield* interpret(process, words[1] ?? '', '<string>', ['-c', ...words.slice(2)], version);
  if (how === undefined || how === '-') {
    if (process.tty) return refuse(process, 'Python as a dialogue');
    let code = '';
    for (let part = yield* process.stdin.read(); part !== undefined; part = yield* process.stdin.read()) code += part;
    return yield* interpret(process, code, '<stdin>', ['-', ...words.slice(1)], version);
  }
  if (how.startsWith('-')) return refuse(process, `${process.argv[0].split('/').pop()} ${words.slice(0, 2).join(' ')}`);
  const path = how.startsWith('/') ? how : `${process.cwd === '/' ? '' : process.cwd}/${how}`;
  const file = process.host.fs.find(path);
  if (file?.kind !== 'file') {
    process.stderr.write(`${process.argv[0]}: can't open file '${path}': [Errno 2] No such file or directory\n`);
    return 2;
  }
  return yield* interpret(process, file.text, how, words, version);
}

function refuse(process: Process, what: string): number {
  process.stderr.write(`python: ${what} is not modelled by this engine\n`);
  return 1;
}

function* interpret(process: Process, code: string, file: string, argv: string[], version: string): Co<number> {
  let steps = 0;
  const runtime: Runtime = {
    attribute,
    load: modules(process, argv, version),
    depth: 0,
    *step() {
      if (++steps % STEPS_PER_MS === 0) yield 1;
    },
  };
  const builtins = new Map<string, Value>(Object.entries(BUILTINS));
  builtins.set('print', print(process));
  builtins.set('__name__', '__main__');
  builtins.set('exit', attribute(runtime.load('sys'), 'exit'));
  // eslint-disable-next-line require-yield
  builtins.set(
    'open',
    new Func('open', function* ([path, mode = 'r'], named) {
      return open(process, str(path), str(named.get('mode') ?? mode));
    }),
  );
  const scope = { foreign: new Set<string>(), runtime, name: '<module>' };
  const outer: Scope = { ...scope, names: builtins, outer: undefined };
  try {
    yield* compile(code)({ ...scope, names: new Map(), outer });
    return 0;
  } catch (error) {
    if (error instanceof Unmodelled) return refuse(process, error.message);
    if (error instanceof SyntaxProblem) {
      process.stderr.write(
        `  File "${file}", line ${error.line}\n    ${code.split('\n')[error.line - 1]?.trim() ?? ''}\n${error.kind}: ${error.message}\n`,
      );
      return 1;
    }
    if (!(error instanceof Raised)) throw error;
    return ended(process, error, file);
  }
}

/** An exception that nobody caught. */
function ended(process: Process, error: Raised, file: string): number {
  if (error.kind === KINDS.SystemExit) {
    const [status = null] = error.args;
    if (status === null) return 0;
    if (typeof status === 'bigint') return Number(status & 255n);
    if (typeof status === 'boolean') return Number(status);
    process.stderr.write(`${str(status)}\n`);
    return 1;
  }
  const frames = error.frames.map(({ line, name }) => `  File "${file}", line ${line}, in ${name}\n`).reverse();
  const words = str(error);
  process.stderr.write(
    `Traceback (most recent call last):\n${frames.join('')}${error.kind.name}${words && `: ${words}`}\n`,
  );
  return 1;
}
