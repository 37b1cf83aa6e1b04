// JSON as Go's encoder writes it: keys sorted, markup escaped.

/** JSON on one line with sorted keys, as Go's encoder writes it. */
export function compactJson(value: unknown): string {
  return escapeHtml(JSON.stringify(sorted(value)));
}

export function sorted(value: unknown, depth = 0): unknown {
  if (value === null || typeof value !== 'object' || depth > 100) return value;
  if (Array.isArray(value)) return value.map((v) => sorted(v, depth + 1));
  const out: Record<string, unknown> = {};
  const map = value as Record<string, unknown>;
  for (const key of Object.keys(map).sort()) out[key] = sorted(map[key], depth + 1);
  return out;
}

const HTML: Record<string, string> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};
/** Go's JSON encoder escapes what would be markup. */
export function escapeHtml(json: string): string {
  return /[<>&\u2028\u2029]/.test(json) ? json.replace(/[<>&\u2028\u2029]/g, (c) => HTML[c]) : json;
}
