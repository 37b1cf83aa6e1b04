// What all requests of one kind have in common: found out with the first, and remembered for those who say where their
// requests lead to, since components ask for the same few things again and again.

import type { Catalog, ResourceInfo, SubresourceInfo } from '../api/index.ts';
import type { Standing } from './authorization/index.ts';
import type { UnreadEndpoint } from './handlers/create-unread.ts';
import type { Counts } from './metrics.ts';
import type { Route } from './route.ts';
import type { Subresource } from './subresources/index.ts';
import type { ApiRequest, Place } from './types.ts';

export interface Endpoint {
  readonly info: ResourceInfo;
  readonly sub: SubresourceInfo | undefined;
  /** Who answers, if not the store. */
  readonly own: Subresource | undefined;
  /** The warning that any use of the kind brings. */
  readonly warning: string | undefined;
  /** Of one of its requests: the others differ in nothing but the name. */
  readonly route: Route;
  readonly counts: Counts;
  readonly standing: Standing;
  /** Set when somebody has created what nobody reads. */
  unread: UnreadEndpoint | undefined;
}

/** Endpoints of the release and the resources that are served now. */
export class Endpoints {
  private readonly scheme: Catalog;
  private known = new WeakMap<Place, Record<string, Endpoint>>();
  private resources: readonly ResourceInfo[] = [];
  private minor = 0;

  constructor(scheme: Catalog) {
    this.scheme = scheme;
  }

  find(place: Place, { name = '', method }: ApiRequest, minor: number): Endpoint | undefined {
    const resources = this.scheme.resources();
    if (resources !== this.resources || minor !== this.minor) {
      this.known = new WeakMap();
      this.resources = resources;
      this.minor = minor;
    }
    const found = this.known.get(place)?.[method];
    if (!found || (name === '') !== (found.route.name === '')) return undefined;
    // A name with a slash or a percent sign makes another path.
    return name === '' || (name.indexOf('/') < 0 && name.indexOf('%') < 0) ? found : undefined;
  }

  /** Remembers what was found out with a request. */
  add({ place, name = '', method }: ApiRequest, endpoint: Endpoint) {
    const { verb, info, rest, subresource, name: read } = endpoint.route;
    if (!place || name !== read || rest !== '' || subresource !== place.subresource) return;
    // Lists and watches are told apart by their query; a namespace's name is its namespace, too.
    if (verb === 'list' || verb === 'watch' || info?.resource === 'namespaces') return;
    let known = this.known.get(place);
    if (!known) this.known.set(place, (known = {}));
    known[method] = endpoint;
  }
}
