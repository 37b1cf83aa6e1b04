// What an admission plug-in sees of a request, and what it may do.

import type { Sim } from '../../sim/index.ts';
import type { Catalog, KubeObject, ResourceInfo } from '../../api/index.ts';
import type { PodSpec } from '../../api/types.ts';
import type { Egress } from '../egress.ts';
import type { Authorizer } from '../authorization/types.ts';
import type { Replay } from '../replay.ts';
import type { Storage } from '../storage/storage.ts';
import type { UserInfo } from '../types.ts';

export type AdmissionOperation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

export interface Attributes {
  readonly operation: AdmissionOperation;
  readonly info: ResourceInfo;
  readonly subresource: string;
  /** Of the object, where it is not the resource's own (a Binding, the options of an exec). */
  readonly kind?: Pick<ResourceInfo, 'group' | 'version' | 'kind'>;
  readonly namespace: string;
  readonly name: string;
  /** Absent on DELETE. */
  readonly object?: KubeObject;
  /** Absent on CREATE. */
  readonly old?: KubeObject;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  /** The webhooks that saw the object before another changed it; they see it again. */
  again?: Reinvocation;
  warn(text: string): void;
}

export interface Reinvocation {
  /** The chain runs for the second time. */
  running: boolean;
  /** Names of those that asked for it (reinvocationPolicy). */
  readonly webhooks: Set<string>;
}

/** What plug-ins look up. */
export interface AdmissionHost {
  readonly sim: Sim;
  readonly scheme: Catalog;
  readonly storage: Storage;
  readonly authorizer: Authorizer;
  /** How webhooks are reached: Services in the cluster, URLs from beside the control plane. */
  readonly egress: Readonly<Record<'cluster' | 'controlplane', Egress | undefined>>;
  readonly replay: Replay | undefined;
}

export interface AdmissionPlugin {
  readonly name: string;
  /** What it wants to see; the chain is compiled from this, once a resource. */
  handles(operation: AdmissionOperation, info: ResourceInfo, subresource: string): boolean;
  /** Returns the object to go on with. */
  mutate?(attributes: Attributes & { object: KubeObject }, host: AdmissionHost): KubeObject;
  /**
   * Of a plug-in that changes nothing but the spec of a new Pod: what the change follows from besides the spec. With the same
   * spec and findings (by identity) the outcome is the same, see repeated.ts. Undefined: it must see the Pod.
   */
  findings?(attributes: Attributes & { object: KubeObject }, host: AdmissionHost): unknown;
  /** Of these, one that draws by chance: the outcome for another Pod, from that for the first of the same spec. */
  renew?(outcome: PodSpec, given: PodSpec, findings: unknown, host: AdmissionHost): PodSpec;
  /** Throws a StatusError to reject. */
  validate?(attributes: Attributes, host: AdmissionHost): void;
}

/** `handles` of the plug-ins that look at Pods themselves. */
export const onPods =
  (...operations: AdmissionOperation[]): AdmissionPlugin['handles'] =>
  (operation, info, subresource) =>
    info.group === '' && info.resource === 'pods' && subresource === '' && operations.includes(operation);

/** What the object of a request is, for those who are told. */
export function kindOf({ kind, info }: Attributes): Pick<ResourceInfo, 'group' | 'version' | 'kind'> {
  const { group, version } = kind ?? info;
  return { group, version, kind: (kind ?? info).kind };
}
