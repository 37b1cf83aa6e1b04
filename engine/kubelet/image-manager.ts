// Pulls images for containers: policies, one pull at a time, back-off, and what is said of each.

import type { EventRecorder } from '../client/index.ts';
import type { Container, ContainerImage, ObjectReference, Pod } from '../api/types.ts';
import { formatReference, ImageNameError, parseReference } from '../images/reference.ts';
import { PullError, type Image, type Registry } from '../images/types.ts';
import { Signal, type Co, type Sim } from '../sim/index.ts';
import { Backoff } from './backoff.ts';
import type { Container as RuntimeContainer } from './container.ts';
import { goDuration, quote } from './format.ts';

/** A reason and a message, as `state.waiting` shows them. */
export interface Waiting {
  reason: string;
  message: string;
}

// A registry answers in some hundred milliseconds; a node of a small cluster gets about 40 MB/s.
const RESOLVE_MS = 250;
const RESOLVE_JITTER_MS = 300;
const BYTES_PER_MS = 40_000;

export class ImageManager {
  private readonly sim: Sim;
  private readonly registry: Registry;
  private readonly recorder: EventRecorder;
  private readonly backoff = new Backoff();
  /** What the last failed pull of a back-off key said. */
  private readonly failures = new Map<string, string>();
  /** By full reference. */
  private readonly present = new Map<string, Image>();
  /** Their sizes together. */
  bytes = 0;
  /** When images came, and when the last round of garbage collection saw them used. */
  readonly addedAt = new Map<string, number>();
  readonly usedAt = new Map<string, number>();
  /** The last round has not freed what it should. */
  collectionFailed = false;
  /** How many are pulled at a time (kubelet: serializeImagePulls); the first in the queue pull. */
  parallel = 1;
  private readonly queue: Signal[] = [];
  /** Fires in `changed` when the list of images on the node has grown. */
  private readonly changed: () => void;

  constructor(sim: Sim, registry: Registry, recorder: EventRecorder, changed: () => void) {
    this.sim = sim;
    this.registry = registry;
    this.recorder = recorder;
    this.changed = changed;
  }

  private add(image: Image) {
    if (!this.present.has(image.reference)) {
      this.bytes += image.size;
      this.addedAt.set(image.reference, this.sim.now);
    }
    this.present.set(image.reference, image);
  }

  /** All that may be removed: sandboxes are made of the image pause. */
  references(): string[] {
    return [...this.present.keys()].filter((one) => !this.present.get(one)?.repository.endsWith('/pause'));
  }

  /** Takes an image off the node; the bytes that have come free. */
  remove(reference: string): number {
    const image = this.present.get(reference);
    if (!image) return 0;
    this.present.delete(reference);
    this.addedAt.delete(reference);
    this.usedAt.delete(reference);
    this.bytes -= image.size;
    this.changed();
    return image.size;
  }

  /** Puts an image on the node outside of any Pod, as an installer does; the answer is why it cannot. */
  preload(reference: string): PullError | undefined {
    const image = this.registry.pull(reference);
    if (image instanceof PullError) return image;
    this.add(image);
    return undefined;
  }

  /** Sees to it that an image for a Pod is on the node; events about `ref` tell how. */
  *ensure(
    pod: Pod,
    { image: wanted = '', imagePullPolicy: policy = 'IfNotPresent' }: Pick<Container, 'image' | 'imagePullPolicy'>,
    ref: ObjectReference,
  ): Co<Image | Waiting> {
    const { recorder, sim } = this;
    let full: string;
    try {
      full = formatReference(parseReference(wanted));
    } catch (error) {
      if (!(error instanceof ImageNameError)) throw error;
      const why = `couldn't parse image name ${quote(wanted)}: ${error.message}`;
      const message = `Failed to apply default image tag ${quote(wanted)}: ${why}`;
      recorder.event(ref, 'Warning', 'InspectFailed', message);
      return { reason: 'InvalidImageName', message };
    }
    const here = this.present.get(full);
    if (policy !== 'Always' && here) {
      const message = `Container image ${quote(wanted)} already present on machine and can be accessed by the pod`;
      recorder.event(ref, 'Normal', 'Pulled', message);
      return here;
    }
    if (policy === 'Never') {
      const message = `Container image ${quote(wanted)} is not present with pull policy of Never`;
      recorder.event(ref, 'Warning', 'ErrImageNeverPull', message);
      return { reason: 'ErrImageNeverPull', message };
    }
    const key = `${pod.metadata?.uid}_${wanted}`;
    if (this.backoff.activeSinceUpdate(key, sim.now)) {
      const message = `Back-off pulling image ${quote(wanted)}`;
      recorder.event(ref, 'Normal', 'BackOff', message);
      const before = this.failures.get(key);
      return { reason: 'ImagePullBackOff', message: before ? `${message}: ${before}` : message };
    }
    recorder.event(ref, 'Normal', 'Pulling', `Pulling image ${quote(wanted)}`);
    const asked = sim.now;
    const turn = new Signal();
    let began: number;
    let result: Image | PullError;
    this.queue.push(turn);
    try {
      while (this.queue.indexOf(turn) >= this.parallel) yield turn;
      began = sim.now;
      result = yield* this.pull(full);
    } finally {
      this.leave(turn);
    }
    if (result instanceof PullError) {
      const text = `rpc error: code = ${result.code} desc = ${result.message}`;
      recorder.event(ref, 'Warning', 'Failed', `Failed to pull image ${quote(wanted)}: ${text}`);
      this.backoff.next(key, sim.now, sim.now);
      this.failures.set(key, `ErrImagePull: ${text}`);
      return { reason: 'ErrImagePull', message: text };
    }
    const took = goDuration(Math.round(sim.now - began));
    const waited = goDuration(Math.round(sim.now - asked));
    recorder.event(
      ref,
      'Normal',
      'Pulled',
      `Successfully pulled image ${quote(wanted)} in ${took} (${waited} including waiting). Image size: ${result.size} bytes.`,
    );
    this.failures.delete(key);
    return result;
  }

  /** Done, or given up while waiting: the next in the queue goes on. */
  private leave(turn: Signal) {
    const place = this.queue.indexOf(turn);
    // Of a long queue the first goes cheaply.
    if (place === 0) this.queue.shift();
    else this.queue.splice(place, 1);
    if (place < this.parallel) this.queue[this.parallel - 1]?.fire();
  }

  /** Gets what is not there yet; `full`: with registry and tag. */
  *pull(full: string): Co<Image | PullError> {
    yield (
      RESOLVE_MS + this.sim.random('image-pull').int(RESOLVE_JITTER_MS) + (this.registry.faults.of(full)?.slow ?? 0)
    );
    const image = this.registry.pull(full);
    if (image instanceof PullError || this.present.get(image.reference)) return image;
    yield Math.ceil(image.size / BYTES_PER_MS);
    this.add(image);
    this.changed();
    return image;
  }

  /** Runs when a container has started: an image that was told to crash does. */
  started(container: RuntimeContainer) {
    const after = this.registry.faults.of(container.config.image.reference)?.crashAfter;
    if (after !== undefined) this.sim.after(after, () => container.exit(1));
  }

  /** As the node's status lists them: largest first, with digests and tags. */
  list(): ContainerImage[] {
    const byDigest = new Map<string, { names: string[]; sizeBytes: number }>();
    for (const image of this.present.values()) {
      const digest = `${image.repository}@${image.digest}`;
      const entry = byDigest.get(digest) ?? { names: [digest], sizeBytes: image.size };
      if (!image.reference.includes('@')) entry.names.push(image.reference);
      byDigest.set(digest, entry);
    }
    return [...byDigest.values()].sort((a, b) => b.sizeBytes - a.sizeBytes).slice(0, 50);
  }
}
