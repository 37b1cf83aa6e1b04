// Paths as text: normalized, last part, directory part.

/** Resolves `.`, `..` and double slashes of an absolute path. */
export function normalize(path: string): string {
  const out: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') out.pop();
    else if (part && part !== '.') out.push(part);
  }
  return '/' + out.join('/');
}

export function basename(path: string): string {
  const trimmed = path.length > 1 ? path.replace(/\/+$/, '') || '/' : path;
  return trimmed === '/' ? '/' : trimmed.slice(trimmed.lastIndexOf('/') + 1);
}

export function dirname(path: string): string {
  const trimmed = path.replace(/\/+$/, '');
  if (!trimmed) return path.startsWith('/') ? '/' : '.';
  const i = trimmed.lastIndexOf('/');
  return i < 0 ? '.' : trimmed.slice(0, i).replace(/\/+$/, '') || '/';
}
