// What a Pod's containers read from the API: ConfigMaps and Secrets, kept at hand for as long as the Pod is here, and the
// environment made of them.

import type { Container } from '../api/types.ts';
import { makeEnv } from './env.ts';
import type { CachedKind } from './object-cache.ts';
import type { PodWorker } from './pod-worker.ts';
import { podRef } from './reference.ts';

export class PodObjects {
  private readonly worker: PodWorker;
  private kept: Map<string, () => void> | undefined;

  constructor(worker: PodWorker) {
    this.worker = worker;
  }

  environment(spec: Container): Readonly<Record<string, string>> {
    const { kubelet, pod, sandbox, volumes } = this.worker;
    const namespace = pod.metadata?.namespace ?? '';
    if (!spec.env && !spec.envFrom) return kubelet.serviceLinks.of(namespace, pod.spec?.enableServiceLinks !== false);
    return makeEnv(pod, spec, {
      configMap: (name) => this.keyValues('configmaps', name),
      secret: (name) => this.keyValues('secrets', name),
      file: (volume, path) => volumes.text(volume, path),
      services: () => kubelet.serviceLinks.of(namespace, pod.spec?.enableServiceLinks !== false),
      podIP: sandbox?.ip ?? '',
      secondaryPodIP: sandbox?.secondaryIP,
      hostIP: kubelet.node.ip,
      secondaryHostIP: kubelet.node.secondaryIP,
      allocatable: kubelet.allocatable,
    });
  }

  /** The content of a ConfigMap or Secret. */
  private keyValues(kind: CachedKind, name: string): Record<string, string> | undefined {
    const { kubelet, pod } = this.worker;
    const { objects } = kubelet;
    const namespace = pod.metadata?.namespace ?? '';
    const key = `${kind}/${name}`;
    const kept = (this.kept ??= new Map<string, () => void>());
    if (!kept.has(key))
      kept.set(
        key,
        objects.use(kind, namespace, name, () => {}),
      );
    return objects.data(kind, namespace, name);
  }

  /** Registries here need no credentials; one that is named and does not exist is reported all the same. */
  checkPullSecrets() {
    const missing = this.worker.pod.spec?.imagePullSecrets?.filter(
      ({ name }) => name && !this.keyValues('secrets', name),
    );
    if (!missing?.length) return;
    const names = missing.map(({ name }) => name).join(', ');
    const text = `Unable to retrieve some image pull secrets (${names}); attempting to pull the image may not succeed.`;
    this.worker.kubelet.recorder.event(podRef(this.worker.pod), 'Warning', 'FailedToRetrieveImagePullSecret', text);
  }

  release() {
    this.kept?.forEach((release) => release());
    this.kept = undefined;
  }
}
