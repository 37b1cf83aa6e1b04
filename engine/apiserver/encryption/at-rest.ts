// Encryption at rest. Values in the store are objects that the API server and its watches share; beside each that was
// written encrypted stands how, and the bytes are made when somebody looks into etcd. Whether a server can read them is
// found out when it starts.

import type { KubeObject, ResourceInfo } from '../../api/types.ts';
import type { Etcd, KeyValue } from '../../etcd/index.ts';
import { encode } from '../../linux/bytes.ts';
import type { Sim } from '../../sim/index.ts';
import type { Ledger } from '../managed-fields/ledger.ts';
import { internalError } from '../status.ts';
import type { AtRest } from '../storage/at-rest.ts';
import { NONCE, openFails, seal, type Seal } from './ciphers.ts';
import { providersOf, type Encryption, type Provider } from './configuration.ts';
import { storageForm } from './storage-form.ts';

interface Host {
  readonly sim: Sim;
  readonly etcd: Etcd;
  readonly ledger: Ledger;
  readonly scheme: { resources(): readonly ResourceInfo[] };
}

export class EncryptionAtRest implements AtRest {
  private readonly host: Host;
  private readonly encryption: Encryption | undefined;
  /** How values were written, old revisions too. */
  private readonly seals: WeakMap<object, Seal>;
  /** What this server cannot read, by key, and why. */
  private readonly unreadable = new Map<string, string>();

  /** `before`: of the server that ran before this one. */
  constructor(host: Host, encryption: Encryption | undefined, before: AtRest | undefined) {
    this.host = host;
    this.encryption = encryption;
    this.seals = before instanceof EncryptionAtRest ? before.seals : new WeakMap();
    const seen = new Set<string>();
    for (const info of host.scheme.resources()) {
      // APIs of others have no place in the store.
      if (info.storagePrefix === '' || seen.has(info.storagePrefix)) continue;
      seen.add(info.storagePrefix);
      const providers = providersOf(encryption, info);
      for (const kv of host.etcd.range(info.storagePrefix).kvs) {
        const problem = this.problem(providers, kv);
        if (problem) this.unreadable.set(kv.key, problem);
      }
    }
  }

  wrote(info: ResourceInfo, key: string, value: object) {
    this.unreadable.delete(key);
    const [first] = providersOf(this.encryption, info) ?? [];
    if (!first || first.cipher === 'identity') return;
    const digits = this.host.sim.random('encryption').hex(2 * NONCE[first.cipher]);
    const nonce = new Uint8Array(NONCE[first.cipher]);
    for (let i = 0; i < nonce.length; i++) nonce[i] = parseInt(digits.slice(2 * i, 2 * i + 2), 16);
    this.seals.set(value, { cipher: first.cipher, key: first.keys[0], nonce, place: key });
  }

  isStale(info: ResourceInfo, value: object): boolean {
    const how = this.seals.get(value);
    const [first] = providersOf(this.encryption, info) ?? [];
    if (!first || first.cipher === 'identity') return how !== undefined;
    return how?.cipher !== first.cipher || how.key.name !== first.keys[0].name;
  }

  canRead(key: string): boolean {
    return !this.unreadable.has(key);
  }

  checkOne(key: string) {
    const why = this.unreadable.get(key);
    if (why) throw internalError(why);
  }

  checkAll(prefix: string) {
    this.unreadable.forEach((why, key) => {
      if (key.startsWith(prefix)) throw internalError(`unable to transform key ${JSON.stringify(key)}: ${why}`);
    });
  }

  bytesOf(kv: KeyValue): Uint8Array | undefined {
    const plain = this.plain(kv);
    const how = this.seals.get(kv.value as object);
    return plain && how ? seal(how, plain) : plain;
  }

  private plain({ key, value }: KeyValue): Uint8Array | undefined {
    return storageForm(key, value as KubeObject, this.host.ledger);
  }

  private problem(providers: readonly Provider[] | undefined, kv: KeyValue): string | undefined {
    const how = this.seals.get(kv.value as object);
    if (!providers) return how && 'identity transformer tried to read encrypted data';
    const errors: string[] = [];
    for (const provider of providers) {
      if (provider.cipher === 'identity') {
        if (!how) return undefined;
        continue;
      }
      if (provider.cipher !== how?.cipher) continue;
      const keys = provider.keys.filter(({ name }) => name === how.key.name);
      for (const key of keys) {
        const failure = openFails(how, key, () => this.plain(kv) ?? encode(JSON.stringify(kv.value)));
        if (!failure) return undefined;
        errors.push(failure);
      }
      if (keys.length === 0) {
        const family = provider.cipher === 'secretbox' ? 'Secretbox' : 'AES';
        errors.push(`no matching key was found for the provided ${family} transformer`);
      }
    }
    const different = [...new Set(errors)];
    if (different.length === 0) return 'no matching prefix found';
    return different.length === 1 ? different[0] : `[${different.join(', ')}]`;
  }
}
