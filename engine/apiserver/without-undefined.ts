// What components send as objects, brought to what JSON would carry: fields that are undefined are left out.

/** Specs that are known to hold no undefined: those of templates are shared by many objects, and walked once. */
const clean = new WeakSet<object>();

/** The same value without fields that are undefined. Copies only what it must. */
export function withoutUndefined<T extends object>(value: T): T {
  let out: T | undefined;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item = value[i];
      if (typeof item !== 'object' || item === null) continue;
      const better = withoutUndefined(item as object);
      if (better !== item) ((out ??= value.slice() as unknown as T) as unknown as unknown[])[i] = better;
    }
    return out ?? value;
  }
  const fields = value as Record<string, unknown>;
  for (const key in fields) {
    const field = fields[key];
    if (typeof field === 'string') continue;
    if (field === undefined) return rebuilt(fields) as T;
    if (typeof field === 'object' && field !== null) {
      if (key === 'spec' && clean.has(field)) continue;
      const better = withoutUndefined(field as object);
      if (better !== field) ((out ??= { ...value }) as Record<string, unknown>)[key] = better;
      if (key === 'spec') clean.add(better);
    }
  }
  return out ?? value;
}

/** An object with a field that is undefined, built anew without it: cheaper than a copy and `delete`. */
function rebuilt(fields: Record<string, unknown>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const key in fields) {
    const field = fields[key];
    if (field === undefined) continue;
    out[key] = typeof field === 'object' && field !== null ? withoutUndefined(field as object) : field;
  }
  return out;
}
