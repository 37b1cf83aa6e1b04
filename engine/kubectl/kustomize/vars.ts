// vars: $(NAME) in the commands, arguments and variables of containers (and a few other texts) stands for a field of
// an object, taken after all names are final.

import { CommandError } from '../errors.ts';
import type { Var } from './kustomization.ts';
import { type Json, Resource, isMap, isSelected } from './resource.ts';

/** Fields that may hold $(NAME), wherever they stand. */
const TEXTS = new Set([
  'command',
  'args',
  'value',
  'host',
  'hosts',
  'mountPath',
  'annotations',
  'labels',
  'path',
  'server',
  'serviceName',
]);

export function checkVars(vars: readonly Var[], known: ReadonlySet<string>) {
  for (const { name } of vars) if (known.has(name)) throw new CommandError(`var '${name}' already encountered`);
}

export function resolveVars(resources: readonly Resource[], vars: readonly Var[]) {
  if (vars.length === 0) return;
  const values = new Map<string, unknown>();
  for (const entry of vars) {
    const value = valueOf(resources, entry);
    if (value !== undefined) values.set(entry.name, value);
  }
  for (const { object } of resources) replace(object, values, false);
}

function valueOf(resources: readonly Resource[], { name, objref, fieldref }: Var): unknown {
  const slash = (objref.apiVersion ?? '').indexOf('/');
  const group = objref.group ?? (slash < 0 ? '' : (objref.apiVersion as string).slice(0, slash));
  const version = objref.version ?? (objref.apiVersion ?? '').slice(slash + 1);
  const found = resources.filter((r) =>
    r.ids.some((id) => isSelected(id, { group, version, kind: objref.kind }) && id.name === objref.name),
  );
  if (found.length > 1) throw new CommandError(`found ${found.length} resId matches for var ${name}`);
  if (found.length === 0) return undefined;
  const path = fieldref?.fieldpath || fieldref?.fieldPath || 'metadata.name';
  let value: unknown = found[0].object;
  for (const step of path.replace(/\[(\d+)\]/g, '.$1').split('.')) value = (value as Json | undefined)?.[step];
  if (value === undefined)
    throw new CommandError(
      `field specified in var '{${name} ~G_~V_${objref.kind} {${path}}}' not found in corresponding resource`,
    );
  return value;
}

/** `open`: the texts below are of a field that may hold a reference. */
function replace(node: Json | unknown[], values: ReadonlyMap<string, unknown>, open: boolean) {
  const container = node as Json;
  for (const key in container) {
    const value = container[key];
    const inside = open || TEXTS.has(key);
    if (typeof value === 'string') {
      if (inside && value.includes('$(')) container[key] = expand(value, values);
    } else if (Array.isArray(value) || isMap(value)) replace(value, values, inside);
  }
}

/** A text that is one reference becomes the value itself: a number stays a number. */
function expand(text: string, values: ReadonlyMap<string, unknown>): unknown {
  const whole = /^\$\(([^()]+)\)$/.exec(text);
  if (whole && values.has(whole[1])) return values.get(whole[1]);
  return text.replace(/(\$)?\$\(([^()]+)\)/g, (match, escaped: string | undefined, name: string) =>
    escaped || !values.has(name) ? match : String(values.get(name)),
  );
}
