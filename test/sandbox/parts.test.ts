// Parts of the engine load when they are first needed: a feature that slips into every cluster's boot shows here.
import variant from '@jitl/quickjs-wasmfile-release-sync';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { engineCode, hostCall } from '../../src/cli/host.ts';
import { coreScripts } from '../../src/sandbox/bundle.ts';
import { CORE, QuickJSEngine, type EngineCode } from '../../src/sandbox/quickjs.ts';
import { Runner } from '../../src/sandbox/runner.ts';

const MOST_BYTES = 200 * 1024;

/** A cluster, and the names of the scripts that it has loaded since it booted. */
async function boot() {
  const loaded = new Set<string>();
  const code = new Proxy(await engineCode(), {
    get: (scripts: EngineCode, name: string) => {
      if (name in scripts && !name.startsWith('shared-')) loaded.add(name);
      return scripts[name];
    },
  });
  const runner = new Runner(await QuickJSEngine.create(variant, code), hostCall);
  loaded.clear();
  runner.boot({});
  return { runner, loaded };
}

test('a cluster boots from the core and the part that applies', async () => {
  expect([...(await boot()).loaded]).toEqual(['apply.js']);
});

test('a first Deployment needs nothing of the core that was set aside; its deletion does', async () => {
  const { runner, loaded } = await boot();
  const setAside = () => [...loaded].filter((name) => name.startsWith('later-'));
  const deployment = { replicas: 2, selector: { matchLabels: { app: 'a' } }, template: {} };
  deployment.template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'a', image: 'nginx' }] } };
  const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a' }, spec: deployment };
  runner.writeFile('a.json', JSON.stringify(object));
  await runner.run('kubectl apply -f a.json && kubectl rollout status deployment/a');
  expect(setAside()).toEqual([]);
  expect((await runner.run('kubectl delete deployment a')).exitCode).toBe(0);
  expect(setAside()).toContain('later-apiserver.js');
});

test('the core is small', async () => {
  const code = await engineCode();
  const bytes = coreScripts(code).reduce((sum, name) => sum + gzipSync(code[name]).length, 0);
  expect(bytes).toBeLessThan(MOST_BYTES);
});

test('every script of the engine is one that QuickJS compiles', async () => {
  const code = await engineCode();
  const door = 'kubebook.call = (_, name) => (loadPart(name), name);';
  const engine = await QuickJSEngine.create(variant, { ...code, [CORE]: `${code[CORE]};${door}` });
  for (const name of Object.keys(code)) if (name !== CORE) engine.call('load', name.replace('.js', ''));
});
