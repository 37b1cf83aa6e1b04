// The flags of kube-apiserver that say how it reaches nodes, where they are not as kubeadm writes them: by which of their
// addresses, and through SSH tunnels.

import type { Refusal } from './component-flags.ts';

export interface SshFlags {
  user: string;
  keyfile: string;
  /** It has the in-tree cloud provider that brings its key to the machines. */
  installs: boolean;
}

export interface NodeAccess {
  ssh: SshFlags | undefined;
  kubeletAddressTypes: readonly string[];
}

const ADDRESS_TYPES = 'kubelet-preferred-address-types';
/** What stands behind them is known without asking for a name. */
const NUMERIC = ['InternalIP', 'ExternalIP'];
const NAMES = ['Hostname', 'InternalDNS', 'ExternalDNS'];
/** The one provider that ever put an API server's key on its machines. */
const IN_TREE = 'gce';

export function nodeAccess(given: ReadonlyMap<string, string>): NodeAccess | Extract<Refusal, { reason: string }> {
  const unmodelled = (what: string) => ({ reason: `${what} is not modelled by this engine` });
  const types = given.get(ADDRESS_TYPES)?.split(',') ?? [];
  const strange = types.find((type) => !NUMERIC.includes(type) && !NAMES.includes(type));
  if (!types.length || strange !== undefined || NAMES.includes(types[0]))
    return unmodelled(`the flag --${ADDRESS_TYPES} with another first type than ${NUMERIC.join(' or ')}`);
  const user = given.get('ssh-user') ?? '';
  const provider = given.get('cloud-provider') ?? '';
  if (!['', 'external'].includes(provider) && !(user && provider === IN_TREE))
    return unmodelled(`the flag --cloud-provider=${provider}`);
  if (user && given.has('egress-selector-config-file'))
    return unmodelled('the flag --ssh-user beside an egress selector');
  return {
    // Without a user there are no tunnels, whatever the key's file is.
    ssh: user ? { user, keyfile: given.get('ssh-keyfile') ?? '', installs: provider === IN_TREE } : undefined,
    kubeletAddressTypes: types.filter((type) => NUMERIC.includes(type)),
  };
}
