// wget: files from servers by URL, as GNU's and busybox's say it.

import type { Co } from '../../sim/index.ts';
import { byteLength } from '../bytes.ts';
import { basename, FsError } from '../fs.ts';
import { filesOf } from '../host.ts';
import { exchange, header, type Headers, STATUS_TEXT } from '../http.ts';
import type { Process, Program } from '../types.ts';
import { parseUrl, type Url } from '../url.ts';
import { formatDate } from './date.ts';
import { emit, fail, isBusybox, type Options, parseOptions, usageError } from './options.ts';
import { hostPort } from '../net/index.ts';

const SPEC = {
  short: 'qO:ST:t:cU:P:N',
  long: {
    quiet: 'q',
    'output-document': 'O',
    'server-response': 'S',
    timeout: 'T',
    tries: 't',
    'user-agent': 'U',
    'directory-prefix': 'P',
    spider: 'spider',
    header: 'header:',
    'post-data': 'post-data:',
    'no-check-certificate': 'insecure',
    'no-verbose': 'no-verbose',
  },
  usage: '[OPTION]... [URL]...',
  status: 2,
};

const CONNECT = {
  ECONNREFUSED: 'Connection refused',
  ETIMEDOUT: 'Connection timed out',
  EHOSTUNREACH: 'No route to host',
};
const MAX_REDIRECTS = 20;

export const wget: Program = function* (process) {
  const options = parseOptions(process, SPEC);
  if (Number(options.value('t') ?? 1) > 1) fail(process, '-t: several tries are not modelled');
  if (options.has('c') || options.has('N')) fail(process, 'going on with a partial file is not modelled');
  if (!options.args.length) usageError(process, 'missing URL', 1);
  let status = 0;
  for (const text of options.args) status = (yield* fetch(process, options, text)) || status;
  return status;
};

/** Messages for people go to standard error, unless -q. */
function tell(process: Process, options: Options, text: string) {
  if (!options.has('q') && !options.has('no-verbose')) process.stderr.write(text);
}

function* fetch(process: Process, options: Options, text: string): Co<number> {
  const busybox = isBusybox(process);
  const { sim, net } = process.host;
  let url = parseUrl(text);
  for (let redirects = 0; ; redirects++) {
    if (!url || !/^https?$/.test(url.scheme)) {
      if (busybox) fail(process, `not an http or ftp url: ${text}`);
      process.stderr.write(`${text}: Unsupported scheme.\n`);
      return 1;
    }
    if (redirects > MAX_REDIRECTS)
      fail(process, busybox ? 'too many redirections' : `${MAX_REDIRECTS} redirections exceeded.`, 8);
    if (!busybox) tell(process, options, `--${formatDate('%F %T', sim.now)}--  ${shown(url)}\n`);
    const addresses = yield* process.host.resolve(url.host);
    if (!addresses?.length) {
      if (busybox) fail(process, `bad address '${url.host}'`);
      tell(process, options, `Resolving ${url.host} (${url.host})... failed: Name or service not known.\n`);
      if (!options.has('q')) process.stderr.write(`wget: unable to resolve host address ‘${url.host}’\n`);
      return 4;
    }
    const [ip] = addresses;
    if (busybox)
      tell(
        process,
        options,
        `Connecting to ${url.host === ip ? hostPort(ip, url.port) : url.host} (${hostPort(ip, url.port)})\n`,
      );
    else {
      if (url.host !== ip) tell(process, options, `Resolving ${url.host} (${url.host})... ${addresses.join(', ')}\n`);
      tell(
        process,
        options,
        `Connecting to ${url.host === ip ? '' : `${url.host} (${url.host})|`}${ip}${url.host === ip ? '' : '|'}:${url.port}... `,
      );
    }
    const timeout = options.has('T') ? Number(options.value('T')) * 1000 : undefined;
    const started = sim.now;
    const socket = yield* net.connect(ip, url.port, { timeout });
    if (typeof socket === 'string') {
      if (busybox) {
        if (socket === 'ETIMEDOUT' && timeout !== undefined) fail(process, 'download timed out');
        fail(
          process,
          `can't connect to remote host (${ip}): ${socket === 'EHOSTUNREACH' ? 'Host is unreachable' : CONNECT[socket]}`,
        );
      }
      tell(process, options, `failed: ${CONNECT[socket]}.\n`);
      return 4;
    }
    if (!busybox) tell(process, options, 'connected.\n');
    if (url.scheme === 'https') {
      if (!socket.tls)
        fail(
          process,
          busybox ? 'error getting response: Connection reset by peer' : 'Unable to establish SSL connection.',
          4,
        );
      const node = filesOf(process).find('/etc/ssl/certs/ca-certificates.crt');
      const trusted = node?.kind === 'file' && node.text.includes(socket.tls.ca.trim());
      if (!trusted && !options.has('insecure') && !busybox) {
        process.stderr.write(
          `ERROR: cannot verify ${url.host}'s certificate: Unable to locally verify the issuer's authority.\nTo connect to ${url.host} insecurely, use \`--no-check-certificate'.\n`,
        );
        return 5;
      }
    }
    const headers: Headers = [
      ['Host', url.port === (url.scheme === 'https' ? 443 : 80) ? url.host : `${url.host}:${url.port}`],
      ['User-Agent', options.value('U') ?? (busybox ? 'Wget' : 'Wget/1.25.0')],
    ];
    if (!busybox) headers.push(['Accept', '*/*'], ['Accept-Encoding', 'identity']);
    for (const line of options.values('header'))
      headers.push([line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]);
    const body = options.value('post-data');
    if (body !== undefined)
      headers.push(['Content-Type', 'application/x-www-form-urlencoded'], ['Content-Length', String(byteLength(body))]);
    headers.push(['Connection', 'close']);
    if (!busybox) tell(process, options, 'HTTP request sent, awaiting response... ');
    const method = body !== undefined ? 'POST' : options.has('spider') ? 'HEAD' : 'GET';
    const task = sim.spawn('wget', exchange(socket, { method, target: url.path, headers, body, scheme: url.scheme }));
    while (!task.done) {
      if (timeout !== undefined && sim.now - started >= timeout) {
        task.kill();
        socket.close();
        if (busybox) fail(process, 'download timed out');
        tell(process, options, 'Read error (Connection timed out) in headers.\nGiving up.\n');
        return 4;
      }
      yield { signals: [task.exited], timeout: timeout === undefined ? undefined : started + timeout - sim.now };
    }
    const answer = task.result;
    if (!answer) {
      socket.close();
      if (busybox) fail(process, 'error getting response');
      tell(process, options, 'No data received.\n');
      return 4;
    }
    const words = answer.statusLine.replace(/^\S+ \d+ ?/, '') || STATUS_TEXT[answer.status] || '';
    if (options.has('S'))
      for (const line of [answer.statusLine, ...answer.headers.map(([name, value]) => `${name}: ${value}`)])
        process.stderr.write(`  ${line}\n`);
    const location = header(answer.headers, 'location');
    if (location && answer.status >= 300 && answer.status < 400) {
      socket.close();
      if (!busybox) tell(process, options, `${answer.status} ${words}\nLocation: ${location} [following]\n`);
      const origin: string = `${url.scheme}://${url.host}:${url.port}`;
      url = parseUrl(
        /^https?:/.test(location) ? location : origin + (location.startsWith('/') ? location : '/' + location),
      );
      continue;
    }
    if (answer.status >= 400) {
      socket.close();
      if (busybox) fail(process, `server returned error: ${answer.statusLine}`);
      tell(process, options, `${answer.status} ${words}\n`);
      if (!options.has('q'))
        process.stderr.write(`${formatDate('%F %T', sim.now)} ERROR ${answer.status}: ${words}.\n`);
      return 8;
    }
    if (!busybox) tell(process, options, `${answer.status} ${words}\n`);
    if (options.has('spider')) {
      socket.close();
      tell(process, options, busybox ? 'remote file exists\n' : 'Remote file exists.\n\n');
      return 0;
    }
    const status = yield* save(process, options, url, answer);
    socket.close();
    return status;
  }
}

function shown({ scheme, host, port, path }: Url): string {
  return `${scheme}://${host}${port === (scheme === 'https' ? 443 : 80) ? '' : `:${port}`}${path}`;
}

function* save(
  process: Process,
  options: Options,
  url: Url,
  answer: { headers: Headers; read(): Co<string | undefined> },
): Co<number> {
  const busybox = isBusybox(process);
  const { sim } = process.host;
  const name = basename(url.path.split('?')[0]);
  const fs = filesOf(process);
  let path =
    options.value('O') ?? `${options.has('P') ? `${options.value('P')}/` : ''}${name === '/' ? 'index.html' : name}`;
  if (!options.has('O') && fs.exists(path)) {
    if (busybox) fail(process, `can't open '${path}': File exists`);
    let n = 1;
    while (fs.exists(`${path}.${n}`)) n++;
    path = `${path}.${n}`;
  }
  const length = header(answer.headers, 'content-length');
  const type = header(answer.headers, 'content-type')?.split(';')[0] ?? 'application/octet-stream';
  if (!busybox)
    tell(
      process,
      options,
      `Length: ${length ?? 'unspecified'} [${type}]\nSaving to: ‘${path === '-' ? 'STDOUT' : path}’\n\n`,
    );
  else tell(process, options, path === '-' ? 'writing to stdout\n' : `saving to '${path}'\n`);
  let text = '';
  let size = 0;
  for (let part = yield* answer.read(); part !== undefined; part = yield* answer.read()) {
    size += byteLength(part);
    if (path === '-') yield* emit(process, part);
    else text += part;
  }
  if (path !== '-') {
    try {
      fs.writeFile(path, text);
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      fail(process, busybox ? `can't open '${path}': ${error.message}` : `${path}: ${error.message}`, busybox ? 1 : 3);
    }
  }
  if (busybox) {
    tell(
      process,
      options,
      path === '-'
        ? `-                    100% |${'*'.repeat(32)}| ${String(size).padStart(5)}  0:00:00 ETA\nwritten to stdout\n`
        : `${path.slice(0, 20).padEnd(20)} 100% |${'*'.repeat(32)}| ${String(size).padStart(5)}  0:00:00 ETA\n'${path}' saved\n`,
    );
  } else {
    const bar = `     0K ${'.'.repeat(Math.min(50, Math.max(1, Math.ceil(size / 1024))))}`.padEnd(62);
    tell(
      process,
      options,
      `${bar}100% ${String(size)}=0s\n\n${formatDate('%F %T', sim.now)} (${size} B/s) - ${path === '-' ? 'written to stdout' : `‘${path}’ saved`} [${size}${length === undefined ? '' : `/${length}`}]\n\n`,
    );
  }
  return 0;
}
