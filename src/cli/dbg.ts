import { start } from './host.ts';
const r = await start({ unsandboxed: process.argv[2]==='n', files: '/tmp/f' });
for (const c of process.argv.slice(3)) { if (c.startsWith('+')) { r.call('advance', r.now()+Number(c)*1000); continue; }
 console.log('$ '+c); const x=performance.now(); const e = await r.run(c, { onOutput: (_s, t) => process.stdout.write(t) }); console.log('->',e.exitCode, Math.round(performance.now()-x)+'ms'); }
