// Bootstrap tokens (--enable-bootstrap-token-auth): 'id.secret' of a Secret in kube-system, with which machines join.

import { base64Text } from '../../api/base64.ts';
import type { Catalog, ResourceInfo } from '../../api/index.ts';
import type { Sim } from '../../sim/index.ts';
import type { Storage } from '../storage/storage.ts';
import { AUTHENTICATED, type Authenticator, type TokenAnswer } from './authenticate.ts';

const TYPE = 'bootstrap.kubernetes.io/token';
const GROUP = 'system:bootstrappers';

export class BootstrapTokens implements Authenticator {
  private readonly sim: Sim;
  private readonly storage: Storage;
  private readonly secrets: ResourceInfo;

  constructor(sim: Sim, scheme: Catalog, storage: Storage) {
    this.sim = sim;
    this.storage = storage;
    this.secrets = scheme.resource('', 'v1', 'secrets') as ResourceInfo;
  }

  token(text: string): TokenAnswer {
    const match = /^([a-z0-9]{6})\.([a-z0-9]{16})$/.exec(text);
    if (!match) return {};
    const secret = this.storage.get(this.secrets, 'kube-system', `bootstrap-token-${match[1]}`);
    if (!secret || secret.type !== TYPE || secret.metadata.deletionTimestamp) return {};
    const of = (key: string) => base64Text((secret.data as Record<string, string> | undefined)?.[key] ?? '');
    if (of('token-id') !== match[1] || of('token-secret') !== match[2]) return {};
    const expiration = of('expiration');
    if (expiration && !(Date.parse(expiration) > this.sim.now)) return {};
    if (of('usage-bootstrap-authentication') !== 'true') return {};
    const groups = [GROUP, ...of('auth-extra-groups').split(',').filter(Boolean), AUTHENTICATED];
    return { user: { name: `system:bootstrap:${match[1]}`, groups }, audiences: [] };
  }
}
