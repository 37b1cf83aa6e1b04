// --encryption-provider-config: the file that says which resources are encrypted in etcd, and with which keys.

import type { ResourceInfo } from '../../api/types.ts';
import { fromBase64 } from '../../linux/bytes.ts';
import { document, type Problem } from '../configuration-file.ts';

export type Cipher = 'aescbc' | 'aesgcm' | 'secretbox';

export interface Key {
  name: string;
  secret: Uint8Array;
}

/** `identity` leaves the text as it is. */
export type Provider = { cipher: 'identity' } | { cipher: Cipher; keys: readonly Key[] };

/** Providers by `resource.group`, `*.group` and `*.*`; the first writes, all are tried for reading. */
export type Encryption = ReadonlyMap<string, readonly Provider[]>;

const SIZES: Readonly<Record<Cipher, readonly number[]>> = {
  aescbc: [16, 24, 32],
  aesgcm: [16, 24, 32],
  secretbox: [32],
};
const KINDS = ['kms', 'aesgcm', 'aescbc', 'secretbox', 'identity'];

interface RawProvider {
  [cipher: string]: { keys?: { name?: string; secret?: string }[] } | undefined;
}

/** The configuration, or why the server does not start. */
export function readEncryption(path: string, text: string): Encryption | Problem {
  if (text === '')
    return { reason: `error while parsing file: encryption provider configuration file "${path}" is empty` };
  const read = document<{ resources?: { resources?: string[]; providers?: RawProvider[] }[] }>(
    text,
    'EncryptionConfiguration',
    ['apiserver.config.k8s.io/v1'],
  );
  if ('reason' in read) return { reason: `error while parsing file: ${read.reason}` };
  const faults: string[] = [];
  const { resources = [] } = read.object;
  if (resources.length === 0) faults.push('resources: Required value: at least one resources is required');
  const encryption = new Map<string, Provider[]>();
  for (const [i, entry] of resources.entries()) {
    const at = `resources[${i}]`;
    const names = entry.resources ?? [];
    if (names.length === 0) faults.push(`${at}.resources: Required value: at least one ${at}.resources is required`);
    faults.push(
      ...overlaps(names, `${at}.resources`),
      ...names.flatMap((name, j) => nameFault(name, `${at}.resources[${j}]`)),
    );
    const given = entry.providers ?? [];
    if (given.length === 0) faults.push(`${at}.providers: Required value: at least one ${at}.providers is required`);
    const providers: Provider[] = [];
    for (const [j, raw] of given.entries()) {
      const provider = readProvider(raw, `${at}.providers[${j}]`, faults);
      if (provider && 'reason' in provider) return provider;
      if (provider) providers.push(provider);
    }
    for (const name of names) {
      const { resource, group } = split(name);
      const masks = [`*.${group}`, '*.*'];
      const mask = masks.find((one) => encryption.has(one));
      const id = `${resource}.${group}`;
      if (mask && !faults.length)
        return { reason: `resource "${shown(id)}" is masked by earlier rule "${shown(mask)}"` };
      encryption.set(id, [...(encryption.get(id) ?? []), ...providers]);
    }
  }
  if (faults.length === 0) return encryption;
  return { reason: `error while parsing file: ${faults.length === 1 ? faults[0] : `[${faults.join(', ')}]`}` };
}

/** Who writes and reads objects of a resource; undefined: they are left as they are. */
export function providersOf(encryption: Encryption | undefined, { resource, group }: ResourceInfo) {
  if (!encryption) return undefined;
  return encryption.get(`${resource}.${group}`) ?? encryption.get(`*.${group}`) ?? encryption.get('*.*');
}

function split(name: string): { resource: string; group: string } {
  const dot = name.indexOf('.');
  return dot < 0 ? { resource: name, group: '' } : { resource: name.slice(0, dot), group: name.slice(dot + 1) };
}

const shown = (id: string) => (id.endsWith('.') && id !== '*.' ? id.slice(0, -1) : id);

function readProvider(raw: RawProvider, at: string, faults: string[]): Provider | Problem | undefined {
  const unknown = Object.keys(raw).find((name) => !KINDS.includes(name));
  if (unknown) {
    return {
      reason: `error while parsing file: strict decoding error: unknown field "${at}.${unknown}"`,
    };
  }
  const [cipher, ...others] = Object.keys(raw);
  if (!cipher) {
    faults.push(
      `${at}: Invalid value: provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity`,
    );
    return undefined;
  }
  if (others.length) {
    faults.push(
      `${at}: Invalid value: more than one provider specified in a single element, should split into different list elements`,
    );
    return undefined;
  }
  if (cipher === 'identity') return { cipher };
  if (cipher === 'kms') return { reason: 'a key management service (the provider kms) is not modelled by this engine' };
  const path = `${at}.${cipher}.keys`;
  const given = raw[cipher]?.keys ?? [];
  if (given.length === 0) faults.push(`${path}: Required value: at least one keys is required`);
  const keys: Key[] = [];
  for (const [i, { name = '', secret = '' }] of given.entries()) {
    if (name === '') faults.push(`${path}[${i}].name: Required value: name is a mandatory field for a key`);
    const { bytes, ok } = fromBase64(secret);
    const sizes = SIZES[cipher as Cipher];
    if (secret === '') faults.push(`${path}[${i}].secret: Required value: secret is a mandatory field for a key`);
    else if (!ok) faults.push(`${path}[${i}].secret: Invalid value: "REDACTED": secrets must be base64 encoded`);
    else if (!sizes.includes(bytes.length)) {
      faults.push(
        `${path}[${i}].secret: Invalid value: "REDACTED": secret is not of the expected length, got ${bytes.length}, expected one of [${sizes.join(' ')}]`,
      );
    } else keys.push({ name, secret: bytes });
  }
  return { cipher: cipher as Cipher, keys };
}

function nameFault(name: string, at: string): string[] {
  const fault = (why: string) => [`${at}: Invalid value: ${JSON.stringify(name)}: ${why}`];
  const { resource, group } = split(name);
  if (name !== name.toLowerCase()) return fault('resource name should not contain capital letters');
  if (name === '*')
    return fault("use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources");
  if (['apiserveripinfo', 'serviceipallocations', 'servicenodeportallocations'].includes(name))
    return fault('resources which do not have REST API/s cannot be encrypted');
  if (group === 'events.k8s.io') {
    return fault(
      "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file",
    );
  }
  if (group === 'extensions') return fault("'extensions' group has been removed and cannot be used for encryption");
  if (group === '*' && resource !== '*') return fault('encrypting the same resource across groups is not supported');
  return [];
}

function overlaps(names: readonly string[], at: string): string[] {
  const faults: string[] = [];
  const list = `[${names.map((name) => JSON.stringify(name)).join(',')}]`;
  const parsed = names.map(split);
  if (new Set(names).size < names.length)
    faults.push(`${at}: Invalid value: ${list}: the same resource cannot be specified multiple times`);
  const overlap = parsed.some((one, i) =>
    parsed.some(
      (other, j) =>
        i !== j &&
        names[i] !== names[j] &&
        ((one.group === '*' && one.resource === '*') ||
          (one.group === other.group && (one.resource === '*' || other.resource === '*'))),
    ),
  );
  if (overlap) {
    faults.push(
      `${at}: Invalid value: ${list}: using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked`,
    );
  }
  return faults;
}
