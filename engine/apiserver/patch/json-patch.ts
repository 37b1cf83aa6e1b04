// JSON patch (RFC 6902), with the error words of the library that the API server uses (evanphx/json-patch).

import { equal } from '../equal.ts';
import { PatchError } from './errors.ts';

export interface Operation {
  op: string;
  path: string;
  from?: string;
  value?: unknown;
}

type Container = Record<string, unknown> | unknown[];
const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null;

/** The patched document; containers on the changed paths are new, the rest is shared. */
export function jsonPatch(document: unknown, operations: readonly Operation[]): unknown {
  let result = document;
  for (const operation of operations) result = applyOne(result, operation ?? {});
  return result;
}

function applyOne(document: unknown, operation: Operation): unknown {
  const { op, path, value = null } = operation;
  switch (op) {
    case 'add':
      return add(document, pathOf(operation), value, NO_PATH(op, path), `error in add for path: '${path}'`);
    case 'remove':
      return remove(document, pathOf(operation), NO_PATH(op, path), `error in remove for path: '${path}'`);
    case 'replace':
      return replace(document, pathOf(operation), value);
    case 'test':
      test(document, pathOf(operation), value);
      return document;
    case 'copy': {
      const from = fromOf(operation);
      const { holder, key } = place(document, from, `copy operation does not apply: doc is missing from path: ${from}`);
      const copied = within(`error in copy for from: '${from}'`, () => child(holder, key));
      return add(document, pathOf(operation), copied, NO_TARGET(op, path), 'error while adding value during copy');
    }
    case 'move': {
      const from = fromOf(operation);
      const missing = `move operation does not apply: doc is missing from path: ${from}`;
      const { holder, key } = place(document, from, missing);
      const moved = within(`error in move for path: '${key}'`, () => child(holder, key));
      const rest = remove(document, from, missing, `error in move for path: '${key}'`);
      return add(rest, pathOf(operation), moved, NO_TARGET(op, path), `error in move for path: '${path}'`);
    }
    default:
      throw new PatchError(`Unexpected kind: ${op ?? 'unknown'}`);
  }
}

const NO_PATH = (op: string, path: string) => `${op} operation does not apply: doc is missing path: "${path}"`;
const NO_TARGET = (op: string, path: string) =>
  `${op} operation does not apply: doc is missing destination path: ${path}`;

function pathOf({ op, path }: Operation): string {
  if (typeof path === 'string') return path;
  const why = op === 'test' || op === 'replace' ? 'operation missing path field: ' : '';
  throw new PatchError(`${op} operation failed to decode path: ${why}missing value`);
}

function fromOf({ op, from }: Operation): string {
  if (typeof from === 'string') return from;
  throw new PatchError(`${op} operation failed to decode from: operation, missing from field: missing value`);
}

function add(document: unknown, path: string, value: unknown, missing: string, failed: string): unknown {
  return edit(document, path, missing, (holder, key) =>
    within(failed, () => {
      if (!Array.isArray(holder)) return { ...holder, [key]: value };
      if (key === '-') return [...holder, value];
      if (!INTEGER.test(key)) throw new PatchError(`value was not a proper array index: '${key}': ${notANumber(key)}`);
      return holder.toSpliced(position(key, holder.length + 1), 0, value);
    }),
  );
}

function remove(document: unknown, path: string, missing: string, failed: string): unknown {
  return edit(document, path, missing, (holder, key) =>
    within(failed, () => {
      if (Array.isArray(holder)) return holder.toSpliced(position(key, holder.length), 1);
      if (!Object.hasOwn(holder, key)) throw new PatchError(`Unable to remove nonexistent key: ${key}: missing value`);
      const { [key]: _removed, ...rest } = holder;
      return rest;
    }),
  );
}

/** A key that is not there is added: the library looks only whether an index is. */
function replace(document: unknown, path: string, value: unknown): unknown {
  if (path === '') {
    if (isContainer(value)) return value;
    throw new PatchError('replace operation value must be object or array: %!w(<nil>)');
  }
  return edit(document, path, `replace operation does not apply: doc is missing path: ${path}`, (holder, key) => {
    if (!Array.isArray(holder)) return { ...holder, [key]: value };
    let index: number;
    try {
      index = position(key, holder.length);
    } catch {
      throw new PatchError(`replace operation does not apply: doc is missing key: ${path}: missing value`);
    }
    return holder.with(index, value);
  });
}

function test(document: unknown, path: string, value: unknown) {
  let actual = document;
  if (path !== '') {
    const { holder, key } = place(document, path, `test operation does not apply: is missing path: ${path}`);
    actual = within(`error in test for path: '${path}'`, () => child(holder, key));
  }
  if (!equal(actual ?? null, value)) throw new PatchError(`testing value ${path} failed: test failed`);
}

/** Puts what it was about in front of a failure. */
function within<T>(where: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw error instanceof PatchError ? new PatchError(`${where}: ${error.message}`) : error;
  }
}

const INTEGER = /^[+-]?\d+$/;
const notANumber = (key: string) => `strconv.Atoi: parsing ${JSON.stringify(key)}: invalid syntax`;

/** Counted from the end when negative. */
function position(key: string, length: number): number {
  if (!INTEGER.test(key)) throw new PatchError(notANumber(key));
  const index = Number(key);
  if (index >= length || index < -length)
    throw new PatchError(`Unable to access invalid index: ${index}: invalid index referenced`);
  return index < 0 ? index + length : index;
}

/** What is under a name, null when nothing is; an index must be there. */
const child = (holder: Container, key: string): unknown =>
  Array.isArray(holder) ? holder[position(key, holder.length)] : Object.hasOwn(holder, key) ? holder[key] : null;

/** The names on the way, unescaped; what stands before the first slash does not count. */
const namesOf = (path: string): string[] =>
  path
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));

/** The object or list that holds what `path` names, and under which key. */
function place(document: unknown, path: string, missing: string): { holder: Container; key: string } {
  const names = namesOf(path);
  let holder = document;
  for (const name of names.slice(0, -1)) holder = inside(holder, name);
  if (!names.length || !isContainer(holder)) throw new PatchError(`${missing}: missing value`);
  return { holder, key: names[names.length - 1] };
}

function inside(holder: unknown, name: string): unknown {
  if (!isContainer(holder)) return undefined;
  if (!Array.isArray(holder)) return Object.hasOwn(holder, name) ? holder[name] : undefined;
  return INTEGER.test(name) ? holder.at(Number(name)) : undefined;
}

/** The document with what `change` makes of the holder of `path` in its place. */
function edit(
  document: unknown,
  path: string,
  missing: string,
  change: (holder: Container, key: string) => Container,
): unknown {
  const { holder, key } = place(document, path, missing);
  const names = namesOf(path);
  const rebuild = (value: unknown, depth: number): unknown => {
    if (depth === names.length - 1) return change(holder, key);
    const next = rebuild(inside(value, names[depth]), depth + 1);
    if (!Array.isArray(value)) return { ...(value as Record<string, unknown>), [names[depth]]: next };
    return value.with(Number(names[depth]), next);
  };
  return rebuild(document, 0);
}
