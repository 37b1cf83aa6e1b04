// Sets of fields in the form in which managedFields carries them (FieldsV1): a tree of 'f:name', 'k:{keys}' and 'v:value',
// where a leaf, or a '.' beside children, says that the field itself belongs to the set.

export interface FieldSet {
  [element: string]: FieldSet;
}

const SELF = '.';

export const isEmpty = (set: FieldSet): boolean => {
  for (const element in set) if (set[element]) return false;
  return true;
};

/** Whether the field at this node belongs to the set itself. */
const owned = (set: FieldSet): boolean => isEmpty(set) || set[SELF] !== undefined;

export function union(a: FieldSet | undefined, b: FieldSet | undefined): FieldSet | undefined {
  if (!a || !b || a === b) return a ?? b;
  const leaf = isEmpty(a) || isEmpty(b);
  const out: FieldSet = { ...a };
  if (leaf && !(isEmpty(a) && isEmpty(b))) out[SELF] = {};
  for (const element in b) out[element] = union(a[element], b[element]) as FieldSet;
  return out;
}

/** `a` without the fields of `b`; undefined when nothing is left. `deep`: what is below a removed field goes with it. */
export function difference(a: FieldSet | undefined, b: FieldSet | undefined, deep = false): FieldSet | undefined {
  if (!a || !b) return a;
  const removed = owned(b);
  if (isEmpty(a)) return removed ? undefined : a;
  if (deep && isEmpty(b)) return undefined;
  const out: FieldSet = {};
  for (const element in a) {
    if (element === SELF) {
      if (!removed) out[SELF] = a[SELF];
      continue;
    }
    const left = difference(a[element], b[element], deep);
    if (left) out[element] = left;
  }
  return normal(out);
}

/** Fields of both. */
export function intersection(a: FieldSet | undefined, b: FieldSet | undefined): FieldSet | undefined {
  if (!a || !b) return undefined;
  const out: FieldSet = {};
  if (owned(a) && owned(b)) out[SELF] = {};
  for (const element in a) {
    if (element === SELF) continue;
    const both = intersection(a[element], b[element]);
    if (both) out[element] = both;
  }
  return normal(out);
}

/** The set with the containers of its fields as members: what comes and goes with its last field. */
export function named(set: FieldSet | undefined): FieldSet | undefined {
  if (!set) return undefined;
  const out: FieldSet = {};
  for (const element in set) {
    const inner = set[element];
    out[element] = element === SELF || isEmpty(inner) ? inner : { [SELF]: {}, ...named(inner) };
  }
  return out;
}

/** Nothing is no set; a lone '.' is a leaf. */
function normal(set: FieldSet): FieldSet | undefined {
  if (isEmpty(set)) return undefined;
  for (const element in set) if (element !== SELF) return set;
  return {};
}

/** Every field of the set as a path in the words of conflicts: .spec.containers[name="c"].image */
export function paths(set: FieldSet): string[] {
  const out: string[] = [];
  walk(set, '', out);
  return out.sort();
}

function walk(set: FieldSet, path: string, out: string[]) {
  if (path !== '' && owned(set)) out.push(path);
  for (const element in set) if (element !== SELF) walk(set[element], path + shown(element), out);
}

function shown(element: string): string {
  const text = element.slice(2);
  switch (element[0]) {
    case 'f':
      return `.${text}`;
    case 'k': {
      const keys = JSON.parse(text) as Record<string, unknown>;
      const parts = Object.keys(keys).map((key) => `${key}=${JSON.stringify(keys[key])}`);
      return `[${parts.join(',')}]`;
    }
    case 'v':
      return `[=${text}]`;
    default:
      return `[${text}]`;
  }
}
