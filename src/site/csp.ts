// A strict Content-Security-Policy in every page's head: everything from the site's own origin, no inline script or style
// but those that the build wrote (by hash), and WebAssembly for the engine, jq and the full-text search.
import { createHash } from 'node:crypto';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Adds the policy to every HTML file below `dist`; returns how many. */
export async function secure(dist: string): Promise<number> {
  const files = (await readdir(dist, { recursive: true })).filter((name) => name.endsWith('.html'));
  for (const name of files) {
    const path = join(dist, name);
    await writeFile(path, withPolicy(await readFile(path, 'utf8')));
  }
  return files.length;
}

export function withPolicy(html: string): string {
  const policy = [
    `default-src 'none'`,
    `script-src 'self' 'wasm-unsafe-eval'${hashes(html, 'script')}`,
    `style-src 'self'${hashes(html, 'style')}`,
    `style-src-attr 'unsafe-hashes'${attributeHashes(html)}`,
    `img-src 'self' data:`,
    `connect-src 'self'`,
    `worker-src 'self'`,
    `manifest-src 'self'`,
    `base-uri 'none'`,
    `form-action 'none'`,
  ].join('; ');
  return html.replace(/<head>/, `<head><meta http-equiv="Content-Security-Policy" content="${policy}">`);
}

/** Inline scripts or style sheets of a page, as the policy's hash sources. */
function hashes(html: string, tag: 'script' | 'style'): string {
  const texts: string[] = [];
  for (const match of html.matchAll(new RegExp(`<${tag}\\b([^>]*)>([\\s\\S]*?)</${tag}>`, 'g'))) {
    if (!/\bsrc=/.test(match[1]!) && match[2]) texts.push(match[2]);
  }
  return sources(texts);
}

/** Style attributes (the shell sizes its icons with them; tables align cells). */
function attributeHashes(html: string): string {
  return sources([...html.matchAll(/<[a-z][^<>]*\sstyle="([^"]*)"/g)].map((match) => match[1]!));
}

function sources(texts: string[]): string {
  const unique = new Set(texts.map((text) => ` 'sha256-${createHash('sha256').update(text).digest('base64')}'`));
  return [...unique].join('');
}
