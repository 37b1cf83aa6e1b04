// How a page's examples are read.
import { describe, expect, test } from 'vitest';
import { jqCommand } from '../../src/cells/jq-command.ts';
import { parseMeta, parsePage } from '../../src/cells/parse.ts';

const FENCE = '```';
const page = (...lines: string[]) => ['---', 'title: T', 'cluster:', '  workers: 3', '---', ...lines].join('\n');

describe('parsePage', () => {
  test('reads front matter, files and commands with their recorded outputs in order', () => {
    const { frontMatter, cells } = parsePage(
      page(
        `${FENCE}yaml file=web.yaml`,
        'kind: Pod',
        FENCE,
        'text',
        `${FENCE}console name=run proves=a-1,a-2`,
        '$ kubectl apply -f web.yaml',
        'pod/web created',
        "$ cat <<'EOF'",
        '> one',
        '>',
        '> EOF',
        'one',
        '',
        'worker-1$ hostname',
        'worker-1',
        FENCE,
      ),
    );
    expect(frontMatter.cluster).toEqual({ workers: 3 });
    expect(cells.map((c) => [c.id, c.kind])).toEqual([
      ['web-yaml', 'file'],
      ['run', 'console'],
    ]);
    expect(cells[0]).toMatchObject({ file: 'web.yaml', text: 'kind: Pod\n' });
    expect(cells[1].meta.proves).toEqual(['a-1', 'a-2']);
    expect(cells[1].kind === 'console' && cells[1].commands.map((c) => [c.on, c.command, c.output])).toEqual([
      [undefined, 'kubectl apply -f web.yaml', 'pod/web created'],
      [undefined, "cat <<'EOF'\none\n\nEOF", 'one\n'],
      ['worker-1', 'hostname', 'worker-1'],
    ]);
  });

  test('leaves ordinary code alone', () => {
    expect(parsePage(page(`${FENCE}yaml`, 'a: 1', FENCE, `${FENCE}ts`, 'let a;', FENCE)).cells).toEqual([]);
  });

  test('gives two cells of one name different ids', () => {
    const { cells } = parsePage(page(`${FENCE}yaml file=a.yaml`, FENCE, `${FENCE}yaml file=a.yaml`, FENCE));
    expect(cells.map((c) => c.id)).toEqual(['a-yaml', 'a-yaml-2']);
  });

  test('splits a jq cell into filter and recorded output', () => {
    const { cells } = parsePage(
      page(`${FENCE}jq input="kubectl get po -o json"`, '.items |', '  length', '---', '3', FENCE),
    );
    expect(cells[0]).toMatchObject({
      kind: 'jq',
      input: 'kubectl get po -o json',
      filter: '.items |\n  length',
      output: '3',
    });
  });

  test('collects claims with their ids, those of change boxes too', () => {
    const { claims } = parsePage(
      page('x <kb-claim id="a-1 a-2" /> y <kb-claim id="b-1" definition />', '<kb-change since="v1.24" claim="c-1">'),
    );
    expect(claims.map(({ id, definition }) => [id, definition])).toEqual([
      ['a-1', false],
      ['a-2', false],
      ['b-1', true],
      ['c-1', false],
    ]);
  });
});

test('meta words take bare, quoted and valueless forms', () => {
  expect(parseMeta('jq input="kubectl get po -o json" fails name=x')).toEqual({
    language: 'jq',
    words: { input: 'kubectl get po -o json', fails: true, name: 'x' },
  });
});

test('a jq cell becomes a pipe whose quotes survive the shell', () => {
  expect(jqCommand('cat a.json', ".a == 'b'")).toBe(`cat a.json | jq '.a == '\\''b'\\'''`);
});
