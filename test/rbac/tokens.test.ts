import { createPublicKey, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { account, node, pod, serve } from './support.ts';

const ACCOUNTS = '/api/v1/namespaces/default/serviceaccounts';
const PODS = '/api/v1/namespaces/default/pods';
const API = 'https://kubernetes.default.svc.cluster.local';
const request = (spec: object = {}) => ({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec });
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());

function withBot() {
  const all = serve();
  all.send('POST', ACCOUNTS, account('bot'));
  const ask = (spec: object = {}) => all.send('POST', `${ACCOUNTS}/bot/token`, request(spec));
  const use = (token: string, path = PODS) =>
    all.send('GET', path, undefined, { user: undefined, headers: { authorization: `Bearer ${token}` } });
  const review = (token: string, audiences?: string[]) =>
    all.send('POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token, audiences },
    }).body.status;
  return { ...all, ask, use, review };
}

describe('a token of a service account', () => {
  it('is a JWT that the published key verifies', () => {
    const { ask, send } = withBot();
    const token: string = ask().body.status.token;
    const [jwk] = JSON.parse(send('GET', '/openid/v1/jwks').body).keys;
    const [header, claims, signature] = token.split('.');
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg: 'ES256', kid: jwk.kid });
    const key = { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' as const };
    const check = (text: string) => verify('sha256', Buffer.from(text), key, Buffer.from(signature, 'base64url'));
    expect(check(`${header}.${claims}`)).toBe(true);
    expect(check(`${header}.${claims}x`)).toBe(false);
    expect(JSON.parse(send('GET', '/.well-known/openid-configuration').body)).toMatchObject({
      issuer: API,
      id_token_signing_alg_values_supported: ['ES256'],
    });
  });

  it('says who, for whom and how long', () => {
    const { ask, sim } = withBot();
    const { body } = ask({ audiences: ['vault'], expirationSeconds: 1200 });
    const claims = claimsOf(body.status.token);
    const now = Math.floor(sim.now / 1000);
    expect(claims).toMatchObject({ iss: API, aud: ['vault'], sub: 'system:serviceaccount:default:bot' });
    expect([claims.iat, claims.nbf, claims.exp]).toEqual([now, now, now + 1200]);
    expect(claims['kubernetes.io']).toMatchObject({ namespace: 'default', serviceaccount: { name: 'bot' } });
    expect(body.status.expirationTimestamp).toBe('2026-01-05T09:20:00Z');
  });

  it('is refused for less than ten minutes, and for objects that are not there', () => {
    const { ask } = withBot();
    expect(ask({ expirationSeconds: 599 }).body.message).toBe(
      'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
    );
    const bound = (ref: object) => ask({ boundObjectRef: { apiVersion: 'v1', ...ref } });
    expect(bound({ kind: 'Pod', name: 'ghost' })).toMatchObject({
      code: 404,
      body: { message: 'pods "ghost" not found' },
    });
    expect(bound({ kind: 'ConfigMap', name: 'a' }).body.message).toBe(
      'cannot bind token to object of type /v1, Kind=ConfigMap',
    );
  });

  it('authenticates until it ends, and only for its audiences', () => {
    const { ask, use, sim } = withBot();
    const token: string = ask({ expirationSeconds: 600 }).body.status.token;
    expect(use(token).body.message).toMatch(/^pods is forbidden: User "system:serviceaccount:default:bot"/);
    expect(use(ask({ audiences: ['other'] }).body.status.token)).toMatchObject({
      code: 401,
      body: { message: 'Unauthorized', reason: 'Unauthorized' },
    });
    expect(use(`${token.slice(0, -4)}AAAA`).code).toBe(401);
    sim.runUntil(sim.now + 670_000);
    expect(use(token).code).toBe(401);
  });

  it('ends with the account', () => {
    const { ask, use, send } = withBot();
    const token: string = ask().body.status.token;
    expect(use(token).code).toBe(403);
    send('DELETE', `${ACCOUNTS}/bot`);
    expect(use(token).code).toBe(401);
    send('POST', ACCOUNTS, account('bot'));
    expect(use(token).code).toBe(401);
  });

  it('bound to a Pod carries the Pod and its node, lives a year for old clients, and ends with the Pod', () => {
    const { as, send, use, review, sim } = withBot();
    send('POST', '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } });
    const { uid } = send('POST', PODS, pod('p', { nodeName: 'n1', serviceAccountName: 'bot' })).body.metadata;
    const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid };
    const kubelet = as(node('n1'));
    const { body } = kubelet('POST', `${ACCOUNTS}/bot/token`, request({ expirationSeconds: 3607, boundObjectRef }));
    const { token } = body.status;
    const claims = claimsOf(token);
    expect(claims['kubernetes.io']).toMatchObject({ pod: { name: 'p', uid }, node: { name: 'n1' } });
    expect(claims.exp - claims.iat).toBe(365 * 24 * 3600);
    expect(claims['kubernetes.io'].warnafter - claims.iat).toBe(3607);
    expect(body.status.expirationTimestamp).toBe('2026-01-05T10:00:07Z');
    expect(review(token)).toMatchObject({
      authenticated: true,
      audiences: [API],
      user: {
        extra: { 'authentication.kubernetes.io/pod-name': ['p'], 'authentication.kubernetes.io/node-name': ['n1'] },
      },
    });
    sim.runUntil(sim.now + 7_200_000);
    expect(use(token).code).toBe(403);
    send('DELETE', `${PODS}/p`, { gracePeriodSeconds: 0 });
    expect(use(token).code).toBe(401);
    expect(review(token)).toEqual({
      user: {},
      error: '[invalid bearer token, service account token has been invalidated]',
    });
  });

  it('is given to a kubelet only for Pods on its node', () => {
    const { as, send } = withBot();
    const { uid } = send('POST', PODS, pod('p', { nodeName: 'n1', serviceAccountName: 'bot' })).body.metadata;
    const ask = (who: string, spec: object) =>
      as(node(who))('POST', `${ACCOUNTS}/bot/token`, request(spec)).body.message;
    expect(ask('n1', {})).toBe('serviceaccounts "bot" is forbidden: node requested token not bound to a pod');
    expect(ask('n1', { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'p' } })).toBe(
      'serviceaccounts "bot" is forbidden: node requested token with a pod binding without a uid',
    );
    const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid };
    expect(ask('n2', { boundObjectRef })).toMatch(/no relationship found between node 'n2' and this object$/);
  });
});

it('a bootstrap token authenticates who joins, until it ends', () => {
  const { send, use, sim } = withBot();
  const stringData = {
    'token-id': 'abcdef',
    'token-secret': '0123456789abcdef',
    'usage-bootstrap-authentication': 'true',
    'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token',
    expiration: '2026-01-06T09:00:00Z',
  };
  const metadata = { name: 'bootstrap-token-abcdef' };
  const type = 'bootstrap.kubernetes.io/token';
  send('POST', '/api/v1/namespaces/kube-system/secrets', {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata,
    type,
    stringData,
  });
  const token = 'abcdef.0123456789abcdef';
  expect(use(token).body.message).toMatch(/^pods is forbidden: User "system:bootstrap:abcdef"/);
  expect(use(token, '/apis/certificates.k8s.io/v1/certificatesigningrequests').code).toBe(200);
  expect(use('abcdef.0123456789abcdee').code).toBe(401);
  sim.runUntil(Date.UTC(2026, 0, 6, 9, 0, 1));
  expect(use(token).code).toBe(401);
});
