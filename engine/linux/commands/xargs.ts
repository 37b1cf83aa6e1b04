// xargs: input as arguments of commands.

import type { Co } from '../../sim/index.ts';
import { waitFor } from '../host.ts';
import { nullReader, readAll } from '../io.ts';
import type { Process, Program } from '../types.ts';
import { complain, fail, numberOption, openInput, parseOptions } from './options.ts';
import { resolveProgram } from './spawn.ts';

const SPEC = {
  short: '0a:d:E:I:i::L:l::n:P:prs:tx',
  long: {
    null: '0',
    'arg-file': 'a',
    delimiter: 'd',
    replace: 'i',
    'max-lines': 'l',
    'max-args': 'n',
    'max-procs': 'P',
    interactive: 'p',
    'no-run-if-empty': 'r',
    'max-chars': 's',
    verbose: 't',
    exit: 'x',
  },
  usage: '[OPTION]... COMMAND [INITIAL-ARGS]...',
  ordered: true,
};
const MAX_CHARS = 131_072;

/** Words of the input: blanks separate, quotes and backslashes protect. */
function words(process: Process, text: string): string[] {
  const out: string[] = [];
  const pattern = /(?:[^\s'"\\]+|'([^'\n]*)'|"([^"\n]*)"|\\([\s\S])|(['"]))+/g;
  const piece = /'([^'\n]*)'|"([^"\n]*)"|\\([\s\S])|(['"])|[^\s'"\\]+/g;
  for (const [word] of text.matchAll(pattern)) {
    out.push(
      word.replace(piece, (whole, single, double, escaped, open) => {
        if (open)
          fail(
            process,
            `unmatched ${open === '"' ? 'double' : 'single'} quote; by default quotes are special to xargs unless you use the -0 option`,
          );
        return single ?? double ?? escaped ?? whole;
      }),
    );
  }
  return out;
}

export const xargs: Program = function* (process) {
  const options = parseOptions(process, SPEC);
  if (options.has('p')) fail(process, '-p: asking before each command is not modelled');
  const reader = options.has('a') ? openInput(process, options.value('a') as string) : process.stdin;
  if (!reader) return 1;
  const text = yield* readAll(reader);
  const marker = options.has('I')
    ? (options.value('I') as string)
    : options.has('i')
      ? options.value('i') || '{}'
      : undefined;
  const perLine = options.has('L') || options.has('l') || marker !== undefined;
  let items: string[];
  if (options.has('0')) items = split(text, '\0');
  else if (options.has('d')) items = split(text, unescapeDelimiter(options.value('d') as string));
  else if (marker !== undefined)
    items = text
      .split('\n')
      .map((line) => line.trimStart())
      .filter((line) => line !== '')
      .map((line) => words(process, line.replace(/\s/g, '\\$&'))[0] ?? '');
  else if (perLine) items = text.split('\n').filter((line) => line.trim() !== '');
  else items = words(process, text);
  const limit = (key: string) => {
    const number = numberOption(process, options.value(key) as string, 'number');
    if (number < 1 && key !== 'P') fail(process, `value ${number} for -${key} option should be >= 1`);
    return number;
  };
  const most =
    marker !== undefined
      ? 1
      : options.has('n')
        ? limit('n')
        : options.has('L')
          ? limit('L')
          : options.has('l')
            ? Number(options.value('l') || 1)
            : Infinity;
  const chars = options.has('s') ? limit('s') : MAX_CHARS;
  const command = options.args.length ? options.args : ['echo'];
  const batches = group(items, most, chars);
  if (!batches.length && !options.has('r') && marker === undefined) batches.push([]);
  const lines = batches.map((batch) => {
    if (marker !== undefined) return command.map((arg) => arg.replaceAll(marker, () => batch[0]));
    return [
      ...command,
      ...(perLine && !options.has('d') && !options.has('0') ? batch.flatMap((line) => words(process, line)) : batch),
    ];
  });
  return yield* runAll(process, lines, options.has('P') ? limit('P') || Infinity : 1, options.has('t'));
};

function split(text: string, separator: string): string[] {
  const parts = text.split(separator);
  if (parts[parts.length - 1] === '') parts.pop();
  return parts;
}

function unescapeDelimiter(text: string): string {
  return text === '\\n' ? '\n' : text === '\\t' ? '\t' : text === '\\0' ? '\0' : text[0];
}

function group(items: string[], most: number, chars: number): string[][] {
  const out: string[][] = [];
  let batch: string[] = [];
  let size = 0;
  for (const item of items) {
    if (batch.length && (batch.length >= most || size + item.length > chars)) {
      out.push(batch);
      batch = [];
      size = 0;
    }
    batch.push(item);
    size += item.length + 1;
  }
  if (batch.length) out.push(batch);
  return out;
}

function* runAll(process: Process, lines: string[][], parallel: number, verbose: boolean): Co<number> {
  const running: Process[] = [];
  let status = 0;
  const collect = function* (process_: Process): Co<boolean> {
    const one = yield* waitFor(process_);
    if (one === 255) {
      complain(process, `${process_.argv[0]}: exited with status 255; aborting`);
      status = 124;
      return false;
    }
    if (one > 128) status = 125;
    else if (one !== 0) status ||= 123;
    return true;
  };
  for (const argv of lines) {
    if (verbose) process.stderr.write(argv.join(' ') + '\n');
    const found = resolveProgram(process, argv);
    if (!found) {
      complain(process, `${argv[0]}: No such file or directory`);
      status = 127;
      break;
    }
    yield 1;
    running.push(
      process.host.spawn({
        ...found,
        parent: process,
        cwd: process.cwd,
        stdin: nullReader,
        stdout: process.stdout,
        stderr: process.stderr,
      }),
    );
    if (running.length < parallel) continue;
    if (parallel === 1) {
      if (!(yield* collect(running.shift() as Process))) return status;
      continue;
    }
    while (running.every((one) => one.status === undefined)) {
      yield { signals: running.map((one) => one.task!.exited) };
    }
    const ended = running.findIndex((one) => one.status !== undefined);
    if (!(yield* collect(running.splice(ended, 1)[0]))) return status;
  }
  for (const one of running) if (!(yield* collect(one))) break;
  return status;
}
