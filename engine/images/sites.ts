// Web applications: those of PHP on Apache (WordPress and its like), and others that answer with a page of their own
// before anything is set up in them.

import type { Process } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { app, combined, html, json, portFrom, reachable, redirect, text } from './app.ts';
import { clock, execArguments } from './service.ts';
import { lookUp, mimeType, requestPath } from './static-files.ts';
import { BUSYBOX_COMMANDS, DEBIAN_COMMANDS } from './tools.ts';
import type { Repository } from './types.ts';
import { plain, releases, variants } from './versions.ts';

const debian = {
  userland: 'gnu',
  commands: DEBIAN_COMMANDS.concat('curl'),
  os: 'Debian GNU/Linux 13 (trixie)',
} as const satisfies Partial<Repository>;
const alpine = {
  userland: 'busybox',
  commands: BUSYBOX_COMMANDS,
  os: 'Alpine Linux v3.23',
} as const satisfies Partial<Repository>;

// ---- others -----------------------------------------------------------------------------------------------------

const tomcatLog = (line: string) => (process: Process) => {
  const [, day, month, year, time] = /^(..).(...).(....):(.*) /.exec(clock(process).common) as RegExpExecArray;
  return `${day}-${month}-${year} ${time}.000 INFO [main] ${line}\n`;
};

const PASSWORD_FILE = '/var/jenkins_home/secrets/initialAdminPassword';
const jenkinsLine = (process: Process, text: string) => `${clock(process).plain}.000+0000 [id=1]\tINFO\t${text}\n`;

export const siteRepositories: Repository[] = [
  {
    ...debian,
    names: ['docker.io/library/tomcat'],
    tags: () =>
      variants(
        releases('8.5.100', '9.0.113', '10.1.50', '11.0.15'),
        'jdk17',
        'jdk21',
        'jre17',
        'jdk17-temurin',
        'jdk21-temurin',
      ),
    size: 210_000_000,
    workingDir: '/usr/local/tomcat',
    cmd: ['catalina.sh', 'run'],
    exposedPorts: ['8080/tcp'],
    env: (version) => ({
      CATALINA_HOME: '/usr/local/tomcat',
      TOMCAT_VERSION: version.split('-')[0],
      PATH: '/usr/local/tomcat/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    }),
    memory: 110_000_000,
    files: () => ({ '/usr/local/tomcat/webapps/': '', '/usr/local/tomcat/logs/': '' }),
    versionedPrograms: (version) => ({
      '/usr/local/tomcat/bin/catalina.sh': app(
        {
          ports: [{ port: 8080, http: {} }],
          missing: (request, process) => {
            const found = lookUp(process.host.fs, `/usr/local/tomcat/webapps/ROOT${requestPath(request.target)}`, [
              'index.html',
              'index.jsp',
            ]);
            if (found.kind === 'file' && found.path.endsWith('.jsp'))
              return text('JSP pages are not run by this engine\n', 501);
            if (found.kind === 'file')
              return { status: 200, headers: [['Content-Type', mimeType(found.path)]], body: found.node.text };
            return text(
              `<!doctype html><html lang="en"><head><title>HTTP Status 404 – Not Found</title></head><body><h1>HTTP Status 404 – Not Found</h1><hr class="line" /><h3>Apache Tomcat/${version.split('-')[0]}</h3></body></html>`,
              404,
            );
          },
          stream: 'stderr',
          boot: 900,
          start: (p) =>
            tomcatLog(
              `org.apache.catalina.startup.VersionLoggerListener.log Server version name:   Apache Tomcat/${version.split('-')[0]}`,
            )(p),
          ready: (p) =>
            tomcatLog('org.apache.coyote.AbstractProtocol.start Starting ProtocolHandler ["http-nio-8080"]')(p) +
            tomcatLog('org.apache.catalina.startup.Catalina.start Server startup in [897] milliseconds')(p),
          stop: (p) =>
            tomcatLog('org.apache.coyote.AbstractProtocol.destroy Destroying ProtocolHandler ["http-nio-8080"]')(p),
          status: 143,
        },
        version,
      ),
    }),
  },
  {
    ...debian,
    names: ['docker.io/jenkins/jenkins'],
    tags: () => ({
      ...releases('2.346.3', '2.426.3', '2.479.3', '2.528.3', '2.541'),
      lts: '2.528.3',
      'lts-jdk17': '2.528.3',
      'lts-jdk21': '2.528.3',
      'lts-alpine': '2.528.3',
    }),
    size: 245_000_000,
    user: '1000',
    entrypoint: ['/usr/bin/tini', '--', '/usr/local/bin/jenkins.sh'],
    exposedPorts: ['8080/tcp', '50000/tcp'],
    env: { JENKINS_HOME: '/var/jenkins_home', JENKINS_SLAVE_AGENT_PORT: '50000' },
    memory: 520_000_000,
    programs: {
      *'/usr/bin/tini'(process: Process): Co<number> {
        process.argv = process.argv.slice(process.argv[1] === '--' ? 1 : 0);
        return yield* execArguments()(process);
      },
      '/usr/local/bin/jenkins.sh': app({
        ports: [
          {
            port: 8080,
            http: {
              '/login*': html('Sign in [Jenkins]'),
              '/robots.txt': 'User-agent: *\nDisallow: /\n',
              '/*': text(
                "<html><head><meta http-equiv='refresh' content='1;url=/login?from=%2F'/></head><body>\nAuthentication required\n</body></html>\n",
                403,
              ),
            },
          },
          { port: 50000 },
        ],
        headers: [['X-Jenkins', '2.528.3']],
        stream: 'stderr',
        boot: 14_000,
        check: ({ host }) => {
          try {
            host.fs.mkdir('/var/jenkins_home/secrets', { recursive: true });
            if (!host.fs.exists(PASSWORD_FILE)) {
              host.fs.writeFile(PASSWORD_FILE, `${host.sim.random('jenkins').hex(32)}\n`, { mode: 0o640 });
            }
          } catch {
            return "touch: cannot touch '/var/jenkins_home/copy_reference_file.log': Permission denied\nCan not write to /var/jenkins_home/copy_reference_file.log. Wrong volume permissions?\n";
          }
          return undefined;
        },
        start: 'Running from: /usr/share/jenkins/jenkins.war\n',
        ready: (process) => {
          const stars = `${'*'.repeat(61)}\n`;
          return `${stars.repeat(3)}\nJenkins initial setup is required. An admin user has been created and a password generated.\nPlease use the following password to proceed to installation:\n\n${process.host.fs.readFile(PASSWORD_FILE)}\nThis may also be found at: ${PASSWORD_FILE}\n\n${stars.repeat(3)}\n${jenkinsLine(process, 'hudson.lifecycle.Lifecycle#onReady: Jenkins is fully up and running')}`;
        },
        status: 143,
      }),
    },
    files: () => ({ '/var/jenkins_home/': '' }),
  },
  {
    ...alpine,
    names: ['docker.io/library/registry', 'docker.io/distribution/distribution'],
    tags: () => releases('2.7.1', '2.8.3', '3.0.0'),
    size: 10_100_000,
    entrypoint: ['/entrypoint.sh'],
    cmd: ['/etc/docker/registry/config.yml'],
    exposedPorts: ['5000/tcp'],
    memory: 11_000_000,
    programs: {
      '/entrypoint.sh': app({
        ports: (process) => [
          {
            port: Number((process.env.REGISTRY_HTTP_ADDR ?? ':5000').split(':').pop()),
            http: {
              '/': { status: 200, body: '' },
              '/v2/': {
                status: 200,
                headers: [
                  ['Content-Type', 'application/json'],
                  ['Docker-Distribution-Api-Version', 'registry/2.0'],
                ],
                body: '{}',
              },
              'GET /v2/_catalog': json({ repositories: [] }),
              'GET /v2/*': json(
                { errors: [{ code: 'NAME_UNKNOWN', message: 'repository name not known to registry' }] },
                404,
              ),
              '/v2/*': json(
                { errors: [{ code: 'UNSUPPORTED', message: 'pushing images is not modelled by this engine' }] },
                405,
              ),
            },
          },
        ],
        ready: 'time="{second}" level=info msg="listening on [::]:{port}" go.version=go1.20.8 version={version}\n',
        access: combined,
        stream: 'stderr',
      }),
    },
  },
  {
    ...alpine,
    names: ['docker.io/docker/getting-started'],
    tags: () => plain('latest', 'pwd'),
    size: 16_900_000,
    entrypoint: ['/docker-entrypoint.sh'],
    cmd: ['nginx', '-g', 'daemon off;'],
    entrypointRuns: '/docker-entrypoint.sh',
    exposedPorts: ['80/tcp'],
    memory: 8_000_000,
    programs: {
      '/usr/sbin/nginx': app({
        ports: [{ port: 80, http: { '/': redirect('/tutorial/'), '/tutorial/*': html('Getting Started') } }],
        access: combined,
        headers: [['Server', 'nginx/1.23.3']],
      }),
    },
  },
  {
    ...alpine,
    names: ['docker.io/gitea/gitea', 'docker.gitea.com/gitea'],
    tags: () => releases('1.21.11', '1.22.6', '1.23.8', '1.24.7', '1.25.3'),
    size: 71_000_000,
    entrypoint: ['/usr/bin/entrypoint'],
    cmd: ['/usr/bin/s6-svscan', '/etc/s6'],
    exposedPorts: ['22/tcp', '3000/tcp'],
    env: { USER: 'git', GITEA_CUSTOM: '/data/gitea' },
    memory: 95_000_000,
    versionedPrograms: (version) => ({
      '/usr/bin/entrypoint': app(
        {
          ports: [
            {
              port: 3000,
              http: {
                '/api/healthz': json({ status: 'pass', description: 'Gitea: Git with a cup of tea' }),
                '/api/v1/version': json({ version }),
                '/': html('Installation -  Gitea: Git with a cup of tea'),
                '/*': redirect('/', 303),
              },
            },
            { port: 22 },
          ],
          boot: 1500,
          start: 'Server listening on 0.0.0.0 port 22.\n',
          ready:
            '{slashes} cmd/web.go:261:runWeb() [I] Starting Gitea on PID: {pid}\n{slashes} cmd/web.go:323:listen() [I] Listen: http://0.0.0.0:3000\n',
        },
        version,
      ),
    }),
  },
  {
    ...debian,
    names: ['docker.io/library/ghost'],
    tags: () => variants(releases('4.48.9', '5.130.5', '6.10.3'), 'alpine'),
    size: 185_000_000,
    entrypoint: ['docker-entrypoint.sh'],
    cmd: ['node', 'current/index.js'],
    entrypointRuns: '/usr/local/bin/docker-entrypoint.sh',
    workingDir: '/var/lib/ghost',
    exposedPorts: ['2368/tcp'],
    memory: 140_000_000,
    env: { NODE_ENV: 'production' },
    programs: {
      '/usr/local/bin/node': app({
        ports: [{ port: 2368, http: { '/': html('Ghost'), '/ghost*': html('Ghost Admin') } }],
        // In production mode it wants MySQL, wherever it is not told otherwise.
        check: ({ env }) =>
          env.database__client || env.NODE_ENV !== 'production' || env.url
            ? undefined
            : '[ERROR] connect ECONNREFUSED 127.0.0.1:3306\nError ID:\n    500\nError Code: \n    ECONNREFUSED\n',
        boot: 4000,
        start: '[{plain}] INFO Ghost is running in production...\n',
        ready: '[{plain}] INFO Ghost booted in 4.0s\n[{plain}] INFO Listening on: 0.0.0.0:2368\n',
      }),
    },
  },
  {
    ...debian,
    names: ['docker.io/library/adminer'],
    tags: () => releases('4.8.1', '5.4.1'),
    size: 45_000_000,
    entrypoint: ['entrypoint.sh'],
    cmd: ['php', '-S', '[::]:8080', '-t', '/var/www/html'],
    entrypointRuns: '/usr/local/bin/entrypoint.sh',
    exposedPorts: ['8080/tcp'],
    memory: 9_000_000,
    programs: { '/usr/local/bin/php': app({ ports: [{ port: 8080, http: { '/*': html('Login - Adminer') } }] }) },
  },
  {
    ...alpine,
    names: ['docker.io/library/mongo-express'],
    tags: () => releases('0.54.0', '1.0.2'),
    size: 66_000_000,
    entrypoint: ['/sbin/tini', '--', '/docker-entrypoint.sh'],
    cmd: ['mongo-express'],
    exposedPorts: ['8081/tcp'],
    memory: 70_000_000,
    programs: {
      *'/sbin/tini'(process: Process): Co<number> {
        const server =
          process.env.ME_CONFIG_MONGODB_SERVER ||
          /@?([^/@]+)\/?$/.exec(process.env.ME_CONFIG_MONGODB_URL ?? '')?.[1] ||
          'mongo';
        process.stdout.write(`Waiting for ${server.split(':')[0]}:27017...\n`);
        for (let i = 0; i < 10; i++) {
          if (yield* reachable(process, server, 27017)) return yield* mongoExpress(process);
          process.stderr.write(`/docker-entrypoint.sh: line 15: ${server.split(':')[0]}: Try again\n`);
          yield 1000;
        }
        process.stderr.write('Could not connect to database using connectionString\n');
        return 1;
      },
    },
  },
];

const mongoExpress = app({
  ports: (process) => [
    {
      port: portFrom('PORT', 8081)(process),
      http: { '/status': json({ status: 'ok' }), '/*': html('Home - Mongo Express') },
    },
  ],
  ready:
    'Welcome to mongo-express 1.0.2\n------------------------\n\n\nMongo Express server listening at http://0.0.0.0:8081\n',
});
