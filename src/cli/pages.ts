// The pages as files: where they are, what they are called.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CONTENT = fileURLToPath(new URL('../../content/', import.meta.url));

export interface PageFile {
  /** 'workloads/deployments' */
  name: string;
  path: string;
  source: string;
}

/** All pages with examples in order of their names, or those whose names contain one of `wanted`. */
export function readPages(wanted: string[] = []): PageFile[] {
  return (readdirSync(CONTENT, { recursive: true }) as string[])
    .filter((file) => file.endsWith('.mdx') && !file.startsWith('glossary/'))
    .sort()
    .map((file) => ({ name: file.replace(/^notes\//, '').replace(/\.mdx$/, ''), path: join(CONTENT, file) }))
    .filter(
      ({ name }) =>
        wanted.length === 0 || wanted.some((w) => name.includes(w.replace(/^.*notes\//, '').replace(/\.mdx$/, ''))),
    )
    .map((page) => ({ ...page, source: readFileSync(page.path, 'utf8') }));
}

export const readContent = (name: string) => readFileSync(join(CONTENT, name), 'utf8');
