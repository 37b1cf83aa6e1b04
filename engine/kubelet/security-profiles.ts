// seccomp and AppArmor profiles that a Pod takes from its node (containerd's part of making a container's specification).

import type { AppArmorProfile, SeccompProfile } from '../api/types.ts';
import type { FileSystem } from '../linux/index.ts';
import { CreateError } from './confinement.ts';

const SECCOMP_ROOT = '/var/lib/kubelet/seccomp';
const LOADED_APPARMOR = '/sys/kernel/security/apparmor/profiles';

/** Reads the profile that lies on the node; one that lets all system calls through is one. Throws CreateError. */
export function loadSeccomp(fs: FileSystem, { localhostProfile }: SeccompProfile) {
  const path = `${SECCOMP_ROOT}/${localhostProfile}`;
  const found = fs.find(path);
  const fail = (why: string): never => {
    throw new CreateError(`failed to create containerd container: ${why}`);
  };
  if (found?.kind !== 'file')
    return fail(`cannot load seccomp profile "${path}": open ${path}: no such file or directory`);
  let action: string | undefined;
  try {
    action = (JSON.parse(found.text) as { defaultAction?: string }).defaultAction;
  } catch (error) {
    fail(`decoding seccomp profile failed "${path}": ${(error as Error).message}`);
  }
  if (action !== 'SCMP_ACT_LOG' && action !== 'SCMP_ACT_ALLOW')
    fail(`seccomp profile "${path}": profiles that deny system calls are not modelled by this engine`);
}

/** The profile's name, if the node's kernel has it. Throws CreateError. */
export function loadAppArmor(fs: FileSystem, { localhostProfile: name = '' }: AppArmorProfile): string {
  const loaded = fs.find(LOADED_APPARMOR);
  if (loaded?.kind === 'file' && loaded.text.split('\n').includes(`${name} (enforce)`)) return name;
  throw new CreateError(
    `failed to get container spec opts: failed to generate apparmor spec opts: apparmor profile not found ${name}`,
  );
}
