// DefaultTolerationSeconds: Pods stay five minutes on a node that is not ready or not reachable.

import type { Toleration } from '../../api/types.ts';
import { NOTHING_ELSE, onPods, type AdmissionPlugin } from './types.ts';

const SECONDS = 300;
const tolerationFor = (key: string): Toleration => ({
  key,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: SECONDS,
});
const DEFAULTS = [tolerationFor('node.kubernetes.io/not-ready'), tolerationFor('node.kubernetes.io/unreachable')];
/** What Pods without tolerations of their own share. */
const ONLY_DEFAULTS: readonly Toleration[] = DEFAULTS;

export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  handles: onPods('CREATE', 'UPDATE'),
  mutate({ object }) {
    const present: readonly Toleration[] = object.spec?.tolerations ?? [];
    const missing = present.length
      ? DEFAULTS.filter((wanted) => !present.some((own) => tolerates(own, wanted.key as string)))
      : ONLY_DEFAULTS;
    if (missing.length === 0) return object;
    const tolerations = present.length ? [...present, ...missing] : missing;
    return { ...object, spec: { ...object.spec, tolerations } };
  },
  findings: () => NOTHING_ELSE,
};

const tolerates = ({ key, effect }: Toleration, wanted: string): boolean =>
  (key === undefined || key === '' || key === wanted) &&
  (effect === undefined || effect === '' || effect === 'NoExecute');
