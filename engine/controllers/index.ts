// kube-controller-manager: one table of controllers, each with its own identity, over shared informers.

import { deploymentController } from './deployment.ts';
import { ControllerContext, type Controller } from './context.ts';
import { Discovery } from './discovery.ts';
import { namespaceController } from './namespace.ts';
import { replicaSetController } from './replicaset.ts';
import { replicationControllerController } from './replicationcontroller.ts';
import { rootCACertPublisher } from './root-ca-cert-publisher.ts';
import { serviceAccountController } from './serviceaccount.ts';
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
  /** The cluster's CA certificate (PEM), for kube-root-ca.crt. */
  rootCA?: string;
}

export interface ControllerManager {
  /** Names of the controllers that run. */
  readonly names: readonly string[];
  stop(): void;
}

function controllers(options: ControllerManagerOptions): Controller[] {
  return [
    serviceAccountController,
    rootCACertPublisher(options.rootCA ?? ''),
    namespaceController,
    deploymentController,
    replicaSetController,
    replicationControllerController,
  ];
}

export function startControllers(options: ControllerManagerOptions): ControllerManager {
  const { sim, client, informers, only } = options;
  const discovery = new Discovery(client('system:kube-controller-manager'));
  const table = controllers(options).filter(({ name }) => !only || only.includes(name));
  const contexts = table.map((controller) => {
    const identity = client(`system:serviceaccount:kube-system:${controller.account}`);
    const context = new ControllerContext(controller, sim, identity, informers, discovery);
    controller.start(context);
    return context;
  });
  return {
    names: table.map(({ name }) => name),
    stop() {
      for (const context of contexts) context.stop();
    },
  };
}
