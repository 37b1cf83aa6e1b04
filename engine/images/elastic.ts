// Elasticsearch, with the check of the kernel's limit for mappings that keeps it from starting, and Kibana.

import type { HttpResponse, Program } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { app, html, json, reachable, redirect, text } from './app.ts';
import { clock } from './service.ts';
import { DEBIAN_COMMANDS } from './tools.ts';
import type { Repository } from './types.ts';
import { releases } from './versions.ts';

const debian = {
  userland: 'gnu',
  commands: DEBIAN_COMMANDS,
  os: 'Debian GNU/Linux 13 (trixie)',
} as const satisfies Partial<Repository>;

const MAX_MAP_COUNT = '/proc/sys/vm/max_map_count';
const MAPS_NEEDED = 262_144;

const elasticsearch = (version: string): Program =>
  function* (process): Co<number> {
    const { env, host } = process;
    const single = env['discovery.type'] === 'single-node';
    const secured = Number(version.split('.')[0]) >= 8 && env['xpack.security.enabled'] !== 'false';
    const name = env['node.name'] ?? host.hostname;
    const cluster = env['cluster.name'] ?? 'docker-cluster';
    const line = (level: string, message: string) =>
      `{"@timestamp":"${clock(process).iso}", "log.level":"${level}", "message":"${message}", "service.name":"ES_ECS","event.dataset":"elasticsearch.server","elasticsearch.node.name":"${name}","elasticsearch.cluster.name":"${cluster}"}\n`;
    const maps = host.fs.exists(MAX_MAP_COUNT) ? Number(host.fs.readFile(MAX_MAP_COUNT)) : MAPS_NEEDED;
    if (process.uid === 0 && process.argv.length === 0) return 1;
    process.stdout.write(
      line('INFO', `version[${version}], pid[${process.pid}], JVM[Oracle Corporation/OpenJDK 64-Bit Server VM]`),
    );
    if (maps < MAPS_NEEDED && !single) {
      yield 6_000;
      process.stdout.write(line('ERROR', 'node validation exception\\n[1] bootstrap checks failed.'));
      process.stderr.write(
        `ERROR: [1] bootstrap checks failed. You must address the points described in the following [1] lines before starting Elasticsearch.\nbootstrap check failure [1] of [1]: max virtual memory areas vm.max_map_count [${maps}] is too low, increase to at least [${MAPS_NEEDED}]\n`,
      );
      return 78;
    }
    const health = {
      cluster_name: cluster,
      status: 'green',
      timed_out: false,
      number_of_nodes: 1,
      number_of_data_nodes: 1,
      active_primary_shards: 0,
      active_shards: 0,
    };
    return yield* app({
      ports: [
        secured
          ? { port: 9200, talk: plaintext }
          : {
              port: 9200,
              http: {
                '/': () =>
                  json(
                    {
                      name,
                      cluster_name: cluster,
                      cluster_uuid: host.sim.random(`elasticsearch ${cluster}`).hex(22),
                      version: {
                        number: version,
                        build_flavor: 'default',
                        build_type: 'docker',
                        lucene_version: '9.12.2',
                      },
                      tagline: 'You Know, for Search',
                    },
                    200,
                    2,
                  ),
                '/_cluster/health': json(health),
                '/_cat/health': `${cluster} green 1 1 0 0 0 0 0 0 - 100.0%\n`,
                '/_cat/nodes': () => `${host.net.addresses[0]} 20 70 1 0.10 0.10 0.10 cdfhilmrstw * ${name}\n`,
                '/_cat/indices': '',
                '/*': json(
                  {
                    error: { type: 'not_modelled', reason: 'indices and searches are not modelled by this engine' },
                    status: 501,
                  },
                  501,
                ),
              },
            },
        { port: 9300 },
      ],
      boot: 9_000,
      ready: () => line('INFO', 'started'),
      stop: () => line('INFO', 'stopping ...') + line('INFO', 'closed'),
      headers: [['X-elastic-product', 'Elasticsearch']],
      status: 143,
    })(process);

    /** With security on it speaks TLS only, and hangs up on who does not. */
    function* plaintext(socket: Parameters<NonNullable<import('./app.ts').Port['talk']>>[0]): Co {
      yield* socket.reader.read();
      process.stdout.write(
        line(
          'WARN',
          `received plaintext http traffic on an https channel, closing connection Netty4HttpChannel{localAddress=/${socket.local.ip}:9200}`,
        ),
      );
      socket.close();
    }
  };

const kibana = (version: string): Program =>
  app(
    {
      ports: [
        {
          port: 5601,
          http: {
            *'/*'(request, process): Co<HttpResponse> {
              const { env } = process;
              const hosts = (env.ELASTICSEARCH_HOSTS ?? env.ELASTICSEARCH_URL ?? 'http://elasticsearch:9200')
                .replace(/[[\]"']/g, '')
                .split(',')[0];
              const up = yield* reachable(process, hosts.replace(/^https?:\/\//, '').replace(/\/$/, ''), 9200);
              if (!up)
                return { status: 503, headers: [['Retry-After', '30']], body: 'Kibana server is not ready yet.' };
              if (request.target.startsWith('/api/status'))
                return json({
                  name: process.host.hostname,
                  version: { number: version },
                  status: { overall: { level: 'available' } },
                });
              return request.target === '/' ? redirect('/app/home') : text(html('Elastic'));
            },
          },
        },
      ],
      boot: 6_000,
      start: '[{iso}][INFO ][root] Kibana is starting\n',
      ready: '[{iso}][INFO ][http.server.Kibana] http server running at http://0.0.0.0:5601\n',
      stop: '[{iso}][INFO ][root] SIGTERM received - initiating shutdown\n',
    },
    version,
  );

/** Elasticsearch and Kibana are released together. */
const RELEASES = releases(
  '5.6.16',
  '6.8.23',
  '7.2.0',
  '7.9.3',
  '7.10.2',
  '7.17.29',
  '8.5.1',
  '8.11.4',
  '8.15.5',
  '8.19.9',
  '9.0.8',
  '9.1.9',
  '9.2.3',
);

export const elasticRepositories: Repository[] = [
  {
    ...debian,
    names: [
      'docker.io/library/elasticsearch',
      'docker.elastic.co/elasticsearch/elasticsearch',
      'docker.elastic.co/elasticsearch/elasticsearch-oss',
    ],
    tags: RELEASES,
    size: 620_000_000,
    user: '1000:0',
    workingDir: '/usr/share/elasticsearch',
    entrypoint: ['/bin/tini', '--', '/usr/local/bin/docker-entrypoint.sh'],
    cmd: ['eswrapper'],
    commands: DEBIAN_COMMANDS.concat('curl', 'nc'),
    exposedPorts: ['9200/tcp', '9300/tcp'],
    memory: 1_400_000_000,
    versionedPrograms: (version) => ({ '/usr/bin/tini': elasticsearch(version) }),
  },
  {
    ...debian,
    names: ['docker.io/library/kibana', 'docker.elastic.co/kibana/kibana', 'docker.elastic.co/kibana/kibana-oss'],
    tags: RELEASES,
    size: 420_000_000,
    user: '1000',
    entrypoint: ['/bin/tini', '--', '/usr/local/bin/kibana-docker'],
    commands: DEBIAN_COMMANDS.concat('curl'),
    exposedPorts: ['5601/tcp'],
    memory: 460_000_000,
    versionedPrograms: (version) => ({ '/usr/bin/tini': kibana(version) }),
  },
];
