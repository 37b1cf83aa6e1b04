// The table of command lines (commands/*.yaml): every line runs by our kubectl and by the real one, on equal clusters, and
// says the same on both streams and in its exit status. A group is a set-up (files and a script), then its lines.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { program } from './programs.ts';
import { Twins, type Outcome } from './twins.ts';

interface Group {
  group: string;
  files?: Record<string, string>;
  setup?: string;
  lines: string[];
  /** Lines that print help: its sentences are our own, the stream and the exit status are not. */
  helps?: string;
}

const FOLDER = join(import.meta.dirname, 'commands');
const GROUPS = readdirSync(FOLDER)
  .sort()
  .flatMap((file) =>
    (parse(readFileSync(join(FOLDER, file), 'utf8')) as Group[]).map(
      (group) => [`${file.replace('.yaml', '')}: ${group.group}`, group] as const,
    ),
  );
const linesOf = (text: string) => text.split('\n').filter((line) => line.trim());
const spoken = ({ stdout, stderr, exitCode }: Outcome) => ({
  stdout: stdout && 'help',
  stderr: stderr && 'help',
  exitCode,
});

let kubectl = '';
beforeAll(async () => {
  kubectl = await program('kubectl');
});

test.concurrent.each(GROUPS)(
  '%s',
  async (_, group) => {
    const helps = linesOf(group.helps ?? '');
    const differences: { line: string; ours: Outcome; real: Outcome }[] = [];
    const twins = new Twins(kubectl);
    try {
      await twins.start(group.files ?? {}, group.setup ?? '');
      for (const line of [...group.lines.flatMap(linesOf), ...helps]) {
        let [ours, real] = [await twins.runOurs(line), await twins.runReal(line)];
        if (helps.includes(line)) [ours, real] = [spoken(ours), spoken(real)];
        const same = (['stdout', 'stderr', 'exitCode'] as const).every((part) => ours[part] === real[part]);
        if (!same) differences.push({ line, ours, real });
        twins.advance();
      }
    } finally {
      await twins.stop();
    }
    expect(differences).toEqual([]);
  },
  240_000,
);
