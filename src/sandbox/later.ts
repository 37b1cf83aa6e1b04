// Takes out of the core, the shell, kubectl and the images what a default cluster's boot and its first Deployment never run:
// functions and blocks that stand in scripts of their own, each loaded when the first of them is called. Which ones these are
// shows when all of them are marked and it runs once in the sandbox. Node only.

import variant from '@jitl/quickjs-wasmfile-release-sync';
import { CORE, QuickJSEngine, type EngineCode } from './quickjs.ts';
import { Runner } from './runner.ts';
import { exportsOf, Script, type Edit, type Movable } from './script.ts';
import { split } from './split.ts';

/** Characters from which on a stand-in is smaller. */
const WORTHWHILE = 20;

/** So many Pods that what only happens to many is there too. */
const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 200
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: nginx, image: nginx}]}
`;

const COMMANDS = 'kubectl apply -f web.yaml && kubectl rollout status deployment/web && kubectl get nodes';

/** What a reader's first command loads whole otherwise, beside the core. */
const SPLIT = [CORE, 'shell.js', 'kubectl.js', 'images.js'];

export async function setAside(code: EngineCode): Promise<EngineCode> {
  const scripts = SPLIT.map((file) => new Script(file, code[file], WORTHWHILE));
  const needed = await run({ ...code, ...Object.fromEntries(scripts.map((script) => [script.file, marked(script)])) });
  const parted: Record<string, string> = { ...code };
  for (const script of scripts) {
    const later: Movable[] = [];
    script.movables.forEach((movable, i) => {
      const { body, end } = movable;
      const inside = end <= (later.at(-1)?.end ?? 0);
      if (!needed.has(`${script.file} ${i}`) && !inside && body.end - body.start >= WORTHWHILE) later.push(movable);
    });
    Object.assign(parted, split(script, later));
  }
  return parted;
}

/** A script that notes which of its movable pieces run; the core tells it when asked. */
function marked(script: Script): string {
  const edits = script.movables.flatMap(({ body: { type, start, end } }, i): Edit[] => {
    const mark = `$ran.add("${script.file} ${i}")`;
    if (type === 'BlockStatement') return [[start + 1, start + 1, `${mark};`]];
    const [open, close] = type === 'Statements' ? [`{ ${mark}; `, ' }'] : [`(${mark}, `, ')'];
    return [
      [start, start, open],
      [end, end, close],
    ];
  });
  const text = `${script.edited(edits)}\n${exportsOf(script.exports)}`;
  if (script.file !== CORE) return text;
  return `globalThis.$ran = new Set();
${text}
const $call = kubebook.call;
kubebook.call = (method, json) => (method === 'ran' ? JSON.stringify([...$ran]) : $call(method, json));
`;
}

/** The pieces that run until a cluster's first Deployment is ready and its nodes have been looked at. */
async function run(code: EngineCode): Promise<Set<string>> {
  const runner = new Runner(await QuickJSEngine.create(variant, code), () => Promise.reject(new Error('no jq here')));
  runner.boot({});
  runner.writeFile('web.yaml', DEPLOYMENT);
  const { exitCode } = await runner.run(COMMANDS);
  if (exitCode !== 0) throw new Error('the first Deployment does not become ready');
  return new Set(runner.call<string[]>('ran'));
}
