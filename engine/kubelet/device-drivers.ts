// The kubelet's side of dynamic resource allocation: drivers that register themselves on the node, and the calls by which
// they make the claims of Pods ready and take them back (kubernetes/pkg/kubelet/cm/dra).

import {
  checkOwner,
  claimNameOf,
  ClaimError,
  CLAIMS,
  GROUP_VERSION,
  isReservedFor,
  type ResourceClaim,
} from '../api/resource-claims.ts';
import type { Container, Pod } from '../api/types.ts';
import { ApiError } from '../client/index.ts';
import { call, RpcError } from '../linux/grpc.ts';
import type { Co } from '../sim/index.ts';
import type { Kubelet } from './kubelet.ts';
import type { PodWorker } from './pod-worker.ts';
import { podRef } from './reference.ts';
import type { DeviceDrivers } from './types.ts';

/** How long a driver may be away before its devices are taken off the API. */
const WIPING_DELAY = 30_000;
const RETRY_MS = 10_000;

interface Device {
  driver: string;
  request_names: readonly string[];
  cdi_device_ids: readonly string[];
}

/** A claim that is ready on this node, or about to be. */
interface Prepared {
  uid: string;
  namespace: string;
  name: string;
  drivers: readonly string[];
  /** uids of the Pods that use it. */
  users: Set<string>;
  devices: Device[];
  ready: boolean;
}

interface Answer {
  claims: Record<string, { error?: string; devices?: Omit<Device, 'driver'>[] }>;
}

/** What keeps a claim from being made ready. */
class PrepareError extends Error {}

export class KubeletDevices implements DeviceDrivers {
  private readonly kubelet: Kubelet;
  /** Sockets of the drivers that have registered, by name. */
  private readonly endpoints = new Map<string, string>();
  /** By namespace/name. */
  private readonly prepared = new Map<string, Prepared>();

  constructor(kubelet: Kubelet) {
    this.kubelet = kubelet;
  }

  // ---- drivers ---------------------------------------------------------------------------------------------

  // eslint-disable-next-line require-yield
  *register(name: string, endpoint: string): Co {
    this.endpoints.set(name, endpoint);
  }

  /** One that stays away offers nothing any more. */
  deregister(name: string) {
    this.endpoints.delete(name);
    const { sim } = this.kubelet;
    sim.after(WIPING_DELAY, () => {
      if (!this.endpoints.has(name)) this.wipe(name);
    });
  }

  private wipe(driver: string) {
    const { client, node, running } = this.kubelet;
    if (!running) return;
    const fieldSelector = `spec.driver=${driver},spec.nodeName=${node.name}`;
    try {
      client.send({ method: 'DELETE', path: `/apis/${GROUP_VERSION}/resourceslices`, query: { fieldSelector } });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.kubelet.sim.after(RETRY_MS, () => {
        if (!this.endpoints.has(driver)) this.wipe(driver);
      });
    }
  }

  private endpointOf(driver: string): string {
    const endpoint = this.endpoints.get(driver);
    if (endpoint === undefined) throw new PrepareError(`DRA driver ${driver} is not registered`);
    return endpoint;
  }

  /** Calls each driver once with those of the claims that are its own. */
  private *callDrivers(
    method: string,
    claims: readonly Prepared[],
    done: (driver: string, answer: Answer) => void,
  ): Co {
    const drivers = new Set(claims.flatMap((claim) => claim.drivers));
    for (const driver of drivers) {
      const own = claims.filter((claim) => claim.drivers.includes(driver));
      const request = { claims: own.map(({ namespace, uid, name }) => ({ namespace, uid, name })) };
      let answer: Answer;
      try {
        answer = (yield* call(
          this.kubelet.machine.fs,
          this.endpointOf(driver),
          `DRAPlugin/${method}`,
          request,
        )) as never;
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
        throw new PrepareError(`${method}: ${error.message}`);
      }
      for (const { uid, name } of own) {
        const { error } = answer.claims[uid] ?? {};
        if (error) throw new PrepareError(`${method} failed for ResourceClaim ${name}: ${error}`);
      }
      const skipped = own.filter(({ uid }) => !answer.claims[uid]).length;
      if (skipped > 0) throw new PrepareError(`${method} skipped ${skipped} ResourceClaims`);
      done(driver, answer);
    }
  }

  // ---- a Pod's claims ----------------------------------------------------------------------------------------

  *prepare(worker: PodWorker): Co<boolean> {
    const { pod } = worker;
    try {
      yield* this.makeReady(pod);
      return true;
    } catch (error) {
      if (!(error instanceof PrepareError) && !(error instanceof ClaimError)) throw error;
      const text = `Failed to prepare dynamic resources: prepare dynamic resources: ${error.message}`;
      this.kubelet.recorder.event(podRef(pod), 'Warning', 'FailedPrepareDynamicResources', text);
      return false;
    }
  }

  private *makeReady(pod: Pod): Co {
    const claims = this.claimsOf(pod);
    for (const claim of claims) for (const driver of driversOf(claim)) this.endpointOf(driver);
    const missing: Prepared[] = [];
    for (const claim of claims) {
      const { namespace = '', name = '', uid = '' } = claim.metadata;
      const key = `${namespace}/${name}`;
      let known = this.prepared.get(key);
      if (known && known.uid !== uid)
        throw new PrepareError(
          `old ResourceClaim with same name ${name} and different UID ${known.uid} still exists (previous pod force-deleted?!)`,
        );
      if (!known) {
        known = { uid, namespace, name, drivers: driversOf(claim), users: new Set(), devices: [], ready: false };
        this.prepared.set(key, known);
      }
      known.users.add(pod.metadata.uid as string);
      if (!known.ready) missing.push(known);
    }
    for (const claim of missing) claim.devices = [];
    yield* this.callDrivers('NodePrepareResources', missing, (driver, answer) => {
      for (const { uid, devices } of missing)
        for (const device of answer.claims[uid]?.devices ?? []) devices.push({ driver, ...device });
    });
    for (const claim of missing) claim.ready = true;
  }

  /** As the API has them now. Throws for one that the Pod may not use. */
  private claimsOf(pod: Pod): ResourceClaim[] {
    const client = this.kubelet.client.of<ResourceClaim>(GROUP_VERSION, CLAIMS);
    const claims: ResourceClaim[] = [];
    for (const entry of pod.spec?.resourceClaims ?? []) {
      const named = claimNameOf(pod, entry);
      if (!named) continue;
      let claim: ResourceClaim;
      try {
        claim = client.get(pod.metadata.namespace as string, named.name);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        throw new PrepareError(`fetch ResourceClaim ${named.name}: ${error.message}`);
      }
      if (named.generated) checkOwner(pod, claim);
      if (!isReservedFor(pod, claim)) {
        const { name, uid } = pod.metadata;
        throw new PrepareError(
          `pod ${name} (${uid}) is not allowed to use ResourceClaim ${named.name} (${claim.metadata.uid})`,
        );
      }
      if (!claim.status?.allocation) throw new PrepareError(`ResourceClaim ${named.name}: not allocated`);
      claims.push(claim);
    }
    return claims;
  }

  /** A Pod ends when its drivers have let go of its devices, and not before. */
  *unprepare(worker: PodWorker): Co {
    const { uid: user } = worker;
    for (;;) {
      const own: Prepared[] = [];
      this.prepared.forEach((claim) => {
        if (claim.users.has(user)) own.push(claim);
      });
      const last = own.filter(({ users }) => users.size === 1);
      for (const { users } of own) if (users.size > 1) users.delete(user);
      try {
        yield* this.callDrivers('NodeUnprepareResources', last, () => undefined);
        for (const { namespace, name } of last) this.prepared.delete(`${namespace}/${name}`);
        return;
      } catch (error) {
        if (!(error instanceof PrepareError)) throw error;
        this.kubelet.log('E', 'kubelet.go:2050', `"Failed to unprepare dynamic resources" err="${error.message}"`);
        yield RETRY_MS;
        worker.report();
      }
    }
  }

  devicesOf({ pod }: PodWorker, { resources }: Container): string[] {
    const ids = new Set<string>();
    for (const { name, request } of resources?.claims ?? []) {
      const entry = pod.spec?.resourceClaims?.find((one) => one.name === name);
      const claim = entry && claimNameOf(pod, entry);
      const prepared = claim && this.prepared.get(`${pod.metadata.namespace}/${claim.name}`);
      for (const device of prepared?.devices ?? []) {
        // A request with alternatives stands for the one that was chosen.
        const asked = (one: string) => one === request || one.startsWith(`${request}/`);
        if (request !== undefined && !device.request_names.some(asked)) continue;
        for (const id of device.cdi_device_ids) ids.add(id);
      }
    }
    return [...ids];
  }

  crashed() {
    this.endpoints.clear();
    this.prepared.clear();
  }
}

const driversOf = ({ status }: ResourceClaim): string[] => [
  ...new Set(status?.allocation?.devices?.results?.map(({ driver }) => driver)),
];
