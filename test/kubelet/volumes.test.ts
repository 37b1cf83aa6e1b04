import { describe, expect, it } from 'vitest';
import { DirNode, FileNode, FileSystem, type Program } from '../../engine/linux/index.ts';
import { imageOf, startNode } from './node.ts';

/** Each command `CODE PATH` of the exec'ed program answers from the container's files. */
const files: Program = function* (process) {
  const [, what, path, text] = process.argv;
  const fs = process.host.fs.view(process);
  yield 1;
  if (what === 'read') process.stdout.write(fs.readFile(path));
  else if (what === 'list') process.stdout.write(fs.readdir(path).join(' '));
  else if (what === 'mode') process.stdout.write((fs.stat(path).mode & 0o777).toString(8));
  else if (what === 'write') fs.writeFile(path, text);
  else for (;;) yield 60_000;
  return 0;
};
const repositories = [imageOf('files', files)];
const container = (
  name: string,
  volumeMounts: { name: string; mountPath: string; subPath?: string; readOnly?: boolean }[],
) => ({
  name,
  image: 'test/files:1',
  volumeMounts,
});
const run = (node: ReturnType<typeof startNode>, pod: string, name: string, ...args: string[]) =>
  node.exec(pod, name, ['/main', ...args]).stdout;

describe('volumes', () => {
  it('an emptyDir is shared by the containers of a Pod and survives their restarts', () => {
    const node = startNode({ repositories });
    const mounts = [{ name: 'work', mountPath: '/srv' }];
    node.create('app', {
      volumes: [{ name: 'work', emptyDir: {} }],
      containers: [container('one', mounts), container('two', mounts)],
    });
    node.wait(4);
    expect(run(node, 'app', 'one', 'write', '/srv/note', 'hello')).toBe('');
    expect(run(node, 'app', 'two', 'read', '/srv/note')).toBe('hello');
  });

  it('a ConfigMap shows as files behind ..data and follows the object within two minutes', () => {
    const node = startNode({ repositories });
    node.configMap('settings', { color: 'blue', size: 'xl' });
    node.create('app', {
      volumes: [{ name: 'cfg', configMap: { name: 'settings', defaultMode: 0o400 } }],
      containers: [
        container('main', [
          { name: 'cfg', mountPath: '/etc/cfg' },
          { name: 'cfg', mountPath: '/etc/color', subPath: 'color' },
        ]),
      ],
    });
    node.wait(4);
    expect(run(node, 'app', 'main', 'list', '/etc/cfg')).toMatch(
      /^\.\.\d{4}_\d\d_\d\d_\d\d_\d\d_\d\d\.\d+ \.\.data color size$/,
    );
    expect(run(node, 'app', 'main', 'read', '/etc/cfg/color')).toBe('blue');
    expect(run(node, 'app', 'main', 'mode', '/etc/cfg/color')).toBe('400');
    expect(run(node, 'app', 'main', 'write', '/etc/cfg/color', 'x')).toContain('Read-only file system');
    node.configMap('settings', { color: 'red' });
    expect(run(node, 'app', 'main', 'read', '/etc/cfg/color')).toBe('blue');
    node.wait(120);
    expect(run(node, 'app', 'main', 'read', '/etc/cfg/color')).toBe('red');
    expect(run(node, 'app', 'main', 'read', '/etc/color')).toBe('blue');
  });

  it('a Secret is decoded, and items choose keys, paths and modes', () => {
    const node = startNode({ repositories });
    node.client.of('v1', 'secrets').create('default', {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'keys', namespace: 'default' },
      data: { user: 'YWRtaW4=', password: 'aHVudGVyMg==' },
    });
    node.create('app', {
      volumes: [{ name: 's', secret: { secretName: 'keys', items: [{ key: 'user', path: 'my/name', mode: 0o440 }] } }],
      containers: [container('main', [{ name: 's', mountPath: '/s', readOnly: true }])],
    });
    node.wait(4);
    expect(run(node, 'app', 'main', 'read', '/s/my/name')).toBe('admin');
    expect(run(node, 'app', 'main', 'mode', '/s/my/name')).toBe('440');
    expect(run(node, 'app', 'main', 'list', '/s')).not.toContain('password');
  });

  it('the service account directory holds namespace, authority and a token', () => {
    const node = startNode({ repositories });
    node.create('app', { containers: [container('main', [])] });
    node.wait(4);
    const dir = '/var/run/secrets/kubernetes.io/serviceaccount';
    expect(run(node, 'app', 'main', 'read', `${dir}/namespace`)).toBe('default');
    expect(run(node, 'app', 'main', 'read', `${dir}/ca.crt`)).toBe('CERTIFICATE');
    expect(run(node, 'app', 'main', 'read', `${dir}/token`).length).toBeGreaterThan(20);
  });

  it('the downward API writes labels and limits', () => {
    const node = startNode({ repositories });
    node.create(
      'app',
      {
        volumes: [
          {
            name: 'info',
            downwardAPI: {
              items: [
                { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
                { path: 'annotations', fieldRef: { fieldPath: 'metadata.annotations' } },
                { path: 'cpu', resourceFieldRef: { containerName: 'main', resource: 'limits.cpu', divisor: '1m' } },
              ],
            },
          },
        ],
        containers: [
          { ...container('main', [{ name: 'info', mountPath: '/info' }]), resources: { limits: { cpu: '250m' } } },
        ],
      },
      { labels: { zone: 'a', app: 'demo' } },
    );
    node.wait(4);
    expect(run(node, 'app', 'main', 'read', '/info/labels')).toBe('app="demo"\nzone="a"');
    expect(run(node, 'app', 'main', 'read', '/info/cpu')).toBe('250');
    // The kubelet's own copy of a Pod says where it came from.
    expect(run(node, 'app', 'main', 'read', '/info/annotations')).toMatch(
      /^kubernetes\.io\/config\.seen="20\S+Z"\nkubernetes\.io\/config\.source="api"$/,
    );
  });

  it('a hostPath is the node’s own directory', () => {
    const node = startNode({ repositories });
    node.create('app', {
      volumes: [{ name: 'host', hostPath: { path: '/var/data', type: 'DirectoryOrCreate' } }],
      containers: [container('main', [{ name: 'host', mountPath: '/data' }])],
    });
    node.wait(4);
    run(node, 'app', 'main', 'write', '/data/file', 'kept');
    expect(node.kubelet.machine.fs.readFile('/var/data/file')).toBe('kept');
    expect(new FileSystem().exists('/var/data')).toBe(false);
  });

  it('an emptyDir of memory is as large as its limit, and what is in it is held by the container', () => {
    const node = startNode();
    const volumeMounts = [
      { name: 'small', mountPath: '/small' },
      { name: 'large', mountPath: '/large' },
    ];
    node.create('box', {
      containers: [
        {
          name: 'c',
          image: 'busybox',
          command: ['sleep', '1h'],
          volumeMounts,
          resources: { limits: { memory: '4Mi' } },
        },
      ],
      volumes: [
        { name: 'small', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
        { name: 'large', emptyDir: { medium: 'Memory' } },
      ],
    });
    node.wait(5);
    const run = (command: string) => node.exec('box', 'c', ['sh', '-c', command]).stdout;
    expect(run('head -c 2000000 /dev/zero > /small/x; wc -c /small/x')).toBe(
      '1048576 /small/x\nhead: write error: No space left on device\n',
    );
    expect(run('echo more > /small/y; echo $?')).toBe('1\nsh: echo: write error: No space left on device\n');
    expect(run('dd if=/dev/zero of=/small/x bs=1024 count=2000')).toContain('No space left on device');
    const held = () => Number(run('cat /sys/fs/cgroup/memory.current'));
    expect(held()).toBeGreaterThan(1_048_576);
    expect(run('rm /small/x; echo fits > /small/y; cat /small/y')).toBe('fits\n');
    expect(held()).toBeLessThan(1_048_576);
    run('head -c 5000000 /dev/zero > /large/x');
    node.wait(3);
    const [{ restartCount, lastState }] = node.pod('box').status?.containerStatuses ?? [];
    expect(restartCount).toBe(1);
    expect(lastState?.terminated?.reason).toBe('OOMKilled');
  });

  it('a hostPath has what is mounted below, and with mountPropagation what is mounted later', () => {
    const node = startNode();
    const { fs } = node.kubelet.machine;
    const disk = (text: string) => {
      const root = new DirNode();
      root.set('file', new FileNode(text));
      return root;
    };
    fs.mkdir('/data/late', { recursive: true });
    fs.mount('/data/early', disk('early\n'));
    const mounted = (name: string, mountPropagation?: string) =>
      node.create(name, {
        containers: [
          {
            name: 'c',
            image: 'busybox',
            command: ['sleep', '1h'],
            volumeMounts: [{ name: 'd', mountPath: '/d', mountPropagation }],
          },
        ],
        volumes: [{ name: 'd', hostPath: { path: '/data' } }],
      });
    mounted('private');
    mounted('follower', 'HostToContainer');
    node.wait(5);
    fs.mount('/data/late', disk('late\n'));
    const cat = (pod: string, path: string) => node.exec(pod, 'c', ['cat', path]);
    expect(cat('private', '/d/early/file').stdout).toBe('early\n');
    expect(cat('private', '/d/late/file').exitCode).toBe(1);
    expect(cat('follower', '/d/late/file').stdout).toBe('late\n');
    fs.unmount('/data/late');
    expect(cat('follower', '/d/late/file').exitCode).toBe(1);
  });

  it('what is missing keeps the Pod in ContainerCreating until it is there', () => {
    const node = startNode({ repositories });
    node.create('app', {
      volumes: [
        { name: 'cfg', configMap: { name: 'late' } },
        { name: 'maybe', secret: { secretName: 'nope', optional: true } },
      ],
      containers: [container('main', [{ name: 'cfg', mountPath: '/cfg' }])],
    });
    node.wait(10);
    expect(node.pod('app').status?.containerStatuses?.[0].state?.waiting).toEqual({ reason: 'ContainerCreating' });
    expect(node.events('app')[0]).toMatch(
      /^FailedMount x\d+: MountVolume\.SetUp failed for volume "cfg" : configmap "late" not found$/,
    );
    node.configMap('late', { a: '1' });
    node.wait(20);
    expect(node.pod('app').status?.phase).toBe('Running');
  });
});
