// openssl, as far as certificates of a cluster need it: keys (RSA and P-256), requests, certificates that sign others, and
// what stands in each. To add a subcommand: a row in COMMANDS.

import { filesOf } from '../../host.ts';
import type { Program } from '../../types.ts';
import { complain, emit } from '../options.ts';
import { verify, x509 } from './certificates.ts';
import { dgst, ecparam, genpkey, genrsa, pkey, rand, rsa } from './keys.ts';
import { req } from './requests.ts';
import { OpensslError, type Command } from './types.ts';

const COMMANDS: Readonly<Record<string, Command>> = {
  dgst: { run: dgst, operands: 1, flags: ['sha256', 'hex', 'r'], valued: ['out'] },
  ecparam: { run: ecparam, flags: ['genkey', 'noout'], valued: ['name', 'out'], secret: true },
  genpkey: { run: genpkey, flags: [], valued: ['algorithm', 'pkeyopt', 'out'], secret: true },
  genrsa: { run: genrsa, operands: 1, flags: ['traditional'], valued: ['out'], secret: true },
  pkey: { run: pkey, flags: ['pubin', 'pubout', 'noout', 'traditional'], valued: ['in', 'out', 'outform'] },
  rand: { run: rand, operands: 1, flags: ['base64', 'hex'], valued: ['out'] },
  req: {
    run: req,
    flags: ['new', 'x509', 'nodes', 'noenc', 'sha256', 'noout', 'text', 'subject', 'pubkey', 'verify', 'batch'],
    valued: [
      'days',
      'key',
      'newkey',
      'keyout',
      'pkeyopt',
      'subj',
      'addext',
      'config',
      'in',
      'out',
      'extensions',
      'reqexts',
    ],
  },
  rsa: {
    run: rsa,
    flags: ['pubin', 'pubout', 'noout', 'check', 'modulus', 'traditional'],
    valued: ['in', 'out', 'outform'],
  },
  verify: { run: verify, operands: Infinity, flags: [], valued: ['CAfile'] },
  x509: {
    run: x509,
    flags:
      'req noout text subject issuer dates startdate enddate serial fingerprint sha256 pubkey modulus CAcreateserial'.split(
        ' ',
      ),
    valued: [
      'in',
      'out',
      'days',
      'CA',
      'CAkey',
      'CAserial',
      'set_serial',
      'extfile',
      'extensions',
      'signkey',
      'key',
      'checkend',
      'ext',
      'outform',
    ],
  },
};

export const openssl: Program = function* (process) {
  const [, name = '', ...words] = process.argv;
  if (name === 'version') {
    process.stdout.write('OpenSSL 3.5.4 30 Sep 2025 (Library: OpenSSL 3.5.4 30 Sep 2025)\n');
    return 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) {
    complain(process, `only ${Object.keys(COMMANDS).join(', ')} are simulated, not ${JSON.stringify(name)}`);
    return 1;
  }
  try {
    const { options, operands } = parse(name, command, words);
    const answer = yield* command.run({ process, options, operands, say: (text) => void process.stderr.write(text) });
    if (typeof answer === 'number') return answer;
    const out = options.get('out');
    if (out) filesOf(process).writeFile(out, answer, command.secret ? { mode: 0o600 } : {});
    else yield* emit(process, answer);
    return 0;
  } catch (error) {
    if (!(error instanceof OpensslError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
};

function parse(name: string, { flags, valued, operands = 0 }: Command, words: readonly string[]) {
  const options = new Map<string, string>();
  const rest: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i].replace(/^--?/, '');
    if (!words[i].startsWith('-')) rest.push(words[i]);
    else if (flags.includes(word)) options.set(word, '');
    else if (!valued.includes(word)) throw new OpensslError(unknown(name, `Unknown option or cipher: ${word}`));
    else if (i + 1 === words.length) throw new OpensslError(unknown(name, `Option -${word} needs a value`));
    else options.set(word, words[++i]);
  }
  if (rest.length > operands) throw new OpensslError(unknown(name, `Extra option: "${rest[operands]}"`));
  return { options, operands: rest };
}

const unknown = (name: string, text: string): string => `${name}: ${text}\n${name}: Use -help for summary.`;
