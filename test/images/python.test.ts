// Python programs as manifests carry them.

import { expect, it } from 'vitest';
import { start } from './start.ts';

const python = (code: string, ...args: string[]) =>
  start('python:3', { command: ['sleep', '1000'], env: { JOB_COMPLETION_INDEX: '2' } }).exec(
    'python3',
    '-c',
    code,
    ...args,
  );

const PROGRAMS: [code: string, output: string, status?: number][] = [
  ['import os, sys\nif os.environ.get("JOB_COMPLETION_INDEX") == "2":\n  sys.exit(42)\nelse:\n  sys.exit(1)', '', 42],
  ['import sys; sys.exit("no")', 'no\n', 1],
  ['print(7 // -2, 7 % -3, 2**70, 1/4, 10 / 2)', '-4 -2 1180591620717411303424 0.25 5.0\n'],
  ['n = 3\nwhile True:\n    n -= 1\n    if n == 0: break\n    print(n, end=" ")', '2 1 '],
  ['def f(a, b=2, *more, **named):\n  return a + b, more, named\nprint(f(1), f(1, 5, 6, c=7))', '(3, (), {}) (6, (6,), {\'c\': 7})\n'], // prettier-ignore
  ['d = {"a": [1, None]}\nfor k, v in d.items(): print(f"{k!r:>4} {v} {len(v):03d}")', " 'a' [1, None] 002\n"],
  ['print([x * x for x in range(6) if x % 2][::-1], sum(x for x in range(4)), "a-b".split("-"))', "[25, 9, 1] 6 ['a', 'b']\n"], // prettier-ignore
  ['(a, b), c = (1, 2), 3\na, b = b, a\nprint(a, b, c, a < c < 9, not a)', '2 1 3 True False\n'],
  ['try:\n  open("/nope")\nexcept OSError as e:\n  print(e)\nfinally:\n  print("end")', "[Errno 2] No such file or directory: '/nope'\nend\n"], // prettier-ignore
  ['with open("/tmp/f", "w") as f: f.write("x\\ny\\n")\nfor line in open("/tmp/f"): print(line.strip())', 'x\ny\n'],
  ['import json, time\nbegan = time.time()\ntime.sleep(3)\nprint(json.dumps({"a": [1, True, None]}), int(time.time() - began))', '{"a": [1, true, null]} 3\n'], // prettier-ignore
  ['def f():\n  return {}["k"]\nf()', 'Traceback (most recent call last):\n  File "<string>", line 3, in <module>\n  File "<string>", line 2, in f\nKeyError: \'k\'\n', 1], // prettier-ignore
  ['if 1\n  pass', '  File "<string>", line 1\n    if 1\nSyntaxError: expected \':\'\n', 1],
  ['import nope', 'Traceback (most recent call last):\n  File "<string>", line 1, in <module>\nModuleNotFoundError: No module named \'nope\'\n', 1], // prettier-ignore
  ['class A: pass', 'python: `class` is not modelled by this engine\n', 1],
  ['def f(n): return f(n + 1)\nf(0)', 'python: calling so many functions within one another is not modelled by this engine\n', 1], // prettier-ignore
];

it.each(PROGRAMS)('%s', (code, output, status = 0) => {
  expect(python(code)).toEqual({ output, status });
});

it('programs have their arguments, and may be files', () => {
  expect(python('import sys; print(sys.argv)', 'a', 'b').output).toBe("['-c', 'a', 'b']\n");
  const machine = start('python:3', {
    command: ['sleep', '1000'],
    prepare: (fs) => fs.writeFile('/app.py', 'import sys\nprint("ran", sys.argv[1])\n'),
  });
  expect(machine.exec('python', '/app.py', 'x')).toEqual({ output: 'ran x\n', status: 0 });
  expect(machine.exec('python', 'no.py').status).toBe(2);
});
