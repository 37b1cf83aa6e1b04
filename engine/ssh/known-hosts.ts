// Whether a machine is the one that it says: its key against known_hosts.

import { filesOf, LineReader, type FileSystem, type Process } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import type { Destination } from './destination.ts';
import { fingerprint } from './keys.ts';
import { end } from './options.ts';
import { SSH_PORT } from './protocol.ts';

const GLOBAL = '/etc/ssh/ssh_known_hosts';
const RULE = '@'.repeat(59);

interface Known {
  path: string;
  line: number;
  names: string[];
  key: string;
}

function linesOf(fs: FileSystem, path: string): Known[] {
  const file = fs.find(path);
  if (file?.kind !== 'file' || !fs.may(file, 4)) return [];
  return file.text.split('\n').flatMap((text, i) => {
    const [names = '', type, blob] = text.trim().split(/\s+/);
    return !names || names.startsWith('#') || !blob
      ? []
      : [{ path, line: i + 1, names: names.split(','), key: `${type} ${blob}` }];
  });
}

export const nameWithPort = (host: string, port: number): string => (port === SSH_PORT ? host : `[${host}]:${port}`);

export function* checkHostKey(
  process: Process,
  { host, port, options, debug }: Destination,
  ip: string,
  key: string,
  wire: { close(): void },
): Co {
  const fs = filesOf(process);
  const home = process.env.HOME ?? '/';
  const own = (options.text('userknownhostsfile') ?? `${home}/.ssh/known_hosts`)
    .split(/\s+/)[0]
    .replace(/^~(?=\/)/, home)
    .replaceAll('%d', home);
  const files = [own, ...(options.text('globalknownhostsfile') ?? GLOBAL).split(/\s+/)];
  const name = options.text('hostkeyalias') ?? nameWithPort(host, port);
  const all = files.flatMap((path) => linesOf(fs, path));
  const mine = all.filter(({ names }) => names.includes(name));
  const found = mine.find((one) => one.key === key);
  if (found) {
    debug(`Host '${name}' is known and matches the ED25519 host key.`);
    debug(`Found key in ${found.path}:${found.line}`);
    return;
  }
  const strict = (options.text('stricthostkeychecking') ?? 'ask').toLowerCase();
  const isLax = strict === 'no' || strict === 'off';
  const fail = (text: string): never => {
    wire.close();
    return end(process, text);
  };
  const kind = 'ED25519';
  if (mine.length) {
    const [{ path, line }] = mine;
    process.stderr.write(
      `${RULE}\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n${RULE}\n` +
        'IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!\n' +
        'Someone could be eavesdropping on you right now (man-in-the-middle attack)!\n' +
        'It is also possible that a host key has just been changed.\n' +
        `The fingerprint for the ${kind} key sent by the remote host is\n${fingerprint(key)}.\n` +
        'Please contact your system administrator.\n' +
        `Add correct host key in ${own} to get rid of this message.\n` +
        `Offending ${kind} key in ${path}:${line}\n` +
        `  remove with:\n  ssh-keygen -f '${path}' -R '${name}'\n`,
    );
    if (isLax) return;
    fail(`Host key for ${name} has changed and you have requested strict checking.\nHost key verification failed.`);
  }
  if (strict === 'yes')
    fail(
      `No ${kind} host key is known for ${name} and you have requested strict checking.\nHost key verification failed.`,
    );
  if (strict === 'ask') {
    // The question goes to the terminal: without one there is nobody to answer.
    if (!process.tty || options.is('batchmode')) fail('Host key verification failed.');
    const others = all.filter((one) => one.key === key);
    const also = others.length
      ? `This host key is known by the following other names/addresses:\n${others.map((one) => `    ${one.path}:${one.line}: ${one.names.join(',')}\n`).join('')}`
      : 'This key is not known by any other names.\n';
    process.stderr.write(
      `The authenticity of host '${name}${ip && ip !== host ? ` (${ip})` : ''}' can't be established.\n` +
        `${kind} key fingerprint is ${fingerprint(key)}.\n${also}` +
        'Are you sure you want to continue connecting (yes/no/[fingerprint])? ',
    );
    const input = new LineReader(process.stdin);
    for (;;) {
      const answer = yield* input.line();
      if (answer === 'yes' || answer === fingerprint(key)) break;
      if (answer === undefined || answer === 'no') fail('Host key verification failed.');
      process.stderr.write("Please type 'yes', 'no' or the fingerprint: ");
    }
    input.release();
  }
  const slash = own.lastIndexOf('/');
  if (own !== '/dev/null') {
    fs.mkdir(own.slice(0, slash), { recursive: true, mode: 0o700 });
    fs.writeFile(own, `${name} ${key}\n`, { append: true, mode: 0o600 });
  }
  process.stderr.write(`Warning: Permanently added '${name}' (${kind}) to the list of known hosts.\n`);
}
