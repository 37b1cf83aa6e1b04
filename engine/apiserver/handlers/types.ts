// What the verbs need of the server.

import type { KubeObject, ResourceInfo, Scheme } from '../../api/types.ts';
import type { Sim } from '../../sim/index.ts';
import type { AdmissionChain } from '../admission/index.ts';
import type { Strategies } from '../registry/strategies.ts';
import type { Storage } from '../storage/storage.ts';
import type { KubeletApi } from '../types.ts';
import type { Context } from '../context.ts';

export interface Core {
  readonly sim: Sim;
  readonly scheme: Scheme;
  readonly storage: Storage;
  readonly admission: AdmissionChain;
  readonly strategies: Strategies;
  readonly kubelets: Map<string, KubeletApi>;
  /** Records who changed what (managedFields); returns the object to store. */
  readonly recordManager: RecordManager;
}

export type RecordManager = (
  ctx: Context,
  info: ResourceInfo,
  old: KubeObject | undefined,
  object: KubeObject,
  subresource: string,
) => KubeObject;
