// What an older release answers differently. A cluster's `version` says which release its API server is; where one is
// older than v1.35, the differences that clients see in the form of objects are here.

import { nullTimesIn, NO_NULL_TIMES } from '../api/null-times.ts';
import { structNameOf } from '../api/schema.ts';
import type { Catalog } from '../api/index.ts';
import type { KubeObject, ResourceInfo } from '../api/types.ts';

/** The minor number of 'v1.28.4': 28. */
export const minorOf = (version: string): number => Number(/^v?1\.(\d+)/.exec(version)?.[1] ?? 35);

/** The first release with the resources servicecidrs and ipaddresses; pods/resize came with them. */
export const SERVICE_CIDRS_SINCE = 33;
export const SERVICE_CIDRS = /^(servicecidrs|ipaddresses)/;

/** Admission policies are beta in these releases, and of v1 since the third of them. */
const BETA_POLICIES = { since: 28, until: 33, stable: 30 };
const POLICY_GROUP = 'admissionregistration.k8s.io';
const POLICIES = ['validatingadmissionpolicies', 'validatingadmissionpolicybindings'];

/** Serves what a release has in older versions than v1.35, and no more of it. */
export function serveOlderVersions(scheme: Catalog, version: string) {
  const minor = minorOf(version);
  const beta = minor >= BETA_POLICIES.since && minor <= BETA_POLICIES.until;
  for (const resource of POLICIES) {
    const info = scheme.resource(POLICY_GROUP, 'v1', resource);
    if (beta && info) scheme.serveAs(info, 'v1beta1');
    else scheme.removeResource(POLICY_GROUP, 'v1beta1', resource);
  }
}

/** Whether a release tells of a resource that v1.35 has; it is served all the same to who knows its path. */
export function tellsOf({ group, version, resource }: ResourceInfo, minor: number): boolean {
  if (minor < SERVICE_CIDRS_SINCE && group === 'networking.k8s.io' && SERVICE_CIDRS.test(resource)) return false;
  return !(minor < BETA_POLICIES.stable && group === POLICY_GROUP && version === 'v1' && POLICIES.includes(resource));
}

export const printsNullTimes = (version: string): boolean => minorOf(version) < NO_NULL_TIMES;

/** `object` as a release that prints null times shows it. */
export const withNullTimes = (info: ResourceInfo, object: KubeObject): KubeObject =>
  nullTimesIn(structNameOf(info.group, info.version, info.kind), object) as KubeObject;
