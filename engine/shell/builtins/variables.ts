// export, declare, local, readonly, unset, set, shopt, shift, let: variables and options.

import type { Co } from '../../sim/index.ts';
import type { Assignment } from '../ast.ts';
import { arithmetic, assign, expandText } from '../expand.ts';
import type { Shell } from '../shell.ts';
import { doubleQuoted, quoteForTrace, singleQuoted } from '../../linux/quote.ts';
import type { Variable } from '../variables.ts';
import { type Builtin, type Call, complain, flags, write } from './call.ts';

const NAME = /^[A-Za-z_]\w*$/;

/** Assignments written as such and those that came out of expansions (`export "$x=1"`), then bare names. */
function* each(
  call: Call,
  args: string[],
  assignments: Assignment[],
  prepare: (name: string) => void,
  finish: (name: string) => void,
): Co<number> {
  const { shell, fds, runner } = call;
  let status = 0;
  const context = { shell, fds, runner };
  for (const arg of args) {
    const match = /^([A-Za-z_]\w*)(\+?)=([\s\S]*)$/.exec(arg);
    const name = match ? match[1] : arg;
    if (!NAME.test(name)) {
      const bash = shell.flavour.kind === 'bash';
      complain(call, bash ? `\`${arg}': not a valid identifier` : `${arg}: bad variable name`);
      status = bash ? 1 : 2;
      continue;
    }
    prepare(name);
    if (match) {
      const value = { parts: [{ kind: 'quoted' as const, text: match[3] }], raw: match[3] };
      yield* assign(context, { name, append: match[2] === '+', value });
    }
    finish(name);
  }
  for (const assignment of assignments) {
    prepare(assignment.name);
    // The value of `local x=$x` is expanded before the variable is hidden.
    yield* assign(context, assignment);
    finish(assignment.name);
  }
  return status;
}

function attribute(shell: Shell, name: string, change: Partial<Variable>) {
  shell.variables.put(name, { ...shell.variables.get(name), ...change });
}

export const exportVariables: Builtin = function* (call, assignments) {
  const { shell } = call;
  const parsed = flags(call, 'pnf', 'export [-fn] [name[=value] ...] or export -p');
  if (!parsed) return 2;
  const { on, args } = parsed;
  if (on.has('f')) {
    complain(call, 'functions are not handed on to other programs here');
    return 1;
  }
  if (!args.length && !assignments.length) return list(call, (variable) => variable.exported === true, 'export');
  return yield* each(
    call,
    args,
    assignments,
    () => {},
    (name) => attribute(shell, name, { exported: !on.has('n') }),
  );
};

export const readonly: Builtin = function* (call, assignments) {
  const parsed = flags(call, 'pa', 'readonly [-aAf] [name[=value] ...] or readonly -p');
  if (!parsed) return 2;
  if (!parsed.args.length && !assignments.length)
    return list(call, (variable) => variable.readonly === true, 'readonly');
  return yield* each(
    call,
    parsed.args,
    assignments,
    () => {},
    (name) => attribute(call.shell, name, { readonly: true }),
  );
};

/** Variables in the form in which they can be read back. */
function list(call: Call, wanted: (variable: Variable) => boolean, word: string): number {
  const { shell } = call;
  let text = '';
  for (const name of shell.variables.names()) {
    const variable = shell.variables.get(name)!;
    if (wanted(variable))
      text += shell.flavour.kind === 'bash' ? declaration(name, variable) : posix(word, name, variable);
  }
  return text ? write(call, text) : 0;
}

function posix(word: string, name: string, variable: Variable): string {
  return `${word} ${name}${variable.value === undefined ? '' : '=' + singleQuoted(variable.value)}\n`;
}

function declaration(name: string, variable: Variable): string {
  const { list: items, map } = variable;
  let letters = '';
  if (items) letters += 'a';
  if (map) letters += 'A';
  if (variable.integer) letters += 'i';
  if (variable.letters) letters += variable.letters[0];
  if (variable.readonly) letters += 'r';
  if (variable.exported) letters += 'x';
  const head = `declare -${letters || '-'} ${name}`;
  if (items)
    return `${head}=(${Object.keys(items)
      .map((i) => `[${i}]=${doubleQuoted(items[Number(i)] ?? '')}`)
      .join(' ')})\n`;
  if (map)
    return `${head}=(${[...map].map(([key, value]) => `[${key}]=${doubleQuoted(value)}`).join(' ')}${map.size ? ' ' : ''})\n`;
  return `${head}${variable.value === undefined ? '' : '=' + doubleQuoted(variable.value)}\n`;
}

export const declare: Builtin = function* (call, assignments) {
  const { shell } = call;
  const parsed = flags(
    call,
    'aAxrilugpfF',
    'declare [-aAfFgiIlnrtux] [name[=value] ...] or declare -p [-aAfFilnrtux] [name ...]',
  );
  if (!parsed) return 2;
  const { on, args } = parsed;
  if (on.has('f') || on.has('F')) return functions(call, args, on.has('F'));
  if (on.has('p') || (!args.length && !assignments.length)) return print(call, args);
  const local = shell.variables.inFunction && !on.has('g');
  return yield* declareEach(call, on, args, assignments, local);
};

export const local: Builtin = function* (call, assignments) {
  const { shell } = call;
  if (!shell.variables.inFunction) {
    complain(call, shell.flavour.kind === 'bash' ? 'can only be used in a function' : 'not in a function');
    return 1;
  }
  const parsed = flags(call, 'aAxrilu', 'local [option] name[=value] ...');
  if (!parsed) return 2;
  return yield* declareEach(call, parsed.on, parsed.args, assignments, true);
};

function* declareEach(
  call: Call,
  on: Map<string, string>,
  args: string[],
  assignments: Assignment[],
  local: boolean,
): Co<number> {
  const { shell } = call;
  const prepare = (name: string) => {
    const outer = shell.variables.get(name);
    if (local) shell.variables.local(name);
    if (local && shell.flavour.kind !== 'bash' && outer) shell.variables.put(name, outer);
    const change: Variable = {};
    if (on.has('i')) change.integer = true;
    if (on.has('x')) change.exported = true;
    if (on.has('u')) change.letters = 'upper';
    if (on.has('l')) change.letters = 'lower';
    const before = shell.variables.get(name);
    if (on.has('A') && !before?.map) Object.assign(change, { map: new Map(), value: undefined });
    if (on.has('a') && !before?.list)
      Object.assign(change, { list: before?.value === undefined ? [] : [before.value], value: undefined });
    attribute(shell, name, change);
  };
  const finish = (name: string) => {
    if (on.has('r')) attribute(shell, name, { readonly: true });
  };
  // Values are expanded while the outer variables are still seen.
  if (local) {
    const ready: Assignment[] = [];
    for (const assignment of assignments) ready.push(yield* expanded(call, assignment));
    return yield* each(call, args, ready, prepare, finish);
  }
  return yield* each(call, args, assignments, prepare, finish);
}

function* expanded(call: Call, assignment: Assignment): Co<Assignment> {
  if (!assignment.value) return assignment;
  const { shell, fds, runner } = call;
  const text = yield* expandText({ shell, fds, runner }, assignment.value, true);
  return { ...assignment, value: { parts: [{ kind: 'quoted', text }], raw: text } };
}

function print(call: Call, names: string[]): number {
  const { shell } = call;
  if (!names.length) return list(call, () => true, 'declare');
  let status = 0;
  for (const name of names) {
    const variable = shell.variables.get(name);
    if (variable) write(call, declaration(name, variable));
    else {
      complain(call, `${name}: not found`);
      status = 1;
    }
  }
  return status;
}

function functions(call: Call, names: string[], namesOnly: boolean): number {
  const { shell } = call;
  const all = names.length ? names : [...shell.functions.keys()].sort();
  let status = 0;
  for (const name of all) {
    const found = shell.functions.get(name);
    if (!found) status = 1;
    else if (namesOnly) write(call, names.length ? `${name}\n` : `declare -f ${name}\n`);
    else write(call, `${name} () \n${found.source}\n`);
  }
  return status;
}

export const unset: Builtin = function* (call) {
  const { shell } = call;
  const parsed = flags(call, 'fv', 'unset [-f] [-v] [-n] [name ...]');
  if (!parsed) return 2;
  let status = 0;
  for (const arg of parsed.args) {
    const element = /^([A-Za-z_]\w*)\[(.*)\]$/s.exec(arg);
    const name = element ? element[1] : arg;
    if (!NAME.test(name) && !parsed.on.has('f')) {
      complain(call, shell.flavour.kind === 'bash' ? `\`${arg}': not a valid identifier` : `${arg}: bad variable name`);
      status = 1;
      continue;
    }
    if (shell.variables.get(name)?.readonly && !parsed.on.has('f')) {
      complain(call, `${name}: ${shell.flavour.kind === 'bash' ? 'cannot unset: readonly variable' : 'is read only'}`);
      status = shell.flavour.kind === 'bash' ? 1 : 2;
    } else if (element) {
      const index = shell.variables.get(name)?.map ? element[2] : String(arithmetic(shell, element[2]));
      shell.variables.unset(name, index);
    } else if (!parsed.on.has('f') && shell.variables.get(name)) shell.variables.unset(name);
    else if (!parsed.on.has('v')) shell.functions.delete(name);
  }
  return status;
};

export const shift: Builtin = function* (call) {
  const { shell, argv } = call;
  const count = Number(argv[1] ?? 1);
  if (!Number.isInteger(count) || count < 0) {
    complain(call, `${argv[1]}: numeric argument required`);
    return 1;
  }
  if (count > shell.parameters.length) {
    if (shell.flavour.kind !== 'bash') complain(call, "can't shift that many");
    return shell.flavour.kind === 'bash' ? 1 : 2;
  }
  shell.parameters = shell.parameters.slice(count);
  return 0;
};

export const calculate: Builtin = function* ({ shell, argv }) {
  let value = 0n;
  for (const text of argv.slice(1)) value = arithmetic(shell, text);
  return value !== 0n ? 0 : 1;
};

/** Options of `set`: their letters and names. What is listed is modelled; the rest is refused. */
const OPTIONS: Record<string, string> = {
  e: 'errexit',
  u: 'nounset',
  x: 'xtrace',
  f: 'noglob',
  C: 'noclobber',
  a: 'allexport',
};

export const set: Builtin = function* (call) {
  const { shell, argv } = call;
  if (argv.length === 1) {
    let text = '';
    for (const name of shell.variables.names()) {
      const variable = shell.variables.get(name)!;
      if (variable.value !== undefined) text += `${name}=${quoteForTrace(variable.value)}\n`;
      else if (variable.list || variable.map) text += declaration(name, variable).replace(/^declare \S+ /, '');
    }
    return write(call, text);
  }
  let i = 1;
  for (; i < argv.length; i++) {
    const arg = argv[i];
    if (arg === '--' || arg === '-') {
      i++;
      break;
    }
    if (!/^[-+]./.test(arg)) break;
    const on = arg[0] === '-';
    for (const letter of arg.slice(1)) {
      const name = letter === 'o' ? argv[++i] : OPTIONS[letter];
      if (letter === 'o' && name === undefined) return showOptions(call, on);
      if (!setOption(call.shell, name, on)) {
        const label = letter === 'o' ? `${name}: invalid option name` : `${arg[0]}${letter}: invalid option`;
        complain(
          call,
          shell.flavour.kind === 'bash' ? label : `illegal option ${arg[0]}${letter === 'o' ? 'o ' + name : letter}`,
        );
        return shell.flavour.kind === 'bash' && letter === 'o' ? 1 : 2;
      }
    }
  }
  if (i < argv.length || argv[i - 1] === '--') shell.parameters = argv.slice(i);
  return 0;
};

/** Turns an option on or off by its long name. */
export function setOption(shell: Shell, name: string | undefined, on: boolean): boolean {
  const letter = Object.keys(OPTIONS).find((key) => OPTIONS[key] === name);
  const key = letter ?? (name === 'pipefail' ? name : undefined);
  if (key === undefined) return false;
  if (on) shell.options.add(key);
  else shell.options.delete(key);
  return true;
}

/** The long name of an option's letter. */
export function optionName(letter: string): string | undefined {
  return OPTIONS[letter];
}

function showOptions(call: Call, words: boolean): number {
  const { shell } = call;
  const names = [...Object.entries(OPTIONS).map(([key, name]) => [name, key]), ['pipefail', 'pipefail']].sort((a, b) =>
    a[0] < b[0] ? -1 : 1,
  );
  let text = '';
  for (const [name, key] of names) {
    const on = shell.options.has(key);
    text += words ? `${name.padEnd(15)}\t${on ? 'on' : 'off'}\n` : `set ${on ? '-' : '+'}o ${name}\n`;
  }
  return write(call, text);
}

const SHOPTS = new Set(['nullglob', 'failglob']);
/** On in every shell here and not to be turned off. */
const ALWAYS = new Set(['extglob', 'expand_aliases']);

export const shopt: Builtin = function* (call) {
  const { shell } = call;
  const parsed = flags(call, 'suqp', 'shopt [-pqsu] [-o] [optname ...]');
  if (!parsed) return 2;
  const { on, args } = parsed;
  let status = 0;
  for (const name of args.length ? args : [...SHOPTS, ...ALWAYS].sort()) {
    if (!SHOPTS.has(name) && !(ALWAYS.has(name) && !on.has('u'))) {
      complain(call, `${name}: invalid shell option name`);
      status = 1;
      continue;
    }
    if (on.has('s')) shell.options.add(name);
    else if (on.has('u')) shell.options.delete(name);
    else {
      const enabled = ALWAYS.has(name) || shell.options.has(name);
      if (!on.has('q')) write(call, `${name.padEnd(15)}\t${enabled ? 'on' : 'off'}\n`);
      if (!enabled && args.length) status = 1;
    }
  }
  return status;
};
