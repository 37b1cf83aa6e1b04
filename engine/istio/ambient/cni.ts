// istio-cni-node: takes the Pods of its node into the mesh when their namespace asks for ambient mode.

import type { KubeObject, Pod } from '../../api/types.ts';
import { ApiError, Informer, type Client } from '../../client/index.ts';
import { clock, untilSignal } from '../../images/service.ts';
import { serveHttp, type Process, type Program } from '../../linux/index.ts';
import { Signal, type Co } from '../../sim/index.ts';
import { isRedirected, probedPods, redirectPod, releasePod, TUNNEL } from './redirection.ts';

const MODE = 'istio.io/dataplane-mode';
const ANNOTATION = 'ambient.istio.io/redirection';
/** Until a Pod is looked at again whose ztunnel does not listen yet. */
const RETRY = 100;

export function installCni(connect: (process: Process) => Client | undefined): Program {
  return function* (process): Co<number> {
    yield 200;
    const client = connect(process);
    if (!client) return 1;
    const { sim, net } = process.host;
    const node = process.env.KUBERNETES_NODE_NAME ?? '';
    const pods = new Informer<Pod>();
    const namespaces = new Informer<KubeObject>();
    const changed = new Signal();
    const work = { due: true };
    const touch = () => {
      work.due = true;
      changed.fire();
    };
    const always = { add: touch, update: touch, delete: touch };
    for (;;) {
      try {
        namespaces.start(client, 'v1', 'namespaces', {});
        pods.start(client, 'v1', 'pods', { fieldSelector: `spec.nodeName=${node}` });
        break;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        namespaces.stop();
        yield 1_000;
      }
    }
    pods.on(always);
    namespaces.on(always);
    // eslint-disable-next-line require-yield
    serveHttp(
      sim,
      net,
      8000,
      function* () {
        return { status: 200, body: '' };
      },
      { process },
    );
    const task = sim.spawn(
      'istio-cni',
      (function* (): Co {
        for (;;) {
          while (!work.due) yield changed;
          work.due = false;
          let late = false;
          for (const pod of pods.list())
            late = settle(process, client, pod, namespaces.get('', pod.metadata?.namespace ?? '')) || late;
          if (late) {
            yield RETRY;
            work.due = true;
          } else yield 1;
        }
      })(),
    );
    yield* untilSignal(process, ['TERM', 'INT']);
    task.kill();
    pods.stop();
    namespaces.stop();
    return 0;
  };
}

/** Takes a Pod in or lets it go; true: not yet, look again. */
function settle(process: Process, client: Client, pod: Pod, namespace: KubeObject | undefined): boolean {
  const { metadata = {}, spec, status } = pod;
  const ip = status?.podIP;
  if (!ip || spec?.hostNetwork || status?.phase !== 'Running') return false;
  const mode = metadata.labels?.[MODE] ?? namespace?.metadata.labels?.[MODE];
  const sidecar = metadata.annotations?.['sidecar.istio.io/status'] !== undefined;
  const wanted = mode === 'ambient' && !sidecar;
  const net = process.host.net.network.byAddress.get(ip);
  if (!net) return false;
  const node = process.host.net.network.byAddress.get(status?.hostIP ?? '');
  const marked = metadata.annotations?.[ANNOTATION] === 'enabled';
  if (wanted !== marked) {
    const annotations = { [ANNOTATION]: wanted ? 'enabled' : null };
    client
      .of<Pod>('v1', 'pods')
      .patch(metadata.namespace ?? '', metadata.name ?? '', 'merge', { metadata: { annotations } });
    const text = `${wanted ? 'adding' : 'removing'} pod to the mesh\tns=${metadata.namespace} name=${metadata.name}`;
    process.stderr.write(`${clock(process).iso.replace('Z', '000Z')}\tinfo\tambient\t${text}\n`);
  }
  if (wanted === isRedirected(net)) return false;
  if (!wanted) {
    releasePod(net);
    if (node) probedPods(node).members.delete(ip);
    return false;
  }
  if (!net.listener(ip, TUNNEL)) return true;
  if (node) probedPods(node).members.add(ip);
  redirectPod(net);
  return false;
}
