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

/** What of a creation findings are about. */
export type Creation = Pick<Attributes, 'info' | 'namespace' | 'user'> & { readonly object: KubeObject };

/** Found by who looks at nothing but the Pod, its namespace as it is now and who creates it. */
export const NOTHING_ELSE = {};

export interface AdmissionPlugin {
  readonly name: string;
  /** What it wants to see; the chain is compiled from this, once a resource. */
  handles(operation: AdmissionOperation, info: ResourceInfo, subresource: string): boolean;
  /** Returns the object to go on with. */
  mutate?(attributes: Attributes & { object: KubeObject }, host: AdmissionHost): KubeObject;
  /**
   * What its verdict on a new Pod, and its changes to it, follow from besides the Pod: with the same findings (by identity)
   * the same Pod comes out the same, and need not be shown to it. Undefined: it must see it. Of a Pod's subresource: as
   * long as it finds something, it lets all pass as they are.
   */
  findings?(creation: Creation, host: AdmissionHost): object | undefined;
  /** Of a plug-in that draws by chance: the spec of another Pod, from that of the first and the one that was given. */
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
