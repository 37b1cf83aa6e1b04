// What an older release answers differently. A cluster's `version` says which release its API server is; where one is
// older than v1.35, the differences that clients see in the form of objects are here.

import { nullTimesIn, NO_NULL_TIMES } from '../api/null-times.ts';
import { structNameOf } from '../api/schema.ts';
import type { KubeObject, ResourceInfo } from '../api/types.ts';

/** The minor number of 'v1.28.4': 28. */
export const minorOf = (version: string): number => Number(/^v?1\.(\d+)/.exec(version)?.[1] ?? 35);

/** The first release with the resources servicecidrs and ipaddresses; pods/resize came with them. */
export const SERVICE_CIDRS_SINCE = 33;
export const SERVICE_CIDRS = /^(servicecidrs|ipaddresses)/;

export const printsNullTimes = (version: string): boolean => minorOf(version) < NO_NULL_TIMES;

/** `object` as a release that prints null times shows it. */
export const withNullTimes = (info: ResourceInfo, object: KubeObject): KubeObject =>
  nullTimesIn(structNameOf(info.group, info.version, info.kind), object) as KubeObject;
