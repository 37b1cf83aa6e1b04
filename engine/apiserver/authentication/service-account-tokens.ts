// Service account tokens: JWTs signed with the cluster's key, valid as long as the account and the object that they are
// bound to exist. Those of Secrets (type kubernetes.io/service-account-token) have no end.

import { base64Text } from '../../api/base64.ts';
import type { Catalog, KubeObject } from '../../api/index.ts';
import type { Storage } from '../storage/storage.ts';
import type { Sim } from '../../sim/index.ts';
import type { UserInfo } from '../types.ts';
import { part } from '../../parts/index.ts';
import { signJwt } from '../../pki/token-key.ts';
import type { Authenticator, TokenAnswer } from './authenticate.ts';
import { accountUser, accountUsername } from './service-accounts.ts';

/** --service-account-issuer, which is also the audience of the API server itself. */
export const ISSUER = 'https://kubernetes.default.svc.cluster.local';
const LEGACY_ISSUER = 'kubernetes/serviceaccount';
const LEGACY = 'kubernetes.io/serviceaccount/';
/** jwt.DefaultLeeway: clocks may differ by so much, seconds. */
const LEEWAY = 60;
const INVALIDATED = 'service account token has been invalidated';
const LAST_USED = 'kubernetes.io/legacy-token-last-used';
const MAX_KNOWN = 1024;
const EXTRA = 'authentication.kubernetes.io/';

interface Reference {
  name: string;
  uid?: string;
}

/** What a token is bound to; at most one of pod, secret and node by itself (a Pod brings its node along). */
export interface Bound {
  pod?: Reference;
  secret?: Reference;
  node?: Reference;
}

interface Claims {
  aud?: string[];
  exp?: number;
  iat?: number;
  iss?: string;
  jti?: string;
  'kubernetes.io'?: Bound & { namespace: string; serviceaccount: Reference; warnafter?: number };
  nbf?: number;
  sub?: string;
  [legacy: `kubernetes.io/serviceaccount/${string}`]: string;
}

/** A token whose signature has been checked. */
interface Known {
  claims: Claims;
  user: UserInfo;
}

export class ServiceAccountTokens implements Authenticator {
  readonly issuer = ISSUER;
  readonly audiences: readonly string[] = [ISSUER];
  private readonly sim: Sim;
  private readonly scheme: Catalog;
  private readonly storage: Storage;
  /** By their text: checking a signature is much work. */
  private readonly known = new Map<string, Known>();

  constructor(sim: Sim, scheme: Catalog, storage: Storage) {
    this.sim = sim;
    this.scheme = scheme;
    this.storage = storage;
  }

  /** `seconds`: how long it is valid; `warnAfter`: when its use becomes worth a warning. */
  issue(account: KubeObject, bound: Bound, audiences: readonly string[], seconds: number, warnAfter?: number): string {
    const now = Math.floor(this.sim.now / 1000);
    const { name = '', namespace = '', uid } = account.metadata;
    const { node, pod, secret } = bound;
    return this.sign({
      aud: [...audiences],
      exp: now + seconds,
      iat: now,
      iss: ISSUER,
      jti: this.sim.random('service-account-token').uuid(),
      'kubernetes.io': {
        namespace,
        ...(node ? { node } : undefined),
        ...(pod ? { pod } : undefined),
        ...(secret ? { secret } : undefined),
        serviceaccount: { name, uid },
        ...(warnAfter ? { warnafter: now + warnAfter } : undefined),
      },
      nbf: now,
      sub: accountUsername(namespace, name),
    });
  }

  token(text: string, audiences: readonly string[]): TokenAnswer {
    const known = this.known.get(text) ?? this.check(text);
    if (!known || typeof known === 'string') return { error: known };
    const { claims } = known;
    const own = claims.aud ?? this.audiences;
    const wanted = audiences.length ? audiences : this.audiences;
    const both = wanted.filter((audience) => own.includes(audience));
    if (both.length === 0) {
      const list = (values: readonly string[]) => `[${values.map((value) => JSON.stringify(value)).join(' ')}]`;
      return { error: `token audiences ${list(own)} is invalid for the target audiences ${list(wanted)}` };
    }
    const error = claims['kubernetes.io'] ? this.validate(claims) : this.validateLegacy(claims, text);
    if (error) return { error };
    return { user: known.user, audiences: both };
  }

  private sign(claims: Claims): string {
    const text = signJwt(claims);
    this.remember(text, claims);
    return text;
  }

  private remember(text: string, claims: Claims): Known {
    if (this.known.size >= MAX_KNOWN) this.known.clear();
    const known = { claims, user: userOf(claims) };
    this.known.set(text, known);
    return known;
  }

  /** Undefined for what is not one of our tokens, a text for what looks like one and is none. */
  private check(text: string): Known | string | undefined {
    const [header, payload, signature, ...rest] = text.split('.');
    if (!signature || rest.length) return undefined;
    let claims: Claims;
    try {
      claims = JSON.parse(base64Text(fromUrl(payload)));
    } catch {
      return undefined;
    }
    if (claims?.iss !== ISSUER && claims?.iss !== LEGACY_ISSUER) return undefined;
    const { authority } = part('pki');
    if (!authority.verifyJwt(`${header}.${payload}`, signature)) {
      return 'go-jose/go-jose: error in cryptographic primitive';
    }
    return this.remember(text, claims);
  }

  /** Why a bound token is not valid (now). */
  private validate(claims: Claims): string | undefined {
    const now = this.sim.now / 1000;
    if (claims.exp !== undefined && now > claims.exp + LEEWAY) return 'service account token has expired';
    if (claims.nbf !== undefined && now < claims.nbf - LEEWAY) return 'service account token is not valid yet';
    const { namespace, serviceaccount, pod, secret, node } = claims['kubernetes.io'] as NonNullable<
      Claims['kubernetes.io']
    >;
    const account = this.find('serviceaccounts', namespace, serviceaccount.name);
    if (!account) return `serviceaccounts "${serviceaccount.name}" not found`;
    if (this.isGone(account)) return `service account ${namespace}/${serviceaccount.name} has been deleted`;
    if (account.metadata.uid !== serviceaccount.uid) {
      return `service account UID (${account.metadata.uid}) does not match claim (${serviceaccount.uid})`;
    }
    const check = (kind: string, resource: string, where: string, ref: Reference): string | undefined => {
      const object = this.find(resource, where, ref.name);
      if (!object || this.isGone(object)) return INVALIDATED;
      if (object.metadata.uid === ref.uid) return undefined;
      return `${kind} UID (${object.metadata.uid}) does not match service account ${kind.toLowerCase()} ref claim (${ref.uid})`;
    };
    if (secret) return check('secret', 'secrets', namespace, secret);
    if (pod) return check('Pod', 'pods', namespace, pod);
    return node && check('node', 'nodes', '', node);
  }

  private validateLegacy(claims: Claims, text: string): string | undefined {
    const of = (key: string): string => claims[`${LEGACY}${key}` as keyof Claims & `${typeof LEGACY}${string}`] ?? '';
    const namespace = of('namespace');
    const secret = this.find('secrets', namespace, of('secret.name'));
    if (!secret || this.isGone(secret)) return INVALIDATED;
    if (base64Text((secret.data as Record<string, string> | undefined)?.token ?? '') !== text) {
      return "service account token doesn't match server's copy";
    }
    const account = this.find('serviceaccounts', namespace, of('service-account.name'));
    if (!account) return `serviceaccounts "${of('service-account.name')}" not found`;
    if (this.isGone(account)) return `service account ${namespace}/${of('service-account.name')} has been deleted`;
    if (account.metadata.uid === of('service-account.uid')) {
      this.noteUse(secret);
      return undefined;
    }
    return `service account UID (${account.metadata.uid}) does not match claim (${of('service-account.uid')})`;
  }

  /** A Secret's label says on which day its token was used last. */
  private noteUse(secret: KubeObject) {
    const today = new Date(this.sim.now).toISOString().slice(0, 10);
    const { labels } = secret.metadata;
    const info = this.scheme.resource('', 'v1', 'secrets');
    if (!info || labels?.[LAST_USED] === today) return;
    this.storage.put(info, { ...secret, metadata: { ...secret.metadata, labels: { ...labels, [LAST_USED]: today } } });
  }

  /** Deleted for longer than the leeway, and waiting for somebody. */
  private isGone({ metadata }: KubeObject): boolean {
    return (
      metadata.deletionTimestamp !== undefined && Date.parse(metadata.deletionTimestamp) < this.sim.now - LEEWAY * 1000
    );
  }

  private find(resource: string, namespace: string, name: string): KubeObject | undefined {
    const info = this.scheme.resource('', 'v1', resource);
    return info && this.storage.get(info, namespace, name);
  }
}

function userOf(claims: Claims): UserInfo {
  const bound = claims['kubernetes.io'];
  if (!bound) {
    const of = (key: string) => claims[`${LEGACY}${key}` as keyof Claims] as string;
    return accountUser(of('namespace'), of('service-account.name'), of('service-account.uid'));
  }
  const extra: Record<string, string[]> = {};
  const add = (key: string, value: string | undefined) => {
    if (value) extra[EXTRA + key] = [value];
  };
  add('credential-id', claims.jti && `JTI=${claims.jti}`);
  add('node-name', bound.node?.name);
  add('node-uid', bound.node?.uid);
  add('pod-name', bound.pod?.name);
  add('pod-uid', bound.pod?.uid);
  return accountUser(bound.namespace, bound.serviceaccount.name, bound.serviceaccount.uid ?? '', extra);
}

const fromUrl = (text: string): string => text.replace(/-/g, '+').replace(/_/g, '/');
