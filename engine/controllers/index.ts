// kube-controller-manager: one table of controllers, each with its own identity, over shared informers.

import { ControllerContext, type Controller } from './context.ts';
import { csrApproving } from './certificatesigningrequest-approving.ts';
import { csrCleaner } from './certificatesigningrequest-cleaner.ts';
import { csrSigning } from './certificatesigningrequest-signing.ts';
import { clusterRoleAggregation } from './clusterrole-aggregation.ts';
import { cronJobController } from './cronjob.ts';
import { daemonSetController } from './daemonset.ts';
import { deploymentController } from './deployment.ts';
import { Discovery } from './discovery.ts';
import { disruptionController } from './disruption.ts';
import { endpointsController } from './endpoints.ts';
import { endpointSliceController } from './endpointslice.ts';
import { endpointSliceMirroringController } from './endpointslice-mirroring.ts';
import { ephemeralVolumeController } from './ephemeral-volume.ts';
import { garbageCollectorController } from './garbage-collector.ts';
import { horizontalPodAutoscalerController } from './horizontal-pod-autoscaler.ts';
import { jobController } from './job.ts';
import { namespaceController } from './namespace.ts';
import { nodeIPAM } from './node-ipam.ts';
import { nodeLifecycle, type NodeMonitor } from './node-lifecycle.ts';
import { persistentVolumeController } from './persistent-volume.ts';
import { podGarbageCollector } from './pod-gc.ts';
import { replicaSetController } from './replicaset.ts';
import { replicationControllerController } from './replicationcontroller.ts';
import { resourceQuotaController } from './resourcequota.ts';
import { rootCACertPublisher } from './root-ca-cert-publisher.ts';
import { serviceAccountController } from './serviceaccount.ts';
import { serviceAccountTokens } from './serviceaccount-token.ts';
import { statefulSetController } from './statefulset.ts';
import { claimProtection, volumeProtection } from './storage-protection.ts';
import { taintEvictionController } from './taint-eviction.ts';
import { ttlAfterFinishedController } from './ttl-after-finished.ts';
import type { Client, InformerFactory } from '../client/index.ts';
import type { Sim } from '../sim/index.ts';

export type { Controller, ControllerContext } from './context.ts';

export interface ControllerManagerOptions {
  sim: Sim;
  /** A client for a user name, e.g. 'system:serviceaccount:kube-system:deployment-controller'. */
  client: (name: string) => Client;
  informers: InformerFactory;
  /** Names of the controllers to run; all by default. */
  only?: readonly string[];
  /** Whether one of them runs; all do by default. */
  enabled?: (name: string) => boolean;
  nodeMonitor?: NodeMonitor;
  /** The cluster's CA certificate (PEM), for kube-root-ca.crt. */
  rootCA?: string;
  /** Where nodes get their Pod ranges from; default 10.244.0.0/16. */
  clusterCIDR?: string;
}

const MANAGER = 'system:kube-controller-manager';

export interface ControllerManager {
  /** Names of the controllers that run, and of those that have been switched off. */
  readonly names: readonly string[];
  readonly disabled: readonly string[];
  stop(): void;
}

function controllers(options: ControllerManagerOptions): Controller[] {
  return [
    serviceAccountController,
    rootCACertPublisher(options.rootCA ?? ''),
    namespaceController,
    nodeIPAM(options.clusterCIDR ?? '10.244.0.0/16'),
    nodeLifecycle(options.nodeMonitor),
    taintEvictionController,
    deploymentController,
    replicaSetController,
    replicationControllerController,
    daemonSetController,
    statefulSetController,
    jobController,
    cronJobController,
    horizontalPodAutoscalerController,
    disruptionController,
    endpointsController,
    endpointSliceController,
    endpointSliceMirroringController,
    garbageCollectorController,
    podGarbageCollector,
    resourceQuotaController,
    persistentVolumeController,
    ephemeralVolumeController,
    claimProtection,
    volumeProtection,
    ttlAfterFinishedController,
    clusterRoleAggregation,
    csrApproving,
    csrSigning,
    csrCleaner,
    serviceAccountTokens(options.rootCA ?? ''),
  ];
}

export function startControllers(options: ControllerManagerOptions): ControllerManager {
  const { sim, client, informers, only, enabled = () => true } = options;
  const discovery = new Discovery(client(MANAGER));
  const all = controllers(options).filter(({ name }) => !only || only.includes(name));
  const table = all.filter(({ name }) => enabled(name));
  const contexts = table.map((controller) => {
    const { account } = controller;
    const identity = client(account ? `system:serviceaccount:kube-system:${account}` : MANAGER);
    const context = new ControllerContext(controller, sim, identity, informers, discovery);
    controller.start(context);
    return context;
  });
  return {
    names: table.map(({ name }) => name),
    disabled: all.filter((controller) => !table.includes(controller)).map(({ name }) => name),
    stop() {
      for (const context of contexts) context.stop();
      informers.stop();
    },
  };
}
