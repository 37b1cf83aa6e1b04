// x509: what stands in a certificate, and certificates signed for requests. verify: who signed one.

import { part } from '../../../parts/index.ts';
import type { Co } from '../../../sim/index.ts';
import { decode } from '../../bytes.ts';
import { filesOf } from '../../host.ts';
import { extensionsOf, parseConfig } from './config.ts';
import { freshSerial } from './requests.ts';
import { certificateText, date, extensionText, hex, publicKeyText } from './text.ts';
import { input, OpensslError, type Call, type Certificate } from './types.ts';

const DAY = 86_400_000;

export function* x509(call: Call): Co<string | number> {
  const { options, process } = call;
  const { authority, nameText, readCertificate, readPem, rsaPublicOf } = part('pki');
  let text = yield* input(call, options.get('in'));
  if (options.has('req')) text = yield* signed(call, text);
  const block = readPem(text);
  if (block?.type !== 'CERTIFICATE')
    throw new OpensslError(`Could not read certificate from ${options.get('in') ?? '<stdin>'}`);
  const read = readCertificate(block.bytes);
  let out = '';
  if (options.has('text')) out += certificateText(read);
  for (const [name, value] of options) {
    if (name === 'subject') out += `subject=${nameText(read.rawSubject)}\n`;
    if (name === 'issuer') out += `issuer=${nameText(read.rawIssuer)}\n`;
    if (name === 'serial') out += `serial=${hex(read.serial).join('').toUpperCase()}\n`;
    if (name === 'startdate' || name === 'dates') out += `notBefore=${date(read.notBefore)}\n`;
    if (name === 'enddate' || name === 'dates') out += `notAfter=${date(read.notAfter)}\n`;
    if (name === 'pubkey') out += publicKeyText(read.publicKeyInfo);
    if (name === 'ext') out += extensionText(read, value.split(','));
    if (name === 'modulus')
      out += `Modulus=${(rsaPublicOf(read.publicKeyInfo)?.modulus ?? 0n).toString(16).toUpperCase()}\n`;
    if (name === 'fingerprint') {
      if (!options.has('sha256')) throw new OpensslError('x509: of fingerprints only those of -sha256 are simulated');
      out += `sha256 Fingerprint=${(authority.fingerprint(text).match(/../g) ?? []).join(':').toUpperCase()}\n`;
    }
  }
  if (options.has('checkend')) {
    const ends = read.notAfter < process.host.sim.now + Number(options.get('checkend')) * 1000;
    out += `Certificate will ${ends ? '' : 'not '}expire\n`;
    process.stdout.write(out);
    return ends ? 1 : 0;
  }
  if (options.has('noout')) return out;
  return out + ((options.get('outform') ?? 'PEM').toUpperCase() === 'DER' ? decode(block.bytes) : text);
}

/** -req: the certificate that is asked for, signed by -CA, or by the -signkey itself. */
function* signed(call: Call, text: string): Co<string> {
  const { options, process } = call;
  const { keyId, nameText, pem, privateKeyOf, publicInfoOf, readPem, readRequest, signCertificate } = part('pki');
  const block = readPem(text);
  if (block?.type !== 'CERTIFICATE REQUEST') throw new OpensslError('Unable to load X509 request');
  const request = readRequest(block.bytes);
  const self = options.get('signkey') ?? options.get('key');
  const file = self ?? options.get('CAkey') ?? options.get('CA');
  if (file === undefined) throw new OpensslError('x509: who signs? Give -CA and -CAkey, or -signkey');
  const key = privateKeyOf(yield* input(call, file));
  if (!key) throw new OpensslError(`Could not find private key from ${file}`);
  const ca = self === undefined ? yield* load(call, options.get('CA') as string) : undefined;
  if (ca && publicInfoOf(key).join() !== ca.publicKeyInfo.join())
    throw new OpensslError('x509: CA certificate and CA private key do not match');
  const extfile = options.get('extfile');
  const sections = parseConfig(extfile === undefined ? '' : yield* input(call, extfile));
  const extensions = extensionsOf(sections, extfile === undefined ? undefined : (options.get('extensions') ?? ''));
  const notBefore = Math.floor(process.host.sim.now / 1000) * 1000;
  const der = signCertificate(
    {
      serial: yield* serialFor(call),
      issuer: ca?.rawSubject ?? request.rawSubject,
      subject: request.rawSubject,
      notBefore,
      notAfter: notBefore + Number(options.get('days') ?? 30) * DAY,
      publicKeyInfo: request.publicKeyInfo,
      isCA: extensions.isCA ?? false,
      usages: extensions.usages,
      names: extensions,
      authorityKeyId: ca && keyId(ca.publicKeyInfo),
    },
    key,
  );
  call.say(`Certificate request self-signature ok\nsubject=${nameText(request.rawSubject)}\n`);
  return pem('CERTIFICATE', der);
}

/** -set_serial's; else the next one of the CA's file of numbers, which is made where there is none. */
function* serialFor(call: Call): Co<Uint8Array> {
  const { options, process } = call;
  const given = options.get('set_serial');
  const bytes = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  if (given !== undefined) {
    const text = BigInt(given).toString(16);
    return bytes(text.padStart(text.length + (text.length & 1), '0'));
  }
  const file = options.get('CAserial') ?? options.get('CA')?.replace(/(\.[^./]*)?$/, '.srl');
  const fresh = freshSerial(call);
  if (file !== undefined) filesOf(process).writeFile(file, `${hex(fresh).join('').toUpperCase()}\n`);
  return fresh;
}

function* load(call: Call, file: string): Co<Certificate> {
  const { readCertificate, readPem } = part('pki');
  const block = readPem(yield* input(call, file));
  if (block?.type !== 'CERTIFICATE') throw new OpensslError(`Could not read certificate from ${file}`);
  return readCertificate(block.bytes);
}

/** Whether certificates are signed by one of -CAfile, and valid now. */
export function* verify(call: Call): Co<number> {
  const { options, operands, process } = call;
  const { isSignedBy, nameText } = part('pki');
  const ca = options.get('CAfile');
  const authority = ca === undefined ? undefined : yield* load(call, ca);
  let status = 0;
  for (const file of operands) {
    const shown = yield* load(call, file);
    const { now } = process.host.sim;
    const known =
      authority && isSignedBy(shown, authority.publicKeyInfo) && shown.rawIssuer.join() === authority.rawSubject.join();
    const selfMade = isSignedBy(shown, shown.publicKeyInfo);
    let wrong = '';
    if (!known)
      wrong = selfMade
        ? '18 at 0 depth lookup: self-signed certificate'
        : '20 at 0 depth lookup: unable to get local issuer certificate';
    else if (now > shown.notAfter) wrong = '10 at 0 depth lookup: certificate has expired';
    else if (now < shown.notBefore) wrong = '9 at 0 depth lookup: certificate is not yet valid';
    if (!wrong) process.stdout.write(`${file}: OK\n`);
    else {
      call.say(`${nameText(shown.rawSubject)}\nerror ${wrong}\nerror ${file}: verification failed\n`);
      status = 2;
    }
  }
  return status;
}
