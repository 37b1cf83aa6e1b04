// Files that flags of kube-apiserver name: one YAML document of a known kind.

import { part } from '../parts/index.ts';

/** Why the server does not start. */
export interface Problem {
  reason: string;
}

export function document<T extends object>(
  text: string,
  kind: string,
  versions: readonly string[],
): { object: T } | Problem {
  const parsed = part('yaml').parseDocument(text, { schema: 'core' });
  if (parsed.errors.length) return { reason: `yaml: ${parsed.errors[0].message.split('\n')[0]}` };
  const object = (parsed.toJS() ?? {}) as T & { apiVersion?: string; kind?: string };
  if (!object.kind) return { reason: "Object 'Kind' is missing in the configuration" };
  if (object.kind !== kind || !versions.includes(object.apiVersion ?? '')) {
    return { reason: `no kind "${object.kind}" is registered for version "${object.apiVersion ?? ''}"` };
  }
  return { object };
}
