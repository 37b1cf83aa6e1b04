// service controller: a load balancer of the provider for each Service of type LoadBalancer, pointed at the nodes
// (k8s.io/cloud-provider/controllers/service).

import { ApiError, isNotFound, keyOf, type EventRecorder, type Informer, type WorkQueue } from '../client/index.ts';
import type { Node, Service } from '../api/types.ts';
import type { CloudContext, CloudController } from './context.ts';
import type { BalancerSpec } from './load-balancer.ts';

const FINALIZER = 'service.kubernetes.io/load-balancer-cleanup';
const EXCLUDED = 'node.kubernetes.io/exclude-from-external-load-balancers';
const TO_BE_DELETED = 'ToBeDeletedByClusterAutoscaler';
/** kube-proxy's own health, asked for where every node may take traffic. */
const PROXY_HEALTH = 10256;

export const service: CloudController = {
  name: 'service-lb-controller',
  start: (context) => void new ServiceController(context),
};

class ServiceController {
  private readonly context: CloudContext;
  private readonly services: Informer<Service>;
  private readonly recorder: EventRecorder;
  private readonly queue: WorkQueue;
  /** What each load balancer was last made for: what people ask for, as text. */
  private readonly done = new Map<string, string>();
  /** Load balancers that are in the making. */
  private readonly pending = new Set<string>();

  constructor(context: CloudContext) {
    this.context = context;
    this.services = context.informer<Service>('v1', 'services');
    this.recorder = context.recorder('service-controller');
    this.queue = context.queue(
      (key) => this.sync(key),
      (key, error) => {
        const text = (error as Error).message;
        context.log(
          'controller.go:302',
          `"Unhandled Error" err="error processing service ${key} (will retry): ${text}"`,
          'E',
        );
        const one = this.services.byKey(key);
        if (one) this.recorder.event(one, 'Warning', 'SyncLoadBalancerFailed', `Error syncing load balancer: ${text}`);
      },
    );
    const changed = (one: Service) => {
      if (wantsBalancer(one) || one.metadata.finalizers?.includes(FINALIZER)) this.queue.add(keyOf(one));
    };
    this.services.on({ add: changed, update: changed, delete: (one) => void this.done.delete(keyOf(one)) });
    const mark = (one: Node) => one.metadata.labels?.[EXCLUDED] !== undefined;
    context.nodes.on({
      add: () => this.nodesChanged(),
      delete: () => this.nodesChanged(),
      update: (node, old) => {
        if (mark(node) !== mark(old) || node.spec?.providerID !== old.spec?.providerID) this.nodesChanged();
      },
    });
  }

  private sync(key: string) {
    const one = this.services.byKey(key);
    if (!one) return;
    const ours = one.metadata.finalizers?.includes(FINALIZER) === true;
    if (wantsBalancer(one) && !one.metadata.deletionTimestamp) this.ensure(key, one);
    else if (ours) this.cleanUp(key, one);
  }

  private ensure(key: string, one: Service) {
    const { sim } = this.context;
    const asked = JSON.stringify([one.spec, one.metadata.annotations]);
    if (this.done.get(key) === asked && !this.pending.has(key)) return;
    if (!this.pending.has(key)) this.recorder.event(one, 'Normal', 'EnsuringLoadBalancer', 'Ensuring load balancer');
    const finalizers = one.metadata.finalizers ?? [];
    if (!finalizers.includes(FINALIZER)) this.setFinalizers(one, [...finalizers, FINALIZER]);
    const hosts = this.hosts(familiesOf(one)[0] === 'IPv6');
    if (hosts.size === 0)
      this.recorder.event(one, 'Warning', 'UnAvailableLoadBalancer', 'There are no available nodes for LoadBalancer');
    let balancers;
    try {
      balancers = this.balancersOf(one);
    } catch (error) {
      throw new Error(`failed to ensure load balancer: ${(error as Error).message}`, { cause: error });
    }
    const readyAt = Math.max(...balancers.map((balancer) => balancer.readyAt));
    if (sim.now < readyAt) {
      // The provider's answer is waited for.
      this.pending.add(key);
      this.queue.addAfter(key, readyAt - sim.now);
      return;
    }
    this.pending.delete(key);
    this.done.set(key, asked);
    this.recorder.event(one, 'Normal', 'EnsuredLoadBalancer', 'Ensured load balancer');
    this.setIngress(
      one,
      balancers.map(({ ip }) => ({ ip, ipMode: 'VIP' })),
    );
  }

  /** One of each family of the Service; one of a family that it has given up goes. */
  private balancersOf(one: Service) {
    const { provider } = this.context;
    const families = familiesOf(one);
    const wanted = one.spec?.loadBalancerIP;
    for (const family of FAMILIES) if (!families.includes(family)) provider.deleteBalancer(nameOf(one, family));
    return families.map((family) => {
      const six = family === 'IPv6';
      const own = wanted?.includes(':') === six ? wanted : undefined;
      return provider.ensureBalancer(nameOf(one, family), specOf(one, this.hosts(six)), six, own);
    });
  }

  private cleanUp(key: string, one: Service) {
    const { provider } = this.context;
    const names = FAMILIES.map((family) => nameOf(one, family)).filter((name) => provider.balancers.has(name));
    if (names.length) this.recorder.event(one, 'Normal', 'DeletingLoadBalancer', 'Deleting load balancer');
    for (const name of names) provider.deleteBalancer(name);
    this.pending.delete(key);
    this.done.delete(key);
    this.setFinalizers(
      one,
      (one.metadata.finalizers ?? []).filter((finalizer) => finalizer !== FINALIZER),
    );
    this.recorder.event(one, 'Normal', 'DeletedLoadBalancer', 'Deleted load balancer');
    this.setIngress(one, undefined);
  }

  /** The machines behind the load balancers are others now. */
  private nodesChanged() {
    const { provider } = this.context;
    const hosts = { IPv4: this.hosts(false), IPv6: this.hosts(true) };
    this.done.forEach((_asked, key) => {
      const one = this.services.byKey(key);
      if (!one) return;
      let changed = false;
      for (const family of familiesOf(one)) {
        const balancer = provider.balancers.get(nameOf(one, family));
        if (!balancer || sameHosts(balancer.spec.targets, hosts[family])) continue;
        balancer.configure(specOf(one, hosts[family]));
        changed = true;
      }
      if (!changed) return;
      if (hosts[familiesOf(one)[0]].size === 0)
        this.recorder.event(one, 'Warning', 'UnAvailableLoadBalancer', 'There are no available nodes for LoadBalancer');
      else this.recorder.event(one, 'Normal', 'UpdatedLoadBalancer', 'Updated load balancer with new hosts');
    });
  }

  /** Nodes that take traffic from outside, whether or not they are ready: health checks see to that. */
  private hosts(six: boolean): Map<string, string> {
    const hosts = new Map<string, string>();
    for (const { metadata, spec, status } of this.context.nodes.list()) {
      if (metadata.deletionTimestamp || metadata.labels?.[EXCLUDED] !== undefined || !spec?.providerID) continue;
      if (spec.taints?.some(({ key }) => key === TO_BE_DELETED)) continue;
      const ip = status?.addresses?.find(
        ({ type, address }) => type === 'InternalIP' && address.includes(':') === six,
      )?.address;
      if (ip) hosts.set(metadata.name as string, ip);
    }
    return hosts;
  }

  private setFinalizers({ metadata }: Service, finalizers: string[]) {
    const { namespace = '', name = '' } = metadata;
    const change = { metadata: { finalizers: finalizers.length ? finalizers : null } };
    try {
      this.context.client.of<Service>('v1', 'services').patch(namespace, name, 'merge', change);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  private setIngress({ metadata, status }: Service, ingress: object[] | undefined) {
    const { namespace = '', name = '' } = metadata;
    if (JSON.stringify(status?.loadBalancer?.ingress) === JSON.stringify(ingress)) return;
    const change = { status: { loadBalancer: { ingress: ingress ?? null } } };
    try {
      this.context.client.of<Service>('v1', 'services').patch(namespace, name, 'merge', change, 'status');
    } catch (error) {
      if (!(error instanceof ApiError) || !isNotFound(error)) throw error;
    }
  }
}

const wantsBalancer = ({ spec }: Service): boolean =>
  spec?.type === 'LoadBalancer' && spec.loadBalancerClass === undefined;

type Family = 'IPv4' | 'IPv6';
const FAMILIES: readonly Family[] = ['IPv4', 'IPv6'];
const familiesOf = ({ spec }: Service): Family[] => (spec?.ipFamilies ?? ['IPv4']) as Family[];

/** As the provider lists it: 'a' and the Service's uid; of IPv6 it says so. */
const nameOf = ({ metadata }: Service, family: string): string =>
  `a${(metadata.uid as string).replaceAll('-', '')}`.slice(0, 32) + (family === 'IPv6' ? '-v6' : '');

function specOf({ spec }: Service, targets: ReadonlyMap<string, string>): BalancerSpec {
  const ports = (spec?.ports ?? []).map(({ port, protocol = 'TCP' }) => {
    if (protocol === 'SCTP') throw new Error('protocol SCTP is not supported by load balancer');
    return { port, protocol: protocol.toLowerCase() as 'tcp' | 'udp' };
  });
  const local = spec?.externalTrafficPolicy === 'Local' && spec.healthCheckNodePort;
  return {
    ports,
    targets,
    check: { port: local || PROXY_HEALTH, path: '/healthz' },
    sticky: spec?.sessionAffinity === 'ClientIP',
  };
}

function sameHosts(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  if (a.size !== b.size) return false;
  for (const [name, ip] of a) if (b.get(name) !== ip) return false;
  return true;
}
