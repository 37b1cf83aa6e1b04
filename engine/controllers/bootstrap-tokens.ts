// The two controllers of bootstrap tokens, which only kubeadm's flags switch on: one signs cluster-info with each token, the
// other deletes tokens whose time is over.

import { base64Text } from '../api/base64.ts';
import type { ConfigMap, Secret } from '../api/types.ts';
import { isNotFound, keyOf } from '../client/index.ts';
import { part } from '../parts/index.ts';
import type { Controller } from './context.ts';

const TYPE = 'bootstrap.kubernetes.io/token';
const PREFIX = 'jws-kubeconfig-';
const PUBLIC = 'kube-public';
const SYSTEM = 'kube-system';
const INFO = 'cluster-info';

const of = ({ data }: Secret, key: string): string => base64Text(data?.[key] ?? '');
const isToken = (secret: Secret): boolean => secret.type === TYPE && secret.metadata.namespace === SYSTEM;

/** When it ends, ms; undefined: never. */
function endOf(secret: Secret): number | undefined {
  const text = of(secret, 'expiration');
  return text ? Date.parse(text) : undefined;
}

export const bootstrapSigner: Controller = {
  name: 'bootstrap-signer-controller',
  account: 'bootstrap-signer',
  component: 'bootstrap-signer',
  start(context) {
    const secrets = context.informer<Secret>('v1', 'secrets');
    const configMaps = context.informer<ConfigMap>('v1', 'configmaps');
    const client = context.client.of<ConfigMap>('v1', 'configmaps');
    /** Tokens by the names of their Secrets. */
    const tokens = new Map<string, Secret>();
    const queue = context.queue(() => {
      const info = configMaps.get(PUBLIC, INFO);
      const { kubeconfig } = info?.data ?? {};
      if (!info || !kubeconfig) return;
      const data: Record<string, string> = {};
      for (const key in info.data) if (!key.startsWith(PREFIX)) data[key] = info.data[key];
      tokens.forEach((secret) => {
        const id = of(secret, 'token-id');
        if (of(secret, 'usage-bootstrap-signing') !== 'true' || (endOf(secret) ?? Infinity) <= context.sim.now) return;
        data[PREFIX + id] = part('kubeadm').detachedSignature(kubeconfig, id, of(secret, 'token-secret'));
      });
      const before = info.data ?? {};
      const same = Object.keys(before).length === Object.keys(data).length;
      if (same && Object.keys(data).every((key) => before[key] === data[key])) return;
      client.update(PUBLIC, INFO, { ...info, data });
    });
    const seen = (secret: Secret) => {
      if (!isToken(secret)) return;
      tokens.set(secret.metadata.name as string, secret);
      queue.add(INFO);
    };
    secrets.on({
      add: seen,
      update: seen,
      delete(secret) {
        if (tokens.delete(secret.metadata.name as string)) queue.add(INFO);
      },
    });
    const infoChanged = ({ metadata }: ConfigMap) => {
      if (metadata.name === INFO && metadata.namespace === PUBLIC && tokens.size) queue.add(INFO);
    };
    configMaps.on({ add: infoChanged, update: infoChanged });
  },
};

export const tokenCleaner: Controller = {
  name: 'token-cleaner-controller',
  account: 'token-cleaner',
  component: 'token-cleaner',
  start(context) {
    const secrets = context.informer<Secret>('v1', 'secrets');
    const client = context.client.of<Secret>('v1', 'secrets');
    const queue = context.queue((key) => {
      const secret = secrets.byKey(key);
      const end = secret && isToken(secret) ? endOf(secret) : undefined;
      if (!secret || end === undefined) return;
      const left = end - context.sim.now;
      if (left > 0) return queue.addAfter(key, left);
      const { name = '', uid } = secret.metadata;
      try {
        client.delete(SYSTEM, name, { preconditions: { uid } });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    });
    const seen = (secret: Secret) => {
      if (isToken(secret)) queue.add(keyOf(secret));
    };
    secrets.on({ add: seen, update: seen });
  },
};
