// Where the time goes inside QuickJS while a Deployment becomes ready, or while a cluster boots: takes the guest's stack whenever QuickJS
// asks its interrupt handler, and gives it the processor time since then. QuickJS asks every 10,000 calls and backward jumps; a
// Pod takes about as many each time, so that the same places would be met again and again: the next count is drawn by chance.
//
//   node src/tools/profile.ts 500                 functions by their own time, and by time with what they call
//   node src/tools/profile.ts 500 startContainer  the same below one function, and who calls it
//   node src/tools/profile.ts boot                the same for a cluster's boot

import variant from '@jitl/quickjs-wasmfile-release-sync';
import type { QuickJSContext, QuickJSRuntime } from 'quickjs-emscripten-core';
import { hostCall } from '../cli/host.ts';
import { bundle } from '../sandbox/bundle.ts';
import { QuickJSEngine } from '../sandbox/quickjs.ts';
import { Runner } from '../sandbox/runner.ts';

const OWN_ROWS = 70;
const TOTAL_ROWS = 110;
/** Calls and backward jumps between two samples, on average. */
const MEAN_STEPS = 3000;
/** No context of QuickJS is larger. */
const CONTEXT_WORDS = 200;
/** 10,000 calls take a millisecond or two: a sample of so many µs is a run of the garbage collector. */
const COLLECTION = 8000;

const manifest = (replicas: number) => `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: nginx, image: "nginx:1.27"}]}
`;

/** Times by name, µs. */
class Times {
  private readonly byName = new Map<string, number>();

  add(name: string, time: number) {
    this.byName.set(name, (this.byName.get(name) ?? 0) + time);
  }

  print(title: string, all: number, rows: number) {
    console.log(`\n${title}`);
    const sorted = [...this.byName].sort((a, b) => b[1] - a[1]).slice(0, rows);
    for (const [name, time] of sorted) console.log(`${((time / all) * 100).toFixed(1).padStart(6)} %  ${name}`);
  }
}

/** The source file of every line of an unminified bundle: the bundler writes its name in a comment above it. */
function filesByLine(code: string): string[] {
  let file = '';
  return code.split('\n').map((line) => (file = /^\/\/ (\S+\.[jt]s)$/.exec(line)?.[1] ?? file));
}

/** A stack as `function (file)`, innermost first. */
function parseStack(stack: string, files: Record<string, string[]>): string[] {
  const frames: string[] = [];
  for (const line of stack.split('\n')) {
    const frame = /at (\S+) \(([\w-]+\.js):(\d+)/.exec(line);
    const file = frame && files[frame[2]]?.[Number(frame[3]) - 1];
    if (file) frames.push(`${frame[1]} (${file})`);
  }
  return frames;
}

const what = process.argv[2] ?? '500';
const replicas = Number(what) || 0;
const below = process.argv[3];

const code = await bundle();
const files = Object.fromEntries(Object.entries(code).map(([name, text]) => [name, filesByLine(text)]));
const engine = await QuickJSEngine.create(variant, code);
const runner = new Runner(engine, hostCall);
const own = new Times();
const total = new Times();
const callers = new Times();
let samples = 0;
let all = 0;
let collections = 0;
let sampling = false;

const processorTime = () => process.cpuUsage().user;
let since = processorTime();

const { runtime, context, memory } = engine as unknown as {
  runtime: QuickJSRuntime;
  context: QuickJSContext;
  memory: WebAssembly.Memory;
};

/** The place of QuickJS's count of what is left until it asks next, among the words of its context. */
function counter(): number {
  const start = (context as unknown as { ctx: { value: number } }).ctx.value >> 2;
  const words = () => new Int32Array(memory.buffer).slice(start, start + CONTEXT_WORDS);
  const steps = 100;
  const run = () => context.unwrapResult(context.evalCode(`for (let i = 0; i < ${steps}; i++);`)).dispose();
  const before = words();
  run();
  const between = words();
  run();
  const after = words();
  const at = before.findIndex((word, i) => word - between[i] >= steps && word - between[i] === between[i] - after[i]);
  if (at < 0) throw new Error('no word of the context counts down');
  return start + at;
}
const left = counter();
function sample() {
  const time = processorTime() - since;
  if (time > COLLECTION) {
    collections += time;
    return;
  }
  const stack = context
    .unwrapResult(context.evalCode('new Error().stack'))
    .consume((handle) => context.getString(handle));
  let frames = parseStack(stack, files);
  if (below) {
    const at = frames.findLastIndex((frame) => frame.startsWith(`${below} `));
    if (at < 0) return;
    callers.add(frames.slice(at + 1, at + 4).join(' ← '), time);
    frames = frames.slice(0, at + 1);
  }
  if (!frames.length) return;
  samples++;
  all += time;
  own.add(frames[0], time);
  for (const frame of new Set(frames)) total.add(frame, time);
}
const sampled = async (work: () => unknown) => {
  since = processorTime();
  runtime.setInterruptHandler(() => {
    if (sampling) return false;
    sampling = true;
    sample();
    sampling = false;
    new Int32Array(memory.buffer)[left] = 1 + Math.floor(Math.random() * 2 * MEAN_STEPS);
    since = processorTime();
    return false;
  });
  await work();
};

if (replicas) {
  runner.boot({ workers: Math.max(3, Math.ceil(replicas / 105)) });
  runner.writeFile('web.yaml', manifest(replicas));
  await sampled(() => runner.run('kubectl apply -f web.yaml && kubectl rollout status deployment/web'));
} else await sampled(() => runner.boot({}));
console.log(`${what}: ${Math.round(all / 1000)} ms of processor time in ${samples} samples`);
console.log(`and ${Math.round(collections / 1000)} ms for garbage collection, in all of it`);
if (below) callers.print(`callers of ${below}`, all, 20);
own.print('own', all, OWN_ROWS);
total.print('with what they call', all, TOTAL_ROWS);
