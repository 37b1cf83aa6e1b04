// The commands that shells carry out themselves: one table, and which shell has which.

import type { Flavour } from '../flavour.ts';
import type { Builtin } from './call.ts';
import * as commands from './commands.ts';
import * as completion from './completion.ts';
import * as flow from './flow.ts';
import * as jobs from './jobs.ts';
import * as output from './output.ts';
import * as places from './places.ts';
import * as reading from './reading.ts';
import * as variables from './variables.ts';

/** Builtins whose arguments may be assignments, arrays included. */
export const DECLARING: Record<string, Builtin> = {
  declare: variables.declare,
  typeset: variables.declare,
  local: variables.local,
  export: variables.exportVariables,
  readonly: variables.readonly,
};

const EVERYWHERE: Record<string, Builtin> = {
  ':': flow.nothing,
  '.': flow.source,
  '[': output.test,
  alias: commands.alias,
  bg: jobs.bg,
  break: flow.breakLoop,
  cd: places.cd,
  command: commands.command,
  continue: flow.breakLoop,
  echo: output.echo,
  eval: flow.evaluateText,
  exec: flow.exec,
  exit: flow.exit,
  export: variables.exportVariables,
  false: flow.no,
  fg: jobs.fg,
  getopts: reading.getopts,
  hash: commands.hash,
  jobs: jobs.listJobs,
  kill: jobs.kill,
  local: variables.local,
  printf: output.printf,
  pwd: places.pwd,
  read: reading.read,
  readonly: variables.readonly,
  return: flow.returnFrom,
  set: variables.set,
  shift: variables.shift,
  test: output.test,
  times: flow.times,
  trap: flow.trap,
  true: flow.nothing,
  type: commands.type,
  ulimit: flow.ulimit,
  umask: places.umask,
  unalias: commands.unalias,
  unset: variables.unset,
  wait: jobs.wait,
};

const BASH_ONLY: Record<string, Builtin> = {
  builtin: commands.builtin,
  compgen: completion.compgen,
  complete: completion.complete,
  declare: variables.declare,
  dirs: places.dirs,
  disown: jobs.disown,
  history: flow.history,
  let: variables.calculate,
  mapfile: reading.mapfile,
  popd: places.popd,
  pushd: places.pushd,
  readarray: reading.mapfile,
  shopt: variables.shopt,
  source: flow.source,
  typeset: variables.declare,
};

const ASH_ALSO: Record<string, Builtin> = { source: flow.source, let: variables.calculate };

export function builtinFor(flavour: Flavour, name: string): Builtin | undefined {
  const own = flavour.kind === 'bash' ? BASH_ONLY : flavour.kind === 'ash' ? ASH_ALSO : {};
  if (Object.hasOwn(EVERYWHERE, name)) return EVERYWHERE[name];
  return Object.hasOwn(own, name) ? own[name] : undefined;
}
