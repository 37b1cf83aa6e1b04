// HorizontalPodAutoscalers in their two versions.

import { set } from './change.ts';
import type { JsonObject, KubeObject } from './types.ts';

const METRICS_ANNOTATION = 'autoscaling.alpha.kubernetes.io/metrics';
const CPU_TARGET = 'targetCPUUtilizationPercentage';
const CPU_CURRENT = 'currentCPUUtilizationPercentage';

const isCpu = (metric: JsonObject) => metric.type === 'Resource' && metric.resource?.name === 'cpu';

/** v1 has one CPU target; other metrics travel in an annotation. */
function autoscalerToV1(object: KubeObject): KubeObject {
  const { metrics = [], behavior: _behavior, ...spec } = object.spec as JsonObject;
  const cpu = metrics.find((m: JsonObject) => isCpu(m) && m.resource.target.averageUtilization !== undefined);
  const others = metrics.filter((m: JsonObject) => m !== cpu);
  let out = set(object, 'spec', cpu ? { ...spec, [CPU_TARGET]: cpu.resource.target.averageUtilization } : spec);
  if (others.length) {
    const annotations = { ...out.metadata.annotations, [METRICS_ANNOTATION]: JSON.stringify(others) };
    out = set(out, 'metadata', { ...out.metadata, annotations });
  }
  if (object.status) {
    const { currentMetrics, conditions: _conditions, ...status } = object.status as JsonObject;
    const current = (currentMetrics ?? []).find(isCpu)?.resource.current.averageUtilization;
    out = set(out, 'status', {
      currentReplicas: 0,
      ...status,
      ...(current !== undefined && { [CPU_CURRENT]: current }),
    });
  }
  return out;
}

function autoscalerToV2(object: KubeObject): KubeObject {
  const { [CPU_TARGET]: target, ...spec } = object.spec as JsonObject;
  const metrics: JsonObject[] = [];
  const stored = object.metadata.annotations?.[METRICS_ANNOTATION];
  if (target !== undefined) {
    metrics.push({
      type: 'Resource',
      resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: target } },
    });
  }
  let out = object;
  if (stored) {
    try {
      metrics.push(...(JSON.parse(stored) as JsonObject[]));
    } catch {
      // An annotation that is no list of metrics is dropped, as upstream's conversion does.
    }
    const { [METRICS_ANNOTATION]: _dropped, ...annotations } = object.metadata.annotations as Record<string, string>;
    out = set(out, 'metadata', { ...out.metadata, annotations });
  }
  out = set(out, 'spec', metrics.length ? { ...spec, metrics } : spec);
  if (object.status) {
    const { [CPU_CURRENT]: current, ...status } = object.status as JsonObject;
    const currentMetrics =
      current === undefined
        ? null
        : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: current } } }];
    out = set(out, 'status', { desiredReplicas: 0, currentMetrics, ...status });
  }
  return out;
}

export const convertAutoscaler = (object: KubeObject, version: string): KubeObject =>
  version === 'v1' ? autoscalerToV1(object) : autoscalerToV2(object);
