// Replacements: a value from one object copied into fields of others.

import { CommandError } from '../errors.ts';
import { parseYaml, resolve } from '../yaml/parse.ts';
import type { FieldOptions, Replacement, Selector } from './kustomization.ts';
import type { Loader } from './loader.ts';
import { type Json, Resource, copy, gvkText, isMap, isSelected } from './resource.ts';

export function applyReplacements(resources: readonly Resource[], entries: readonly Replacement[], loader: Loader) {
  for (const entry of entries.flatMap((e) => fromFile(e, loader))) {
    if (!entry.targets) throw new CommandError('replacements must specify a source and at least one target');
    if (entry.source && entry.sourceValue !== undefined)
      throw new CommandError('replacements must specify only one of source or sourceValue');
    if (!entry.source && entry.sourceValue === undefined)
      throw new CommandError('replacements must specify a source and at least one target');
    const value = entry.source ? sourceValue(resources, entry.source) : entry.sourceValue;
    for (const target of entry.targets) {
      if (!target.select) throw new CommandError('target must specify resources to select');
      for (const resource of resources) {
        if (!matches(resource, target.select) || target.reject?.some((selector) => matches(resource, selector)))
          continue;
        for (const path of target.fieldPaths ?? ['metadata.name'])
          replaceAt(resource, path, value, target.options ?? {});
      }
    }
  }
}

function fromFile(entry: Replacement, loader: Loader): Replacement[] {
  if (!entry.path) return [entry];
  if (entry.source || entry.targets) throw new CommandError('cannot specify both path and inline replacement');
  const value = parseYaml(loader.read(entry.path));
  return (Array.isArray(value) ? value : [value]) as Replacement[];
}

function matches(resource: Resource, selector: Selector): boolean {
  return resource.ids.some(
    (id) =>
      isSelected(id, selector) &&
      (!selector.name || selector.name === id.name) &&
      (!selector.namespace || selector.namespace === (id.namespace || 'default')),
  );
}

function sourceValue(resources: readonly Resource[], source: NonNullable<Replacement['source']>): unknown {
  const found = resources.filter((r) => matches(r, source));
  const what = () =>
    `${gvkText({ group: source.group ?? '', version: source.version ?? '', kind: source.kind ?? '' })}/${source.name || '[noName]'}.${source.namespace || '[noNs]'}`;
  if (found.length > 1) throw new CommandError(`multiple matches for selector ${what()}`);
  if (found.length === 0) throw new CommandError(`nothing selected by ${what()}`);
  const path = source.fieldPath ?? 'metadata.name';
  let value: unknown;
  visitPath(found[0].object, steps(path), 0, false, (v) => (value = v));
  if (value === undefined) throw new CommandError(`fieldPath \`${path}\` is missing for replacement source ${what()}`);
  const { delimiter, index = 0 } = source.options ?? {};
  if (!delimiter) return value;
  if (typeof value === 'object') throw new CommandError('delimiter option can only be used with scalar nodes');
  const parts = String(value).split(delimiter);
  if (index < 0 || index >= parts.length)
    throw new CommandError(`options.index ${index} is out of bounds for value ${String(value)}`);
  return parts[index];
}

function replaceAt(resource: Resource, path: string, value: unknown, options: FieldOptions) {
  let found = false;
  if (path === 'metadata.name' || path === 'metadata.namespace') resource.remember();
  visitPath(resource.object, steps(path), 0, options.create ?? false, (old) => {
    found = true;
    return combined(old, value, options);
  });
  if (!found) {
    if (options.create)
      throw new CommandError(`unable to find or create field ${JSON.stringify(path)} in replacement target`);
    throw new CommandError(`unable to find field ${JSON.stringify(path)} in replacement target`);
  }
}

function combined(old: unknown, value: unknown, { delimiter, index = 0 }: FieldOptions): unknown {
  if (!delimiter) {
    // A text stays a text, a number or a truth value what it is, whatever is written into it.
    if ((typeof old === 'number' || typeof old === 'boolean') && typeof value === 'string') return resolve(value);
    return typeof old === 'string' && typeof value !== 'object' ? String(value) : copy(value);
  }
  if (typeof old === 'object' && old !== null)
    throw new CommandError('delimiter option can only be used with scalar nodes');
  const parts = String(old ?? '').split(delimiter);
  if (index < 0) parts.unshift(String(value));
  else if (index >= parts.length) parts.push(String(value));
  else parts[index] = String(value);
  return parts.join(delimiter);
}

/** Splits at dots, but not within brackets nor after a backslash. */
function steps(path: string): string[] {
  const out: string[] = [];
  let step = '';
  let depth = 0;
  for (let i = 0; i < path.length; i++) {
    const c = path[i];
    if (c === '\\' && path[i + 1] === '.') step += path[++i];
    else if (c === '.' && depth === 0) {
      out.push(step);
      step = '';
    } else {
      if (c === '[') depth++;
      if (c === ']') depth--;
      step += c;
    }
  }
  return [...out, step];
}

/** Calls `change` at every place that the path leads to; `*` and [key=value] lead into lists. */
function visitPath(
  node: Json | unknown[],
  path: readonly string[],
  at: number,
  create: boolean,
  change: (value: unknown) => unknown,
) {
  const step = path[at];
  const last = at === path.length - 1;
  const child = (key: string | number) => {
    const container = node as Json;
    if (container[key] === undefined && !create) return;
    if (last) container[key] = change(container[key]);
    else {
      container[key] ??= {};
      if (typeof container[key] === 'object') visitPath(container[key], path, at + 1, create, change);
    }
  };
  const match = /^\[([^=]+)=(.*)\]$/.exec(step);
  if (Array.isArray(node)) {
    if (step === '*') node.forEach((_, i) => child(i));
    else if (match) {
      node.forEach((item, i) => {
        if (isMap(item) && new RegExp(`^(?:${match[2]})$`).test(String(item[match[1]]))) child(i);
      });
    } else if (step === '-') {
      node.push(last ? change(undefined) : {});
      if (!last) visitPath(node[node.length - 1] as Json, path, at + 1, create, change);
    } else if (/^\d+$/.test(step) && Number(step) < node.length) child(Number(step));
  } else if (isMap(node)) {
    if (step === '*') for (const key in node) child(key);
    else if (!match) child(/^\[.*\]$/.test(step) ? step.slice(1, -1) : step);
  }
}
