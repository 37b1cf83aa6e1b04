import { describe, expect, it } from 'vitest';
import { startNode } from './node.ts';

const two = [
  { name: 'web', image: 'nginx' },
  { name: 'shell', image: 'busybox', command: ['sleep', '1000'] },
];

describe('process namespaces', () => {
  it('are a container’s own unless the Pod shares one', () => {
    const node = startNode();
    node.create('own', { containers: two });
    node.create('shared', { shareProcessNamespace: true, containers: two });
    node.wait(15);
    const ps = (pod: string) => node.exec(pod, 'shell', ['ps']).stdout;
    expect(ps('own')).not.toContain('nginx');
    expect(ps('shared')).toMatch(/^ +1 65535 .* \/pause$/m);
    expect(ps('shared')).toMatch(/nginx/);
  });

  it('let one container end another’s process when shared', () => {
    const node = startNode();
    node.create('shared', { shareProcessNamespace: true, containers: two });
    node.wait(15);
    const pid = /^ *(\d+) .*nginx/m.exec(node.exec('shared', 'shell', ['ps']).stdout)?.[1] ?? '';
    node.exec('shared', 'shell', ['kill', '-9', pid]);
    node.wait(5);
    const [web, shell] = node.pod('shared').status?.containerStatuses ?? [];
    expect([web, shell].map(({ name, restartCount }) => `${name} ${restartCount}`).sort()).toEqual([
      'shell 0',
      'web 1',
    ]);
  });

  it('of a target are seen by a debug container', () => {
    const node = startNode();
    node.create('web', { containers: [{ name: 'web', image: 'nginx' }] });
    node.wait(10);
    node.client.patch('/api/v1/namespaces/default/pods/web/ephemeralcontainers', 'strategic', {
      spec: { ephemeralContainers: [{ name: 'debug', image: 'busybox', command: ['ps'], targetContainerName: 'web' }] },
    });
    node.wait(10);
    expect(node.logs('web', 'debug')).toContain('nginx');
  });
});

describe('a RuntimeClass', () => {
  it('whose handler the node does not have keeps the sandbox from being made', () => {
    const node = startNode();
    const classes = node.client.of('node.k8s.io/v1', 'runtimeclasses', false);
    for (const [name, handler] of [
      ['plain', 'runc'],
      ['fancy', 'kata'],
    ]) {
      classes.create('', { apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name }, handler } as never);
      node.create(name, { runtimeClassName: name, containers: [{ name: 'web', image: 'nginx' }] });
    }
    node.wait(15);
    expect(node.pod('plain').status?.phase).toBe('Running');
    expect(node.pod('fancy').status?.phase).toBe('Pending');
    expect(node.events('fancy').join('\n')).toContain('no runtime for "kata" is configured');
  });
});
