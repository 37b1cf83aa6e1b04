// type, command, builtin, alias, hash: what a name stands for.

import { findInPath, pathsOf } from '../lookup.ts';
import { singleQuoted } from '../../linux/quote.ts';
import type { Shell } from '../shell.ts';
import { type Builtin, type Call, complain, flags, write } from './call.ts';

const KEYWORDS = new Set(
  'if then elif else fi for while until do done case esac in { } ! [[ ]] function time select'.split(' '),
);

interface Meaning {
  kind: 'alias' | 'keyword' | 'function' | 'builtin' | 'file';
  value: string;
}

function meanings({ shell, runner }: Call, name: string): Meaning[] {
  const out: Meaning[] = [];
  const alias = shell.aliases.get(name);
  if (alias !== undefined) out.push({ kind: 'alias', value: alias });
  if (KEYWORDS.has(name)) out.push({ kind: 'keyword', value: name });
  const definition = shell.functions.get(name);
  if (definition) out.push({ kind: 'function', value: definition.source });
  if (runner.builtin(shell, name)) out.push({ kind: 'builtin', value: name });
  if (name.includes('/')) {
    const node = shell.fs.find(name);
    if (node?.kind === 'file' && shell.fs.may(node, 1)) out.push({ kind: 'file', value: name });
  } else for (const path of pathsOf(shell, name)) out.push({ kind: 'file', value: path });
  return out;
}

function sentence(shell: Shell, name: string, { kind, value }: Meaning): string {
  const bash = shell.flavour.kind === 'bash';
  switch (kind) {
    case 'alias':
      return bash ? `${name} is aliased to \`${value}'` : `${name} is an alias for ${value}`;
    case 'keyword':
      return `${name} is a shell keyword`;
    case 'function':
      return `${name} is a function${bash ? `\n${name} () \n${value}` : ''}`;
    case 'builtin':
      return `${name} is a shell builtin`;
    case 'file':
      return `${name} is ${value}`;
  }
}

export const type: Builtin = function* (call) {
  const { shell } = call;
  const parsed = flags(call, shell.flavour.kind === 'bash' ? 'atpP' : '', 'type [-afptP] name [name ...]');
  if (!parsed) return 2;
  const { on, args } = parsed;
  let status = 0;
  for (const name of args) {
    let found = meanings(call, name);
    if (on.has('p') || on.has('P')) {
      if (on.has('P') || found[0]?.kind === 'file') found = found.filter((one) => one.kind === 'file');
      else if (found.length) continue;
    }
    if (!found.length) {
      if (!on.has('t') && !on.has('p') && !on.has('P')) {
        if (shell.flavour.kind === 'bash') complain(call, `${name}: not found`);
        else write(call, `${name}: not found\n`);
      }
      status = shell.flavour.kind === 'bash' ? 1 : 127;
      continue;
    }
    for (const one of on.has('a') ? found : found.slice(0, 1)) {
      if (on.has('t')) write(call, `${one.kind}\n`);
      else if (on.has('p') || on.has('P')) write(call, `${one.value}\n`);
      else write(call, `${sentence(shell, name, one)}\n`);
    }
  }
  return status;
};

export const command: Builtin = function* (call) {
  const { shell, fds } = call;
  const parsed = flags(call, 'vVp', 'command [-pVv] command [arg ...]');
  if (!parsed) return 2;
  const { on, args } = parsed;
  if (!args.length) return 0;
  if (!on.has('v') && !on.has('V')) {
    const builtin = call.runner.builtin(shell, args[0]);
    if (builtin) return yield* builtin({ ...call, argv: args }, []);
    return yield* call.runner.runProgram(shell, args, shell.variables.exported(), fds, false);
  }
  let status = 1;
  for (const name of args) {
    const found = meanings(call, name)[0];
    if (!found) {
      if (on.has('V')) complain(call, `${name}: not found`);
      if (shell.flavour.kind !== 'bash') status = 127;
      continue;
    }
    status = 0;
    if (on.has('V')) write(call, `${sentence(shell, name, found)}\n`);
    else if (found.kind === 'alias') write(call, `alias ${name}=${singleQuoted(found.value)}\n`);
    else write(call, `${found.kind === 'file' ? found.value : name}\n`);
  }
  return status;
};

export const builtin: Builtin = function* (call) {
  const { shell, argv } = call;
  if (argv.length < 2) return 0;
  const found = call.runner.builtin(shell, argv[1]);
  if (!found) {
    complain(call, `${argv[1]}: not a shell builtin`);
    return 1;
  }
  return yield* found({ ...call, argv: argv.slice(1) }, []);
};

function show(call: Call, name: string, value: string) {
  const prefix = call.shell.flavour.kind === 'bash' ? 'alias ' : '';
  write(call, `${prefix}${name}=${singleQuoted(value)}\n`);
}

export const alias: Builtin = function* (call) {
  const { shell, argv } = call;
  const words = argv.slice(argv[1] === '-p' ? 2 : 1);
  if (!words.length) for (const name of [...shell.aliases.keys()].sort()) show(call, name, shell.aliases.get(name)!);
  let status = 0;
  for (const word of words) {
    const equals = word.indexOf('=');
    if (equals > 0) shell.aliases.set(word.slice(0, equals), word.slice(equals + 1));
    else if (shell.aliases.has(word)) show(call, word, shell.aliases.get(word)!);
    else {
      complain(call, `${word}: not found`);
      status = 1;
    }
  }
  return status;
};

export const unalias: Builtin = function* (call) {
  const { shell, argv } = call;
  let status = 0;
  for (const name of argv.slice(1)) {
    if (name === '-a') shell.aliases.clear();
    else if (!shell.aliases.delete(name)) {
      complain(call, `${name}: not found`);
      status = 1;
    }
  }
  return status;
};

export const hash: Builtin = function* (call) {
  const { shell, argv } = call;
  let status = 0;
  for (const name of argv.slice(1)) {
    if (name === '-r') shell.commandPaths.clear();
    else if (name.startsWith('-')) {
      complain(call, `${name}: this option is not modelled`);
      return 2;
    } else if (!findInPath(shell, name)) {
      complain(call, `${name}: not found`);
      status = 1;
    }
  }
  return status;
};
