import { describe, expect, it } from 'vitest';
import { catalogue } from '../../engine/images/catalogue.ts';
import { createRegistry, parseReference, PullError, type Repository } from '../../engine/images/index.ts';
import { pi } from '../../engine/images/perl.ts';
import { tagsOf } from '../../engine/images/versions.ts';
import { createHost, FileSystem, LineReader, Network } from '../../engine/linux/index.ts';
import { Sim } from '../../engine/sim/index.ts';
import { imageOf, registry, start } from './start.ts';

describe('references', () => {
  it('are completed as the runtime completes them', () => {
    expect(parseReference('nginx')).toEqual({ name: 'docker.io/library/nginx', tag: 'latest', digest: '' });
    expect(parseReference('polinux/stress:1')).toEqual({ name: 'docker.io/polinux/stress', tag: '1', digest: '' });
    expect(parseReference('reg:5000/x')).toEqual({ name: 'reg:5000/x', tag: 'latest', digest: '' });
    expect(parseReference(`busybox@sha256:${'a'.repeat(64)}`).tag).toBe('');
  });

  it('with a tag and a digest mean the tag where the digest is of another time', () => {
    const digest = `sha256:${'37f7'.repeat(16)}`;
    const image = imageOf(`busybox:1.36@${digest}`);
    expect(image).toMatchObject({ tag: '1.36', digest, reference: `docker.io/library/busybox:1.36@${digest}` });
    expect(registry.pull(`busybox@${digest}`)).toBeInstanceOf(PullError);
    expect(registry.pull(`busybox:nosuch@${digest}`)).toBeInstanceOf(PullError);
  });

  it('that are none are refused', () => {
    expect(() => parseReference('')).toThrow('invalid reference format');
    expect(() => parseReference('UPPER')).toThrow('repository name (library/UPPER) must be lowercase');
    expect(() => parseReference('a b')).toThrow('invalid reference format');
    expect(() => parseReference('nginx:')).toThrow('invalid reference format');
  });
});

describe('the catalogue', () => {
  it('knows the size of every version, of a major version alone too', () => {
    for (const reference of ['nginx:2', 'redis:7', 'httpd:2', 'python:3', 'postgres:16', 'debian:12'])
      expect(imageOf(reference).size).toBeGreaterThan(1_000_000);
  });

  it('has every image start with a program that it contains', () => {
    const missing: string[] = [];
    for (const repository of catalogue) {
      if (repository.artifact) continue;
      const tags = tagsOf(repository);
      for (const tag of new Set(
        Object.values(tags).map((version) => Object.keys(tags).find((key) => tags[key] === version)),
      )) {
        const image = imageOf(`${repository.names[0]}:${tag}`);
        const [command] = [...image.config.entrypoint, ...image.config.cmd];
        const sim = new Sim({ seed: 1, start: 0 });
        const host = createHost({
          sim,
          hostname: 'x',
          fs: new FileSystem({ base: image.tree() }),
          net: new Network(sim).namespace(),
          env: { ...image.config.env },
        });
        const path = command.startsWith('./') ? `${image.config.workingDir}/${command}` : command;
        if (!host.program(path) && command !== 'kubectl') missing.push(`${image.reference}: ${command}`);
      }
    }
    expect(missing).toEqual([]);
  });

  it('gives tags of one version one digest, and others another', () => {
    expect(imageOf('nginx:1.27').digest).toBe(imageOf('nginx:1.27.5').digest);
    expect(imageOf('nginx:1.27').digest).not.toBe(imageOf('nginx:1.28').digest);
    const pinned = imageOf(`nginx@${imageOf('nginx:1.27').digest}`);
    expect(pinned.version).toBe('1.27.5');
  });

  it('knows latest everywhere that it is published, and no tag that is not', () => {
    expect(imageOf('nginx').version).toBe(imageOf('nginx:latest').version);
    const missing = registry.pull('nginx:1.161') as PullError;
    expect(missing.code).toBe('NotFound');
  });

  it('takes images of the reader’s own', () => {
    const own: Repository = {
      names: ['docker.io/me/app'],
      tags: { '1': '1' },
      size: 1,
      cmd: ['/app'],
      programs: {
        *'/app'() {
          return 0;
        },
      },
    };
    expect(createRegistry({ repositories: [own] }).pull('me/app:1')).not.toBeInstanceOf(PullError);
  });
});

describe('nginx', () => {
  it('says what it does at its start, and what was asked of it', () => {
    const web = start('nginx:1.27');
    expect(web.out.text).toContain('/docker-entrypoint.sh: Configuration complete; ready for start up\n');
    expect(web.out.text).toMatch(/2026\/01\/05 09:00:00 \[notice\] 1#1: nginx\/1\.27\.5\n/);
    const answer = web.get(80, '/');
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('<title>Welcome to nginx!</title>');
    expect(answer.body.length).toBe(615);
    expect(answer.headers).toContainEqual(['Server', 'nginx/1.27.5']);
    expect(web.out.text).toMatch(
      /10\.244\.1\.102 - - \[05\/Jan\/2026:09:00:20 \+0000\] "GET \/ HTTP\/1\.1" 200 615 "-" "curl\/8\.5\.0" "-"\n$/,
    );
    expect(web.get(80, '/nope').status).toBe(404);
    expect(web.out.text).toContain(
      'open() "/usr/share/nginx/html/nope" failed (2: No such file or directory), client: 10.244.1.102',
    );
  });

  it('old versions start silently', () => {
    expect(start('nginx:1.14.2').out.text).toBe('');
  });

  it('follows its configuration', () => {
    const web = start('nginx', {
      prepare: (fs) =>
        fs.writeFile(
          '/etc/nginx/conf.d/default.conf',
          'server {\n  listen 8080;\n  location / { return 200 "hello from $hostname\\n"; }\n  location = /old { return 301 /new; }\n  location ~ \\.txt$ { root /data; add_header X-Kind text; }\n}\n',
        ),
    });
    expect(web.get(8080, '/').body).toContain('hello from pod');
    expect(web.get(8080, '/old').headers).toContainEqual(['Location', '/new']);
    expect(web.get(8080, '/a.txt').status).toBe(404);
    web.host.fs.mkdir('/data', { recursive: true });
    web.host.fs.writeFile('/data/a.txt', 'text');
    expect(web.get(8080, '/a.txt')).toMatchObject({ status: 200, body: 'text' });
    expect(() => web.get(80, '/')).toThrow('ECONNREFUSED');
  });

  it('refuses a configuration with a mistake in nginx’s words', () => {
    const web = start('nginx', {
      prepare: (fs) => fs.writeFile('/etc/nginx/conf.d/default.conf', 'server {\n  listn 80;\n}\n'),
    });
    expect(web.process.status).toBe(1);
    expect(web.out.text).toContain('nginx: [emerg] unknown directive "listn" in /etc/nginx/conf.d/default.conf:2\n');
  });

  it('ends with 0 on SIGTERM and SIGQUIT', () => {
    const web = start('nginx');
    web.process.signal('QUIT');
    web.sim.runUntil(web.sim.now + 1000);
    expect(web.process.status).toBe(0);
    expect(web.out.text).toContain('signal 3 (SIGQUIT) received, shutting down');
  });
});

describe('other servers', () => {
  it('httpd, hello-app, serve_hostname and agnhost answer', () => {
    expect(start('httpd:2.4').get(80, '/').body).toBe('<html><body><h1>It works!</h1></body></html>\n');
    expect(start('gcr.io/google-samples/hello-app:2.0').get(8080, '/').body).toBe(
      'Hello, world!\nVersion: 2.0.0\nHostname: pod\n',
    );
    expect(start('registry.k8s.io/serve_hostname').get(9376, '/').body).toBe('pod');
    const agnhost = 'registry.k8s.io/e2e-test-images/agnhost:2.53';
    expect(start(agnhost, { command: ['/agnhost', 'netexec', '--http-port=8081'] }).get(8081, '/hostname').body).toBe(
      'pod',
    );
    expect(start(agnhost, { command: ['/agnhost', 'serve-hostname'] }).get(9376, '/').body).toBe('pod');
  });

  it('redis keeps data for its clients', () => {
    const redis = start('redis:7.2');
    expect(redis.out.text).toContain('Ready to accept connections tcp');
    const say = (...lines: string[]) =>
      redis.run(
        (function* () {
          const socket = yield* redis.host.net.connect('127.0.0.1', 6379);
          if (typeof socket === 'string') return socket;
          socket.writer.write(lines.map((line) => `${line}\r\n`).join('') + 'QUIT\r\n');
          const reader = new LineReader(socket.reader);
          const all: string[] = [];
          for (let line = yield* reader.line(); line !== undefined; line = yield* reader.line()) all.push(line.trim());
          return all.join(' ');
        })(),
      );
    expect(say('PING')).toBe('+PONG +OK');
    expect(say('SET greeting hello', 'INCR n', 'INCR n')).toBe('+OK :1 :2 +OK');
    expect(say('GET greeting', 'GET none', 'FOO')).toBe(
      "$5 hello $-1 -ERR unknown command 'FOO', with args beginning with: +OK",
    );
  });

  it('databases start when they are given what they need, and refuse otherwise', () => {
    const bare = start('postgres:16');
    expect(bare.process.status).toBe(1);
    expect(bare.out.text).toContain('You must specify POSTGRES_PASSWORD');
    const good = start('postgres:16', { env: { POSTGRES_PASSWORD: 'x' } });
    expect(good.process.status).toBeUndefined();
    expect(good.out.text).toContain('database system is ready to accept connections');
    expect(good.host.net.listener('10.244.1.2', 5432)).toBeDefined();
  });
});

describe('programs that end', () => {
  it('hello-world says hello', () => {
    const hello = start('hello-world');
    expect(hello.process.status).toBe(0);
    expect(hello.out.text).toContain(
      'Hello from Docker!\nThis message shows that your installation appears to be working correctly.',
    );
  });

  it('perl computes pi to the last digit', () => {
    const perl = start('perl:5.34.0', { command: ['perl', '-Mbignum=bpi', '-wle', 'print bpi(2000)'] });
    expect(perl.process.status).toBe(0);
    const text = perl.out.text.trim();
    expect(text.length).toBe(2001);
    expect(text.startsWith('3.14159265358979323846264338327950288419716939937510')).toBe(true);
    // Digits 991 to 1000 of pi are 2164201989.
    expect(text.slice(2, 1002).endsWith('2164201989')).toBe(true);
    expect(pi(5)).toBe('3.1416');
  });

  it('what is not modelled is refused in one sentence', () => {
    const python = start('python:3.12', { command: ['python', '-m', 'flask'] });
    expect(python.process.status).toBe(1);
    expect(python.out.text).toContain('not modelled');
  });
});

describe('tags', () => {
  it('that fit the versions of a repository can be pulled, others are not there', () => {
    for (const likely of ['nginx:1.7.9', 'nginx:1.30', 'nginx:2', 'busybox:1.29', 'redis:7.4.9', 'nginx:1.25.4-alpine'])
      expect(imageOf(likely).version, likely).not.toBe('');
    for (const absurd of ['nginx:1.161', 'nginx:1.999', 'nginx:99', 'nginx:bad', 'nginx:v1.27', 'nginx:1.27-nope'])
      expect(registry.pull(absurd), absurd).toBeInstanceOf(PullError);
  });
});
