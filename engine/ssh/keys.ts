// Keys and users of SSH: the RSA pair of tunnels in PEM beside the API server, the public half as a line of
// authorized_keys, and who may be on a machine.

import { fromBase64, FsError, toBase64, type FileSystem, type Process } from '../linux/index.ts';
import { sha256 } from '../linux/sha256.ts';
import { part } from '../parts/index.ts';
import type { Sim } from '../sim/index.ts';

/** kube-apiserver: generateSSHKey */
const SIZE = 2048;

/** Writes a new pair; why that did not work. */
export function generateKey(sim: Sim, fs: FileSystem, path: string): string | undefined {
  const { pem, publicInfoOf, rsaKey, rsaPrivateDer } = part('pki');
  const random = sim.random('ssh-key');
  const key = rsaKey(SIZE, (n) => random.int(n));
  try {
    fs.writeFile(path, pem('RSA PRIVATE KEY', rsaPrivateDer(key)), { mode: 0o600 });
    fs.writeFile(`${path}.pub`, pem('PUBLIC KEY', publicInfoOf(key)), { mode: 0o600 });
  } catch (error) {
    if (!(error instanceof FsError)) throw error;
    return `open ${path}: no such file or directory`;
  }
  return undefined;
}

interface Problem {
  problem: string;
}

/** `ssh-rsa AAAA…` of the public key in a file. */
export function publicLine(fs: FileSystem, path: string): string | Problem {
  const { DerError, readPem, rsaPublicOf } = part('pki');
  const file = fs.find(path);
  if (file?.kind !== 'file')
    return { problem: `error reading SSH key ${path}: 'open ${path}: no such file or directory'` };
  const block = readPem(file.text);
  if (!block) return { problem: `error parsing SSH key ${path}: 'invalid PEM format'` };
  try {
    const key = rsaPublicOf(block.bytes);
    return key ? lineOf(key) : { problem: 'SSH key could not be parsed as rsa public key' };
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    return { problem: `error parsing SSH key ${path}: 'asn1: structure error'` };
  }
}

/** The same of the private key in a file: what its owner can prove to be. */
export function identityOf(fs: FileSystem, path: string): string | Problem {
  const { privateKeyOf, publicInfoOf, rsaPublicOf } = part('pki');
  const file = fs.find(path);
  if (file?.kind !== 'file')
    return { problem: `error reading SSH key ${path}: 'open ${path}: no such file or directory'` };
  const key = privateKeyOf(file.text);
  const rsa = key && rsaPublicOf(publicInfoOf(key));
  return rsa ? lineOf(rsa) : { problem: `error parsing SSH key: 'ssh: no key found'` };
}

/** RFC 4253, 6.6: the key's type, exponent and modulus, each behind its length. */
function lineOf({ exponent, modulus }: { exponent: bigint; modulus: bigint }): string {
  const type = Uint8Array.from('ssh-rsa', (letter) => letter.charCodeAt(0));
  const fields = [type, wholeNumber(exponent), wholeNumber(modulus)];
  const bytes = new Uint8Array(fields.reduce((sum, { length }) => sum + 4 + length, 0));
  let at = 0;
  for (const field of fields) {
    new DataView(bytes.buffer).setUint32(at, field.length);
    bytes.set(field, at + 4);
    at += 4 + field.length;
  }
  return `ssh-rsa ${toBase64(bytes)}`;
}

/** mpint: big-endian, and a zero in front where the first bit would be a sign. */
function wholeNumber(value: bigint): Uint8Array {
  let hex = value.toString(16);
  if (hex.length % 2) hex = `0${hex}`;
  if (parseInt(hex[0], 16) >= 8) hex = `00${hex}`;
  return bytesOf(hex);
}

/** Of a line, as OpenSSH writes it. */
export const fingerprint = (line: string): string =>
  `SHA256:${toBase64(bytesOf(sha256(fromBase64(line.split(' ')[1] ?? '').bytes))).replace(/=+$/, '')}`;

const bytesOf = (hex: string): Uint8Array =>
  Uint8Array.from({ length: hex.length / 2 }, (_, i) => parseInt(hex.slice(2 * i, 2 * i + 2), 16));

const PASSWD = '/etc/passwd';
const FIRST_UID = 1001;

export interface User {
  name: string;
  uid: number;
  gid: number;
  home: string;
  shell: string;
}

/** An entry of a machine's passwd. */
export function userOf(fs: FileSystem, name: string): User | undefined {
  const file = fs.find(PASSWD);
  if (file?.kind !== 'file') return undefined;
  const line = file.text.split('\n').find((one) => one.startsWith(`${name}:`));
  if (!line) return undefined;
  const [, , uid, gid, , home, shell] = line.split(':');
  return { name, uid: Number(uid), gid: Number(gid), home: home || '/', shell: shell || '/bin/sh' };
}

/** Of the user of a process. */
export function userNameOf({ uid, host }: Process): string {
  const file = host.fs.find(PASSWD);
  const lines = file?.kind === 'file' ? file.text.split('\n') : [];
  return lines.find((line) => line.split(':')[2] === String(uid))?.split(':')[0] ?? String(uid);
}

/** What a provider's agent does on a machine with a key of the project: the user is there, and the key opens its account. */
export function authorize(fs: FileSystem, user: string, line: string) {
  if (!userOf(fs, user)) {
    const users = fs.readFile(PASSWD);
    const taken = users.split('\n').map((entry) => Number(entry.split(':')[2] || 0));
    const uid = Math.max(FIRST_UID - 1, ...taken.filter((id) => id < 60_000)) + 1;
    fs.writeFile(PASSWD, `${users}${user}:x:${uid}:${uid}::/home/${user}:/bin/bash\n`);
  }
  const path = `/home/${user}/.ssh/authorized_keys`;
  const before = fs.exists(path) ? fs.readFile(path) : '';
  if (before.includes(line)) return;
  fs.mkdir(path.slice(0, path.lastIndexOf('/')), { recursive: true });
  fs.writeFile(path, `${before}# Added by Google\n${line} ${user}@${user}\n`, { mode: 0o600 });
}
