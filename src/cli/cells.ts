// `kubebook cells`: runs the pages' examples; a difference fails, `--update` records it.

import { writeFileSync } from 'node:fs';
import { createTwoFilesPatch } from 'diff';
import { checkPage, updatePage, type CellResult } from '../cells/check.ts';
import { cellsOnKubectl, type OnKubectl } from './cells-on-kubectl.ts';
import { start } from './host.ts';
import { readPages } from './pages.ts';

type Compared = Pick<CellResult['commands'][number], 'command' | 'recorded' | 'actual'>;

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

/** `--on kubectl`: the same pages on a real cluster; what cannot run there is named. */
export async function cellsOn(wanted: string[], options: OnKubectl): Promise<number> {
  const pages = readPages(wanted);
  if (pages.length === 0) {
    process.stderr.write(`no page matches ${wanted.join(' ')}\n`);
    return 2;
  }
  let failed = 0;
  for (const page of pages) {
    const results = await cellsOnKubectl(page.source, page.name, options);
    const problems = results.filter((result) => result.problems.length > 0);
    const skipped = results.filter((result) => result.skipped);
    if (problems.length) failed++;
    process.stdout.write(
      `${problems.length ? 'FAIL' : 'pass'}  ${page.name}  ${results.length - skipped.length} cells, ${skipped.length} skipped\n`,
    );
    for (const { cell, skipped: why } of skipped) {
      process.stdout.write(`  ${cell.id} (line ${cell.line + 1}) skipped: ${why}\n`);
    }
    for (const result of problems) process.stdout.write(explain(result, 'cluster'));
  }
  return failed ? 1 : 0;
}

/** What is wrong with a cell, with a readable diff. */
export function explain(
  { cell, commands, problems }: Pick<CellResult, 'cell' | 'problems'> & { commands: Compared[] },
  where = 'engine',
): string {
  let text = `  ${cell.id} (line ${cell.line + 1})\n`;
  for (const problem of problems) text += `    ${problem}\n`;
  for (const { command, recorded, actual } of commands) {
    if (recorded === actual) continue;
    const patch = createTwoFilesPatch('recorded', where, recorded + '\n', actual + '\n', '', '', { context: 2 });
    text += `    $ ${command.split('\n').join('\n    > ')}\n`;
    text += patch
      .split('\n')
      .slice(3)
      .map((row) => (row ? `      ${row}\n` : ''))
      .join('');
  }
  return text;
}
