import { expect, test } from 'vitest';
import { strategicMerge } from '../../engine/apiserver/patch/strategic-merge.ts';
import { localMapping } from '../../engine/kubectl/resource/builder.ts';
import { builtinScheme } from '../../engine/kubectl/kubectl.ts';
import { threeWayPatch } from '../../engine/kubectl/patch/three-way.ts';

type Json = Record<string, any>;

const deployment = (spec: Json): Json => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec,
});
const pods = (containers: Json[], more: Json = {}): Json => ({ template: { spec: { containers, ...more } } });
const mapping = localMapping(deployment({}) as any);

/** Applies the patch as the server does. */
function applied(original: Json, modified: Json, current: Json): Json {
  const { type, patch } = threeWayPatch(mapping, original, modified, current);
  expect(type).toBe('strategic');
  const scheme = builtinScheme();
  return strategicMerge(scheme, scheme.kind('apps', 'v1', 'Deployment')!, current, patch);
}

test('fields that others have set stay, fields that left the file go', () => {
  const original = deployment({ replicas: 2, minReadySeconds: 5 });
  const modified = deployment({ replicas: 3 });
  const current = deployment({ replicas: 2, minReadySeconds: 5, progressDeadlineSeconds: 600 });
  expect(applied(original, modified, current).spec).toEqual({ replicas: 3, progressDeadlineSeconds: 600 });
});

test('containers merge by name: one is changed, one removed, a foreign one stays', () => {
  const original = deployment(
    pods([
      { name: 'a', image: 'a:1' },
      { name: 'b', image: 'b:1' },
    ]),
  );
  const modified = deployment(pods([{ name: 'a', image: 'a:2' }]));
  const current = deployment(
    pods([
      { name: 'a', image: 'a:1', imagePullPolicy: 'Always' },
      { name: 'b', image: 'b:1' },
      { name: 'sidecar', image: 's' },
    ]),
  );
  expect(applied(original, modified, current).spec.template.spec.containers).toEqual([
    { name: 'a', image: 'a:2', imagePullPolicy: 'Always' },
    { name: 'sidecar', image: 's' },
  ]);
});

test('nothing to do gives an empty patch', () => {
  const wanted = deployment(pods([{ name: 'a', image: 'a:1' }]));
  const current = deployment(
    pods([{ name: 'a', image: 'a:1', terminationMessagePath: '/dev/termination-log' }], { dnsPolicy: 'ClusterFirst' }),
  );
  expect(threeWayPatch(mapping, wanted, wanted, current).patch).toEqual({});
});

test('lists without a merge key are replaced as a whole', () => {
  const original = deployment(pods([{ name: 'a', args: ['x', 'y'] }]));
  const modified = deployment(pods([{ name: 'a', args: ['y'] }]));
  expect(applied(original, modified, original).spec.template.spec.containers[0].args).toEqual(['y']);
});

test('a strategy that changes its type drops the fields of the old one', () => {
  const original = deployment({ strategy: { type: 'RollingUpdate' } });
  const current = deployment({ strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%' } } });
  expect(applied(original, deployment({ strategy: { type: 'Recreate' } }), current).spec.strategy).toEqual({
    type: 'Recreate',
  });
});

test('custom resources get a JSON merge patch', () => {
  const custom = { apiVersion: 'example.com/v1', kind: 'CronTab', metadata: { name: 'x' } };
  const { type, patch } = threeWayPatch(
    localMapping(custom as any),
    { spec: { a: 1, list: [1] } },
    { spec: { list: [1, 2] } },
    { spec: { a: 1, b: 2, list: [1] } },
  );
  expect(type).toBe('merge');
  expect(patch).toEqual({ spec: { a: null, list: [1, 2] } });
});

test('what is replaced as a whole, or keeps only what is wanted, is sent though nothing differs', () => {
  const budget = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'b' } };
  const wanted = { ...budget, spec: { selector: { matchLabels: { a: 'b' } } } };
  expect(threeWayPatch(localMapping(wanted as any), wanted, wanted, wanted).patch).toEqual({ spec: wanted.spec });
  const rolling = { rollingUpdate: { maxUnavailable: 0 } };
  const one = deployment({ strategy: rolling });
  const live = deployment({ strategy: { ...rolling, type: 'RollingUpdate' } });
  const { patch } = threeWayPatch(mapping, one, one, live);
  expect(patch).toEqual({ spec: { strategy: { $retainKeys: ['rollingUpdate'] } } });
});

test('elements that others have added to a list make kubectl say its order', () => {
  const wanted = deployment(pods([{ name: 'a', image: 'a:1' }]));
  const live = deployment(
    pods([
      { name: 'a', image: 'a:1' },
      { name: 'sidecar', image: 's' },
    ]),
  );
  expect(threeWayPatch(mapping, wanted, wanted, live).patch).toEqual({
    spec: { template: { spec: { '$setElementOrder/containers': [{ name: 'a' }] } } },
  });
});
