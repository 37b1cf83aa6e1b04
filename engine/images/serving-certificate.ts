// The certificate that a server in an image shows, from the files that its flags name.

import { filesOf, type Process, type Tls } from '../linux/index.ts';
import { part } from '../parts/index.ts';

/** A text is why there is none. */
export function readServingCertificate(process: Process, certFile: string, keyFile: string): Tls | string {
  const texts: string[] = [];
  for (const path of [certFile, keyFile]) {
    const node = filesOf(process).find(path);
    if (node?.kind !== 'file') return `open ${path}: no such file or directory`;
    texts.push(node.text);
  }
  const { readPem, readCertificate, DerError } = part('pki');
  const block = readPem(texts[0]);
  if (block?.type !== 'CERTIFICATE') return 'tls: failed to find any PEM data in certificate input';
  if (!readPem(texts[1])) return 'tls: failed to find any PEM data in key input';
  try {
    const { names } = readCertificate(block.bytes);
    return { ca: texts[0], names: [...names.dns, ...names.ips] };
  } catch (error) {
    if (error instanceof DerError) return error.message;
    throw error;
  }
}
