// The addresses of Services: which families a Service gets, and a free address of each (kubernetes/pkg/registry/core/
// service/storage: initIPFamilyFields, allocIPs).

import type { ResourceInfo, Service } from '../../api/types.ts';
import { clusterIPs as related } from '../../api/validation/service.ts';
import { Faults } from '../../api/validation/field.ts';
import { canonical } from '../../linux/net/index.ts';
import type { Core } from '../handlers/types.ts';
import { minorOf, SERVICE_CIDRS_SINCE } from '../release.ts';
import { internalError, invalid } from '../status.ts';
import { IPAddresses, type Owner } from './ip-addresses.ts';
import { familyOf, otherFamily, ServiceRanges, type Family, type ServiceRange } from './service-ranges.ts';

type Spec = NonNullable<Service['spec']>;

const SERVICE_KIND = { group: '', kind: 'Service' };

export class ClusterIPs {
  private readonly core: Core;
  private readonly ranges: ServiceRanges;
  private readonly owners = new Map<string, Owner>();
  private readonly objects: IPAddresses | undefined;

  constructor(core: Core, serviceCIDR: string) {
    this.core = core;
    const { scheme, storage } = core;
    const present = minorOf(core.version) >= SERVICE_CIDRS_SINCE;
    const info = (resource: string) => scheme.resource('networking.k8s.io', 'v1', resource) as ResourceInfo;
    this.ranges = new ServiceRanges(
      serviceCIDR,
      storage.etcd,
      present ? info('servicecidrs').storagePrefix : undefined,
    );
    this.objects = present ? new IPAddresses(core, info('ipaddresses'), (ip) => this.owners.get(ip)) : undefined;
  }

  /** The first address of the first range. */
  get first(): string {
    return this.ranges.flag[0].at(1);
  }

  /** Of --service-cluster-ip-range. */
  get flag(): readonly ServiceRange[] {
    return this.ranges.flag;
  }

  get withObjects(): boolean {
    return this.objects !== undefined;
  }

  /** A Service has come or gone. */
  count({ metadata, spec }: Service, by: 1 | -1) {
    for (const given of spec?.clusterIPs ?? []) {
      if (given === 'None') continue;
      const ip = canonical(given);
      if (by > 0) this.owners.set(ip, { namespace: metadata.namespace as string, name: metadata.name as string });
      else this.owners.delete(ip);
      this.objects?.touch(ip);
    }
  }

  /** Completes policy, families and addresses of `spec`, a copy of the Service's that may be written to. */
  assign(service: Service, spec: Spec, old: Service | undefined) {
    const before = old?.spec?.type === 'ExternalName' ? undefined : old?.spec;
    if (before) {
      // An update that says nothing keeps what was given.
      spec.clusterIP ||= before.clusterIP;
      spec.clusterIPs ??= before.clusterIPs;
      spec.ipFamilies ??= before.ipFamilies;
    }
    if (!spec.clusterIP && spec.clusterIPs?.length) spec.clusterIP = spec.clusterIPs[0];
    if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
    if (before && spec.clusterIP !== spec.clusterIPs?.[0] && before.clusterIPs?.length === 1)
      spec.clusterIPs = spec.clusterIP ? [spec.clusterIP] : undefined;
    if (before && unchangedPreference(spec, before)) return;
    this.families(service, spec, before);
    if (spec.clusterIPs?.[0] !== 'None') this.addresses(service, spec, before);
  }

  private families(service: Service, spec: Spec, before: Spec | undefined) {
    const free = spec.clusterIP === 'None' && !hasKeys(spec.selector);
    spec.ipFamilyPolicy ??= before?.ipFamilyPolicy ?? (free ? 'RequireDualStack' : 'SingleStack');
    const faults = new Faults(this.core.minor);
    const fail = () => {
      if (faults.list.length) throw invalid(SERVICE_KIND, service.metadata.name ?? '', faults.list);
    };
    related(faults, spec);
    fail();
    const policy = spec.ipFamilyPolicy;
    const single = policy === 'SingleStack';
    let ips = spec.clusterIPs ?? [];
    let families = (spec.ipFamilies ?? []) as Family[];
    if (before) {
      const had = { ips: before.clusterIPs ?? [], families: before.ipFamilies ?? [] };
      if (single) {
        // As long as nothing else has changed, this is clear intent: the second one goes.
        if (ips.length > 1 && String(ips) === String(had.ips)) ips = ips.slice(0, 1);
        if (families.length > 1 && String(families) === String(had.families)) families = families.slice(0, 1);
      } else {
        const release = (what: string) =>
          faults.invalid('spec.ipFamilyPolicy', policy, `must be 'SingleStack' to release the secondary ${what}`);
        if (ips.length === 1 && had.ips.length === 2 && ips[0] === had.ips[0]) release('cluster IP');
        if (families.length === 1 && had.families.length === 2 && families[0] === had.families[0]) release('IP family');
      }
    }
    if (single) {
      const dual = (what: string) =>
        faults.invalid(
          'spec.ipFamilyPolicy',
          policy,
          `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`,
        );
      if (ips.length === 2) dual('cluster IPs');
      if (families.length === 2) dual('IP families');
    }
    for (let i = families.length; i < ips.length && ips[0] !== 'None'; i++) {
      const family = familyOf(ips[i]);
      if (this.ranges.has(family)) families = [...families, family];
      else faults.invalid(`spec.clusterIPs[${i}]`, ips, `${family} is not configured on this cluster`);
    }
    fail();
    if (!free) {
      if (policy === 'RequireDualStack' && this.ranges.flag.length < 2)
        faults.invalid('spec.ipFamilyPolicy', policy, 'this cluster is not configured for dual-stack services');
      families.forEach((family, i) => {
        if (!this.ranges.has(family)) faults.invalid(`spec.ipFamilies[${i}]`, family, 'not configured on this cluster');
      });
      fail();
    }
    if (!families.length) families = [this.ranges.primary];
    // Without a selector a headless Service may mean both, whatever the cluster has.
    if (!single && families.length === 1 && (free || this.ranges.flag.length === 2))
      families = [families[0], otherFamily(families[0])];
    spec.ipFamilies = families;
    spec.clusterIPs = ips;
  }

  private addresses(service: Service, spec: Spec, before: Spec | undefined) {
    const given = spec.clusterIPs ?? [];
    const ips = (spec.ipFamilies as Family[]).map((family, i) => {
      const ip = given[i];
      if (!ip) return this.next(family);
      if (!before?.clusterIPs?.includes(ip)) this.check(service, given, ip);
      return ip;
    });
    spec.clusterIPs = ips;
    spec.clusterIP = ips[0];
  }

  private isFree(ip: string): boolean {
    return !this.owners.has(ip) && !this.objects?.has(ip);
  }

  private check(service: Service, all: readonly string[], ip: string) {
    const ranges = this.ranges.of(familyOf(ip));
    let why = '';
    if (!ranges.some((range) => range.contains(ip))) {
      const valid = ranges.map(({ text }) => text).join(',');
      why = `the provided IP (${ip}) is not in the valid range. The range of valid IPs is ${valid}`;
    } else if (!this.isFree(canonical(ip))) why = 'provided IP is already allocated';
    if (!why) return;
    const faults = new Faults(this.core.minor);
    faults.invalid('spec.clusterIPs', all, `failed to allocate IP ${ip}: ${why}`);
    throw invalid(SERVICE_KIND, service.metadata.name ?? '', faults.list);
  }

  private next(family: Family): string {
    const { sim } = this.core;
    const ranges = this.ranges.of(family);
    const random = sim.random(family === 'IPv4' ? 'service-cluster-ip' : 'service-cluster-ip6');
    const start = ranges.length > 1 ? sim.random('service-cidr').int(ranges.length) : 0;
    for (let i = 0; i < ranges.length; i++) {
      const ip = ranges[(start + i) % ranges.length].next(random, (one) => this.isFree(one));
      if (ip) return ip;
    }
    throw internalError('failed to allocate a serviceIP: range is full');
  }
}

/** A Service that prefers both families is not changed by an update that changes nothing about them. */
const unchangedPreference = (now: Spec, before: Spec): boolean =>
  before.ipFamilyPolicy === 'PreferDualStack' &&
  (now.ipFamilyPolicy ?? before.ipFamilyPolicy) === 'PreferDualStack' &&
  now.clusterIPs !== undefined &&
  String(now.clusterIPs) === String(before.clusterIPs) &&
  String(now.ipFamilies) === String(before.ipFamilies) &&
  (now.ipFamilyPolicy ??= 'PreferDualStack') !== undefined;

const hasKeys = (object: object | undefined): boolean => object !== undefined && Object.keys(object).length > 0;
