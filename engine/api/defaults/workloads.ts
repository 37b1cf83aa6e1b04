// Defaults of the kinds of apps/v1 that most clusters have.

import { fill, set, update } from '../change.ts';
import type { JsonObject, KubeObject } from '../types.ts';
import { podTemplate } from './pod.ts';

const withTemplate = (spec: JsonObject) => update(spec, 'template', podTemplate);
const onSpec = (object: KubeObject, change: (spec: JsonObject) => JsonObject) =>
  set(object, 'spec', change(object.spec ?? {}));

export function deployment(object: KubeObject): KubeObject {
  return onSpec(object, (given) => {
    let spec = withTemplate(fill(given, { replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 }));
    let strategy = fill(spec.strategy ?? {}, { type: 'RollingUpdate' });
    if (strategy.type === 'RollingUpdate') {
      strategy = set(
        strategy,
        'rollingUpdate',
        fill(strategy.rollingUpdate ?? {}, { maxUnavailable: '25%', maxSurge: '25%' }),
      );
    }
    spec = set(spec, 'strategy', strategy);
    return spec;
  });
}

export function replicaSet(object: KubeObject): KubeObject {
  return onSpec(object, (spec) => withTemplate(fill(spec, { replicas: 1 })));
}

export function daemonSet(object: KubeObject): KubeObject {
  return onSpec(object, (given) => {
    const spec = withTemplate(fill(given, { revisionHistoryLimit: 10 }));
    let strategy = fill(spec.updateStrategy ?? {}, { type: 'RollingUpdate' });
    if (strategy.type === 'RollingUpdate') {
      strategy = set(strategy, 'rollingUpdate', fill(strategy.rollingUpdate ?? {}, { maxUnavailable: 1, maxSurge: 0 }));
    }
    return set(spec, 'updateStrategy', strategy);
  });
}
