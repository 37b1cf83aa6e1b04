// Everything about volumes of CSI drivers: what the controllers and the kubelet do for them, and the provider's driver.

import type { ControllerContext } from '../controllers/context.ts';
import type { CsiVolumes, Kubelet } from '../kubelet/index.ts';
import { AttachDetach } from './attach-detach.ts';
import { KubeletCsi } from './kubelet-plugin.ts';

export const attachDetach = (context: ControllerContext): AttachDetach => new AttachDetach(context);
export const kubeletCsi = (kubelet: Kubelet): CsiVolumes => new KubeletCsi(kubelet);
