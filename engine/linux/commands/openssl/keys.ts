// genrsa, genpkey, ecparam, rsa, pkey: keys. dgst and rand: digests and chance.

import { part } from '../../../parts/index.ts';
import type { Co } from '../../../sim/index.ts';
import { decode, encode, toBase64 } from '../../bytes.ts';
import { sha256 } from '../../sha256.ts';
import { input, OpensslError, type Call, type PrivateKey } from './types.ts';

const DEFAULT_BITS = 2048;

/** A fresh key: `rsa:2048`, `rsa`, `ec` with -pkeyopt ec_paramgen_curve, as req -newkey names it. */
export function freshKey({ process }: Call, kind: string, curve?: string): PrivateKey {
  const { keyFrom, rsaKey, RSA_SIZES } = part('pki');
  const [algorithm, size = String(DEFAULT_BITS)] = kind.toLowerCase().split(':');
  const chance = process.host.sim.random('openssl');
  if (algorithm === 'ec') {
    if (curve !== 'prime256v1' && curve !== 'P-256')
      throw new OpensslError('openssl: only the curve prime256v1 (P-256) is simulated');
    return keyFrom(chance.hex(64));
  }
  if (algorithm !== 'rsa') throw new OpensslError('openssl: only keys of the algorithms RSA and EC are simulated');
  if (!RSA_SIZES.includes(Number(size)))
    throw new OpensslError(`openssl: only RSA keys of ${RSA_SIZES.join(', ')} bits are simulated`);
  return rsaKey(Number(size), (n) => chance.int(n));
}

// eslint-disable-next-line require-yield
export function* genrsa(call: Call): Co<string> {
  const { pem, pkcs8, rsaPrivateDer } = part('pki');
  const key = freshKey(call, `rsa:${call.operands[0] ?? DEFAULT_BITS}`);
  return call.options.has('traditional')
    ? pem('RSA PRIVATE KEY', rsaPrivateDer(key as never))
    : pem('PRIVATE KEY', pkcs8(key));
}

// eslint-disable-next-line require-yield
export function* genpkey(call: Call): Co<string> {
  const { pem, pkcs8 } = part('pki');
  const option = call.options.get('pkeyopt') ?? '';
  const bits = /^rsa_keygen_bits:(\d+)$/.exec(option)?.[1] ?? DEFAULT_BITS;
  const algorithm = (call.options.get('algorithm') ?? '').toLowerCase();
  const kind = algorithm === 'rsa' ? `rsa:${bits}` : algorithm;
  return pem('PRIVATE KEY', pkcs8(freshKey(call, kind, option.replace(/^ec_paramgen_curve:/, ''))));
}

// eslint-disable-next-line require-yield
export function* ecparam(call: Call): Co<string> {
  const { pem, privateKeyDer } = part('pki');
  if (!call.options.has('genkey')) throw new OpensslError('ecparam: only -genkey is simulated');
  return pem('EC PRIVATE KEY', privateKeyDer(freshKey(call, 'ec', call.options.get('name')) as never));
}

/** rsa and pkey: a key in another form, or its public half. */
function* show(call: Call, command: string): Co<string | number> {
  const { options } = call;
  const { pem, pkcs8, privateKeyDer, privateKeyOf, publicInfoOf, readPem, rsaPrivateDer } = part('pki');
  const file = options.get('in');
  const text = yield* input(call, file);
  const form = (options.get('outform') ?? 'PEM').toUpperCase();
  if (form !== 'DER' && form !== 'PEM') throw new OpensslError(`${command}: the form ${form} is not simulated`);
  let type = 'PUBLIC KEY';
  let bytes: Uint8Array;
  let said = '';
  if (options.has('pubin')) {
    const block = readPem(text);
    if (block?.type !== 'PUBLIC KEY') throw new OpensslError(`Could not find public key from ${file ?? '<stdin>'}`);
    bytes = block.bytes;
  } else {
    const key = privateKeyOf(text);
    if (!key || (command === 'rsa' && !('modulus' in key)))
      throw new OpensslError(`Could not find private key from ${file ?? '<stdin>'}`);
    if (options.has('check')) said += 'RSA key ok\n';
    if (options.has('modulus') && 'modulus' in key) said += modulusText(key.modulus);
    if (options.has('pubout')) bytes = publicInfoOf(key);
    else if (!options.has('traditional')) [type, bytes] = ['PRIVATE KEY', pkcs8(key)];
    else if ('modulus' in key) [type, bytes] = ['RSA PRIVATE KEY', rsaPrivateDer(key)];
    else [type, bytes] = ['EC PRIVATE KEY', privateKeyDer(key)];
  }
  if (options.has('noout')) return said;
  if (command === 'rsa') call.say('writing RSA key\n');
  return said + (form === 'DER' ? decode(bytes) : pem(type, bytes));
}

export const modulusText = (modulus: bigint): string => `Modulus=${modulus.toString(16).toUpperCase()}\n`;

export const rsa = (call: Call): Co<string | number> => show(call, 'rsa');
export const pkey = (call: Call): Co<string | number> => show(call, 'pkey');

export function* dgst(call: Call): Co<string> {
  const { options, operands } = call;
  if (!options.has('sha256')) throw new OpensslError('dgst: of digests only -sha256 is simulated');
  const sum = sha256(encode(yield* input(call, operands[0])));
  const file = operands[0] ?? 'stdin';
  return options.has('r') ? `${sum} *${file}\n` : `SHA2-256(${file})= ${sum}\n`;
}

// eslint-disable-next-line require-yield
export function* rand({ process, options, operands }: Call): Co<string> {
  const count = Number(operands[0]);
  if (!Number.isInteger(count) || count < 1 || count > 1 << 20) throw new OpensslError('rand: Use -help for summary.');
  const hex = process.host.sim.random('openssl').hex(2 * count);
  if (options.has('hex')) return `${hex}\n`;
  const bytes = Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  return options.has('base64') ? `${(toBase64(bytes).match(/.{1,64}/g) ?? []).join('\n')}\n` : decode(bytes);
}
