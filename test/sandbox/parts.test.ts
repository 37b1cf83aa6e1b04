// Parts of the engine load when they are first needed: a feature that slips into every cluster's boot shows here.
import variant from '@jitl/quickjs-wasmfile-release-sync';
import { expect, test } from 'vitest';
import { engineCode, hostCall } from '../../src/cli/host.ts';
import type { EngineCode } from '../../src/sandbox/quickjs.ts';
import { QuickJSEngine } from '../../src/sandbox/quickjs.ts';
import { Runner } from '../../src/sandbox/runner.ts';

test('a cluster boots from the core and the part that applies', async () => {
  const loaded: string[] = [];
  const code = new Proxy(await engineCode(), {
    get: (scripts: EngineCode, name: string) => {
      if (name in scripts && !name.startsWith('shared-')) loaded.push(name);
      return scripts[name];
    },
  });
  const runner = new Runner(await QuickJSEngine.create(variant, code), hostCall);
  loaded.length = 0;
  runner.boot({});
  expect([...new Set(loaded)]).toEqual(['apply.js']);
});
