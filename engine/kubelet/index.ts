// The kubelet: one agent a node, which runs the Pods bound to it.
export { CONFIG, CONFIG_FILE, installedConfig } from './config-file.ts';
export { Kubelet } from './kubelet.ts';
export type { ContainerUsage } from './usage.ts';
export type { Container } from './container.ts';
export { ManifestFile } from './manifest-file.ts';
export { unreachable } from './runtime-health.ts';
export { RUNTIMES, type RuntimeName } from './runtimes.ts';
export type { CsiVolumes, DeviceDrivers, DriverVolume, KubeletOptions, NodeSpec } from './types.ts';
