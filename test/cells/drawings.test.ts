import { describe, expect, it } from 'vitest';
import { drawingOf } from '../../src/cells/drawings.ts';
import { startTerminal } from '../sim-command/terminal.ts';

describe('a drawing of an output', () => {
  const { run } = startTerminal();
  run(`kubectl run web --image=nginx --port=80 --expose --overrides='{"spec":{"nodeName":"worker-2"}}'`);
  run(`kubectl run a --image=busybox -- sleep 1h`);
  run('kubectl wait --for=condition=Ready pod --all; sim advance 2s');
  const drawn = (command: string) => drawingOf(command, run(command)) ?? '';

  it('shows the places of a packet in their order, each once, and its rewrites', () => {
    const html = drawn('sim trace node/worker-1 service/web --only rewrite,route,verdict');
    const places = [...html.matchAll(/class="kb-place" data-kind="(\w+)"><b>([^<]+)</g)].map(([, kind, name]) => [
      kind,
      name,
    ]);
    expect(places).toEqual([
      ['machine', 'worker-1'],
      ['machine', 'worker-2'],
      ['pod', 'default/web'],
    ]);
    expect(html).toMatch(/data-step="rewrite"><b>\w*-?<\/b> destination becomes 10\.244\.2\.\d+:80/);
  });

  it('hangs the Pods on the bridge of their machine', () => {
    const html = drawn('sim network worker-2 -n default');
    expect(html).toMatch(
      /<b>worker-2<\/b>.*data-kind="bridge"><b>cni0<\/b>.*class="kb-plug"><b>default\/web<\/b> <span>10\.244\.2\.\d+<\/span>/,
    );
    expect(html).not.toContain('kube-system');
  });

  it('gives each node a bar of its scores, as long as its total', () => {
    const html = drawn('sim explain a');
    const bars = html.match(/<rect/g) ?? [];
    const [, plugins] = /<ul class="kb-scores-key">(.*)<\/ul>/.exec(html) ?? ['', ''];
    expect(bars).toHaveLength(3 * (plugins.match(/<li/g) ?? []).length);
  });

  it('is left out for other commands, and for outputs that are none', () => {
    expect(drawingOf('kubectl get pods', run('kubectl get pods'))).toBeUndefined();
    expect(drawingOf('sim trace pod/none service/web', run('sim trace pod/none service/web'))).toBeUndefined();
    expect(
      drawingOf('sim trace pod/a service/web -o json', run('sim trace pod/a service/web -o json')),
    ).toBeUndefined();
  });
});
