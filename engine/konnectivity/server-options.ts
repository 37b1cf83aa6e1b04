// What konnectivity-server checks before it starts: its flags among each other, and the certificate that it shows to agents.

import type { Process, Tls } from '../linux/index.ts';
import { part } from '../parts/index.ts';

const STRATEGIES = ['default', 'destHost', 'defaultRoute'];
const FIRST_PORT = 1024;
const LAST_PORT = 49_151;

/** Why the options are none that it accepts (cmd/server/app/options: Validate); undefined: they are. */
export function invalidOptions({ host: { fs } }: Process, flag: (name: string) => string): string | undefined {
  for (const side of ['server', 'cluster']) {
    for (const [what, other] of PAIRS) {
      const path = flag(`${side}-${what}`);
      if (!path) continue;
      if (!fs.exists(path))
        return `error checking ${side} ${what} ${path}, got stat ${path}: no such file or directory`;
      if (!flag(`${side}-${other}`))
        return `cannot have ${side} ${other} empty when ${side} ${what} is set to ${JSON.stringify(path)}`;
    }
  }
  const mode = flag('mode');
  if (mode !== 'grpc' && mode !== 'http-connect')
    return `mode must be set to either 'grpc' or 'http-connect' not ${JSON.stringify(mode)}`;
  if (!flag('uds-name')) {
    if (!flag('server-ca-cert')) return 'server ca cert must be set when in TCP mode (uds-name is empty)';
  } else {
    if (flag('server-port') !== '0') return `server port should be set to 0 not ${flag('server-port')} for UDS`;
    for (const what of ['key', 'cert', 'ca-cert'])
      if (flag(`server-${what}`)) return `server ${what.replace('-', ' ')} should not be set for UDS`;
  }
  for (const name of ['agent', 'admin', 'health']) {
    const port = Number(flag(`${name}-port`));
    if (port > LAST_PORT) return `please do not try to use ephemeral port ${port} for the ${name} port`;
    if (port < FIRST_PORT) return `please do not try to use reserved port ${port} for the ${name} port`;
  }
  const accounts = ['agent-namespace', 'agent-service-account', 'authentication-audience'];
  if (accounts.some((name) => flag(name))) {
    if (flag('cluster-ca-cert')) return '--cluster-ca-cert can not be used when agent authentication is enabled';
    const missing = accounts.find((name) => !flag(name));
    if (missing) return `--${missing} cannot be empty when agent authentication is enabled`;
  }
  const config = flag('kubeconfig');
  if (config && !fs.exists(config))
    return `checking KubeconfigPath ${JSON.stringify(config)}, got stat ${config}: no such file or directory`;
  const strategies = flag('proxy-strategies');
  if (!strategies) return 'ProxyStrategies cannot be empty';
  const unknown = strategies.split(',').find((one) => !STRATEGIES.includes(one));
  return unknown === undefined ? undefined : `invalid proxy strategies: unknown proxy strategy: ${unknown}`;
}

const PAIRS = [
  ['key', 'cert'],
  ['cert', 'key'],
] as const;

/** What agents are shown, by --cluster-cert and --cluster-key; a string: why nothing is. */
export function agentTls({ host: { fs } }: Process, certificateFile: string, keyFile: string): Tls | string {
  const { DerError, isSignedBy, privateKeyOf, publicInfoOf, readCertificate, readPem } = part('pki');
  const failed = (why: string) => `failed to load X509 key pair ${certificateFile} and ${keyFile}: ${why}`;
  const textOf = (path: string): string | undefined => (path && fs.exists(path) ? fs.readFile(path) : undefined);
  for (const path of [certificateFile, keyFile])
    if (textOf(path) === undefined) return failed(`open ${path}: no such file or directory`);
  try {
    const block = readPem(textOf(certificateFile) as string);
    if (block?.type !== 'CERTIFICATE') return failed('tls: failed to find any PEM data in certificate input');
    const certificate = readCertificate(block.bytes);
    const key = privateKeyOf(textOf(keyFile) as string);
    if (!key) return failed('tls: failed to find any PEM data in key input');
    if (String(publicInfoOf(key)) !== String(certificate.publicKeyInfo))
      return failed('tls: private key does not match public key');
    const beside = textOf(`${certificateFile.slice(0, certificateFile.lastIndexOf('/'))}/ca.crt`) ?? '';
    const authority = readPem(beside);
    const known = authority && isSignedBy(certificate, readCertificate(authority.bytes).publicKeyInfo);
    // One whose authority does not lie beside it is trusted by nobody.
    const ca = known ? beside : (textOf(certificateFile) as string);
    return { ca, names: [...certificate.names.dns, ...certificate.names.ips] };
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    return failed('x509: malformed certificate');
  }
}
