// Runs a page's cells and compares what the engine answers with what the page has recorded. Used by
// `kubebook cells`, `kubebook claims` and the tests.

import type { Runner } from '../sandbox/runner.ts';
import type { ClusterOptions } from '../sandbox/types.ts';
import { jqCommand } from './jq-command.ts';
import { parsePage, type Cell } from './parse.ts';

export interface CommandResult {
  command: string;
  recorded: string;
  actual: string;
  exitCode: number;
  /** Lines of the page where the recorded output stands: [from, to). */
  from: number;
  to: number;
}

export interface CellResult {
  cell: Cell;
  commands: CommandResult[];
  /** Why the cell does not hold; empty when it does. */
  problems: string[];
}

export interface PageResult {
  cells: CellResult[];
  pass: boolean;
}

/** Runs every cell of a page in order; `start` gives a new cluster. */
export async function checkPage(
  source: string,
  start: (cluster: ClusterOptions) => Promise<Runner>,
): Promise<PageResult> {
  const page = parsePage(source);
  const cells: CellResult[] = [];
  let runner: Runner | undefined;
  for (const cell of page.cells) {
    if (!runner || cell.meta.fresh) runner = await start((page.frontMatter.cluster ?? {}) as ClusterOptions);
    cells.push(await checkCell(cell, runner));
  }
  return { cells, pass: cells.every((c) => c.problems.length === 0) };
}

async function checkCell(cell: Cell, runner: Runner): Promise<CellResult> {
  const result: CellResult = { cell, commands: [], problems: [] };
  // A sandbox that has broken fails the cell and all that follow; nothing of it is recorded.
  const broken = (error: unknown) => {
    result.problems.push(`the engine failed: ${error instanceof Error ? error.message : String(error)}`);
    return result;
  };
  if (cell.kind === 'file') {
    try {
      runner.writeFile(cell.file, cell.text);
    } catch (error) {
      return broken(error);
    }
    return result;
  }
  const commands =
    cell.kind === 'console'
      ? cell.commands
      : [{ ...cell, command: jqCommand(cell.input, cell.filter), on: undefined as string | undefined }];
  let failed = false;
  for (const { command, on, output: recorded, outputLine: from, endLine: to } of commands) {
    let text = '';
    let exitCode: number;
    try {
      ({ exitCode } = await runner.run(command, { on, onOutput: (_stream, chunk) => (text += chunk) }));
    } catch (error) {
      return broken(error);
    }
    const actual = text.endsWith('\n') ? text.slice(0, -1) : text;
    result.commands.push({ command, recorded, actual, exitCode, from, to });
    if (actual !== recorded) result.problems.push(`the output differs: ${command}`);
    if (exitCode !== 0) {
      failed = true;
      if (!cell.meta.fails) result.problems.push(`exit status ${exitCode}: ${command}`);
    }
  }
  if (cell.meta.fails && !failed) result.problems.push('marked as failing, but every command succeeded');
  return result;
}

/** The page with the actual outputs in place of the recorded ones. */
export function updatePage(source: string, result: PageResult): string {
  const lines = source.split('\n');
  const edits = result.cells.flatMap(({ cell, commands }) => commands.map((command) => ({ cell, ...command })));
  for (const { cell, actual, from, to } of edits.reverse()) {
    const indent = /^\s*/.exec(lines[cell.line])?.[0] ?? '';
    const output = actual === '' ? [] : actual.split('\n').map((row) => (row ? indent + row : row));
    lines.splice(from, to - from, ...(cell.kind === 'jq' ? [`${indent}---`, ...output] : output));
  }
  return lines.join('\n');
}
