// What few security contexts have: AppArmor, sysctls, options of Windows, and what a Pod for another operating system may
// not set.

import type { JsonObject } from '../types.ts';
import type { Faults } from './field.ts';
import { isDNS1123Subdomain } from './names.ts';
import { eachContainer, PROFILES } from './security.ts';

export function appArmor(faults: Faults, path: string, value: JsonObject) {
  const at = `${path}.localhostProfile`;
  const file: string | undefined = value.localhostProfile;
  switch (value.type) {
    case 'Localhost':
      if (file === undefined) faults.required(at, 'must be set when AppArmor type is Localhost');
      else {
        if (file.trim() !== file) faults.invalid(at, file, 'must not be padded with whitespace');
        else if (file === '') faults.required(at, 'must be set when AppArmor type is Localhost');
        if (file.length > 4095) faults.tooLong(at, 4095);
      }
      break;
    case 'RuntimeDefault':
    case 'Unconfined':
      if (file !== undefined) faults.invalid(at, file, 'can only be set when AppArmor type is Localhost');
      break;
    case undefined:
    case '':
      faults.required(`${path}.type`, 'type is required when appArmorProfile is set');
      break;
    default:
      faults.notSupported(`${path}.type`, value.type, PROFILES);
  }
}

const SEGMENT = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const SYSCTL = `^(${SEGMENT}[\\./])*${SEGMENT}$`;
const IPC_SYSCTLS = /^(kernel[./](shm|msg|sem)|fs[./]mqueue[./])/;

export function sysctls(faults: Faults, path: string, list: JsonObject[], spec: JsonObject) {
  const seen = new Set<string>();
  const expression = new RegExp(SYSCTL);
  list.forEach(({ name = '' }, i) => {
    const at = `${path}[${i}].name`;
    if (!name) faults.required(at);
    else if (name.length > 253 || !expression.test(name))
      faults.invalid(at, name, `must have at most 253 characters and match regex ${SYSCTL}`);
    else if (seen.has(name)) faults.duplicate(at, name);
    if (spec.hostNetwork && /^net[./]/.test(name))
      faults.invalid(at, name, "may not be specified when 'hostNetwork' is true");
    else if (spec.hostIPC && IPC_SYSCTLS.test(name))
      faults.invalid(at, name, "may not be specified when 'hostIPC' is true");
    seen.add(name);
  });
}

const BAD_USER = 'runAsUserName\'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]';

function windowsUser(faults: Faults, at: string, name: string) {
  const bad = (why: string) => faults.invalid(at, name, why);
  const parts = name.split('\\');
  if (name === '') return bad('runAsUserName cannot be an empty string');
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(name)) return bad('runAsUserName cannot contain control characters');
  if (parts.length > 2) return bad('runAsUserName cannot contain more than one backslash');
  const user = parts[parts.length - 1];
  if (parts.length === 2) {
    const domain = parts[0];
    if (domain.length >= 256) bad("runAsUserName's Domain length must be under 256 characters");
    const netBios = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/.test(domain);
    const label = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?';
    if (!netBios && !new RegExp(`^${label}(?:\\.${label})*$`).test(domain))
      bad("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
  }
  if (user === '') bad("runAsUserName's User cannot be empty");
  else if (user.length > 104) bad("runAsUserName's User length must not be longer than 104 characters");
  if (/^[. ]+$/.test(user)) bad("runAsUserName's User cannot contain only periods or spaces");
  if (/["/\\:;|=,+*?<>@[\]]/.test(user)) bad(BAD_USER);
  return undefined;
}

export function windowsOptions(faults: Faults, path: string, value: JsonObject) {
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: credential, runAsUserName: user } = value;
  if (name !== undefined) faults.check(`${path}.gmsaCredentialSpecName`, name, isDNS1123Subdomain);
  if (credential === '')
    faults.invalid(`${path}.gmsaCredentialSpec`, credential, 'gmsaCredentialSpec cannot be an empty string');
  else if (credential?.length > 65536)
    faults.invalid(`${path}.gmsaCredentialSpec`, credential, 'gmsaCredentialSpec size must be under 64 KiB');
  if (user !== undefined) windowsUser(faults, `${path}.runAsUserName`, user);
}

const WINDOWS = 'cannot be set for a windows pod';
/** In upstream's order; those that stand on the Pod itself have no context before them. */
const WINDOWS_POD = [
  'appArmorProfile',
  'seLinuxOptions',
  'hostUsers',
  'hostPID',
  'hostIPC',
  'seccompProfile',
  'fsGroup',
  'fsGroupChangePolicy',
  'sysctls',
  'shareProcessNamespace',
  'runAsUser',
  'runAsGroup',
  'supplementalGroups',
  'supplementalGroupsPolicy',
  'seLinuxChangePolicy',
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
const ON_POD = new Set(['hostUsers', 'hostPID', 'hostIPC', 'shareProcessNamespace']);

/** Containers of Windows hosts: all or none, and on the host's network. */
export function hostProcess(faults: Faults, path: string, spec: JsonObject) {
  const ofPod: boolean | undefined = spec.securityContext?.windowsOptions?.hostProcess;
  let all = 0;
  let hosted = 0;
  eachContainer(path, spec, (container, at) => {
    all++;
    const own: boolean | undefined = container.securityContext?.windowsOptions?.hostProcess;
    if (ofPod !== undefined && own !== undefined && ofPod !== own) {
      const words = `pod hostProcess value must be identical if both are specified, was ${ofPod}`;
      faults.invalid(`${at}.securityContext.windowsOptions.hostProcess`, own, words);
    }
    if (own ?? ofPod) hosted++;
  });
  if (hosted === 0) return;
  if (hosted !== all)
    faults.invalid(
      path,
      '',
      'If pod contains any hostProcess containers then all containers must be HostProcess containers',
    );
  if (!spec.hostNetwork)
    faults.invalid(`${path}.hostNetwork`, false, 'hostNetwork must be true if pod contains any hostProcess containers');
}

/** spec.os and the fields that it rules out. */
export function operatingSystem(faults: Faults, path: string, spec: JsonObject) {
  if (!spec.os) return;
  const context: JsonObject = spec.securityContext ?? {};
  switch (spec.os.name) {
    case undefined:
    case '':
      faults.required(`${path}.os.name`, 'cannot be empty');
      break;
    case 'linux': {
      const words = 'windows options cannot be set for a linux pod';
      if (context.windowsOptions) faults.forbidden(`${path}.securityContext.windowsOptions`, words);
      eachContainer(path, spec, (container, at) => {
        if (container.securityContext?.windowsOptions) faults.forbidden(`${at}.securityContext.windowsOptions`, words);
      });
      break;
    }
    case 'windows':
      for (const field of WINDOWS_POD) {
        if (ON_POD.has(field)) {
          const given = spec[field];
          if (given || (given === false && field !== 'hostPID' && field !== 'hostIPC'))
            faults.forbidden(`${path}.${field}`, WINDOWS);
        } else if (context[field] !== undefined) faults.forbidden(`${path}.securityContext.${field}`, WINDOWS);
      }
      eachContainer(path, spec, (container, at) => {
        for (const field of WINDOWS_CONTAINER)
          if (container.securityContext?.[field] !== undefined)
            faults.forbidden(`${at}.securityContext.${field}`, WINDOWS);
      });
      break;
    default:
      faults.notSupported(`${path}.os`, spec.os.name, ['linux', 'windows']);
  }
}
