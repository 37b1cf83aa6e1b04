// Configuration files of openssl: sections of settings, and the extensions that they ask for.

import { OpensslError } from './types.ts';

export type Sections = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** What certificates can be given beyond a name. */
export interface Extensions {
  dns: string[];
  ips: string[];
  emails: string[];
  uris: string[];
  /** As certificates.k8s.io/v1 names them. */
  usages: string[];
  isCA: boolean | undefined;
}

export const noExtensions = (): Extensions => ({ dns: [], ips: [], emails: [], uris: [], usages: [], isCA: undefined });

const USAGES: Readonly<Record<string, string>> = {
  digitalSignature: 'digital signature',
  nonRepudiation: 'content commitment',
  keyEncipherment: 'key encipherment',
  dataEncipherment: 'data encipherment',
  keyAgreement: 'key agreement',
  keyCertSign: 'cert sign',
  cRLSign: 'crl sign',
  serverAuth: 'server auth',
  clientAuth: 'client auth',
  codeSigning: 'code signing',
};
/** What is written anyway, or can be left out. */
const TAKEN_FOR_GRANTED = ['authorityKeyIdentifier', 'subjectKeyIdentifier'];

export function parseConfig(text: string): Sections {
  const sections = new Map<string, Map<string, string>>();
  let current = new Map<string, string>();
  sections.set('', current);
  for (const raw of text.split('\n')) {
    const line = raw.replace(/#.*/, '').trim();
    const head = /^\[\s*(\S+)\s*\]$/.exec(line)?.[1];
    if (head !== undefined) sections.set(head, (current = sections.get(head) ?? new Map()));
    else if (line.includes('=')) {
      const at = line.indexOf('=');
      current.set(line.slice(0, at).trim(), line.slice(at + 1).trim());
    }
  }
  return sections;
}

/** The settings of a section as extensions. */
export function extensionsOf(sections: Sections, name: string | undefined): Extensions {
  const out = noExtensions();
  if (name === undefined) return out;
  const settings = sections.get(name);
  if (!settings) throw new OpensslError(`Error checking x509 extension section ${name}`);
  settings.forEach((value, key) => addExtension(out, key, value, sections));
  return out;
}

/** `key = value` as in a section or after -addext. */
export function addExtension(out: Extensions, key: string, value: string, sections: Sections) {
  const words = value.split(',').map((word) => word.trim());
  if (key === 'subjectAltName') {
    const names = value.startsWith('@')
      ? [...(sections.get(value.slice(1)) ?? [])].map(([type, text]) => `${type}:${text}`)
      : words;
    for (const name of names) addName(out, name);
  } else if (key === 'basicConstraints') out.isCA = /CA:TRUE/i.test(value);
  else if (key === 'keyUsage' || key === 'extendedKeyUsage') {
    for (const word of words) {
      if (word === 'critical') continue;
      if (!USAGES[word]) throw new OpensslError(`openssl: the key usage ${word} is not simulated`);
      out.usages.push(USAGES[word]);
    }
  } else if (!TAKEN_FOR_GRANTED.includes(key)) throw new OpensslError(`openssl: the extension ${key} is not simulated`);
}

function addName(out: Extensions, name: string) {
  const [, type, text] = /^(DNS|IP|email|URI)(?:\.\d+)?\s*:\s*(.+)$/.exec(name) ?? [];
  if (type === 'DNS') out.dns.push(text);
  else if (type === 'IP') out.ips.push(text);
  else if (type === 'email') out.emails.push(text);
  else if (type === 'URI') out.uris.push(text);
  else
    throw new OpensslError(
      `openssl: ${JSON.stringify(name)} is no alternative name; write DNS:…, IP:…, email:… or URI:…`,
    );
}
