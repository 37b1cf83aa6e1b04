// The API server: one `handle`, through the stages in their order (route, authentication, log, authorization,
// body, defaults, admission, validation, store, answer). Each stage is a file beside this one.

import type { Catalog, ResourceInfo } from '../api/index.ts';
import { formatTime } from '../api/time.ts';
import { Etcd } from '../etcd/index.ts';
import type { NetworkNamespace } from '../linux/index.ts';
import { part } from '../parts/index.ts';
import type { Sim } from '../sim/index.ts';
import { Aggregation } from './aggregation.ts';
import { AdmissionChain, DEFAULT_PLUGINS } from './admission/index.ts';
import { authenticate, union, type Authenticator } from './authentication/authenticate.ts';
import { basicUser, type Password } from './authentication/static-passwords.ts';
import { StaticTokens } from './authentication/static-tokens.ts';
import { BootstrapTokens } from './authentication/bootstrap-tokens.ts';
import { impersonate, isPlain } from './authentication/impersonation.ts';
import { openid } from './authentication/openid.ts';
import { ServiceAccountTokens } from './authentication/service-account-tokens.ts';
import { attributesOf } from './authorization/attributes.ts';
import { denied } from './authorization/forbidden.ts';
import { alwaysAllow, NodeAndRBAC, type Authorizer, type Decision } from './authorization/index.ts';
import { bootstrap } from './bootstrap/index.ts';
import { dryRunOf, param, type Context } from './context.ts';
import { Discovery } from './discovery.ts';
import type { Audit } from './audit/audit.ts';
import type { Encryption } from './encryption/configuration.ts';
import { directEgress, type Egress } from './egress.ts';
import { Endpoints, type Endpoint } from './endpoint.ts';
import { Extensions } from './extensions.ts';
import { create } from './handlers/create.ts';
import { createUnread, read } from './handlers/create-unread.ts';
import { remove } from './handlers/delete.ts';
import { checkRevision, deleteCollection, list } from './handlers/list.ts';
import { patch } from './handlers/patch.ts';
import type { Core } from './handlers/types.ts';
import { update, type Updated } from './handlers/update.ts';
import { watch } from './handlers/watch.ts';
import { checkBody } from './limits.ts';
import { Ledger } from './managed-fields/ledger.ts';
import { STRATEGIES, Strategies } from './registry/index.ts';
import { ServiceAllocators } from './registry/allocators.ts';
import { minorOf, printsNullTimes, serveOlderVersions } from './release.ts';
import { Metrics } from './metrics.ts';
import { checkParameters, isUsual } from './parameters.ts';
import { Replay, Suspended, Waiting } from './replay.ts';
import { RequestLog } from './request-log.ts';
import { listBody, MEMORY, negotiate, viewOf, watchViewOf, withWarnings, type Accepted } from './respond.ts';
import { hasScopeOf, isTrue, route, routeTo, target, type Route } from './route.ts';
import { notFound, StatusError } from './status.ts';
import { Storage } from './storage/storage.ts';
import { SUBRESOURCES } from './subresources/index.ts';
import { kubeletAddress } from './subresources/kubelet.ts';
import type { ApiRequest, ApiResponse, Handle, KubeletApi, UserInfo } from './types.ts';
import { virtualOf, type Virtual } from './virtual/index.ts';
import { hostPort } from '../linux/net/index.ts';

export type AuthorizationMode = 'AlwaysAllow' | 'Node,RBAC';

export interface ApiServerOptions {
  sim: Sim;
  scheme: Catalog;
  etcd?: Etcd;
  /** As /version says it; 'v1.35.0' when absent. */
  version?: string;
  /** One range, or one of each family with a comma; '10.96.0.0/16' when absent. */
  serviceCIDR?: string;
  /** Where the server listens, for the endpoints of the kubernetes Service; '172.18.0.2' when absent. */
  address?: string;
  /** --authorization-mode; 'AlwaysAllow' when absent. */
  authorizationMode?: AuthorizationMode;
  /** Freezes stored objects, for tests. */
  freeze?: boolean;
}

/** --etcd-compaction-interval: what is older than this is forgotten. */
const COMPACTION_MS = 300_000;

export class ApiServer implements Core {
  readonly sim: Sim;
  readonly scheme: Catalog;
  readonly etcd: Etcd;
  readonly storage: Storage;
  readonly admission: AdmissionChain;
  readonly strategies = new Strategies(STRATEGIES);
  allocators: ServiceAllocators;
  private serviceCIDR: string;
  readonly tokens: ServiceAccountTokens;
  /** Kubelets by node name: where logs, exec and attach are passed on to. */
  readonly kubelets = new Map<string, KubeletApi>();
  /** From the machine on which the server runs. */
  private direct: Egress | undefined;
  /** By --egress-selector-config-file or --ssh-user: the way into the cluster. */
  tunnel: Egress | undefined;
  kubeletCA: string | undefined;
  kubeletAddressTypes: readonly string[] | undefined;
  readonly requests = new RequestLog();
  /** By --audit-policy-file and --audit-log-path. */
  audit: Audit | undefined;
  /** Whether the request may be made that is being answered. */
  private decision: Decision | undefined;
  private readonly metrics = new Metrics();
  private readonly endpoints: Endpoints;
  private readonly startedAt: number;
  /** Of the release that serves. */
  version: string;
  nullTimes: boolean;
  minor: number;
  address: string;
  readonly ledger: Ledger;
  readonly authenticator: Authenticator;
  readonly staticTokens = new StaticTokens();
  /** --basic-auth-file */
  passwords: ReadonlyMap<string, Password> = new Map();
  private readonly basic = (header: string) => (this.passwords.size ? basicUser(header, this.passwords) : undefined);
  /** ID tokens of --oidc-issuer-url or --authentication-config. */
  openId: Authenticator | undefined;
  /** --authorization-mode; it may be another when the server starts again. */
  authorizer: Authorizer;
  /** By --authorization-mode. */
  readonly authorizers: Readonly<Record<AuthorizationMode, Authorizer>>;
  private readonly discovery: Discovery;
  readonly aggregation: Aggregation;
  readonly extensions: Extensions;
  private readonly waiting: Waiting;
  /** Of the request that is being answered; only where admission may ask somebody outside. */
  replay: Replay | undefined;
  /** Group versions that a function answers for, not the store. */
  readonly served = new Map<ResourceInfo, Virtual>();
  private compactAt: number;
  private compactTo: number;

  constructor(options: ApiServerOptions) {
    this.sim = options.sim;
    this.startedAt = options.sim.now / 1000;
    this.scheme = options.scheme;
    this.endpoints = new Endpoints(options.scheme);
    this.waiting = new Waiting(options.sim);
    this.etcd = options.etcd ?? new Etcd({ sim: options.sim, freeze: options.freeze });
    this.storage = new Storage(this.sim, this.scheme, this.etcd);
    this.admission = new AdmissionChain(this, DEFAULT_PLUGINS);
    this.tokens = new ServiceAccountTokens(this.sim, this.scheme, this.storage);
    this.version = options.version ?? 'v1.35.0';
    this.minor = minorOf(this.version);
    this.nullTimes = printsNullTimes(this.version);
    serveOlderVersions(this.scheme, this.version);
    this.address = options.address ?? '172.18.0.2';
    this.ledger = new Ledger(this.scheme);
    this.serviceCIDR = options.serviceCIDR ?? '10.96.0.0/16';
    this.allocators = new ServiceAllocators(this, this.serviceCIDR);
    this.authenticator = union([
      this.staticTokens,
      this.tokens,
      new BootstrapTokens(this.sim, this.scheme, this.storage),
      { token: (text, audiences) => this.openId?.token(text, audiences) ?? {} },
    ]);
    this.authorizers = { AlwaysAllow: alwaysAllow, 'Node,RBAC': new NodeAndRBAC(this.scheme, this.storage) };
    this.authorizer = this.authorizers[options.authorizationMode ?? 'AlwaysAllow'];
    this.discovery = new Discovery(this.scheme, this.version, hostPort(this.address, 6443));
    this.compactTo = this.etcd.revision;
    this.compactAt = this.sim.now + COMPACTION_MS;
    this.aggregation = new Aggregation(this, this.etcd);
    this.extensions = new Extensions(this, this.etcd, (request) => this.handle(request));
  }

  /** Where Services get their addresses from, before there are any. */
  serviceRange(cidrs: string) {
    if (cidrs !== this.serviceCIDR) this.allocators = new ServiceAllocators(this, (this.serviceCIDR = cidrs));
  }

  /** The network of the machine on which the server runs; the first of its addresses is the server's. */
  runsOn(net: NetworkNamespace) {
    this.direct = directEgress(net);
    this.address = net.addresses[0];
    this.discovery.address = hostPort(this.address, 6443);
  }

  /** Where it asks a node's kubelet; undefined: there is no such node. */
  kubeletAddress(node: string): string | undefined {
    return kubeletAddress(this, node);
  }

  get egress(): Readonly<Record<'cluster' | 'controlplane', Egress | undefined>> {
    return { cluster: this.tunnel ?? this.direct, controlplane: this.direct };
  }

  /** A server with this --encryption-provider-config starts. */
  encrypt(encryption: Encryption | undefined) {
    const { storage } = this;
    if (!encryption && !storage.atRest) return;
    storage.atRest = part('control-plane').encryptionAtRest(this, encryption, storage.atRest);
  }

  /** Another release serves from now on. */
  setVersion(version: string) {
    this.version = version;
    this.minor = minorOf(version);
    this.nullTimes = printsNullTimes(version);
    serveOlderVersions(this.scheme, version);
    this.discovery.version = version;
  }

  /** Creates what a fresh cluster has before any client has asked: namespaces, the kubernetes Service, priorities, roles. */
  bootstrap() {
    bootstrap(this);
    this.aggregation.bootstrap();
  }

  isCustom(info: ResourceInfo): boolean {
    return info.custom === true;
  }

  readonly handle: Handle = (request) => {
    if (this.sim.now >= this.compactAt) this.compact();
    if (request.unread) {
      if (this.createsUnread(request)) return CREATED;
      request = read(request);
    }
    if (!this.extensions.mayWait(request)) return this.attempt(request, undefined) as ApiResponse;
    const replay = new Replay();
    const result = this.attempt(request, replay);
    if (!(result instanceof Suspended)) return result;
    const later = this.waiting.answer(replay, result, () => this.attempt(request, replay));
    return { code: 200, headers: {}, later };
  };

  /** Answers a creation of what nobody reads, if all that the stages say of it is known. */
  private createsUnread(request: ApiRequest): boolean {
    const { user, headers, place } = request;
    if (!place || !user || !headers || this.audit || request.query || !isPlain(headers)) return false;
    const endpoint = this.endpoints.find(place, request, this.minor);
    if (!endpoint || this.extensions.mayWait(request)) return false;
    const { route: asked, counts, standing } = endpoint;
    if (!this.authorizer.authorize(user, asked, standing).allowed) return false;
    if (!createUnread(this, endpoint, request)) return false;
    counts[201] = (counts[201] ?? 0) + 1;
    this.requests.add({
      time: this.sim.now,
      user: user.name,
      userAgent: headers['user-agent'] ?? '',
      verb: asked.verb,
      path: request.path,
      query: undefined,
      code: 201,
    });
    return true;
  }

  private attempt(request: ApiRequest, replay: Replay | undefined): ApiResponse | Suspended {
    this.replay = replay;
    let asked: Route | undefined;
    let user: UserInfo | undefined;
    let sender: UserInfo | undefined;
    let response: ApiResponse;
    const warnings: string[] = [];
    const { headers, place } = request;
    this.decision = undefined;
    try {
      sender = user = request.user ?? authenticate(request, this.authenticator, this.tokens.audiences, this.basic);
      if (headers && !isPlain(headers)) user = impersonate(headers, user, this.authorizer);
      const endpoint = place && this.endpoints.find(place, request, this.minor);
      asked = endpoint ? routeTo(endpoint, request.name ?? '') : route(this.scheme, request);
      if (this.authorizer !== alwaysAllow) this.authorize(user, asked, request);
      response = asked ? this.serve(request, asked, user, warnings) : this.other(request);
    } catch (error) {
      if (error instanceof Suspended) return error;
      if (!(error instanceof StatusError)) throw error;
      response = { code: error.status.code as number, headers: {}, body: error.status as never };
    }
    const { code, watch: opened } = response;
    const counts = asked?.endpoint?.counts ?? this.metrics.counts(asked, request.method);
    counts[code] = (counts[code] ?? 0) + 1;
    if (opened && asked?.info) this.metrics.watch(asked.info, opened);
    this.requests.add({
      time: this.sim.now,
      user: user?.name ?? '',
      userAgent: headers?.['user-agent'] ?? '',
      verb: asked?.verb ?? request.method.toLowerCase(),
      path: request.path,
      query: request.query,
      code,
    });
    if (this.audit) {
      const { audit, decision } = this;
      const actingAs = user === sender ? undefined : user;
      audit.record({
        request,
        route: asked,
        user: sender,
        actingAs,
        decision,
        response,
        source: this.sourceOf(sender),
      });
    }
    return warnings.length ? withWarnings(response, warnings) : response;
  }

  /** The address of a component of the cluster. */
  private sourceOf(user: UserInfo | undefined): string | undefined {
    if (!user?.name.startsWith('system:')) return undefined;
    if (user.name.startsWith('system:node:')) return this.kubeletAddress(user.name.slice('system:node:'.length));
    return user.name.startsWith('system:kube-') ? this.address : undefined;
  }

  /** Paths that are no resource's. */
  private other(request: ApiRequest): ApiResponse {
    if (request.path !== '/metrics') return openid(request, this.address) ?? this.discover(request);
    const { version, startedAt } = this;
    const body = this.metrics.text({
      version,
      startedAt,
      resources: this.scheme.resources(),
      count: (info) => this.etcd.range(info.storagePrefix).kvs.length,
      further: this.tunnel?.metrics?.() ?? [],
    });
    return { code: 200, headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }, body };
  }

  private authorize(user: UserInfo, asked: Route | undefined, request: ApiRequest) {
    const attributes = asked && !request.query ? asked : attributesOf(asked, request);
    this.decision = this.authorizer.authorize(user, attributes, asked?.endpoint?.standing);
    const { allowed, reason } = this.decision;
    if (!allowed) throw denied(user, attributes, reason);
  }

  private discover(request: ApiRequest): ApiResponse {
    const [, root, group, version] = request.path.split('/');
    const gone = root === 'apis' && version && !this.discovery.hasGroup(group);
    return gone && this.aggregation.unavailable(group, version)
      ? UNAVAILABLE
      : this.discovery.handle(request, this.tunnel?.check);
  }

  private serve(request: ApiRequest, asked: Route, user: UserInfo, warnings: string[]): ApiResponse {
    if (!asked.info && this.aggregation.unavailable(asked.group, asked.version)) return UNAVAILABLE;
    if (asked.info ? asked.info.custom && !hasScopeOf(asked, asked.info) : !this.discovery.isBuiltIn(asked.group))
      return NOT_FOUND;
    const endpoint = asked.endpoint ?? this.endpoint(request, asked);
    const { info, sub, own, warning } = endpoint;
    const accepted = request.headers?.accept ? negotiate(request) : MEMORY;
    if (typeof request.body === 'string') checkBody(request.body);
    if (!isUsual(request)) part('requests').checkWriteOptions(request, this.minor);
    const ctx: Context = {
      request,
      route: asked,
      info,
      sub,
      user,
      time: this.replay ? this.replay.once('time', () => formatTime(this.sim.now)) : formatTime(this.sim.now),
      dryRun: request.query !== undefined && dryRunOf(request.query.dryRun),
      fieldValidation: (request.query && (param(request, 'fieldValidation') as Context['fieldValidation'])) || 'Warn',
      warnings,
    };
    if (request.query) checkParameters(request.query);
    if (info.group === FLOW_CONTROL && !isMonitor(request)) part('requests').flowControl(this);
    if (warning) warnings.push(warning);
    if (own) return own(this, ctx);
    if (sub && !OBJECT_SUBRESOURCES.has(asked.subresource)) throw notServed(ctx);
    return this.answer(ctx, accepted);
  }

  /** What there is to know of such requests; throws when they are not served. */
  private endpoint(request: ApiRequest, asked: Route): Endpoint {
    const { info, sub } = target(asked, request.method);
    const { resource } = info;
    const { subresource } = asked;
    const endpoint: Endpoint = {
      info,
      sub,
      own:
        virtualOf(info) ??
        this.served.get(info) ??
        (sub && (SUBRESOURCES[`${resource}/${subresource}`] ?? SUBRESOURCES[`*/${subresource}`])),
      warning: this.scheme.kindWarning(info, this.minor),
      route: asked,
      counts: this.metrics.counts(asked, request.method),
      standing: new WeakMap(),
      unread: undefined,
    };
    this.endpoints.add(request, endpoint);
    return endpoint;
  }

  private answer(ctx: Context, accepted: Accepted): ApiResponse {
    const { info, request, route: asked } = ctx;
    switch (asked.verb) {
      case 'create':
        return { code: 201, headers: {}, body: this.shown(ctx, accepted, create(this, ctx)) };
      case 'patch':
        return this.updated(ctx, accepted, patch(this, ctx));
      case 'update':
        return this.updated(ctx, accepted, update(this, ctx));
      case 'list':
        return ok(listBody(this, info, request, accepted, list(this, ctx)));
      case 'deletecollection':
        return ok(listBody(this, info, request, accepted, deleteCollection(this, ctx)));
      case 'watch':
        return { code: 200, headers: {}, watch: watch(this, ctx, watchViewOf(this, info, request, accepted)) };
      case 'delete':
        return this.removed(ctx, accepted);
      case 'get': {
        if (request.query?.resourceVersion) checkRevision(this, param(request, 'resourceVersion'));
        const object = this.storage.get(info, asked.namespace, asked.name, !request.query?.resourceVersion);
        if (!object) throw notFound(info, asked.name);
        return ok(this.shown(ctx, accepted, object));
      }
    }
  }

  private updated(ctx: Context, accepted: Accepted, { object, created }: Updated): ApiResponse {
    return { code: created ? 201 : 200, headers: {}, body: this.shown(ctx, accepted, object) };
  }

  private removed(ctx: Context, form: Accepted): ApiResponse {
    const { answer, accepted } = remove(this, ctx);
    return { code: accepted ? 202 : 200, headers: {}, body: this.shown(ctx, form, answer as never) };
  }

  private shown(ctx: Context, accepted: Accepted, object: NonNullable<ApiResponse['body']>): ApiResponse['body'] {
    const view = accepted === MEMORY ? undefined : viewOf(this, ctx.info, ctx.request, accepted);
    return view && (object as { kind?: string }).kind === ctx.info.kind ? view(object as never) : object;
  }

  /** Every five minutes the store forgets what was overwritten before the last time. */
  private compact() {
    if (this.compactTo > this.etcd.compacted) this.etcd.compact(this.compactTo);
    this.compactTo = this.etcd.revision;
    this.compactAt = this.sim.now + COMPACTION_MS;
  }
}

const FLOW_CONTROL = 'flowcontrol.apiserver.k8s.io';

/** The garbage collector watches every kind: that is nobody who asks for what a kind has from the start. */
const isMonitor = ({ query, headers }: ApiRequest): boolean =>
  isTrue(query?.watch) && (headers?.['user-agent'] ?? '').startsWith('kube-controller-manager');

const ok = (body: ApiResponse['body']): ApiResponse => ({ code: 200, headers: {}, body });
/** To who does not look at it. */
const CREATED: ApiResponse = { code: 201, headers: {} };
/** What an extension API server that cannot be reached leaves the aggregator to say. */
const UNAVAILABLE: ApiResponse = {
  code: 503,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body: 'service unavailable\n',
};
const NOT_FOUND: ApiResponse = {
  code: 404,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body: '404 page not found\n',
};

/** Subresources that are the object itself, written through a door of its own. */
const OBJECT_SUBRESOURCES = new Set(['status', 'finalize', 'approval', 'ephemeralcontainers', 'resize']);

const notServed = ({ info, route: asked }: Context) =>
  new StatusError(501, 'NotImplemented', `the subresource ${info.resource}/${asked.subresource} is not simulated`);
