// The real helm: a chart with hooks, a StatefulSet, a Job, a test and notes goes through its whole life.

import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serve, type Served } from './served.ts';

const CHART = fileURLToPath(new URL('chart', import.meta.url));
let cluster: Served;

beforeAll(async () => void (cluster = await serve({ speed: 20 })));
afterAll(() => cluster.close());

test('installs, upgrades, tests, rolls back and uninstalls a chart', async () => {
  const installed = await cluster.helm(`install shop ${CHART} --wait --timeout 60s`);
  expect(installed).toContain('STATUS: deployed\nREVISION: 1\n');
  expect(installed).toContain('shop says hello with 1 replica(s).');
  expect(await cluster.kubectl('get statefulset,job -o name')).toBe(
    'statefulset.apps/shop-store\njob.batch/shop-migrate\njob.batch/shop-report-1\n',
  );
  expect(await cluster.kubectl('get widget shop -o jsonpath={.spec}')).toBe('{"colour":"blue","size":1}');
  expect(await cluster.kubectl('logs job/shop-migrate')).toBe('migrating to hello\n');

  const upgraded = await cluster.helm(`upgrade shop ${CHART} --set greeting=bye,replicas=2 --wait --timeout 60s`);
  expect(upgraded).toContain('Release "shop" has been upgraded. Happy Helming!');
  expect(await cluster.kubectl('get deployment shop-web -o jsonpath={.status.availableReplicas}')).toBe('2');
  expect(await cluster.kubectl('logs job/shop-migrate')).toBe('migrating to bye\n');

  expect(await cluster.helm('list --no-headers')).toMatch(/^shop\s+default\s+2\s.*deployed\s+shop-0.1.0\s+1.0/);
  expect(await cluster.helm('get values shop')).toBe('USER-SUPPLIED VALUES:\ngreeting: bye\nreplicas: 2\n');
  expect(await cluster.helm('test shop')).toContain('Phase:          Succeeded');

  await cluster.helm('rollback shop 1 --wait --timeout 60s');
  expect(await cluster.kubectl('get configmap shop-page -o jsonpath={.data.greeting}')).toBe('hello');
  expect(await cluster.helm('history shop')).toMatch(
    /1\s.*superseded[^]*2\s.*superseded[^]*3\s.*deployed.*Rollback to 1/,
  );

  expect(await cluster.helm('uninstall shop --wait')).toBe('release "shop" uninstalled\n');
  await expect(cluster.helm('status shop')).rejects.toThrow('release: not found');
  expect(await cluster.kubectl('get deployment,statefulset,secret -o name')).toBe('');
});

test('a release whose Pods never become ready has failed', async () => {
  const failing = cluster.helm(`install broken ${CHART} --set image=nginx:no-such-tag --wait --timeout 3s`);
  await expect(failing).rejects.toThrow(/INSTALLATION FAILED/);
  expect(await cluster.helm('status broken')).toContain('STATUS: failed\n');
});
