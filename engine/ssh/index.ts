// SSH tunnels, as API servers before v1.22 had them: the server logs in at every node's sshd and has it open the
// connections to kubelets, Pods and Services. A part of the engine that loads with a cluster that has them.

export { authorize } from './keys.ts';
export { nodeFiles, throughTunnels } from './manifests.ts';
export { openTunnels, type Tunnels } from './tunneler.ts';
