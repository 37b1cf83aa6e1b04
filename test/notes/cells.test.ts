// Every page's recorded outputs are what the engine answers, in the sandbox.
import { describe, expect, test } from 'vitest';
import { checkPage } from '../../src/cells/check.ts';
import { explain } from '../../src/cli/cells.ts';
import { start } from '../../src/cli/host.ts';
import { readPages } from '../../src/cli/pages.ts';
import { parsePage } from '../../src/cells/parse.ts';

describe('recorded outputs', () => {
  for (const page of readPages().filter(({ source }) => parsePage(source).cells.length > 0)) {
    test(page.name, async () => {
      const { cells } = await checkPage(page.source, (cluster) => start({ cluster }));
      const wrong = cells.filter((c) => c.problems.length);
      expect(wrong.map((cell) => explain(cell)).join('\n')).toBe('');
    });
  }
});
