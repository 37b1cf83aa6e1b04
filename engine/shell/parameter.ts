// `$name` and `${name…}`: the value of a parameter and what the forms in braces make of it.

import type { Co } from '../sim/index.ts';
import type { Parameter, Word } from './ast.ts';
import { arithmetic, type Context, expandPattern, expandText, subscript } from './expand.ts';
import { patternSource } from './pattern.ts';
import { ExpansionError, type Shell } from './shell.ts';
import type { Variable } from './variables.ts';

/** One text, or several for `$@`, `$*` and whole arrays. `undefined` inside means unset. */
type Value = { one: string | undefined } | { many: string[]; star: boolean };

export function* parameterValues(context: Context, part: Parameter, quoted: boolean): Co<string | string[]> {
  const { shell } = context;
  if (part.op === 'names')
    return join(
      shell,
      shell.variables.names().filter((name) => name.startsWith(part.name)),
      false,
    );
  let name = part.name;
  let value: Value;
  if (part.indirect) {
    const target = (yield* read(context, part.name, part.index)) as { one?: string };
    const match = /^(\w+|[?$!#@*-])(?:\[(.*)\])?$/.exec(target.one ?? '');
    if (!match) throw new ExpansionError(`${part.name}: invalid indirect expansion`);
    name = match[1];
    value = yield* read(context, name, match[2] === undefined ? undefined : textWord(match[2]));
  } else value = yield* read(context, name, part.index);

  if (part.op === 'keys') {
    const variable = shell.variables.get(name);
    return keys(variable);
  }
  if (part.length) {
    if ('many' in value) return String(value.many.length);
    if (value.one === undefined) unbound(shell, name);
    return String([...(value.one ?? '')].length);
  }
  const { op } = part;
  if (op && /^:?[-=?+]$/.test(op)) return yield* defaulted(context, part, name, value, quoted);
  if ('one' in value && value.one === undefined) unbound(shell, name);
  if (!op) return 'many' in value ? join(shell, value.many, value.star && quoted) : (value.one ?? '');
  if (op === ':') return yield* substring(context, part, value, name, quoted);
  const change = yield* changer(context, part);
  if ('many' in value) return join(shell, value.many.map(change), value.star && quoted);
  return change(value.one ?? '');
}

function join(shell: Shell, values: string[], star: boolean): string | string[] {
  if (!star) return values;
  const ifs = shell.get('IFS');
  return values.join(ifs === undefined ? ' ' : (ifs[0] ?? ''));
}

function unbound(shell: Shell, name: string) {
  if (!shell.options.has('u') || name === '@' || name === '*') return;
  const label = shell.flavour.kind === 'bash' ? (/^\d+$/.test(name) ? '$' + name : name) : name;
  const words = shell.flavour.kind === 'bash' ? 'unbound variable' : 'parameter not set';
  const status = shell.flavour.kind !== 'bash' ? 2 : shell.scriptFile ? 1 : 127;
  throw new ExpansionError(`${label}: ${words}`, status, true);
}

function textWord(text: string): Word {
  return { parts: [{ kind: 'quoted', text }], raw: text };
}

function* read(context: Context, name: string, index: Word | undefined): Co<Value> {
  const { shell } = context;
  if (index) {
    const variable = shell.variables.get(name) ?? dynamicArray(shell, name);
    if (index.raw === '@' || index.raw === '*') return { many: elements(variable), star: index.raw === '*' };
    if (variable?.map) return { one: variable.map.get(yield* expandText(context, index)) };
    const at = Number(yield* subscript(context, name, index));
    if (variable?.list) return { one: variable.list[at < 0 ? variable.list.length + at : at] };
    return { one: at === 0 || at === -1 ? (variable ? variable.value : shell.get(name)) : undefined };
  }
  const c = name.charCodeAt(0);
  if (c >= 48 && c <= 57) {
    const n = Number(name);
    return { one: n === 0 ? shell.name : shell.parameters[n - 1] };
  }
  switch (name) {
    case '@':
    case '*':
      return { many: shell.parameters, star: name === '*' };
    case '#':
      return { one: String(shell.parameters.length) };
    case '?':
      return { one: String(shell.status) };
    case '$':
      return { one: String(shell.pid) };
    case '!':
      return { one: shell.background === undefined ? '' : String(shell.background) };
    case '-':
      return { one: flags(shell) };
  }
  return { one: shell.get(name) };
}

function dynamicArray(shell: Shell, name: string): Variable | undefined {
  return name === 'FUNCNAME' ? { list: shell.functionNames.slice().reverse() } : undefined;
}

function flags(shell: Shell): string {
  let out = shell.flavour.kind === 'bash' ? 'hB' : '';
  for (const option of shell.options) if (option.length === 1) out += option;
  return out + (shell.interactive ? 'i' : '');
}

export function elements(variable: Variable | undefined): string[] {
  if (!variable) return [];
  if (variable.map) return [...variable.map.values()];
  if (variable.list) return variable.list.filter((item) => item !== undefined);
  return variable.value === undefined ? [] : [variable.value];
}

function keys(variable: Variable | undefined): string[] {
  if (!variable) return [];
  if (variable.map) return [...variable.map.keys()];
  if (variable.list) return Object.keys(variable.list);
  return variable.value === undefined ? [] : ['0'];
}

function* defaulted(
  context: Context,
  part: Parameter,
  name: string,
  value: Value,
  quoted: boolean,
): Co<string | string[]> {
  const { shell } = context;
  const op = part.op as string;
  const kind = op[op.length - 1];
  const set = 'many' in value ? value.many.length > 0 : value.one !== undefined;
  const empty = 'many' in value ? value.many.join('') === '' : value.one === '';
  const present = set && !(op.startsWith(':') && empty);
  const own = () => ('many' in value ? join(shell, value.many, value.star && quoted) : (value.one ?? ''));
  if (kind === '+') return present ? yield* argument(context, part) : '';
  if (present) return own();
  if (kind === '-') return yield* argument(context, part);
  if (kind === '=') {
    if (!/^[A-Za-z_]/.test(name)) throw new ExpansionError(`$${name}: cannot assign in this way`);
    const text = yield* argumentText(context, part);
    shell.set(name, text, part.index && (yield* subscript(context, name, part.index)));
    return text;
  }
  const text = yield* argumentText(context, part);
  const bash = shell.flavour.kind === 'bash';
  const words = text || (op.startsWith(':') ? 'parameter null or not set' : 'parameter not set');
  throw new ExpansionError(
    `${name}: ${bash && !text && !op.startsWith(':') ? 'parameter not set' : words}`,
    bash ? 127 : 2,
    true,
  );
}

function* argument(context: Context, part: Parameter): Co<string | string[]> {
  const word = part.argument;
  const only = word?.parts.length === 1 ? word.parts[0] : undefined;
  // "${@+"$@"}" and "${list[@]:-…}" keep their separate fields.
  if (only?.kind === 'parameter') return yield* parameterValues(context, only, false);
  if (only?.kind === 'double' && only.parts.length === 1 && only.parts[0].kind === 'parameter') {
    return yield* parameterValues(context, only.parts[0], true);
  }
  return yield* argumentText(context, part);
}

function* argumentText(context: Context, part: Parameter): Co<string> {
  return part.argument ? yield* expandText(context, part.argument, true) : '';
}

function* substring(
  context: Context,
  part: Parameter,
  value: Value,
  name: string,
  quoted: boolean,
): Co<string | string[]> {
  const { shell } = context;
  const number = function* (word: Word | undefined): Co<number> {
    return word ? Number(arithmetic(shell, (yield* expandText(context, word)).trim())) : 0;
  };
  let offset = yield* number(part.argument);
  const length = part.second ? yield* number(part.second) : undefined;
  if ('many' in value) {
    const all = name === '@' || name === '*' ? [shell.name, ...value.many] : value.many;
    if (offset < 0) offset += all.length;
    if (length !== undefined && length < 0) throw new ExpansionError(`${length}: substring expression < 0`);
    const from = (name === '@' || name === '*') && offset === 0 && !part.argument?.raw ? 1 : offset;
    return join(shell, all.slice(from, length === undefined ? undefined : from + length), value.star && quoted);
  }
  const text = value.one ?? '';
  if (offset < 0) offset = Math.max(0, offset + text.length);
  if (length === undefined) return text.slice(offset);
  if (length >= 0) return text.slice(offset, offset + length);
  if (text.length + length < offset) throw new ExpansionError(`${length}: substring expression < 0`);
  return text.slice(offset, text.length + length);
}

/** The function that a form applies to each value. */
function* changer(context: Context, part: Parameter): Co<(text: string) => string> {
  const op = part.op as string;
  if (op.startsWith('@')) return transformation(op);
  const pattern = part.argument ? yield* expandPattern(context, part.argument) : '';
  const source = patternSource(pattern, true);
  if (op.startsWith('/')) {
    if (pattern === '') return (text) => text;
    const replacement = part.second ? yield* expandText(context, part.second) : '';
    const anchored = op === '/#' ? `^(?:${source})` : op === '/%' ? `(?:${source})$` : source;
    const regexp = new RegExp(anchored, op === '//' ? 'gsu' : 'su');
    return (text) => text.replace(regexp, () => replacement);
  }
  if (op === '^' || op === ',' || op === '^^' || op === ',,') {
    const convert = (c: string) => (op[0] === '^' ? c.toUpperCase() : c.toLowerCase());
    const regexp = new RegExp(`^(?:${source || '.'})$`, 'su');
    const one = (c: string) => (regexp.test(c) ? convert(c) : c);
    return op.length === 2 ? (text) => [...text].map(one).join('') : (text) => one(text.slice(0, 1)) + text.slice(1);
  }
  const regexp = new RegExp(`^(?:${source})$`, 'su');
  return (text) => trim(text, regexp, op);
}

/** Removes the shortest (`#`, `%`) or longest (`##`, `%%`) match at the start or the end. */
function trim(text: string, regexp: RegExp, op: string): string {
  const size = text.length;
  for (let i = 0; i <= size; i++) {
    const length = op.length === 1 ? i : size - i;
    const piece = op[0] === '#' ? text.slice(0, length) : text.slice(size - length);
    if (regexp.test(piece)) return op[0] === '#' ? text.slice(length) : text.slice(0, size - length);
  }
  return text;
}

function transformation(op: string): (text: string) => string {
  switch (op[1]) {
    case 'Q':
      return (text) => `'${text.replaceAll("'", "'\\''")}'`;
    case 'U':
      return (text) => text.toUpperCase();
    case 'u':
      return (text) => text.slice(0, 1).toUpperCase() + text.slice(1);
    case 'L':
      return (text) => text.toLowerCase();
  }
  throw new ExpansionError(`\${…${op}}: this transformation is not modelled`);
}
