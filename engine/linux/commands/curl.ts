// curl: requests to servers by URL.

import type { Co } from '../../sim/index.ts';
import { byteLength } from '../bytes.ts';
import { basename, FsError } from '../fs.ts';
import { filesOf } from '../host.ts';
import { exchange, header, type HttpAnswer } from '../http.ts';
import { CONNECT_TIMEOUT, hostPort, isAddress, shownTo, type Socket } from '../net/index.ts';
import type { Process, Program } from '../types.ts';
import { hostHeader, locationFrom, parseUrl, type Url } from '../url.ts';
import { globUrl } from './curl-glob.ts';
import { Failure, requestFor, type Transfer, VERSION } from './curl-request.ts';
import { emit, fail, type Options, parseOptions, put } from './options.ts';
import { distrust } from './trust.ts';

const SPEC = {
  short: 'sSvVkLIifgX:d:H:o:Ow:u:m:A:b:e:F:T:G46#Nx:r:j',
  long: {
    silent: 's',
    'show-error': 'S',
    verbose: 'v',
    version: 'V',
    insecure: 'k',
    location: 'L',
    head: 'I',
    include: 'i',
    fail: 'f',
    'fail-with-body': 'fail-with-body',
    globoff: 'g',
    request: 'X',
    data: 'd',
    'data-raw': 'data-raw:',
    'data-binary': 'data-binary:',
    'data-urlencode': 'data-urlencode:',
    json: 'json:',
    header: 'H',
    output: 'o',
    'remote-name': 'O',
    'write-out': 'w',
    user: 'u',
    'max-time': 'm',
    'connect-timeout': 'connect-timeout:',
    'user-agent': 'A',
    cookie: 'b',
    referer: 'e',
    get: 'G',
    ipv4: '4',
    ipv6: '6',
    cacert: 'cacert:',
    cert: 'cert:',
    key: 'key:',
    resolve: 'resolve:',
    retry: 'retry:',
    'retry-delay': 'retry-delay:',
    'retry-connrefused': 'retry-connrefused',
    'max-redirs': 'max-redirs:',
    'no-buffer': 'N',
    'no-progress-meter': 'no-progress-meter',
    'http1.1': 'http1.1',
    compressed: 'compressed',
    'oauth2-bearer': 'oauth2-bearer:',
    url: 'url:',
    range: 'r',
  },
  usage: '[options...] <url>',
  status: 2,
};
/** Options that are known to people and not modelled. */
const REFUSED = ['F', 'T', 'x', 'compressed', 'key', 'cert', 'r', 'j', '#'];

/** Times of one transfer, ms since its start, for --write-out. */
interface Times {
  start: number;
  lookup: number;
  connect: number;
  first: number;
}

export const curl: Program = function* (process) {
  const options = parseOptions(process, SPEC);
  if (options.has('V')) {
    put(process, `curl ${VERSION} (x86_64-pc-linux-gnu) libcurl/${VERSION}\nProtocols: http https\n`);
    return 0;
  }
  for (const key of REFUSED)
    if (options.has(key)) fail(process, `option ${key.length > 1 ? '--' : '-'}${key}: is not modelled`, 2);
  const urls = [...options.values('url'), ...options.args];
  if (!urls.length) {
    process.stderr.write(
      "curl: (2) no URL specified\ncurl: try 'curl --help' or 'curl --manual' for more information\n",
    );
    return 2;
  }
  let status = 0;
  const idle: Idle = new Map();
  try {
    for (let i = 0; i < urls.length; i++) {
      const all = options.has('g') ? [{ url: urls[i], parts: [] }] : globUrl(urls[i]);
      if (typeof all === 'string') {
        process.stderr.write(`curl: (3) ${all}\n`);
        status = 3;
        continue;
      }
      for (const { url, parts } of all) status = yield* new Client(process, options, i, parts, idle).fetch(url);
    }
  } finally {
    idle.forEach((socket) => socket.close());
  }
  return status;
};

/** Connections that the next transfer can use, by scheme, host and port. */
type Idle = Map<string, Socket>;
const placeOf = ({ scheme, host, port }: Url) => `${scheme}://${hostPort(host, port)}`;

class Client {
  private readonly process: Process;
  private readonly options: Options;
  private readonly index: number;
  /** What the URL's patterns stand for: #1, #2, … in --output. */
  private readonly parts: readonly string[];
  private readonly idle: Idle;
  private deadline = Infinity;
  private socket: Socket | undefined;
  /** The connection that stays open for the next transfer. */
  private kept: Socket | undefined;
  private readonly times: Times;

  constructor(process: Process, options: Options, index: number, parts: readonly string[], idle: Idle) {
    this.process = process;
    this.options = options;
    this.index = index;
    this.parts = parts;
    this.idle = idle;
    this.times = { start: process.host.sim.now, lookup: 0, connect: 0, first: 0 };
  }

  private get now(): number {
    return this.process.host.sim.now;
  }

  *fetch(text: string): Co<number> {
    const { options, process } = this;
    const attempts = Number(options.value('retry') ?? 0) + 1;
    let failure: Failure | undefined;
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const limit = options.value('m');
      this.deadline = limit === undefined ? Infinity : this.now + Number(limit) * 1000;
      this.times.start = this.now;
      try {
        return yield* this.transfer(text);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        failure = error;
        const retriable =
          error.status === 28 || error.status === 6 || (error.status === 7 && options.has('retry-connrefused'));
        if (attempt === attempts || !retriable) break;
        const delay = options.has('retry-delay') ? Number(options.value('retry-delay')) : 2 ** (attempt - 1);
        if (!options.has('s'))
          process.stderr.write(
            `curl: (${error.status}) ${error.message}\nWarning: Problem: ${retryReason(error)}. Will retry in ${delay} second${delay === 1 ? '' : 's'}.${attempts - attempt > 0 ? ` ${attempts - attempt} ${attempts - attempt === 1 ? 'retry' : 'retries'} left.` : ''}\n`,
          );
        yield delay * 1000;
      } finally {
        if (this.socket !== this.kept) this.socket?.close();
        this.socket = undefined;
      }
    }
    const { status, message } = failure as Failure;
    if (options.has('w')) yield* this.writeOut(undefined, 0, text);
    if (!options.has('s') || options.has('S')) process.stderr.write(`curl: (${status}) ${message}\n`);
    return status;
  }

  private *transfer(text: string): Co<number> {
    const { options } = this;
    let transfer = yield* requestFor(this.process, this.options, text);
    const most = Number(options.value('max-redirs') ?? 50);
    for (let redirects = 0; ; redirects++) {
      const answer = yield* this.send(transfer);
      const location = header(answer.headers, 'location');
      const { status } = answer;
      if (options.has('L') && location && status >= 301 && status <= 308 && status !== 304) {
        if (options.has('i') || options.has('I')) yield* emit(this.process, headText(answer));
        while ((yield* answer.read()) !== undefined);
        this.socket?.close();
        if (redirects >= most) throw new Failure(47, `Maximum (${most}) redirects followed`);
        transfer = this.redirected(transfer, status, location);
        continue;
      }
      const size = yield* this.receive(transfer, answer);
      this.keep(transfer.url, answer);
      if (options.has('w')) yield* this.writeOut(answer, size, transfer.text);
      if (status >= 400 && (options.has('f') || options.has('fail-with-body'))) {
        if (!options.has('s') || options.has('S'))
          this.process.stderr.write(`curl: (22) The requested URL returned error: ${status}\n`);
        return 22;
      }
      return 0;
    }
  }

  /** The connection serves the next transfer, unless a side wants it closed. */
  private keep(url: Url, { statusLine, headers }: HttpAnswer) {
    const last = /close/i.test(header(headers, 'connection') ?? '') || statusLine.startsWith('HTTP/1.0');
    if (last || !this.socket) return;
    this.kept = this.socket;
    this.idle.set(placeOf(url), this.socket);
  }

  private redirected(from: Transfer, status: number, location: string): Transfer {
    const text = locationFrom(from.url, location);
    const url = parseUrl(text);
    if (!url) throw new Failure(3, 'URL rejected: Bad redirect');
    const keep = status === 307 || status === 308 || this.options.has('X');
    const method = keep || from.method === 'HEAD' ? from.method : 'GET';
    const headers = from.headers.filter(([name]) => name !== 'Host' && (keep || !/^content-/i.test(name)));
    return {
      ...from,
      url,
      text,
      method,
      headers: [['Host', hostHeader(url)], ...headers],
      body: keep ? from.body : undefined,
    };
  }

  private note(text: string) {
    if (this.options.has('v')) this.process.stderr.write(text + '\n');
  }

  private *send(transfer: Transfer): Co<HttpAnswer> {
    const { process } = this;
    const { url } = transfer;
    const known = this.idle.get(placeOf(url));
    this.idle.delete(placeOf(url));
    if (known) this.note(`* Re-using existing ${url.scheme}: connection with host ${url.host}`);
    this.socket = known ?? (yield* this.connect(url));
    if (url.scheme === 'https' && !known) this.verify(url, this.socket);
    const lines = [
      `${transfer.method} ${url.path} HTTP/1.1`,
      ...transfer.headers.map(([name, value]) => `${name}: ${value}`),
      '',
    ];
    this.note(lines.map((line) => `> ${line}`).join('\n'));
    const answer = yield* this.timed(
      exchange(this.socket, {
        method: transfer.method,
        target: url.path,
        headers: transfer.headers,
        body: transfer.body,
        scheme: url.scheme,
      }),
    );
    if (!answer && known) {
      // The server has closed it in the meantime.
      known.close();
      return yield* this.send(transfer);
    }
    if (!answer) {
      if (this.socket.wasReset) throw new Failure(56, 'Recv failure: Connection reset by peer');
      throw new Failure(52, 'Empty reply from server');
    }
    this.times.first = process.host.sim.now;
    this.note(
      [answer.statusLine, ...answer.headers.map(([name, value]) => `${name}: ${value}`), '']
        .map((line) => `< ${line}`)
        .join('\n'),
    );
    return answer;
  }

  private *connect(url: Url): Co<Socket> {
    const { options, process } = this;
    const { net } = process.host;
    const fixed = options
      .values('resolve')
      .map((text) => text.split(':'))
      .find(([name, port]) => name === url.host && Number(port) === url.port);
    const found = fixed ? [fixed.slice(2).join(':')] : yield* this.timed(process.host.resolve(url.host));
    const six = options.has('6');
    const addresses = six || options.has('4') ? found?.filter((ip) => ip.includes(':') === six) : found;
    if (!addresses?.length) throw new Failure(6, `Could not resolve host: ${url.host}`);
    this.times.lookup = this.now;
    const limit = options.value('connect-timeout');
    const started = this.now;
    let error = 'ECONNREFUSED';
    for (const ip of addresses) {
      this.note(`*   Trying ${hostPort(ip, url.port)}...`);
      const timeout = Math.min(limit === undefined ? CONNECT_TIMEOUT : Number(limit) * 1000, this.deadline - this.now);
      const socket = yield* net.connect(ip, url.port, { timeout });
      if (typeof socket !== 'string') {
        this.times.connect = this.now;
        this.note(`* Connected to ${url.host} (${ip}) port ${url.port}`);
        return socket;
      }
      error = socket;
    }
    const waited = Math.round(this.now - started);
    if (error === 'ETIMEDOUT') {
      throw new Failure(
        28,
        this.now >= this.deadline || limit !== undefined
          ? `Connection timed out after ${waited} milliseconds`
          : `Failed to connect to ${url.host} port ${url.port} after ${waited} ms: Could not connect to server`,
      );
    }
    throw new Failure(
      7,
      `Failed to connect to ${url.host} port ${url.port} after ${waited} ms: Could not connect to server`,
    );
  }

  private verify(url: Url, socket: Socket) {
    const { options, process } = this;
    if (!socket.tls) throw new Failure(35, 'TLS connect error: error:0A00010B:SSL routines::wrong version number');
    const shown = shownTo(socket.tls, url.host);
    if (!shown) {
      const alert = socket.tls.alert
        ? '0A000438:SSL routines::tlsv1 alert internal error'
        : '0A000458:SSL routines::tlsv1 unrecognized name';
      throw new Failure(35, `TLS connect error: error:${alert}`);
    }
    if (options.has('k')) return;
    const path = options.value('cacert');
    const bundle = path ?? '/etc/ssl/certs/ca-certificates.crt';
    const node = filesOf(process).find(bundle);
    if (path !== undefined && node?.kind !== 'file')
      throw new Failure(77, `error setting certificate verify locations:  CAfile: ${path} CApath: none`);
    const why = distrust(shown.ca, shown.names, node?.kind === 'file' ? node.text : '');
    if (why !== undefined) {
      throw new Failure(
        60,
        `SSL certificate problem: ${why}\nMore details here: https://curl.se/docs/sslcerts.html\n\ncurl failed to verify the legitimacy of the server and therefore could not\nestablish a secure connection to it. To learn more about this situation and\nhow to fix it, please visit the webpage mentioned above.`,
      );
    }
    // Without alternative names the common name counts.
    const { commonName = '' } = shown;
    const names = shown.names.length > 0 ? shown.names : [commonName];
    const named = names.some(
      (name) => name === url.host || (name.startsWith('*.') && url.host.endsWith(name.slice(1))),
    );
    if (!named) {
      if (shown.names.length === 0 && commonName !== '')
        throw new Failure(
          60,
          `SSL: certificate subject name '${commonName}' does not match target hostname '${url.host}'`,
        );
      const kind = isAddress(url.host) ? 'ipv4 address' : 'host name';
      throw new Failure(60, `SSL: no alternative certificate subject name matches target ${kind} '${url.host}'`);
    }
  }

  /** Waits, but not beyond --max-time. */
  private *timed<T>(co: Co<T>): Co<T> {
    if (this.deadline === Infinity) return yield* co;
    const { sim } = this.process.host;
    const task = sim.spawn('curl', co);
    while (!task.done) {
      if (sim.now >= this.deadline) {
        task.kill();
        const waited = `timed out after ${Math.round(sim.now - this.times.start)} milliseconds`;
        // Not even an address was there yet.
        throw new Failure(28, this.times.lookup ? `Operation ${waited} with 0 bytes received` : `Resolving ${waited}`);
      }
      yield { signals: [task.exited], timeout: this.deadline - sim.now };
    }
    return task.result as T;
  }

  private *receive(transfer: Transfer, answer: HttpAnswer): Co<number> {
    const { options, process } = this;
    const outputs = options.values('o');
    const path = options.has('O')
      ? basename(transfer.url.path.split('?')[0])
      : outputs[this.index]?.replace(/#(\d)/g, (whole, n: string) => this.parts[Number(n) - 1] ?? whole);
    if (options.has('O') && !path.replace('/', '')) throw new Failure(23, 'Remote filename has no length');
    const failing = answer.status >= 400 && options.has('f');
    let size = 0;
    let text = options.has('i') || options.has('I') ? headText(answer) : '';
    if (path === undefined && text) yield* emit(process, text);
    for (let part = yield* this.timed(answer.read()); part !== undefined; part = yield* this.timed(answer.read())) {
      size += byteLength(part);
      if (failing) continue;
      if (path === undefined) yield* emit(process, part);
      else text += part;
    }
    if (path !== undefined && !failing) {
      try {
        filesOf(process).writeFile(path, text);
      } catch (error) {
        if (error instanceof FsError) throw new Failure(23, 'Failure writing output to destination');
        throw error;
      }
      if (!options.has('s') && !options.has('no-progress-meter')) process.stderr.write(progress(size));
    }
    return size;
  }

  private *writeOut(answer: HttpAnswer | undefined, size: number, url: string): Co {
    const { start, lookup, connect, first } = this.times;
    const seconds = (time: number) => (Math.max(0, time - start) / 1000).toFixed(6);
    const socket = this.socket;
    const values: Record<string, string> = {
      http_code: String(answer?.status ?? 0).padStart(3, '0'),
      response_code: String(answer?.status ?? 0).padStart(3, '0'),
      time_total: seconds(this.now),
      time_namelookup: seconds(lookup),
      time_connect: seconds(connect),
      time_starttransfer: seconds(first),
      size_download: String(size),
      content_type: (answer && header(answer.headers, 'content-type')) ?? '',
      remote_ip: socket?.remote.ip ?? '',
      remote_port: String(socket?.remote.port ?? ''),
      local_ip: socket?.local.ip ?? '',
      local_port: String(socket?.local.port ?? ''),
      url_effective: url,
      url,
      num_redirects: '0',
      http_version: answer ? '1.1' : '0',
      method: this.options.value('X') ?? (this.options.has('I') ? 'HEAD' : 'GET'),
      exitcode: '0',
      redirect_url: (answer && header(answer.headers, 'location')) ?? '',
    };
    const text = (this.options.value('w') as string)
      .replace(
        /%\{([^}]*)\}/g,
        (_whole, name: string) => values[name] ?? fail(this.process, `unknown --write-out variable: '${name}'`, 2),
      )
      .replaceAll('%%', '%')
      .replace(/\\([ntr\\])/g, (_whole, c: string) => ({ n: '\n', t: '\t', r: '\r', '\\': '\\' })[c] as string);
    yield* emit(this.process, text);
  }
}

function retryReason(failure: Failure): string {
  return failure.status === 28 ? 'timeout' : failure.status === 7 ? 'connection refused' : 'transient problem';
}

function headText(answer: HttpAnswer): string {
  return [answer.statusLine, ...answer.headers.map(([name, value]) => `${name}: ${value}`), '', ''].join('\r\n');
}

function progress(size: number): string {
  const cell = String(size).padStart(5);
  return (
    '  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n' +
    '                                 Dload  Upload   Total   Spent    Left  Speed\n' +
    `100 ${cell}  100 ${cell}    0     0  ${cell}      0 --:--:-- --:--:-- --:--:--  ${cell}\n`
  );
}
