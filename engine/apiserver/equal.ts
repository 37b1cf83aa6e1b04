// Deep equality of JSON values. Immutable objects share parts, so most comparisons end at `===`.

export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!equal(a[i], b[i])) return false;
    return true;
  }
  if (Array.isArray(b)) return false;
  const x = a as Record<string, unknown>;
  const y = b as Record<string, unknown>;
  let fields = 0;
  for (const key in x) {
    const value = x[key];
    if (value === undefined) continue;
    fields++;
    if (value !== y[key] && !equal(value, y[key])) return false;
  }
  for (const key in y) if (y[key] !== undefined) fields--;
  return fields === 0;
}

/** Whether an update changes nothing that is worth a write: resourceVersion does not count. */
export function sameObject(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  for (const key in a) if (a[key] !== b[key] && key !== 'metadata' && !equal(a[key], b[key])) return false;
  for (const key in b) if (!(key in a) && b[key] !== undefined) return false;
  const x = a.metadata as Record<string, unknown>;
  const y = b.metadata as Record<string, unknown>;
  if (x === y) return true;
  for (const key in x) if (x[key] !== y[key] && !IGNORED.has(key) && !equal(x[key], y[key])) return false;
  for (const key in y) if (x[key] === undefined && y[key] !== undefined && !IGNORED.has(key)) return false;
  return true;
}

const IGNORED = new Set(['resourceVersion']);
