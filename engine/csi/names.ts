// Names that the parts of the CSI machinery share.

import { encode } from '../linux/bytes.ts';
import { sha256 } from '../linux/sha256.ts';

/** The provider's driver. */
export const DRIVER = 'csi.sim.example';
export const DRIVER_VERSION = 'v1.3.0';
export const TOPOLOGY_KEY = `topology.${DRIVER}/zone`;

/** Of a volume on a node, in volumesInUse and volumesAttached. */
export const uniqueName = (driver: string, handle: string): string => `kubernetes.io/csi/${driver}^${handle}`;

/** Of the VolumeAttachment. */
export const attachmentName = (driver: string, handle: string, node: string): string =>
  `csi-${sha256(encode(`${handle}${driver}${node}`))}`;

/** Where a volume is mounted once on a node, for all Pods. */
export const stagingPath = (driver: string, handle: string): string =>
  `/var/lib/kubelet/plugins/kubernetes.io/csi/${driver}/${sha256(encode(handle))}/globalmount`;

const MANY = new Set(['ReadWriteMany', 'ReadOnlyMany']);
/** Whether several nodes may have it at once. */
export const isShared = (modes: readonly string[] | undefined): boolean => !!modes?.some((mode) => MANY.has(mode));
