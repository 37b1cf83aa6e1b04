// The keys that an SSH client can prove to hold.

import { filesOf, type Process } from '../linux/index.ts';
import type { Destination } from './destination.ts';
import { publicLine, readPrivate } from './ed25519.ts';
import { identityOf } from './keys.ts';

/** In the order in which they are offered. */
const DEFAULTS = ['id_rsa', 'id_ecdsa', 'id_ecdsa_sk', 'id_ed25519', 'id_ed25519_sk'];
const RULE = '@'.repeat(59);

export interface Identity {
  path: string;
  line: string;
  kind: 'ED25519' | 'RSA';
}

export function identities(process: Process, { options }: Destination): Identity[] {
  if (options.text('pubkeyauthentication') === 'no') return [];
  const methods = options.text('preferredauthentications')?.split(',');
  if (methods && !methods.includes('publickey')) return [];
  const fs = filesOf(process);
  const home = process.env.HOME ?? '/';
  const named = options.texts('identityfile').map((path) => path.replace(/^~(?=\/)/, home).replaceAll('%d', home));
  const paths = named.length ? named : DEFAULTS.map((name) => `${home}/.ssh/${name}`);
  const found: Identity[] = [];
  for (const path of paths) {
    const file = fs.find(path);
    if (file?.kind !== 'file') continue;
    const cannot = (why: string) => void process.stderr.write(`Load key "${path}": ${why}\n`);
    if (!fs.may(file, 4)) cannot('Permission denied');
    else if (file.uid === process.uid && file.mode & 0o077) {
      process.stderr.write(
        `${RULE}\n@         WARNING: UNPROTECTED PRIVATE KEY FILE!          @\n${RULE}\n` +
          `Permissions 0${(file.mode & 0o777).toString(8)} for '${path}' are too open.\n` +
          'It is required that your private key files are NOT accessible by others.\n' +
          'This private key will be ignored.\n',
      );
      cannot('bad permissions');
    } else {
      const key = readPrivate(file.text);
      if (key) found.push({ path, line: publicLine(key), kind: 'ED25519' });
      else {
        const rsa = identityOf(fs, path);
        if (typeof rsa === 'string') found.push({ path, line: rsa, kind: 'RSA' });
        else cannot(file.text.startsWith('-----BEGIN') ? 'error in libcrypto' : 'invalid format');
      }
    }
  }
  return found;
}
