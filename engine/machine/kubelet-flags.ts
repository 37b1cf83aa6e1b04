// The command line of kubelet.service: the packages' flags, those that an installation has written, and nothing else that
// would change what the kubelet does.

import type { Kubelet } from '../kubelet/index.ts';
import { CONFIG_FILE } from '../kubelet/index.ts';
import { KUBELET_CONF } from '../kubeadm/kubelet-certificates.ts';
import { isGone } from './kubelet-program.ts';

/** Read by the network's plug-in, or as upstream of no effect in a cluster. */
const ELSEWHERE = ['network-plugin', 'non-masquerade-cidr', 'pod-cidr'];

/** Why the kubelet does not start with such a command; undefined: it does. */
export function kubeletFlagProblem(
  command: readonly string[],
  { node, runtime }: Kubelet,
  minor: number,
): string | undefined {
  const expected: Readonly<Record<string, string>> = {
    'bootstrap-kubeconfig': '/etc/kubernetes/bootstrap-kubelet.conf',
    kubeconfig: KUBELET_CONF,
    config: CONFIG_FILE,
    'container-runtime-endpoint': `unix:///var${runtime.socket}`,
    'hostname-override': node.name,
    'node-ip': node.ip,
    ...(node.cloudProvider && { 'cloud-provider': node.cloudProvider }),
  };
  for (let i = 1; i < command.length; i++) {
    const [, name, inline] = /^--?([a-z][-a-z0-9]*)(?:=(.*))?$/s.exec(command[i]) ?? [];
    if (name === undefined) return `unknown command ${command[i]}`;
    if (isGone(name, minor)) return `failed to parse kubelet flag: unknown flag: --${name}`;
    const next = command[i + 1];
    const value = inline ?? (next !== undefined && !next.startsWith('-') ? command[++i] : 'true');
    if (!ELSEWHERE.includes(name) && expected[name] !== value)
      return `the flag --${name}=${value} is not modelled by this engine`;
  }
  return undefined;
}
