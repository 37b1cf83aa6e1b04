// Which Pods each Service selects, kept by events and shared by the two controllers that publish endpoints: a change
// of one Pod costs a look at the Services of its namespace, not at its fellow Pods.

import { keyOf, splitKey, type Informer, type InformerFactory } from '../client/index.ts';
import { matchesLabels } from '../api/selectors.ts';
import { sameMap } from './owners.ts';
import { isPodFinished, isPodReady } from './pods.ts';
import type { Pod, Service, ServicePort } from '../api/types.ts';

/** How long a sync takes in a real controller manager: changes of Pods in that time are handled by one. */
const SYNC_TIME = 10;

const shared = new WeakMap<InformerFactory, ServicePods>();

export class ServicePods {
  readonly services: Informer<Service>;
  private readonly pods: Informer<Pod>;
  /** The Services of each namespace in the order of their coming. */
  private readonly selections = new Map<string, Map<string, Selection>>();
  private readonly listeners: ((key: string, delay: number) => void)[] = [];

  static of(informers: InformerFactory): ServicePods {
    let one = shared.get(informers);
    if (!one) shared.set(informers, (one = new ServicePods(informers)));
    return one;
  }

  private constructor(informers: InformerFactory) {
    this.services = informers.of<Service>('v1', 'services');
    this.pods = informers.of<Pod>('v1', 'pods');
    this.services.on({
      add: (service) => this.select(service),
      update: (service, old) => {
        if (service.spec?.selector !== old.spec?.selector && !sameMap(service.spec?.selector, old.spec?.selector))
          this.select(service);
        else this.tell(keyOf(service), 0);
      },
      delete: (service) => {
        const { namespace, name } = service.metadata;
        this.selections.get(namespace as string)?.delete(name as string);
        this.tell(keyOf(service), 0);
      },
    });
    this.pods.on({
      add: (pod) => this.place(pod, undefined),
      update: (pod, old) => this.place(pod, old),
      delete: (pod) => this.drop(pod),
    });
  }

  /** Calls `listener` with the key of every Service whose endpoints may have changed and when to look, ms; present ones at once. */
  onChange(listener: (key: string, delay: number) => void) {
    this.listeners.push(listener);
    this.services.list().forEach((service) => listener(keyOf(service), 0));
  }

  /** The Pods that the Service selects, whatever their state. */
  podsOf(key: string): ReadonlyMap<string, Pod> {
    const { namespace, name } = splitKey(key);
    return this.selections.get(namespace)?.get(name)?.pods ?? NO_PODS;
  }

  private tell(key: string, delay: number) {
    for (let i = 0; i < this.listeners.length; i++) this.listeners[i](key, delay);
  }

  private select({ metadata, spec }: Service) {
    const namespace = metadata.namespace as string;
    const name = metadata.name as string;
    const selection: Selection = { key: `${namespace}/${name}`, selector: spec?.selector, pods: new Map() };
    if (selection.selector) {
      for (const pod of this.pods.inNamespace(namespace)) {
        if (matchesLabels(selection.selector, pod.metadata.labels))
          selection.pods.set(pod.metadata.name as string, pod);
      }
    }
    let selections = this.selections.get(namespace);
    if (!selections) this.selections.set(namespace, (selections = new Map()));
    selections.set(name, selection);
    this.tell(selection.key, 0);
  }

  private place(pod: Pod, old: Pod | undefined) {
    const { namespace, name, labels } = pod.metadata;
    const relabeled = !old || (old.metadata.labels !== labels && !sameMap(old.metadata.labels, labels));
    this.selections.get(namespace as string)?.forEach(({ key, selector, pods }) => {
      if (!selector) return;
      const had = pods.has(name as string);
      const has = relabeled ? matchesLabels(selector, labels) : had;
      if (has) pods.set(name as string, pod);
      else if (had) pods.delete(name as string);
      if (has !== had || (has && (relabeled || endpointChanged(pod, old)))) this.tell(key, SYNC_TIME);
    });
  }

  private drop(pod: Pod) {
    this.selections.get(pod.metadata.namespace as string)?.forEach(({ key, pods }) => {
      if (pods.delete(pod.metadata.name as string)) this.tell(key, SYNC_TIME);
    });
  }
}

/** A Service with the Pods that it selects, by name. */
interface Selection {
  key: string;
  selector: Record<string, string> | undefined;
  pods: Map<string, Pod>;
}

const NO_PODS: ReadonlyMap<string, Pod> = new Map();

function endpointChanged(pod: Pod, old: Pod): boolean {
  return (
    pod.metadata.deletionTimestamp !== old.metadata.deletionTimestamp ||
    pod.status?.podIP !== old.status?.podIP ||
    pod.status?.phase !== old.status?.phase ||
    pod.spec?.nodeName !== old.spec?.nodeName ||
    isPodReady(pod) !== isPodReady(old)
  );
}

/** Has an address and is not finished; Pods being deleted only where they are wanted. */
export function isEndpoint(pod: Pod, includeTerminating: boolean): boolean {
  if (isPodFinished(pod) || !pod.status?.podIP) return false;
  return includeTerminating || pod.metadata.deletionTimestamp === undefined;
}

/** The number of the container port that a Service port means on this Pod; undefined when the Pod has no port of that name. */
export function targetPort(pod: Pod, port: ServicePort): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === 'number') return target;
  const protocol = port.protocol ?? 'TCP';
  const sidecars = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars]) {
    for (const one of container.ports ?? []) {
      if (one.name === target && (one.protocol ?? 'TCP') === protocol) return one.containerPort;
    }
  }
  return undefined;
}

/** The host name under which the Pod has a record of its own in the Service's domain. */
export function endpointHostname(pod: Pod, service: Service): string | undefined {
  return pod.spec?.hostname && pod.spec.subdomain === service.metadata.name ? pod.spec.hostname : undefined;
}

/** When the Pod last became ready or unready, as its condition says. */
export function readyChange(pod: Pod): string | undefined {
  return pod.status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime;
}

export const HEADLESS_LABEL = 'service.kubernetes.io/headless';
export const isHeadless = (service: Service): boolean => service.spec?.clusterIP === 'None';

/** What changed when, for the annotation last-change-trigger-time: the earliest of the changes since the last sync. */
export class TriggerTimes {
  private readonly known = new Map<string, { service: string; pods: Map<string, string> }>();

  next(key: string, service: Service, pods: readonly Pod[]): string | undefined {
    const before = this.known.get(key);
    const now = { service: service.metadata.creationTimestamp as string, pods: new Map<string, string>() };
    let earliest: string | undefined;
    const seen = (time: string) => {
      if (earliest === undefined || time < earliest) earliest = time;
    };
    for (const pod of pods) {
      const time = readyChange(pod);
      if (!time) continue;
      const name = pod.metadata.name as string;
      now.pods.set(name, time);
      const last = before?.pods.get(name);
      if (last === undefined || time > last) seen(time);
    }
    if (!before || now.service > before.service) seen(now.service);
    this.known.set(key, now);
    return earliest;
  }

  forget(key: string) {
    this.known.delete(key);
  }
}
