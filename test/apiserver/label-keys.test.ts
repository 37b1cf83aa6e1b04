import { describe, expect, it } from 'vitest';
import { pod, PODS, serve } from './support.ts';

const labelSelector = { matchLabels: { app: 'web' } };
const labels = { app: 'web', 'pod-template-hash': 'abc', track: 'canary' };
const labelled = (name: string, spec: object) => {
  const made = pod(name, spec);
  return { ...made, metadata: { ...made.metadata, labels } };
};
const spread = (more: object) => ({
  maxSkew: 1,
  topologyKey: 'kubernetes.io/hostname',
  whenUnsatisfiable: 'ScheduleAnyway',
  ...more,
});
const term = (more: object) => ({ topologyKey: 'kubernetes.io/hostname', ...more });

describe('the label keys of a Pod', () => {
  it('go into the selectors of its spread and of its affinity with the values of its own labels', () => {
    const { send } = serve();
    const { spec } = send(
      'POST',
      PODS,
      labelled('a', {
        topologySpreadConstraints: [spread({ labelSelector, matchLabelKeys: ['pod-template-hash', 'absent'] })],
        affinity: {
          podAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [
              term({ labelSelector, matchLabelKeys: ['pod-template-hash'], mismatchLabelKeys: ['track'] }),
            ],
          },
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              { weight: 1, podAffinityTerm: term({ labelSelector, matchLabelKeys: ['track'] }) },
            ],
          },
        },
      }),
    ).body;
    const is = (key: string, value: string, operator = 'In') => ({ key, operator, values: [value] });
    const hash = is('pod-template-hash', 'abc');
    expect(spec.topologySpreadConstraints[0]).toMatchObject({
      matchLabelKeys: ['pod-template-hash', 'absent'],
      labelSelector: { ...labelSelector, matchExpressions: [hash] },
    });
    const [required] = spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution;
    expect(required.labelSelector.matchExpressions).toEqual([hash, is('track', 'canary', 'NotIn')]);
    const [preferred] = spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution;
    expect(preferred.podAffinityTerm.labelSelector.matchExpressions).toEqual([is('track', 'canary')]);
  });

  it('may not name a label that the selector names already, nor be there without a selector', () => {
    const { send } = serve();
    const refused = (constraint: object) =>
      send('POST', PODS, labelled('b', { topologySpreadConstraints: [spread(constraint)] })).body.message;
    expect(refused({ labelSelector, matchLabelKeys: ['app'] })).toBe(
      'Pod "b" is invalid: spec.topologySpreadConstraints[0][0]: Invalid value: "app": exists in both matchLabelKeys and labelSelector',
    );
    expect(refused({ matchLabelKeys: ['app'] })).toContain('must not be specified when labelSelector is not set');
  });

  it('stay apart from the selector of a spread before v1.34', () => {
    const { send, server } = serve();
    server.setVersion('v1.33.2');
    const { spec } = send(
      'POST',
      PODS,
      labelled('old', { topologySpreadConstraints: [spread({ labelSelector, matchLabelKeys: ['track'] })] }),
    ).body;
    expect(spec.topologySpreadConstraints[0].labelSelector).toEqual(labelSelector);
  });
});
