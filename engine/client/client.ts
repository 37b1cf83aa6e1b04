// How components of the cluster talk to the API server: verbs over the one `handle`, nothing else.
// Failures are thrown as ApiError, which carries the Status that the server answered.

import type { ApiRequest, ApiResponse, Handle, Status, UserInfo, WatchStream } from '../apiserver/types.ts';
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
  private readonly patchHeaders: Partial<Record<PatchType, Readonly<Record<string, string>>>> = {};

  /** `name`: the component, e.g. 'kube-scheduler'; it becomes the field manager. */
  constructor(handle: Handle, name: string, user: UserInfo) {
    this.handle = handle;
    this.user = user;
    this.headers = { 'user-agent': name };
  }

  /** The resource `plural` of 'v1' or 'apps/v1'. */
  of<T extends object = KubeObject>(groupVersion: string, plural: string, namespaced = true): ResourceClient<T> {
    return new ResourceClient<T>(this, groupVersion, plural, namespaced);
  }

  /** Sends a request; throws ApiError for codes from 400. */
  send(request: Omit<ApiRequest, 'user'>): ApiResponse {
    const { method, path, query, body, unread } = request;
    const headers = request.headers ? { ...this.headers, ...request.headers } : this.headers;
    return this.answered(this.handle({ method, path, query, headers, body, unread, user: this.user }));
  }

  /** Sends a patch; throws as `send` does. */
  patch(path: string, type: PatchType, body: object, patched?: ApiRequest['patched']): ApiResponse {
    const headers = (this.patchHeaders[type] ??= { ...this.headers, 'content-type': PATCH_CONTENT[type] });
    return this.answered(this.handle({ method: 'PATCH', path, headers, body, patched, user: this.user }));
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

export class ResourceClient<T extends object> {
  private readonly client: Client;
  private readonly base: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** The collection asked for last: most requests of a component go to one namespace. */
  private lastNamespace: string | undefined;
  private lastPath = '';
  constructor(client: Client, groupVersion: string, plural: string, namespaced: boolean) {
    this.client = client;
    this.base = groupVersion.includes('/') ? `/apis/${groupVersion}` : `/api/${groupVersion}`;
    this.plural = plural;
    this.namespaced = namespaced;
  }

  private path(namespace: string | undefined, name?: string, subresource?: string): string {
    if (this.lastPath === '' || namespace !== this.lastNamespace) {
      this.lastNamespace = namespace;
      this.lastPath = `${this.base}${this.namespaced && namespace ? `/namespaces/${namespace}` : ''}/${this.plural}`;
    }
    if (name === undefined) return subresource ? `${this.lastPath}/${subresource}` : this.lastPath;
    return subresource ? `${this.lastPath}/${name}/${subresource}` : `${this.lastPath}/${name}`;
  }

  get(namespace: string, name: string): T {
    return this.client.send({ method: 'GET', path: this.path(namespace, name) }).body as T;
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
    const response = this.client.send({ method: 'GET', path: this.path(namespace), query: { ...options } });
    return (response.body as { items: T[] }).items;
  }
  create(namespace: string, object: T, subresource?: string, name?: string): T {
    return this.client.send({ method: 'POST', path: this.path(namespace, name, subresource), body: object }).body as T;
  }
  /** Creates what is known as valid and answers nothing. */
  createUnread(namespace: string, object: T) {
    this.client.send({ method: 'POST', path: this.path(namespace), body: object, unread: true });
  }
  update(namespace: string, name: string, object: T, subresource?: string): T {
    return this.client.send({ method: 'PUT', path: this.path(namespace, name, subresource), body: object }).body as T;
  }
  updateStatus(namespace: string, name: string, object: T): T {
    return this.update(namespace, name, object, 'status');
  }
  /** `patched`: what the sender knows it to make of an object. */
  patch(
    namespace: string,
    name: string,
    type: PatchType,
    patch: object,
    subresource?: string,
    patched?: { from: T; to: T },
  ): T {
    return this.client.patch(this.path(namespace, name, subresource), type, patch, patched).body as T;
  }
  delete(namespace: string, name: string, options?: DeleteOptions) {
    this.client.send({
      method: 'DELETE',
      path: this.path(namespace, name),
      body: options && { kind: 'DeleteOptions', apiVersion: 'v1', ...options },
    });
  }
  /** Watches from `resourceVersion`; without one, present objects come first as ADDED. */
  watch(namespace: string, options: ListOptions = {}): WatchStream {
    return this.client.send({ method: 'GET', path: this.path(namespace), query: { ...options, watch: 'true' } })
      .watch as WatchStream;
  }
}
