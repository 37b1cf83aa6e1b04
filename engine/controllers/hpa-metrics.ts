// The resource metrics API as the autoscaler reads it: what Pods use of cpu or memory.

import { ApiError, type Client } from '../client/index.ts';
import { quantityMilli } from '../api/quantity.ts';

/** Of one Pod. `value`: millicores, or thousandths of a byte. */
export interface PodMetric {
  value: number;
  /** When it was taken, ms, and over how long. */
  at: number;
  window: number;
}

export type PodMetrics = Map<string, PodMetric>;

/** Why there is no metric; the message is what is said of it. */
export class MetricError extends Error {}

interface PodMetricsList {
  items: {
    metadata: { name: string };
    timestamp: string;
    window: string;
    containers: { name: string; usage: Record<string, string> }[];
  }[];
}

/** Usage by Pod, of all containers or of one. */
export function resourceMetrics(
  client: Client,
  namespace: string,
  selector: string,
  resource: string,
  container: string | undefined,
): PodMetrics {
  const path = `/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods`;
  let list: PodMetricsList;
  try {
    list = client.send({ method: 'GET', path, query: { labelSelector: selector } }).body as unknown as PodMetricsList;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const text =
      error.code === 404 && error.status?.kind !== 'Status'
        ? 'the server could not find the requested resource (get pods.metrics.k8s.io)'
        : error.message;
    throw new MetricError(`unable to fetch metrics from resource metrics API: ${text}`);
  }
  if (list.items.length === 0) throw new MetricError('no metrics returned from resource metrics API');
  const metrics: PodMetrics = new Map();
  for (const { metadata, timestamp, window, containers } of list.items) {
    let value: number | undefined;
    for (const { name, usage } of containers) {
      if (container !== undefined && name !== container) continue;
      if (usage[resource] === undefined) {
        value = undefined;
        break;
      }
      value = (value ?? 0) + quantityMilli(usage[resource]);
    }
    if (value !== undefined)
      metrics.set(metadata.name, { value, at: Date.parse(timestamp), window: parseFloat(window) * 1000 });
    else if (container !== undefined && !containers.some(({ name }) => name === container))
      throw new MetricError(
        `failed to get container metrics: container ${container} not present in metrics for pod ${namespace}/${metadata.name}`,
      );
  }
  return metrics;
}

/** What asking for a metric says when no adapter serves the API: the words of a cluster without one. */
export const noCustomMetrics = () =>
  new MetricError(
    'unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered',
  );

export const noExternalMetrics = (name: string) =>
  new MetricError(
    `unable to fetch metrics from external metrics API: the server could not find the requested resource (get ${name}.external.metrics.k8s.io)`,
  );
