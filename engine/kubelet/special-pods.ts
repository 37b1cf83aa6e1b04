// What few Pods ask of a node: kernel settings, of which those that do not leave the Pod are allowed, and an operating
// system.

import { SAFE_SYSCTLS } from '../api/sysctls.ts';
import type { Pod } from '../api/types.ts';
import { quote } from './format.ts';

/** Why a Pod is not let in: for its operating system or for what it wants of the kernel. `unsafe`: allowedUnsafeSysctls. */
export function refusal({ spec }: Pod, unsafe: readonly string[]): { reason: string; message: string } | undefined {
  if (spec?.os && spec.os.name !== 'linux')
    return { reason: 'PodOSNotSupported', message: "Failed to admit pod as the OS field doesn't match node OS" };
  for (const { name } of spec?.securityContext?.sysctls ?? []) {
    const plain = name.replace(/\//g, '.');
    const why = !(SAFE_SYSCTLS.has(plain) || unsafe.some((pattern) => covers(pattern, plain)))
      ? 'not allowlisted'
      : plain.startsWith('net.') && spec?.hostNetwork
        ? 'not allowed with host net enabled'
        : plain.startsWith('kernel.shm') && spec?.hostIPC
          ? 'not allowed with host ipc enabled'
          : undefined;
    if (why) return { reason: 'SysctlForbidden', message: `forbidden sysctl: ${quote(plain)} ${why}` };
  }
  return undefined;
}

/** Whether a pattern, which may end with an asterisk, is of a setting. */
const covers = (pattern: string, name: string): boolean =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;

/** Whether all that a pattern covers belongs to a namespace of a Pod. */
export const isNamespaced = (pattern: string): boolean =>
  /^(kernel\.(shm|msg)|kernel\.sem$|fs\.mqueue\.|net\.)/.test(pattern.replace(/\*$/, ''));

/** What is set in its namespaces beside the runtime's defaults. */
export function askedSysctls({ spec }: Pod, defaults: Readonly<Record<string, string>>): Record<string, string> {
  const all = { ...defaults };
  for (const { name, value } of spec?.securityContext?.sysctls ?? []) all[name.replace(/\//g, '.')] = value;
  return all;
}
