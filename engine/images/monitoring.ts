// Monitoring: Prometheus, which really scrapes the targets that its configuration names, its exporters, Grafana.

import { exchange, type HttpResponse, type Process, type Program } from '../linux/index.ts';
import { part } from '../parts/index.ts';
import type { Co } from '../sim/index.ts';
import { app, html, json, pathOf, queryOf, redirect, text, type AppOptions } from './app.ts';
import { flagValue } from './service.ts';
import { BUSYBOX_COMMANDS } from './tools.ts';
import type { Repository } from './types.ts';
import { releases } from './versions.ts';

// ---- Prometheus -------------------------------------------------------------------------------------------------

interface ScrapeConfig {
  job_name: string;
  metrics_path?: string;
  static_configs?: { targets: string[]; labels?: Record<string, string> }[];
}

const CONFIG = `global:
  scrape_interval: 15s
  evaluation_interval: 15s
scrape_configs:
  - job_name: "prometheus"
    static_configs:
      - targets: ["localhost:9090"]
        labels:
          app: "prometheus"
`;

/** Discoveries that a scrape configuration may ask for and that are not there. */
const DISCOVERY = /^(\w+_sd_configs)$/;

interface Sample {
  labels: Record<string, string>;
  value: string;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/;
const LABEL = /(\w+)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"/g;

/** Asks a target for its metrics; undefined: it is down. */
function* scrape(process: Process, target: string, path: string): Co<string | undefined> {
  const [name, port = '80'] = target.split(':');
  const addresses = yield* process.host.resolve(name);
  if (!addresses?.length) return undefined;
  const socket = yield* process.host.net.connect(addresses[0], Number(port), { timeout: 10_000 });
  if (typeof socket === 'string') return undefined;
  const headers: [string, string][] = [
    ['Host', target],
    ['User-Agent', 'Prometheus/3.8.1'],
    ['Connection', 'close'],
  ];
  const answer = yield* exchange(socket, { method: 'GET', target: path, headers });
  if (!answer || answer.status !== 200) return undefined;
  let body = '';
  for (let piece = yield* answer.read(); piece !== undefined; piece = yield* answer.read()) body += piece;
  socket.close();
  return body;
}

function labelsOf(written: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [, name, , value] of written.matchAll(LABEL)) labels[name] = value;
  return labels;
}

/** Every sample of a metric that the targets show now, with `up` for each of them. */
function* samples(process: Process, configs: readonly ScrapeConfig[], metric: string): Co<Sample[]> {
  const found: Sample[] = [];
  for (const { job_name: job, metrics_path: path = '/metrics', static_configs: groups = [] } of configs) {
    for (const { targets, labels = {} } of groups) {
      for (const target of targets) {
        const body = yield* scrape(process, target, path);
        const own = { ...labels, instance: target, job };
        if (metric === 'up') {
          found.push({ labels: { __name__: 'up', ...own }, value: body === undefined ? '0' : '1' });
          continue;
        }
        for (const line of body?.split('\n') ?? []) {
          const parts = line.startsWith(metric) ? LINE.exec(line) : null;
          if (parts?.[1] !== metric) continue;
          found.push({ labels: { __name__: metric, ...labelsOf(parts[2] ?? ''), ...own }, value: parts[3] });
        }
      }
    }
  }
  return found;
}

const SELECTOR = /^\s*([a-zA-Z_:][\w:]*)\s*(?:\{(.*)\})?\s*$/;

function* query(process: Process, configs: readonly ScrapeConfig[], expression: string): Co<HttpResponse> {
  const selector = SELECTOR.exec(expression);
  if (!selector) {
    const error = 'expressions beyond the name of a metric with labels are not modelled by this engine';
    return json({ status: 'error', errorType: 'bad_data', error }, 400);
  }
  const all = yield* samples(process, configs, selector[1]);
  const matchers = [...(selector[2] ?? '').matchAll(LABEL)];
  const fits = ({ labels }: Sample) =>
    matchers.every(([, name, operator, value]) => {
      const equal = operator.includes('~')
        ? new RegExp(`^(?:${value})$`).test(labels[name] ?? '')
        : (labels[name] ?? '') === value;
      return operator[0] === '!' ? !equal : equal;
    });
  const now = process.host.sim.now / 1000;
  const result = all.filter(fits).map(({ labels, value }) => ({ metric: labels, value: [now, value] }));
  return json({ status: 'success', data: { resultType: 'vector', result } });
}

const prometheus = (version: string): Program =>
  function* (process): Co<number> {
    const { argv, host } = process;
    const file = flagValue(argv, '--config.file', '-config.file') ?? '/etc/prometheus/prometheus.yml';
    const port = Number((flagValue(argv, '--web.listen-address') ?? ':9090').split(':').pop());
    const log = (level: string, msg: string, more = '') => {
      const at = new Date(host.sim.now).toISOString();
      process.stderr.write(`time=${at} level=${level} source=main.go:1589 msg="${msg}"${more}\n`);
    };
    const failed = (error: string) => {
      log('ERROR', `Error loading config (--config.file=${file})`, ` file=${file} err="${error}"`);
      return 2;
    };
    if (argv.includes('--version')) {
      process.stdout.write(`prometheus, version ${version}\n`);
      return 0;
    }
    if (!host.fs.exists(file)) return failed(`open ${file}: no such file or directory`);
    const document = part('yaml').parseDocument(host.fs.readFile(file));
    if (document.errors.length)
      return failed(`parsing YAML file ${file}: yaml: ${document.errors[0].message.split('\n')[0]}`);
    const configs = ((document.toJS() as { scrape_configs?: ScrapeConfig[] } | null)?.scrape_configs ?? []).slice();
    log('INFO', 'Starting Prometheus Server', ` mode=server version="(version=${version}, branch=HEAD)"`);
    for (const config of configs) {
      const discovery = Object.keys(config).find((key) => DISCOVERY.test(key) && key !== 'static_configs');
      if (discovery) log('WARN', `${discovery} is not modelled by this engine: job ${config.job_name} has no targets`);
    }
    const started = host.sim.now / 1000;
    const targets = configs.flatMap(({ job_name: job, metrics_path: path = '/metrics', static_configs: groups = [] }) =>
      groups.flatMap(({ targets: list, labels }) =>
        list.map((target) => ({
          labels: { ...labels, instance: target, job },
          scrapePool: job,
          scrapeUrl: `http://${target}${path}`,
        })),
      ),
    );
    return yield* app({
      ports: [
        {
          port,
          http: {
            '/': redirect('/query'),
            '/query': html('Prometheus Time Series Collection and Processing Server'),
            '/graph': html('Prometheus Time Series Collection and Processing Server'),
            '/-/healthy': 'Prometheus Server is Healthy.\n',
            '/-/ready': 'Prometheus Server is Ready.\n',
            '/metrics': `# HELP prometheus_build_info A metric with a constant '1' value labeled by version.\n# TYPE prometheus_build_info gauge\nprometheus_build_info{version="${version}"} 1\n# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds ${started}\n`,
            '/api/v1/query': (request, p) =>
              query(
                p,
                configs,
                queryOf(request).query ?? queryOf({ ...request, target: `?${request.body}` }).query ?? '',
              ),
            '/api/v1/status/buildinfo': json({ status: 'success', data: { version } }),
            *'/api/v1/targets'(_request, p): Co<HttpResponse> {
              const activeTargets: object[] = [];
              for (const target of targets) {
                const url = target.scrapeUrl.slice('http://'.length);
                const slash = url.indexOf('/');
                const up = (yield* scrape(p, url.slice(0, slash), url.slice(slash))) !== undefined;
                activeTargets.push({ ...target, health: up ? 'up' : 'down' });
              }
              return json({ status: 'success', data: { activeTargets, droppedTargets: [] } });
            },
          },
        },
      ],
      stream: 'stderr',
      boot: 250,
      ready: 'time={iso} level=INFO source=main.go:1268 msg="Server is ready to receive web requests."\n',
      stop: 'time={iso} level=WARN source=main.go:1098 msg="Received an OS signal, exiting gracefully..." signal=terminated\ntime={iso} level=INFO source=main.go:1416 msg="See you next time!"\n',
    })(process);
  };

// ---- exporters --------------------------------------------------------------------------------------------------

const go =
  (name: string, port: number, more: Partial<AppOptions> & { pages?: Record<string, string> } = {}) =>
  (version: string) =>
    app(
      {
        ports: (process) => [
          {
            port: Number((flagValue(process.argv, '--web.listen-address') ?? `:${port}`).split(':').pop()),
            http: {
              '/': html(name),
              '/-/healthy': 'OK',
              '/-/ready': 'OK',
              '/metrics': (_request, p) =>
                text(
                  `# TYPE ${name}_build_info gauge\n${name}_build_info{version="${version}"} 1\n# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds ${(p.startedAt ?? 0) / 1000}\n${more.pages?.metrics?.replaceAll('$host', p.host.hostname) ?? ''}`,
                ),
            },
          },
        ],
        start: `time={iso} level=INFO source=main.go:100 msg="Starting ${name}" version="(version={version}, branch=HEAD)"\n`,
        ready: 'time={iso} level=INFO source=tls_config.go:346 msg="Listening on" address=[::]:{port}\n',
        stream: 'stderr',
        ...more,
      },
      version,
    );

/** What was pushed, by group. */
const pushgateway = (version: string): Program => {
  return function* (process): Co<number> {
    const groups = new Map<string, string>();
    return yield* app(
      {
        ports: [
          {
            port: 9091,
            http: {
              '/-/ready': 'OK',
              '/-/healthy': 'OK',
              '/': html('Prometheus Pushgateway'),
              '/metrics': () => text([...groups.values()].join('') || '# nothing was pushed\n'),
              '/metrics/*': (request) => {
                const group = pathOf(request);
                const labels = group.split('/').slice(2);
                const added: string[] = [];
                for (let i = 0; i < labels.length; i += 2) added.push(`${labels[i]}="${labels[i + 1]}"`);
                if (request.method === 'DELETE') groups.delete(group);
                else
                  groups.set(
                    group,
                    request.body.replace(
                      /^([a-zA-Z_:][\w:]*)(?:\{(.*?)\})? /gm,
                      (_all, name: string, own = '') => `${name}{${[...added, own].filter(Boolean).join(',')}} `,
                    ),
                  );
                return { status: request.method === 'DELETE' ? 202 : 200, body: '' };
              },
            },
          },
        ],
        ready:
          'time={iso} level=INFO source=main.go:82 msg="starting pushgateway" version="(version={version}, branch=HEAD)"\n',
        stream: 'stderr',
      },
      version,
    )(process);
  };
};

const alpine = { userland: 'busybox', commands: BUSYBOX_COMMANDS } as const satisfies Partial<Repository>;

/** An image of the Prometheus project: on Docker Hub and on quay.io. */
const family = (
  name: string,
  versions: string[],
  port: number,
  size: number,
  path: string,
  program: (version: string) => Program,
  more: Partial<Repository> = {},
): Repository => ({
  ...alpine,
  names: [`docker.io/prom/${name}`, `quay.io/prometheus/${name}`],
  tags: () => {
    const tags = releases(...versions);
    return Object.fromEntries(Object.keys(tags).map((tag) => [tag === 'latest' ? tag : `v${tag}`, tags[tag]]));
  },
  size,
  user: '65534',
  entrypoint: [path],
  exposedPorts: [`${port}/tcp`],
  memory: 18_000_000,
  versionedPrograms: (version) => ({ [path]: program(version) }),
  ...more,
});

const NODE_METRICS =
  '# HELP node_uname_info Labeled system information as provided by the uname system call.\n# TYPE node_uname_info gauge\nnode_uname_info{domainname="(none)",machine="x86_64",nodename="$host",sysname="Linux"} 1\n';

export const monitoringRepositories: Repository[] = [
  family(
    'prometheus',
    ['2.26.0', '2.40.7', '2.45.6', '2.53.5', '2.55.1', '3.0.1', '3.5.0', '3.7.3', '3.8.1'],
    9090,
    130_000_000,
    '/bin/prometheus',
    prometheus,
    {
      cmd: ['--config.file=/etc/prometheus/prometheus.yml', '--storage.tsdb.path=/prometheus'],
      workingDir: '/prometheus',
      memory: 60_000_000,
      files: () => ({ '/etc/prometheus/prometheus.yml': CONFIG, '/prometheus/': '' }),
    },
  ),
  family(
    'node-exporter',
    ['1.3.1', '1.5.0', '1.6.1', '1.7.0', '1.8.2', '1.9.1', '1.10.2'],
    9100,
    12_800_000,
    '/bin/node_exporter',
    go('node_exporter', 9100, { pages: { metrics: NODE_METRICS } }),
  ),
  family(
    'alertmanager',
    ['0.25.0', '0.27.0', '0.28.1', '0.29.0', '0.30.0'],
    9093,
    33_000_000,
    '/bin/alertmanager',
    go('alertmanager', 9093),
  ),
  family(
    'blackbox-exporter',
    ['0.24.0', '0.25.0', '0.27.0', '0.28.0'],
    9115,
    13_000_000,
    '/bin/blackbox_exporter',
    go('blackbox_exporter', 9115),
  ),
  family(
    'statsd-exporter',
    ['0.26.1', '0.28.0'],
    9102,
    11_000_000,
    '/bin/statsd_exporter',
    go('statsd_exporter', 9102),
  ),
  family(
    'mysqld-exporter',
    ['0.15.1', '0.17.2', '0.18.0'],
    9104,
    10_000_000,
    '/bin/mysqld_exporter',
    go('mysqld_exporter', 9104),
  ),
  family('pushgateway', ['1.6.2', '1.9.0', '1.11.2'], 9091, 11_000_000, '/bin/pushgateway', pushgateway),
  {
    ...alpine,
    names: ['docker.io/grafana/grafana', 'docker.io/grafana/grafana-oss', 'docker.io/grafana/grafana-enterprise'],
    tags: () => releases('8.5.27', '9.5.21', '10.4.19', '11.6.9', '12.0.8', '12.1.5', '12.2.3', '12.3.1'),
    commands: BUSYBOX_COMMANDS.concat('bash', 'curl'),
    size: 190_000_000,
    user: '472',
    workingDir: '/usr/share/grafana',
    entrypoint: ['/run.sh'],
    exposedPorts: ['3000/tcp'],
    memory: 90_000_000,
    env: {
      GF_PATHS_HOME: '/usr/share/grafana',
      GF_PATHS_DATA: '/var/lib/grafana',
      GF_PATHS_CONFIG: '/etc/grafana/grafana.ini',
    },
    versionedPrograms: (version) => ({
      '/run.sh': app(
        {
          ports: (process) => [
            {
              port: Number(process.env.GF_SERVER_HTTP_PORT ?? 3000),
              http: {
                '/': redirect('/login'),
                '/login': html('Grafana'),
                '/api/health': () => json({ database: 'ok', version, commit: 'df2547decd' }, 200, 2),
                '/healthz': 'Ok',
                '/metrics': `# TYPE grafana_build_info gauge\ngrafana_build_info{edition="oss",version="${version}"} 1\n`,
                '/api/*': json({ message: 'Unauthorized' }, 401),
                '/*': redirect('/login'),
              },
            },
          ],
          boot: 2500,
          start: 'logger=settings t={iso} level=info msg="Starting Grafana" version={version} branch=HEAD\n',
          ready:
            'logger=http.server t={iso} level=info msg="HTTP Server Listen" address=[::]:{port} protocol=http subUrl= socket=\n',
          stop: 'logger=server t={iso} level=info msg="Shutdown started" reason="System signal: terminated"\n',
        },
        version,
      ),
    }),
  },
];
