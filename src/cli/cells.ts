// `kubebook cells`: runs the pages' examples; a difference fails, `--update` records it.

import { writeFileSync } from 'node:fs';
import { createTwoFilesPatch } from 'diff';
import { checkPage, updatePage, type CellResult } from '../cells/check.ts';
import { start } from './host.ts';
import { readPages } from './pages.ts';

export async function cells(wanted: string[], options: { update?: boolean }): Promise<number> {
  const pages = readPages(wanted);
  if (pages.length === 0) {
    process.stderr.write(`no page matches ${wanted.join(' ')}\n`);
    return 2;
  }
  let failed = 0;
  for (const page of pages) {
    const result = await checkPage(page.source, (cluster) => start({ cluster }));
    const updated = options.update ? updatePage(page.source, result) : page.source;
    if (updated !== page.source) {
      writeFileSync(page.path, updated);
      process.stdout.write(`updated  ${page.name}\n`);
    }
    // What --update has just written no longer differs; a wrong exit status stays wrong.
    const problems = result.cells.filter((c) =>
      c.problems.some((p) => !options.update || !p.startsWith('the output differs')),
    );
    if (problems.length) failed++;
    if (problems.length || !options.update) {
      process.stdout.write(`${problems.length ? 'FAIL' : 'pass'}  ${page.name}  ${result.cells.length} cells\n`);
    }
    for (const cell of problems) process.stdout.write(explain(cell));
  }
  return failed ? 1 : 0;
}

/** What is wrong with a cell, with a readable diff. */
export function explain({ cell, commands, problems }: CellResult): string {
  let text = `  ${cell.id} (line ${cell.line + 1})\n`;
  for (const problem of problems) text += `    ${problem}\n`;
  for (const { command, recorded, actual } of commands) {
    if (recorded === actual) continue;
    const patch = createTwoFilesPatch('recorded', 'engine', recorded + '\n', actual + '\n', '', '', { context: 2 });
    text += `    $ ${command.split('\n').join('\n    > ')}\n`;
    text += patch
      .split('\n')
      .slice(3)
      .map((row) => (row ? `      ${row}\n` : ''))
      .join('');
  }
  return text;
}
