// The images of the provider's CSI driver and of the sidecars that stand between it and Kubernetes.

import type { Handle } from '../apiserver/types.ts';
import type { Repository } from '../images/types.ts';
import type { Program } from '../linux/index.ts';
import { attacher } from './attacher.ts';
import { driver, type DriverOptions } from './driver.ts';
import { DRIVER_VERSION } from './names.ts';
import { provisioner } from './provisioner.ts';
import { registrar } from './registrar.ts';
import { resizer } from './resizer.ts';
import { sidecar } from './sidecar.ts';

export const DRIVER_IMAGE = `registry.sim.example/csi-driver`;
const SIDECARS = 'registry.k8s.io/sig-storage';
export const VERSIONS = {
  'csi-provisioner': 'v5.3.0',
  'csi-attacher': 'v4.9.0',
  'csi-resizer': 'v1.14.0',
  'csi-node-driver-registrar': 'v2.14.0',
} as const;
export type SidecarName = keyof typeof VERSIONS;

export const sidecarImage = (name: SidecarName): string => `${SIDECARS}/${name}:${VERSIONS[name]}`;

export function csiImages(handle: Handle, options: DriverOptions): Repository[] {
  const programs: Record<SidecarName, Program> = {
    'csi-provisioner': sidecar('csi-provisioner', handle, provisioner, { '--default-fstype': '' }),
    'csi-attacher': sidecar('csi-attacher', handle, attacher),
    'csi-resizer': sidecar('csi-resizer', handle, resizer),
    'csi-node-driver-registrar': registrar,
  };
  const names = Object.keys(VERSIONS) as SidecarName[];
  return [
    {
      names: [DRIVER_IMAGE],
      tags: { [DRIVER_VERSION]: DRIVER_VERSION },
      size: 31_600_000,
      memory: 17_000_000,
      entrypoint: ['/csi-driver'],
      programs: { '/csi-driver': driver(options) },
    },
    ...names.map((name): Repository => ({
      names: [`${SIDECARS}/${name}`],
      tags: { [VERSIONS[name]]: VERSIONS[name] },
      size: 27_000_000,
      memory: 12_000_000,
      entrypoint: [`/${name}`],
      programs: { [`/${name}`]: programs[name] },
    })),
  ];
}
