// kubectl create secret generic | tls | docker-registry

import { utf8Base64 } from '../../../api/base64.ts';
import type { KubeObject } from '../../../api/types.ts';
import { encode, toBase64 } from '../../../linux/bytes.ts';
import { part } from '../../../parts/index.ts';
import type { Command } from '../../command.ts';
import { CommandError } from '../../errors.ts';
import type { Args, Flag } from '../../flags.ts';
import { hashSuffix } from '../../kustomize/hash.ts';
import type { Kubectl } from '../../kubectl.ts';
import { generator, plain } from './generator.ts';
import { KEY_FLAGS, readKeys } from './keys.ts';

const HASH_FLAG = KEY_FLAGS.find((f) => f.name === 'append-hash') as Flag;

function secretOf(args: Args, name: string, type: string, data: Record<string, string>): KubeObject {
  const object: KubeObject = { apiVersion: 'v1', kind: 'Secret', metadata: { name } };
  if (type) object.type = type;
  if (Object.keys(data).length) object.data = data;
  if (args.bool('append-hash')) object.metadata = { name: `${name}-${hashSuffix(object)}` };
  return object;
}

const generic = generator({
  name: 'generic',
  short: 'Create a secret from a local file, directory, or literal value',
  usage: 'NAME [--type=string] [--from-file=[key=]source] [--from-literal=key1=value1]',
  flags: [...KEY_FLAGS, { name: 'type', type: 'string', usage: 'The type of secret to create' }],
  failure: 'failed to create secret',
  build: plain((args, name, kubectl) => {
    const sources = {
      literals: args.strings('from-literal'),
      files: args.strings('from-file'),
      envFiles: args.strings('from-env-file'),
    };
    if (sources.envFiles.length && (sources.files.length || sources.literals.length)) {
      throw new CommandError('from-env-file cannot be combined with from-file or from-literal');
    }
    const data: Record<string, string> = {};
    const duplicate = (key: string) => `cannot add key ${key}, another key by that name already exists`;
    readKeys(kubectl.fs, kubectl.process.env, sources, duplicate).forEach((value, key) => {
      data[key] = toBase64(encode(value));
    });
    return secretOf(args, name, args.string('type'), data);
  }),
});

function readPem(kubectl: Kubectl, path: string): string {
  if (!kubectl.fs.exists(path))
    throw new CommandError(`Cannot read file ${path}, open ${path}: no such file or directory`);
  return kubectl.fs.readFile(path);
}

/** Why a certificate and a key (PEM both) are no pair, in Go's words; undefined when they are one. */
function noPair(cert: string, key: string): string | undefined {
  const { DerError, privateKeyOf, publicInfoOf, readCertificate, readPem, rsaPublicOf } = part('pki');
  const shown = readPem(cert);
  const secret = readPem(key);
  if (!shown) return 'tls: failed to find any PEM data in certificate input';
  if (shown.type !== 'CERTIFICATE') {
    return shown.type.endsWith('PRIVATE KEY')
      ? 'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched'
      : `tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [${shown.type}]`;
  }
  if (!secret) return 'tls: failed to find any PEM data in key input';
  if (secret.type === 'CERTIFICATE') return 'tls: found a certificate rather than a key in the PEM for the private key';
  if (!secret.type.endsWith('PRIVATE KEY'))
    return `tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: [${secret.type}]`;
  try {
    const info = readCertificate(shown.bytes).publicKeyInfo;
    const own = privateKeyOf(key);
    if (!own) return 'tls: failed to parse private key';
    const mine = publicInfoOf(own);
    if (mine.join() === info.join()) return undefined;
    return (rsaPublicOf(mine) === undefined) === (rsaPublicOf(info) === undefined)
      ? 'tls: private key does not match public key'
      : 'tls: private key type does not match public key type';
  } catch (error) {
    if (error instanceof DerError) return 'x509: malformed certificate';
    throw error;
  }
}

const tls = generator({
  name: 'tls',
  short: 'Create a TLS secret',
  usage: 'NAME --cert=path/to/cert/file --key=path/to/key/file',
  flags: [
    { name: 'cert', type: 'string', usage: 'Path to PEM encoded public key certificate.' },
    { name: 'key', type: 'string', usage: 'Path to private key associated with given certificate.' },
    HASH_FLAG,
  ],
  failure: 'failed to create secret',
  build: plain((args, name, kubectl) => {
    if (!args.string('key') || !args.string('cert')) throw new CommandError('key and cert must be specified');
    const cert = readPem(kubectl, args.string('cert'));
    const key = readPem(kubectl, args.string('key'));
    const wrong = noPair(cert, key);
    if (wrong) throw new CommandError(wrong);
    return secretOf(args, name, 'kubernetes.io/tls', { 'tls.crt': utf8Base64(cert), 'tls.key': utf8Base64(key) });
  }),
});

const dockerRegistry = generator({
  name: 'docker-registry',
  short: 'Create a secret for use with a Docker registry',
  usage: 'NAME --docker-username=user --docker-password=password --docker-email=email [--docker-server=string]',
  flags: [
    { name: 'docker-username', type: 'string', usage: 'Username for Docker registry authentication' },
    { name: 'docker-password', type: 'string', usage: 'Password for Docker registry authentication' },
    { name: 'docker-email', type: 'string', usage: 'Email for Docker registry' },
    {
      name: 'docker-server',
      type: 'string',
      default: 'https://index.docker.io/v1/',
      usage: 'Server location for Docker registry',
    },
    { name: 'from-file', type: 'strings', usage: 'A docker config file to take as it is ([.dockerconfigjson=]path).' },
    HASH_FLAG,
  ],
  failure: 'failed to create secret',
  build: plain((args, name, kubectl) => {
    if (args.strings('from-file').length) {
      const duplicate = (key: string) => `cannot add key ${key}, another key by that name already exists`;
      const data: Record<string, string> = {};
      readKeys(kubectl.fs, {}, { literals: [], files: args.strings('from-file'), envFiles: [] }, duplicate).forEach(
        (value, key) => {
          data[key] = toBase64(encode(value));
        },
      );
      return secretOf(args, name, 'kubernetes.io/dockerconfigjson', data);
    }
    const username = args.string('docker-username');
    const password = args.string('docker-password');
    if (!username || !password) {
      throw new CommandError(
        'either --from-file or the combination of --docker-username, --docker-password and --docker-server is required',
      );
    }
    const email = args.string('docker-email');
    const entry = { username, password, ...(email ? { email } : {}), auth: utf8Base64(`${username}:${password}`) };
    const config = JSON.stringify({ auths: { [args.string('docker-server')]: entry } });
    return secretOf(args, name, 'kubernetes.io/dockerconfigjson', { '.dockerconfigjson': utf8Base64(config) });
  }),
});

export const secret: Command = {
  name: 'secret',
  short: 'Create a secret using a specified subcommand',
  usage: '(docker-registry | generic | tls)',
  commands: [dockerRegistry, generic, tls],
};
