// The peer in the benchmark: a Deployment on @ngrok/webernetes, straight on Node. Its packages import
// without file endings, so it is bundled before it runs.

import { build } from 'esbuild';
import { mkdirSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

export interface Peer {
  /** Wall time of a new cluster, ms. */
  boot(): Promise<number>;
  /** Wall time from apply to all Pods Ready, ms. */
  replicas(count: number): Promise<number>;
}

const PROGRAM = `
import { BaseImage, Cluster } from '@ngrok/webernetes';
class Web extends BaseImage {
  static imageName = 'nginx';
  static imageVersion = '1.27';
  defaultCommand = ['server'];
  async exec(ctx, argv) {
    if (argv[0] !== 'server') return super.exec(ctx, argv);
    ctx.listenHttp(80, async () => ({ statusCode: 200, body: 'ok' }));
    return ctx.waitUntilKilled();
  }
}
async function cluster() {
  const cluster = new Cluster();
  cluster.registerImage(Web);
  await cluster.init();
  return cluster;
}
export async function boot() {
  const began = performance.now();
  const c = await cluster();
  const took = performance.now() - began;
  await c.close?.();
  return took;
}
export async function replicas(count) {
  const c = await cluster();
  const began = performance.now();
  await c.apply([{
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' },
    spec: {
      replicas: count, selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'nginx', image: 'nginx:1.27' }] } },
    },
  }]);
  for (;;) {
    const d = await c.api.appsv1.readNamespacedDeployment({ name: 'web', namespace: 'default' });
    if (d.status?.readyReplicas === count) break;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const took = performance.now() - began;
  await c.close?.();
  return took;
}
`;

export async function webernetes(): Promise<Peer> {
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  const outfile = `${root}node_modules/.cache/kubebook/webernetes.mjs`;
  mkdirSync(`${root}node_modules/.cache/kubebook`, { recursive: true });
  await build({
    stdin: { contents: PROGRAM, resolveDir: root },
    bundle: true,
    outfile,
    format: 'esm',
    platform: 'node',
    logLevel: 'error',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  return (await import(pathToFileURL(outfile).href)) as Peer;
}
