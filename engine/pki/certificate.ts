// X.509 certificates and PKCS #10 requests: written with a template, read into plain values.

import { decode } from '../linux/bytes.ts';
import {
  bits,
  boolean,
  context,
  DerError,
  element,
  ia5,
  integer,
  octets,
  oid,
  oidText,
  only,
  read,
  sequence,
  set,
  string,
  time,
  timeOf,
  type Bytes,
  type Element,
} from './der.ts';
import { algorithmOf, isSignatureOf, publicInfoOf, sha256, signatureBy, type PrivateKey } from './keys.ts';

/** A distinguished name, as far as Kubernetes reads it. */
export interface Name {
  commonName: string;
  organizations: string[];
}

export interface AlternativeNames {
  dns: string[];
  emails: string[];
  ips: string[];
  uris: string[];
}

export interface Request {
  subject: Name;
  /** As it stood in the request: all its parts and their order. */
  rawSubject: Bytes;
  names: AlternativeNames;
  publicKeyInfo: Bytes;
}

export interface Certificate extends Request {
  issuer: Name;
  serial: Bytes;
  /** ms since the epoch. */
  notBefore: number;
  notAfter: number;
  isCA: boolean;
  keyUsages: string[];
  extendedKeyUsages: string[];
  rawIssuer: Bytes;
  /** Identifiers of the key and of its signer's; absent where the certificate does not say. */
  subjectKeyId?: Bytes;
  authorityKeyId?: Bytes;
  /** The signed part, and the signature with the identifier of its algorithm. */
  signed: Bytes;
  signature: { algorithm: Bytes; value: Bytes };
}

export interface Template {
  serial: Bytes;
  issuer: Bytes;
  subject: Bytes;
  notBefore: number;
  notAfter: number;
  publicKeyInfo: Bytes;
  isCA: boolean;
  /** As certificates.k8s.io/v1 names them. */
  usages: readonly string[];
  names?: Partial<AlternativeNames>;
  /** The signer's key identifier; absent when it signs itself. */
  authorityKeyId?: Bytes;
}

const COMMON_NAME = '2.5.4.3';
const ORGANIZATION = '2.5.4.10';
const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';
const EXTENSIONS = {
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
  extKeyUsage: '2.5.29.37',
};

/** By the number of their bit. */
const KEY_USAGES = [
  'digital signature',
  'content commitment',
  'key encipherment',
  'data encipherment',
  'key agreement',
  'cert sign',
  'crl sign',
  'encipher only',
  'decipher only',
];
const EXTENDED_KEY_USAGES: Record<string, string> = {
  any: '2.5.29.37.0',
  'server auth': '1.3.6.1.5.5.7.3.1',
  'client auth': '1.3.6.1.5.5.7.3.2',
  'code signing': '1.3.6.1.5.5.7.3.3',
  'email protection': '1.3.6.1.5.5.7.3.4',
  's/mime': '1.3.6.1.5.5.7.3.4',
  'ipsec end system': '1.3.6.1.5.5.7.3.5',
  'ipsec tunnel': '1.3.6.1.5.5.7.3.6',
  'ipsec user': '1.3.6.1.5.5.7.3.7',
  timestamping: '1.3.6.1.5.5.7.3.8',
  'ocsp signing': '1.3.6.1.5.5.7.3.9',
  'microsoft sgc': '1.3.6.1.4.1.311.10.3.3',
  'netscape sgc': '2.16.840.1.113730.4.1',
};
const SAME_USAGE: Record<string, string> = { signing: 'digital signature' };

/** Organizations before the common name, as Go orders them. */
export const nameDer = ({ commonName, organizations }: Name): Bytes =>
  sequence(
    ...(organizations.length ? [set(...organizations.map((value) => sequence(oid(ORGANIZATION), string(value))))] : []),
    ...(commonName ? [set(sequence(oid(COMMON_NAME), string(commonName)))] : []),
  );

/** RFC 5280, 4.2.1.2 (method 1 of RFC 7093, as Go's since 1.25: the first 160 bits of the key's SHA-256). */
export const keyId = (info: Bytes): Bytes => sha256(read(only(info).content)[1].content.slice(1)).slice(0, 20);

const extension = (id: string, critical: boolean, value: Bytes): Bytes =>
  sequence(oid(id), ...(critical ? [boolean(true)] : []), octets(value));

function keyUsage(usages: readonly string[]): Bytes | undefined {
  let flags = 0;
  for (const usage of usages) {
    const bit = KEY_USAGES.indexOf(SAME_USAGE[usage] ?? usage);
    if (bit >= 0) flags |= 0x8000 >> bit;
  }
  if (!flags) return undefined;
  const wide = (flags & 0xff) !== 0;
  let unused = 0;
  while (!(((wide ? flags : flags >> 8) >> unused) & 1)) unused++;
  return bits(new Uint8Array(wide ? [flags >> 8, flags & 255] : [flags >> 8]), unused);
}

function alternativeNames({
  dns = [],
  emails = [],
  ips = [],
  uris = [],
}: Partial<AlternativeNames>): Bytes | undefined {
  const all = [
    ...dns.map((name) => ia5(0x82, name)),
    ...emails.map((email) => ia5(0x81, email)),
    ...ips.map((ip) => element(0x87, ipBytes(ip))),
    ...uris.map((uri) => ia5(0x86, uri)),
  ];
  return all.length ? sequence(...all) : undefined;
}

function ipBytes(ip: string): Bytes {
  if (!ip.includes(':')) return new Uint8Array(ip.split('.').map(Number));
  const [head, tail] = ip.split('::').map((half) => (half ? half.split(':') : []));
  const groups = tail ? [...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail] : head;
  return new Uint8Array(groups.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 255]));
}

function ipText(bytes: Bytes): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups: string[] = [];
  for (let i = 0; i < bytes.length; i += 2) groups.push(((bytes[i] << 8) | bytes[i + 1]).toString(16));
  return groups.join(':').replace(/(^|:)(0(:|$)){2,}/, '::');
}

/** What has been signed, with the signature behind it. */
function signedBy(key: PrivateKey, signed: Bytes): Bytes {
  const { algorithm, value } = signatureBy(key, signed);
  return sequence(signed, algorithm, bits(value));
}

export function signCertificate(template: Template, signer: PrivateKey): Bytes {
  const { usages, names = {}, authorityKeyId, isCA } = template;
  const extended = usages.flatMap((usage) => EXTENDED_KEY_USAGES[usage] ?? []);
  const flags = keyUsage(usages);
  const alternative = alternativeNames(names);
  const extensions = [
    ...(flags ? [extension(EXTENSIONS.keyUsage, true, flags)] : []),
    ...(extended.length ? [extension(EXTENSIONS.extKeyUsage, false, sequence(...extended.map(oid)))] : []),
    extension(EXTENSIONS.basicConstraints, true, isCA ? sequence(boolean(true)) : sequence()),
    ...(isCA ? [extension(EXTENSIONS.subjectKeyId, false, octets(keyId(template.publicKeyInfo)))] : []),
    ...(authorityKeyId ? [extension(EXTENSIONS.authorityKeyId, false, sequence(element(0x80, authorityKeyId)))] : []),
    ...(alternative ? [extension(EXTENSIONS.subjectAltName, false, alternative)] : []),
  ];
  const signed = sequence(
    context(0, integer(2)),
    integer(template.serial),
    algorithmOf(signer),
    template.issuer,
    sequence(time(template.notBefore), time(template.notAfter)),
    template.subject,
    template.publicKeyInfo,
    context(3, sequence(...extensions)),
  );
  return signedBy(signer, signed);
}

const ATTRIBUTES: Record<string, string> = {
  CN: COMMON_NAME,
  C: '2.5.4.6',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  O: ORGANIZATION,
  OU: '2.5.4.11',
};

/** A name of pairs ['CN', 'jane'] in their order; undefined when one has no known type. */
export function orderedName(pairs: readonly (readonly [string, string])[]): Bytes | undefined {
  const parts = pairs.map(([type, value]) => ATTRIBUTES[type] && set(sequence(oid(ATTRIBUTES[type]), string(value))));
  return parts.every((part) => part) ? sequence(...(parts as Bytes[])) : undefined;
}

/** 'O = devs, CN = jane', as openssl prints a name. */
export function nameText(raw: Bytes): string {
  const parts = read(only(raw).content).map(({ content }) =>
    read(content)
      .map((pair) => {
        const [id, value] = read(pair.content);
        const kind = oidText(id.content);
        const short = Object.keys(ATTRIBUTES).find((name) => ATTRIBUTES[name] === kind) ?? kind;
        return `${short} = ${decode(value.content)}`;
      })
      .join(' + '),
  );
  return parts.join(', ');
}

export function signRequest(subject: Name | Bytes, names: Partial<AlternativeNames>, key: PrivateKey): Bytes {
  const alternative = alternativeNames(names);
  const attributes = alternative
    ? sequence(oid(EXTENSION_REQUEST), set(sequence(extension(EXTENSIONS.subjectAltName, false, alternative))))
    : new Uint8Array();
  const name = subject instanceof Uint8Array ? subject : nameDer(subject);
  const signed = sequence(integer(0), name, publicInfoOf(key), context(0, attributes));
  return signedBy(key, signed);
}

function readName({ content }: Element): Name {
  const name: Name = { commonName: '', organizations: [] };
  for (const part of read(content)) {
    for (const pair of read(part.content)) {
      const [id, value] = read(pair.content);
      const kind = oidText(id.content);
      if (kind === COMMON_NAME) name.commonName = decode(value.content);
      else if (kind === ORGANIZATION) name.organizations.push(decode(value.content));
    }
  }
  return name;
}

const NAME_KINDS: Record<number, keyof AlternativeNames> = { 0x81: 'emails', 0x82: 'dns', 0x86: 'uris', 0x87: 'ips' };

/** Extensions by their OID: the value of each. */
function readExtensions(list: Bytes): Map<string, Bytes> {
  const out = new Map<string, Bytes>();
  for (const { content } of read(list)) {
    const parts = read(content);
    out.set(oidText(parts[0].content), parts[parts.length - 1].content);
  }
  return out;
}

function readNames(extensions: Map<string, Bytes>): AlternativeNames {
  const names: AlternativeNames = { dns: [], emails: [], ips: [], uris: [] };
  const value = extensions.get(EXTENSIONS.subjectAltName);
  for (const { tag, content } of value ? read(only(value).content) : []) {
    const kind = NAME_KINDS[tag];
    if (kind) names[kind].push(kind === 'ips' ? ipText(content) : decode(content));
  }
  return names;
}

/** A PKCS #10 request; throws DerError. */
export function readRequest(der: Bytes): Request {
  const [info] = read(only(der).content);
  if (!info) throw new DerError('asn1: structure error: sequence truncated');
  const [, subject, key, attributes] = read(info.content);
  if (!subject || !key) throw new DerError('asn1: structure error: sequence truncated');
  let extensions = new Map<string, Bytes>();
  for (const { content } of attributes ? read(attributes.content) : []) {
    const [id, values] = read(content);
    if (oidText(id.content) === EXTENSION_REQUEST) extensions = readExtensions(only(values.content).content);
  }
  return { subject: readName(subject), rawSubject: subject.raw, names: readNames(extensions), publicKeyInfo: key.raw };
}

/** Throws DerError. */
export function readCertificate(der: Bytes): Certificate {
  const [signed, algorithm, signature] = read(only(der).content);
  if (!signature) throw new DerError('x509: malformed certificate');
  const [, serial, , issuer, validity, subject, key, ...rest] = read(signed.content);
  if (!key) throw new DerError('x509: malformed certificate');
  const last = rest.find(({ tag }) => tag === 0xa3);
  const extensions = last ? readExtensions(only(last.content).content) : new Map<string, Bytes>();
  const [notBefore, notAfter] = read(validity.content).map(timeOf);
  const constraints = extensions.get(EXTENSIONS.basicConstraints);
  const usage = extensions.get(EXTENSIONS.keyUsage);
  const extended = extensions.get(EXTENSIONS.extKeyUsage);
  const ids = (id: string): Element | undefined => {
    const value = extensions.get(id);
    return value && read(value)[0];
  };
  const flags = usage ? only(usage, 0x03).content : new Uint8Array(1);
  return {
    subject: readName(subject),
    rawSubject: subject.raw,
    names: readNames(extensions),
    publicKeyInfo: key.raw,
    issuer: readName(issuer),
    rawIssuer: issuer.raw,
    subjectKeyId: ids(EXTENSIONS.subjectKeyId)?.content,
    authorityKeyId: ids(EXTENSIONS.authorityKeyId) && read(ids(EXTENSIONS.authorityKeyId)!.content)[0]?.content,
    serial: serial.content,
    notBefore,
    notAfter,
    isCA: constraints !== undefined && (read(only(constraints).content)[0]?.content[0] ?? 0) !== 0,
    keyUsages: KEY_USAGES.filter((_, bit) => ((flags[1 + (bit >> 3)] ?? 0) << (bit & 7)) & 0x80),
    extendedKeyUsages: (extended ? read(only(extended).content) : []).map(({ content }) => usageName(oidText(content))),
    signed: signed.raw,
    signature: { algorithm: algorithm.raw, value: signature.content.slice(1) },
  };
}

const usageName = (id: string): string =>
  Object.keys(EXTENDED_KEY_USAGES).find((name) => EXTENDED_KEY_USAGES[name] === id) ?? id;

/** `signer`: SubjectPublicKeyInfo. */
export const isSignedBy = ({ signed, signature }: Certificate, signer: Bytes): boolean =>
  isSignatureOf(signer, signature, signed);
