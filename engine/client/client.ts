// How components of the cluster talk to the API server: verbs over the one `handle`, nothing else.
// Failures are thrown as ApiError, which carries the Status that the server answered.

import type {
  ApiRequest,
  ApiResponse,
  Handle,
  Noted,
  Place,
  Status,
  UserInfo,
  WatchStream,
} from '../apiserver/types.ts';
import type { KubeObject } from '../api/types.ts';

export class ApiError extends Error {
  /** A program that does not expect it ends with it (see linux/host.ts). */
  readonly endsProgram = true;
  readonly status: Status;
  readonly code: number;
  constructor(response: ApiResponse) {
    const status = response.body as Status;
    super(status?.message ?? `request failed with code ${response.code}`);
    this.status = status;
    this.code = response.code;
  }
  get reason(): string {
    return this.status?.reason ?? '';
  }
}

export const isNotFound = (error: unknown) => error instanceof ApiError && error.reason === 'NotFound';
export const isConflict = (error: unknown) => error instanceof ApiError && error.reason === 'Conflict';
export const isAlreadyExists = (error: unknown) => error instanceof ApiError && error.reason === 'AlreadyExists';

export interface ListOptions {
  labelSelector?: string;
  fieldSelector?: string;
  resourceVersion?: string;
}

export interface DeleteOptions {
  propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
  gracePeriodSeconds?: number;
  preconditions?: { uid?: string; resourceVersion?: string };
}

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';
const PATCH_CONTENT: Record<PatchType, string> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

/** One identity's access to the API. */
export class Client {
  readonly user: UserInfo;
  private readonly handle: Handle;
  private readonly headers: Readonly<Record<string, string>>;
  /** Those of each kind of patch. */
  private readonly patchHeaders: Partial<Record<PatchType, Record<string, string>>> = {};
  private readonly resources = new Map<string, ResourceClient<never>>();

  /** `name`: the component, e.g. 'kube-scheduler'; it becomes the field manager. */
  constructor(handle: Handle, name: string, user: UserInfo) {
    this.handle = handle;
    this.user = user;
    this.headers = { 'user-agent': name };
  }

  /** The resource `plural` of 'v1' or 'apps/v1'. */
  of<T extends object = KubeObject>(groupVersion: string, plural: string, namespaced = true): ResourceClient<T> {
    const key = namespaced ? `${groupVersion}/${plural}` : `${groupVersion}//${plural}`;
    let resource = this.resources.get(key) as unknown as ResourceClient<T> | undefined;
    if (!resource) {
      resource = new ResourceClient<T>(this, groupVersion, plural, namespaced);
      this.resources.set(key, resource as unknown as ResourceClient<never>);
    }
    return resource;
  }

  /** Sends a request; throws ApiError for codes from 400. */
  send(request: Omit<ApiRequest, 'user'>): ApiResponse {
    const headers = request.headers ? { ...this.headers, ...request.headers } : this.headers;
    return this.answered(this.handle({ ...request, headers, user: this.user }));
  }

  /** Sends a patch; throws as `send` does. */
  patch(path: string, type: PatchType, body: object): ApiResponse {
    return this.answered(this.handle({ method: 'PATCH', path, headers: this.headersOf(type), body, user: this.user }));
  }

  /** @internal Sends what is about a place and perhaps about a name there; throws as `send` does. `type`: of a patch. */
  sendTo(
    place: Place,
    method: ApiRequest['method'],
    name: string | undefined,
    body?: object,
    type?: PatchType,
    patched?: ApiRequest['patched'],
  ): ApiResponse {
    const { collection, subresource } = place;
    const object = name === undefined ? collection : `${collection}/${name}`;
    const path = subresource === '' ? object : `${object}/${subresource}`;
    const headers = type ? this.headersOf(type) : this.headers;
    return this.answered(this.handle({ method, path, headers, body, patched, place, name, user: this.user }));
  }

  /** @internal Creates in a place what `unread` makes of `body`; throws as `send` does. */
  createUnread(place: Place, body: Noted, unread: ApiRequest['unread']) {
    const { headers, user } = this;
    this.answered(this.handle({ method: 'POST', path: place.collection, headers, body, unread, place, user }));
  }

  private headersOf(type: PatchType): Record<string, string> {
    return (this.patchHeaders[type] ??= { ...this.headers, 'content-type': PATCH_CONTENT[type] });
  }

  /** The same way to the server for somebody else: who shows this token, or nobody. */
  withToken(token?: string): Client {
    const authorization = token === undefined ? undefined : { authorization: `Bearer ${token}` };
    const handle: Handle = (request) =>
      this.handle({ ...request, user: undefined, headers: { ...request.headers, ...authorization } });
    return new Client(handle, this.headers['user-agent'], this.user);
  }

  private answered(response: ApiResponse): ApiResponse {
    if (response.later?.wait) response = response.later.wait();
    if (response.code >= 400) throw new ApiError(response);
    return response;
  }
}

/** A component asks for things in so many namespaces again and again; with more it begins anew. */
const MAX_NAMESPACES = 64;

export class ResourceClient<T extends object> {
  private readonly client: Client;
  private readonly base: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** By namespace and subresource. */
  private readonly places = new Map<string, Record<string, Place>>();
  constructor(client: Client, groupVersion: string, plural: string, namespaced: boolean) {
    this.client = client;
    this.base = groupVersion.includes('/') ? `/apis/${groupVersion}` : `/api/${groupVersion}`;
    this.plural = plural;
    this.namespaced = namespaced;
  }

  private place(namespace = '', subresource = ''): Place {
    let places = this.places.get(namespace);
    if (!places) {
      if (this.places.size === MAX_NAMESPACES) this.places.clear();
      this.places.set(namespace, (places = {}));
    }
    return (places[subresource] ??= { collection: this.collection(namespace), subresource });
  }

  private collection(namespace: string): string {
    return `${this.base}${this.namespaced && namespace ? `/namespaces/${namespace}` : ''}/${this.plural}`;
  }

  get(namespace: string, name: string): T {
    return this.client.sendTo(this.place(namespace), 'GET', name).body as T;
  }
  /** Undefined when it does not exist. */
  find(namespace: string, name: string): T | undefined {
    try {
      return this.get(namespace, name);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
  /** Namespace '' lists all. */
  list(namespace: string, options: ListOptions = {}): T[] {
    const path = this.collection(namespace);
    return (this.client.send({ method: 'GET', path, query: { ...options } }).body as { items: T[] }).items;
  }
  create(namespace: string, object: T, subresource?: string, name?: string): T {
    return this.client.sendTo(this.place(namespace, subresource), 'POST', name, object).body as T;
  }
  /** Creates what is known as valid and answers nothing; the object is made of what is noted when somebody reads it. */
  createUnread<N extends Noted>(namespace: string, noted: N, make: (noted: N) => T) {
    this.client.createUnread(this.place(namespace), noted, make as unknown as ApiRequest['unread']);
  }
  update(namespace: string, name: string, object: T, subresource?: string): T {
    return this.client.sendTo(this.place(namespace, subresource), 'PUT', name, object).body as T;
  }
  updateStatus(namespace: string, name: string, object: T): T {
    return this.update(namespace, name, object, 'status');
  }
  /** `patched`: what the sender knows it to make of an object. */
  patch(
    namespace: string,
    name: string,
    type: PatchType,
    patch: object | undefined,
    subresource?: string,
    patched?: { from: T; to: T; patch?: () => object },
  ): T {
    return this.client.sendTo(this.place(namespace, subresource), 'PATCH', name, patch, type, patched).body as T;
  }
  delete(namespace: string, name: string, options?: DeleteOptions) {
    const body = options && { kind: 'DeleteOptions', apiVersion: 'v1', ...options };
    this.client.sendTo(this.place(namespace), 'DELETE', name, body);
  }
  /** Watches from `resourceVersion`; without one, present objects come first as ADDED. */
  watch(namespace: string, options: ListOptions = {}): WatchStream {
    const path = this.collection(namespace);
    return this.client.send({ method: 'GET', path, query: { ...options, watch: 'true' } }).watch as WatchStream;
  }
}
