// What a cluster is to be made with, from the flags or the file that kubeadm was given: the ClusterConfiguration that it
// keeps, and what follows from it for the files of a machine.

import { DNS_DOMAIN } from '../../addressing.ts';
import type { Container, EnvVar, Pod } from '../../api/types.ts';
import { defaultClusterConfiguration } from '../../kubeadm/cluster-objects.ts';
import { ETCD_DATA, type ComponentName, type ManifestOptions } from '../../kubeadm/control-plane-manifests.ts';
import { NEWEST_PATCH, numbersOf } from '../../kubeadm/releases.ts';
import { hostPort, isAddress, parseCidr } from '../../linux/index.ts';
import { part } from '../../parts/index.ts';
import { KUBE_PROXY, KUBELET, merged, type Documents } from './documents.ts';
import { PKI, type Session } from './session.ts';
import type { Document } from './types.ts';

export const REGISTRY = 'registry.k8s.io';

export interface ClusterSettings {
  /** ClusterConfiguration in v1beta4, whole. */
  configuration: Document;
  version: string;
  /** Of the machine's API server. */
  ip: string;
  podCIDR: string;
  serviceCIDR: string;
  /** `cluster.example:6443`; undefined: the first machine's address. */
  endpoint: string | undefined;
  registry: string;
  dataDir: string;
  /** Documents of the components, when the file has them. */
  kubelet: Document | undefined;
  kubeProxy: Document | undefined;
}

/** A flag of a component. */
export interface Arg {
  name: string;
  value?: string;
}
interface HostPathMount {
  name: string;
  hostPath: string;
  mountPath: string;
  readOnly?: boolean;
  pathType?: string;
}
interface ComponentSettings {
  extraArgs?: Arg[];
  extraVolumes?: HostPathMount[];
  extraEnvs?: EnvVar[];
}

/** Where a component's settings stand. */
const PLACES: Readonly<Record<ComponentName, readonly string[]>> = {
  etcd: ['etcd', 'local'],
  'kube-apiserver': ['apiServer'],
  'kube-controller-manager': ['controllerManager'],
  'kube-scheduler': ['scheduler'],
};

/** Fields whose only modelled values are the ones that are used anyway; undefined is always one. */
const FIXED: Readonly<Record<string, readonly unknown[]>> = {
  certificatesDir: [PKI],
  'networking.dnsDomain': [DNS_DOMAIN],
  'etcd.external': [],
  'etcd.local.imageRepository': [],
  'etcd.local.imageTag': [],
  'etcd.local.serverCertSANs': [],
  'etcd.local.peerCertSANs': [],
  'dns.imageRepository': [],
  'dns.imageTag': [],
  encryptionAlgorithm: ['RSA-2048'],
  certificateValidityPeriod: ['8760h', '8760h0m0s'],
  caCertificateValidityPeriod: ['87600h', '87600h0m0s'],
};

export const at = (value: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((one, name) => (one as Document | undefined)?.[name], value);

/** Ends the command when a document says something that is not modelled. */
export function refuseFields(session: Session, kind: string, document: Document, fixed: typeof FIXED) {
  for (const path in fixed) {
    const value = at(document, path);
    if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) continue;
    if (!fixed[path].includes(value))
      session.fail(`${kind}: ${path}: ${JSON.stringify(value)} is not modelled by this engine`);
  }
}

/** The release that an empty or a symbolic version stands for. */
export function releaseOf(session: Session, wanted: string | undefined): string {
  const { minor } = numbersOf(session.version);
  const label = wanted?.replace(/^v/, '') || `stable-1.${minor}`;
  const stable = /^stable(?:-1(?:\.(\d+))?)?$/.exec(label);
  // The release that is current on the network is not newer than kubeadm's own.
  if (stable) {
    const of = Number(stable[1] ?? minor);
    const patch = NEWEST_PATCH[of];
    return patch === undefined ? `v1.${of}.0` : `v1.${of}.${patch}`;
  }
  const version = `v${label}`;
  if (!/^v1\.\d+\.\d+$/.test(version))
    session.fail(
      `version ${JSON.stringify(wanted)} doesn't match patterns for neither semantic version nor labels (stable, latest, ...)`,
    );
  if (numbersOf(version).minor < minor - 1)
    session.fail(
      `this version of kubeadm only supports deploying clusters with the control plane version >= 1.${minor - 1}.0. Current version: ${version}`,
    );
  return version;
}

/** The settings that a ClusterConfiguration, as far as it is given, amounts to on this machine. */
export function clusterSettings(session: Session, given: Document, documents?: Documents): ClusterSettings {
  const [ip] = session.process.host.net.addresses;
  refuseFields(session, 'ClusterConfiguration', given, FIXED);
  const gates = Object.keys((given.featureGates ?? {}) as object);
  if (gates.length)
    session.fail(`ClusterConfiguration: featureGates: ${gates.join(',')} is not modelled by this engine`);
  const version = releaseOf(session, given.kubernetesVersion as string | undefined);
  const defaults = part('yaml')
    .parseDocument(defaultClusterConfiguration(version), { schema: 'core' })
    .toJS() as Document;
  const configuration = merged(defaults, { ...given, kubernetesVersion: version });
  const networking = configuration.networking as { podSubnet?: string; serviceSubnet: string };
  const { podSubnet = '', serviceSubnet } = networking;
  if (podSubnet === '') configuration.networking = { ...networking, podSubnet: undefined };
  for (const [field, value] of [
    ['serviceSubnet', serviceSubnet],
    ['podSubnet', podSubnet],
  ]) {
    const wrong = value && value.split(',').find((range) => !range.includes('/') || !parseCidr(range));
    if (wrong)
      session.fail(
        `${field}: Invalid value: ${JSON.stringify(value)}: couldn't parse subnet: invalid CIDR address: ${wrong}`,
      );
  }
  const endpoint = endpointOf(session, configuration.controlPlaneEndpoint as string | undefined);
  if (endpoint) configuration.controlPlaneEndpoint = endpoint;
  else delete configuration.controlPlaneEndpoint;
  const repository = configuration.imageRepository as string;
  const settings: ClusterSettings = {
    configuration,
    version,
    ip,
    podCIDR: podSubnet,
    serviceCIDR: serviceSubnet,
    endpoint,
    registry: repository,
    dataDir: at(configuration, 'etcd.local.dataDir') as string,
    kubelet: documents?.get(KUBELET),
    kubeProxy: documents?.get(KUBE_PROXY),
  };
  const names = certificateNames(settings);
  const wrong = names.find((name) => !isAddress(name) && !/^(\*\.)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name));
  if (wrong !== undefined)
    session.fail(
      `apiServer.certSANs: Invalid value: ${JSON.stringify(wrong)}: altname is not a valid IP address, DNS label or a DNS label with subdomain wildcards: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character`,
    );
  if (!settings.dataDir.startsWith('/'))
    session.fail(`etcd.local.dataDir: Invalid value: ${JSON.stringify(settings.dataDir)}: path is not absolute`);
  return settings;
}

/** With the port of the API server where none is given. */
function endpointOf(session: Session, text: string | undefined): string | undefined {
  if (!text) return undefined;
  const [, bare, port = '6443'] = /^(\[[^\]]+\]|[^:]+|[0-9a-f:]+)(?::(\d+))?$/i.exec(text) ?? [];
  const host = (bare ?? '').replace(/^\[|\]$/g, '');
  if (!isAddress(host) && !/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(host))
    return session.fail(
      `controlPlaneEndpoint: Invalid value: ${JSON.stringify(text)}: ${host || text} is not a valid IP address, or a valid RFC-1123 DNS subdomain`,
    );
  if (Number(port) !== 6443)
    return session.fail(`a control plane endpoint with the port ${port} is not modelled by this engine`);
  return hostPort(host, Number(port));
}

/** The name or address of an endpoint. */
export const hostOf = (endpoint: string): string =>
  endpoint.slice(0, endpoint.lastIndexOf(':')).replace(/^\[|\]$/g, '');

/** Names and addresses of the API server's certificate beyond those that every one has. */
export function certificateNames({ endpoint, configuration }: ClusterSettings): string[] {
  const names = (at(configuration, 'apiServer.certSANs') ?? []) as string[];
  const all = [...(endpoint ? [hostOf(endpoint)] : []), ...names.map((name) => name.toLowerCase())];
  return [...new Set(all)];
}

/** What the manifests of a machine's control plane are made from. */
export function manifestOptions(session: Session, settings: ClusterSettings, initialCluster?: string): ManifestOptions {
  const { configuration, version, ip, podCIDR, serviceCIDR, registry, dataDir } = settings;
  const { clusterName } = configuration as { clusterName: string };
  return {
    version,
    name: session.process.host.hostname,
    ip,
    podCIDR,
    serviceCIDR,
    ...(registry !== REGISTRY && { registry }),
    ...(dataDir !== ETCD_DATA && { dataDir }),
    ...(clusterName !== 'kubernetes' && { clusterName }),
    ...(initialCluster && { initialCluster }),
    names: certificateNames(settings),
    adjust: (component, pod) => adjusted(configuration, component, pod),
  };
}

/** A component's Pod with further flags, volumes and variables; a flag that is given takes the place of kubeadm's own. */
function adjusted(configuration: Document, component: ComponentName, pod: Pod): Pod {
  const settings = at(configuration, PLACES[component].join('.')) as ComponentSettings | undefined;
  const { extraArgs = [], extraVolumes = [], extraEnvs = [] } = settings ?? {};
  if (!extraArgs.length && !extraVolumes.length && !extraEnvs.length) return pod;
  const spec = pod.spec as NonNullable<Pod['spec']>;
  const [container] = spec.containers as [Container];
  const [program, ...flags] = container.command ?? [];
  const nameOf = (flag: string) => flag.slice(2).split('=', 1)[0];
  const given = new Set(extraArgs.map(({ name }) => name));
  const all = [
    ...flags.filter((flag) => !given.has(nameOf(flag))),
    ...extraArgs.map(({ name, value = '' }) => `--${name}=${value}`),
  ];
  const keyed = all.map((flag, order) => ({ flag, name: nameOf(flag), order }));
  keyed.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.order - b.order));
  const byName = <T extends { name: string }>(items: T[]) => items.sort((a, b) => (a.name < b.name ? -1 : 1));
  const mounts = [
    ...(container.volumeMounts ?? []),
    ...extraVolumes.map(({ name, mountPath, readOnly }) => ({ mountPath, name, ...(readOnly && { readOnly }) })),
  ];
  const volumes = [
    ...(spec.volumes ?? []),
    ...extraVolumes.map(({ name, hostPath, pathType }) => ({
      hostPath: { path: hostPath, ...(pathType !== undefined && { type: pathType }) },
      name,
    })),
  ];
  const changed: Container = {
    ...container,
    command: [program, ...keyed.map(({ flag }) => flag)],
    ...(extraEnvs.length && { env: extraEnvs }),
    volumeMounts: extraVolumes.length ? byName(mounts) : mounts,
  };
  return {
    ...pod,
    spec: { ...spec, containers: [changed], volumes: extraVolumes.length ? byName(volumes) : volumes },
  } as Pod;
}
