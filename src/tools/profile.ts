// Where the time goes inside QuickJS: samples the guest's stack while a Deployment of N replicas becomes ready.
// Usage: node src/tools/profile.ts 500
import variant from '@jitl/quickjs-wasmfile-release-sync';
import { build } from 'esbuild';
import { QuickJSEngine } from '../sandbox/quickjs.ts';
import { hostCall } from '../cli/host.ts';
import { Runner } from '../sandbox/runner.ts';
const n = Number(process.argv[2]);
const res = await build({ entryPoints: ['engine/index.ts'], bundle: true, write: false, format: 'iife', target: 'es2023', platform: 'neutral', mainFields: ['browser','module','main'], conditions: ['browser'] });
const e: any = await QuickJSEngine.create(variant as any, res.outputFiles[0].text);
const r = new Runner(e, hostCall);
r.boot({ workers: Math.max(3, Math.ceil(n/105)) } as any);
r.writeFile('web.yaml', `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: ${n}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: nginx, image: "nginx:1.27"}]}
`);
const self: Record<string, number> = {}, total: Record<string, number> = {};
let samples = 0, busy = false;
e.runtime.setInterruptHandler(() => {
  if (busy) return false;
  busy = true;
  const v = e.context.evalCode('new Error().stack', 'x');
  if (v.value) {
    const stack = e.context.getString(v.value).split('\n').map((l: string) => (/at (\S+)/.exec(l) ?? [])[1] + ':' + ((/:(\d+)(?::\d+)?\)?$/.exec(l) ?? [])[1] ?? '')).slice(1);
    v.value.dispose(); samples++;
    const f = stack.filter((x: string) => !x.startsWith('undefined'));
    if (f[0]) self[f[0]] = (self[f[0]] ?? 0) + 1;
    for (const x of new Set(f.map((x: string) => x.split(':')[0])) as Set<string>) total[x] = (total[x] ?? 0) + 1;
  }
  busy = false; return false;
});
const t = performance.now();
await r.run('kubectl create -f web.yaml');
let s=r.now(); r.call('advance', s+45000);
console.log('wall', performance.now()-t, 'samples', samples);
const top = (o: Record<string, number>, k: number) => Object.entries(o).sort((a,b)=>b[1]-a[1]).slice(0,k).map(([a,b])=>`${(b/samples*100).toFixed(1)}% ${a}`).join('\n');
console.log('SELF\n'+top(self,45)); console.log('TOTAL\n'+top(total,70));
