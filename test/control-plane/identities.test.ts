import { createPrivateKey, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { OpenIdTokens } from '../../engine/apiserver/authentication/openid-tokens.ts';
import { oidcFlags, readAuthenticationConfiguration } from '../../engine/apiserver/authentication/jwt-configuration.ts';
import { createHost, FileSystem, Network, serveHttp, tree } from '../../engine/linux/index.ts';
import '../../engine/parts/all.ts';
import { keyFrom, pem, pkcs8, publicKeyInfo, signCertificate, nameDer } from '../../engine/pki/index.ts';
import { Sim } from '../../engine/sim/index.ts';
import { controlPlane } from './settings.ts';

const ISSUER = 'https://10.0.0.9:443';
const START = Date.UTC(2026, 0, 5, 9);
const pair = keyFrom('issuer');
const base64url = (bytes: string | Uint8Array) => Buffer.from(bytes).toString('base64url');

function token(claims: object, alg = 'ES256'): string {
  const text = `${base64url(JSON.stringify({ alg, kid: 'k' }))}.${base64url(JSON.stringify(claims))}`;
  const key = createPrivateKey(pem('PRIVATE KEY', pkcs8(pair)));
  return `${text}.${base64url(sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }))}`;
}

/** An API server's container and, elsewhere on the network, an issuer that serves its keys. */
function issuer(flags: Record<string, string> = {}) {
  const sim = new Sim({ seed: 1, start: START });
  const network = new Network(sim);
  const name = nameDer({ commonName: 'idp', organizations: [] });
  const certificate = pem(
    'CERTIFICATE',
    signCertificate(
      {
        serial: new Uint8Array([1]),
        issuer: name,
        subject: name,
        notBefore: START - 1000,
        notAfter: START + 1e9,
        publicKeyInfo: publicKeyInfo(pair.point),
        isCA: true,
        usages: [],
        names: { dns: [], ips: ['10.0.0.9'] },
      },
      pair,
    ),
  );
  const net = network.namespace([], 'idp');
  net.plug('eth0', '10.0.0.9', 24, '10.0.0.1');
  const [x, y] = [pair.point.slice(1, 33), pair.point.slice(33)].map(base64url);
  const documents: Record<string, object> = {
    '/.well-known/openid-configuration': { issuer: ISSUER, jwks_uri: `${ISSUER}/keys` },
    '/keys': { keys: [{ kid: 'k', kty: 'EC', crv: 'P-256', alg: 'ES256', x, y }] },
  };
  serveHttp(
    sim,
    net,
    443,
    // eslint-disable-next-line require-yield
    function* ({ target }) {
      return { status: 200, body: JSON.stringify(documents[target]) };
    },
    { tls: { ca: certificate, names: ['10.0.0.9'] } },
  );
  const own = network.namespace([], 'cp-1');
  own.plug('eth0', '10.0.0.10', 24, '10.0.0.1');
  const fs = new FileSystem({ root: tree({}, START), now: () => sim.now });
  const host = createHost({ sim, hostname: 'cp-1', fs, net: own, env: {}, firstPid: 1 });
  const given = new Map(
    Object.entries({
      'oidc-issuer-url': ISSUER,
      'oidc-client-id': 'kubernetes',
      'oidc-ca-file': 'ca',
      'oidc-signing-algs': 'ES256',
      ...flags,
    }),
  );
  const issuers = oidcFlags(given, () => certificate);
  if ('reason' in issuers) throw new Error(issuers.reason);
  const log: string[] = [];
  const tokens = new OpenIdTokens(issuers, host, (text) => log.push(text));
  sim.runUntil(START + 1000);
  return { sim, tokens, log };
}

const NOW = START / 1000;
const CLAIMS = { iss: ISSUER, aud: 'kubernetes', exp: NOW + 300, sub: '7', name: 'jane', groups: ['devs'] };

describe('ID tokens', () => {
  it('say who the caller is, as long as they last', () => {
    const { sim, tokens, log } = issuer({
      'oidc-username-claim': 'name',
      'oidc-username-prefix': 'oidc:',
      'oidc-groups-claim': 'groups',
    });
    const text = token(CLAIMS);
    expect(tokens.token(text).user).toEqual({ name: 'oidc:jane', groups: ['devs', 'system:authenticated'] });
    sim.runUntil(START + 301_000);
    expect(tokens.token(text)).toEqual({
      error: 'oidc: verify token: oidc: token is expired (Token Expiry: 2026-01-05 09:05:00 +0000 UTC)',
    });
    expect(log[0]).toContain('Unable to authenticate the request');
  });

  it('are prefixed with the issuer unless the flags say otherwise', () => {
    expect(issuer().tokens.token(token(CLAIMS)).user?.name).toBe(`${ISSUER}#7`);
    expect(issuer({ 'oidc-username-prefix': '-' }).tokens.token(token(CLAIMS)).user?.name).toBe('7');
  });

  it('are worth nothing for others, forged, unsigned or without a claim that is required', () => {
    const { tokens } = issuer({ 'oidc-required-claim': 'team=a' });
    const error = (text: string) => tokens.token(text).error;
    expect(error(token({ ...CLAIMS, aud: 'other' }))).toBe(
      'oidc: verify token: oidc: expected audience "kubernetes" got ["other"]',
    );
    const [header, , signature] = token(CLAIMS).split('.');
    expect(error(`${header}.${base64url(JSON.stringify({ ...CLAIMS, sub: 'root' }))}.${signature}`)).toContain(
      'failed to verify signature',
    );
    expect(error(token(CLAIMS, 'none'))).toContain('unsupported algorithm, expected ["ES256"] got "none"');
    expect(error(token(CLAIMS))).toBe('oidc: required claim team not present in ID token');
    expect(tokens.token(token({ ...CLAIMS, iss: 'https://else' }))).toEqual({});
  });

  it('are configured by a file whose fields are checked', () => {
    const read = (jwt: string) =>
      readAuthenticationConfiguration(
        `apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\njwt:\n- ${jwt}\n`,
      );
    expect(read('issuer: {url: "http://a", audiences: [b]}')).toEqual({
      reason:
        '[jwt[0].issuer.url: Invalid value: "http://a": URL scheme must be https, jwt[0].claimMappings.username: Required value: claim or expression is required]',
    });
    expect(read('{issuer: {url: "https://a", audience: [b]}}')).toEqual({
      reason: 'strict decoding error: unknown field "jwt[0].issuer.audience"',
    });
    expect(
      read('{issuer: {url: "https://a", audiences: [b]}, claimMappings: {username: {expression: claims.sub}}}'),
    ).toEqual({
      reason: 'a CEL expression of an AuthenticationConfiguration is not modelled by this engine',
    });
  });
});

describe('the password file', () => {
  it('is read by a release that has the flag: password, user name, uid, groups', () => {
    const { run, withFlag } = controlPlane({ version: 'v1.18.20' });
    run(`echo 'pw,jane,u1,"devs,ops"' > /etc/kubernetes/pki/passwords.csv`, 'cp-1');
    withFlag('kube-apiserver', '--basic-auth-file=/etc/kubernetes/pki/passwords.csv');
    const who = (user: string) =>
      run(`curl -sk -u ${user} https://10.0.0.10:6443/api/v1/namespaces | grep '"message"'`);
    expect(who('jane:pw')).toContain('User \\"jane\\" cannot list');
    expect(who('jane:other')).toBe('  "message": "Unauthorized",\n');
    expect(who('pw:jane')).toBe('  "message": "Unauthorized",\n');
  });

  it('is gone since v1.19', () => {
    expect(controlPlane({ version: 'v1.19.0' }).withFlag('kube-apiserver', '--basic-auth-file=x')).toBe(
      'Error: unknown flag: --basic-auth-file\n',
    );
  });
});
