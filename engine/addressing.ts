// Which addresses a cluster's machines, Pods and Services have, in each family that the cluster has.

import {
  DEFAULT_ROUTE,
  DEFAULT_ROUTE6,
  hostPort,
  ipText,
  type Network,
  type NetworkNamespace,
  parseCidr,
} from './linux/net/index.ts';

export type IPFamily = 'IPv4' | 'IPv6';

/** One family of addresses on the machines' network, and the ranges of Pods and Services. */
interface FamilyPlan {
  /** Of the machines' own network. */
  bits: number;
  gateway: string;
  nameServer: string;
  mirror: string;
  workstation: string;
  /** The first machine is number 0, on a cluster's nodes the first control plane. */
  machine: (index: number) => string;
  pods: string;
  /** The range of a node's Pods, as the controller manager gives them out to nodes that come in turn. */
  nodePods: (index: number) => string;
  services: string;
}

const PLANS: Record<IPFamily, FamilyPlan> = {
  IPv4: {
    bits: 16,
    gateway: '10.0.0.1',
    nameServer: '10.0.0.2',
    mirror: '10.0.0.3',
    workstation: '10.0.255.1',
    machine: (index) => `10.0.${(index + 10) >> 8}.${(index + 10) & 255}`,
    pods: '10.244.0.0/16',
    nodePods: (index) => `10.244.${index}.0/24`,
    services: '10.96.0.0/16',
  },
  IPv6: {
    bits: 64,
    gateway: 'fd00:10::1',
    nameServer: 'fd00:10::2',
    mirror: 'fd00:10::3',
    workstation: 'fd00:10::ff01',
    machine: (index) => `fd00:10::${(index + 10).toString(16)}`,
    pods: 'fd00:10:244::/56',
    nodePods: (index) => `fd00:10:244:${index ? `${index.toString(16)}::` : ':'}/64`,
    services: 'fd00:10:96::/112',
  },
};

/** kubeadm's own range of Services, which a cluster made by hand has. */
const KUBEADM_SERVICES = '10.96.0.0/12';
export const DNS_DOMAIN = 'cluster.local';
const API_PORT = 6443;

/** The address at a place in a range. */
export const addressAt = (range: string, offset: number): string => ipText((parseCidr(range)?.base ?? 0) + offset);

/** Of the Service `kubernetes`, and of the cluster's DNS, when Services have these ranges: of the first one. */
export const apiServiceIP = (serviceCIDR: string): string => addressAt(serviceCIDR.split(',')[0], 1);
export const dnsServiceIP = (serviceCIDR: string): string => addressAt(serviceCIDR.split(',')[0], 10);

/** The API server as kubeconfigs name it. */
export const serverURL = (ip: string): string => `https://${hostPort(ip, API_PORT)}`;

/** The addresses of a cluster with these families, the primary one first. */
export class Addressing {
  readonly families: readonly IPFamily[];
  private readonly plans: readonly FamilyPlan[];

  constructor(families: readonly IPFamily[]) {
    this.families = families;
    this.plans = families.map((family) => PLANS[family]);
  }

  private all(pick: (plan: FamilyPlan) => string): string[] {
    return this.plans.map(pick);
  }

  /** Of a machine, one of each family. */
  machine(index: number): string[] {
    return this.all((plan) => plan.machine(index));
  }

  get workstation(): string[] {
    return this.all((plan) => plan.workstation);
  }

  get gateway(): string[] {
    return this.all((plan) => plan.gateway);
  }

  get nameServer(): string[] {
    return this.all((plan) => plan.nameServer);
  }

  /** A mirror of the world's package repositories, and of the first website. */
  get mirror(): string[] {
    return this.all((plan) => plan.mirror);
  }

  /** Where the nodes' ranges for Pods come from; of two families with a comma. */
  get podCIDR(): string {
    return this.all((plan) => plan.pods).join();
  }

  nodePods(index: number): string {
    return this.all((plan) => plan.nodePods(index)).join();
  }

  /** `byHand`: somebody installs the cluster with kubeadm. */
  serviceCIDR(byHand: boolean): string {
    return byHand ? KUBEADM_SERVICES : this.all((plan) => plan.services).join();
  }

  /** Plugs a machine into the machines' network with its addresses and the way out. */
  plugIn(net: NetworkNamespace, addresses: readonly string[]) {
    const [first, ...rest] = addresses;
    const { bits, gateway } = this.plans[0];
    const link = net.plug('eth0', first, bits, gateway);
    rest.forEach((ip, i) => {
      const { bits: width, gateway: via } = this.plans[i + 1];
      net.assign(link, ip, width);
      net.routes.add({ destination: ip.includes(':') ? DEFAULT_ROUTE6 : DEFAULT_ROUTE, via, link, protocol: 'boot' });
    });
  }

  /** A machine on the network of the machines. */
  machineOn(network: Network, name: string, addresses: readonly string[]): NetworkNamespace {
    const net = network.namespace([], name);
    this.plugIn(net, addresses);
    return net;
  }
}
