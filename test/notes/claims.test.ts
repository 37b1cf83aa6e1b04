// The knowledge base is whole: every claim is on one page, every cell that proves one names a real one.
import { parse } from 'yaml';
import { expect, test } from 'vitest';
import { parsePage } from '../../src/cells/parse.ts';
import { readContent, readPages } from '../../src/cli/pages.ts';

const known = (parse(readContent('claims.yaml')) as { id: string }[]).map((c) => c.id);
const pages = readPages().map(({ name, source }) => ({ name, page: parsePage(source) }));

test('every claim of the notes is on exactly one page', () => {
  const places = new Map<string, string[]>(known.map((id) => [id, []]));
  for (const { name, page } of pages) for (const { id } of page.claims) places.get(id)?.push(name);
  expect([...places].filter(([, names]) => names.length !== 1)).toEqual([]);
});

test('pages and cells name only claims that exist', () => {
  const ids = new Set(known);
  const named = pages.flatMap(({ name, page }) =>
    [...page.claims.map((c) => c.id), ...page.cells.flatMap((c) => c.meta.proves)].map((id) => [name, id]),
  );
  expect(named.filter(([, id]) => !ids.has(id))).toEqual([]);
});
