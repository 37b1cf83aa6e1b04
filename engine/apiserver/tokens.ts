// Service account tokens that this server has issued: opaque strings, known until they run out.

import type { Sim } from '../sim/index.ts';
import type { Authenticator } from './authn.ts';
import type { UserInfo } from './types.ts';

interface Issued {
  namespace: string;
  name: string;
  uid: string;
  expires: number;
}

export class ServiceAccountTokens implements Authenticator {
  readonly issuer = 'https://kubernetes.default.svc.cluster.local';
  private readonly sim: Sim;
  private readonly issued = new Map<string, Issued>();

  constructor(sim: Sim) {
    this.sim = sim;
  }

  /** `expires`: virtual ms since the epoch. */
  issue(namespace: string, name: string, uid: string, expires: number): string {
    const text = this.sim.random('service-account-token').hex(64);
    this.issued.set(text, { namespace, name, uid, expires });
    return text;
  }

  token(text: string): UserInfo | undefined {
    const found = this.issued.get(text);
    if (!found || found.expires <= this.sim.now) return undefined;
    const { namespace, name, uid } = found;
    return {
      name: `system:serviceaccount:${namespace}:${name}`,
      uid,
      groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    };
  }
}
