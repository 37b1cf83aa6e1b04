// kube-controller-manager: one table of controllers, each with its own identity, over shared informers.

import { ControllerContext, type Controller } from './context.ts';
import { clusterRoleAggregation } from './clusterrole-aggregation.ts';
import { daemonSetController } from './daemonset.ts';
import { deploymentController } from './deployment.ts';
import { Discovery } from './discovery.ts';
import { endpointsController } from './endpoints.ts';
import { endpointSliceController } from './endpointslice.ts';
import { isMirrored } from './endpoints-origin.ts';
import { garbageCollectorController } from './garbage-collector.ts';
import { nodeIPAM } from './node-ipam.ts';
import { nodeLifecycle, type NodeMonitor } from './node-lifecycle.ts';
import { podGarbageCollector } from './pod-gc.ts';
import { PRESENT, waysOf } from './release.ts';
import { replicaSetController } from './replicaset.ts';
import { rootCACertPublisher } from './root-ca-cert-publisher.ts';
import { serviceAccountController } from './serviceaccount.ts';
import { serviceAccountTokens } from './serviceaccount-token.ts';
import type { KubeObject, Taint, Volume } from '../api/types.ts';
import type { Client, InformerFactory } from '../client/index.ts';
import { part } from '../parts/index.ts';
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
  /** The minor number of the release, whose words are used; default 35. */
  release?: number;
  /** Where nodes get their Pod ranges from; default 10.244.0.0/16. */
  clusterCIDR?: string;
  /** How many bits of an address are a node's range, by those of the cluster; default 24, and 64 of IPv6. */
  nodeMasks?: readonly number[];
}

const MANAGER = 'system:kube-controller-manager';
const CERTIFICATES = 'certificates.k8s.io/v1';
const REQUESTS = 'certificatesigningrequests';

/** A controller of the part `controllers`: it starts when there is an object of one of these resources. */
interface Later {
  readonly name: string;
  readonly groupVersion: string;
  readonly plurals: readonly string[];
  /** Whether an object gives it work; every object does by default. */
  readonly when?: (object: KubeObject) => boolean;
}
const later = (name: string, groupVersion: string, ...plurals: string[]): Later => ({ name, groupVersion, plurals });
/** The ServiceCIDR that the API server makes is ready as it is. */
const isExtraServiceCIDR = ({ metadata }: KubeObject) => metadata.name !== 'kubernetes' || !!metadata.deletionTimestamp;

export interface ControllerManager {
  /** Names of the controllers that run, and of those that have been switched off. */
  readonly names: readonly string[];
  readonly disabled: readonly string[];
  stop(): void;
}

const isBeingDeleted = ({ metadata }: KubeObject) => metadata.deletionTimestamp !== undefined;
const drivesPodsAway = ({ spec }: KubeObject) => spec?.taints?.some(({ effect }: Taint) => effect === 'NoExecute');
const hasOwnClaims = ({ spec }: KubeObject) => spec?.volumes?.some(({ ephemeral }: Volume) => ephemeral);
const hasResourceClaims = ({ spec }: KubeObject) => spec?.resourceClaims !== undefined;
const isBootstrapToken = ({ type }: KubeObject) => type === 'bootstrap.kubernetes.io/token';

function controllers(options: ControllerManagerOptions): (Controller | Later)[] {
  return [
    serviceAccountController,
    rootCACertPublisher(options.rootCA ?? ''),
    { ...later('namespace-controller', 'v1', 'namespaces'), when: isBeingDeleted },
    nodeIPAM(options.clusterCIDR ?? '10.244.0.0/16', options.nodeMasks),
    nodeLifecycle(options.nodeMonitor),
    { ...later('taint-eviction-controller', 'v1', 'nodes'), when: drivesPodsAway },
    deploymentController,
    replicaSetController,
    later('replicationcontroller-controller', 'v1', 'replicationcontrollers'),
    daemonSetController,
    later('statefulset-controller', 'apps/v1', 'statefulsets'),
    later('job-controller', 'batch/v1', 'jobs'),
    later('cronjob-controller', 'batch/v1', 'cronjobs'),
    later('horizontal-pod-autoscaler-controller', 'autoscaling/v2', 'horizontalpodautoscalers'),
    later('disruption-controller', 'policy/v1', 'poddisruptionbudgets'),
    endpointsController,
    endpointSliceController,
    { ...later('endpointslice-mirroring-controller', 'v1', 'endpoints'), when: isMirrored },
    garbageCollectorController,
    podGarbageCollector,
    later('resourcequota-controller', 'v1', 'resourcequotas'),
    later('persistentvolume-binder-controller', 'v1', 'persistentvolumes', 'persistentvolumeclaims'),
    later('persistentvolume-attach-detach-controller', 'v1', 'persistentvolumes'),
    later('persistentvolume-expander-controller', 'v1', 'persistentvolumes'),
    { ...later('ephemeral-volume-controller', 'v1', 'pods'), when: hasOwnClaims },
    { ...later('resourceclaim-controller', 'v1', 'pods'), when: hasResourceClaims },
    later('persistentvolumeclaim-protection-controller', 'v1', 'persistentvolumeclaims'),
    later('persistentvolume-protection-controller', 'v1', 'persistentvolumes'),
    later('ttl-after-finished-controller', 'batch/v1', 'jobs'),
    clusterRoleAggregation,
    later('certificatesigningrequest-approving-controller', CERTIFICATES, REQUESTS),
    later('certificatesigningrequest-signing-controller', CERTIFICATES, REQUESTS),
    later('certificatesigningrequest-cleaner-controller', CERTIFICATES, REQUESTS),
    { ...later('service-cidr-controller', 'networking.k8s.io/v1', 'servicecidrs'), when: isExtraServiceCIDR },
    serviceAccountTokens(options.rootCA ?? ''),
    { ...later('bootstrap-signer-controller', 'v1', 'secrets'), when: isBootstrapToken },
    { ...later('token-cleaner-controller', 'v1', 'secrets'), when: isBootstrapToken },
  ];
}

export function startControllers(options: ControllerManagerOptions): ControllerManager {
  const { sim, client, informers, only, enabled = () => true } = options;
  const discovery = new Discovery(client(MANAGER));
  const ways = waysOf(options.release ?? PRESENT);
  const all = controllers(options).filter(({ name }) => !only || only.includes(name));
  const table = all.filter(({ name }) => enabled(name));
  const contexts: ControllerContext[] = [];
  let stopped = false;
  const start = (controller: Controller) => {
    const { account } = controller;
    const identity = client(account ? `system:serviceaccount:kube-system:${account}` : MANAGER);
    const context = new ControllerContext(controller, sim, identity, informers, discovery, ways);
    contexts.push(context);
    controller.start(context);
  };
  for (const row of table) {
    if ('start' in row) start(row);
    else {
      let begun = false;
      const begin = (object: KubeObject) => {
        if (begun || (row.when && !row.when(object))) return;
        begun = true;
        // Not inside the request that made the object.
        sim.after(0, () => stopped || start(part('controllers').controllers[row.name]));
      };
      // A status gives no work.
      const changed = (object: KubeObject, old: KubeObject) => {
        const { spec, metadata } = object;
        if (!spec || spec !== old.spec || metadata.deletionTimestamp !== old.metadata.deletionTimestamp) begin(object);
      };
      for (const plural of row.plurals)
        informers.of(row.groupVersion, plural).on({ add: begin, ...(row.when && { update: changed }) });
    }
  }
  return {
    names: table.map(({ name }) => name),
    disabled: all.filter((controller) => !table.includes(controller)).map(({ name }) => name),
    stop() {
      stopped = true;
      for (const context of contexts) context.stop();
      informers.stop();
    },
  };
}
