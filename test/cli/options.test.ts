// What the command line cannot use it says in one line, and ends with a status that no script of a reader means.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const KUBEBOOK = join(import.meta.dirname, '../../src/cli/kubebook.ts');
const directory = mkdtempSync(join(tmpdir(), 'kubebook-cli-'));
afterAll(() => rmSync(directory, { recursive: true }));

function kubebook(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [KUBEBOOK, ...args], {
    cwd: directory,
    encoding: 'utf8',
    input: '',
  });
  return { status, stdout, stderr };
}

writeFileSync(join(directory, 'broken.yaml'), 'workers: [1');
writeFileSync(join(directory, 'list.yaml'), '[workers]');
writeFileSync(join(directory, 'unknown.yaml'), 'colour: blue');
writeFileSync(join(directory, 'many.yaml'), 'workers: 100000');

test.each([
  [['exec', '--cluster', 'nope.yaml', 'ls'], 'error: nope.yaml: no such file or directory\n'],
  [['exec', '--unsandboxed', '--cluster', 'unknown.yaml', 'ls'], 'error: cluster: unknown setting colour\n'],
  [
    ['session', '--unsandboxed', '--cluster', 'many.yaml'],
    'error: cluster: workers must be a whole number from 0 to 5000\n',
  ],
  [['exec', '--cluster', 'list.yaml', 'ls'], 'error: list.yaml: settings are written as `name: value`\n'],
  [['exec', '--unsandboxed', '--files', 'nope', 'ls'], 'error: nope: no such file or directory\n'],
  [['exec', '--nope'], "error: unknown option '--nope'\n"],
  [['api', '--port', 'x'], "error: option '--port <n>' argument 'x' is invalid. It must be a port.\n"],
  [
    ['api', '--birth', 'soon'],
    "error: option '--birth <time>' argument 'soon' is invalid. It must be a time such as 2026-01-05T09:00:00Z.\n",
  ],
  [['nope'], "error: unknown command 'nope'\n"],
])('kubebook %j is refused in a line', (args, stderr) => {
  expect(kubebook(...args)).toEqual({ status: 2, stdout: '', stderr });
});

test('a file that is no YAML is named with the line and column', () => {
  const { status, stderr } = kubebook('exec', '--cluster', 'broken.yaml', 'ls');
  expect(status).toBe(2);
  expect(stderr).toMatch(/^error: broken\.yaml: .* at line 1, column \d+\n$/);
});
