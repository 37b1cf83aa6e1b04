// What a small cluster carries beside the control plane: programs that run as Pods, and the objects that start them.
// To add one: its images and manifests in files beside this one, and a line in each table here.

import type { KubeObject } from '../api/types.ts';
import { minorOf } from '../apiserver/release.ts';
import type { Handle } from '../apiserver/types.ts';
import type { Client } from '../client/index.ts';
import type { Repository } from '../images/types.ts';
import { part } from '../parts/index.ts';
import { coreDNSImages, coreDNSManifests } from './coredns.ts';
import { flannelImages, flannelManifests } from './flannel.ts';
import { gatewayImages } from './gateway.ts';
import { ingressNginxImages, ingressNginxManifests } from './ingress-nginx.ts';
import { istioImages } from './istio.ts';
import { konnectivityImages, type KonnectivityOptions } from './konnectivity.ts';
import { kubeProxyImages, kubeProxyManifests } from './kube-proxy.ts';
import { localPathImages } from './local-path.ts';
import { localPathManifests } from './local-path-manifests.ts';
import { metricsServerImages, type MetricsServerOptions } from './metrics-server.ts';
import { metricsServerManifests } from './metrics-server-manifests.ts';

export { withOwnSchedulers } from './own-scheduler.ts';

export const addonImages = (
  handle: Handle,
  version: string,
  cluster: MetricsServerOptions & Pick<KonnectivityOptions, 'connected'>,
): Repository[] => [
  ...kubeProxyImages(handle, minorOf(version)),
  ...coreDNSImages(handle),
  ...flannelImages(handle),
  ...ingressNginxImages(handle),
  ...istioImages(handle),
  ...gatewayImages(handle),
  ...konnectivityImages({ handle, connected: cluster.connected }),
  ...localPathImages(handle),
  ...metricsServerImages(handle, cluster),
];

/** What the manifests are filled in with. */
export interface AddonSettings {
  /** Of the cluster: v1.35.0. */
  version: string;
  /** The API server's URL. */
  server: string;
  /** The Pods' range. */
  clusterCIDR: string;
  /** The cluster's domain, and the address of the Service that answers for it. */
  dns: { domain: string; address: string };
  /** Whether there are machines that may become nodes. */
  blankMachines: boolean;
  /** Whether kube-proxy runs as Pods. */
  kubeProxy: boolean;
  /** `mode` of kube-proxy's configuration; empty: its default. */
  proxyMode: string;
  /** Whether ingress-nginx is there from the start. */
  ingressController: boolean;
  /** The Pods' network. */
  cni: string;
  /** Whether the provider of the machines carries the Pods' packets. */
  cloud: boolean;
}

/** On machines that become nodes later flannel has to install itself. */
const flannel = (settings: AddonSettings): KubeObject[] =>
  settings.blankMachines ? part('machine').flannelInstaller(settings) : flannelManifests(settings);

const manifests = (settings: AddonSettings): KubeObject[] => [
  ...(settings.kubeProxy ? kubeProxyManifests(settings) : []),
  ...coreDNSManifests(settings.dns),
  ...(settings.cni === 'flannel' ? flannel(settings) : []),
  ...(settings.cni === 'calico' ? part('networks').calicoManifests(settings) : []),
  ...(settings.ingressController ? ingressNginxManifests() : []),
  ...localPathManifests(),
  ...metricsServerManifests(),
];

/** Creates the objects, as `kubectl create -f` would. */
export const installAddons = (client: Client, settings: AddonSettings): void =>
  installManifests(client, manifests(settings));

export function installManifests(client: Client, objects: readonly KubeObject[]) {
  for (const object of objects) {
    const { apiVersion, kind, metadata } = object;
    const namespaced = metadata.namespace !== undefined;
    client.of(apiVersion, pluralOf(kind), namespaced).create(metadata.namespace ?? '', object);
  }
}

const pluralOf = (kind: string) => `${kind.toLowerCase()}${kind.endsWith('s') ? 'es' : 's'}`;
