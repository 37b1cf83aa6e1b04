// `sim`: the command that belongs to the engine and not to Kubernetes: time, faults, and a look behind the scenes.
// To add a sub-command: a SubCommand in a file beside this one, and its name in the table here.

import type { Program } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { app } from './app.ts';
import { cloud } from './cloud.ts';
import { image } from './image.ts';
import { explain, requests } from './look.ts';
import { network } from './network.ts';
import { node } from './node.ts';
import { rules } from './rules.ts';
import { advance, clock, runUntil } from './time.ts';
import { trace } from './trace.ts';
import { SimError, type Flag, type SimTargets, type SubCommand } from './types.ts';
import { table } from './values.ts';

export type { SimTargets } from './types.ts';

const COMMANDS: readonly SubCommand[] = [
  advance,
  runUntil,
  clock,
  node,
  cloud,
  image,
  app,
  requests,
  network,
  rules,
  trace,
  explain,
];

export function createSimCommand(targets: SimTargets): Program {
  return function* (process): Co<number> {
    const [, word, ...rest] = process.argv;
    const line = (text = '') => void process.stdout.write(`${text}\n`);
    if (word === undefined || word === 'help' || word === '--help' || word === '-h') {
      const about = COMMANDS.find(({ name }) => name === rest[0]);
      for (const text of about ? helpOf(about) : overview()) line(text);
      return word === undefined ? 1 : 0;
    }
    try {
      const command = COMMANDS.find(({ name }) => name === word);
      if (!command) throw new SimError(`there is no ${JSON.stringify(word)}${near(word)}; see 'sim help'`);
      if (rest.includes('--help') || rest.includes('-h')) {
        for (const text of helpOf(command)) line(text);
        return 0;
      }
      const { args, flags } = parse(command, rest);
      const status = yield* command.run({ targets, process, args, flags, line });
      return status ?? 0;
    } catch (error) {
      if (!(error instanceof SimError)) throw error;
      process.stderr.write(`sim: ${error.message}\n`);
      return 1;
    }
  };
}

function overview(): string[] {
  return [
    'Controls the simulation that the cluster runs in.',
    '',
    'Usage: sim COMMAND',
    '',
    ...table(COMMANDS.map(({ name, usage, help }) => [`  ${name} ${usage}`, help])),
    '',
    "'sim COMMAND --help' shows a command's flags.",
  ];
}

function helpOf({ name, usage, help, flags = [] }: SubCommand): string[] {
  const text = [`${help}.`, '', `Usage: sim ${name} ${flags.length ? '[FLAGS] ' : ''}${usage}`.trimEnd()];
  if (flags.length) {
    const shown = (flag: Flag) =>
      `  ${flag.short ? `-${flag.short}, ` : ''}--${flag.name}${flag.value ? ` ${flag.value}` : ''}`;
    text.push('', ...table(flags.map((flag) => [shown(flag), flag.help])));
  }
  return text;
}

/** Flags may stand anywhere; after `--`, or after the command of run-until has begun, everything is an argument. */
function parse(command: SubCommand, words: readonly string[]) {
  const args: string[] = [];
  const flags: Record<string, string> = {};
  const [least, most] = command.args;
  const passesOn = command === runUntil;
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (word === '--') {
      args.push(...words.slice(i + 1));
      break;
    }
    if (!/^-./.test(word) || (passesOn && args.length > 0)) {
      args.push(word);
      continue;
    }
    const equals = word.indexOf('=');
    const name = word.slice(0, equals < 0 ? undefined : equals);
    const flag = command.flags?.find((one) => name === `--${one.name}` || (one.short && name === `-${one.short}`));
    if (!flag) throw new SimError(`${command.name} has no flag ${name}; see 'sim ${command.name} --help'`);
    if (!flag.value && equals >= 0) throw new SimError(`--${flag.name} takes no value`);
    const value = !flag.value ? 'true' : equals < 0 ? words[++i] : word.slice(equals + 1);
    if (value === undefined) throw new SimError(`--${flag.name} needs a value: ${flag.value}`);
    flags[flag.name] = value;
  }
  if (args.length < least) throw new SimError(`usage: sim ${command.name} ${command.usage}`);
  if (args.length > most)
    throw new SimError(
      `unexpected argument ${JSON.stringify(args[most])}; usage: sim ${command.name} ${command.usage}`,
    );
  return { args, flags };
}

/** A name that may have been meant. */
function near(word: string): string {
  const found = COMMANDS.find(({ name }) => name.startsWith(word.slice(0, 3)) || word.startsWith(name));
  return found ? `; did you mean ${JSON.stringify(found.name)}?` : '';
}
