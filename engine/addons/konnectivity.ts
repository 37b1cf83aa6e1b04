// The images of Konnectivity, whose programs load when the first of them runs.

import type { ApiRequest, Handle } from '../apiserver/types.ts';
import type { Repository } from '../images/types.ts';
import { lazyProgram, part } from '../parts/index.ts';

const TAGS = { 'v0.33.0': 'v0.33.0', 'v0.32.1': 'v0.32.1', 'v0.0.37': 'v0.0.37' };
const IMAGES = ['registry.k8s.io/kas-network-proxy', 'us.gcr.io/k8s-artifacts-prod/kas-network-proxy'];

export interface KonnectivityOptions {
  handle: Handle;
  /** The request as it comes over a connection with a client certificate. */
  connected: (request: ApiRequest, certificate: string | undefined, key: string | undefined) => ApiRequest;
}

export const konnectivityImages = (options: KonnectivityOptions): Repository[] => [
  {
    names: IMAGES.map((name) => `${name}/proxy-server`),
    tags: TAGS,
    size: 12_900_000,
    programs: { '/proxy-server': lazyProgram(() => part('konnectivity').server(options)) },
    memory: 14_000_000,
  },
  {
    names: IMAGES.map((name) => `${name}/proxy-agent`),
    tags: TAGS,
    size: 11_800_000,
    programs: { '/proxy-agent': lazyProgram(() => part('konnectivity').agent) },
    memory: 11_000_000,
  },
];
