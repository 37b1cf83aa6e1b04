// Files over HTTP, the part that nginx, httpd and python's server share.

import type { FileNode, FileSystem } from '../linux/index.ts';

const TYPES: Record<string, string> = {
  html: 'text/html',
  htm: 'text/html',
  css: 'text/css',
  js: 'application/javascript',
  mjs: 'application/javascript',
  json: 'application/json',
  txt: 'text/plain',
  xml: 'text/xml',
  svg: 'image/svg+xml',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  ico: 'image/x-icon',
  pdf: 'application/pdf',
  wasm: 'application/wasm',
};

export function mimeType(path: string, fallback = 'application/octet-stream'): string {
  const dot = path.lastIndexOf('.');
  return TYPES[path.slice(dot + 1).toLowerCase()] ?? fallback;
}

/** The path of a request target: without query, with %XX decoded, `..` taken out. */
export function requestPath(target: string): string {
  const query = target.indexOf('?');
  let path = query < 0 ? target : target.slice(0, query);
  if (path.includes('%')) {
    try {
      path = decodeURIComponent(path);
    } catch {
      // A stray percent sign stands for itself.
    }
  }
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return (parts[0] === '' ? '' : '/') + parts.join('/');
}

export type Found =
  | { kind: 'file'; path: string; node: FileNode }
  | { kind: 'directory'; path: string }
  | { kind: 'missing'; path: string; code: 'ENOENT' | 'ENOTDIR' }
  | { kind: 'denied'; path: string };

/** Looks up what a path shows: a file, a directory's index, a directory, nothing. */
export function lookUp(fs: FileSystem, path: string, index: readonly string[]): Found {
  const node = fs.look(path);
  if (!node || node.kind === 'link') return { kind: 'missing', path, code: 'ENOENT' };
  if (node.kind === 'file') {
    if (path.endsWith('/')) return { kind: 'missing', path, code: 'ENOTDIR' };
    return fs.may(node, 4) ? { kind: 'file', path, node } : { kind: 'denied', path };
  }
  for (const name of index) {
    const file = `${path.replace(/\/$/, '')}/${name}`;
    const found = fs.find(file);
    if (found?.kind === 'file')
      return fs.may(found, 4) ? { kind: 'file', path: file, node: found } : { kind: 'denied', path: file };
  }
  return { kind: 'directory', path };
}
