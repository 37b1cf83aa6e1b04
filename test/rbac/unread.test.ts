// Objects that their sender notes only: events.

import { expect, test } from 'vitest';
import { Client, eventName, isAlreadyExists, isNotFound } from '../../engine/client/index.ts';
import type { KubeObject } from '../../engine/api/types.ts';
import { aUser, serve, user } from './support.ts';

const EVENTS = '/api/v1/namespaces/default/events';

const event = (name: string, namespace: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name, namespace },
  involvedObject: { kind: 'Pod', namespace, name: 'p' },
  type: 'Normal',
});

/** A component that may create events. */
function sender() {
  const cluster = serve();
  const { role, bind, server } = cluster;
  role('recorder', [{ apiGroups: [''], resources: ['events'], verbs: ['create'] }]);
  bind('recorder', { kind: 'Role', name: 'recorder' }, [aUser('robot')]);
  const events = new Client(server.handle, 'robot/v1', user('robot')).of<KubeObject>('v1', 'events');
  let made = 0;
  const note = (name: string, namespace = 'default') =>
    events.createUnread(namespace, { name }, () => {
      made++;
      return event(name, namespace);
    });
  return { ...cluster, note, made: () => made };
}

test('an event that was only noted is like one that went through all stages', () => {
  const { note, made, send, server, sim } = sender();
  note('first');
  note('second');
  expect(made()).toBe(1);
  sim.runUntil(sim.now + 5000);
  const [first, second] = ['first', 'second'].map((name) => send('GET', `${EVENTS}/${name}`).body);
  expect(made()).toBe(2);
  const alike = ({ metadata, ...rest }: KubeObject) => {
    const { name: _name, uid: _uid, resourceVersion: _version, ...others } = metadata;
    return { ...rest, metadata: others };
  };
  expect(alike(second)).toEqual(alike(first));
  expect(second.metadata.managedFields[0].manager).toBe('robot');
  expect(second.metadata.uid).not.toBe(first.metadata.uid);
  expect(Number(second.metadata.resourceVersion)).toBe(Number(first.metadata.resourceVersion) + 1);
  const logged = server.requests.since(0).filter(({ userAgent }) => userAgent === 'robot/v1');
  expect(logged).toHaveLength(2);
  expect(logged[1]).toEqual(logged[0]);
});

test('an event is refused whose name is taken, or whose namespace is missing or going', () => {
  const { note, send, server } = sender();
  note('a');
  note('b');
  expect(() => note('b')).toThrow('events "b" already exists');
  expect(() => note('c', 'nowhere')).toThrow('forbidden');
  const admin = new Client(server.handle, 'a', { name: 'a', groups: ['system:masters'] }).of<KubeObject>(
    'v1',
    'events',
  );
  const create = (name: string, namespace: string) =>
    admin.createUnread(namespace, { name }, () => event(name, namespace));
  const failure = (act: () => void) => {
    try {
      act();
    } catch (error) {
      return error;
    }
    return undefined;
  };
  create('d', 'default');
  expect(isAlreadyExists(failure(() => create('d', 'default')))).toBe(true);
  expect(isNotFound(failure(() => create('d', 'nowhere')))).toBe(true);
  send('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'going' } });
  const next = () => create(`e${server.requests.count}`, 'going');
  next();
  next();
  send('DELETE', '/api/v1/namespaces/going');
  expect(next).toThrow('because it is being terminated');
});

test('who loses the right to create events cannot note them any more', () => {
  const { note, send } = sender();
  note('a');
  note('b');
  send('DELETE', '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings/recorder');
  expect(() => note('c')).toThrow('events is forbidden: User "robot" cannot create resource "events"');
});

test('the name of an event ends with the time in nanoseconds', () => {
  for (const ms of [0, 1, 16_777_215, 16_777_216, Date.UTC(2026, 0, 5, 9) + 0.5, Date.UTC(2191, 11, 31)]) {
    for (const nanoseconds of [0, 1, 999_999]) {
      const digits = (BigInt(Math.floor(ms)) * 1_000_000n + BigInt(nanoseconds)).toString(16);
      expect(eventName('p', ms, nanoseconds).replace(/^p\.0*(?=.)/, '')).toBe(digits);
    }
  }
});
