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
  for (const operation of operations) result = applyOne(result, operation);
  return result;
}

function applyOne(document: unknown, { op, path, from, value }: Operation): unknown {
  if (typeof path !== 'string') throw new PatchError(`${op} operation does not apply: missing path`);
  switch (op) {
    case 'add':
      return change(document, path, op, { kind: 'add', value });
    case 'remove':
      return change(document, path, op, { kind: 'remove' });
    case 'replace':
      return change(document, path, op, { kind: 'replace', value });
    case 'test': {
      const actual = find(document, path, op);
      if (!equal(actual ?? null, value ?? null)) throw new PatchError(`testing value ${path} failed: test failed`);
      return document;
    }
    case 'copy': {
      const copied = find(document, from ?? '', op);
      return change(document, path, op, { kind: 'add', value: copied });
    }
    case 'move': {
      const moved = find(document, from ?? '', op);
      return change(change(document, from ?? '', op, { kind: 'remove' }), path, op, { kind: 'add', value: moved });
    }
    default:
      throw new PatchError(`Unexpected kind: ${op}`);
  }
}

type Edit = { kind: 'add' | 'replace'; value: unknown } | { kind: 'remove' };

const unescape = (token: string): string => token.replaceAll('~1', '/').replaceAll('~0', '~');

function tokens(path: string): string[] {
  return path === '' ? [] : path.split('/').slice(1).map(unescape);
}

function find(document: unknown, path: string, op: string): unknown {
  let value = document;
  for (const token of tokens(path)) {
    const next = isContainer(value) ? child(value, token) : undefined;
    if (next === undefined) throw missing(op, path);
    value = next;
  }
  return value;
}

const missing = (op: string, path: string) =>
  new PatchError(`${op} operation does not apply: doc is missing path: "${path}": missing value`);

function child(container: Container, token: string): unknown {
  if (!Array.isArray(container)) return Object.hasOwn(container, token) ? container[token] : undefined;
  const index = token === '-' ? container.length : Number(token);
  return container[index < 0 ? container.length + index : index];
}

function change(document: unknown, path: string, op: string, edit: Edit): unknown {
  const names = tokens(path);
  if (names.length === 0) return edit.kind === 'remove' ? undefined : edit.value;
  return at(document, names, 0, path, op, edit);
}

function at(
  container: unknown,
  names: readonly string[],
  depth: number,
  path: string,
  op: string,
  edit: Edit,
): unknown {
  if (!isContainer(container)) throw missing(op, path);
  const name = names[depth];
  if (depth < names.length - 1) {
    const inner = child(container, name);
    if (!isContainer(inner)) throw missing(op, path);
    return withChild(container, name, at(inner, names, depth + 1, path, op, edit));
  }
  if (!Array.isArray(container)) {
    if (edit.kind !== 'add' && !Object.hasOwn(container, name)) {
      throw edit.kind === 'remove'
        ? new PatchError(`remove operation does not apply: doc is missing key: ${path}: missing value`)
        : new PatchError(`replace operation does not apply: doc is missing key: ${path}: missing value`);
    }
    if (edit.kind !== 'remove') return { ...container, [name]: edit.value };
    const { [name]: _removed, ...rest } = container;
    return rest;
  }
  const size = container.length;
  if (edit.kind === 'add' && name === '-') return [...container, edit.value];
  if (!/^-?\d+$/.test(name)) throw new PatchError(`strconv.Atoi: parsing ${JSON.stringify(name)}: invalid syntax`);
  let index = Number(name);
  const limit = edit.kind === 'add' ? size : size - 1;
  if (index > limit || index < -size) {
    throw new PatchError(
      `${op} operation does not apply: doc is missing ${edit.kind === 'add' ? 'path' : 'key'}: ${path}: Unable to access invalid index: ${index}: invalid index referenced`,
    );
  }
  if (index < 0) index += size;
  const out = container.slice();
  if (edit.kind === 'add') out.splice(index, 0, edit.value);
  else if (edit.kind === 'remove') out.splice(index, 1);
  else out[index] = edit.value;
  return out;
}

function withChild(container: Container, name: string, value: unknown): Container {
  if (!Array.isArray(container)) return { ...container, [name]: value };
  const out = container.slice();
  out[Number(name)] = value;
  return out;
}
