import { TestCluster, deployment } from '/work/main/test/controllers/cluster.ts';
const c = new TestCluster();
c.pass(1000);
console.log(c.list('v1','serviceaccounts').length, c.list('v1','configmaps').length);
c.create(deployment('web', 3));
c.pass(5000);
const show = () => {
  console.log(c.pods().map(p=>`${p.metadata.name} ${p.spec.nodeName} ${p.status?.phase}`));
  console.log(JSON.stringify(c.list('apps/v1','deployments').map((d:any)=>d.status),null,1));
  console.log(c.list('v1','events').map((e:any)=>`${e.involvedObject.kind}/${e.involvedObject.name} ${e.reason}: ${e.message}`).join('\n'));
  console.log(c.list('apps/v1','replicasets').map((r:any)=>`${r.metadata.name} ${r.spec.replicas} ${JSON.stringify(r.status)}`))
};
show();
const d = c.admin.of<any>('apps/v1','deployments');
d.patch('default','web','strategic',{spec:{template:{spec:{containers:[{name:'nginx',image:'nginx:1.28'}]}}}});
c.pass(20000);
show();
console.log(c.scheduler!.explain(`default/${c.pods()[0].metadata.name}`));
