// Applications of PHP on Apache: WordPress and its like, PHP itself, the guestbook of the documentation.

import { byteLength, type HttpRequest, type HttpResponse, type Process, type Program } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { app, combined, html, json, queryOf, reachable, redirect, text, type AppOptions, type Route } from './app.ts';
import { clock, execArguments, refuse } from './service.ts';
import { lookUp, mimeType, requestPath } from './static-files.ts';
import { DEBIAN_COMMANDS } from './tools.ts';
import type { Repository } from './types.ts';
import { plain, releases, variants } from './versions.ts';

const debian = {
  userland: 'gnu',
  commands: DEBIAN_COMMANDS.concat('curl'),
  os: 'Debian GNU/Linux 13 (trixie)',
} as const satisfies Partial<Repository>;

const PHP = '8.3.28';
const SERVER = 'Apache/2.4.65 (Debian)';

const apachePage = (status: number, title: string, body: string): HttpResponse => ({
  status,
  headers: [['Content-Type', 'text/html; charset=iso-8859-1']],
  body: `<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html><head>\n<title>${status} ${title}</title>\n</head><body>\n<h1>${title}</h1>\n<p>${body}</p>\n<hr>\n<address>${SERVER} Server</address>\n</body></html>\n`,
});

/** The files of /var/www/html; those in PHP are refused. */
const documents: Route = (request, process) => {
  const found = lookUp(process.host.fs, `/var/www/html${requestPath(request.target)}`, ['index.php', 'index.html']);
  if (found.kind === 'file' && found.path.endsWith('.php')) {
    return text('PHP programs are not run by this engine\n', 501);
  }
  if (found.kind === 'file') {
    return { status: 200, headers: [['Content-Type', mimeType(found.path)]], body: found.node.text };
  }
  return found.kind === 'missing'
    ? apachePage(404, 'Not Found', 'The requested URL was not found on this server.')
    : apachePage(403, 'Forbidden', "You don't have permission to access this resource.");
};

/** Apache with mod_php: `routes` before the files. */
export function apache(routes: Record<string, Route> = {}): Program {
  const options: AppOptions = {
    ports: [{ port: 80, http: { '/*': documents, ...routes } }],
    stream: 'stderr',
    boot: 200,
    signals: ['WINCH'],
    headers: [
      ['Server', SERVER],
      ['X-Powered-By', `PHP/${PHP}`],
    ],
    start:
      "AH00558: apache2: Could not reliably determine the server's fully qualified domain name, using {ip}. Set the 'ServerName' directive globally to suppress this message\n",
    ready: `[{apache}] [mpm_prefork:notice] [pid {pid}:tid {pid}] AH00163: ${SERVER} PHP/${PHP} configured -- resuming normal operations\n[{apache}] [core:notice] [pid {pid}:tid {pid}] AH00094: Command line: 'apache2 -D FOREGROUND'\n`,
    stop: '[{apache}] [mpm_prefork:notice] [pid {pid}:tid {pid}] AH00170: caught SIGWINCH, shutting down gracefully\n',
    access: (request, response, process) => {
      process.stdout.write(combined(request, response, process));
      return '';
    },
  };
  return app(options);
}

/** The entry point: copies the application into the volume that is mounted where it is served from. */
const copying = (name: string, variables: string): Program =>
  function* (process): Co<number> {
    const { fs } = process.host;
    if (!fs.exists('/var/www/html/index.php')) {
      const say = (line: string) => process.stderr.write(`${line}\n`);
      say(`${name} not found in /var/www/html - copying now...`);
      yield 700;
      fs.writeFile('/var/www/html/index.php', '<?php\n');
      say(`Complete! ${name} has been successfully copied to /var/www/html`);
      const given = Object.keys(process.env).filter((key) => key.startsWith(variables));
      if (variables && given.length) {
        say(
          `No 'wp-config.php' found in /var/www/html, but '${variables}...' variables supplied; copying 'wp-config-docker.php' (${given.sort().join(' ')})`,
        );
        fs.writeFile('/var/www/html/wp-config.php', '<?php\n');
      }
    }
    return yield* execArguments()(process);
  };

const installPage = (title: string) => html(title, `<h1>Welcome</h1>\n<form id="setup" method="post"></form>`);

/** Until somebody has installed it, every page of WordPress leads to the installation, if the database is there. */
function* wordpress(request: HttpRequest, process: Process): Co<HttpResponse> {
  const database = process.env.WORDPRESS_DB_HOST || 'mysql';
  if (!(yield* reachable(process, database, 3306))) {
    return text(html('Database Error', '<h1>Error establishing a database connection</h1>'), 500);
  }
  if (request.target.startsWith('/wp-admin/install.php')) return text(installPage('WordPress &rsaquo; Installation'));
  const host = request.headers.find(([name]) => name.toLowerCase() === 'host')?.[1] ?? 'localhost';
  const away = redirect(`http://${host}/wp-admin/install.php`);
  return { ...away, headers: [...(away.headers ?? []), ['X-Redirect-By', 'WordPress']] };
}

const phpImage = {
  ...debian,
  workingDir: '/var/www/html',
  exposedPorts: ['80/tcp'],
  stopSignal: 'WINCH',
  env: { PHP_VERSION: PHP, PHP_INI_DIR: '/usr/local/etc/php', APACHE_CONFDIR: '/etc/apache2' },
  memory: 22_000_000,
  files: () => ({ '/var/www/html/': '' }),
} as const satisfies Partial<Repository>;

/** PHP's command: it says its version, and serves files with `-S`. */
const php = (version: string): Program =>
  function* (process): Co<number> {
    const { argv } = process;
    const at = argv.indexOf('-S');
    if (argv[1] === '-v' || argv[1] === '--version') {
      process.stdout.write(`PHP ${version} (cli) (NTS)\n`);
      return 0;
    }
    if (at >= 0)
      return yield* app({ ports: [{ port: Number(argv[at + 1].split(':').pop()), http: { '/*': documents } }] })(
        process,
      );
    return yield* refuse('PHP programs are not run by this engine')(process);
  };

const fpm = app({
  ports: [{ port: 9000 }],
  stream: 'stderr',
  ready: (process) => {
    const stamp = `[${clock(process).common.slice(0, 20).replace(/\//g, '-').replace(':', ' ')}] NOTICE: `;
    return `${stamp}fpm is running, pid ${process.pid}\n${stamp}ready to handle connections\n`;
  },
});

/** An application of the same kind: name, releases, the page that it leads to. */
const phpApplication = (name: string, versions: string[], size: number, path: string): Repository => ({
  ...phpImage,
  names: [`docker.io/library/${name.toLowerCase()}`],
  tags: () => variants(releases(...versions), 'apache'),
  size,
  entrypoint: ['docker-entrypoint.sh'],
  cmd: ['apache2-foreground'],
  programs: {
    '/usr/local/bin/docker-entrypoint.sh': copying(name, ''),
    '/usr/local/bin/apache2-foreground': apache({
      '/*': ({ target }) => (target.startsWith(path) ? installPage(`${name} installation`) : redirect(path)),
    }),
  },
});

export const phpRepositories: Repository[] = [
  {
    ...phpImage,
    names: ['docker.io/library/wordpress'],
    tags: () => ({
      ...variants(releases('4.8.3', '4.9.8', '5.9.5', '6.0.3', '6.2.1', '6.4.3', '6.6.2', '6.7.2', '6.8.3', '6.9.0'), 'apache', 'php8.1-apache', 'php8.2-apache', 'php8.3-apache', 'php8.1', 'php8.2', 'php8.3'), // prettier-ignore
    }),
    size: 246_000_000,
    entrypoint: ['docker-entrypoint.sh'],
    cmd: ['apache2-foreground'],
    programs: {
      '/usr/local/bin/docker-entrypoint.sh': copying('WordPress', 'WORDPRESS_'),
      '/usr/local/bin/apache2-foreground': apache({
        '/*': wordpress,
        '/readme.html': html('WordPress &rsaquo; ReadMe'),
      }),
    },
  },
  {
    ...phpImage,
    names: ['docker.io/library/php'],
    tags: () =>
      variants(
        releases(
          '5.6.40',
          '7.0.33',
          '7.1.33',
          '7.2.34',
          '7.4.33',
          '8.0.30',
          '8.1.34',
          '8.2.30',
          '8.3.29',
          '8.4.16',
          '8.5.1',
        ),
        'apache',
        'cli',
        'fpm',
        'alpine',
        'fpm-alpine',
        'cli-alpine',
      ),
    size: 178_000_000,
    entrypoint: ['docker-php-entrypoint'],
    // The variant decides what runs; the entry point starts it when nothing else is asked for.
    cmd: [],
    versionedPrograms: (version) => ({
      '/usr/local/bin/docker-php-entrypoint': execArguments(
        version.includes('apache') ? 'apache2-foreground' : version.includes('fpm') ? 'php-fpm' : 'php',
      ),
      '/usr/local/bin/php': php(version.split('-')[0]),
      ...(version.includes('apache') && { '/usr/local/bin/apache2-foreground': apache() }),
      ...(version.includes('fpm') && { '/usr/local/sbin/php-fpm': fpm }),
    }),
  },
  phpApplication('Drupal', ['9.5.11', '10.5.6', '11.2.8'], 190_000_000, '/core/install.php'),
  phpApplication('Joomla', ['4.4.14', '5.4.1', '6.0.1'], 205_000_000, '/installation/index.php'),
  phpApplication('Nextcloud', ['29.0.16', '30.0.17', '31.0.12', '32.0.3'], 480_000_000, '/index.php'),
  {
    ...phpImage,
    names: ['docker.io/library/phpmyadmin', 'docker.io/phpmyadmin/phpmyadmin'],
    tags: () => releases('5.1.4', '5.2.3'),
    size: 202_000_000,
    entrypoint: ['/docker-entrypoint.sh'],
    cmd: ['apache2-foreground'],
    entrypointRuns: '/docker-entrypoint.sh',
    programs: { '/usr/local/bin/apache2-foreground': apache({ '/*': html('phpMyAdmin') }) },
  },
  {
    ...debian,
    names: [
      'us-docker.pkg.dev/google-samples/containers/gke/gb-frontend',
      'gcr.io/google_samples/gb-frontend',
      'gcr.io/google-samples/gb-frontend',
    ],
    tags: () => plain('v3', 'v4', 'v5', 'v6'),
    size: 169_000_000,
    workingDir: '/var/www/html',
    cmd: ['apache2-foreground'],
    exposedPorts: ['80/tcp'],
    memory: 12_000_000,
    files: () => ({ '/var/www/html/': '' }),
    programs: {
      '/usr/local/bin/apache2-foreground': apache({
        '/': '<html ng-app="redis">\n  <head>\n    <title>Guestbook</title>\n  </head>\n  <body ng-controller="RedisCtrl">\n    <h2>Guestbook</h2>\n  </body>\n</html>\n',
        '/guestbook.php': guestbook,
      }),
    },
  },
];

// ---- the guestbook of the documentation -------------------------------------------------------------------------

/** Asks redis; its answer without the marks of the protocol. */
function* redis(process: Process, server: string, ...words: string[]): Co<string | undefined> {
  const addresses = yield* process.host.resolve(server);
  if (!addresses?.length) return undefined;
  const socket = yield* process.host.net.connect(addresses[0], 6379, { timeout: 5_000 });
  if (typeof socket === 'string') return undefined;
  socket.writer.write(`*${words.length}\r\n${words.map((word) => `$${byteLength(word)}\r\n${word}\r\n`).join('')}`);
  const answer = (yield* socket.reader.read()) ?? '';
  socket.close();
  const lines = answer.split('\r\n');
  return answer[0] === '$' ? (lines[1] ?? '') : lines[0].slice(1);
}

export function* guestbook(request: HttpRequest, process: Process): Co<HttpResponse> {
  const { cmd, key = 'guestbook', value = '' } = queryOf(request);
  const fromEnv = process.env.GET_HOSTS_FROM === 'env';
  const leader = (fromEnv && process.env.REDIS_LEADER_SERVICE_HOST) || 'redis-leader';
  const follower = (fromEnv && process.env.REDIS_FOLLOWER_SERVICE_HOST) || 'redis-follower';
  const setting = cmd === 'set';
  const answer = setting
    ? yield* redis(process, leader, 'SET', key, value)
    : yield* redis(process, follower, 'GET', key);
  if (answer === undefined) {
    const where = setting ? leader : follower;
    return text(`Fatal error: Uncaught Predis\\Connection\\ConnectionException: [tcp://${where}:6379]\n`, 500);
  }
  return {
    ...json(setting ? { message: 'Updated' } : { data: answer }),
    headers: [['Access-Control-Allow-Origin', '*']],
  };
}
