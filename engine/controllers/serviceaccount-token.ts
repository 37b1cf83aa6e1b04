// Secrets of type kubernetes.io/service-account-token: filled with a token of the account that they name, and deleted with it.

import { base64Text, utf8Base64 } from '../api/base64.ts';
import type { Secret, ServiceAccount } from '../api/types.ts';
import { isNotFound, keyOf } from '../client/index.ts';
import { signJwt } from '../pki/token-key.ts';
import type { Controller } from './context.ts';

const TYPE = 'kubernetes.io/service-account-token';
const ACCOUNT_NAME = 'kubernetes.io/service-account.name';
const ACCOUNT_UID = 'kubernetes.io/service-account.uid';
const ISSUER = 'kubernetes/serviceaccount';
const CLAIM = 'kubernetes.io/serviceaccount/';

const accountOf = ({ metadata }: Secret): string | undefined => metadata.annotations?.[ACCOUNT_NAME];

/** `rootCA`: the cluster's CA certificate in PEM. */
export const serviceAccountTokens = (rootCA: string): Controller => ({
  name: 'serviceaccount-token-controller',
  // It comes before all service accounts, and so has none.
  account: '',
  component: 'serviceaccount-token-controller',
  start(context) {
    const accounts = context.informer<ServiceAccount>('v1', 'serviceaccounts');
    const secrets = context.informer<Secret>('v1', 'secrets');
    const client = context.client.of<Secret>('v1', 'secrets');
    secrets.addIndex('account', (secret) =>
      secret.type === TYPE ? [`${secret.metadata.namespace}/${accountOf(secret)}`] : [],
    );
    const remove = ({ metadata }: Secret) => {
      try {
        client.delete(metadata.namespace as string, metadata.name as string, { preconditions: { uid: metadata.uid } });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    };
    const queue = context.queue((key) => {
      const secret = secrets.byKey(key);
      const name = secret && secret.type === TYPE ? accountOf(secret) : undefined;
      if (!secret || !name) return;
      const { namespace = '', annotations } = secret.metadata;
      const account = accounts.get(namespace, name);
      const uid = annotations?.[ACCOUNT_UID];
      if (!account || (uid && uid !== account.metadata.uid)) return remove(secret);
      const data = secret.data ?? {};
      const whole = data['ca.crt'] && base64Text(data['ca.crt']) === rootCA && data.namespace && data.token;
      if (whole && uid) return;
      const filled = {
        ...data,
        'ca.crt': utf8Base64(rootCA),
        namespace: utf8Base64(namespace),
        token: data.token ?? utf8Base64(tokenOf(account, secret.metadata.name as string)),
      };
      const metadata = {
        ...secret.metadata,
        annotations: { ...annotations, [ACCOUNT_UID]: account.metadata.uid as string },
      };
      client.update(namespace, secret.metadata.name as string, { ...secret, metadata, data: filled });
    });
    const changed = (secret: Secret) => {
      if (secret.type === TYPE) queue.add(keyOf(secret));
    };
    secrets.on({ add: changed, update: changed });
    const accountChanged = (account: ServiceAccount) => {
      for (const secret of secrets.byIndex('account', keyOf(account))) queue.add(keyOf(secret));
    };
    accounts.on({ add: accountChanged, delete: accountChanged });
  },
});

/** A JWT without an end, valid as long as the Secret holds it. */
function tokenOf({ metadata }: ServiceAccount, secret: string): string {
  const { namespace, name, uid } = metadata;
  return signJwt({
    iss: ISSUER,
    [`${CLAIM}namespace`]: namespace,
    [`${CLAIM}secret.name`]: secret,
    [`${CLAIM}service-account.name`]: name,
    [`${CLAIM}service-account.uid`]: uid,
    sub: `system:serviceaccount:${namespace}:${name}`,
  });
}
