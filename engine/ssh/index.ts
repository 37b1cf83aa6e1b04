// SSH: sshd and its clients; and the tunnels that API servers before v1.22 had: the server logs in at every node's sshd
// and has it open the connections to kubelets, Pods and Services. A part of the engine that loads when it is first used.

import { sshCopyId, sshKeygen, sshKeyscan } from './keygen.ts';
import { scp } from './scp.ts';
import { ssh } from './ssh.ts';

export { authorize } from './keys.ts';
export { clientFile, serverFile } from './files.ts';
export { nodeFiles, throughTunnels } from './manifests.ts';
export { serve, sshd } from './sshd.ts';
export { readConfig } from './sshd-config.ts';
export { openTunnels, type Tunnels } from './tunneler.ts';

export const commands = {
  scp,
  ssh,
  'ssh-copy-id': sshCopyId,
  'ssh-keygen': sshKeygen,
  'ssh-keyscan': sshKeyscan,
};
