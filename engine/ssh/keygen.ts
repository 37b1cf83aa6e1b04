// ssh-keygen, ssh-copy-id and ssh-keyscan: keys made, looked at, brought to other machines, and asked for.

import { Exit, filesOf, LineReader, type Process, type Program } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { commentOf, keyOf, privateFile, publicLine, readPrivate } from './ed25519.ts';
import { fingerprint, userNameOf } from './keys.ts';
import { nameWithPort } from './known-hosts.ts';
import { letters } from './options.ts';
import { BANNER, Messages, SSH_PORT, type ToClient, type ToServer } from './protocol.ts';
import { ssh } from './ssh.ts';

const failing =
  (process: Process, status = 1) =>
  (message: string): never => {
    process.stderr.write(`${message}\n`);
    throw new Exit(status);
  };

const KEYGEN_LETTERS = 'lyqeBb:t:f:N:C:R:F:H';

export const sshKeygen: Program = function* (process): Co<number> {
  const fail = failing(process, 255);
  const { given, next } = letters(process.argv, 1, KEYGEN_LETTERS, (message) => fail(`${message}`));
  if (process.argv.length > next) fail('Too many arguments.');
  const value = (letter: string) => given.findLast(([one]) => one === letter)?.[1];
  const has = (letter: string) => value(letter) !== undefined;
  for (const letter of 'eBH') if (has(letter)) fail(`ssh-keygen: -${letter} is not modelled by this engine`);
  const fs = filesOf(process);
  const home = process.env.HOME ?? '/';
  const file = value('f');
  const host = value('R') ?? value('F');
  if (host !== undefined) return knownHosts(process, host, file ?? `${home}/.ssh/known_hosts`, has('R'));
  const readText = (path: string): string => {
    const node = fs.find(path);
    if (node?.kind !== 'file') return fail(`${path}: No such file or directory`);
    return fs.readFile(path);
  };
  if (has('y')) {
    const path = file ?? `${home}/.ssh/id_ed25519`;
    const text = readText(path);
    const key = readPrivate(text);
    if (!key) return fail(`Load key "${path}": error in libcrypto`);
    process.stdout.write(`${publicLine(key)} ${commentOf(text)}\n`);
    return 0;
  }
  if (has('l')) {
    const path = file ?? `${home}/.ssh/id_ed25519.pub`;
    const text = readText(path);
    const key = readPrivate(text);
    const lines = key
      ? [`${publicLine(key)} ${commentOf(text)}`]
      : text.split('\n').filter((line) => /^\S* ?ssh-/.test(line));
    if (!lines.length) return fail(`${path} is not a public key file.`);
    for (const line of lines) {
      const words = line.split(/\s+/);
      const at = words.findIndex((word) => word.startsWith('ssh-'));
      const [type, , comment] = words.slice(at);
      const shown = at > 0 ? words[0] : comment || 'no comment';
      const print = fingerprint(words.slice(at).join(' '));
      process.stdout.write(
        `${type === 'ssh-rsa' ? '2048' : '256'} ${print} ${shown} (${type.slice(4).toUpperCase()})\n`,
      );
    }
    return 0;
  }
  const type = value('t') ?? 'ed25519';
  if (type !== 'ed25519')
    return fail(`ssh-keygen: keys of type ${type} are not modelled by this engine; there is ed25519`);
  if (value('N')) return fail('ssh-keygen: passphrases are not modelled by this engine; use -N ""');
  const input = new LineReader(process.stdin);
  const say = (text: string) => {
    if (!has('q')) process.stdout.write(text);
  };
  say('Generating public/private ed25519 key pair.\n');
  let path = file;
  if (path === undefined) {
    const standard = `${home}/.ssh/id_ed25519`;
    process.stdout.write(`Enter file in which to save the key (${standard}): `);
    path = (yield* input.line()) || standard;
  }
  if (fs.find(path)) {
    process.stdout.write(`${path} already exists.\nOverwrite (y/n)? `);
    if (!/^y/i.test((yield* input.line()) ?? '')) return 1;
  }
  if (value('N') === undefined && process.tty) {
    process.stdout.write(`Enter passphrase for "${path}" (empty for no passphrase): `);
    if (yield* input.line()) fail('ssh-keygen: passphrases are not modelled by this engine');
  }
  const random = process.host.sim.random(`ssh-keygen/${process.host.hostname}`);
  const key = keyOf(Uint8Array.from({ length: 32 }, () => random.int(256)));
  const comment = value('C') ?? `${userNameOf(process)}@${process.host.hostname}`;
  const slash = path.lastIndexOf('/');
  const directory = path.slice(0, slash);
  if (directory === `${home}/.ssh` && !fs.find(directory)) {
    fs.mkdir(directory, { mode: 0o700 });
    say(`Created directory '${directory}'.\n`);
  }
  if (slash > 0 && !fs.isDirectory(directory)) fail(`Saving key "${path}" failed: No such file or directory`);
  fs.writeFile(path, privateFile(key, comment), { mode: 0o600 });
  fs.writeFile(`${path}.pub`, `${publicLine(key)} ${comment}\n`, { mode: 0o644 });
  say(
    `Your identification has been saved in ${path}\nYour public key has been saved in ${path}.pub\n` +
      `The key fingerprint is:\n${fingerprint(publicLine(key))} ${comment}\n`,
  );
  return 0;
};

function knownHosts(process: Process, host: string, path: string, remove: boolean): number {
  const fs = filesOf(process);
  const node = fs.find(path);
  if (node?.kind !== 'file') return failing(process, 255)(`Cannot stat ${path}: No such file or directory`);
  const lines = fs.readFile(path).split('\n');
  const isOf = (line: string) => (line.split(/\s+/)[0] ?? '').split(',').includes(host);
  let found = 0;
  lines.forEach((line, i) => {
    if (!isOf(line)) return;
    found++;
    process.stdout.write(`# Host ${host} found: line ${i + 1}${remove ? '' : `\n${line}`}\n`);
  });
  if (!remove) return found ? 0 : 1;
  if (!found) {
    process.stderr.write(`Host ${host} not found in ${path}\n`);
    return 0;
  }
  fs.writeFile(`${path}.old`, fs.readFile(path), { mode: 0o600 });
  fs.writeFile(path, lines.filter((line) => !isOf(line)).join('\n'));
  process.stdout.write(`${path} updated.\nOriginal contents retained as ${path}.old\n`);
  return 0;
}

/** A script over ssh: the public key is added at the end of the other side's authorized_keys. */
export const sshCopyId: Program = function* (process): Co<number> {
  const fail = failing(process);
  const { given, next } = letters(process.argv, 1, 'fnsi:p:F:o:h', (message) =>
    fail(`/usr/bin/ssh-copy-id: ERROR: ${message}`),
  );
  const target = process.argv[next];
  const value = (letter: string) => given.findLast(([one]) => one === letter)?.[1];
  if (target === undefined)
    return fail(
      'Usage: /usr/bin/ssh-copy-id [-h|-?|-f|-n|-s|-x] [-i [identity_file]] [-t target_path] [-F ssh_config] [[-o ssh_option] ...] [-p port] [user@]hostname',
    );
  const fs = filesOf(process);
  const home = process.env.HOME ?? '/';
  const path = (value('i') ?? `${home}/.ssh/id_ed25519`).replace(/(\.pub)?$/, '.pub');
  const node = fs.find(path);
  if (node?.kind !== 'file')
    return fail(
      value('i')
        ? `\n/usr/bin/ssh-copy-id: ERROR: failed to open ID file '${path}': No such file or directory`
        : '\n/usr/bin/ssh-copy-id: ERROR: No identities found',
    );
  const line = fs.readFile(path).trim();
  process.stdout.write(`/usr/bin/ssh-copy-id: INFO: Source of key(s) to be installed: "${path}"\n`);
  const flags = given.flatMap(([letter, text]) =>
    letter === 'p' || letter === 'F' || letter === 'o' ? [`-${letter}`, text] : [],
  );
  const remote = `mkdir -p -m 700 ~/.ssh && { grep -qxF '${line}' ~/.ssh/authorized_keys 2> /dev/null || echo '${line}' >> ~/.ssh/authorized_keys; } && chmod 600 ~/.ssh/authorized_keys`;
  const { argv } = process;
  process.argv = ['ssh', ...flags, target, remote];
  const status = yield* ssh(process);
  process.argv = argv;
  if (status !== 0) return 1;
  process.stdout.write(
    `\nNumber of key(s) added: 1\n\nNow try logging into the machine, with: "ssh ${target}"\nand check to make sure that only the key(s) you wanted were added.\n\n`,
  );
  return 0;
};

export const sshKeyscan: Program = function* (process): Co<number> {
  const fail = failing(process);
  const { given, next } = letters(process.argv, 1, 'p:t:T:HqDcv46', (message) => fail(`ssh-keyscan: ${message}`));
  const value = (letter: string) => given.findLast(([one]) => one === letter)?.[1];
  if (value('H') !== undefined) fail('ssh-keyscan: -H is not modelled by this engine');
  const hosts = process.argv.slice(next);
  if (!hosts.length)
    fail(
      'usage: ssh-keyscan [-46cDHqv] [-f file] [-O option] [-p port] [-T timeout] [-t type] [host | addrlist namelist]',
    );
  const port = Number(value('p') ?? SSH_PORT);
  let status = 1;
  for (const host of hosts) {
    const addresses = yield* process.host.resolve(host);
    if (!addresses?.length) {
      process.stderr.write(`getaddrinfo ${host}: Name or service not known\n`);
      continue;
    }
    const timeout = Number(value('T') ?? 5) * 1000;
    const socket = yield* process.host.net.connect(addresses[0], port, { process, timeout });
    if (typeof socket === 'string') continue;
    const messages = new Messages<ToClient, ToServer>(socket);
    socket.writer.write(`${BANNER}\r\n`);
    const banner = (yield* messages.line())?.trim() ?? '';
    messages.say({ type: 'kex' });
    const answer = banner.startsWith('SSH-2.0-') ? yield* messages.hear() : undefined;
    socket.close();
    if (answer?.type !== 'hostkey') continue;
    status = 0;
    if (value('q') === undefined) process.stderr.write(`# ${host}:${port} ${banner}\n`);
    if (/ed25519/.test(value('t') ?? 'ed25519')) process.stdout.write(`${nameWithPort(host, port)} ${answer.line}\n`);
  }
  return status;
};
