// Plug-ins of the part `requests`, which loads when they first have something to do.

import { part } from '../../parts/index.ts';
import type { AdmissionOperation, AdmissionPlugin } from './types.ts';

/** What is done by plug-ins that look at a few rare resources, by their names. */
export type RareAdmission = Readonly<Record<string, Pick<AdmissionPlugin, 'mutate' | 'validate'>>>;

/** `handles` of a plug-in for one operation on some resources, 'resource.group/subresource'. */
export const on =
  (operation: AdmissionOperation, ...resources: string[]): AdmissionPlugin['handles'] =>
  (asked, { group, resource }, subresource) =>
    asked === operation &&
    resources.includes((group ? `${resource}.${group}` : resource) + (subresource && `/${subresource}`));

export function later(
  name: string,
  point: 'mutate' | 'validate',
  handles: AdmissionPlugin['handles'],
): AdmissionPlugin {
  const plugin = () => part('requests').admission[name];
  return point === 'mutate'
    ? { name, handles, mutate: (attributes, host) => plugin().mutate?.(attributes, host) ?? attributes.object }
    : { name, handles, validate: (attributes, host) => plugin().validate?.(attributes, host) };
}

/** The place of a plug-in that has nothing to do before there is an object of its kind: see extensions.ts. */
export const byObject = (name: string): AdmissionPlugin => ({ name, handles: () => false });
