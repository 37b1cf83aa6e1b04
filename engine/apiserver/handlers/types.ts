// What the verbs need of the server.

import type { Catalog, ResourceInfo } from '../../api/index.ts';
import type { Sim } from '../../sim/index.ts';
import type { Authorizer } from '../authz.ts';
import type { Ledger } from '../managed-fields/ledger.ts';
import type { AdmissionChain } from '../admission/index.ts';
import type { ServiceAllocators } from '../registry/allocators.ts';
import type { Strategies } from '../registry/strategies.ts';
import type { Storage } from '../storage/storage.ts';
import type { ServiceAccountTokens } from '../tokens.ts';
import type { KubeletApi } from '../types.ts';

export interface Core {
  readonly sim: Sim;
  readonly scheme: Catalog;
  readonly storage: Storage;
  readonly admission: AdmissionChain;
  readonly strategies: Strategies;
  readonly allocators: ServiceAllocators;
  readonly authorizer: Authorizer;
  readonly tokens: ServiceAccountTokens;
  /** Added by a CustomResourceDefinition. */
  isCustom(info: ResourceInfo): boolean;
  readonly kubelets: Map<string, KubeletApi>;
  /** Who owns which field. */
  readonly ledger: Ledger;
}
