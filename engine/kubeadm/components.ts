// The control plane with what it runs: the API server, and the controllers and the scheduler that start with their programs.

import type { ApiServer } from '../apiserver/index.ts';
import { minorOf } from '../apiserver/release.ts';
import type { Handle } from '../apiserver/types.ts';
import { type Client, InformerFactory } from '../client/index.ts';
import { startControllers } from '../controllers/index.ts';
import { part } from '../parts/index.ts';
import type { Credentials } from '../pki/credentials.ts';
import { startScheduler, type Scheduler } from '../scheduler/index.ts';
import type { Sim } from '../sim/index.ts';
import { publishTrust } from './cluster-trust.ts';
import { ControlPlane, type ControlPlaneOptions } from './control-plane.ts';
import { isEnabled } from './manager-flags.ts';

export interface ComponentsOptions {
  sim: Sim;
  apiServer: ApiServer;
  serve: Handle;
  born: Credentials;
  version: string;
  /** Of the machines that it begins with. */
  addresses: readonly string[];
  podCIDR: string;
  serviceCIDR: string;
  birth: number;
  tunnel: ControlPlaneOptions['tunnel'];
  installKey: ControlPlaneOptions['installKey'];
  /** How a component reaches the API, through `handle` where that is given. */
  clientOf: (handle: Handle, component: string, name: string, groups: string[]) => Client;
}

const AUTHENTICATED = ['system:authenticated'];

export interface Components {
  controlPlane: ControlPlane;
  /** The scheduler that started last. */
  scheduler(): Scheduler | undefined;
}

export function startComponents({ apiServer, born, clientOf, ...options }: ComponentsOptions): Components {
  const { sim } = options;
  let scheduler: Scheduler | undefined;
  const controlPlane: ControlPlane = new ControlPlane({
    ...options,
    ca: born.ca,
    made: born.notBefore,
    admin: born,
    store: apiServer.etcd,
    stored: (kv) => part('control-plane').stored(apiServer, kv),
    bootstrap(net, serviceCIDR) {
      apiServer.runsOn(net);
      apiServer.serviceRange(serviceCIDR);
      apiServer.bootstrap();
      publishTrust(apiServer, born.ca, born.notBefore);
    },
    serves: (version) => apiServer.setVersion(version),
    configureServer({
      tokens,
      passwords,
      openId,
      authorizationMode,
      kubeletCA,
      kubeletAddressTypes,
      egress,
      encryption,
      audit,
    }) {
      apiServer.passwords = passwords;
      apiServer.openId = openId;
      apiServer.encrypt(encryption);
      apiServer.audit = audit;
      apiServer.staticTokens.users = tokens;
      apiServer.authorizer = apiServer.authorizers[authorizationMode];
      apiServer.kubeletCA = kubeletCA;
      apiServer.kubeletAddressTypes = kubeletAddressTypes;
      apiServer.tunnel = egress;
    },
    client: (name) => clientOf(controlPlane.handle, name, `system:${name}`, AUTHENTICATED),
    startScheduler: (client, host, version) =>
      (scheduler = startScheduler({
        sim,
        client,
        informers: new InformerFactory(client),
        host,
        release: minorOf(version),
      })),
    startControllers: (client, flags, version) =>
      startControllers({
        sim,
        client: (name) => clientOf(controlPlane.handle, 'kube-controller-manager', name, groupsOf(name)),
        informers: new InformerFactory(client),
        rootCA: born.ca,
        clusterCIDR: flags.clusterCIDR,
        nodeMasks: flags.nodeMasks,
        enabled: (name) =>
          isEnabled(flags.controllers, name) && (name !== 'node-ipam-controller' || flags.allocateNodeCIDRs),
        nodeMonitor: { period: flags.nodeMonitorPeriod, grace: flags.nodeMonitorGracePeriod },
        release: minorOf(version),
      }),
  });
  return { controlPlane, scheduler: () => scheduler };
}

function groupsOf(name: string): string[] {
  const account = /^system:serviceaccount:([^:]+):/.exec(name);
  return account ? ['system:serviceaccounts', `system:serviceaccounts:${account[1]}`, ...AUTHENTICATED] : AUTHENTICATED;
}
