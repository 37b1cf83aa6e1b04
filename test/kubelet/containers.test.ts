import { describe, expect, it } from 'vitest';
import { untilSignal } from '../../engine/images/service.ts';
import type { Program } from '../../engine/linux/index.ts';
import { conditionsOf, imageOf, startNode, type TestNode } from './node.ts';

/** Writes its environment and files that it is asked for, then stays. */
const show: Program = function* (process) {
  for (const name of Object.keys(process.env).sort()) process.stdout.write(`${name}=${process.env[name]}\n`);
  for (const path of process.argv.slice(1)) process.stdout.write(`${path}: ${process.host.fs.readFile(path)}\n`);
  yield* untilSignal(process);
  return 0;
};
const repositories = [imageOf('show', show, { env: { FROM_IMAGE: 'yes' } })];
const waiting = (node: TestNode, pod: string) => node.pod(pod).status?.containerStatuses?.[0].state?.waiting;
const image = 'test/show:1';

describe('pulling images', () => {
  it('alternates between ErrImagePull and ImagePullBackOff for a tag that does not exist', () => {
    const node = startNode();
    node.create('web', { containers: [{ name: 'nginx', image: 'nginx:1.161' }] });
    const name = 'docker.io/library/nginx:1.161';
    const error = `rpc error: code = NotFound desc = failed to pull and unpack image "${name}": failed to resolve reference "${name}": ${name}: not found`;
    node.wait(4);
    expect(waiting(node, 'web')).toEqual({ reason: 'ErrImagePull', message: error });
    node.wait(13);
    expect(waiting(node, 'web')).toEqual({
      reason: 'ImagePullBackOff',
      message: `Back-off pulling image "nginx:1.161": ErrImagePull: ${error}`,
    });
    expect(node.events('web').map((text) => text.replace(/ x\d+/, ''))).toEqual(
      expect.arrayContaining([
        'Pulling: Pulling image "nginx:1.161"',
        `Failed: Failed to pull image "nginx:1.161": ${error}`,
        'Failed: Error: ErrImagePull',
        'BackOff: Back-off pulling image "nginx:1.161"',
        'Failed: Error: ImagePullBackOff',
      ]),
    );
    expect(node.pod('web').status?.phase).toBe('Pending');
  });

  it('says that a repository is unknown or private in the words of its registry', () => {
    const node = startNode();
    node.create('a', { containers: [{ name: 'c', image: 'nosuchimage' }] });
    node.create('b', { containers: [{ name: 'c', image: 'registry.example.com/team/app:2' }] });
    node.wait(4);
    expect(waiting(node, 'a')?.message).toContain(
      'pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
    );
    expect(waiting(node, 'b')?.message).toContain('dial tcp: lookup registry.example.com: no such host');
  });

  it('keeps to the pull policy Never and to the form of names', () => {
    const node = startNode();
    node.create('never', { containers: [{ name: 'c', image: 'nginx:1.27', imagePullPolicy: 'Never' }] });
    node.create('wrong', { containers: [{ name: 'c', image: 'Nginx' }] });
    node.wait(14);
    expect(waiting(node, 'never')).toEqual({
      reason: 'ErrImageNeverPull',
      message: 'Container image "nginx:1.27" is not present with pull policy of Never',
    });
    expect(waiting(node, 'wrong')).toEqual({
      reason: 'InvalidImageName',
      message:
        'Failed to apply default image tag "Nginx": couldn\'t parse image name "Nginx": invalid reference format: repository name (library/Nginx) must be lowercase',
    });
  });

  it('lists what the node has in its status', () => {
    const node = startNode();
    node.create('web', { containers: [{ name: 'nginx', image: 'nginx:1.27' }] });
    node.wait(15);
    const images = node.client
      .of<{ status: { images: { names: string[] }[] } }>('v1', 'nodes', false)
      .get('', 'worker-1').status.images;
    expect(images[0].names[1]).toBe('docker.io/library/nginx:1.27');
  });
});

describe('what a container is started with', () => {
  it('has variables of the image, the Pod, services and references, expanded', () => {
    const node = startNode({ repositories });
    node.configMap('settings', { greeting: 'hello', color: 'blue' });
    node.client.of('v1', 'secrets').create('default', {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'keys', namespace: 'default' },
      data: { token: 'czNjcmV0' },
    });
    node.create('app', {
      containers: [
        {
          name: 'main',
          image,
          resources: { limits: { memory: '64Mi', cpu: '250m' } },
          envFrom: [{ prefix: 'CFG_', configMapRef: { name: 'settings' } }],
          env: [
            { name: 'PLAIN', value: 'x' },
            { name: 'NESTED', value: '$(PLAIN)-$(CFG_color)-$$(PLAIN)-$(NOPE)' },
            { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'keys', key: 'token' } } },
            { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
            { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
            { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
            { name: 'LIMIT', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
            { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
            { name: 'GONE', valueFrom: { configMapKeyRef: { name: 'nope', key: 'k', optional: true } } },
          ],
        },
      ],
    });
    node.wait(5);
    const lines = node.logs('app', 'main').split('\n');
    for (const line of [
      'CFG_greeting=hello',
      'CPU=1',
      'FROM_IMAGE=yes',
      'HOSTNAME=app',
      'IP=10.244.1.2',
      'KUBERNETES_SERVICE_HOST=10.96.0.1',
      'KUBERNETES_PORT_443_TCP_ADDR=10.96.0.1',
      'LIMIT=64',
      'NESTED=x-blue-$(PLAIN)-$(NOPE)',
      'NODE=worker-1',
      'POD=app',
      'TOKEN=s3cret',
    ]) {
      expect(lines).toContain(line);
    }
    expect(lines.some((line) => line.startsWith('GONE='))).toBe(false);
  });

  it('waits with CreateContainerConfigError for what its environment refers to', () => {
    const node = startNode({ repositories });
    node.configMap('settings', { a: '1' });
    node.create('one', { containers: [{ name: 'main', image, envFrom: [{ configMapRef: { name: 'absent' } }] }] });
    node.create('two', {
      containers: [
        { name: 'main', image, env: [{ name: 'K', valueFrom: { configMapKeyRef: { name: 'settings', key: 'b' } } }] },
      ],
    });
    node.wait(5);
    expect(waiting(node, 'one')).toEqual({
      reason: 'CreateContainerConfigError',
      message: 'configmap "absent" not found',
    });
    expect(waiting(node, 'two')?.message).toBe("couldn't find key b in ConfigMap default/settings");
    expect(node.events('one').map((text) => text.replace(/ x\d+/, ''))).toContain(
      'Failed: Error: configmap "absent" not found',
    );
    node.configMap('absent', { x: '1' });
    node.wait(20);
    expect(node.pod('one').status?.phase).toBe('Running');
  });

  it('fails with RunContainerError when the command does not exist', () => {
    const node = startNode({ repositories });
    node.create('app', { restartPolicy: 'Never', containers: [{ name: 'main', image, command: ['nope'] }] });
    node.wait(6);
    const [status] = node.pod('app').status?.containerStatuses ?? [];
    expect(status.state?.terminated).toMatchObject({
      exitCode: 128,
      reason: 'StartError',
      startedAt: '1970-01-01T00:00:00Z',
    });
    expect(status.state?.terminated?.message).toBe(
      'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "nope": executable file not found in $PATH',
    );
    expect(node.pod('app').status?.phase).toBe('Failed');
  });

  it('is refused to run as root when it must not', () => {
    const node = startNode({ repositories });
    node.create('app', { securityContext: { runAsNonRoot: true }, containers: [{ name: 'main', image }] });
    node.wait(5);
    const uid = node.pod('app').metadata?.uid;
    expect(waiting(node, 'app')).toEqual({
      reason: 'CreateContainerConfigError',
      message: `container has runAsNonRoot and image will run as root (pod: "app_default(${uid})", container: main)`,
    });
  });

  it('has hosts and resolver files of the Pod', () => {
    const node = startNode({ repositories });
    node.create('app', {
      hostAliases: [{ ip: '10.1.2.3', hostnames: ['foo.remote', 'bar.remote'] }],
      containers: [{ name: 'main', image, args: ['/main', '/etc/hosts', '/etc/resolv.conf', '/etc/hostname'] }],
    });
    node.wait(5);
    const log = node.logs('app', 'main');
    expect(log).toContain('# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n');
    expect(log).toContain('10.244.1.2\tapp\n\n# Entries added by HostAliases.\n10.1.2.3\tfoo.remote\tbar.remote\n');
    expect(log).toContain(
      'search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n',
    );
    expect(log).toContain('/etc/hostname: app\n');
  });
});

describe('variables from a file of an init container', () => {
  const start = (text: string, key: string, optional = false) => {
    const node = startNode();
    node.create('web', {
      restartPolicy: 'Never',
      initContainers: [
        {
          name: 'write',
          image: 'busybox:1.37',
          command: ['sh', '-c', `printf '%s' "$TEXT" > /data/config.env`],
          env: [{ name: 'TEXT', value: text }],
          volumeMounts: [{ name: 'config', mountPath: '/data' }],
        },
      ],
      containers: [
        {
          name: 'read',
          image: 'busybox:1.37',
          command: ['sh', '-c', 'echo "value=$DB"; sleep 1000'],
          env: [{ name: 'DB', valueFrom: { fileKeyRef: { volumeName: 'config', path: 'config.env', key, optional } } }],
        },
      ],
      volumes: [{ name: 'config', emptyDir: {} }],
    });
    node.wait(10);
    return node;
  };
  const problem = (text: string, key: string) =>
    start(text, key).pod('web').status?.containerStatuses?.[0].state?.waiting?.message;

  it.each([
    ["# where\nDB_ADDRESS='address'\n", 'value=address\n'],
    ["  DB_ADDRESS = 'a # b $HOME'", 'value=a # b $HOME\n'],
    ["DB_ADDRESS='one\ntwo'\nOTHER='x'", 'value=one\ntwo\n'],
  ])('%j gives %j', (text, output) => {
    expect(start(text, 'DB_ADDRESS').logs('web', 'read')).toBe(output);
  });

  it('must be there unless it is optional, and quoted singly', () => {
    expect(problem("A='1'", 'B')).toBe('environment variable key "B" not found in file "config.env"');
    expect(start("A='1'", 'B', true).logs('web', 'read')).toBe('value=\n');
    expect(problem('A=1', 'A')).toMatch(/^couldn't parse env file: /);
    expect(problem(`A='1''2'`, 'A')).toMatch(/^couldn't parse env file: /);
  });
});

describe('memory', () => {
  const stress = (limit: string, bytes: string) => ({
    containers: [
      {
        name: 'stress',
        image: 'polinux/stress',
        resources: { limits: { memory: limit } },
        command: ['stress'],
        args: ['--vm', '1', '--vm-bytes', bytes, '--vm-hang', '1'],
      },
    ],
  });

  it('within the limit runs and is counted', () => {
    const node = startNode();
    node.create('ok', stress('200Mi', '150M'));
    node.wait(5);
    expect(node.pod('ok').status?.phase).toBe('Running');
    expect(node.kubelet.usage()[0].memoryBytes).toBeGreaterThan(150 * 1024 * 1024);
  });

  it('beyond the limit kills the container with OOMKilled and 137', () => {
    const node = startNode();
    node.create('oom', stress('100Mi', '250M'));
    node.wait(8);
    const [status] = node.pod('oom').status?.containerStatuses ?? [];
    expect(status.lastState?.terminated).toMatchObject({ reason: 'OOMKilled', exitCode: 137 });
  });
});

describe('probes', () => {
  const server = (probe: object) => ({
    containers: [{ name: 'nginx', image: 'nginx:1.27', ports: [{ name: 'http', containerPort: 80 }], ...probe }],
  });

  it('readiness by HTTP decides on Ready', () => {
    const node = startNode();
    node.create('good', server({ readinessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 2 } }));
    node.create('bad', server({ readinessProbe: { httpGet: { path: '/nope', port: 80 }, periodSeconds: 2 } }));
    node.wait(14);
    expect(conditionsOf(node.pod('good')).Ready).toBe('True');
    expect(node.pod('bad').status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
      status: 'False',
      reason: 'ContainersNotReady',
      message: 'containers with unready status: [nginx]',
    });
    expect(node.pod('bad').status?.phase).toBe('Running');
    expect(node.events('bad').at(-1)).toMatch(
      /^Unhealthy x\d: Readiness probe failed: HTTP probe failed with statuscode: 404$/,
    );
  });

  it('liveness that fails three times restarts the container', () => {
    const node = startNode();
    node.create('app', server({ livenessProbe: { tcpSocket: { port: 81 }, periodSeconds: 3 } }));
    node.wait(25);
    const texts = node.events('app').map((text) => text.replace(/ x\d+/, ''));
    expect(texts).toContain('Unhealthy: Liveness probe failed: dial tcp 10.244.1.2:81: connect: connection refused');
    expect(texts).toContain('Killing: Container nginx failed liveness probe, will be restarted');
    expect(node.pod('app').status?.containerStatuses?.[0].restartCount).toBeGreaterThan(0);
  });

  it('a command that fails in the container counts, with what it wrote', () => {
    const flag: Program = function* (process) {
      process.host.fs.writeFile('/tmp/healthy', '');
      yield 12_000;
      process.host.fs.unlink('/tmp/healthy');
      yield* untilSignal(process);
      return 0;
    };
    const check: Program = function* (process) {
      yield 1;
      if (process.host.fs.exists('/tmp/healthy')) return 0;
      process.stderr.write("cat: can't open '/tmp/healthy': No such file or directory\n");
      return 1;
    };
    const node = startNode({
      repositories: [imageOf('flag', flag, { programs: { '/main': flag, '/bin/check': check } })],
    });
    const livenessProbe = { exec: { command: ['check'] }, initialDelaySeconds: 5, periodSeconds: 5 };
    node.create('app', { containers: [{ name: 'main', image: 'test/flag:1', livenessProbe }] });
    node.wait(14);
    expect(node.events('app').some((text) => text.startsWith('Unhealthy'))).toBe(false);
    node.wait(20);
    expect(node.events('app')).toContain(
      "Unhealthy x3: Liveness probe failed: cat: can't open '/tmp/healthy': No such file or directory\n",
    );
    expect(node.pod('app').status?.containerStatuses?.[0].restartCount).toBe(1);
  });

  it('a startup probe holds the others back and restarts what does not come up', () => {
    const node = startNode();
    node.create(
      'app',
      server({ startupProbe: { httpGet: { path: '/x', port: 80 }, periodSeconds: 1, failureThreshold: 4 } }),
    );
    node.wait(6);
    expect(node.pod('app').status?.containerStatuses?.[0]).toMatchObject({ started: false, ready: false });
    node.wait(10);
    expect(node.events('app').map((text) => text.replace(/ x\d+/, ''))).toContain(
      'Killing: Container nginx failed startup probe, will be restarted',
    );
  });
});

describe('lifecycle hooks', () => {
  it('preStop runs before the stop signal and within the grace period', () => {
    const node = startNode({ repositories });
    node.create('app', { containers: [{ name: 'main', image, lifecycle: { preStop: { sleep: { seconds: 7 } } } }] });
    node.wait(4);
    node.remove('app');
    node.wait(6.5);
    expect(node.exists('app')).toBe(true);
    node.wait(2);
    expect(node.exists('app')).toBe(false);
  });

  it('a postStart that fails kills the container', () => {
    const node = startNode({ repositories });
    node.create('app', {
      containers: [{ name: 'main', image, lifecycle: { postStart: { httpGet: { path: '/', port: 99 } } } }],
    });
    node.wait(8);
    expect(node.events('app').map((text) => text.replace(/ x\d+/, ''))).toContain(
      'FailedPostStartHook: PostStartHook failed',
    );
    expect(node.pod('app').status?.containerStatuses?.[0].ready).toBe(false);
  });
});

describe('host ports and pull secrets', () => {
  it('a hostPort answers on the node’s address while the Pod lives', () => {
    const node = startNode();
    node.create('web', {
      containers: [{ name: 'nginx', image: 'nginx:1.27', ports: [{ containerPort: 80, hostPort: 8080 }] }],
    });
    node.wait(6);
    const client = node.network.namespace(['10.0.0.99']);
    const ask = () => {
      const task = node.sim.spawn(
        'client',
        (function* () {
          const socket = yield* client.connect('10.0.0.11', 8080);
          if (typeof socket === 'string') return socket;
          socket.writer.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
          return (yield* socket.reader.read())?.split('\r\n')[0];
        })(),
      );
      node.wait(1);
      return task.result;
    };
    expect(ask()).toBe('HTTP/1.1 200 OK');
    node.remove('web');
    node.wait(3);
    expect(ask()).toBe('ECONNREFUSED');
  });

  it('gives containers no more name servers than they can read, and says so', () => {
    const node = startNode();
    node.create('many', {
      dnsConfig: { nameservers: ['1.1.1.1', '8.8.8.8', '9.9.9.9'] },
      containers: [{ name: 'c', image: 'busybox', command: ['sleep', '1h'] }],
    });
    node.wait(6);
    expect(node.exec('many', 'c', ['grep', '-c', 'nameserver', '/etc/resolv.conf']).stdout).toBe('3\n');
    expect(node.events('many')).toContain(
      'DNSConfigForming: Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: 10.96.0.10 1.1.1.1 8.8.8.8',
    );
  });

  it('a pull secret that does not exist is reported', () => {
    const node = startNode();
    node.create('web', {
      imagePullSecrets: [{ name: 'regcred' }],
      containers: [{ name: 'nginx', image: 'nginx:1.27' }],
    });
    node.wait(6);
    expect(node.events('web').map((text) => text.replace(/ x\d+/, ''))).toContain(
      'FailedToRetrieveImagePullSecret: Unable to retrieve some image pull secrets (regcred); attempting to pull the image may not succeed.',
    );
    expect(node.pod('web').status?.phase).toBe('Running');
  });
});

describe('a container that nobody has looked into', () => {
  const idle: Program = function* (process) {
    process.stdout.write(`here: ${process.host.fs.exists('/etc/passwd')}, ${process.host.fs.exists('/nowhere')}\n`);
    yield* untilSignal(process);
    return 0;
  };
  const lazy = [
    imageOf('idle', idle, { workingDir: '/work', files: () => ({ '/etc/passwd': 'root', '/var/run/': '' }) }),
  ];
  const filesAfter = (spec: object) => {
    const node = startNode({ repositories: lazy });
    node.create('idle', {
      containers: [{ name: 'idle', image: 'test/idle:1', volumeMounts: [{ name: 'own', mountPath: '/var/run/own' }] }],
      volumes: [{ name: 'own', emptyDir: {} }],
      ...spec,
    });
    node.wait(500);
    const container = node.kubelet.container('default', 'idle', 'idle');
    return { container, fs: container?.host?.fs };
  };

  it('has the files, mounts and times that it had when it started', () => {
    const { container, fs } = filesAfter({});
    expect(container?.log.tail(1, 100)).toBe('here: true, false\n');
    expect(fs?.stat('/work').mtime).toBe(container?.startedAt);
    expect(fs?.readdir('/var/run')).toEqual(['own', 'secrets']);
    expect(fs?.mounts().map(({ path }) => path)).toEqual([
      '/var/run/own',
      '/var/run/secrets/kubernetes.io/serviceaccount',
    ]);
    expect(fs?.readFile('/etc/hostname')).toBe('idle\n');
    expect(fs?.readdir('/etc')).toEqual(['hostname', 'hosts', 'passwd', 'resolv.conf']);
  });

  it('cannot be written to where its root is read-only, but at its volumes', () => {
    const { fs } = filesAfter({
      containers: [
        {
          name: 'idle',
          image: 'test/idle:1',
          securityContext: { readOnlyRootFilesystem: true },
          volumeMounts: [{ name: 'own', mountPath: '/var/run/own' }],
        },
      ],
    });
    expect(() => fs?.writeFile('/etc/passwd', '')).toThrow('Read-only file system');
    fs?.writeFile('/var/run/own/file', 'text');
    expect(fs?.readFile('/var/run/own/file')).toBe('text');
  });
});
