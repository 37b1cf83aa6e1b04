// nginx: the official image and the small one of the Kubernetes documentation. Serves what its configuration
// says, writes the notices and access lines that nginx writes.

import type { Process, Program } from '../linux/index.ts';
import { Signal, type Co } from '../sim/index.ts';
import { ConfigFailure, readConfig, type NginxConfig } from './nginx-config.ts';
import { DEFAULT_CONF, ERROR_PAGE, FRONTEND_CONF, INDEX, MAIN_CONF } from './nginx-files.ts';
import { Site } from './nginx-site.ts';
import { script } from './registry.ts';
import { become, clock } from './service.ts';
import { DEBIAN_COMMANDS } from './tools.ts';
import type { Repository } from './types.ts';
import { plain, series, variants } from './versions.ts';

const WORKERS = 4;
const KERNEL = 'Linux 6.12.57+deb13-amd64';

/** nginx itself: `nginx [-g directives] [-t] [-v] [-s signal]`. */
function nginx(version: string): Program {
  const upstream = version.split('-')[0];
  const notices = startNotices(upstream);
  return function* (process): Co<number> {
    const { argv, host } = process;
    const log = (level: string, text: string, pid = process.pid) =>
      process.stderr.write(`${clock(process).slashes} [${level}] ${pid}#${pid}: ${text}\n`);
    yield 5;
    if (argv.includes('-v') || argv.includes('-V')) {
      process.stderr.write(`nginx version: nginx/${upstream}\n`);
      return 0;
    }
    let config: NginxConfig;
    try {
      config = readConfig(host.fs);
    } catch (error) {
      if (!(error instanceof ConfigFailure)) throw error;
      log('emerg', error.message);
      process.stderr.write(`nginx: [emerg] ${error.message}\n`);
      if (argv.includes('-t')) process.stderr.write('nginx: configuration file /etc/nginx/nginx.conf test failed\n');
      return 1;
    }
    if (argv.includes('-t')) {
      process.stderr.write('nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n');
      process.stderr.write('nginx: configuration file /etc/nginx/nginx.conf test is successful\n');
      return 0;
    }
    const s = argv.indexOf('-s');
    if (s >= 0) {
      const signal = { stop: 'TERM', quit: 'QUIT', reload: 'HUP', reopen: 'USR1' }[argv[s + 1]];
      if (!signal) {
        process.stderr.write(`nginx: invalid option: "-s ${argv[s + 1] ?? ''}"\n`);
        return 1;
      }
      for (const other of host.processes.values())
        if (other.host === host && other.argv[0].startsWith(MASTER)) other.signal(signal);
      return 0;
    }
    const site = new Site(process, upstream, config);
    if (!site.listen()) return 1;
    // Since 1.21 the image logs at level notice, before at warn.
    const talks = Number(upstream.split('.')[1]) >= 21;
    process.argv = [`${MASTER} ${argv.join(' ')}`];
    const spawn = (startedAt: number, pid?: number): Process =>
      host.spawn({ program: worker, argv: [WORKER], parent: process, uid: 101, gid: 101, groups: [], pid, startedAt });
    // Beside other containers' processes their numbers are whatever comes next.
    let first = process.pid === 1 ? site.worker : undefined;
    /** Starts the workers; answers how to end them. */
    const startWorkers = (notices: readonly string[]): (() => void) => {
      const { now } = host.sim;
      let started: readonly Process[] = [];
      let pids: readonly number[];
      if (first === undefined) {
        started = Array.from({ length: WORKERS }, () => spawn(now));
        pids = started.map(({ pid }) => pid);
      } else {
        const numbers = (pids = workerNumbers(first));
        first += WORKERS;
        host.later(() => (started = numbers.map((pid) => spawn(now, pid))));
      }
      if (talks) process.stderr.write(startText(process, notices, pids));
      return () => {
        for (const one of started) one.signal('KILL');
      };
    };
    let endWorkers = startWorkers(notices);
    const caught = new Signal();
    let last = '';
    const take = (name: string) => {
      last = name;
      caught.fire();
    };
    for (const name of SIGNALS) process.handlers.set(name, take);
    for (;;) {
      yield caught;
      if (last === 'USR1') continue;
      if (last !== 'HUP') break;
      if (talks) log('notice', 'signal 1 (SIGHUP) received from 0, reconfiguring');
      try {
        site.reload(readConfig(host.fs));
        const endOld = endWorkers;
        endWorkers = startWorkers(RELOAD_NOTICES);
        endOld();
      } catch (error) {
        if (!(error instanceof ConfigFailure)) throw error;
        log('emerg', error.message);
      }
    }
    const number = { TERM: 15, INT: 2, QUIT: 3 }[last];
    if (talks) {
      log('notice', `signal ${number} (SIG${last}) received, ${last === 'QUIT' ? 'shutting down' : 'exiting'}`);
      log('notice', 'exit');
    }
    yield* site.drain(last === 'QUIT');
    yield STOPPING_MS;
    endWorkers();
    return 0;
  };
}

const MASTER = 'nginx: master process';
const WORKER = 'nginx: worker process';
const SIGNALS = ['TERM', 'INT', 'QUIT', 'HUP', 'USR1'];
/** How long the workers take to end. */
const STOPPING_MS = 20;

/** Serves with the master and ends with it. */
function* worker(): Co<number> {
  for (;;) yield new Signal();
}

let numbered: readonly number[] = [];

function workerNumbers(first: number): readonly number[] {
  if (numbered[0] !== first) numbered = Array.from({ length: WORKERS }, (_, i) => first + i);
  return numbered;
}

/** What was written last: all that start within one second write the same. */
const written = { head: '', notices: [] as readonly string[], pids: [] as readonly number[], text: '' };

function startText(process: Process, notices: readonly string[], pids: readonly number[]): string {
  const head = `${clock(process).slashes} [notice] ${process.pid}#${process.pid}: `;
  if (written.head !== head || written.notices !== notices || written.pids !== pids) {
    const texts = notices.concat(pids.map((pid) => `start worker process ${pid}`));
    Object.assign(written, { head, notices, pids, text: texts.map((text) => `${head}${text}\n`).join('') });
  }
  return written.text;
}

const RELOAD_NOTICES = ['reconfiguring', 'using the "epoll" event method', 'start worker processes'];

const startNotices = (version: string) => [
  'using the "epoll" event method',
  `nginx/${version}`,
  'built by gcc 14.2.0 (Debian 14.2.0-19) ',
  `OS: ${KERNEL}`,
  'getrlimit(RLIMIT_NOFILE): 1048576:1048576',
  'start worker processes',
];

const CONF = '/etc/nginx/conf.d/default.conf';
const BEFORE = `/docker-entrypoint.sh: /docker-entrypoint.d/ is not empty, will attempt to perform configuration
/docker-entrypoint.sh: Looking for shell scripts in /docker-entrypoint.d/
/docker-entrypoint.sh: Launching /docker-entrypoint.d/10-listen-on-ipv6-by-default.sh
10-listen-on-ipv6-by-default.sh: info: `;
const AFTER = `
/docker-entrypoint.sh: Sourcing /docker-entrypoint.d/15-local-resolvers.envsh
/docker-entrypoint.sh: Launching /docker-entrypoint.d/20-envsubst-on-templates.sh
/docker-entrypoint.sh: Launching /docker-entrypoint.d/30-tune-worker-processes.sh
/docker-entrypoint.sh: Configuration complete; ready for start up
`;
const CHANGED = `Getting the checksum of ${CONF}\n10-listen-on-ipv6-by-default.sh: info: Enabled listen on IPv6 in ${CONF}`;

/** The image's entry point: says what it looks at, then becomes the command. */
const entrypoint: Program = function* (process): Co<number> {
  const [, ...command] = process.argv;
  if (command[0] === 'nginx' || command[0] === 'nginx-debug') {
    const { fs } = process.host;
    let found = CHANGED;
    if (!fs.access(CONF, 2)) {
      found = fs.exists(CONF)
        ? `can not modify ${CONF} (read-only file system?)`
        : `${CONF.slice(1)} is not a file or does not exist`;
    }
    process.stdout.write(BEFORE + found + AFTER);
  }
  return yield* become(process, command);
};

const tags = () => ({
  ...plain('1.7.1', '1.7.5'),
  ...series('1.7', 12, 7),
  ...series('1.8', 1),
  ...series('1.9', 15),
  ...series('1.10', 3),
  ...series('1.11', 13),
  ...series('1.12', 2),
  ...series('1.13', 12),
  ...series('1.14', 2),
  ...series('1.15', 12),
  ...series('1.16', 1),
  ...series('1.17', 10),
  ...series('1.18', 0),
  ...series('1.19', 10),
  ...series('1.20', 2),
  ...series('1.21', 6),
  ...series('1.22', 1),
  ...series('1.23', 4),
  ...series('1.24', 0),
  ...series('1.25', 5),
  ...series('1.26', 3),
  ...series('1.27', 5),
  ...series('1.28', 1),
  ...series('1.29', 4),
});

const files = () => ({
  '/docker-entrypoint.sh': script(entrypoint, '#!/bin/sh\n# vim:sw=4:ts=4:et\n\nset -e\n'),
  '/docker-entrypoint.d/': '',
  '/etc/nginx/nginx.conf': MAIN_CONF,
  '/etc/nginx/mime.types': '\ntypes {\n    text/html                                        html htm shtml;\n}\n',
  '/etc/nginx/conf.d/default.conf': DEFAULT_CONF,
  '/usr/share/nginx/html/index.html': INDEX,
  '/usr/share/nginx/html/50x.html': ERROR_PAGE,
  '/var/log/nginx/': '',
  '/var/cache/nginx/': '',
});

/** Size by version: old images were larger in layers and smaller in sum. */
function sizeOf(version: string): number {
  if (version.includes('alpine-slim')) return 5_150_000;
  if (version.includes('alpine')) return 21_400_000;
  // A tag may name a major version alone.
  const minor = Number(version.split('.')[1] ?? 0);
  return minor < 19 ? 44_710_000 + minor * 11_213 : 55_300_000 + minor * 611_027;
}

const common = {
  userland: 'gnu',
  commands: DEBIAN_COMMANDS.concat('curl'),
  os: 'Debian GNU/Linux 13 (trixie)',
  exposedPorts: ['80/tcp'],
  stopSignal: 'QUIT',
  memory: 9_500_000,
  files,
} as const satisfies Partial<Repository>;

/** The same image for every version needs the program of that version: one repository entry serves all. */
export const nginxRepositories: Repository[] = [
  {
    ...common,
    names: ['docker.io/library/nginx'],
    tags: () =>
      variants(
        { ...tags(), '1': '1.29.4', latest: '1.29.4', mainline: '1.29.4', stable: '1.28.1' },
        'alpine',
        'alpine-slim',
        'perl',
      ),
    size: sizeOf,
    // Images before 1.19 have no entry point script.
    entrypoint: (version) => (Number(version.split('.')[1]) < 19 ? [] : ['/docker-entrypoint.sh']),
    cmd: ['nginx', '-g', 'daemon off;'],
    env: (version) => ({ NGINX_VERSION: version.split('-')[0], PKG_RELEASE: '1~trixie', DYNPKG_RELEASE: '1~trixie' }),
    versionedPrograms: (version) => ({ '/usr/sbin/nginx': nginx(version) }),
  },
  {
    ...common,
    names: ['registry.k8s.io/nginx-slim', 'k8s.gcr.io/nginx-slim', 'gcr.io/google_containers/nginx-slim'],
    tags: {
      '0.8': '1.11.1',
      '0.21': '1.19.2',
      '0.22': '1.19.3',
      '0.23': '1.19.4',
      '0.24': '1.21.5',
      '0.25': '1.23.1',
      '0.26': '1.25.1',
      '0.27': '1.27.0',
    },
    size: 54_200_000,
    stopSignal: 'TERM',
    cmd: ['nginx', '-g', 'daemon off;'],
    versionedPrograms: (version) => ({ '/usr/sbin/nginx': nginx(version) }),
  },
  {
    ...common,
    names: ['docker.io/nginxinc/nginx-unprivileged'],
    tags: () =>
      variants(
        { latest: '1.29.4', stable: '1.28.1', '1.27': '1.27.5', '1.28': '1.28.1', '1.29': '1.29.4' },
        'alpine',
        'alpine-slim',
      ),
    size: 57_000_000,
    user: '101',
    exposedPorts: ['8080/tcp'],
    entrypoint: ['/docker-entrypoint.sh'],
    cmd: ['nginx', '-g', 'daemon off;'],
    files: () => ({ ...files(), '/etc/nginx/conf.d/default.conf': DEFAULT_CONF.replace('80;', '8080;') }),
    versionedPrograms: (version) => ({ '/usr/sbin/nginx': nginx(version) }),
  },
  {
    // The documentation's servers of HTTPS: nginx, to which a Secret and a ConfigMap give certificate and configuration.
    ...common,
    names: ['docker.io/bprashanth/nginxhttps', 'docker.io/ymqytw/nginxhttps'],
    tags: { '1.0': '1.9.3', '1.5': '1.9.3' },
    size: 52_000_000,
    exposedPorts: ['80/tcp', '443/tcp'],
    cmd: ['nginx', '-g', 'daemon off;'],
    versionedPrograms: (version) => ({ '/usr/sbin/nginx': nginx(version) }),
  },
  {
    // The frontend of the documentation's two-tier example passes everything on to the service `hello`.
    ...common,
    names: ['gcr.io/google-samples/hello-frontend', 'us-docker.pkg.dev/google-samples/containers/gke/hello-frontend'],
    tags: { '1.0': '1.14.2' },
    size: 44_700_000,
    cmd: ['nginx', '-g', 'daemon off;'],
    files: () => ({
      ...files(),
      '/etc/nginx/conf.d/frontend.conf': FRONTEND_CONF,
      '/etc/nginx/conf.d/default.conf': '',
    }),
    versionedPrograms: (version) => ({ '/usr/sbin/nginx': nginx(version) }),
  },
];
