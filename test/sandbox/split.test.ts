// What is set aside of a script means the same as before, and is loaded when it is first called.
import variant from '@jitl/quickjs-wasmfile-release-sync';
import { expect, test } from 'vitest';
import { CORE, QuickJSEngine } from '../../src/sandbox/quickjs.ts';
import { Script, type Movable } from '../../src/sandbox/script.ts';
import { split } from '../../src/sandbox/split.ts';

const TEXT = `
// engine/api/sums.ts
const LIMITS = new Map([['most', 3]]);
let made = 0;
function limit(name) { return LIMITS.get(name) ?? -1; }
function count() { made += 1; return made; }
var Base = class { constructor(by) { this.by = by; } scale(n) { return n * this.by; } static of(by) { return new Base(by); } };
var Twice = class extends Base {
  constructor() { super(2); }
  scale(n) { return super.scale(n) + 1; }
  get name() { const { by } = this; return 'by ' + by; }
};
const table = { plain: (n) => n + limit('most'), method(n) { return [this.plain(n), arguments.length]; }, get it() { return limit('it'); } };
function* steps(n, done = n + 1) {
  for (let i = 0; i < n; i++) { const got = yield i; if (got === 'leave') { return ['left', i]; } }
  return done;
}
// engine/kubelet/early.ts
function early(n) {
  if (n < 0) return 'negative';
  const half = n / 2;
  if (n > 10) { const all = []; for (let i = 0; ; i++) { if (i > half) break; all.push(() => i + half); } return all.map((f) => f()); }
  let text = '';
  if (n === 5) { text += 'five'; }
  if (n === 6) throw new RangeError('six is too many: ' + LIMITS.size);
  else if (n === 7) return [text, later(), n];
  return { text, half };
  function later() { return 'hoisted ' + half; }
}
function changing(n) {
  let sum = 0;
  const add = (by) => { if (by > 2) { sum += by; return sum; } return 'small'; };
  if (n > 1) { add(n); n = n - 1; return [add(5), sum, n]; }
  return add(1);
}
function loops(list) {
  const found = [];
  let last;
  outer: for (const [key, value = 'none'] of list) {
    if (key === 'skip') { found.push('skipped'); continue; }
    if (key === 'next') { found.push('next'); continue outer; }
    for (const one of value) { if (one === '!') { found.push(last = one); break; } if (one === '?') { continue; } found.push(one); }
    switch (key) { case 'stop': { found.push(() => last); break outer; } default: { found.push(key); } }
  }
  const { length, ...rest } = found;
  if (length > 2) { [last] = found; return () => [last, length, Object.keys(rest).length]; }
  return found;
}
class Counter {
  total = 0;
  add(n) { if (n) { const by = () => this.total + n; this.total = by(); } else { this.total = 0; } return this; }
  *each(n) { if (n > 1) { const first = yield* steps(n); for (const x of [1, 2]) { yield [this.total, x, first]; } return 'many'; } yield n; }
  static from(n) { try { if (n === 0) { return 'zero'; } return new Counter().add(n); } finally { if (n) { made += 1; } else { made = -1; } } }
}
const chosen = (n, by = (m) => m > 2 && [n, m].join('+')) => (n > 1 ? { n, sum: by(n) || 'none' } : n ?? (() => [n, 'nothing'])());
function* asked(n) { const got = n && (yield n * 2); return got ? [got, yield* steps(n)] : (yield 'no', 'never'); }
const handlers = [early, changing, count];
const isHandler = (f) => handlers.includes(f);
function attempt(n) {
  try { if (n) { throw early; } return early(6); }
  catch (error) { return error === early ? isHandler(error) : String(error.message); }
}
const drain = (it, send) => { const all = []; for (let r = it.next(); ; r = it.next(send)) { all.push(r.value); if (r.done) return all; } };
const CASES = [
  () => [limit('most'), limit('none'), count(), count(), made],
  () => [new Base(3).scale(2), Base.of(4).scale(2), new Twice().scale(5), new Twice().name],
  () => [table.plain(1), table.method(2), table.it],
  () => [drain(steps(2)), drain(steps(3), 'leave'), drain(steps(0, 'x'))],
  () => [-1, 1, 5, 7, 12].map((n) => early(n)),
  () => [changing(1), changing(4)],
  () => [chosen(0), chosen(2), chosen(3), chosen(null), drain(asked(0)), drain(asked(2), 'yes')],
  () => [loops([['a', 'x?y!z'], ['skip'], ['next'], ['b']])(), loops([['a', '']]), loops([['stop', 'q']]).map((f) => f.call?.() ?? f)],
  () => [new Counter().add(2).add(3).total, new Counter().add(2).add(0).total, drain(new Counter().add(1).each(2)), drain(new Counter().each(1))],
  () => [Counter.from(0), made, Counter.from(7).total, made],
  () => [attempt(0), attempt(1), isHandler(early), isHandler(limit)],
];
globalThis.kubebook = { call: () => JSON.stringify(CASES.map((run) => run())) };
export { limit as l };
`;

async function answer(movables: Movable[], script: Script): Promise<{ text: string; loaded: string[] }> {
  const loaded: string[] = [];
  const code = new Proxy(split(script, movables), {
    get(scripts, name: string) {
      if (name.startsWith('later-')) loaded.push(name);
      return scripts[name];
    },
  });
  const engine = await QuickJSEngine.create(variant, code);
  expect(loaded).toEqual([]);
  return { text: engine.call('run', ''), loaded };
}

test('each piece that can be set aside can be, and is loaded when it is called', async () => {
  const script = new Script(CORE, TEXT, 1);
  const before = JSON.parse((await answer([], script)).text);
  expect(before).toContainEqual(['six is too many: 1', true, true, false]);
  expect(script.movables.length).toBeGreaterThan(30);
  for (const movable of script.movables) {
    const { text, loaded } = await answer([movable], script);
    expect(JSON.parse(text), movable.text).toEqual(before);
    expect(loaded, movable.text).toHaveLength(1);
  }
});

test('all of them together can be set aside, each folder in its own script', async () => {
  const script = new Script(CORE, TEXT, 1);
  const outermost: Movable[] = [];
  for (const movable of script.movables) if (movable.start >= (outermost.at(-1)?.end ?? 0)) outermost.push(movable);
  const { text, loaded } = await answer(outermost, script);
  expect(JSON.parse(text)).toEqual(JSON.parse((await answer([], script)).text));
  expect(loaded.toSorted()).toEqual(['later-api.js', 'later-kubelet.js']);
});

test('what assigns to a variable of the script, or needs its class, stays', () => {
  const { movables } = new Script(CORE, TEXT, 1);
  expect(movables.map(({ name }) => name)).not.toContain('count');
  expect(movables.filter(({ text }) => /\bsuper\b|made \+=/.test(text))).toEqual([]);
});
