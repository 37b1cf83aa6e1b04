// The Pods that belong together for system-default spreading: those of the same Services and controller
// (scheduler/framework/plugins/helper: DefaultSelector).

import { formatLabels, formatLabelSelector, matchesLabels, matchesSelector } from '../api/selectors.ts';
import type { Informer, InformerFactory } from '../client/index.ts';
import type { LabelSelector, ReplicaSet, ReplicationController, Service, StatefulSet } from '../api/types.ts';
import { same } from './watch.ts';
import type { CountQuery } from './framework.ts';
import type { PodInfo } from './pod-info.ts';

type Selecting = Service | ReplicationController | ReplicaSet | StatefulSet;

/** `changed` is called when the answers may be others for Pods of the same labels and owners. */
export function defaultSelector(
  informers: InformerFactory,
  changed: () => void,
): (pod: PodInfo) => CountQuery | undefined {
  const services = informers.of<Service>('v1', 'services');
  const replicationControllers = informers.of<ReplicationController>('v1', 'replicationcontrollers');
  const replicaSets = informers.of<ReplicaSet>('apps/v1', 'replicasets');
  const statefulSets = informers.of<StatefulSet>('apps/v1', 'statefulsets');
  for (const informer of [services, replicationControllers, replicaSets, statefulSets] as Informer<Selecting>[]) {
    informer.on({
      add: changed,
      update: (object, old) => same(object.spec?.selector, old.spec?.selector) || changed(),
      delete: changed,
    });
  }

  return ({ pod, namespace }) => {
    const { labels, ownerReferences } = pod.metadata;
    let wanted: Record<string, string> | undefined;
    for (const service of services.inNamespace(namespace)) {
      if (matchesLabels(service.spec?.selector, labels)) wanted = { ...wanted, ...service.spec?.selector };
    }
    let selector: LabelSelector | undefined;
    const owner = ownerReferences?.find((ref) => ref.controller);
    if (owner?.kind === 'ReplicaSet') selector = replicaSets.get(namespace, owner.name)?.spec?.selector;
    else if (owner?.kind === 'StatefulSet') selector = statefulSets.get(namespace, owner.name)?.spec?.selector;
    else if (owner?.kind === 'ReplicationController') {
      wanted = { ...wanted, ...replicationControllers.get(namespace, owner.name)?.spec?.selector };
    }
    if (!wanted && !selector) return undefined;
    return {
      key: `${wanted ? formatLabels(wanted) : ''}|${selector ? formatLabelSelector(selector) : ''}`,
      namespace,
      terminating: false,
      matches: (own) => (!wanted || matchesLabels(wanted, own)) && (!selector || matchesSelector(selector, own)),
    };
  };
}
