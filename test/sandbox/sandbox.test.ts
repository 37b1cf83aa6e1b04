// What the sandbox promises: stops that work, limits that hold, states that come back, the same bytes every time.
import { beforeEach, describe, expect, test } from 'vitest';
import { hostCall, nodeEngine, quickjsEngine } from '../../src/cli/host.ts';
import type { QuickJSEngine } from '../../src/sandbox/quickjs.ts';
import { Runner, type EngineHandle } from '../../src/sandbox/runner.ts';

async function run(runner: Runner, command: string, onText?: (text: string) => void) {
  let text = '';
  const result = await runner.run(command, {
    onOutput: (_stream, chunk) => {
      text += chunk;
      onText?.(text);
    },
  });
  return { ...result, text };
}

let engine: QuickJSEngine;
let runner: Runner;

beforeEach(async () => {
  engine = await quickjsEngine();
  runner = new Runner(engine, hostCall);
  runner.boot({});
});

describe('Stop', () => {
  test.each([
    'while true; do :; done',
    'yes',
    'kubectl get pods --watch',
    'cat /dev/zero > /dev/null',
    'f() { f; }; while f; do :; done',
  ])('ends `%s`, and the terminal goes on', async (command) => {
    const stop = setTimeout(() => runner.stop(), 50);
    expect((await run(runner, command)).exitCode).not.toBe(0);
    clearTimeout(stop);
    expect((await run(runner, 'echo still here')).text).toBe('still here\n');
  });

  test('a flood of output arrives in slices and can be stopped', async () => {
    const { stopped, text } = await run(runner, 'yes', (soFar) => soFar.length > 1_000_000 && runner.stop());
    expect(stopped).toBe(true);
    expect(text.length).toBeGreaterThan(1_000_000);
    expect((await run(runner, 'echo ok')).text).toBe('ok\n');
  });
});

describe('capture and restore', () => {
  test('brings back cluster, files, variables and clock', async () => {
    await run(runner, 'x=1; echo one > note; kubectl create configmap a');
    const before = engine.capture();
    const now = runner.now();
    await run(runner, 'x=2; rm note; kubectl delete configmap a; sleep 60');
    engine.restore(before);
    expect(runner.now()).toBe(now);
    expect((await run(runner, 'echo $x; cat note; kubectl get configmap a -o name')).text).toBe(
      '1\none\nconfigmap/a\n',
    );
  });

  test('a capture shares the pages that did not change', async () => {
    const base = engine.capture();
    await run(runner, 'echo changed > note');
    const next = engine.capture(base);
    const shared = next.pages.filter((page, i) => page === base.pages[i]).length;
    expect(shared).toBeGreaterThan(next.pages.length / 2);
    expect(shared).toBeLessThan(next.pages.length);
  });
});

test('an hour of a cluster with nothing to do leaves the heap about as it was', async () => {
  await run(runner, 'sleep 600');
  const before = engine.heap;
  await run(runner, 'sleep 3600');
  // What waits for a collector is cycles: connections and tasks that hold themselves took 30 MB an hour.
  expect(engine.heap - before).toBeLessThan(10_000_000);
});

describe('the same bytes', () => {
  const script =
    'kubectl create deployment web --image=nginx --replicas=4; sleep 20; kubectl get pods -o wide; kubectl get events; kubectl get pods -o json | jq -c ".items[].metadata.uid"';
  const fresh = async (handle: EngineHandle, seed = 1) => {
    const other = new Runner(handle, hostCall);
    other.boot({ seed });
    return (await run(other, script)).text;
  };

  test('come from the same seed, inside QuickJS and on Node', async () => {
    const here = (await run(runner, script)).text;
    expect(await fresh(await quickjsEngine())).toBe(here);
    expect(await fresh(await nodeEngine())).toBe(here);
  });

  test('do not come from another seed', async () => {
    expect(await fresh(await nodeEngine(), 2)).not.toBe((await run(runner, script)).text);
  });
});

describe('bad input', () => {
  test('100,000 replicas can be asked for, stopped and deleted again', async () => {
    await run(runner, 'kubectl create deployment web --image=nginx --replicas=100000');
    const stop = setTimeout(() => runner.stop(), 500);
    await run(runner, 'sleep 600').catch((error: Error) => expect(error.message).toContain('ran out of memory'));
    clearTimeout(stop);
    if (engine.broken) return;
    expect((await run(runner, 'kubectl get deployment web -o jsonpath={.spec.replicas}')).text).toBe('100000');
  });

  test('a page’s cluster with a setting that does not exist is refused in one sentence', async () => {
    const other = await nodeEngine();
    expect(() => new Runner(other, hostCall).boot({ wrokers: 3 })).toThrow('cluster: unknown setting wrokers');
  });

  test('a node that is not there is named, and nothing runs', async () => {
    let text = '';
    const { exitCode } = await runner.run('hostname', { on: 'worker-9', onOutput: (_s, chunk) => (text += chunk) });
    expect([exitCode, text]).toEqual([1, 'there is no node worker-9 here: the nodes are cp-1, worker-1, worker-2\n']);
  });
});
