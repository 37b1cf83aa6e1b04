// The reclaim policy Recycle: a Pod that empties the volume's directory, on whichever node it lands, so that the volume
// can be offered again (kubernetes/pkg/volume/util/recyclerclient).

import { quantityValue } from '../api/quantity.ts';
import type { Event, PersistentVolume, Pod } from '../api/types.ts';
import { isNotFound, keyOf, type Informer } from '../client/index.ts';
import type { ControllerContext } from './context.ts';

const NAMESPACE = 'default';
const PREFIX = 'recycler-for-';
const IMAGE = 'registry.k8s.io/build-image/debian-base:bookworm-v1.0.2';
const SCRUB = 'test -e /scrub && find /scrub -mindepth 1 -delete && test -z "$(ls -A /scrub)" || exit 1';
/** --pv-recycler-minimum-timeout-hostpath, --pv-recycler-timeout-increment-hostpath, s. */
const LEAST_SECONDS = 60;
const SECONDS_A_GIB = 30;

export class Recycler {
  private readonly context: ControllerContext;
  private readonly pods: Informer<Pod>;
  /** How to stop passing on the events of each volume's Pod. */
  private readonly underWay = new Map<string, () => void>();

  /** `changed` is told the name of a volume whose Pod has got further. */
  constructor(context: ControllerContext, pods: Informer<Pod>, changed: (volume: string) => void) {
    this.context = context;
    this.pods = pods;
    const seen = ({ metadata }: Pod) => {
      const { namespace, name = '' } = metadata;
      if (namespace === NAMESPACE && name.startsWith(PREFIX)) changed(name.slice(PREFIX.length));
    };
    pods.on({ update: seen, delete: seen });
  }

  /** Takes the next step; 'done' once the volume is empty, a text when that failed. */
  step(volume: PersistentVolume): 'done' | 'running' | { error: string } {
    const name = keyOf(volume);
    const pod = this.pods.get(NAMESPACE, PREFIX + name);
    const phase = pod?.status?.phase;
    if (phase === 'Succeeded' || phase === 'Failed') {
      this.end(name);
      if (phase === 'Succeeded') return 'done';
      return { error: pod?.status?.message || 'pod failed, pod.Status.Message unknown.' };
    }
    if (pod) return 'running';
    if (this.underWay.has(name)) {
      this.end(name);
      return { error: 'recycler pod was deleted' };
    }
    this.begin(volume, name);
    return 'running';
  }

  private begin(volume: PersistentVolume, name: string) {
    const { client, recorder } = this.context;
    const gib = Math.floor(quantityValue(volume.spec?.capacity?.storage ?? '0') / 2 ** 30);
    client.of<Pod>('v1', 'pods').create(NAMESPACE, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: PREFIX + name, namespace: NAMESPACE },
      spec: {
        activeDeadlineSeconds: Math.max(LEAST_SECONDS, gib * SECONDS_A_GIB),
        restartPolicy: 'Never',
        containers: [
          {
            name: 'pv-recycler',
            image: IMAGE,
            command: ['/bin/sh'],
            args: ['-c', SCRUB],
            volumeMounts: [{ name: 'vol', mountPath: '/scrub' }],
          },
        ],
        volumes: [{ name: 'vol', hostPath: { path: volume.spec?.hostPath?.path ?? '' } }],
      },
    } as Pod);
    const events = client
      .of<Event>('v1', 'events')
      .watch(NAMESPACE, { fieldSelector: `involvedObject.name=${PREFIX}${name}` });
    events.pipe((type, object) => {
      if (type !== 'ADDED') return;
      const told = object as unknown as Event;
      const kind = told.type === 'Warning' ? 'Warning' : 'Normal';
      // Not inside the request that has written the event.
      this.context.sim.after(0, () => recorder.event(volume, kind, 'RecyclerPod', `Recycler pod: ${told.message}`));
    });
    this.underWay.set(name, () => events.stop());
  }

  private end(name: string) {
    this.underWay.get(name)?.();
    this.underWay.delete(name);
    try {
      this.context.client.of<Pod>('v1', 'pods').delete(NAMESPACE, PREFIX + name);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
