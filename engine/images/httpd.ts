// Apache httpd and python's http.server: files over HTTP.

import {
  byteLength,
  header,
  serveHttp,
  type Headers,
  type HttpResponse,
  type Process,
  type Program,
} from '../linux/index.ts';
import { part } from '../parts/index.ts';
import type { Co } from '../sim/index.ts';
import { clock, untilSignal } from './service.ts';
import { lookUp, mimeType, requestPath } from './static-files.ts';
import { DEBIAN_COMMANDS } from './tools.ts';
import type { Repository } from './types.ts';
import { series, variants } from './versions.ts';

const httpd = (version: string): Program =>
  function* (process): Co<number> {
    const upstream = version.split('-')[0];
    const { sim, fs, net } = process.host;
    const server = `Apache/${upstream} (Unix)`;
    const conf = fs.find('/usr/local/apache2/conf/httpd.conf');
    const text = conf?.kind === 'file' ? conf.text : '';
    const port = Number(/^\s*Listen\s+(?:\S+:)?(\d+)/m.exec(text)?.[1] ?? 80);
    const root = /^\s*DocumentRoot\s+"?([^"\n]+)"?/m.exec(text)?.[1] ?? '/usr/local/apache2/htdocs';
    const note = (module: string, code: string, message: string) =>
      process.stderr.write(
        `[${clock(process).apache}] [${module}:notice] [pid ${process.pid}:tid ${process.pid}] ${code}: ${message}\n`,
      );
    const ip = net.addresses[0] ?? '127.0.0.1';
    const fqdn = `AH00558: httpd: Could not reliably determine the server's fully qualified domain name, using ${ip}. Set the 'ServerName' directive globally to suppress this message\n`;
    process.stderr.write(fqdn.repeat(2));
    const listener = serveHttp(sim, net, port, function* (request): Co<HttpResponse> {
      const page = (status: number, title: string, body: string, headers: Headers = []): HttpResponse => ({
        status,
        headers: [...headers, ['Content-Type', 'text/html; charset=iso-8859-1']],
        body: `<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html><head>\n<title>${status} ${title}</title>\n</head><body>\n<h1>${title}</h1>\n<p>${body}</p>\n</body></html>\n`,
      });
      const path = requestPath(request.target);
      const found = lookUp(fs, root + path, ['index.html']);
      let response: HttpResponse;
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        response = page(
          405,
          'Method Not Allowed',
          `The requested method ${request.method} is not allowed for this URL.`,
        );
      } else if (found.kind === 'file') {
        const type = mimeType(found.path, 'text/plain');
        const headers: Headers = [
          ['Last-Modified', new Date(found.node.mtime).toUTCString()],
          ['ETag', `"${found.node.size.toString(16)}"`],
          ['Accept-Ranges', 'bytes'],
          ['Content-Type', type],
        ];
        response = { status: 200, headers, body: found.node.text };
      } else if (found.kind === 'directory' && !path.endsWith('/')) {
        const host = header(request.headers, 'host') ?? ip;
        response = page(301, 'Moved Permanently', `The document has moved <a href="http://${host}${path}/">here</a>.`, [
          ['Location', `http://${host}${path}/`],
        ]);
      } else if (found.kind === 'directory') {
        const rows = fs.readdir(found.path).map((name) => `<li><a href="${name}"> ${name}</a></li>\n`);
        response = {
          status: 200,
          headers: [['Content-Type', 'text/html;charset=ISO-8859-1']],
          body: `<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">\n<html>\n <head>\n  <title>Index of ${path}</title>\n </head>\n <body>\n<h1>Index of ${path}</h1>\n<ul>${rows.join('')}</ul>\n</body></html>\n`,
        };
      } else if (found.kind === 'denied')
        response = page(403, 'Forbidden', "You don't have permission to access this resource.");
      else response = page(404, 'Not Found', 'The requested URL was not found on this server.');
      const size = typeof response.body === 'string' && response.body ? byteLength(response.body) : '-';
      process.stdout.write(
        `${request.socket.remote.ip} - - [${clock(process).common}] "${request.method} ${request.target} HTTP/1.1" ${response.status} ${size}\n`,
      );
      return { ...response, headers: [['Date', clock(process).http], ['Server', server], ...(response.headers ?? [])] };
    });
    if (!listener) {
      process.stderr.write(
        `(98)Address already in use: AH00072: make_sock: could not bind to address 0.0.0.0:${port}\nno listening sockets available, shutting down\nAH00015: Unable to open logs\n`,
      );
      return 1;
    }
    note('mpm_event', 'AH00489', `${server} configured -- resuming normal operations`);
    note('core', 'AH00094', "Command line: 'httpd -D FOREGROUND'");
    const name = yield* untilSignal(process, ['TERM', 'WINCH', 'INT']);
    listener.close();
    if (name === 'WINCH') note('mpm_event', 'AH00492', 'caught SIGWINCH, shutting down gracefully');
    else note('mpm_event', 'AH00491', 'caught SIGTERM, shutting down');
    return 0;
  };

const python = (version: string): Program =>
  function* (process): Co<number> {
    const { argv, host } = process;
    if (argv[1] === '--version' || argv[1] === '-V') {
      process.stdout.write(`Python ${version.split('-')[0]}\n`);
      return 0;
    }
    if (argv[1] !== '-m' || argv[2] !== 'http.server')
      return yield* part('python').runPython(process, version.split('-')[0]);
    return yield* serveDirectory(
      process,
      Number(argv.slice(3).find((arg) => /^\d+$/.test(arg)) ?? 8000),
      directoryOf(argv) ?? process.cwd,
      host.net.addresses[0],
    );
  };

function directoryOf(argv: readonly string[]): string | undefined {
  const i = argv.findIndex((arg) => arg === '-d' || arg === '--directory');
  return i < 0 ? undefined : argv[i + 1];
}

function* serveDirectory(process: Process, port: number, root: string, ip: string): Co<number> {
  const { sim, fs, net } = process.host;
  const listener = serveHttp(sim, net, port, function* (request): Co<HttpResponse> {
    const path = requestPath(request.target);
    const found = lookUp(fs, root.replace(/\/$/, '') + path, ['index.html', 'index.htm']);
    let response: HttpResponse;
    if (found.kind === 'file')
      response = { status: 200, headers: [['Content-type', mimeType(found.path)]], body: found.node.text };
    else if (found.kind === 'directory') {
      const items = fs.readdir(found.path).map((name) => `<li><a href="${name}">${name}</a></li>\n`);
      const title = `Directory listing for ${path}`;
      response = {
        status: 200,
        headers: [['Content-type', 'text/html; charset=utf-8']],
        body: `<!DOCTYPE HTML>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>${title}</title>\n</head>\n<body>\n<h1>${title}</h1>\n<hr>\n<ul>\n${items.join('')}</ul>\n<hr>\n</body>\n</html>\n`,
      };
    } else {
      response = {
        status: 404,
        headers: [['Content-Type', 'text/html;charset=utf-8']],
        body: '<!DOCTYPE HTML>\n<html lang="en">\n    <head>\n        <meta charset="utf-8">\n        <title>Error response</title>\n    </head>\n    <body>\n        <h1>Error response</h1>\n        <p>Error code: 404</p>\n        <p>Message: File not found.</p>\n    </body>\n</html>\n',
      };
    }
    const stamp = clock(process).common.replace(/^(..).(...).(....):(.*) .*$/, '$1/$2/$3 $4');
    process.stderr.write(
      `${request.socket.remote.ip} - - [${stamp}] "${request.method} ${request.target} HTTP/1.1" ${response.status} -\n`,
    );
    return {
      ...response,
      headers: [['Server', 'SimpleHTTP/0.6 Python/3'], ['Date', clock(process).http], ...(response.headers ?? [])],
    };
  });
  if (!listener) {
    process.stderr.write('OSError: [Errno 98] Address already in use\n');
    return 1;
  }
  process.stdout.write(`Serving HTTP on 0.0.0.0 port ${port} (http://0.0.0.0:${port}/) ...\n`);
  yield* untilSignal(process, ['INT']);
  process.stdout.write('\nKeyboard interrupt received, exiting.\n');
  listener.close();
  return ip === '' ? 1 : 0;
}

const INDEX = '<html><body><h1>It works!</h1></body></html>\n';

export const webRepositories: Repository[] = [
  {
    names: ['docker.io/library/httpd'],
    tags: () =>
      variants({ ...series('2.2', 34, 34), ...series('2.4', 66, 25), '2': '2.4.66', latest: '2.4.66' }, 'alpine'),
    size: (version) => (version.includes('alpine') ? 21_900_000 : 45_200_000),
    cmd: ['httpd-foreground'],
    env: (version) => ({
      HTTPD_PREFIX: '/usr/local/apache2',
      HTTPD_VERSION: version.split('-')[0],
      PATH: '/usr/local/apache2/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    }),
    workingDir: '/usr/local/apache2',
    exposedPorts: ['80/tcp'],
    stopSignal: 'WINCH',
    userland: 'gnu',
    commands: DEBIAN_COMMANDS,
    os: 'Debian GNU/Linux 13 (trixie)',
    memory: 12_000_000,
    files: () => ({
      '/usr/local/apache2/htdocs/index.html': INDEX,
      '/usr/local/apache2/conf/httpd.conf':
        'ServerRoot "/usr/local/apache2"\n\nListen 80\n\nDocumentRoot "/usr/local/apache2/htdocs"\n',
      '/usr/local/apache2/logs/': '',
    }),
    versionedPrograms: (version) => ({
      '/usr/local/bin/httpd-foreground': httpd(version),
      '/usr/local/apache2/bin/httpd': httpd(version),
    }),
  },
  {
    names: ['docker.io/library/python'],
    tags: () =>
      variants(
        {
          ...series('3.8', 20),
          ...series('3.9', 25),
          ...series('3.10', 19),
          ...series('3.11', 14),
          ...series('3.12', 12),
          ...series('3.13', 11),
          ...series('3.14', 2),
          '3': '3.14.2',
          latest: '3.14.2',
        },
        'slim',
        'alpine',
      ),
    size: (version) => (version.includes('alpine') ? 17_400_000 : version.includes('slim') ? 45_300_000 : 412_000_000),
    cmd: ['python3'],
    env: (version) => ({ PYTHON_VERSION: version.split('-')[0] }),
    userland: 'gnu',
    commands: DEBIAN_COMMANDS.concat('curl', 'wget'),
    os: 'Debian GNU/Linux 13 (trixie)',
    memory: 9_000_000,
    versionedPrograms: (version) => ({
      '/usr/local/bin/python': python(version),
      '/usr/local/bin/python3': python(version),
    }),
  },
];
