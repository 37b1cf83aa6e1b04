// What the verbs need of the server.

import type { Catalog, ResourceInfo } from '../../api/index.ts';
import type { Egress } from '../egress.ts';
import type { Sim } from '../../sim/index.ts';
import type { Authenticator } from '../authentication/authenticate.ts';
import type { ServiceAccountTokens } from '../authentication/service-account-tokens.ts';
import type { Authorizer } from '../authorization/types.ts';
import type { Ledger } from '../managed-fields/ledger.ts';
import type { Aggregation } from '../aggregation.ts';
import type { AdmissionChain } from '../admission/index.ts';
import type { Replay } from '../replay.ts';
import type { ServiceAllocators } from '../registry/allocators.ts';
import type { Strategies } from '../registry/strategies.ts';
import type { Storage } from '../storage/storage.ts';
import type { KubeletApi } from '../types.ts';
import type { Virtual } from '../virtual/index.ts';

export interface Core {
  readonly sim: Sim;
  readonly scheme: Catalog;
  readonly storage: Storage;
  readonly admission: AdmissionChain;
  readonly strategies: Strategies;
  readonly allocators: ServiceAllocators;
  readonly authorizer: Authorizer;
  readonly authenticator: Authenticator;
  readonly tokens: ServiceAccountTokens;
  /** The list of APIServices. */
  readonly aggregation: Aggregation;
  /** Group versions that a function answers for (virtual/). */
  readonly served: Map<ResourceInfo, Virtual>;
  /** Added by a CustomResourceDefinition. */
  isCustom(info: ResourceInfo): boolean;
  readonly kubelets: Map<string, KubeletApi>;
  /** --kubelet-certificate-authority, in PEM: who must have signed the certificates of kubelets; absent: nobody looks. */
  readonly kubeletCA: string | undefined;
  /** --kubelet-preferred-address-types; absent: InternalIP first. */
  readonly kubeletAddressTypes: readonly string[] | undefined;
  /** How connections are opened: into the cluster, and to what stands beside the control plane. */
  readonly egress: Readonly<Record<'cluster' | 'controlplane', Egress | undefined>>;
  /** Of the release that serves: v1.35.0. */
  readonly version: string;
  /** 35 of v1.35. */
  readonly minor: number;
  /** The release prints `creationTimestamp: null` where there is none. */
  readonly nullTimes: boolean;
  /** Who owns which field. */
  readonly ledger: Ledger;
  /** What the present request has learned from outside, where it asks. */
  readonly replay: Replay | undefined;
}
