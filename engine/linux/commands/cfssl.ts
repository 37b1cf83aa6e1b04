// cfssl and cfssljson: CloudFlare's tools that make keys, requests and certificates from JSON, and write what comes out as
// files.

import { part } from '../../parts/index.ts';
import type { Co } from '../../sim/index.ts';
import { filesOf } from '../host.ts';
import { FsError } from '../nodes.ts';
import { readAll } from '../io.ts';
import type { Process, Program } from '../types.ts';
import type { Certificate, PrivateKey } from './openssl/types.ts';

type Json = Record<string, unknown>;

interface Call {
  process: Process;
  flags: ReadonlyMap<string, string>;
  operands: readonly string[];
}

/** What ends the command, in its words. */
class CfsslError extends Error {}

/** Options of the commands; '' takes no value. */
const FLAGS: Readonly<Record<string, readonly string[]>> = {
  genkey: ['initca'],
  gencert: ['initca', 'ca', 'ca-key', 'config', 'profile', 'hostname'],
  sign: ['ca', 'ca-key', 'config', 'profile', 'hostname', 'csr'],
  'print-defaults': [],
  version: [],
};
const BOOLEAN = new Set(['initca', 'bare', 'stdout']);
/** Of a profile that nobody has described. */
const EXPIRY = '8760h';
const USAGES = ['signing', 'key encipherment', 'server auth', 'client auth'];
const CA_EXPIRY = '43800h';
const CA_USAGES = ['cert sign', 'crl sign'];
/** The parts of a name in their order. */
const NAME_PARTS = ['C', 'ST', 'L', 'O', 'OU'];

const DEFAULT_CONFIG = {
  signing: {
    default: { expiry: '168h' },
    profiles: {
      www: { expiry: '8760h', usages: ['signing', 'key encipherment', 'server auth'] },
      client: { expiry: '8760h', usages: ['signing', 'key encipherment', 'client auth'] },
    },
  },
};
const DEFAULT_CSR = {
  CN: 'example.net',
  hosts: ['example.net', 'www.example.net'],
  key: { algo: 'ecdsa', size: 256 },
  names: [{ C: 'US', ST: 'CA', L: 'San Francisco' }],
};

export const cfssl: Program = function* (process): Co<number> {
  const [, command = '', ...words] = process.argv;
  yield 5;
  try {
    if (!Object.hasOwn(FLAGS, command)) {
      throw new CfsslError(
        `cfssl: only ${Object.keys(FLAGS).join(', ')} are simulated, not ${JSON.stringify(command)}`,
      );
    }
    const call = parse(process, words, FLAGS[command]);
    const out = yield* run(call, command);
    process.stdout.write(out);
    return 0;
  } catch (error) {
    if (!(error instanceof CfsslError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
};

function* run(call: Call, command: string): Co<string> {
  switch (command) {
    case 'version':
      return 'Version: 1.6.5\nRuntime: go1.24.4\n';
    case 'print-defaults': {
      const [what] = call.operands;
      if (what !== 'config' && what !== 'csr') throw new CfsslError('print-defaults: config or csr');
      return `${JSON.stringify(what === 'csr' ? DEFAULT_CSR : DEFAULT_CONFIG, null, 4)}\n`;
    }
    case 'sign':
      return yield* sign(call);
    case 'genkey':
      return call.flags.has('initca') ? yield* initCA(call) : yield* genkey(call);
    default:
      return call.flags.has('initca') ? yield* initCA(call) : yield* gencert(call);
  }
}

function parse(process: Process, words: readonly string[], known: readonly string[]): Call {
  const flags = new Map<string, string>();
  const operands: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const match = /^--?([a-z-]+)(?:=(.*))?$/.exec(words[i]);
    if (!match) {
      operands.push(words[i]);
      continue;
    }
    const [, name, value] = match;
    if (!known.includes(name)) throw new CfsslError(`flag provided but not defined: -${name}`);
    if (BOOLEAN.has(name)) flags.set(name, value ?? 'true');
    else if (value !== undefined) flags.set(name, value);
    else if (i + 1 < words.length) flags.set(name, words[++i]);
    else throw new CfsslError(`flag needs an argument: -${name}`);
  }
  return { process, flags, operands };
}

function log({ process }: Call, text: string) {
  const time = new Date(process.host.sim.now).toISOString();
  process.stderr.write(`${time.slice(0, 10).replaceAll('-', '/')} ${time.slice(11, 19)} ${text}\n`);
}

function* read({ process }: Call, file: string): Co<string> {
  if (file === '-') return yield* readAll(process.stdin);
  try {
    return filesOf(process).readFile(file);
  } catch (error) {
    if (!(error instanceof FsError)) throw error;
    throw new CfsslError(`open ${file}: ${error.message.toLowerCase()}`);
  }
}

function* readJson(call: Call, file: string): Co<Json> {
  const text = yield* read(call, file);
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new CfsslError(`{"code":5100,"message":"failed to parse ${file === '-' ? 'standard input' : file}"}`);
  }
}

// ---- requests ------------------------------------------------------------------------------------------------

interface Asked {
  json: Json;
  key: PrivateKey;
  keyPem: string;
  csr: string;
}

/** A new key, and the request of a JSON file for it. */
function* ask(call: Call): Co<Asked> {
  const json = yield* readJson(call, call.operands[0] ?? '-');
  const { keyFrom, pem, privateKeyDer, RSA_SIZES, rsaKey, rsaPrivateDer, signRequest } = part('pki');
  log(call, '[INFO] generate received request');
  log(call, '[INFO] received CSR');
  const { algo = 'ecdsa', size = 256 } = (json.key ?? {}) as { algo?: string; size?: number };
  log(call, `[INFO] generating key: ${algo}-${size}`);
  const chance = call.process.host.sim.random('cfssl');
  let key: PrivateKey;
  let keyPem: string;
  if (algo === 'ecdsa' && size === 256) {
    const pair = keyFrom(chance.hex(64));
    [key, keyPem] = [pair, pem('EC PRIVATE KEY', privateKeyDer(pair))];
  } else if (algo === 'rsa' && RSA_SIZES.includes(size)) {
    const pair = rsaKey(size, (n) => chance.int(n));
    [key, keyPem] = [pair, pem('RSA PRIVATE KEY', rsaPrivateDer(pair))];
  } else {
    throw new CfsslError(`cfssl: only keys of ecdsa 256 and rsa ${RSA_SIZES.join(', ')} are simulated`);
  }
  yield 50;
  const csr = pem('CERTIFICATE REQUEST', signRequest(subjectOf(json), namesOf(json.hosts), key));
  log(call, '[INFO] encoded CSR');
  return { json, key, keyPem, csr };
}

function subjectOf({ CN, names = [] }: Json): Uint8Array {
  const pairs: [string, string][] = [];
  for (const kind of NAME_PARTS)
    for (const name of names as Record<string, string>[]) if (name[kind]) pairs.push([kind, name[kind]]);
  if (CN) pairs.push(['CN', String(CN)]);
  return part('pki').orderedName(pairs) as Uint8Array;
}

function namesOf(hosts: unknown) {
  const out: Record<'dns' | 'ips' | 'emails' | 'uris', string[]> = { dns: [], ips: [], emails: [], uris: [] };
  for (const host of (Array.isArray(hosts) ? hosts : []) as string[]) {
    if (/^[0-9.]+$/.test(host) || (host.includes(':') && /^[0-9a-fA-F:.]+$/.test(host))) out.ips.push(host);
    else if (host.includes('@')) out.emails.push(host);
    else if (host.includes('://')) out.uris.push(host);
    else out.dns.push(host);
  }
  return out;
}

function* genkey(call: Call): Co<string> {
  const { csr, keyPem } = yield* ask(call);
  return `${JSON.stringify({ csr, key: keyPem })}\n`;
}

// ---- certificates --------------------------------------------------------------------------------------------

interface Profile {
  expiry?: string;
  usages?: string[];
  ca_constraint?: { is_ca?: boolean };
}

/** A certificate that signs itself, and others. */
function* initCA(call: Call): Co<string> {
  log(call, '[INFO] generating a new CA key and certificate from CSR');
  const { json, key, keyPem, csr } = yield* ask(call);
  const { expiry = CA_EXPIRY } = (json.ca ?? {}) as { expiry?: string };
  const cert = certificate(call, csr, key, undefined, { expiry, usages: CA_USAGES, ca_constraint: { is_ca: true } });
  return `${JSON.stringify({ cert, csr, key: keyPem })}\n`;
}

function* gencert(call: Call): Co<string> {
  const { authority, signer, profile } = yield* signing(call);
  const { csr, keyPem } = yield* ask(call);
  const cert = certificate(call, csr, signer, authority, profile);
  return `${JSON.stringify({ cert, csr, key: keyPem })}\n`;
}

function* sign(call: Call): Co<string> {
  const { authority, signer, profile } = yield* signing(call);
  const csr = yield* read(call, call.flags.get('csr') ?? call.operands[0] ?? '-');
  return `${JSON.stringify({ cert: certificate(call, csr, signer, authority, profile), csr })}\n`;
}

/** Who signs, and as the configuration says. */
function* signing(call: Call): Co<{ authority: Certificate; signer: PrivateKey; profile: Profile }> {
  const { flags } = call;
  const { privateKeyOf, publicInfoOf, readCertificate, readPem } = part('pki');
  for (const name of ['ca', 'ca-key'])
    if (!flags.has(name))
      throw new CfsslError(`need a CA ${name === 'ca' ? 'certificate' : 'key'} (provide one with -${name})`);
  const block = readPem(yield* read(call, flags.get('ca') as string));
  const signer = privateKeyOf(yield* read(call, flags.get('ca-key') as string));
  if (block?.type !== 'CERTIFICATE') throw new CfsslError('{"code":1003,"message":"Failed to parse certificate"}');
  if (!signer) throw new CfsslError('{"code":2003,"message":"Failed to parse private key"}');
  const authority = readCertificate(block.bytes);
  if (publicInfoOf(signer).join() !== authority.publicKeyInfo.join())
    throw new CfsslError('{"code":2300,"message":"Private key does not match public key"}');
  const config = flags.get('config');
  const described = config === undefined ? {} : ((yield* readJson(call, config)).signing as Json | undefined);
  const name = flags.get('profile');
  const profiles = (described?.profiles ?? {}) as Record<string, Profile>;
  const profile = (name !== undefined && profiles[name]) || ((described?.default ?? {}) as Profile);
  return { authority, signer, profile };
}

function certificate(
  call: Call,
  csr: string,
  signer: PrivateKey,
  authority: Certificate | undefined,
  { expiry = EXPIRY, usages = USAGES, ca_constraint: constraint }: Profile,
): string {
  const { keyId, pem, readPem, readRequest, signCertificate } = part('pki');
  const block = readPem(csr);
  if (block?.type !== 'CERTIFICATE REQUEST') throw new CfsslError('{"code":9002,"message":"Failed to decode CSR"}');
  const request = readRequest(block.bytes);
  const hostname = call.flags.get('hostname');
  const names = hostname === undefined ? request.names : namesOf(hostname.split(','));
  const isCA = constraint?.is_ca ?? false;
  const period = durationMs(expiry);
  const digits = call.process.host.sim.random('cfssl').hex(38);
  const serial = [1, ...(digits.match(/../g) ?? []).map((pair) => parseInt(pair, 16))];
  const notBefore = Math.floor(call.process.host.sim.now / 60_000) * 60_000 - 5 * 60_000;
  const der = signCertificate(
    {
      serial: Uint8Array.from(serial),
      issuer: authority?.rawSubject ?? request.rawSubject,
      subject: request.rawSubject,
      notBefore,
      notAfter: notBefore + period,
      publicKeyInfo: request.publicKeyInfo,
      isCA,
      usages,
      names,
      authorityKeyId: authority && (authority.subjectKeyId ?? keyId(authority.publicKeyInfo)),
    },
    signer,
  );
  const number = serial.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  log(call, `[INFO] signed certificate with serial number ${number}`);
  if (!isCA && !names.dns.length && !names.ips.length && !names.emails.length && !names.uris.length)
    log(
      call,
      '[WARNING] This certificate lacks a "hosts" field. This makes it unsuitable for\nwebsites. For more information see the Baseline Requirements for the Issuance and Management\nof Publicly-Trusted Certificates, v.1.1.6, from the CA/Browser Forum (https://cabforum.org);\nspecifically, section 10.2.3 ("Information Requirements").',
    );
  return pem('CERTIFICATE', der);
}

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000 };

/** Of '8760h' or '1h30m'. */
function durationMs(text: string): number {
  if (!/^(\d+(\.\d+)?[hms])+$/.test(text)) throw new CfsslError(`time: invalid duration ${JSON.stringify(text)}`);
  return (text.match(/[\d.]+[hms]/g) ?? []).reduce((sum, piece) => sum + parseFloat(piece) * UNITS[piece.slice(-1)], 0);
}

// ---- cfssljson -----------------------------------------------------------------------------------------------

export const cfssljson: Program = function* (process): Co<number> {
  try {
    const call = parse(process, process.argv.slice(1), ['bare', 'stdout', 'f']);
    const [name = 'cert'] = call.operands;
    const json = yield* readJson(call, call.flags.get('f') ?? '-');
    const result = (call.flags.has('bare') || !json.result ? json : json.result) as Record<string, string>;
    const files: [end: string, text: string | undefined, mode: number][] = [
      ['.pem', result.cert ?? result.certificate, 0o644],
      ['-key.pem', result.key ?? result.private_key, 0o600],
      ['.csr', result.csr ?? result.certificate_request, 0o644],
    ];
    for (const [end, text, mode] of files) {
      if (!text) continue;
      if (call.flags.has('stdout')) process.stdout.write(text);
      else filesOf(process).writeFile(name + end, text, { mode });
    }
    return 0;
  } catch (error) {
    if (!(error instanceof CfsslError) && !(error instanceof FsError)) throw error;
    process.stderr.write(`${error instanceof FsError ? `open: ${error.message.toLowerCase()}` : error.message}\n`);
    return 1;
  }
};
