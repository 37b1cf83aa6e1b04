import { describe, expect, test } from 'vitest';
import { JsonPath, relaxedExpression } from '../../engine/kubectl/output/jsonpath.ts';
import { TableWriter } from '../../engine/kubectl/output/table.ts';
import { GoTemplate } from '../../engine/kubectl/output/template.ts';
import { unifiedDiff } from '../../engine/kubectl/output/unified-diff.ts';

const object = {
  kind: 'Pod',
  metadata: { name: 'web', labels: { app: 'web', 'a.b/c': 'd' } },
  items: [
    { name: 'a', size: 1, ready: true },
    { name: 'b', size: 2, ready: false },
    { name: 'c', size: 3 },
  ],
};

describe('JSONPath', () => {
  const print = (template: string, allowMissing = true) => new JsonPath(template, allowMissing).print(object);

  test.each([
    ['{.metadata.name}', 'web'],
    ['{.items[*].name}', 'a b c'],
    ['{.items[0].name} {.items[-1].name}', 'a c'],
    ['{.items[0:2].name}', 'a b'],
    ['{.items[::2].name}', 'a c'],
    ['{.items[?(@.size>1)].name}', 'b c'],
    ['{.items[?(@.name=="b")].size}', '2'],
    ['{.items[?(@.ready)].name}', 'a b'],
    ["{.metadata.labels['a\\.b/c']}", 'd'],
    ["{.metadata.labels['a.b/c']}", ''],
    ["{['metadata.name', 'kind']} {.items[*]['name','size']}", 'web Pod a b c 1 2 3'],
    ['{.items[].name}', 'a'],
    ['{.items[?(@.name == "b")].size}{.items[?(size)].name}', '2a b c'],
    ['{.metadata.labels.a\\.b/c}', 'd'],
    ["{.items[0]['name','size']}", 'a 1'],
    ['{..size}', '1 2 3'],
    ['{range .items[*]}{.name}{"\\t"}{end}', 'a\tb\tc\t'],
    ['{.metadata.labels}', '{"a.b/c":"d","app":"web"}'],
    ['name={.metadata.name}{"\\n"}', 'name=web\n'],
    ['{.nothing.there}', ''],
  ])('%s', (template, text) => {
    expect(print(template)).toBe(text);
  });

  test('complains of a missing key when asked to', () => {
    expect(() => print('{.nope}', false)).toThrow('nope is not found');
  });
  test('complains of an index that is not there', () => {
    expect(() => print('{.items[9]}')).toThrow('array index out of bounds: index 9, length 3');
  });
  test.each([
    ['{.items[a]}', 'invalid array index a'],
    ['{.items[?(@.name=~"b")]}', "unrecognized character in action: U+007E '~'"],
    ['{.items[?(@.name="b")]}', 'unrecognized filter operator ='],
    ['{end}', 'not in range, nothing to end'],
  ])('complains of %s', (template, problem) => {
    expect(() => print(template)).toThrow(problem);
  });
  test('complains of an open action', () => {
    expect(() => print('{.items')).toThrow('unclosed action');
  });
  test('accepts the short forms of --sort-by', () => {
    expect(['.a.b', 'a.b', '{.a.b}'].map(relaxedExpression)).toEqual(['{.a.b}', '{.a.b}', '{.a.b}']);
  });
});

describe('Go templates', () => {
  test.each([
    ['{{.metadata.name}}', 'web'],
    ['{{range .items}}{{.name}}{{end}}', 'abc'],
    ['{{range $i, $x := .items}}{{$i}}={{$x.name}} {{end}}', '0=a 1=b 2=c '],
    ['{{if eq .kind "Pod"}}yes{{else}}no{{end}}', 'yes'],
    ['{{with .nope}}x{{else}}none{{end}}', 'none'],
    ['{{printf "%s-%d" .kind 3}}', 'Pod-3'],
    ['{{len .items}} {{(index .items 1).name}}', '3 b'],
    ['{{"aGk=" | base64decode}}', 'hi'],
    ['{{.nope}}', '<no value>'],
    ['a {{- " b" -}} c', 'a bc'],
    ['{{range .items}}{{if gt .size 1}}{{.name}}{{break}}{{end}}{{end}}', 'b'],
  ])('%s', (template, text) => {
    expect(new GoTemplate(template, true).print(object)).toBe(text);
  });

  test('names the place of an error', () => {
    expect(() => new GoTemplate('{{.metadata.name.x}}', true).print(object)).toThrow(
      'template: output:1:11: executing "output" at <.metadata.name.x>: can\'t evaluate field x in type interface {}',
    );
  });
});

test('a table remembers the widths of the rows it has printed', () => {
  const table = new TableWriter();
  table.row(['NAME', 'AGE']);
  table.row(['a-long-name', '5m']);
  expect(table.flush()).toBe('NAME          AGE\na-long-name   5m\n');
  table.row(['b', '1s']);
  expect(table.flush()).toBe('b             1s\n');
});

test('a unified diff shows three lines around a change', () => {
  const before = 'a\nb\nc\nd\ne\nf\ng\n';
  expect(unifiedDiff(before, before.replace('d\n', 'D\n'))).toBe('@@ -1,7 +1,7 @@\n a\n b\n c\n-d\n+D\n e\n f\n g\n');
  expect(unifiedDiff('', 'x\n')).toBe('@@ -0,0 +1 @@\n+x\n');
  expect(unifiedDiff(before, before)).toBe('');
});
