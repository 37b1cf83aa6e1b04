// The admission plug-ins that are on by default, in the order in which kube-apiserver runs them.

import { namespaceLifecycle } from './namespace-lifecycle.ts';
import type { AdmissionPlugin } from './types.ts';

export const DEFAULT_PLUGINS: readonly AdmissionPlugin[] = [namespaceLifecycle];

export { AdmissionChain } from './chain.ts';
export type { AdmissionPlugin, Attributes, AdmissionHost, AdmissionOperation } from './types.ts';
