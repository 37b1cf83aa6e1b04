// The machines of a cluster: nodes, and blank ones on which nothing of Kubernetes has been installed. Each is a host with its
// disk, its place on the network and a kubelet.

import type { Addressing } from './addressing.ts';
import type { Scheme } from './api/types.ts';
import type { ApiServer } from './apiserver/index.ts';
import type { Handle } from './apiserver/types.ts';
import type { Client } from './client/index.ts';
import type { Cloud } from './cloud/index.ts';
import type { ClusterSettings } from './cluster-options.ts';
import { cniFiles, runtimeNetwork } from './cni/config.ts';
import { prepareNode } from './cni/node.ts';
import type { Registry } from './images/index.ts';
import type { ControlPlane } from './kubeadm/control-plane.ts';
import { CONTROL_PLANE_LABELS, CONTROL_PLANE_TAINT } from './kubeadm/control-plane-manifests.ts';
import { KUBELET_CONF, kubeletCertificates, kubeletConf } from './kubeadm/kubelet-certificates.ts';
import { nodePrograms } from './kubeadm/node-programs.ts';
import { Kubelet, RUNTIMES } from './kubelet/index.ts';
import {
  createHost,
  type DirNode,
  type FileSystem,
  type Host,
  type Network,
  type NetworkNamespace,
  type Process,
  type Program,
  programTree,
  type TreeEntry,
} from './linux/index.ts';
import { commands } from './linux/commands/names.ts';
import { BLANK_DIRECTORIES, blankFiles, diskOf, NODE_DIRECTORIES, nodeFiles } from './machine-files.ts';
import type { Software } from './machine/index.ts';
import { part, shell } from './parts/index.ts';
import type { Credentials } from './pki/credentials.ts';
import type { Sim } from './sim/index.ts';
import { serverFiles, Sshd } from './ssh/daemon.ts';

export interface MachinesOptions {
  sim: Sim;
  settings: ClusterSettings;
  addressing: Addressing;
  ranges: { podCIDR: string; serviceCIDR: string; clusterDNS: string };
  network: Network;
  scheme: Scheme;
  images: Registry;
  apiServer: ApiServer;
  controlPlane: ControlPlane;
  cloud: Cloud | undefined;
  born: Credentials;
  /** kubeadm's client, with all rights. */
  kubeadm: Client;
  clientOf: (handle: Handle, component: string, name: string, groups: string[]) => Client;
  kubectlOf: (version: string) => Program;
  jq: Program;
  /** They are put here by name. */
  kubelets: Map<string, Kubelet>;
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Of what people start: the numbers below belong to a machine's own processes. */
const FIRST_PID = 1000;
/** What every host has in common. */
export const HOST = { env: { PATH, HOME: '/root' }, firstPid: FIRST_PID };

/** The programs that every machine has, the reader's too. */
export const systemPrograms = (sim: Sim): DirNode =>
  programTree({ ...commands, '/bin/sh': shell('sh'), '/bin/bash': shell('bash') }, sim.now);

interface Installed {
  files: Record<string, TreeEntry>;
  images: string[];
}
const NOTHING: Installed = { files: {}, images: [] };

/** By name, control planes first. The nodes' kubelets run. */
export function createMachines(options: MachinesOptions, system: DirNode): Map<string, Host> {
  const {
    sim,
    settings,
    addressing,
    ranges,
    network,
    apiServer,
    controlPlane,
    cloud,
    born,
    kubeadm,
    clientOf,
    kubelets,
  } = options;
  const software = new Map<string, Software>();
  const softwareAt = (hostname: string): Software => {
    let found = software.get(hostname);
    const version = settings.machines.includes(hostname) ? undefined : settings.version;
    const { unit } = RUNTIMES[settings.runtime];
    if (!found) software.set(hostname, (found = new (part('machine').Software)(version, unit)));
    return found;
  };
  const softwareOf = ({ host }: Process): Software => softwareAt(host.hostname);
  const programs = nodePrograms({
    client: kubeadm,
    controlPlane,
    kubeletOf: ({ host }) => kubelets.get(host.hostname) as Kubelet,
    softwareOf,
    kubectl: (process) => options.kubectlOf(softwareOf(process).release('kubectl'))(process),
  });
  const { jq } = options;
  const docker = settings.runtime === 'docker' ? programs.docker : {};
  const nodeSystem = programTree({ ...programs.system, ...programs.packaged, ...docker, jq }, sim.now, system);
  /** Of machines on which nothing of Kubernetes has been installed. */
  const blankSystem = settings.machines.length ? programTree({ ...programs.system, jq }, sim.now, system) : nodeSystem;
  const binary =
    settings.installer === 'binary'
      ? new (part('machine').BinaryInstall)({
          ...ranges,
          version: settings.version,
          proxyMode: settings.proxyMode,
          ca: born.ca,
          made: born.notBefore,
          controlPlane,
          proxyClient: (name) =>
            clientOf(controlPlane.handleFrom(name), 'kube-proxy', 'system:kube-proxy', [
              'system:node-proxier',
              'system:authenticated',
            ]),
          kubelet: programs.packaged.kubelet,
        })
      : undefined;
  const tunnelFiles = settings.tunnel === 'ssh' ? part('ssh').nodeFiles(ranges.clusterDNS) : undefined;
  const networks = settings.cni === 'flannel' ? undefined : part('networks');
  const builtIn = settings.cni === 'kubenet' ? networks?.kubenet : undefined;

  /** What a node's machine has, and the images that are there from the start. */
  const installNode = (name: string, index: number, net: NetworkNamespace): { fs: FileSystem; images: string[] } => {
    const [ip] = net.addresses;
    const isControlPlane = index < settings.controlPlanes;
    prepareNode(net);
    networks?.prepare(settings.cni, net, ranges.podCIDR, () =>
      settings.nodes.map((_, other) => ({ ips: addressing.machine(other), subnets: addressing.nodePods(other) })),
    );
    const installed: Installed =
      binary?.install(name, ip, isControlPlane, sim.now) ??
      (isControlPlane ? controlPlane.install(name, ip, sim.now) : NOTHING);
    const files = {
      ...nodeFiles(name, settings, ranges.clusterDNS, addressing.nameServer[0]),
      ...(networks ? networks.networkFiles(settings.cni, addressing.nodePods(index), ranges.podCIDR) : cniFiles()),
      ...kubeletCertificates(name, ip, born.notBefore, sim.now),
      [KUBELET_CONF]: () => kubeletConf(controlPlane.server, born.ca, name),
      ...serverFiles(name),
      ...tunnelFiles,
      ...installed.files,
    };
    return { fs: diskOf(sim, nodeSystem, files, NODE_DIRECTORIES), images: installed.images };
  };

  const machines = new Map<string, Host>();
  [...settings.nodes, ...settings.machines].forEach((name, index) => {
    const isControlPlane = index < settings.controlPlanes;
    const isNode = index < settings.nodes.length;
    const [ip, secondaryIP] = addressing.machine(index);
    const net = addressing.machineOn(network, name, addressing.machine(index));
    const { fs, images } = isNode
      ? installNode(name, index, net)
      : {
          fs: diskOf(
            sim,
            blankSystem,
            { ...blankFiles(name, addressing.nameServer[0]), ...serverFiles(name) },
            BLANK_DIRECTORIES,
          ),
          images: [],
        };
    const machine = createHost({ ...HOST, sim, hostname: name, fs, net });
    machines.set(name, machine);
    const sshd = new Sshd(machine);
    if (index === 0) apiServer.runsOn(net);
    const kubelet: Kubelet = new Kubelet({
      sim,
      client: clientOf(controlPlane.handleFrom(name), 'kubelet', `system:node:${name}`, [
        'system:nodes',
        'system:authenticated',
      ]),
      node: {
        name,
        ip,
        secondaryIP,
        taints: isControlPlane && settings.tainted ? [CONTROL_PLANE_TAINT] : [],
        kubeletVersion: settings.version,
        runtime: settings.runtime,
        cloudProvider: cloud && 'external',
        runtimeHandlers: settings.kata.includes(name) ? ['kata'] : undefined,
      },
      network,
      images: options.images,
      machine,
      scheme: options.scheme,
      clusterDNS: ranges.clusterDNS,
      ...runtimeNetwork(fs, net, builtIn),
    });
    for (const image of images) kubelet.images.preload(image);
    cloud?.launch(name, addressing.machine(index), kubelet);
    kubelets.set(name, kubelet);
    apiServer.kubelets.set(name, kubelet);
    if (!isNode) {
      kubelet.runtimeRuns = false;
      return;
    }
    kubelet.start();
    binary?.start(kubelet, softwareAt(name), isControlPlane);
    const { powered } = kubelet;
    kubelet.powered = (on) => {
      powered?.(on);
      sshd.power(on);
    };
    // A kubelet may not say of itself what its node is for.
    if (isControlPlane)
      kubeadm.of('v1', 'nodes', false).patch('', name, 'strategic', { metadata: { labels: CONTROL_PLANE_LABELS } });
  });
  return machines;
}
