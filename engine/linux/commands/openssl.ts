// openssl, as far as certificates of a cluster need it: keys on P-256, requests, and what stands in a certificate.

import { part } from '../../parts/index.ts';
import { filesOf } from '../host.ts';
import { readAll } from '../io.ts';
import type { Process, Program } from '../types.ts';
import { complain, emit, openInput } from './options.ts';

/** Options of a subcommand that take a value. */
const VALUED = ['in', 'out', 'key', 'subj', 'name', 'algorithm', 'pkeyopt', 'addext', 'checkend', 'days'];
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  ecparam: ['name', 'genkey', 'noout', 'out'],
  genpkey: ['algorithm', 'pkeyopt', 'out'],
  req: ['new', 'x509', 'days', 'key', 'subj', 'addext', 'in', 'out', 'noout', 'text', 'subject'],
  x509: [
    'in',
    'out',
    'noout',
    'text',
    'subject',
    'issuer',
    'dates',
    'startdate',
    'enddate',
    'serial',
    'fingerprint',
    'sha256',
    'checkend',
  ],
};

type Options = Map<string, string>;
type Pki = ReturnType<typeof part<'pki'>>;
type Certificate = ReturnType<Pki['readCertificate']>;
type Request = ReturnType<Pki['readRequest']>;

export const openssl: Program = function* (process) {
  const [, command = '', ...words] = process.argv;
  const known = KNOWN[command];
  if (!known) {
    complain(process, `only ${Object.keys(KNOWN).join(', ')} are simulated, not ${JSON.stringify(command)}`);
    return 1;
  }
  const options: Options = new Map();
  for (let i = 0; i < words.length; i++) {
    const name = words[i].replace(/^--?/, '');
    if (!words[i].startsWith('-') || !known.includes(name)) {
      process.stderr.write(`${command}: Unknown option or cipher: ${name}\n${command}: Use -help for summary.\n`);
      return 1;
    }
    options.set(name, VALUED.includes(name) ? (words[++i] ?? '') : '');
  }
  let text: string | undefined = '';
  if (command === 'req' || command === 'x509') {
    const input = options.get(options.has('new') ? 'key' : 'in') ?? '-';
    const reader = openInput(process, input);
    if (!reader) return 1;
    text = yield* readAll(reader);
  }
  const answer =
    command === 'x509'
      ? x509(process, options, text)
      : command === 'req'
        ? request(process, options, text)
        : key(process, command, options);
  if (typeof answer === 'number') return answer;
  const out = options.get('out');
  if (out) filesOf(process).writeFile(out, answer, command === 'req' || command === 'x509' ? {} : { mode: 0o600 });
  else yield* emit(process, answer);
  return 0;
};

function wrong(process: Process, message: string): number {
  process.stderr.write(`${message}\n`);
  return 1;
}

function key(process: Process, command: string, options: Options): string | number {
  const { keyFrom, pem, pkcs8, privateKeyDer } = part('pki');
  const curve =
    command === 'ecparam' ? options.get('name') : options.get('pkeyopt')?.replace(/^ec_paramgen_curve:/, '');
  if (command === 'genpkey' && options.get('algorithm')?.toUpperCase() !== 'EC') {
    complain(process, 'only keys of the algorithm EC are simulated');
    return 1;
  }
  if (curve !== 'prime256v1' && curve !== 'P-256') {
    complain(process, 'only the curve prime256v1 (P-256) is simulated');
    return 1;
  }
  const pair = keyFrom(process.host.sim.random('openssl').hex(64));
  return command === 'ecparam' ? pem('EC PRIVATE KEY', privateKeyDer(pair)) : pem('PRIVATE KEY', pkcs8(pair));
}

function request(process: Process, options: Options, text: string): string | number {
  const { nameText, orderedName, pem, privateKeyOf, readPem, readRequest, signRequest } = part('pki');
  if (options.has('new')) {
    const pair = privateKeyOf(text);
    if (!pair) return wrong(process, `Could not read private key from ${options.get('key')}`);
    const pairs = (options.get('subj') ?? '').split('/').filter(Boolean);
    const subject = orderedName(pairs.map((one) => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)]));
    if (!pairs.length || !subject)
      return wrong(
        process,
        'req: subject name is expected to be in the format /type0=value0/type1=value1/type2=... with types CN, O, OU, C, L and ST',
      );
    const names = alternativeNames(options.get('addext'));
    if (!names) return wrong(process, 'req: -addext takes subjectAltName=DNS:…,IP:… here');
    if (options.has('x509')) return selfSigned(process, subject, names, pair, Number(options.get('days') ?? 30));
    return pem('CERTIFICATE REQUEST', signRequest(subject, names, pair));
  }
  const block = readPem(text);
  if (block?.type !== 'CERTIFICATE REQUEST') return wrong(process, 'Unable to load X509 request');
  const read = readRequest(block.bytes);
  let out = '';
  if (options.has('text')) out += requestText(read);
  if (options.has('subject')) out += `subject=${nameText(read.rawSubject)}\n`;
  return options.has('noout') ? out : out + text;
}

function selfSigned(
  { host: { sim } }: Process,
  subject: Uint8Array,
  names: { dns: string[]; ips: string[] },
  pair: NonNullable<ReturnType<Pki['privateKeyOf']>>,
  days: number,
): string {
  const { pem, publicKeyInfo, signCertificate } = part('pki');
  const serial = sim.random('openssl').hex(16).match(/../g) ?? [];
  const notBefore = Math.floor(sim.now / 1000) * 1000;
  const der = signCertificate(
    {
      serial: new Uint8Array([1, ...serial.map((byte) => parseInt(byte, 16))]),
      issuer: subject,
      subject,
      notBefore,
      notAfter: notBefore + days * 86_400_000,
      publicKeyInfo: publicKeyInfo(pair.point),
      isCA: true,
      usages: [],
      names,
    },
    pair,
  );
  return pem('CERTIFICATE', der);
}

function alternativeNames(text: string | undefined): { dns: string[]; ips: string[] } | undefined {
  const names: { dns: string[]; ips: string[] } = { dns: [], ips: [] };
  if (text === undefined) return names;
  if (!text.startsWith('subjectAltName=')) return undefined;
  for (const one of text.slice('subjectAltName='.length).split(',')) {
    const match = /^\s*(DNS|IP):(.+?)\s*$/.exec(one);
    if (!match) return undefined;
    (match[1] === 'DNS' ? names.dns : names.ips).push(match[2]);
  }
  return names;
}

function x509(process: Process, options: Options, text: string): string | number {
  const { authority, nameText, readCertificate, readPem } = part('pki');
  const block = readPem(text);
  if (block?.type !== 'CERTIFICATE')
    return wrong(process, `Could not read certificate from ${options.get('in') ?? '<stdin>'}`);
  const read = readCertificate(block.bytes);
  let out = '';
  if (options.has('text')) out += certificateText(read);
  for (const name of options.keys()) {
    if (name === 'subject') out += `subject=${nameText(read.rawSubject)}\n`;
    if (name === 'issuer') out += `issuer=${nameText(read.rawIssuer)}\n`;
    if (name === 'serial') out += `serial=${hex(read.serial).join('').toUpperCase()}\n`;
    if (name === 'startdate' || name === 'dates') out += `notBefore=${date(read.notBefore)}\n`;
    if (name === 'enddate' || name === 'dates') out += `notAfter=${date(read.notAfter)}\n`;
    if (name === 'fingerprint') {
      if (!options.has('sha256')) return wrong(process, 'x509: of fingerprints only those of -sha256 are simulated');
      out += `sha256 Fingerprint=${(authority.fingerprint(text).match(/../g) ?? []).join(':').toUpperCase()}\n`;
    }
  }
  if (options.has('checkend')) {
    const ends = read.notAfter < process.host.sim.now + Number(options.get('checkend')) * 1000;
    out += `Certificate will ${ends ? '' : 'not '}expire\n`;
    process.stdout.write(out);
    return ends ? 1 : 0;
  }
  return options.has('noout') ? out : out + text;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function date(ms: number): string {
  const text = new Date(ms).toISOString();
  const day = String(Number(text.slice(8, 10))).padStart(2);
  return `${MONTHS[Number(text.slice(5, 7)) - 1]} ${day} ${text.slice(11, 19)} ${text.slice(0, 4)} GMT`;
}

const hex = (bytes: Uint8Array): string[] => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'));

/** Bytes in lines of so many, with a colon between all of them. */
function lines(bytes: Uint8Array, perLine: number, indent: number): string {
  const all = hex(bytes);
  let out = '';
  for (let i = 0; i < all.length; i += perLine) {
    const row = all.slice(i, i + perLine).join(':');
    out += `${' '.repeat(indent)}${row}${i + perLine < all.length ? ':' : ''}\n`;
  }
  return out;
}

function keyText(info: Uint8Array): string {
  const point = part('pki').pointOf(info);
  if (!point) return '            Public Key Algorithm: (not one of P-256)\n';
  return (
    '            Public Key Algorithm: id-ecPublicKey\n                Public-Key: (256 bit)\n                pub:\n' +
    `${lines(point, 15, 20)}                ASN1 OID: prime256v1\n                NIST CURVE: P-256\n`
  );
}

function namesText({ names }: Request): string {
  return [...names.dns.map((name) => `DNS:${name}`), ...names.ips.map((ip) => `IP Address:${ip}`)].join(', ');
}

function requestText(read: Request): string {
  const names = namesText(read);
  return (
    'Certificate Request:\n    Data:\n        Version: 1 (0x0)\n' +
    `        Subject: ${part('pki').nameText(read.rawSubject)}\n        Subject Public Key Info:\n${keyText(read.publicKeyInfo)}` +
    (names
      ? `        Attributes:\n            Requested Extensions:\n                X509v3 Subject Alternative Name: \n                    ${names}\n`
      : '        Attributes:\n            (none)\n            Requested Extensions:\n')
  );
}

const USAGES: Readonly<Record<string, string>> = {
  'digital signature': 'Digital Signature',
  'key encipherment': 'Key Encipherment',
  'cert sign': 'Certificate Sign',
  'client auth': 'TLS Web Client Authentication',
  'server auth': 'TLS Web Server Authentication',
};

function certificateText(read: Certificate): string {
  const { nameText, signatureDer } = part('pki');
  const extension = (title: string, value: string) => `            X509v3 ${title}\n                ${value}\n`;
  const usages = (all: string[]) => all.map((usage) => USAGES[usage] ?? usage).join(', ');
  const small = read.serial.length <= 8 ? BigInt(`0x${hex(read.serial).join('')}`) : undefined;
  const serial =
    small === undefined ? `\n            ${hex(read.serial).join(':')}` : ` ${small} (0x${small.toString(16)})`;
  const id = (bytes: Uint8Array) => hex(bytes).join(':').toUpperCase();
  const names = namesText(read);
  return (
    `Certificate:\n    Data:\n        Version: 3 (0x2)\n        Serial Number:${serial}\n` +
    `        Signature Algorithm: ecdsa-with-SHA256\n        Issuer: ${nameText(read.rawIssuer)}\n        Validity\n` +
    `            Not Before: ${date(read.notBefore)}\n            Not After : ${date(read.notAfter)}\n` +
    `        Subject: ${nameText(read.rawSubject)}\n        Subject Public Key Info:\n${keyText(read.publicKeyInfo)}` +
    '        X509v3 extensions:\n' +
    (read.keyUsages.length ? extension('Key Usage: critical', usages(read.keyUsages)) : '') +
    (read.extendedKeyUsages.length ? extension('Extended Key Usage: ', usages(read.extendedKeyUsages)) : '') +
    extension('Basic Constraints: critical', `CA:${read.isCA ? 'TRUE' : 'FALSE'}`) +
    (read.subjectKeyId ? extension('Subject Key Identifier: ', id(read.subjectKeyId)) : '') +
    (read.authorityKeyId ? extension('Authority Key Identifier: ', id(read.authorityKeyId)) : '') +
    (names ? extension('Subject Alternative Name: ', names) : '') +
    `    Signature Algorithm: ecdsa-with-SHA256\n    Signature Value:\n${lines(signatureDer(read.signature), 18, 8)}`
  );
}
