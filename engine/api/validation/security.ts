// Security contexts of Pods and containers.

import { part } from '../../parts/index.ts';
import type { JsonObject } from '../types.ts';
import { type Faults, Typed } from './field.ts';
import { descendingPath } from './volume-paths.ts';

const id = (faults: Faults, path: string, value: number | undefined) => faults.between(path, value, 0, 2147483647);

const NO_ESCALATION = 'cannot set `allowPrivilegeEscalation` to false and';

export const PROFILES = ['Localhost', 'RuntimeDefault', 'Unconfined'];

function seccomp(faults: Faults, path: string, value: JsonObject | undefined) {
  if (!value) return;
  if (!value.type) faults.required(`${path}.type`, 'type is required when seccompProfile is set');
  else faults.ifNot(`${path}.type`, value.type, PROFILES);
  const at = `${path}.localhostProfile`;
  const file: string | undefined = value.localhostProfile;
  if (value.type !== 'Localhost') {
    if (file !== undefined)
      faults.invalid(at, new Typed('core.SeccompProfile', value), 'can only be set when seccomp type is Localhost');
  } else if (file === undefined) faults.required(at, 'must be set when seccomp type is Localhost');
  else descendingPath(faults, at, file);
}

/** A container's. */
export function securityContext(faults: Faults, path: string, value: JsonObject, hostUsers: boolean) {
  id(faults, `${path}.runAsUser`, value.runAsUser);
  id(faults, `${path}.runAsGroup`, value.runAsGroup);
  if (value.procMount !== undefined) {
    faults.ifNot(`${path}.procMount`, value.procMount, ['Default', 'Unmasked']);
    if (hostUsers && value.procMount === 'Unmasked')
      faults.invalid(`${path}.procMount`, value.procMount, '`hostUsers` must be false to use `Unmasked`');
  }
  seccomp(faults, `${path}.seccompProfile`, value.seccompProfile);
  if (value.allowPrivilegeEscalation === false) {
    if (value.privileged)
      faults.invalid(path, new Typed('core.SecurityContext', value), `${NO_ESCALATION} \`privileged\` to true`);
    for (const capability of value.capabilities?.add ?? []) {
      if (capability !== 'CAP_SYS_ADMIN') continue;
      faults.invalid(
        path,
        new Typed('core.SecurityContext', value),
        `${NO_ESCALATION} \`capabilities.Add\` CAP_SYS_ADMIN`,
      );
    }
  }
  if (value.windowsOptions) part('rules').windowsOptions(faults, `${path}.windowsOptions`, value.windowsOptions);
  if (value.appArmorProfile) part('rules').appArmor(faults, `${path}.appArmorProfile`, value.appArmorProfile);
}

/** A Pod's. */
export function podSecurityContext(faults: Faults, path: string, spec: JsonObject) {
  const value: JsonObject = spec.securityContext ?? {};
  for (const field of ['fsGroup', 'runAsUser', 'runAsGroup']) id(faults, `${path}.${field}`, value[field]);
  (value.supplementalGroups ?? []).forEach((group: number, i: number) =>
    id(faults, `${path}.supplementalGroups[${i}]`, group),
  );
  if (spec.shareProcessNamespace && spec.hostPID) {
    const words = 'ShareProcessNamespace and HostPID cannot both be enabled';
    faults.invalid(`${path}.shareProcessNamespace`, true, words);
  }
  if (value.sysctls) part('rules').sysctls(faults, `${path}.sysctls`, value.sysctls, spec);
  faults.ifNot(`${path}.fsGroupChangePolicy`, value.fsGroupChangePolicy, ['Always', 'OnRootMismatch']);
  seccomp(faults, `${path}.seccompProfile`, value.seccompProfile);
  if (value.windowsOptions) part('rules').windowsOptions(faults, `${path}.windowsOptions`, value.windowsOptions);
  if (value.appArmorProfile) part('rules').appArmor(faults, `${path}.appArmorProfile`, value.appArmorProfile);
  faults.ifNot(`${path}.supplementalGroupsPolicy`, value.supplementalGroupsPolicy, ['Merge', 'Strict']);
  // The other one, MountOption, is of a feature that is off (SELinuxMount).
  faults.ifNot(`${path}.seLinuxChangePolicy`, value.seLinuxChangePolicy, ['Recursive']);
}

/** A user namespace of its own does not go together with the host's other namespaces. */
export function userNamespace(faults: Faults, path: string, spec: JsonObject) {
  if (spec.hostUsers !== false) return;
  for (const field of ['hostNetwork', 'hostPID', 'hostIPC'])
    if (spec[field]) faults.forbidden(`${path}.${field}`, 'when `hostUsers` is false');
}

type Visit = (container: JsonObject, at: string) => void;

/** Every container of a Pod with its path, as upstream visits them. */
export function eachContainer(path: string, spec: JsonObject, visit: Visit) {
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'])
    (spec[list] ?? []).forEach((container: JsonObject, i: number) => visit(container, `${path}.${list}[${i}]`));
}

/** Whether anything in the Pod is meant for Windows. */
export function hasWindowsOptions(spec: JsonObject): boolean {
  const own = ({ securityContext }: JsonObject) => securityContext?.windowsOptions !== undefined;
  return own(spec) || ['initContainers', 'containers', 'ephemeralContainers'].some((list) => spec[list]?.some(own));
}
