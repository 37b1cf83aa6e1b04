// echo, printf, test: what writes and what asks.

import { echoText, formatPrintf } from '../../linux/commands/printf.ts';
import { runTest } from '../../linux/commands/test.ts';
import { testScope } from '../condition.ts';
import { type Builtin, complain, write } from './call.ts';

export const echo: Builtin = function* (call) {
  const { shell, argv, fds } = call;
  const status = write(call, echoText(argv.slice(1), shell.flavour.kind === 'dash'));
  yield* fds[1]?.writer?.drain() ?? [];
  return status;
};

export const printf: Builtin = function* (call) {
  const { shell, argv, fds } = call;
  let args = argv.slice(1);
  let target: string | undefined;
  if (args[0] === '-v' && shell.flavour.kind === 'bash') {
    target = args[1];
    args = args.slice(2);
  }
  if (args[0] === '--') args = args.slice(1);
  if (!args.length) {
    if (shell.flavour.kind === 'bash') fds[2]?.writer?.write('printf: usage: printf [-v var] format [arguments]\n');
    else complain(call, 'usage: printf format [arguments]');
    return 2;
  }
  const { text, errors } = formatPrintf(args[0], args.slice(1));
  let status = 0;
  if (target !== undefined) shell.set(target, text);
  else if (text) {
    status = write(call, text);
    yield* fds[1]?.writer?.drain() ?? [];
  }
  for (const error of errors) complain(call, error);
  return errors.length ? 1 : status;
};

export const test: Builtin = function* (call) {
  const { shell, argv, fds } = call;
  return runTest(argv, testScope(shell, fds), (message) => {
    const words = shell.flavour.kind === 'bash' ? message : ashWords(message);
    complain(call, words);
  });
};

function ashWords(message: string): string {
  const number = /^(.*): integer expression expected$/.exec(message);
  if (number) return `Illegal number: ${number[1]}`;
  const operator = /^(.*): (?:unary|binary) operator expected$/.exec(message);
  return operator ? `${operator[1]}: unexpected operator` : message;
}
