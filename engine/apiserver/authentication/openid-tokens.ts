// ID tokens of OpenID Connect issuers: the server fetches an issuer's keys when it starts, and then checks each token by
// itself. Only signatures on P-256 (ES256) can be checked here.

import { decode, encode, fromBase64 } from '../../linux/bytes.ts';
import { exchange, type Host, hostPort, isAddress } from '../../linux/index.ts';
import { part } from '../../parts/index.ts';
import type { Co, Sim } from '../../sim/index.ts';
import { distrusted } from '../trust.ts';
import type { UserInfo } from '../types.ts';
import { AUTHENTICATED, type Authenticator, type TokenAnswer } from './authenticate.ts';
import type { JwtIssuer } from './jwt-configuration.ts';

/** How often the discovery document is asked for until it comes. */
const RETRY_MS = 10_000;
const TIMEOUT_MS = 30_000;

interface JsonWebKey {
  kid?: string;
  kty?: string;
  crv?: string;
  alg?: string;
  x?: string;
  y?: string;
}
interface Discovery {
  issuer?: string;
  jwks_uri?: string;
}
type Claims = Readonly<Record<string, unknown>>;

export class OpenIdTokens implements Authenticator {
  private readonly providers: readonly Provider[];

  /** `host` is the API server's container, `log` its log. */
  constructor(issuers: readonly JwtIssuer[], host: Host, log: (text: string) => void) {
    this.providers = issuers.map((issuer) => new Provider(issuer, host, log));
  }

  token(text: string): TokenAnswer {
    const parts = text.split('.');
    if (parts.length !== 3) return {};
    const claims = json<Claims>(parts[1]);
    const provider = this.providers.find(({ issuer }) => issuer.url === claims?.iss);
    return provider && claims ? provider.check(parts, claims) : {};
  }

  stop() {
    for (const provider of this.providers) provider.stop();
  }
}

class Provider {
  readonly issuer: JwtIssuer;
  private readonly host: Host;
  private readonly sim: Sim;
  private readonly log: (text: string) => void;
  private keys: readonly JsonWebKey[] | undefined;
  private task: { kill(): void; done: boolean };
  /** Tokens whose signature has been found good. */
  private readonly known = new Set<string>();

  constructor(issuer: JwtIssuer, host: Host, log: (text: string) => void) {
    this.issuer = issuer;
    this.host = host;
    this.sim = host.sim;
    this.log = log;
    this.task = this.sim.spawn('oidc', this.fetch());
  }

  stop() {
    this.task.kill();
  }

  check([header, payload, signature]: string[], claims: Claims): TokenAnswer {
    const error = this.problem(header, payload, signature, claims);
    if (error !== undefined) {
      this.log(`"Unable to authenticate the request" err="[invalid bearer token, ${error.replace(/"/g, '\\"')}]"`);
      return { error };
    }
    const user = this.user(claims);
    return typeof user === 'string' ? { error: user } : { user, audiences: this.issuer.audiences };
  }

  /** Why the token is not accepted (now), in the verifier's words. */
  private problem(header: string, payload: string, signature: string, claims: Claims): string | undefined {
    if (!this.keys) return 'oidc: authenticator not initialized';
    const refused = (why: string) => `oidc: verify token: ${why}`;
    const { aud, exp, nbf } = claims;
    const own = Array.isArray(aud) ? aud : [aud];
    if (!this.issuer.audiences.some((audience) => own.includes(audience))) {
      const [wanted] = this.issuer.audiences;
      return refused(`oidc: expected audience ${JSON.stringify(wanted)} got ${goStrings(own)}`);
    }
    const now = this.sim.now / 1000;
    const time = (seconds: number) =>
      `${new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
    if (typeof exp === 'number' && exp < now) return refused(`oidc: token is expired (Token Expiry: ${time(exp)})`);
    // go-oidc: nbf may be five minutes ahead.
    if (typeof nbf === 'number' && now + 300 < nbf) {
      return refused(`oidc: current time ${time(Math.floor(now))} before the nbf (not before) time: ${time(nbf)}`);
    }
    const { alg = '', kid } = json<{ alg?: string; kid?: string }>(header) ?? {};
    if (!this.issuer.algorithms.includes(alg)) {
      const supported = goStrings(this.issuer.algorithms);
      return refused(
        `oidc: id token signed with unsupported algorithm, expected ${supported} got ${JSON.stringify(alg)}`,
      );
    }
    if (alg !== 'ES256') return refused(`signatures with ${alg} are not modelled by this engine`);
    const text = `${header}.${payload}`;
    if (this.known.has(`${text}.${signature}`)) return undefined;
    const { verify } = part('pki');
    const good = this.keys.some(
      ({ kid: id, crv, x = '', y = '' }) =>
        crv === 'P-256' &&
        (kid === undefined || id === kid) &&
        verify(base64url(signature), encode(text), new Uint8Array([4, ...base64url(x), ...base64url(y)])),
    );
    if (!good) {
      // The issuer may have new keys.
      if (this.task.done) this.task = this.sim.spawn('oidc', this.fetch());
      return refused('failed to verify signature: failed to verify id token signature');
    }
    this.known.add(`${text}.${signature}`);
    return undefined;
  }

  private user(claims: Claims): UserInfo | string {
    const { username, groups, uid, requiredClaims } = this.issuer;
    const name = claims[username.claim];
    if (typeof name !== 'string')
      return `oidc: parse username claims ${JSON.stringify(username.claim)}: claim not present`;
    if (username.claim === 'email' && claims.email_verified === false) return 'oidc: email not verified';
    for (const claim in requiredClaims) {
      if (claims[claim] === undefined) return `oidc: required claim ${claim} not present in ID token`;
      if (claims[claim] !== requiredClaims[claim])
        return `oidc: required claim ${claim} value does not match. Got = ${String(claims[claim])}, want = ${requiredClaims[claim]}`;
    }
    const listed = groups && claims[groups.claim];
    const list = listed === undefined ? [] : Array.isArray(listed) ? listed.map(String) : [String(listed)];
    const { jti } = claims;
    const id = uid === undefined ? undefined : claims[uid];
    return {
      name: username.prefix + name,
      ...(typeof id === 'string' ? { uid: id } : undefined),
      groups: [...list.map((group) => (groups?.prefix ?? '') + group), AUTHENTICATED],
      ...(typeof jti === 'string'
        ? { extra: { 'authentication.kubernetes.io/credential-id': [`JTI=${jti}`] } }
        : undefined),
    };
  }

  // ---- the issuer's keys ---------------------------------------------------------------------------------------

  private *fetch(): Co {
    for (;;) {
      const problem = yield* this.attempt();
      if (problem === undefined) return;
      this.log(`"oidc authenticator: initializing plugin" err="${problem.replace(/"/g, '\\"')}"`);
      yield RETRY_MS;
    }
  }

  private *attempt(): Co<string | undefined> {
    const { url, discoveryUrl } = this.issuer;
    const discovery = yield* this.get<Discovery>(discoveryUrl);
    if (typeof discovery === 'string') return discovery;
    if (discovery.issuer !== url) {
      return `oidc: issuer did not match the issuer returned by provider, expected ${JSON.stringify(url)} got ${JSON.stringify(discovery.issuer ?? '')}`;
    }
    const set = yield* this.get<{ keys?: JsonWebKey[] }>(discovery.jwks_uri ?? '');
    if (typeof set === 'string') return `oidc: fetching keys ${set}`;
    this.keys = set.keys ?? [];
    return undefined;
  }

  private *get<T extends object>(url: string): Co<T | string> {
    const failed = (why: string) => `Get ${JSON.stringify(url)}: ${why}`;
    const [, host, port = '443', path = '/'] = /^https:\/\/([^:/?]+)(?::(\d+))?(.*)$/.exec(url) ?? [];
    if (!host) return failed('unsupported protocol scheme');
    const addresses = isAddress(host) ? [host] : yield* this.host.resolve(host);
    if (!addresses?.length) return failed(`dial tcp: lookup ${host}: no such host`);
    const socket = yield* this.host.net.connect(addresses[0], Number(port), { timeout: TIMEOUT_MS });
    const place = `dial tcp ${hostPort(addresses[0], port)}`;
    if (socket === 'ECONNREFUSED') return failed(`${place}: connect: connection refused`);
    if (typeof socket === 'string') return failed(`${place}: i/o timeout`);
    try {
      const problem = distrusted(socket, this.issuer.authority, host, this.sim.now);
      if (problem) return failed(problem);
      const answer = yield* exchange(socket, {
        method: 'GET',
        target: path || '/',
        headers: [
          ['Host', `${host}${port === '443' ? '' : `:${port}`}`],
          ['User-Agent', 'Go-http-client/1.1'],
        ],
      });
      if (!answer) return failed('EOF');
      let text = '';
      for (let read = yield* answer.read(); read !== undefined; read = yield* answer.read()) text += read;
      if (answer.status !== 200) return `${answer.statusLine.replace(/^\S+ /, '')}: ${text}`;
      try {
        return JSON.parse(text);
      } catch {
        return `oidc: failed to decode provider discovery object: ${text.slice(0, 100)}`;
      }
    } finally {
      socket.close();
    }
  }
}

const goStrings = (list: readonly unknown[]) => `[${list.map((one) => JSON.stringify(one ?? '')).join(' ')}]`;
const base64url = (text: string) => fromBase64(text.replace(/-/g, '+').replace(/_/g, '/')).bytes;

function json<T extends object>(part: string): T | undefined {
  try {
    const object = JSON.parse(decode(base64url(part)));
    return typeof object === 'object' && object !== null ? object : undefined;
  } catch {
    return undefined;
  }
}
