// Every family of images: it starts, says so, answers what its tutorials ask, ends when it is told to.

import { describe, expect, it } from 'vitest';
import { PullError } from '../../engine/images/index.ts';
import { LineReader, type FileSystem } from '../../engine/linux/index.ts';
import { imageOf, registry, start, world } from './start.ts';

const hosts = (lines: string) => (fs: FileSystem) => fs.writeFile('/etc/hosts', lines);

describe('echo servers', () => {
  it('of the tutorials say who they are', () => {
    const bootcamp = start('gcr.io/google-samples/kubernetes-bootcamp:v1', { command: ['node', 'server.js'] });
    expect(bootcamp.get(8080, '/').body).toBe('Hello Kubernetes bootcamp! | Running on: pod | v=1\n');
    expect(bootcamp.out.text).toMatch(/^Kubernetes Bootcamp App Started At: \S+Z \| Running On: {2}pod \n\n/);
    expect(bootcamp.out.text).toContain('Running On: pod | Total Requests: 1 | App Uptime: 20');
    expect(start('gcr.io/google-samples/node-hello:1.0', { command: ['node', 'server.js'] }).get(8080, '/').body).toBe(
      'Hello Kubernetes!',
    );
    const unhealthy = start('luksa/kubia-unhealthy');
    const statuses = [1, 2, 3, 4, 5, 6].map(() => unhealthy.get(8080, '/').status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 500]);
  });

  it('show the request', () => {
    const echo = start('kicbase/echo-server:1.0');
    expect(echo.get(8080, '/a').body).toMatch(/^Request served by pod\n\nHTTP\/1\.1 GET \/a\n\nHost: 10\.244\.1\.2\n/);
    expect(echo.out.text).toMatch(/^Echo server listening on port 8080\.\n10\.244\.1\.102:\d+ \| GET \/a\n$/);
    const ealen = start('ealen/echo-server', { env: { PORT: '8080' } });
    expect(JSON.parse(ealen.get(8080, '/x?a=1').body)).toMatchObject({
      http: { method: 'GET', originalUrl: '/x?a=1' },
      request: { query: { a: '1' } },
      environment: { HOSTNAME: 'pod' },
    });
    expect(ealen.get(8080, '/?echo_code=404').status).toBe(404);
    const mendhak = start('mendhak/http-https-echo:31', { command: ['node', './index.js'] });
    expect(JSON.parse(mendhak.get(8080, '/p', [], 'text').body)).toMatchObject({
      path: '/p',
      method: 'POST',
      body: 'text',
    });
    expect(start('nginxdemos/hello:plain-text', { command: ['nginx'] }).get(80, '/').body).toMatch(
      /^Server address: 10\.244\.1\.2:80\nServer name: pod\nDate: .*\nURI: \/\nRequest ID: [0-9a-f]{32}\n$/,
    );
  });
});

describe('test images', () => {
  it('httpbin answers as its paths ask', () => {
    const httpbin = start('kennethreitz/httpbin');
    expect(JSON.parse(httpbin.get(80, '/get?a=b').body)).toMatchObject({ args: { a: 'b' }, origin: '10.244.1.102' });
    expect(httpbin.get(80, '/status/503').status).toBe(503);
    expect(httpbin.get(80, '/post').status).toBe(405);
    expect(JSON.parse(httpbin.get(80, '/post', [['Content-Type', 'application/json']], '{"n":1}').body)).toMatchObject({
      json: { n: 1 },
    });
    expect(JSON.parse(start('mccutchen/go-httpbin').get(8080, '/get?a=b').body)).toMatchObject({ args: { a: ['b'] } });
  });

  it('of Kubernetes are copies of others, or one program of many', () => {
    expect(start('registry.k8s.io/e2e-test-images/httpd:2.4.38-2').get(80, '/').body).toContain('It works!');
    const agnhost = (...command: string[]) =>
      start('registry.k8s.io/e2e-test-images/agnhost:2.53', { command: ['/agnhost', ...command] }).out.text;
    expect(agnhost('entrypoint-tester', 'a')).toBe('[/agnhost entrypoint-tester a]\n');
    expect(agnhost('logs-generator', '--log-lines-total=3', '--run-duration=3s').trim().split('\n')).toHaveLength(3);
    expect(agnhost('porter')).toContain('not modelled by this engine');
    expect(registry.pull('gcr.io/distroless/static-debian12')).not.toBeInstanceOf(PullError);
  });

  it('fortune writes a page again and again', () => {
    const fortune = start('luksa/fortune:env', { env: { INTERVAL: '5' } });
    expect(fortune.out.text).toMatch(/^Configured to generate new fortune every 5 seconds\n/);
    expect(fortune.out.text.match(/Writing fortune/g)).toHaveLength(5);
    expect(fortune.exec('cat', '/var/htdocs/index.html').output).toMatch(/\.\n$/);
  });
});

describe('demos', () => {
  it('podinfo answers on its endpoints and can be made unready', () => {
    const podinfo = start('ghcr.io/stefanprodan/podinfo:6.9.4', { env: { PODINFO_UI_COLOR: '#abc' } });
    expect(podinfo.out.text).toContain('"msg":"Starting HTTP Server.","addr":":9898"}\n');
    expect(JSON.parse(podinfo.get(9898, '/').body)).toMatchObject({ hostname: 'pod', version: '6.9.4', color: '#abc' });
    expect(podinfo.get(9898, '/status/418').status).toBe(418);
    const before = podinfo.sim.now;
    podinfo.get(9898, '/delay/2');
    expect(podinfo.sim.now - before).toBeGreaterThanOrEqual(2000);
    expect(podinfo.get(9898, '/readyz').status).toBe(200);
    podinfo.get(9898, '/readyz/disable', [], '');
    expect(podinfo.get(9898, '/readyz').status).toBe(503);
    expect(podinfo.get(9898, '/metrics').body).toContain('http_requests_total{status="503"} 1\n');
    expect(podinfo.stop()).toBe(0);
  });

  it('kuard fails its probe when told to', () => {
    const kuard = start('gcr.io/kuar-demo/kuard-amd64:blue');
    expect(kuard.get(8080, '/').body).toContain('Demo application version <i>v0.10.0-blue</i>');
    expect(kuard.get(8080, '/healthy').status).toBe(200);
    kuard.get(8080, '/healthy/api', [], '{"failNext": 1}', 'PUT');
    expect(kuard.get(8080, '/healthy')).toMatchObject({ status: 500, body: 'fail, 0 left' });
    expect(kuard.get(8080, '/healthy').status).toBe(200);
  });
});

describe('web sites', () => {
  it('WordPress leads to its installation when its database is there, and complains otherwise', () => {
    const here = world();
    const prepare = hosts('10.244.1.5 wordpress-mysql\n');
    const wordpress = start('wordpress:6.2.1-apache', {
      world: here,
      prepare,
      env: { WORDPRESS_DB_HOST: 'wordpress-mysql', WORDPRESS_DB_PASSWORD: 'x' },
    });
    expect(wordpress.out.text).toContain('WordPress not found in /var/www/html - copying now...\n');
    expect(wordpress.out.text).toContain('resuming normal operations\n');
    expect(wordpress.get(80, '/')).toMatchObject({ status: 500 });
    const database = start('mysql:8.0', { world: here, ip: '10.244.1.5', env: { MYSQL_ROOT_PASSWORD: 'x' } });
    expect(database.exec('mysql', '-h', '127.0.0.1', '-e', 'SELECT 1')).toMatchObject({ status: 0, output: '1\n1\n' });
    expect(database.exec('mysql', '-e', 'SELECT * FROM t').status).toBe(1);
    const answer = wordpress.get(80, '/');
    expect(answer.status).toBe(302);
    expect(answer.headers).toContainEqual(['Location', 'http://10.244.1.2/wp-admin/install.php']);
    expect(wordpress.get(80, '/wp-admin/install.php').body).toContain('WordPress');
    expect(wordpress.stop('WINCH')).toBe(0);
  });

  it('php serves files and refuses programs', () => {
    const php = start('php:8.2-apache', { prepare: (fs) => fs.writeFile('/var/www/html/a.html', '<p>a</p>') });
    expect(php.get(80, '/a.html').body).toBe('<p>a</p>');
    expect(php.get(80, '/').status).toBe(403);
    php.host.fs.writeFile('/var/www/html/index.php', '<?php');
    expect(php.get(80, '/').status).toBe(501);
  });

  it('the guestbook keeps its messages in redis', () => {
    const here = world();
    start('redis:6.0.5', { world: here, ip: '10.244.1.5' });
    const prepare = hosts('10.244.1.5 redis-leader\n10.244.1.6 redis-follower\n');
    start('gcr.io/google-samples/gb-redis-follower:v2', {
      world: here,
      ip: '10.244.1.6',
      prepare,
      command: ['/run.sh'],
    });
    const frontend = start('us-docker.pkg.dev/google-samples/containers/gke/gb-frontend:v5', { world: here, prepare });
    expect(frontend.get(80, '/guestbook.php?cmd=set&key=messages&value=,hello+you').body).toBe(
      '{"message":"Updated"}\n',
    );
    expect(frontend.get(80, '/guestbook.php?cmd=get&key=messages').body).toBe('{"data":",hello you"}\n');
    expect(frontend.get(80, '/').body).toContain('<title>Guestbook</title>');
  });

  it('others show a page of their own', () => {
    expect(start('tomcat:9.0').get(8080, '/').status).toBe(404);
    expect(start('docker/getting-started', { command: ['nginx'] }).get(80, '/tutorial/').body).toContain(
      'Getting Started',
    );
    expect(start('registry:2').get(5000, '/v2/').body).toBe('{}');
    expect(start('gitea/gitea:1.21').get(3000, '/api/healthz').body).toContain('"pass"');
    const jenkins = start('jenkins/jenkins:lts');
    const password = jenkins.exec('cat', '/var/jenkins_home/secrets/initialAdminPassword').output.trim();
    expect(jenkins.out.text).toContain(password);
    expect(jenkins.get(8080, '/').status).toBe(403);
    expect(jenkins.get(8080, '/login').status).toBe(200);
  });
});

describe('proxies', () => {
  it('HAProxy shares requests among the servers of its configuration', () => {
    const here = world();
    start('gcr.io/google-samples/hello-app:1.0', { world: here, ip: '10.244.1.5', hostname: 'one' });
    start('gcr.io/google-samples/hello-app:1.0', { world: here, ip: '10.244.1.6', hostname: 'two' });
    const config =
      'defaults\n  mode http\n  timeout client 10s\nfrontend web\n  bind *:8080\n  default_backend apps\nbackend apps\n  balance roundrobin\n  server a 10.244.1.5:8080 check\n  server b 10.244.1.6:8080 check\n';
    const prepare = (fs: FileSystem) => fs.writeFile('/usr/local/etc/haproxy/haproxy.cfg', config);
    const haproxy = start('haproxy:2.8', { world: here, prepare });
    const bodies = [haproxy.get(8080, '/').body, haproxy.get(8080, '/').body].join('');
    expect(bodies).toContain('Hostname: one');
    expect(bodies).toContain('Hostname: two');
    expect(start('haproxy:2.8').out.text).toContain('Cannot open configuration file/directory');
  });

  it('Caddy answers as its Caddyfile says', () => {
    const write = (text: string) => (fs: FileSystem) => fs.writeFile('/etc/caddy/Caddyfile', text);
    const caddy = start('caddy:2', { prepare: write(':8080 {\n  respond /hi "hello" 201\n  respond "all"\n}\n') });
    expect(caddy.get(8080, '/hi')).toMatchObject({ status: 201, body: 'hello' });
    expect(caddy.get(8080, '/x').body).toBe('all');
    expect(start('caddy').get(80, '/').body).toContain('Caddy works!');
    expect(start('caddy', { prepare: write(':80 {\n  templates\n}\n') }).process.status).toBe(1);
  });

  it('Traefik and Envoy start without routes', () => {
    expect(start('traefik:v3.0', { command: ['traefik', '--ping=true'] }).get(8080, '/ping').body).toBe('OK');
    expect(start('envoyproxy/envoy:v1.30-latest', { command: ['envoy'] }).get(9901, '/ready').body).toBe('LIVE\n');
  });
});

describe('monitoring', () => {
  it('Prometheus scrapes what its configuration names', () => {
    const here = world();
    start('prom/node-exporter:v1.7.0', { world: here, ip: '10.244.1.5', hostname: 'worker' });
    const config =
      'scrape_configs:\n- job_name: nodes\n  static_configs:\n  - targets: ["10.244.1.5:9100", "10.244.1.6:9100"]\n- job_name: pods\n  kubernetes_sd_configs:\n  - role: pod\n';
    const prepare = (fs: FileSystem) => fs.writeFile('/etc/prometheus/prometheus.yml', config);
    const prometheus = start('prom/prometheus:v2.45.0', { world: here, prepare });
    expect(prometheus.get(9090, '/-/ready').body).toBe('Prometheus Server is Ready.\n');
    expect(prometheus.out.text).toContain('kubernetes_sd_configs is not modelled by this engine');
    const query = (text: string) =>
      (
        JSON.parse(prometheus.get(9090, `/api/v1/query?query=${encodeURIComponent(text)}`).body) as {
          data?: { result: { metric: Record<string, string>; value: [number, string] }[] };
        }
      ).data?.result.map(({ metric, value }) => `${metric.instance}=${value[1]}`);
    expect(query('up')).toEqual(['10.244.1.5:9100=1', '10.244.1.6:9100=0']);
    expect(query('node_uname_info{nodename="worker"}')).toEqual(['10.244.1.5:9100=1']);
    expect(query('node_uname_info{nodename="other"}')).toEqual([]);
    expect(query('rate(up[5m])')).toBeUndefined();
  });

  it('Grafana and the push gateway answer', () => {
    const grafana = start('grafana/grafana:10.4.19');
    expect(JSON.parse(grafana.get(3000, '/api/health').body)).toMatchObject({ database: 'ok', version: '10.4.19' });
    expect(grafana.get(3000, '/').headers).toContainEqual(['Location', '/login']);
    const gateway = start('prom/pushgateway');
    gateway.get(9091, '/metrics/job/backup', [], 'files_total 3\n');
    expect(gateway.get(9091, '/metrics').body).toContain('files_total{job="backup"} 3\n');
  });
});

describe('stores', () => {
  it('check what they need before they start', () => {
    const low = start('elasticsearch:7.17.9', {
      prepare: (fs) => {
        fs.mkdir('/proc/sys/vm', { recursive: true });
        fs.writeFile('/proc/sys/vm/max_map_count', '65530\n');
      },
    });
    expect(low.process.status).toBe(78);
    expect(low.out.text).toContain('vm.max_map_count [65530] is too low, increase to at least [262144]');
    expect(start('couchdb:3').out.text).toContain('COUCHDB_PASSWORD');
    expect(start('mcr.microsoft.com/mssql/server:2022-latest').process.status).toBe(1);
    expect(start('minio/minio').process.status).toBe(1);
  });

  it('tell of themselves over HTTP', () => {
    const elastic = start('elasticsearch:7.17.9', { env: { 'discovery.type': 'single-node' } });
    expect(JSON.parse(elastic.get(9200, '/').body)).toMatchObject({ version: { number: '7.17.9' } });
    const rabbit = start('rabbitmq:3-management');
    expect(rabbit.get(15672, '/api/overview').status).toBe(401);
    expect(rabbit.get(15672, '/api/overview', [['Authorization', 'Basic Z3Vlc3Q6Z3Vlc3Q=']]).status).toBe(200);
    expect(rabbit.exec('rabbitmq-diagnostics', '-q', 'ping').status).toBe(0);
    const vault = start('hashicorp/vault:1.15', { env: { VAULT_DEV_ROOT_TOKEN_ID: 'root' } });
    expect(vault.out.text).toContain('Root Token: root\n');
    vault.get(8200, '/v1/secret/data/app', [['X-Vault-Token', 'root']], '{"data":{"a":"b"}}');
    expect(vault.get(8200, '/v1/secret/data/app', [['X-Vault-Token', 'root']]).body).toContain('{"a":"b"}');
    expect(vault.get(8200, '/v1/secret/data/app').status).toBe(403);
    const consul = start('consul:1.15');
    consul.get(8500, '/v1/kv/key', [], 'value', 'PUT');
    expect(consul.get(8500, '/v1/kv/key').body).toContain('"Value":"dmFsdWU="');
    expect(start('minio/minio', { command: ['minio', 'server', '/data'] }).get(9000, '/minio/health/live').status).toBe(
      200,
    );
    expect(start('apache/kafka').out.text).toContain('Kafka Server started');
  });

  it('Cassandra’s nodes find each other by their seed', () => {
    const here = world();
    const node = (n: number) =>
      start('gcr.io/google-samples/cassandra:v13', {
        world: here,
        ip: `10.244.1.${n}`,
        prepare: hosts('10.244.1.5 cassandra-0\n'),
        env: { CASSANDRA_SEEDS: 'cassandra-0', CASSANDRA_DC: 'DC1-K8Demo', POD_IP: `10.244.1.${n}` },
      });
    const first = node(5);
    const second = node(6);
    const third = node(7);
    expect(first.exec('/ready-probe.sh').status).toBe(0);
    const status = third.exec('nodetool', 'status').output;
    expect(status).toMatch(/^Datacenter: DC1-K8Demo\n=+\nStatus=Up\/Down\n/);
    expect(status.match(/^UN {2}10\.244\.1\.[567] /gm)).toHaveLength(3);
    second.stop('KILL');
    expect(first.exec('nodetool', 'status').output).toMatch(/^DN {2}10\.244\.1\.6 /m);
  });

  it('ZooKeeper keeps what a majority has', () => {
    const here = world();
    const names = [0, 1, 2].map((n) => `10.244.1.${5 + n} zk-${n}.zk-hs zk-${n}\n`).join('');
    const server = (n: number) =>
      start('registry.k8s.io/kubernetes-zookeeper:1.0-3.4.10', {
        world: here,
        ip: `10.244.1.${5 + n}`,
        hostname: `zk-${n}`,
        prepare: hosts(names),
        command: [
          'start-zookeeper',
          '--servers=3',
          '--data_dir=/var/lib/zookeeper/data',
          '--conf_dir=/opt/zookeeper/conf',
        ],
      });
    const zk = [server(0), server(1), server(2)];
    expect(zk[0].exec('cat', '/opt/zookeeper/conf/zoo.cfg').output).toContain('server.2=zk-1.zk-hs:2888:3888\n');
    expect(zk[2].exec('cat', '/var/lib/zookeeper/data/myid').output).toBe('3\n');
    expect(zk[0].exec('zookeeper-ready', '2181').status).toBe(0);
    expect(zk[0].exec('zkCli.sh', 'create', '/hello', 'world').output).toMatch(
      /type:None path:null\nCreated \/hello\n$/,
    );
    expect(zk[1].exec('zkCli.sh', 'get', '/hello').output).toMatch(/\nworld\ncZxid = 0x100000002\nctime = /);
    zk[2].stop('KILL');
    expect(zk[1].exec('zkCli.sh', 'set', '/hello', 'you').status).toBe(0);
    zk[1].stop('KILL');
    expect(zk[0].exec('zkCli.sh', 'set', '/hello', 'all').output).toContain('ConnectionLoss');
  });

  it('NATS carries messages to those who subscribed', () => {
    const here = world();
    const nats = start('nats:2.10', { world: here });
    expect(nats.get(8222, '/healthz').body).toContain('ok');
    const sent = nats.run(
      (function* () {
        const socket = yield* nats.host.net.connect('127.0.0.1', 4222);
        if (typeof socket === 'string') return socket;
        socket.writer.write('SUB orders.* 1\r\nPUB orders.new 5\r\nhello\r\n');
        const lines = new LineReader(socket.reader);
        const read = [yield* lines.line(), yield* lines.line(), yield* lines.line()];
        return read.slice(1).join('|');
      })(),
    );
    expect(sent).toBe('MSG orders.new 1 5\r|hello\r');
    const box = start('natsio/nats-box', {
      world: here,
      ip: '10.244.1.7',
      command: ['nats', '-s', 'nats://10.244.1.2:4222', 'sub', 'news', '--count', '1'],
    });
    box.exec('nats', '-s', 'nats://10.244.1.2:4222', 'pub', 'news', 'it works');
    box.sim.runUntil(box.sim.now + 1000);
    expect(box.out.text).toContain('[#1] Received on "news"\nit works\n');
    expect(box.process.status).toBe(0);
  });
});

describe('log shippers', () => {
  it('Fluentd follows the files of its sources', () => {
    const config =
      '<source>\n  type tail\n  format none\n  path /var/log/1.log\n  tag count.format1\n</source>\n<match count.**>\n  @type stdout\n</match>\n<match **>\n  type google_cloud\n</match>\n';
    const fluentd = start('registry.k8s.io/fluentd-gcp:1.30', {
      env: { FLUENTD_ARGS: '-c /etc/fluentd-config/fluentd.conf' },
      prepare: (fs) => {
        fs.mkdir('/etc/fluentd-config', { recursive: true });
        fs.writeFile('/etc/fluentd-config/fluentd.conf', config);
        fs.writeFile('/var/log/1.log', 'old\n');
      },
    });
    fluentd.host.fs.writeFile('/var/log/1.log', 'new\n', { append: true });
    fluentd.sim.runUntil(fluentd.sim.now + 2000);
    expect(fluentd.out.text).toContain('following tail of /var/log/1.log\n');
    expect(fluentd.out.text).toMatch(/ count\.format1: \{"message":"new"\}\n/);
    expect(fluentd.out.text).not.toContain('"old"');
    expect(fluentd.out.text).toContain('"google_cloud" of ** is not modelled by this engine');
    expect(fluentd.stop()).toBe(0);
  });

  it('Fluent Bit does as its command line says', () => {
    const bit = start('fluent/fluent-bit:2.2', {
      command: [
        '/fluent-bit/bin/fluent-bit',
        '-i',
        'tail',
        '-p',
        'path=/var/log/*.log',
        '-p',
        'read_from_head=true',
        '-o',
        'stdout',
      ],
      prepare: (fs) => {
        fs.mkdir('/var/log', { recursive: true });
        fs.writeFile('/var/log/app.log', 'line\n');
      },
    });
    expect(bit.out.text).toMatch(/\[0\] tail\.0: \[\[[\d.]+, \{\}\], \{"log":"line"\}\]\n/);
    expect(bit.stop()).toBe(0);
  });
});

describe('base images', () => {
  it('of languages say their version and refuse programs', () => {
    const node = start('node:18-alpine', { command: ['sleep', '1000'] });
    expect(node.exec('node', '-e', 'console.log(1)').output).toBe(
      'node: JavaScript programs are not run by this engine\n',
    );
    expect(start('golang:1.22').process.status).toBe(0);
    expect(start('golang:1.22.12', { command: ['go', 'version'] }).out.text).toBe('go version go1.22.12 linux/amd64\n');
    expect(start('eclipse-temurin:21', { command: ['java', '-version'] }).out.text).toContain('openjdk version "21');
  });

  it('of distributions know their name and install what the engine has', () => {
    const fedora = start('fedora:41', { command: ['sleep', '1000'] });
    expect(fedora.exec('cat', '/etc/os-release').output).toContain('PRETTY_NAME="Fedora Linux 41 (Container Image)"\n');
    const debian = start('debian:12', { command: ['sleep', '1000'] });
    expect(debian.exec('cat', '/etc/os-release').output).toContain('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n');
    expect(debian.exec('apt-get', 'install', '-y', 'curl').output).toContain('E: Unable to locate package curl\n');
    expect(() => debian.exec('curl', '--version')).toThrow('not in');
    expect(debian.exec('apt-get', 'update').status).toBe(0);
    expect(debian.exec('apt-get', 'install', '-y', 'curl').status).toBe(0);
    expect(debian.exec('curl', '--version').status).toBe(0);
    expect(debian.exec('apt-get', 'install', '-y', 'nodejs').status).toBe(100);
    const alpine = start('alpine:3.19', { command: ['sleep', '1000'], uid: 1000 });
    expect(alpine.exec('apk', 'add', 'curl').output).toContain('Permission denied');
  });
});

describe('tools', () => {
  it('stress-ng works for its time', () => {
    const stress = start('alexeiled/stress-ng', { command: ['/stress-ng', '--cpu', '2', '--timeout', '5s'] });
    expect(stress.out.text).toContain('dispatching hogs: 2 cpu\n');
    expect(stress.process.status).toBe(0);
  });

  it('git has no network to clone from', () => {
    const git = start('alpine/git', { command: ['git', 'clone', 'https://github.com/a/b.git'] });
    expect(git.process.status).toBe(128);
    expect(git.out.text).toContain('Could not resolve host: github.com');
  });

  it('what is known and not there is refused in one sentence', () => {
    for (const name of ['hashicorp/terraform', 'weaveworksdemos/front-end:0.3.12', 'docker:dind']) {
      const one = start(name);
      expect(one.process.status, name).toBe(1);
      expect(one.out.text, name).toMatch(/^entrypoint: .* is not modelled by this engine\n$/);
    }
  });
});

describe('mirrors', () => {
  it('hold the images of Docker Hub and of Kubernetes under other names', () => {
    const digest = (reference: string) => imageOf(reference).digest;
    expect(digest('public.ecr.aws/docker/library/nginx:1.25')).toBe(digest('nginx:1.25'));
    expect(digest('mirror.gcr.io/library/busybox:1.36')).toBe(digest('busybox:1.36'));
    expect(digest('k8s.gcr.io/hpa-example')).toBe(digest('registry.k8s.io/hpa-example'));
    expect(digest('gcr.io/google_containers/pause-amd64:3.1')).toBe(digest('registry.k8s.io/pause:3.1'));
    expect(registry.pull('mirror.gcr.io/library/no-such')).toBeInstanceOf(PullError);
  });
});
