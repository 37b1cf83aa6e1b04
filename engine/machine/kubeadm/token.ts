// kubeadm token: the Secrets with which machines may join, for as long as they are valid.

import { base64Text, utf8Base64 } from '../../api/base64.ts';
import { goDurationMs, shortHumanDuration } from '../../api/duration.ts';
import type { Secret } from '../../api/types.ts';
import { ApiError } from '../../client/index.ts';
import { JOINING_GROUP } from '../../kubeadm/cluster-objects.ts';
import { sha256 } from '../../linux/sha256.ts';
import { part } from '../../parts/index.ts';
import type { Co } from '../../sim/index.ts';
import type { Flags } from '../flags.ts';
import { PKI, type Session } from './session.ts';

const TYPE = 'bootstrap.kubernetes.io/token';
const NAMESPACE = 'kube-system';
const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';
const USAGES = ['authentication', 'signing'];
export const TOKEN = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;

export const TOKEN_FLAGS = {
  ttl: 'string',
  description: 'string',
  groups: 'string',
  usages: 'string',
  'print-join-command': 'bool',
  'certificate-key': 'string',
} as const;

export function newToken({ process }: Session): string {
  const random = process.host.sim.random('bootstrap-token');
  const letters = (count: number) => Array.from({ length: count }, () => LETTERS[random.int(36)]).join('');
  return `${letters(6)}.${letters(16)}`;
}

/** ms; 0 for ever. */
export function parseTtl(session: Session, text: string, flag: string): number {
  const ms = text === '0' ? 0 : goDurationMs(text);
  if (ms === undefined || ms < 0)
    session.fail(
      `invalid argument ${JSON.stringify(text)} for ${JSON.stringify(flag)} flag: time: invalid duration ${JSON.stringify(text)}`,
    );
  return ms;
}

export interface TokenOptions {
  token: string;
  /** ms. */
  ttl: number;
  description?: string;
  groups?: string[];
  usages?: string[];
  /** One of the same name gives way. */
  replaces?: boolean;
}

const secrets = (session: Session) => session.admin.of<Secret>('v1', 'secrets');

export function storeToken(session: Session, options: TokenOptions) {
  const { token, ttl, description = '', groups = [JOINING_GROUP], usages = USAGES } = options;
  const [id, secret] = token.split('.');
  const data: Record<string, string> = groups.length ? { 'auth-extra-groups': groups.join(',') } : {};
  if (description) data.description = description;
  if (ttl) data.expiration = new Date(session.now + ttl).toISOString().slice(0, 19) + 'Z';
  data['token-id'] = id;
  data['token-secret'] = secret;
  for (const usage of usages) data[`usage-bootstrap-${usage}`] = 'true';
  for (const key in data) data[key] = utf8Base64(data[key]);
  const name = `bootstrap-token-${id}`;
  if (secrets(session).find(NAMESPACE, name)) {
    if (!options.replaces) session.fail(`a token with id ${JSON.stringify(id)} already exists`);
    secrets(session).delete(NAMESPACE, name);
  }
  secrets(session).create(NAMESPACE, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: NAMESPACE },
    type: TYPE,
    data,
  } as Secret);
}

/** `sha256:` and the hash of the CA's public key. */
export function publicKeyHash(certificate: string): string {
  const { readCertificate, readPem } = part('pki');
  const { publicKeyInfo } = readCertificate(readPem(certificate)?.bytes ?? new Uint8Array());
  return `sha256:${sha256(publicKeyInfo)}`;
}

/** `split` parts its two lines. */
export function joinCommand(session: Session, token: string, split: string): string {
  const endpoint = session.targets.controlPlane.server.slice('https://'.length);
  const hash = publicKeyHash(session.fs.readFile(`${PKI}/ca.crt`));
  return `kubeadm join ${endpoint} --token ${token}${split === ' ' ? '' : ' \\'}${split}--discovery-token-ca-cert-hash ${hash} `;
}

export function* token(session: Session, flags: Flags): Co<number> {
  const [, verb = '', ...words] = flags.args;
  yield 100;
  switch (verb) {
    case 'create':
      return create(session, flags, words);
    case 'delete':
      return remove(session, words);
    case 'generate':
      session.say(newToken(session));
      return 0;
    case 'list':
      return list(session);
    default:
      return session.fail(
        verb
          ? `invalid subcommand: ${JSON.stringify(verb)}`
          : 'missing subcommand; "token" is not meant to be run on its own',
      );
  }
}

function create(session: Session, flags: Flags, [given]: string[]): number {
  if (given !== undefined && !TOKEN.test(given))
    session.fail(
      `the bootstrap token ${JSON.stringify(given)} was not of the form "\\\\A([a-z0-9]{6})\\\\.([a-z0-9]{16})\\\\z"`,
    );
  const made = given ?? newToken(session);
  const usages = flags.string('usages')?.split(',') ?? USAGES;
  const unknown = usages.filter((usage) => !USAGES.includes(usage));
  if (unknown.length)
    session.fail(
      `invalid bootstrap token usage string: ${unknown.join(',')}, valid usage options: signing,authentication`,
    );
  storeToken(session, {
    token: made,
    ttl: parseTtl(session, flags.string('ttl') ?? '24h0m0s', '--ttl'),
    description: flags.string('description'),
    groups: flags.string('groups')?.split(','),
    usages,
  });
  const key = flags.string('certificate-key');
  const further = key === undefined ? '' : `--control-plane --certificate-key ${key}`;
  session.say(flags.bool('print-join-command') ? joinCommand(session, made, ' ') + further : made);
  return 0;
}

function remove(session: Session, words: string[]): number {
  if (words.length === 0)
    session.fail(
      'missing argument; \'token delete\' is missing token of form ["[a-z0-9]{6}" "[a-z0-9]{6}.[a-z0-9]{16}"]',
    );
  for (const word of words) {
    const id = /^[a-z0-9]{6}$/.test(word) ? word : TOKEN.exec(word)?.[1];
    if (!id)
      session.fail(
        `given token didn't match pattern "\\\\A([a-z0-9]{6})\\\\z" or "\\\\A([a-z0-9]{6})\\\\.([a-z0-9]{16})\\\\z"`,
      );
    try {
      secrets(session).delete(NAMESPACE, `bootstrap-token-${id}`);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      session.fail(`failed to delete bootstrap token ${JSON.stringify(id)}: ${error.message}`);
    }
    session.say(`bootstrap token ${JSON.stringify(id)} deleted`);
  }
  return 0;
}

function list(session: Session): number {
  const rows: string[][] = [];
  for (const { data = {} } of secrets(session).list(NAMESPACE, { fieldSelector: `type=${TYPE}` })) {
    const of = (key: string) => base64Text(data[key] ?? '');
    const expires = of('expiration');
    const usages = USAGES.filter((usage) => of(`usage-bootstrap-${usage}`) === 'true');
    rows.push([
      `${of('token-id')}.${of('token-secret')}`,
      expires ? shortHumanDuration(Date.parse(expires) - session.now) : '<forever>',
      expires || '<never>',
      usages.join(',') || '<none>',
      of('description') || '<none>',
      of('auth-extra-groups') || '<none>',
    ]);
  }
  // Without a token there is nothing to head.
  if (rows.length === 0) return 0;
  const all = [['TOKEN', 'TTL', 'EXPIRES', 'USAGES', 'DESCRIPTION', 'EXTRA GROUPS'], ...rows];
  const widths = all[0].map((_, column) => Math.max(10, ...all.map((row) => row[column].length + 3)));
  for (const row of all)
    session.say(row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at]))).join(''));
  return 0;
}
