// What an nginx shows on its TLS ports: the certificates that its servers' directives name, read when it starts.

import { filesOf, type Process, type Tls } from '../linux/index.ts';
import { part } from '../parts/index.ts';
import { ConfigFailure, type NginxConfig, type Server } from './nginx-config.ts';

type Shown = Pick<Tls, 'ca' | 'names' | 'commonName'>;

/** Undefined for a port without TLS. */
export function tlsOf(process: Process, { servers }: NginxConfig, port: number, plain: () => string): Tls | undefined {
  if (!servers.some(({ tlsPorts }) => tlsPorts.length)) return undefined;
  const here = servers.filter(({ tlsPorts }) => tlsPorts.includes(port));
  if (here.length === 0) return undefined;
  const first = here.find(({ isDefault }) => isDefault) ?? here[0];
  const byName = here
    .filter((server) => server !== first)
    .flatMap((server) => server.names.map((pattern) => ({ pattern, ...read(process, server) })));
  return { ...read(process, first), byName, plain };
}

function read(process: Process, { certificate, key }: Server): Shown {
  const load = (what: string, path: string, reader: string, why: string): { text: string; bytes: Uint8Array } => {
    const full = path.startsWith('/') ? path : `/etc/nginx/${path}`;
    const fail = (reason: string): never => {
      throw new ConfigFailure(`cannot load ${what} "${full}": ${reason}`);
    };
    const node = filesOf(process).find(full);
    if (node?.kind !== 'file')
      return fail(
        `BIO_new_file() failed (SSL: error:80000002:system library::No such file or directory:calling fopen(${full}, r) error:10000080:BIO routines::no such file)`,
      );
    const block = part('pki').readPem(node.text);
    return block ? { text: node.text, bytes: block.bytes } : fail(`${reader}() failed (SSL: error:${why})`);
  };
  const noStart = '0480006C:PEM routines::no start line:Expecting: TRUSTED CERTIFICATE';
  const { text, bytes } = load('certificate', certificate, 'PEM_read_bio_X509_AUX', noStart);
  const noKey = '1E08010C:DECODER routines::unsupported:No supported data to decode. Input type: PEM';
  load('certificate key', key, 'PEM_read_bio_PrivateKey', noKey);
  const { names, subject } = part('pki').readCertificate(bytes);
  return { ca: text, names: [...names.dns, ...names.ips], commonName: subject.commonName };
}
