// POST of what its sender knows to be valid and never looks at again, as most events are: the key is written, and the
// object made when somebody reads it. Answered without the stages where none of them would have anything to say.

import type { KubeObject, ResourceInfo } from '../../api/types.ts';
import { formatTime } from '../../api/time.ts';
import type { Unread } from '../../etcd/index.ts';
import { Random } from '../../sim/index.ts';
import type { AdmissionPlugin } from '../admission/index.ts';
import { namespaceLifecycle } from '../admission/namespace-lifecycle.ts';
import { withKind } from '../body.ts';
import { fieldManager } from '../context.ts';
import type { Endpoint } from '../endpoint.ts';
import type { ApiRequest, Noted } from '../types.ts';
import { withoutUndefined } from '../without-undefined.ts';
import type { Core } from './types.ts';

/** What is known of an endpoint whose objects concern nobody but the store and, of admission, their namespace. */
export interface UnreadEndpoint {
  /** The plug-ins with which that is so. */
  plugins: readonly AdmissionPlugin[];
  /** In the store: the namespace, and what the keys of its objects begin with. */
  namespace: string;
  prefix: string;
  uids: Random;
}

/** Creates what `request` notes; false: it has to go through the stages. */
export function createUnread(core: Core, endpoint: Endpoint, request: ApiRequest): boolean {
  const { storage, admission } = core;
  const { etcd } = storage;
  let { unread } = endpoint;
  if (unread?.plugins !== admission.plugins) {
    if (!concernsNobody(core, endpoint)) return false;
    unread = endpoint.unread = unreadEndpoint(core, endpoint);
  }
  const namespace = etcd.get(unread.namespace)?.value as KubeObject | undefined;
  if (!namespace || namespace.metadata.deletionTimestamp || storage.atRest) return false;
  const key = unread.prefix + (request.body as Noted).name;
  if (etcd.get(key)) return false;
  storage.putUnread(endpoint.info, key, new Creation(core, endpoint, request, unread.uids.later()));
  return true;
}

function concernsNobody({ strategies, admission }: Core, { info, sub, own, warning, route }: Endpoint): boolean {
  if (sub || own || warning || info.custom || route.verb !== 'create' || !info.namespaced) return false;
  const strategy = strategies.of(info);
  return !strategy?.beforeCreate && !strategy?.afterCreate && admission.isOnly(namespaceLifecycle, 'CREATE', info);
}

function unreadEndpoint({ scheme, storage, admission, sim }: Core, { info, route }: Endpoint): UnreadEndpoint {
  const namespaces = scheme.resource('', 'v1', 'namespaces') as ResourceInfo;
  return {
    plugins: admission.plugins,
    namespace: storage.key(namespaces, '', route.namespace),
    prefix: storage.key(info, route.namespace, ''),
    uids: sim.random('uid'),
  };
}

class Creation implements Unread {
  private readonly core: Core;
  private readonly endpoint: Endpoint;
  private readonly request: ApiRequest;
  private readonly uid: number;
  private readonly at: number;

  constructor(core: Core, endpoint: Endpoint, request: ApiRequest, uid: number) {
    this.core = core;
    this.endpoint = endpoint;
    this.request = request;
    this.uid = uid;
    this.at = core.sim.now;
  }

  make(revision: number): object {
    const { scheme, storage, ledger } = this.core;
    const { info, route } = this.endpoint;
    const time = formatTime(this.at);
    const sent = withoutUndefined(objectOf(this.request)) as KubeObject;
    const object = scheme.applyDefaults(info, withKind(info, sent));
    const uid = new Random(this.uid).uuid();
    const metadata = { ...object.metadata, namespace: route.namespace, uid, creationTimestamp: time };
    const writer = { manager: fieldManager(this.request), subresource: '', time };
    return storage.stamped(info, { ...object, metadata }, revision, (result) =>
      ledger.note(info, result, undefined, writer),
    ).stored;
  }
}

const objectOf = ({ body, unread }: ApiRequest): object => unread!(body as Noted);

/** The same request with the object itself in its body. */
export const read = (request: ApiRequest): ApiRequest => ({ ...request, body: objectOf(request), unread: undefined });
