import { nodeEngine, quickjsEngine, hostCall } from './host.ts';
import { Runner } from '../sandbox/runner.ts';
const n = Number(process.argv[3]);
const e = process.argv[2]==='n' ? await nodeEngine() : await quickjsEngine();
const r = new Runner(e, hostCall);
let t=performance.now(); r.boot({ workers: Math.max(3, Math.ceil(n/105)) } as any); console.log('boot', Math.round(performance.now()-t));
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
t=performance.now();
await r.run('kubectl create -f web.yaml');
let s=r.now(); 
for (let i=0;i<600;i++){ r.call('advance', s+i*100); const p=r.call<any>('request',{method:'GET',path:'/apis/apps/v1/namespaces/default/deployments/web',user:{name:'a',groups:['system:masters']}}); if (p.body.status?.readyReplicas===n) break; }
console.log(n,'ready wall', Math.round(performance.now()-t), 'virtual', r.now()-s, 'heap', (e as any).heap/1048576);
