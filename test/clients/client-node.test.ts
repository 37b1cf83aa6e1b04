// @kubernetes/client-node, a client library that nobody here wrote: objects, patches, watches, informers, streams.

import {
  AppsV1Api,
  CoreV1Api,
  Exec,
  KubeConfig,
  Log,
  makeInformer,
  PatchStrategy,
  PortForward,
  setHeaderOptions,
  Watch,
  type V1ConfigMap,
  type V1Status,
} from '@kubernetes/client-node';
import { PassThrough, Writable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, serve, type Served } from './served.ts';

let cluster: Served;
let config: KubeConfig;
let core: CoreV1Api;
const namespace = 'default';

/** Keeps what is written to it. */
class Kept extends Writable {
  text = '';
  override _write(part: Buffer, _encoding: string, done: () => void) {
    this.text += part.toString();
    done();
  }
}

beforeAll(async () => {
  cluster = await serve();
  config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfig);
  core = config.makeApiClient(CoreV1Api);
  const container = { name: 'web', image: 'nginx:1.27' };
  await core.createNamespacedPod({ namespace, body: { metadata: { name: 'web' }, spec: { containers: [container] } } });
  await eventually('the Pod runs', async () => {
    const { status } = await core.readNamespacedPod({ namespace, name: 'web' });
    return status?.phase === 'Running';
  });
});
afterAll(() => cluster.close());

test('objects are created, listed by label, patched in three ways and deleted', async () => {
  const name = 'settings';
  await core.createNamespacedConfigMap({
    namespace,
    body: { metadata: { name, labels: { app: 'x' } }, data: { a: '1', b: '2' } },
  });
  await core.patchNamespacedConfigMap(
    { namespace, name, body: [{ op: 'replace', path: '/data/a', value: '3' }] },
    setHeaderOptions('Content-Type', PatchStrategy.JsonPatch),
  );
  await core.patchNamespacedConfigMap(
    { namespace, name, body: { data: { b: null } } },
    setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
  );
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { c: '4' } };
  await core.patchNamespacedConfigMap(
    { namespace, name, body, fieldManager: 'library' },
    setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply),
  );
  const { items } = await core.listNamespacedConfigMap({ namespace, labelSelector: 'app=x' });
  expect(items.map((item) => item.data)).toEqual([{ a: '3', c: '4' }]);
  expect(items[0].metadata?.creationTimestamp).toBeInstanceOf(Date);
  await core.deleteNamespacedConfigMap({ namespace, name });
  await expect(core.readNamespacedConfigMap({ namespace, name })).rejects.toMatchObject({ code: 404 });
});

test('an update from an old version is refused', async () => {
  const apps = config.makeApiClient(AppsV1Api);
  const labels = { app: 'old' };
  const spec = {
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [] as never } },
  };
  const image = { name: 'c', image: 'nginx' };
  spec.template.spec.containers = [image] as never;
  const made = await apps.createNamespacedDeployment({ namespace, body: { metadata: { name: 'old' }, spec } });
  await apps.patchNamespacedDeployment(
    { namespace, name: 'old', body: { metadata: { labels: { touched: 'yes' } } } },
    setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch),
  );
  await expect(apps.replaceNamespacedDeployment({ namespace, name: 'old', body: made })).rejects.toMatchObject({
    code: 409,
  });
});

test('a watch brings every change in order', async () => {
  const seen: string[] = [];
  const controller = await new Watch(config).watch(
    `/api/v1/namespaces/${namespace}/configmaps`,
    { labelSelector: 'watched=yes' },
    (phase: string, object: V1ConfigMap) => seen.push(`${phase} ${object.data?.n ?? ''}`),
    () => {},
  );
  const metadata = { name: 'watched', labels: { watched: 'yes' } };
  await core.createNamespacedConfigMap({ namespace, body: { metadata, data: { n: '1' } } });
  await core.replaceNamespacedConfigMap({ namespace, name: 'watched', body: { metadata, data: { n: '2' } } });
  await core.deleteNamespacedConfigMap({ namespace, name: 'watched' });
  await eventually('all events came', () => seen.length === 3);
  expect(seen).toEqual(['ADDED 1', 'MODIFIED 2', 'DELETED 2']);
  controller.abort();
  await eventually('the watch is gone', () => cluster.address.live.open === 0);
});

test('an informer holds what there is', async () => {
  const informer = makeInformer(config, `/api/v1/namespaces/${namespace}/secrets`, () =>
    core.listNamespacedSecret({ namespace }),
  );
  await informer.start();
  await core.createNamespacedSecret({ namespace, body: { metadata: { name: 'kept' }, stringData: { k: 'v' } } });
  await eventually('it knows of the secret', () => informer.get('kept', namespace)?.data?.k === 'dg==');
  await core.deleteNamespacedSecret({ namespace, name: 'kept' });
  await eventually('it has heard of the deletion', () => informer.get('kept', namespace) === undefined);
  await informer.stop();
});

test('exec on a terminal knows the terminal’s size, and a new one', async () => {
  const screen = Object.assign(new Kept(), { columns: 132, rows: 43 });
  const input = new PassThrough();
  const size = 'stty size; echo $LINES x $COLUMNS\n';
  const socket = await new Exec(config).exec(namespace, 'web', 'web', ['bash'], screen, null, input, true);
  await eventually('a prompt', () => screen.text.includes('# '));
  input.write(size);
  await eventually('the first size', () => screen.text.includes('43 132\n43 x 132\n'));
  Object.assign(screen, { columns: 80, rows: 24 });
  screen.emit('resize');
  await new Promise((resolve) => setTimeout(resolve, 50));
  input.write(size);
  await eventually('the second size', () => screen.text.includes('24 80\n24 x 80\n'));
  socket.close();
});

test('exec carries the streams and tells the exit status', async () => {
  const out = new Kept();
  const problems = new Kept();
  const input = new PassThrough();
  const ended = new Promise<V1Status>((resolve) => {
    const command = ['sh', '-c', 'read x; echo "$x!"; echo oh >&2; exit 5'];
    void new Exec(config).exec(namespace, 'web', 'web', command, out, problems, input, false, resolve);
  });
  input.write('hey\n');
  const status = await ended;
  expect(out.text).toBe('hey!\n');
  expect(problems.text).toBe('oh\n');
  expect(status).toMatchObject({ status: 'Failure', reason: 'NonZeroExitCode' });
  expect(status.details?.causes).toEqual([{ reason: 'ExitCode', message: '5' }]);
});

test('a log is followed', async () => {
  const script = 'for i in 1 2 3; do echo line $i; sleep 1; done';
  const container = { name: 'c', image: 'busybox', command: ['sh', '-c', script] };
  const body = { metadata: { name: 'talker' }, spec: { restartPolicy: 'Never', containers: [container] } };
  await core.createNamespacedPod({ namespace, body });
  await eventually('it has started', async () => {
    const { status } = await core.readNamespacedPod({ namespace, name: 'talker' });
    return status?.phase !== 'Pending';
  });
  const text = new Kept();
  await new Log(config).log(namespace, 'talker', 'c', text, { follow: true });
  await eventually('all lines came', () => text.text === 'line 1\nline 2\nline 3\n');
  await eventually('the log has ended with its container', () => cluster.address.live.open === 0);
});

test('port-forward carries a request and its answer', async () => {
  const out = new Kept();
  const input = new PassThrough();
  await new PortForward(config).portForward(namespace, 'web', [80], out, null, input);
  input.write('GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n');
  await eventually('the page came', () => out.text.includes('</html>'));
  expect(out.text).toMatch(/^HTTP\/1.1 200 OK\r\n/);
});
