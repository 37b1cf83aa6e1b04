// Kinds that are served in several versions are stored in one of them; here is how the others are made of it.
// Versions that differ in nothing but their name need no entry.

import type { KubeObject, ResourceInfo, Scheme } from '../../api/types.ts';

export interface Conversion {
  toStored(object: KubeObject): KubeObject;
  fromStored(object: KubeObject): KubeObject;
}

type Convert = (object: KubeObject) => KubeObject;

/** By 'group/version/Kind': to and from the stored version of that kind. */
const CONVERSIONS: Record<string, { toStored: Convert; fromStored: Convert }> = {
  'events.k8s.io/v1/Event': {
    toStored({ regarding, note, deprecatedSource, deprecatedFirstTimestamp, deprecatedLastTimestamp, deprecatedCount, ...rest }) {
      return defined({
        ...rest,
        apiVersion: 'v1',
        involvedObject: regarding,
        message: note,
        source: deprecatedSource,
        firstTimestamp: deprecatedFirstTimestamp,
        lastTimestamp: deprecatedLastTimestamp,
        count: deprecatedCount,
        reportingController: undefined,
        reportingComponent: rest.reportingController,
      });
    },
    fromStored({ involvedObject, message, source, firstTimestamp, lastTimestamp, count, reportingComponent, ...rest }) {
      return defined({
        ...rest,
        apiVersion: 'events.k8s.io/v1',
        regarding: involvedObject,
        note: message,
        reportingController: reportingComponent,
        deprecatedSource: source,
        deprecatedFirstTimestamp: firstTimestamp,
        deprecatedLastTimestamp: lastTimestamp,
        deprecatedCount: count,
      });
    },
  },
  'autoscaling/v1/HorizontalPodAutoscaler': {
    toStored({ spec, status, ...rest }) {
      const { targetCPUUtilizationPercentage: target, ...specRest } = spec ?? {};
      const { currentCPUUtilizationPercentage: current, ...statusRest } = status ?? {};
      return defined({
        ...rest,
        apiVersion: 'autoscaling/v2',
        spec: defined({ ...specRest, metrics: target === undefined ? undefined : [cpu('target', 'Utilization', target)] }),
        status: status && defined({ ...statusRest, currentMetrics: current === undefined ? undefined : [cpu('current', '', current)] }),
      }) as KubeObject;
    },
    fromStored({ spec, status, ...rest }) {
      const { metrics, behavior: _behavior, ...specRest } = spec ?? {};
      const { currentMetrics, conditions: _conditions, ...statusRest } = status ?? {};
      return defined({
        ...rest,
        apiVersion: 'autoscaling/v1',
        spec: defined({
          ...specRest,
          targetCPUUtilizationPercentage: cpuOf(metrics)?.target?.averageUtilization,
        }),
        status:
          status && defined({ ...statusRest, currentCPUUtilizationPercentage: cpuOf(currentMetrics)?.current?.averageUtilization }),
      }) as KubeObject;
    },
  },
};

type Metric = { type: string; resource?: { name: string; target?: { averageUtilization?: number }; current?: { averageUtilization?: number } } };

const cpu = (field: 'target' | 'current', type: string, averageUtilization: number) => ({
  type: 'Resource',
  resource: { name: 'cpu', [field]: type ? { type, averageUtilization } : { averageUtilization } },
});

const cpuOf = (metrics: Metric[] | undefined) =>
  metrics?.find((metric) => metric.type === 'Resource' && metric.resource?.name === 'cpu')?.resource;

function defined<T extends Record<string, unknown>>(object: T): T {
  const out: Record<string, unknown> = {};
  for (const key in object) if (object[key] !== undefined) out[key] = object[key];
  return out as T;
}

/** Where a kind with several versions is stored; else the first version that the catalogue lists. */
const STORED: Record<string, string> = { Event: 'v1', HorizontalPodAutoscaler: 'autoscaling/v2' };

const known = new WeakMap<ResourceInfo, Conversion | null>();

/** Undefined when `info` is the stored version itself. */
export function conversionOf(scheme: Scheme, info: ResourceInfo): Conversion | undefined {
  let conversion = known.get(info);
  if (conversion === undefined) known.set(info, (conversion = find(scheme, info) ?? null));
  return conversion ?? undefined;
}

function find(scheme: Scheme, info: ResourceInfo): Conversion | undefined {
  const versions = scheme.resources().filter((other) => other.storagePrefix === info.storagePrefix);
  const stored = versions.find((other) => other.groupVersion === STORED[info.kind]) ?? versions[0] ?? info;
  if (stored.groupVersion === info.groupVersion) return undefined;
  return (
    CONVERSIONS[`${info.groupVersion}/${info.kind}`] ?? {
      toStored: (object) => ({ ...object, apiVersion: stored.groupVersion }),
      fromStored: (object) => ({ ...object, apiVersion: info.groupVersion }),
    }
  );
}
