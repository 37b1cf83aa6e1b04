// req: requests for certificates, and certificates that sign themselves.

import { part } from '../../../parts/index.ts';
import type { Co } from '../../../sim/index.ts';
import { filesOf } from '../../host.ts';
import { addExtension, extensionsOf, parseConfig, type Extensions, type Sections } from './config.ts';
import { freshKey } from './keys.ts';
import { publicKeyText, requestText } from './text.ts';
import { input, OpensslError, type Call, type PrivateKey } from './types.ts';

const DAY = 86_400_000;
const SUBJECT =
  'req: subject name is expected to be in the format /type0=value0/type1=value1/type2=... with types CN, O, OU, C, L and ST';
/** Names of attributes in a configuration, by their short form. */
const LONG: Readonly<Record<string, string>> = {
  commonName: 'CN',
  countryName: 'C',
  stateOrProvinceName: 'ST',
  localityName: 'L',
  organizationName: 'O',
  organizationalUnitName: 'OU',
};

export function* req(call: Call): Co<string | number> {
  const { options } = call;
  const { nameText, pem, readPem, readRequest, signRequest } = part('pki');
  if (options.has('new') || options.has('newkey') || (options.has('x509') && !options.has('in'))) {
    const config = options.get('config');
    const sections = parseConfig(config === undefined ? '' : yield* input(call, config));
    const subject = subjectOf(call, sections);
    const section = options.get('extensions') ?? options.get('reqexts');
    const wanted = sections.get('req')?.get(options.has('x509') ? 'x509_extensions' : 'req_extensions');
    const extensions = extensionsOf(sections, section ?? wanted);
    const added = options.get('addext');
    if (added !== undefined) {
      const at = added.indexOf('=');
      addExtension(extensions, added.slice(0, at).trim(), added.slice(at + 1).trim(), sections);
    }
    const key = yield* keyFor(call);
    if (options.has('x509')) return selfSigned(call, subject, extensions, key);
    return pem('CERTIFICATE REQUEST', signRequest(subject, extensions, key));
  }
  const text = yield* input(call, options.get('in'));
  const block = readPem(text);
  if (block?.type !== 'CERTIFICATE REQUEST') throw new OpensslError('Unable to load X509 request');
  const read = readRequest(block.bytes);
  if (options.has('verify')) call.say('Certificate request self-signature verify OK\n');
  let out = '';
  if (options.has('text')) out += requestText(read);
  if (options.has('subject')) out += `subject=${nameText(read.rawSubject)}\n`;
  if (options.has('pubkey')) out += publicKeyText(read.publicKeyInfo);
  return options.has('noout') ? out : out + text;
}

/** -key's, or a new one that goes to -keyout. */
function* keyFor(call: Call): Co<PrivateKey> {
  const { options, process } = call;
  const { pem, pkcs8, privateKeyOf } = part('pki');
  const file = options.get('key');
  if (file !== undefined) {
    const key = privateKeyOf(yield* input(call, file));
    if (!key) throw new OpensslError(`Could not read private key from ${file}`);
    return key;
  }
  if (!options.has('nodes') && !options.has('noenc'))
    throw new OpensslError('req: keys with a pass phrase are not simulated; add -nodes');
  const curve = options.get('pkeyopt')?.replace(/^ec_paramgen_curve:/, '');
  const key = freshKey(call, options.get('newkey') ?? 'rsa', curve);
  call.say('-----\n');
  filesOf(process).writeFile(options.get('keyout') ?? 'privkey.pem', pem('PRIVATE KEY', pkcs8(key)), { mode: 0o600 });
  return key;
}

function subjectOf({ options }: Call, sections: Sections): Uint8Array {
  const { orderedName } = part('pki');
  const given = options.get('subj');
  let pairs: [string, string][];
  if (given !== undefined) {
    pairs = given
      .split('/')
      .filter(Boolean)
      .map((one) => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)]);
  } else {
    const settings = sections.get('req');
    const section = sections.get(settings?.get('distinguished_name') ?? '');
    if (settings?.get('prompt') !== 'no' || !section) {
      throw new OpensslError(
        'req: questions at a terminal are not simulated; give the name with -subj, or with prompt = no in -config',
      );
    }
    pairs = [...section].map(([name, value]) => [LONG[name] ?? name, value]);
  }
  const subject = pairs.length ? orderedName(pairs) : undefined;
  if (!subject) throw new OpensslError(SUBJECT);
  return subject;
}

function selfSigned(call: Call, subject: Uint8Array, extensions: Extensions, key: PrivateKey): string {
  const { pem, publicInfoOf, signCertificate } = part('pki');
  const notBefore = Math.floor(call.process.host.sim.now / 1000) * 1000;
  const der = signCertificate(
    {
      serial: freshSerial(call),
      issuer: subject,
      subject,
      notBefore,
      notAfter: notBefore + Number(call.options.get('days') ?? 30) * DAY,
      publicKeyInfo: publicInfoOf(key),
      isCA: extensions.isCA ?? true,
      usages: extensions.usages,
      names: extensions,
    },
    key,
  );
  return pem('CERTIFICATE', der);
}

export function freshSerial({ process }: Call): Uint8Array {
  const hex = process.host.sim.random('openssl').hex(16).match(/../g) ?? [];
  return new Uint8Array([1, ...hex.map((byte) => parseInt(byte, 16))]);
}
