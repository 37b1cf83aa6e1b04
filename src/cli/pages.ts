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

/** All pages with examples in order of their names; or the one of a wanted name or path, else those whose names contain it. */
export function readPages(wanted: string[] = []): PageFile[] {
  const pages = (readdirSync(CONTENT, { recursive: true }) as string[])
    .filter((file) => file.endsWith('.mdx') && !file.startsWith('glossary/'))
    .sort()
    .map((file) => ({ name: file.replace(/^notes\//, '').replace(/\.mdx$/, ''), path: join(CONTENT, file) }));
  const parts = wanted.map((one) => one.replace(/^.*notes\//, '').replace(/\.mdx$/, ''));
  const exact = new Set(pages.map(({ name }) => name));
  const isWanted = (name: string) => parts.some((part) => (exact.has(part) ? name === part : name.includes(part)));
  return pages
    .filter(({ name }) => parts.length === 0 || isWanted(name))
    .map((page) => ({ ...page, source: readFileSync(page.path, 'utf8') }));
}

export const readContent = (name: string) => readFileSync(join(CONTENT, name), 'utf8');
