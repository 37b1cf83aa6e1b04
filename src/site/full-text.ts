// The search's second tier: Pagefind's index over the built pages.
import { join } from 'node:path';
import { createIndex, close } from 'pagefind';

/** Indexes the HTML below `dist` into `dist/pagefind`; returns the number of pages. */
export async function buildFullText(dist: string): Promise<number> {
  const { index, errors } = await createIndex({ includeCharacters: '-_./' });
  if (!index) throw new Error(errors.join('\n'));
  const { page_count } = await index.addDirectory({ path: dist });
  await index.writeFiles({ outputPath: join(dist, 'pagefind') });
  await close();
  return page_count;
}
