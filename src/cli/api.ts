// `kubebook api`: the engine's API over HTTP on 127.0.0.1, for real clients, and a kubeconfig that leads there.

import { writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { nodeEngine, readCluster, hostCall } from './host.ts';
import { serveApi } from './http/server.ts';
import { Runner } from '../sandbox/runner.ts';

export interface ApiOptions {
  port: number;
  kubeconfig: string;
  cluster?: string;
  speed: number;
  birth?: string;
}

export async function api(options: ApiOptions) {
  const cluster = readCluster(options.cluster);
  // Real clients reckon ages by their own clocks, so the cluster is born now.
  const birth = options.birth ?? cluster.birth ?? `${new Date().toISOString().slice(0, 19)}Z`;
  const runner = new Runner(await nodeEngine(), hostCall);
  runner.boot({ ...cluster, birth });
  const { url, token, ca } = await serveApi(runner, { port: options.port, speed: options.speed });
  writeFileSync(options.kubeconfig, stringify(kubeconfig(url, token, ca)));
  process.stderr.write(`serving ${url}, kubeconfig in ${options.kubeconfig}\n`);
}

export function kubeconfig(server: string, token: string, ca = '') {
  const cluster = { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') };
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'kubebook', cluster }],
    users: [{ name: 'kubernetes-admin', user: { token } }],
    contexts: [{ name: 'kubernetes-admin@kubebook', context: { cluster: 'kubebook', user: 'kubernetes-admin' } }],
    'current-context': 'kubernetes-admin@kubebook',
  };
}
