// OpenID Connect discovery: how others check service account tokens without asking the API server about each.

import { TOKEN_KEY } from '../../pki/token-key.ts';
import type { ApiRequest, ApiResponse } from '../types.ts';
import { ISSUER } from './service-account-tokens.ts';
import { hostPort } from '../../linux/net/index.ts';

const JWKS = '/openid/v1/jwks';

/** `address`: where the API server listens. Undefined for other paths. */
export function openid({ method, path }: ApiRequest, address: string): ApiResponse | undefined {
  if (method !== 'GET') return undefined;
  if (path === '/.well-known/openid-configuration') {
    return answer('application/json', {
      issuer: ISSUER,
      jwks_uri: `https://${hostPort(address, 6443)}${JWKS}`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
    });
  }
  return path === JWKS ? answer('application/jwk-set+json', { keys: [TOKEN_KEY] }) : undefined;
}

const answer = (type: string, body: object): ApiResponse => ({
  code: 200,
  headers: { 'content-type': type, 'cache-control': 'public, max-age=3600' },
  body: JSON.stringify(body),
});
