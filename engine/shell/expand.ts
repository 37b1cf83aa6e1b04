// Expansion of words: braces, tilde, parameters, substitutions, arithmetic, field splitting, file names.

import type { Co } from '../sim/index.ts';
import type { Program } from '../linux/types.ts';
import type { Assignment, List, Part, Word } from './ast.ts';
import { ArithmeticError, calculate } from './arithmetic.ts';
import { expandBraces } from './braces.ts';
import type { Builtin } from './builtins/call.ts';
import { parameterValues } from './parameter.ts';
import { glob } from './pattern.ts';
import { type Descriptors, ExpansionError, type Shell } from './shell.ts';

/** What expansion and builtins need of the interpreter, which they cannot import. */
export interface Runner {
  substitute(shell: Shell, body: List, fds: Descriptors): Co<string>;
  /** Starts the command and gives the path of a pipe to it. */
  processPath(shell: Shell, direction: '<' | '>', body: List, fds: Descriptors): string;
  runText(shell: Shell, text: string, fds: Descriptors, line?: number): Co<number>;
  /** Traps of the signals that have arrived. */
  runTraps(shell: Shell, fds: Descriptors): Co;
  runProgram(shell: Shell, argv: string[], env: Record<string, string>, fds: Descriptors, replace: boolean): Co<number>;
  /** Runs a program in the shell's own process. */
  becomeProgram(
    shell: Shell,
    program: Program,
    argv: string[],
    env: Record<string, string>,
    fds: Descriptors,
  ): Co<number>;
  builtin(shell: Shell, name: string): Builtin | undefined;
}

/** Where words are expanded: whose variables, which descriptors substitutions inherit. */
export interface Context {
  shell: Shell;
  fds: Descriptors;
  runner: Runner;
}

interface Field {
  text: string;
  /** The same with quoted special characters escaped: what a pattern made of the field is. */
  pattern: string;
  /** An unquoted `*`, `?` or `[` is in it. */
  active: boolean;
}

const SPECIAL_PATTERN = /[*?[\]\\!@+()|^-]/g;
const ACTIVE = /[*?[]/;

class Fields {
  readonly done: Field[] = [];
  private current: Field | undefined;
  private readonly separators: string;

  constructor(ifs: string) {
    this.separators = ifs;
  }

  private get field(): Field {
    return (this.current ??= { text: '', pattern: '', active: false });
  }

  quoted(text: string) {
    const field = this.field;
    field.text += text;
    field.pattern += text.replace(SPECIAL_PATTERN, '\\$&');
  }

  /** Unquoted text of the script itself: patterns work, no splitting. */
  literal(text: string) {
    const field = this.field;
    field.text += text;
    field.pattern += text;
    if (ACTIVE.test(text)) field.active = true;
  }

  /** The unquoted result of an expansion: split at the separators. */
  split(text: string) {
    if (text === '') return;
    const ifs = this.separators;
    if (ifs === '') return this.literal(text);
    let from = 0;
    let i = 0;
    while (i < text.length) {
      const c = text[i];
      if (!ifs.includes(c)) {
        i++;
        continue;
      }
      if (i > from) this.literal(text.slice(from, i));
      // One separator that is no blank, with blanks around it, ends exactly one field.
      let hard = 0;
      const start = i;
      while (i < text.length && ifs.includes(text[i])) {
        const blank = text[i] === ' ' || text[i] === '\t' || text[i] === '\n';
        if (!blank && hard++) break;
        i++;
      }
      if (hard && !this.current && (start > 0 || hard)) this.field.text += '';
      this.end();
      from = i;
    }
    if (from < text.length) this.literal(text.slice(from));
  }

  end() {
    if (this.current) this.done.push(this.current);
    this.current = undefined;
  }
}

/** The text of a word in which nothing is active; undefined when something is. */
function plainText(word: Word): string | undefined {
  let { plain } = word;
  if (plain === undefined) word.plain = plain = computePlain(word);
  return plain ?? undefined;
}

function computePlain(word: Word): string | null {
  let text = '';
  for (const part of word.parts) {
    if (part.kind === 'quoted') text += part.text;
    else if (part.kind === 'text' && !/[*?[~{]/.test(part.text)) text += part.text;
    else if (part.kind === 'double' && part.parts.every((inner) => inner.kind === 'quoted')) {
      for (const inner of part.parts) if (inner.kind === 'quoted') text += inner.text;
    } else return null;
  }
  return text;
}

/** All fields that words become. */
export function* expandWords(context: Context, words: Word[]): Co<string[]> {
  const out: string[] = [];
  for (let i = 0; i < words.length; i++) yield* expandInto(context, words[i], out);
  return out;
}

export function* expandInto(context: Context, word: Word, out: string[]): Co {
  const plain = plainText(word);
  if (plain !== undefined) {
    out.push(plain);
    return;
  }
  const { shell } = context;
  const variants = shell.flavour.braces && word.raw.includes('{') ? expandBraces(word) : [word];
  for (const variant of variants) {
    const fields = new Fields(shell.get('IFS') ?? '');
    yield* addParts(context, variant.parts, fields, 'field');
    fields.end();
    for (const field of fields.done) {
      if (field.active && !shell.options.has('f')) {
        const found = glob(shell.fs, field.pattern);
        if (found.length) {
          for (const path of found) out.push(path);
          continue;
        }
        if (shell.options.has('nullglob')) continue;
        if (shell.options.has('failglob')) throw new ExpansionError(`no match: ${field.text}`);
      }
      out.push(field.text);
    }
  }
}

/** One text, without splitting and file names: assignments, here-documents, `case`. */
export function* expandText(context: Context, word: Word, assignment = false): Co<string> {
  const plain = plainText(word);
  if (plain !== undefined) return plain;
  return (yield* whole(context, word, assignment)).text;
}

/** A pattern: quoted parts stand for themselves. */
export function* expandPattern(context: Context, word: Word): Co<string> {
  return (yield* whole(context, word, false)).pattern;
}

function* whole(context: Context, word: Word, assignment: boolean): Co<Field> {
  const fields = new Fields('');
  yield* addParts(context, word.parts, fields, assignment ? 'assignment' : 'text');
  fields.end();
  return fields.done[0] ?? { text: '', pattern: '', active: false };
}

function* addParts(context: Context, parts: Part[], fields: Fields, mode: 'field' | 'text' | 'assignment'): Co {
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i];
    switch (part.kind) {
      case 'text':
        addLiteral(context.shell, part.text, i === 0, mode, fields, parts.length === 1 || /^~[^/]*\//.test(part.text));
        break;
      case 'quoted':
        fields.quoted(part.text);
        break;
      case 'double':
        if (!part.parts.length) fields.quoted('');
        yield* addQuoted(context, part.parts, fields, mode);
        break;
      default: {
        const values = yield* partValues(context, part, false);
        if (typeof values === 'string') {
          if (mode === 'field') fields.split(values);
          else fields.literal(values);
          break;
        }
        // Unquoted $* and $@: every parameter is a field, itself split.
        for (let k = 0; k < values.length; k++) {
          if (mode === 'field') {
            if (k) fields.end();
            fields.split(values[k]);
          } else fields.literal((k ? ' ' : '') + values[k]);
        }
      }
    }
  }
}

function* addQuoted(context: Context, parts: Part[], fields: Fields, mode: string): Co {
  for (const part of parts) {
    if (part.kind === 'quoted' || part.kind === 'text') {
      fields.quoted(part.text);
      continue;
    }
    const values = yield* partValues(context, part, true);
    if (typeof values === 'string') fields.quoted(values);
    else if (mode !== 'field') fields.quoted(values.join(' '));
    else {
      // "$@": as many fields as there are parameters, none when there are none.
      for (let k = 0; k < values.length; k++) {
        if (k) fields.end();
        fields.quoted(values[k]);
      }
    }
  }
}

function addLiteral(shell: Shell, text: string, first: boolean, mode: string, fields: Fields, whole: boolean) {
  if (!text.includes('~') || mode === 'text') return fields.literal(text);
  if (mode === 'assignment') {
    const pieces = text.split(':');
    for (let i = 0; i < pieces.length; i++) {
      if (i) fields.literal(':');
      if (i || first) addTilde(shell, pieces[i], fields);
      else fields.literal(pieces[i]);
    }
  } else if (first && whole) addTilde(shell, text, fields);
  else fields.literal(text);
}

function addTilde(shell: Shell, text: string, fields: Fields) {
  const match = /^~(\+|-|[\w.-]*)(?=\/|$)/.exec(text);
  const home = match && tilde(shell, match[1]);
  if (!match || typeof home !== 'string') return fields.literal(text);
  fields.quoted(home);
  fields.literal(text.slice(match[0].length));
}

function tilde(shell: Shell, user: string): string | undefined {
  if (user === '') return shell.home;
  if (user === '+') return shell.cwd;
  if (user === '-') return shell.get('OLDPWD');
  const passwd = shell.fs.exists('/etc/passwd') ? shell.fs.readFile('/etc/passwd') : '';
  for (const line of passwd.split('\n')) {
    const fields = line.split(':');
    if (fields[0] === user) return fields[5];
  }
  return undefined;
}

/** The value of a parameter or substitution: one text, or the several of `$@`. */
function* partValues(context: Context, part: Part, quoted: boolean): Co<string | string[]> {
  switch (part.kind) {
    case 'parameter':
      return yield* parameterValues(context, part, quoted);
    case 'command': {
      const text = yield* context.runner.substitute(context.shell, part.body, context.fds);
      let end = text.length;
      while (end > 0 && text[end - 1] === '\n') end--;
      return end === text.length ? text : text.slice(0, end);
    }
    case 'arithmetic':
      return String(yield* evaluate(context, part.expression));
    case 'process':
      return context.runner.processPath(context.shell, part.direction, part.body, context.fds);
    default:
      return '';
  }
}

/** The value of an arithmetic expression that may hold expansions. */
export function* evaluate(context: Context, expression: Word): Co<bigint> {
  const text = yield* expandText(context, expression);
  return arithmetic(context.shell, text.trim());
}

export function arithmetic(shell: Shell, text: string): bigint {
  try {
    return calculate(text, {
      get: (name, index) => {
        if (index === undefined) {
          const value = shell.get(name);
          if (value === undefined && shell.options.has('u'))
            throw new ExpansionError(`${name}: unbound variable`, 1, true);
          return value;
        }
        const variable = shell.variables.get(name);
        return variable?.map
          ? variable.map.get(index)
          : variable?.list
            ? at(variable.list, Number(index))
            : variable?.value;
      },
      set: (name, index, value) => shell.set(name, value, index),
    });
  } catch (error) {
    if (error instanceof ArithmeticError) throw new ExpansionError(ashArithmetic(shell, error.message));
    throw error;
  }
}

function at(list: readonly (string | undefined)[], index: number): string | undefined {
  return list[index < 0 ? list.length + index : index];
}

function ashArithmetic(shell: Shell, message: string): string {
  if (shell.flavour.kind === 'bash') return message;
  if (message.includes('division by 0'))
    return shell.flavour.kind === 'ash'
      ? 'divide by zero'
      : `arithmetic expression: division by zero: "${message.split(':')[0]}"`;
  return shell.flavour.kind === 'ash'
    ? 'arithmetic syntax error'
    : `arithmetic expression: expecting primary: "${message.split(':')[0]}"`;
}

/** The subscript of an array element: a number, or any text for an associative array. */
export function* subscript(context: Context, name: string, index: Word): Co<string> {
  const text = yield* expandText(context, index);
  if (context.shell.variables.get(name)?.map) return text;
  return String(arithmetic(context.shell, text.trim()));
}

/** Carries out `name=value`, `name[i]=value`, `name+=value`, `name=(…)`. */
export function* assign(context: Context, assignment: Assignment): Co {
  const { shell } = context;
  const { name, append } = assignment;
  const before = shell.variables.get(name);
  if (assignment.array) {
    const map = before?.map ? new Map(append ? before.map : []) : undefined;
    const list: (string | undefined)[] = !append
      ? []
      : before?.list
        ? before.list.slice()
        : before?.value !== undefined
          ? [before.value]
          : [];
    for (const element of assignment.array) {
      if (element.index) {
        const key = map ? yield* expandText(context, element.index) : yield* subscript(context, name, element.index);
        const text = yield* expandText(context, element.value);
        if (map) map.set(key, text);
        else list[Number(key)] = text;
      } else if (map)
        throw new ExpansionError(`${name}: ${element.value.raw}: must use subscript when assigning associative array`);
      else yield* expandInto(context, element.value, list as string[]);
    }
    shell.variables.assign(name, '', map ? '' : '0');
    shell.variables.put(name, { ...before, value: undefined, ...(map ? { map } : { list }) });
    return;
  }
  let text = assignment.value ? yield* expandText(context, assignment.value, true) : '';
  const index = assignment.index && (yield* subscript(context, name, assignment.index));
  if (append) {
    const old =
      index === undefined ? shell.get(name) : before?.map ? before.map.get(index) : before?.list?.[Number(index)];
    text = before?.integer ? String(arithmetic(shell, `${old ?? 0}+(${text || 0})`)) : (old ?? '') + text;
  } else if (before?.integer) text = String(arithmetic(shell, text));
  shell.set(name, text, index);
}
