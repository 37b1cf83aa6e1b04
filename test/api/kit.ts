// What the tests of the catalogue share: one scheme, a Deployment and a Pod as users write them, and the way of a create.

import { createScheme, type FieldError, type KubeObject, type ResourceInfo } from '../../engine/api/index.ts';

export const scheme = createScheme();

export function resource(path: string): ResourceInfo {
  const parts = path.split('/');
  const name = parts.pop() as string;
  const info = parts.length === 1 ? scheme.resource('', parts[0], name) : scheme.resource(parts[0], parts[1], name);
  if (!info) throw new Error(`no resource ${path}`);
  return info;
}

export const pods = resource('v1/pods');
export const deployments = resource('apps/v1/deployments');

export const NOW = Date.UTC(2026, 0, 5, 9, 0, 0);
export const BORN = '2026-01-05T08:55:00Z';

export function podBody(spec: object = {}, meta: object = {}): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', ...meta },
    spec: { containers: [{ name: 'c', image: 'nginx' }], ...spec },
  };
}

export function deploymentBody(spec: object = {}): unknown {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'nginx:1.27' }] } },
      ...spec,
    },
  };
}

/** The object as the registry would store it, unvalidated. */
export function prepare(info: ResourceInfo, body: unknown): KubeObject {
  const decoded = scheme.decode(info, body).object;
  const named = info.namespaced ? { namespace: 'default' } : {};
  const metadata = { ...decoded.metadata, ...named, uid: 'u-1', creationTimestamp: BORN };
  const object = scheme.applyDefaults(info, { ...decoded, apiVersion: info.groupVersion, kind: info.kind, metadata });
  return scheme.prepareForCreate(info, object);
}

export function faults(info: ResourceInfo, body: unknown): string[] {
  return scheme.validate(info, prepare(info, body)).map(text);
}

export function updateFaults(info: ResourceInfo, before: unknown, after: unknown): string[] {
  const old = prepare(info, before);
  const decoded = scheme.decode(info, after).object;
  const metadata = { ...old.metadata, ...decoded.metadata };
  const object = scheme.prepareForUpdate(info, scheme.applyDefaults(info, { ...decoded, metadata }), old);
  return scheme.validateUpdate(info, object, old).map(text);
}

const text = (fault: FieldError) => `${fault.field}: ${fault.message}`;
