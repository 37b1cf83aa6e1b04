// Whose tokens kube-apiserver takes besides its own: --oidc-* for one issuer, or the AuthenticationConfiguration file of
// --authentication-config for several.

import { document, type Problem } from '../configuration-file.ts';

export interface ClaimMapping {
  claim: string;
  prefix: string;
}

export interface JwtIssuer {
  url: string;
  discoveryUrl: string;
  audiences: readonly string[];
  /** PEM; undefined: the roots of the machine, which trust nobody here. */
  authority: string | undefined;
  username: ClaimMapping;
  groups: ClaimMapping | undefined;
  /** Claim to user id. */
  uid: string | undefined;
  requiredClaims: Readonly<Record<string, string>>;
  algorithms: readonly string[];
}

const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512'];
const VERSIONS = ['v1', 'v1beta1', 'v1alpha1'].map((version) => `apiserver.config.k8s.io/${version}`);
const WELL_KNOWN = '/.well-known/openid-configuration';

/** What --oidc-* say; undefined without --oidc-issuer-url. `read` gives the text of a file. */
export function oidcFlags(
  given: ReadonlyMap<string, string>,
  read: (path: string) => string | undefined,
): JwtIssuer[] | Problem {
  const url = given.get('oidc-issuer-url');
  const client = given.get('oidc-client-id');
  if ((url === undefined) !== (client === undefined))
    return { reason: 'oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set' };
  if (url === undefined || client === undefined) return [];
  if (!url.startsWith('https://'))
    return { reason: `jwt[0].issuer.url: Invalid value: ${JSON.stringify(url)}: URL scheme must be https` };
  const algorithms = (given.get('oidc-signing-algs') ?? 'RS256').split(',');
  const strange = algorithms.find((one) => !ALGORITHMS.includes(one));
  if (strange) return { reason: `oidc: unsupported signing alg: ${JSON.stringify(strange)}` };
  const path = given.get('oidc-ca-file');
  const authority = path === undefined ? undefined : read(path);
  if (path !== undefined && authority === undefined) return { reason: `open ${path}: no such file or directory` };
  const claim = given.get('oidc-username-claim') ?? 'sub';
  const prefix = given.get('oidc-username-prefix') ?? (claim === 'email' ? '-' : `${url}#`);
  const groups = given.get('oidc-groups-claim');
  const pairs = (given.get('oidc-required-claim') ?? '').split(',').filter(Boolean);
  return [
    {
      url,
      discoveryUrl: url.replace(/\/$/, '') + WELL_KNOWN,
      audiences: [client],
      authority,
      username: { claim, prefix: prefix === '-' ? '' : prefix },
      groups: groups === undefined ? undefined : { claim: groups, prefix: given.get('oidc-groups-prefix') ?? '' },
      uid: undefined,
      requiredClaims: Object.fromEntries(
        pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
      ),
      algorithms,
    },
  ];
}

interface Mapping {
  claim?: string;
  prefix?: string;
  expression?: string;
}
interface Configuration {
  apiVersion?: string;
  kind?: string;
  anonymous?: object;
  jwt?: {
    issuer?: {
      url?: string;
      discoveryURL?: string;
      certificateAuthority?: string;
      audiences?: string[];
      audienceMatchPolicy?: string;
      egressSelectorType?: string;
    };
    claimValidationRules?: { claim?: string; requiredValue?: string; expression?: string; message?: string }[];
    claimMappings?: { username?: Mapping; groups?: Mapping; uid?: Mapping; extra?: object[] };
    userValidationRules?: object[];
  }[];
}

const KNOWN: Readonly<Record<string, readonly string[]>> = {
  '': ['apiVersion', 'kind', 'jwt', 'anonymous'],
  jwt: ['issuer', 'claimValidationRules', 'claimMappings', 'userValidationRules'],
  issuer: ['url', 'discoveryURL', 'certificateAuthority', 'audiences', 'audienceMatchPolicy', 'egressSelectorType'],
  claimMappings: ['username', 'groups', 'uid', 'extra'],
  claimValidationRules: ['claim', 'requiredValue', 'expression', 'message'],
};

export function readAuthenticationConfiguration(text: string): JwtIssuer[] | Problem {
  const read = document<Configuration>(text, 'AuthenticationConfiguration', VERSIONS);
  if ('reason' in read) return read;
  const { jwt = [], anonymous } = read.object;
  const faults: string[] = [];
  const check = (kind: string, at: string, object: object | undefined) => {
    for (const name in object) if (!KNOWN[kind].includes(name)) faults.push(`unknown field "${at}${name}"`);
  };
  check('', '', read.object);
  for (const [i, one] of jwt.entries()) {
    check('jwt', `jwt[${i}].`, one);
    check('issuer', `jwt[${i}].issuer.`, one.issuer);
    check('claimMappings', `jwt[${i}].claimMappings.`, one.claimMappings);
    for (const [j, rule] of (one.claimValidationRules ?? []).entries())
      check('claimValidationRules', `jwt[${i}].claimValidationRules[${j}].`, rule);
  }
  if (faults.length) return { reason: `strict decoding error: ${faults.join(', ')}` };
  const unmodelled = (what: string) => ({
    reason: `${what} of an AuthenticationConfiguration is not modelled by this engine`,
  });
  if (anonymous) return unmodelled('the field anonymous');
  const issuers: JwtIssuer[] = [];
  for (const [
    i,
    { issuer = {}, claimMappings = {}, claimValidationRules = [], userValidationRules },
  ] of jwt.entries()) {
    const at = `jwt[${i}]`;
    const { url = '', audiences = [], audienceMatchPolicy = '' } = issuer;
    const { username = {}, groups, uid, extra } = claimMappings;
    if (extra) return unmodelled('the field claimMappings.extra');
    if (userValidationRules) return unmodelled('the field userValidationRules');
    if (issuer.egressSelectorType) return unmodelled('the field issuer.egressSelectorType');
    if ([username, groups, uid, ...claimValidationRules].some((one) => one?.expression))
      return unmodelled('a CEL expression');
    if (url === '') faults.push(`${at}.issuer.url: Required value: URL is required`);
    else if (!url.startsWith('https://'))
      faults.push(`${at}.issuer.url: Invalid value: ${JSON.stringify(url)}: URL scheme must be https`);
    else if (issuers.some((other) => other.url === url))
      faults.push(`${at}.issuer.url: Duplicate value: ${JSON.stringify(url)}`);
    if (audiences.length === 0)
      faults.push(`${at}.issuer.audiences: Required value: at least one ${at}.issuer.audiences is required`);
    if (audiences.length > 1 && audienceMatchPolicy !== 'MatchAny')
      faults.push(
        `${at}.issuer.audienceMatchPolicy: Invalid value: ${JSON.stringify(audienceMatchPolicy)}: audienceMatchPolicy must be MatchAny for multiple audiences`,
      );
    if (!username.claim) faults.push(`${at}.claimMappings.username: Required value: claim or expression is required`);
    else if (username.prefix === undefined) {
      faults.push(
        `${at}.claimMappings.username.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing`,
      );
    }
    if (groups?.claim && groups.prefix === undefined) {
      faults.push(
        `${at}.claimMappings.groups.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing`,
      );
    }
    const requiredClaims: Record<string, string> = {};
    for (const { claim = '', requiredValue = '' } of claimValidationRules) requiredClaims[claim] = requiredValue;
    issuers.push({
      url,
      discoveryUrl: issuer.discoveryURL || url.replace(/\/$/, '') + WELL_KNOWN,
      audiences,
      authority: issuer.certificateAuthority,
      username: { claim: username.claim ?? '', prefix: username.prefix ?? '' },
      groups: groups?.claim ? { claim: groups.claim, prefix: groups.prefix ?? '' } : undefined,
      uid: uid?.claim,
      requiredClaims,
      algorithms: ALGORITHMS,
    });
  }
  if (faults.length === 0) return issuers;
  return { reason: faults.length === 1 ? faults[0] : `[${faults.join(', ')}]` };
}
