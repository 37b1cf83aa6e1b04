// The kubelet: one agent a node, which runs the Pods bound to it.
export { CONFIG, CONFIG_FILE } from './config-file.ts';
export { Kubelet, type ContainerUsage } from './kubelet.ts';
export type { Container } from './container.ts';
export { ManifestFile } from './manifest-file.ts';
export type { KubeletOptions, NodeSpec } from './types.ts';
