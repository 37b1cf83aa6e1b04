// `kubebook claims`: each claim of the 2020 notes with its status, the page that carries it and the cells
// that prove it. A claim counts as proven when its cells pass, or when it is a definition and says so.

import { parse as parseYaml } from 'yaml';
import { checkPage } from '../cells/check.ts';
import { parsePage } from '../cells/parse.ts';
import { start } from './host.ts';
import { readContent, readPages } from './pages.ts';

export interface ClaimReport {
  id: string;
  status: string;
  page: string | null;
  /** 'workloads/deployments#rollout' */
  cells: string[];
  definition: boolean;
  pass: boolean;
}

export async function reportClaims(): Promise<ClaimReport[]> {
  const list = parseYaml(readContent('claims.yaml')) as { id: string; status: string }[];
  const reports = new Map<string, ClaimReport>();
  for (const { id, status } of list) {
    reports.set(id, { id, status, page: null, cells: [], definition: false, pass: false });
  }
  const failing = new Set<string>();
  for (const { name, source } of readPages()) {
    const page = parsePage(source);
    for (const { id, definition } of page.claims) {
      const report = reports.get(id);
      if (!report) throw new Error(`${name}: there is no claim ${id}`);
      report.page ??= name;
      report.definition ||= definition;
    }
    if (page.cells.length === 0) continue;
    const result = await checkPage(source, (cluster) => start({ cluster }));
    for (const { cell, problems } of result.cells) {
      for (const id of cell.meta.proves) {
        const report = reports.get(id);
        if (!report) throw new Error(`${name}#${cell.id}: there is no claim ${id}`);
        report.cells.push(`${name}#${cell.id}`);
        if (problems.length) failing.add(id);
      }
    }
  }
  for (const report of reports.values()) {
    report.pass = report.page !== null && !failing.has(report.id) && (report.cells.length > 0 || report.definition);
  }
  return [...reports.values()];
}

export async function claims(options: { json?: boolean }): Promise<number> {
  const reports = await reportClaims();
  if (options.json) {
    process.stdout.write(JSON.stringify(reports, null, 1) + '\n');
  } else {
    for (const { id, status, page, cells, definition, pass } of reports) {
      const proof = cells.length ? cells.join(' ') : definition ? 'definition' : '-';
      process.stdout.write(
        `${pass ? 'proven' : 'open  '}  ${id.padEnd(24)} ${status.padEnd(10)} ${page ?? '-'}  ${proof}\n`,
      );
    }
    const proven = reports.filter((r) => r.pass).length;
    const placed = reports.filter((r) => r.page).length;
    process.stdout.write(`${reports.length} claims, ${placed} on a page, ${proven} proven\n`);
  }
  return reports.some((r) => r.cells.length > 0 && !r.pass) ? 1 : 0;
}
