// Keycloak: an OpenID Connect provider. Realms come from the files of --import-realm, users get tokens for their password
// (the direct access grant), and others check those with the realm's keys.

import {
  filesOf,
  header,
  serveHttp,
  type HttpRequest,
  type HttpResponse,
  type Process,
  type Program,
} from '../linux/index.ts';
import { part } from '../parts/index.ts';
import type { Co } from '../sim/index.ts';
import { base64url } from '../pki/token-key.ts';
import { encode } from '../linux/bytes.ts';
import { flagValue, untilSignal } from './service.ts';
import { readServingCertificate } from './serving-certificate.ts';
import type { Repository } from './types.ts';

const VERSION = '26.4.0';
const IMPORT = '/opt/keycloak/data/import';
/** A JVM's start, ms. */
const START_MS = 8000;
/** Seconds. */
const LIFESPAN = 300;

interface Mapper {
  name?: string;
  protocol?: string;
  protocolMapper?: string;
  config?: Record<string, string>;
}
interface RealmClient {
  clientId: string;
  enabled?: boolean;
  publicClient?: boolean;
  secret?: string;
  directAccessGrantsEnabled?: boolean;
  protocolMappers?: Mapper[];
}
interface User {
  id?: string;
  username: string;
  enabled?: boolean;
  email?: string;
  emailVerified?: boolean;
  firstName?: string;
  lastName?: string;
  groups?: string[];
  credentials?: { type?: string; value?: string; temporary?: boolean }[];
}
interface Realm {
  realm: string;
  enabled?: boolean;
  defaultSignatureAlgorithm?: string;
  accessTokenLifespan?: number;
  groups?: { name: string }[];
  users?: User[];
  clients?: RealmClient[];
}

/** What of a realm's file has effect; the other fields are refused. */
const KNOWN = {
  realm: ['realm', 'enabled', 'defaultSignatureAlgorithm', 'accessTokenLifespan', 'groups', 'users', 'clients'],
  user: ['id', 'username', 'enabled', 'email', 'emailVerified', 'firstName', 'lastName', 'groups', 'credentials'],
  client: ['clientId', 'enabled', 'publicClient', 'secret', 'directAccessGrantsEnabled', 'protocolMappers'],
};
const MAPPERS = ['oidc-group-membership-mapper'];
const FLAGS = ['import-realm', 'hostname', 'hostname-strict', 'https-certificate-file', 'https-certificate-key-file'];

/** A realm that is served: its keys, and the ids of its users. */
interface Served {
  realm: Realm;
  kid: string;
  key: ReturnType<ReturnType<typeof part<'pki'>>['keyFrom']>;
  ids: ReadonlyMap<string, string>;
}

const json = (status: number, body: object): HttpResponse => ({
  status,
  headers: [
    ['Content-Type', 'application/json'],
    ['Cache-Control', 'no-store'],
  ],
  body: JSON.stringify(body),
});

const keycloak: Program = function* (process): Co<number> {
  const { sim, net } = process.host;
  const say = (level: string, logger: string, text: string) => {
    const iso = new Date(sim.now).toISOString();
    process.stdout.write(
      `${iso.slice(0, 10)} ${iso.slice(11, 23).replace('.', ',')} ${level.padEnd(5)} [${logger}] (main) ${text}\n`,
    );
  };
  const fail = (text: string) => {
    say('ERROR', 'org.keycloak.quarkus.runtime.cli.ExecutionExceptionHandler', text);
    return 1;
  };
  const [, mode = ''] = process.argv;
  if (mode !== 'start' && mode !== 'start-dev')
    return fail(`the command ${JSON.stringify(mode)} is not modelled by this engine`);
  const strange = process.argv.slice(2).find((arg) => !FLAGS.includes(arg.replace(/^--/, '').split('=')[0]));
  if (strange) {
    process.stderr.write(`Unknown option: '${strange.split('=')[0]}'\n`);
    return 2;
  }
  const hostname = flagValue(process.argv, '--hostname');
  if (mode === 'start' && hostname === undefined && flagValue(process.argv, '--hostname-strict') !== 'false')
    return fail('ERROR: hostname is not configured; either configure hostname, or set hostname-strict to false');
  const tls = readServingCertificate(
    process,
    flagValue(process.argv, '--https-certificate-file') ?? '',
    flagValue(process.argv, '--https-certificate-key-file') ?? '',
  );
  if (typeof tls === 'string')
    return fail(`ERROR: Key material not provided to setup HTTPS (${tls}); this engine has Keycloak speak HTTPS only`);
  yield START_MS;
  const realms = process.argv.includes('--import-realm') ? importRealms(process) : new Map<string, Served>();
  if (typeof realms === 'string') return fail(realms);
  realms.forEach((_, name) => say('INFO', 'org.keycloak.exportimport.util.ImportUtils', `Realm '${name}' imported`));
  const listener = serveHttp(
    sim,
    net,
    8443,
    // eslint-disable-next-line require-yield
    function* (request): Co<HttpResponse> {
      const host = header(request.headers, 'host') ?? 'localhost';
      const own = hostname === undefined ? host : hostname;
      return answer(process, realms, request, own.startsWith('https://') ? own : `https://${own}`);
    },
    { tls, process },
  );
  if (!listener) return fail('ERROR: Port(s) already bound: 8443: Address already in use');
  say(
    'INFO',
    'io.quarkus',
    `Keycloak ${VERSION} on JVM started in ${START_MS / 1000}s. Listening on: https://0.0.0.0:8443`,
  );
  yield* untilSignal(process);
  listener.close();
  return 143;
};

/** The realms of the files, or what is wrong with them. */
function importRealms(process: Process): Map<string, Served> | string {
  const fs = filesOf(process);
  const realms = new Map<string, Served>();
  const unknown = (object: object, known: readonly string[]) =>
    Object.keys(object).find((name) => !known.includes(name));
  const names = fs.find(IMPORT)?.kind === 'dir' ? fs.readdir(IMPORT).filter((name) => name.endsWith('.json')) : [];
  for (const name of names) {
    let realm: Realm;
    try {
      realm = JSON.parse(fs.readFile(`${IMPORT}/${name}`));
    } catch {
      return `ERROR: ${IMPORT}/${name} is not valid JSON`;
    }
    const { users = [], clients = [], defaultSignatureAlgorithm } = realm;
    if (defaultSignatureAlgorithm !== 'ES256')
      return `ERROR: realm ${realm.realm}: only "defaultSignatureAlgorithm": "ES256" is modelled by this engine`;
    const field =
      unknown(realm, KNOWN.realm) ??
      users.map((user) => unknown(user, KNOWN.user)).find(Boolean) ??
      clients.map((client) => unknown(client, KNOWN.client)).find(Boolean);
    if (field) return `ERROR: realm ${realm.realm}: the field ${JSON.stringify(field)} is not modelled by this engine`;
    const mapper = clients
      .flatMap(({ protocolMappers = [] }) => protocolMappers)
      .find(({ protocolMapper = '' }) => !MAPPERS.includes(protocolMapper));
    if (mapper)
      return `ERROR: realm ${realm.realm}: the mapper ${mapper.protocolMapper} is not modelled by this engine`;
    const random = process.host.sim.random(`keycloak/${realm.realm}`);
    const ids = new Map(users.map((user) => [user.username, user.id ?? random.uuid()]));
    realms.set(realm.realm, {
      realm,
      ids,
      kid: base64url(encode(random.hex(32))),
      key: part('pki').keyFrom(random.hex(64)),
    });
  }
  return realms;
}

function answer(
  process: Process,
  realms: ReadonlyMap<string, Served>,
  request: HttpRequest,
  base: string,
): HttpResponse {
  const [, name, path] = /^\/realms\/([^/?]+)(\/[^?]*)?/.exec(request.target) ?? [];
  if (name === undefined) return json(404, { error: 'Unable to find matching target resource method' });
  const served = realms.get(name);
  if (!served || served.realm.enabled === false) return json(404, { error: 'Realm does not exist' });
  const issuer = `${base}/realms/${name}`;
  const protocol = `${issuer}/protocol/openid-connect`;
  switch (path) {
    case '/.well-known/openid-configuration':
      return json(200, {
        issuer,
        authorization_endpoint: `${protocol}/auth`,
        token_endpoint: `${protocol}/token`,
        jwks_uri: `${protocol}/certs`,
        grant_types_supported: ['password'],
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['ES256'],
      });
    case '/protocol/openid-connect/certs': {
      const { point } = served.key;
      const [x, y] = [point.slice(1, 33), point.slice(33)].map(base64url);
      return json(200, { keys: [{ kid: served.kid, kty: 'EC', alg: 'ES256', use: 'sig', crv: 'P-256', x, y }] });
    }
    case '/protocol/openid-connect/token':
      return request.method === 'POST'
        ? token(process, served, request, issuer)
        : json(405, { error: 'HTTP 405 Method Not Allowed' });
    default:
      return json(404, { error: 'Unable to find matching target resource method' });
  }
}

function token(process: Process, served: Served, request: HttpRequest, issuer: string): HttpResponse {
  const form = new Map(
    request.body.split('&').map((pair): [string, string] => {
      const [name, value = ''] = pair.split('=', 2).map((text) => decodeURIComponent(text.replace(/\+/g, ' ')));
      return [name, value];
    }),
  );
  const { realm } = served;
  const refused = (status: number, error: string, error_description: string) =>
    json(status, { error, error_description });
  const client = realm.clients?.find(
    ({ clientId, enabled }) => clientId === form.get('client_id') && enabled !== false,
  );
  if (!client || (!client.publicClient && client.secret !== form.get('client_secret')))
    return refused(401, 'invalid_client', 'Invalid client or Invalid client credentials');
  if (form.get('grant_type') !== 'password') return refused(400, 'unsupported_grant_type', 'Unsupported grant_type');
  if (!client.directAccessGrantsEnabled)
    return refused(400, 'unauthorized_client', 'Client not allowed for direct access grants');
  const user = realm.users?.find(({ username }) => username === form.get('username'));
  const right = user?.credentials?.some(({ type, value }) => type === 'password' && value === form.get('password'));
  if (!user || !right) return refused(401, 'invalid_grant', 'Invalid user credentials');
  if (user.enabled === false) return refused(400, 'invalid_grant', 'Account disabled');
  const random = process.host.sim.random('keycloak/tokens');
  const now = Math.floor(process.host.sim.now / 1000);
  const seconds = realm.accessTokenLifespan ?? LIFESPAN;
  const scope = form.get('scope') ?? '';
  const common = {
    exp: now + seconds,
    iat: now,
    jti: random.uuid(),
    iss: issuer,
    aud: client.clientId,
    sub: served.ids.get(user.username),
    typ: 'ID',
    azp: client.clientId,
    sid: random.uuid(),
    email_verified: user.emailVerified ?? false,
    ...named(user),
    preferred_username: user.username,
    ...(user.firstName ? { given_name: user.firstName } : {}),
    ...(user.lastName ? { family_name: user.lastName } : {}),
    ...(user.email ? { email: user.email } : {}),
    ...groupClaims(user, client),
  };
  return json(200, {
    access_token: sign(served, { ...common, jti: random.uuid(), aud: undefined, typ: 'Bearer' }),
    expires_in: seconds,
    token_type: 'Bearer',
    ...(scope.split(' ').includes('openid') ? { id_token: sign(served, common) } : {}),
    'not-before-policy': 0,
    session_state: common.sid,
    scope: ['openid', 'profile', 'email'].filter((one) => one !== 'openid' || scope.split(' ').includes(one)).join(' '),
  });
}

function named({ firstName, lastName }: User): { name?: string } {
  const name = [firstName, lastName].filter(Boolean).join(' ');
  return name ? { name } : {};
}

function groupClaims({ groups = [] }: User, { protocolMappers = [] }: RealmClient): Record<string, string[]> {
  const claims: Record<string, string[]> = {};
  for (const { config = {} } of protocolMappers) {
    if (config['id.token.claim'] === 'false') continue;
    const full = config['full.path'] !== 'false';
    claims[config['claim.name'] ?? 'groups'] = groups.map((group) =>
      full ? `/${group.replace(/^\//, '')}` : group.replace(/^.*\//, ''),
    );
  }
  return claims;
}

function sign({ kid, key }: Served, claims: object): string {
  const part1 = base64url(encode(JSON.stringify({ alg: 'ES256', typ: 'JWT', kid })));
  const text = `${part1}.${base64url(encode(JSON.stringify(claims)))}`;
  return `${text}.${base64url(part('pki').sign(encode(text), key))}`;
}

export const keycloakRepositories: readonly Repository[] = [
  {
    names: ['quay.io/keycloak/keycloak'],
    tags: { latest: VERSION, '26.4': VERSION, [VERSION]: VERSION },
    size: 210_000_000,
    entrypoint: ['/opt/keycloak/bin/kc.sh'],
    env: { LANG: 'en_US.UTF-8', KC_RUN_IN_CONTAINER: 'true' },
    user: '1000',
    exposedPorts: ['8080/tcp', '8443/tcp', '9000/tcp'],
    programs: { '/opt/keycloak/bin/kc.sh': keycloak },
    memory: 420_000_000,
    cpu: 15,
  },
];
