// How the kernel is told to confine a container: no_new_privs, seccomp, AppArmor, user namespace (containerd's part of
// making a container's specification).

import type { AppArmorProfile, Container as ContainerSpec, Pod, SeccompProfile } from '../api/types.ts';
import type { Confinement } from '../linux/index.ts';
import { part } from '../parts/index.ts';
import type { Kubelet } from './kubelet.ts';
import type { Sandbox } from './sandbox.ts';

/** The runtime could not make a container: its words, which become CreateContainerError. */
export class CreateError extends Error {}

/** What containerd loads for containers that ask for nothing else, where the kernel has AppArmor. */
const DEFAULT_APPARMOR = 'cri-containerd.apparmor.d';

/** containerd: Pods may open low ports and send echo requests without capabilities. */
const SYSCTLS: Readonly<Record<string, string>> = {
  'net.ipv4.ip_unprivileged_port_start': '0',
  'net.ipv4.ping_group_range': '0\t2147483647',
};

const NONE: Readonly<Record<string, string>> = {};

/** Kernel settings of a Pod's namespaces that are not the kernel's defaults. */
export function sysctlsOf(pod: Pod): Readonly<Record<string, string>> {
  const defaults = pod.spec?.hostNetwork ? NONE : SYSCTLS;
  return pod.spec?.securityContext?.sysctls?.length ? part('kubelet').askedSysctls(pod, defaults) : defaults;
}

/** Throws CreateError. */
export function confinementOf(kubelet: Kubelet, pod: Pod, spec: ContainerSpec, sandbox: Sandbox): Confinement {
  const own = spec.securityContext;
  const podContext = pod.spec?.securityContext;
  const privileged = own?.privileged === true;
  if (own?.procMount === 'Unmasked')
    throw new CreateError(
      'procMount Unmasked: what the runtime hides of /proc is not modelled by this engine, which hides nothing',
    );
  return {
    pod: pod.metadata.uid as string,
    container: spec.name,
    shared: sandbox.shared,
    noNewPrivileges: own?.allowPrivilegeEscalation === false && !privileged,
    seccomp: !privileged && isFiltered(kubelet, own?.seccompProfile ?? podContext?.seccompProfile),
    apparmor: privileged ? undefined : profileOf(kubelet, own?.appArmorProfile ?? podContext?.appArmorProfile),
    userNamespace: sandbox.users,
  };
}

/** kubelet: without seccompDefault what asks for nothing is unconfined. */
function isFiltered({ machine, tuning }: Kubelet, profile: SeccompProfile | undefined): boolean {
  if (profile?.type === 'Localhost') part('kubelet').loadSeccomp(machine.fs, profile);
  return profile === undefined ? tuning.seccompDefault : profile.type !== 'Unconfined';
}

function profileOf({ machine }: Kubelet, profile: AppArmorProfile | undefined): string | undefined {
  if (profile?.type === 'Localhost') return part('kubelet').loadAppArmor(machine.fs, profile);
  return profile?.type === 'Unconfined' ? undefined : DEFAULT_APPARMOR;
}

/** IDs of a Pod with a user namespace of its own: as many as a block has, where no other Pod of the node has its. */
export class UserNamespaces {
  private readonly taken = new Set<number>();

  allocate(): { first: number; count: number } {
    // The first block is the node's own.
    let block = 1;
    while (this.taken.has(block)) block++;
    this.taken.add(block);
    return { first: block * BLOCK, count: BLOCK };
  }

  release({ first }: { first: number }) {
    this.taken.delete(first / BLOCK);
  }
}

/** kubelet: userNamespaces.idsPerPod. */
const BLOCK = 65_536;
