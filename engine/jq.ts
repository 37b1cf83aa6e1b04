// The jq command. The real jq runs on the host's side of the sandbox; here its arguments are read, its files
// opened and its input gathered, and the process waits for the answer.

import type { HostResult } from './host-calls.ts';
import type { Program } from './linux/types.ts';
import type { Co } from './sim/index.ts';

/** Asks the host to run jq: arguments (the filter last, or followed by --args values) and standard input. */
export type HostJq = (args: string[], input: string) => Co<HostResult>;

// Options of jq 1.8 that take values; all others are flags.
const VALUES: Record<string, number> = {
  '--arg': 2,
  '--argjson': 2,
  '--slurpfile': 2,
  '--rawfile': 2,
  '--indent': 1,
  '-f': 1,
  '--from-file': 1,
  '-L': 1,
  '--library-path': 1,
};

/** jq's exit status for a program that does not compile. */
const COMPILE_ERROR = 3;

class Usage extends Error {}

export function createJq(run: HostJq): Program {
  return function* jq(process) {
    const read = (name: string): string => {
      try {
        return process.host.fs.readFile(name.startsWith('/') ? name : `${process.cwd}/${name}`);
      } catch (error) {
        throw new Usage(`jq: error: Could not open ${name}: ${(error as Error).message.split(': ').at(-1)}\n`);
      }
    };
    try {
      const options: string[] = [];
      const positional: string[] = [];
      const files: string[] = [];
      let filter: string | undefined;
      let rest: 'files' | '--args' | '--jsonargs' = 'files';
      /** After `--` nothing is an option. */
      let plain = false;
      const place = (arg: string) => {
        if (filter === undefined) filter = arg;
        else if (rest === 'files') files.push(arg);
        else positional.push(rest, arg);
      };
      const argv = process.argv;
      for (let i = 1; i < argv.length; i++) {
        const arg = argv[i];
        if (plain) place(arg);
        else if (arg === '--') plain = true;
        else if (arg === '-f' || arg === '--from-file') filter = read(argv[++i] ?? '');
        else if (arg === '--slurpfile' || arg === '--rawfile') {
          const text = read(argv[i + 2] ?? '');
          // A slurped file is all its values in one array: jq reads it as such itself when it is given as JSON text.
          if (arg === '--rawfile') options.push('--arg', argv[i + 1], text);
          else
            options.push(
              '--argjson',
              argv[i + 1],
              `[${(yield* run(['-c', '.'], text)).stdout.trim().replaceAll('\n', ',')}]`,
            );
          i += 2;
        } else if (arg === '-L' || arg === '--library-path')
          throw new Usage('jq: module directories are not modelled\n');
        else if (/^-C$|^--color-output$/.test(arg)) throw new Usage('jq: coloured output is not modelled\n');
        else if (VALUES[arg]) {
          if (i + VALUES[arg] >= argv.length) throw new Usage(usage(arg));
          options.push(...argv.slice(i, i + VALUES[arg] + 1));
          i += VALUES[arg];
        } else if (arg === '--args' || arg === '--jsonargs') rest = arg;
        else if (arg.startsWith('-') && arg.length > 1) options.push(arg);
        else place(arg);
      }
      if (
        filter === undefined &&
        !options.some((o) => o === '--version' || o === '-V' || o === '--help' || o === '-h')
      ) {
        if (process.tty) {
          process.stderr.write(
            'jq - commandline JSON processor [version 1.8.2]\n\nUsage:\tjq [OPTIONS] FILTER [FILES...]\n',
          );
          return 2;
        }
        // What comes through a pipe is shown as it is.
        filter = '.';
      }
      let input = '';
      const nullInput = options.some((o) => o === '--null-input' || /^-[a-zA-Z]*n[a-zA-Z]*$/.test(o));
      if (files.length) input = files.map(read).join('');
      else if (!nullInput || /\binputs?\b/.test(filter ?? '')) {
        for (;;) {
          const text = yield* process.stdin.read();
          if (text === undefined) break;
          input += text;
        }
      }
      const asked = (program: string | undefined, own: readonly string[]) => {
        const guard = program?.startsWith('-') ? ['--'] : [];
        return run([...own, ...options, ...guard, ...(program === undefined ? [] : [program]), ...positional], input);
      };
      // jq on the host has the host's environment: this process's comes as a variable. A program that does not compile
      // is shown as it was written.
      let result: HostResult | undefined;
      if (filter !== undefined && /\benv\b|\$ENV\b/.test(filter)) {
        const own = ['--argjson', '__env', JSON.stringify(process.env)];
        result = yield* asked(`$__env as $ENV | def env: $ENV; ${filter}`, own);
        if (result.exitCode === COMPILE_ERROR) result = undefined;
      }
      result ??= yield* asked(filter, []);
      if (result.stderr) process.stderr.write(result.stderr);
      if (result.stdout) process.stdout.write(result.stdout);
      return result.exitCode;
    } catch (error) {
      if (!(error instanceof Usage)) throw error;
      process.stderr.write(error.message);
      return 2;
    }
  };
}

const usage = (option: string) =>
  `jq: ${option} takes ${VALUES[option] === 1 ? 'one parameter' : 'two parameters'} (e.g. ${option} ${VALUES[option] === 1 ? 'value' : 'name value'})\n` +
  'Use jq --help for help with command-line options,\nor see the jq manpage, or online docs  at https://jqlang.github.io/jq\n';
