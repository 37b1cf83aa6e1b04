// Security contexts of Pods and containers, and what a Pod for another operating system may not set.

import type { JsonObject } from '../types.ts';
import { Faults } from './field.ts';

const ID_RANGE = 'must be between 0 and 2147483647, inclusive';
const SECCOMP = ['Localhost', 'RuntimeDefault', 'Unconfined'];

function id(faults: Faults, path: string, value: number | undefined) {
  if (value !== undefined && (value < 0 || value > 2147483647)) faults.invalid(path, value, ID_RANGE);
}

function profile(faults: Faults, path: string, value: JsonObject | undefined, what: string) {
  if (!value) return;
  const at = `${path}.localhostProfile`;
  switch (value.type) {
    case 'Localhost':
      if (!value.localhostProfile) faults.required(at, `must be set when ${what} type is Localhost`);
      else if (value.localhostProfile.startsWith('/'))
        faults.invalid(at, value.localhostProfile, 'must be a relative path');
      else if (value.localhostProfile.split('/').includes('..'))
        faults.invalid(at, value.localhostProfile, "must not contain '..'");
      break;
    case 'RuntimeDefault':
    case 'Unconfined':
      if (value.localhostProfile !== undefined) {
        faults.invalid(at, value.localhostProfile, `can only be set when ${what} type is Localhost`);
      }
      break;
    case undefined:
    case '':
      faults.required(`${path}.type`, 'type is required when seccompProfile is set');
      break;
    default:
      faults.notSupported(`${path}.type`, value.type, SECCOMP);
  }
}

/** A container's. */
export function securityContext(faults: Faults, path: string, value: JsonObject, windows: boolean) {
  id(faults, `${path}.runAsUser`, value.runAsUser);
  id(faults, `${path}.runAsGroup`, value.runAsGroup);
  if (value.procMount !== undefined) faults.ifNot(`${path}.procMount`, value.procMount, ['Default', 'Unmasked']);
  profile(faults, `${path}.seccompProfile`, value.seccompProfile, 'seccomp');
  profile(faults, `${path}.appArmorProfile`, value.appArmorProfile, 'AppArmor');
  if (value.allowPrivilegeEscalation === false) {
    if (value.privileged)
      faults.invalid(path, value, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true');
    if (
      (value.capabilities?.add ?? []).includes('CAP_SYS_ADMIN') ||
      (value.capabilities?.add ?? []).includes('SYS_ADMIN')
    ) {
      faults.invalid(
        path,
        value,
        'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN',
      );
    }
  }
  if (windows) {
    for (const field of WINDOWS_CONTAINER)
      if (value[field] !== undefined) faults.forbidden(`${path}.${field}`, WINDOWS);
  }
}

const WINDOWS = 'cannot be set for a windows pod';
const WINDOWS_POD = [
  'appArmorProfile',
  'seLinuxOptions',
  'hostUsers',
  'hostPID',
  'hostIPC',
  'hostNetwork',
  'seccompProfile',
  'fsGroup',
  'fsGroupChangePolicy',
  'sysctls',
  'shareProcessNamespace',
  'runAsUser',
  'runAsGroup',
  'supplementalGroups',
  'supplementalGroupsPolicy',
];
const WINDOWS_CONTAINER = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
];
const ON_POD = new Set(['hostUsers', 'hostPID', 'hostIPC', 'hostNetwork', 'shareProcessNamespace']);

const SYSCTL = /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9][-_a-z0-9]*[a-z0-9]?$/;

/** A Pod's. */
export function podSecurityContext(faults: Faults, path: string, spec: JsonObject) {
  const value: JsonObject | undefined = spec.securityContext;
  if (!value) return;
  id(faults, `${path}.runAsUser`, value.runAsUser);
  id(faults, `${path}.runAsGroup`, value.runAsGroup);
  id(faults, `${path}.fsGroup`, value.fsGroup);
  (value.supplementalGroups ?? []).forEach((group: number, i: number) =>
    id(faults, `${path}.supplementalGroups[${i}]`, group),
  );
  if (spec.hostUsers === false && spec.hostIPC) faults.forbidden(`${path}.hostIPC`, 'when `hostUsers` is false');
  if (value.sysctls) sysctls(faults, `${path}.sysctls`, value.sysctls);
  if (value.fsGroupChangePolicy !== undefined) {
    faults.ifNot(`${path}.fsGroupChangePolicy`, value.fsGroupChangePolicy, ['Always', 'OnRootMismatch']);
  }
  if (value.supplementalGroupsPolicy !== undefined) {
    faults.ifNot(`${path}.supplementalGroupsPolicy`, value.supplementalGroupsPolicy, ['Merge', 'Strict']);
  }
  profile(faults, `${path}.seccompProfile`, value.seccompProfile, 'seccomp');
  profile(faults, `${path}.appArmorProfile`, value.appArmorProfile, 'AppArmor');
}

function sysctls(faults: Faults, path: string, list: JsonObject[]) {
  const seen = new Set<string>();
  list.forEach((sysctl, i) => {
    if (!sysctl.name) faults.required(`${path}[${i}].name`);
    else if (sysctl.name.length > 253 || !SYSCTL.test(sysctl.name)) {
      faults.invalid(
        `${path}[${i}].name`,
        sysctl.name,
        'must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$',
      );
    } else if (seen.has(sysctl.name)) faults.duplicate(`${path}[${i}].name`, sysctl.name);
    seen.add(sysctl.name);
  });
}

/** spec.os and the fields that it rules out. */
export function operatingSystem(faults: Faults, path: string, spec: JsonObject) {
  if (!spec.os) return;
  if (!spec.os.name) {
    faults.required(`${path}.os.name`);
    return;
  }
  if (spec.os.name !== 'linux' && spec.os.name !== 'windows') {
    faults.notSupported(`${path}.os.name`, spec.os.name, ['linux', 'windows']);
  }
  if (spec.os.name === 'windows') {
    const context: JsonObject = spec.securityContext ?? {};
    for (const field of WINDOWS_POD) {
      if (ON_POD.has(field)) {
        if (spec[field]) faults.forbidden(`${path}.${field}`, WINDOWS);
      } else if (context[field] !== undefined) {
        faults.forbidden(`${path}.securityContext.${field}`, WINDOWS);
      }
    }
  } else if (spec.securityContext?.windowsOptions) {
    faults.forbidden(`${path}.securityContext.windowsOptions`, 'windows options cannot be set for a linux pod');
  }
}
